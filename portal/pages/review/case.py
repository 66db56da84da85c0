"""Everything the review page shows of one application, read in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from models import review
from models.application import COMMENT, Application, ApplicationStatus, by_reference
from models.assignment import Reviewer, reviewer_of
from models.condition import Condition, conditions
from models.database import now
from models.decision import Decision, stage, waiting_decision
from models.delivery import Delivery
from models.document import Document, stored
from models.errors import NotFound
from models.event import Event
from models.language import ENGLISH, _
from models.ledger import Line, Outcome, Scans, ledger, look_alike
from models.letters import language_of
from models.list_trouble import ListTrouble, conflict_of
from models.note import Note, notes
from models.person import Actor
from models.possible import Action, Situation
from models.question import Question
from models.renewal import live_renewal
from models.renewing import Proposal, proposal_of
from models.request import InformationRequest, label_of, open_request
from models.review import Verdict
from models.scan import apart, scanned
from models.settings import settings
from models.steps import QUESTIONS, Step

#: How a document is shown beside the answers: what is none of these is downloaded.
VIEWABLE = {"pdf": "pdf", "png": "image", "jpg": "image"}


@dataclass(frozen=True)
class Change:
    """An answer that the partner changed when they sent the application again, as people read it."""

    name: str
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Case:
    """One application under review, as of one moment."""

    actor: Actor
    application: Application
    documents: tuple[Document, ...]
    ledger: tuple[Line, ...]
    verdicts: Mapping[str, Verdict]
    notes: tuple[Note, ...]
    history: tuple[Event, ...]
    deliveries: tuple[Delivery, ...]
    request: InformationRequest | None
    decision: Event | None
    stale: frozenset[str]
    reviewer: Reviewer | None = None
    waiting: Decision | None = None
    conditions: tuple[Condition, ...] = ()
    language: str = ENGLISH.code
    renewal: Proposal | None = None
    conflict: ListTrouble | None = None

    def why_not(self, action: Action) -> str:
        """Why this cannot be done now; empty when it can."""
        held = bool(self.waiting and self.waiting.held)
        found = Situation(self.actor, self.application, self.verdicts, self.history, bool(self.waiting), held, self.stale)
        return found.why_not(action)

    def may(self, action: Action) -> bool:
        """Whether it can be done now."""
        return not self.why_not(action)

    @property
    def stage(self) -> int | None:
        """What its reader has before their eyes, for the verbs that decide."""
        return stage(self.history)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What differs from the submission before; empty after the first."""
        sent_again = next((event for event in self.history if event.type == "application.resubmitted"), None)
        return changes_of(sent_again) if sent_again else ()

    @property
    def replies(self) -> list[tuple[str, str]]:
        """What the partner wrote when they sent it again: label and words; the label is empty for the whole."""
        sent_again = next((event for event in self.history if event.type == "application.resubmitted"), None)
        said: Mapping[str, str] = sent_again.detail.get("replies") or {} if sent_again else {}
        return [("" if name == COMMENT else label_of(name), words) for name, words in said.items()]

    @property
    def outcome(self) -> ApplicationStatus | None:
        """What was decided first; a partner who is suspended was approved."""
        return ApplicationStatus(self.decision.type.removeprefix("application.")) if self.decision else None

    def outdated(self, section: str) -> bool:
        """Whether answers or documents of a section changed after its verdict was given."""
        return section in self.stale

    def answers(self, step: Step) -> dict[str, list[tuple[Question, str]]]:
        """Heading → the questions that were asked, with the answers as people read them."""
        values = self.application.answers()
        asked = {heading: [q for q in questions if q.asked(values)] for heading, questions in step.sections.items()}
        return {heading: [(q, q.kind.show(values[q.name])) for q in questions] for heading, questions in asked.items() if questions}

    @property
    def doubts(self) -> list[Line]:
        """What the rules found wrong or worth a look, the failed first."""
        found = [line for line in self.ledger if line.outcome != Outcome.PASSED]
        return sorted(found, key=lambda line: line.outcome != Outcome.FAILED)

    def checked(self, section: str) -> list[Line]:
        """What the rules checked in one section."""
        return [line for line in self.ledger if line.section == section]

    def doubts_of(self, field: str) -> list[Line]:
        """What the rules found about one question or slot."""
        return [line for line in self.doubts if line.field == field]

    def documents_of(self, step: Step) -> list[Document]:
        """The documents of one step, in the form's order."""
        order = [slot.name for slot in step.slots]
        return sorted((one for one in self.documents if one.slot in order), key=lambda one: order.index(one.slot))


def load(session: Session, actor: Actor, reference: str) -> Case:
    """The application with this reference; NotFound if there is none, or it is a draft."""
    application = by_reference(session, reference)
    if application.state == ApplicationStatus.DRAFT:
        raise NotFound(_("There is no application with this reference."))
    documents = stored(session, application.id)
    history = review.history(session, application)
    return Case(
        actor, application, tuple(documents), _checked(session, application, documents),
        review.verdicts(session, application), tuple(notes(session, application, removed_by=actor.user_id)), tuple(history),
        _deliveries(session, application),
        open_request(session, application), review.decision(session, application), frozenset(review.outdated(session, application)),
        reviewer_of(session, application),
        waiting_decision(session, application.id), tuple(conditions(session, application.id)), language_of(session, application),
        _renewal(session, application), conflict_of(session, application.id),
    )  # fmt: skip


def _renewal(session: Session, application: Application) -> Proposal | None:
    found = live_renewal(session, application.id)
    return proposal_of(session, application, found) if found else None


def changes_of(event: Event) -> tuple[Change, ...]:
    """What the partner changed with a resubmission: answers and then documents."""
    changed: Mapping[str, list[Any]] = event.detail.get("changed", {})
    answers = [
        Change(name, QUESTIONS[name].label, shown(QUESTIONS[name], before), shown(QUESTIONS[name], after))
        for name, (before, after) in changed.items() if name in QUESTIONS
    ]  # fmt: skip
    files = event.detail.get("documents", {}).items()
    return (*answers, *(Change(name, label_of(name), ", ".join(before), ", ".join(after)) for name, (before, after) in files))


def shown(question: Question, stored_as: Any) -> str:
    """A value of an event's JSON as people read it; what no longer fits the question is shown as it is."""
    if question.kind.is_empty(stored_as):
        return ""
    try:
        return question.kind.show(question.kind.clean(stored_as, {}))
    except ValueError:
        return str(stored_as)


def viewable(document: Document) -> str:
    """How it is shown beside the answers: pdf, image, or other, which is downloaded."""
    return VIEWABLE.get(document.extension, "other")


def expiry_tone(expires: date) -> str:
    """Red once a document has expired, amber in its last 30 days."""
    left = (expires - now().date()).days
    return "bad" if left <= 0 else "warn" if left <= 30 else ""


def _checked(session: Session, application: Application, documents: list[Document]) -> tuple[Line, ...]:
    alike = look_alike(session, application, documents)
    scans = Scans(apart(session, application.id), scanned(session, application.id))
    return tuple(ledger(application.answers(), now().date(), settings(), documents, alike, scans))


def _deliveries(session: Session, application: Application) -> tuple[Delivery, ...]:
    wanted = select(Delivery).where(Delivery.application_id == application.id).order_by(col(Delivery.id).desc())
    return tuple(session.exec(wanted))
