"""The review: a verdict for every section, requests for information, and the decision."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus, move
from models.assignment import note_due, take_on
from models.database import now
from models.deciding import approve as approve
from models.deciding import confirm_decision as confirm_decision
from models.deciding import reject as reject
from models.deciding import undo_decision as undo_decision
from models.decision import must_be_undecided
from models.errors import Conflict, Invalid, Problem
from models.event import Event, record
from models.language import _, shown_date, shown_list
from models.person import Actor, Right
from models.request import InformationRequest as InformationRequest
from models.request import Wanted, is_too_far
from models.request import open_request as open_request
from models.slots import SLOTS
from models.steps import QUESTIONS, STEPS
from models.verdict import Overtaken, Seen
from models.verdict import Ruling as Ruling
from models.verdict import Verdict as Verdict
from models.verdict import outdated as outdated
from models.verdict import verdicts as verdicts

MACHINES_READ = ("form_hash", "filed", "form_version", "request", "renewal")
SECTIONS: dict[str, str] = {**{step.name: step.title for step in STEPS}, "documents": "Documents"}


LONGEST_WORDS = 2000  # of what a reviewer writes about one question


def give_verdict(
    session: Session, actor: Actor, application: Application, section: str, ruling: str, reason: str = "", *, seen: Seen | None = None
) -> Verdict:
    """Set a section's verdict; the first one starts the review. A concern or failure needs a reason.

    `seen` is what a person had before their eyes: Overtaken where another verdict stands by now. The application's row must be locked.
    """
    actor.must(Right.REVIEW)
    must_be_undecided(session, application)
    start_review(session, actor, application)
    _must_be(application, ApplicationStatus.UNDER_REVIEW)
    if section not in SECTIONS or ruling not in list(Ruling):
        problem = Problem("section", _("Choose one of the sections and verdicts shown."))
        raise Invalid(_("There is no such section or verdict."), [problem])
    if ruling != Ruling.PASSED:
        _must_say_why(reason)
    standing = verdicts(session, application).get(section)
    if standing and seen and standing.given_at != seen.given_at:
        raise Overtaken(standing)
    verdict = standing or Verdict(application_id=application.id or 0, section=section, ruling="", given_by="", given_at=now())
    verdict.ruling, verdict.reason, verdict.given_by, verdict.given_at = ruling, reason.strip(), actor.name, now()
    verdict.outdated = False
    session.add(verdict)
    record(session, "application.verdict", actor, application_id=application.id, section=section, ruling=ruling, reason=verdict.reason)
    return verdict


def start_review(session: Session, actor: Actor, application: Application) -> None:
    """Take a submitted application into review; one already there stays. Who does so reviews it from then on, where nobody does."""
    actor.must(Right.REVIEW)
    if application.state == ApplicationStatus.SUBMITTED:
        move(application, ApplicationStatus.UNDER_REVIEW)
        session.add(application)
        record(session, "application.review_started", actor, application_id=application.id)
    take_on(session, actor, application)


def request_information(
    session: Session, actor: Actor, application: Application, message: str, items: Sequence[str | Wanted] = (), due_on: date | None = None
) -> InformationRequest:
    """Send the application back to the partner with a message; the decision waits until it returns.

    `items` names the questions and documents it is about, each with words and a due date of its own where it has them; then only
    these are opened. Without any, all is open again. Invalid says what is wrong with each.
    """
    actor.must(Right.REVIEW)
    must_be_undecided(session, application)
    wanted = [Wanted(item) if isinstance(item, str) else item for item in items]
    _must_be_askable(application, message, wanted, due_on)
    move(application, ApplicationStatus.INFORMATION_REQUIRED)
    asked = InformationRequest(
        application_id=application.id or 0, message=message.strip(), items=[one.as_json() for one in wanted], due_on=due_on,
        asked_by=actor.name, asked_at=now(),
    )  # fmt: skip
    session.add_all([application, asked])
    session.flush()
    note_due(session, application, asked.first_due)
    record(
        session, "application.information_required", actor, application_id=application.id,
        message=asked.message, items=asked.items, due_on=str(due_on or ""), request=asked.id,
    )  # fmt: skip
    return asked


def mark_reviewed(session: Session, actor: Actor, application: Application) -> None:
    """Every section has a verdict: the decision is due. Conflict names the sections without one."""
    actor.must(Right.REVIEW)
    _must_be(application, ApplicationStatus.UNDER_REVIEW)
    if why := why_not_reviewed(verdicts(session, application), outdated(session, application)):
        raise Conflict(why)
    move(application, ApplicationStatus.REVIEWED)
    session.add(application)
    record(session, "application.reviewed", actor, application_id=application.id)


def why_not_reviewed(given: Container[str], stale: Container[str]) -> str:
    """Which sections stand in the way of marking it reviewed, and why: no verdict yet, or one `given` that is `stale` (`outdated`)."""
    without = [_(title) for name, title in SECTIONS.items() if name not in given]
    again = [_(title) for name, title in SECTIONS.items() if name in given and name in stale]
    first = _("Give a verdict on these first: {sections}.")
    anew = _("The partner changed these after their verdict, so give it anew: {sections}.")
    return " ".join(said.format(sections=shown_list(names)) for said, names in ((first, without), (anew, again)) if names)


def reopen(session: Session, actor: Actor, application: Application, reason: str) -> None:
    """Back from *reviewed* to the review, because something was overlooked, which `reason` names."""
    actor.must(Right.REVIEW)
    must_be_undecided(session, application)
    _must_say_why(reason)
    _must_be(application, ApplicationStatus.REVIEWED)
    move(application, ApplicationStatus.UNDER_REVIEW)
    session.add(application)
    record(session, "application.review_started", actor, application_id=application.id, reason=reason)


def _must_say_why(reason: str) -> None:
    if not reason.strip():
        raise Invalid(_("A reason is missing."), [Problem("reason", _("Say why, so that whoever decides can follow it."))])


def history(session: Session, application: Application) -> list[Event]:
    """Everything that happened to the application, newest first."""
    return list(session.exec(select(Event).where(Event.application_id == application.id).order_by(col(Event.id).desc())))


def decision(session: Session, application: Application) -> Event | None:
    """The event that decided the application, with who, when and the message."""
    wanted = select(Event).where(
        Event.application_id == application.id, col(Event.type).in_(("application.approved", "application.rejected"))
    )
    return session.exec(wanted.order_by(col(Event.id).desc())).first()


def _must_be_askable(application: Application, message: str, wanted: list[Wanted], due_on: date | None) -> None:
    if problems := [*_of_the_whole(message, wanted, due_on), *(problem for one in wanted for problem in _of_one(application, one, due_on))]:
        raise Invalid(problems[0].message, problems)


def _of_the_whole(message: str, wanted: list[Wanted], due_on: date | None) -> Iterator[Problem]:
    if len(message.strip()) < 10 and not (wanted and all(one.words.strip() for one in wanted)):
        yield Problem("message", _("Tell the partner what is needed, in at least 10 characters."))
    if due_on and due_on <= now().date():
        yield Problem("due_on", _("Choose a due date in the future."))
    elif due_on and is_too_far(due_on):
        yield Problem("due_on", _("Choose a due date within five years."))
    if len({one.name for one in wanted}) < len(wanted):
        yield Problem("items", _("A question or document is named twice. Name it once."))


def _of_one(application: Application, one: Wanted, due_on: date | None) -> Iterator[Problem]:
    """What is wrong with one named question or document; one that these answers do not ask for cannot be answered."""
    place = f"items.{one.name}"
    if one.name not in QUESTIONS and one.name not in SLOTS:
        yield Problem("items", _("There is no question or document “{name}”.").format(name=one.name))
        return
    values, label = application.answers(), _(one.label)
    if not (QUESTIONS[one.name].asked(values) if one.name in QUESTIONS else SLOTS[one.name].offered(values)):
        yield Problem(place, _("“{label}” is not asked with these answers. Name the question that it depends on.").format(label=label))
    if one.due_on and one.due_on <= now().date():
        yield Problem(f"{place}.due_on", _("Choose a due date in the future for “{label}”.").format(label=label))
    elif one.due_on and is_too_far(one.due_on):
        yield Problem(f"{place}.due_on", _("Choose a due date within five years for “{label}”.").format(label=label))
    elif one.due_on and due_on and one.due_on > due_on:
        told = _("The due date for “{label}” is later than that of the whole request. Choose {day} or earlier.")
        yield Problem(f"{place}.due_on", told.format(label=label, day=shown_date(due_on)))
    if len(one.words) > LONGEST_WORDS:
        yield Problem(place, _("Shorten what you write about “{label}” to {count} characters.").format(label=label, count=LONGEST_WORDS))


def _must_be(application: Application, *states: ApplicationStatus) -> None:
    if application.state not in states:
        said = _("This cannot be done now. Status of the application: {status}.")
        raise Conflict(said.format(status=_(application.state.label)))


def summary(event: Event) -> dict[str, Any]:
    """An event's detail without what only machines read."""
    return {name: value for name, value in event.detail.items() if value not in ("", [], {}, None) and name not in MACHINES_READ}
