"""What a partner sent and what has changed since: what a request leaves to answer, and the before and after that a reviewer reads."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlmodel import Session, col, select

from models.document import Document, DocumentState, stored
from models.event import Event
from models.language import _
from models.request import InformationRequest, Wanted
from models.rules import settle
from models.steps import QUESTIONS

if TYPE_CHECKING:  # an application looks here before it is sent again
    from models.application import Application

SUBMISSIONS = ("application.submitted", "application.resubmitted")
#: What changes the answers and documents that stand. A renewal does so when it is approved (models/renewal_review.py).
EDITIONS = (*SUBMISSIONS, "application.renewed")
Pair = list[Any]  # before, after


@dataclass(frozen=True)
class Filed:
    """A document as it was part of a submission."""

    slot: str
    name: str
    sha256: str
    size: int
    uploaded_at: datetime | None = None
    expires: date | None = None
    public_id: str = ""

    @classmethod
    def of(cls, one: Document) -> Filed:
        """A document as it stands now."""
        return cls(one.slot, one.file_name, one.sha256 or "", one.file_size, one.upload_timestamp, one.expiry_date, one.public_id)

    def as_json(self) -> dict[str, Any]:
        """As the submission's event keeps it."""
        told = {"slot": self.slot, "name": self.name, "sha256": self.sha256, "size": self.size, "public_id": self.public_id}
        return told | {"uploaded_at": _iso(self.uploaded_at), "expires": _iso(self.expires)}


@dataclass(frozen=True)
class Differences:
    """What differs from the submission before: answers as JSON by question, file names by slot, each before and after."""

    answers: Mapping[str, Pair] = field(default_factory=dict)
    documents: Mapping[str, Pair] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.answers or name in self.documents


def count_of_changes(sent: Event) -> int:
    """How many answers and documents changed with what the partner sent: the one count for desk, history and mails."""
    return len(sent.detail.get("changed") or {}) + len(sent.detail.get("documents") or {})


def differences(session: Session, application: Application, values: Mapping[str, Any]) -> Differences:
    """What sending these settled `values`, and the documents that are there now, would change of what was sent last."""
    before, after = as_json(application.answers()), as_json(values)
    same = as_json(settle(application.answers()))  # a kind may write an answer in another way than when it was sent
    answers = {name: [before[name], after[name]] for name in after if after[name] not in (before[name], same[name])}
    return Differences(answers, _replaced(filed_last(session, application), filed_now(session, application)))


@dataclass(frozen=True)
class Pending:
    """What a request names, as a form can look at it while the partner types: `unanswered` for one name at a time.

    `sent` are the named answers as JSON, as they were sent and as they would be written today.
    """

    named: frozenset[str]
    explained: frozenset[str]
    sent: Mapping[str, Pair]
    replaced: Set[str]  # the slots whose documents are others than those that were sent

    def holds(self, name: str, value: Any = None) -> bool:
        """Whether this was asked for and is neither changed nor explained; `value` is the settled answer now."""
        if name not in self.named or name in self.explained or name in self.replaced:
            return False
        return name not in self.sent or QUESTIONS[name].kind.to_json(value) in self.sent[name]


def pending(request: InformationRequest, application: Application, found: Differences) -> Pending | None:
    """What is to be seen of a request while it is worked on; None where its message is all. `found` are the differences so far."""
    named = frozenset(one.name for one in request.wanted)
    if not named:
        return None
    answers = application.answers()
    before, same = as_json(answers), as_json(settle(answers))
    sent = {name: [before[name], same[name]] for name in named if name in QUESTIONS}
    return Pending(named, frozenset(name for name in named if request.replies.get(name)), sent, set(found.documents))


def replaced_slots(session: Session, application: Application) -> set[str]:
    """The slots whose documents are others than those that were sent last."""
    return set(_replaced(filed_last(session, application), filed_now(session, application)))


def still_as_sent(label: str) -> str:
    """What is said of something that was asked for and is neither changed nor explained; `label` is in the reader's language."""
    return _("“{label}” is still as you sent it. Change it, or say why it stays as it is.").format(label=label)


def unanswered(request: InformationRequest, found: Differences) -> list[Wanted]:
    """What the request names and the partner has neither changed nor given a reason for."""
    return [one for one in request.wanted if one.name not in found and not request.replies.get(one.name)]


def submissions(session: Session, application_id: int | None) -> list[Event]:
    """The events of each sending, the first one first."""
    wanted = select(Event).where(Event.application_id == application_id, col(Event.type).in_(SUBMISSIONS))
    return list(session.exec(wanted.order_by(col(Event.id))))


def editions(session: Session, application_id: int | None) -> list[Event]:
    """The events after each of which other answers or documents stood, the first one first."""
    wanted = select(Event).where(Event.application_id == application_id, col(Event.type).in_(EDITIONS))
    return list(session.exec(wanted.order_by(col(Event.id))))


def filed_now(session: Session, application: Application) -> list[Filed]:
    """The documents that a submission at this moment would have."""
    return [Filed.of(document) for document in stored(session, application.id)]


def filed_last(session: Session, application: Application) -> list[Filed]:
    """The documents that were part of the last submission; nothing before the first."""
    sent = submissions(session, application.id)
    return filed_with(session, application, sent[-1]) if sent else []


def filed_with(session: Session, application: Application, sent: Event) -> list[Filed]:
    """The documents of one submission. Its event keeps them; an older one did not, so the documents' own times tell."""
    if "filed" in sent.detail:
        return [_read(told) for told in sent.detail["filed"]]
    ours = select(Document).where(Document.application_id == application.id, col(Document.upload_timestamp) <= sent.at)
    there = [one for one in session.exec(ours.order_by(col(Document.id))) if _stood_at(one, sent.at)]
    return [Filed.of(document) for document in there]


def answers_sent(session: Session, application: Application, sent: Event) -> dict[str, Any]:
    """The settled answers of one edition: the row has those of the last, and each later one says what was there before it."""
    values, later = application.answers(), [one for one in editions(session, application.id) if (one.id or 0) > (sent.id or 0)]
    before = {name: pair[0] for one in reversed(later) for name, pair in one.detail.get("changed", {}).items() if name in QUESTIONS}
    earlier = settle({**as_json(values), **before}) if before else {}
    return values | {name: earlier[name] for name in before}


def as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settled answers as they are kept in events and hashed."""
    return {name: QUESTIONS[name].kind.to_json(value) for name, value in values.items()}


def _replaced(before: list[Filed], after: list[Filed]) -> dict[str, Pair]:
    """By slot the names before and after, where files or their dates differ; the same name twice tells a new file by its hash."""
    slots = dict.fromkeys(one.slot for one in (*before, *after))
    pairs = {slot: ([o for o in before if o.slot == slot], [o for o in after if o.slot == slot]) for slot in slots}
    return {slot: [_names(old), _names(new)] for slot, (old, new) in pairs.items() if _identity(old) != _identity(new)}


def _identity(files: list[Filed]) -> list[tuple[str, str, str]]:
    return sorted((one.sha256, one.name, _iso(one.expires)) for one in files)


def _names(files: list[Filed]) -> list[str]:
    return [f"{one.name} ({one.expires.isoformat()})" if one.expires else one.name for one in files]


def _read(told: Mapping[str, Any]) -> Filed:
    uploaded, expires = told.get("uploaded_at") or "", told.get("expires") or ""
    return Filed(
        told["slot"], told["name"], told["sha256"], told["size"],
        datetime.fromisoformat(uploaded) if uploaded else None, date.fromisoformat(expires) if expires else None,
        told.get("public_id", ""),
    )  # fmt: skip


def _stood_at(document: Document, moment: datetime) -> bool:
    if document.state == DocumentState.STORED:
        return True
    return document.sha256 is not None and document.removed_at is not None and document.removed_at > moment


def _iso(moment: date | None) -> str:
    return moment.isoformat() if moment else ""
