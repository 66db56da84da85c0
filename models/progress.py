"""What became of a sent application, as its partner may know it: the stages, what happened, and what each delivery of theirs did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus
from models.delivery import Delivery, DeliveryState
from models.event import Event
from models.resubmission import SUBMISSIONS

S = ApplicationStatus
BEGUN, ASKED = ("application.review_started",), ("application.information_required",)  # to ask is to have begun
RENEWED = (
    "application.renewal_asked", "application.renewal_reminded", "application.renewal_sent", "application.renewal_returned",
    "application.renewal_taken_back", "application.renewed", "application.suspended", "application.reinstated",
)  # fmt: skip
ENDED = ("application.approved", "application.rejected", "application.withdrawn")
#: What a partner hears of, newest first on their page; verdicts, private notes and single documents are the staff's.
TOLD = (
    *SUBMISSIONS, *BEGUN, *ASKED, "application.reminded", "application.told", "application.reviewed", *ENDED,
    "application.condition_reminded", *RENEWED,
)  # fmt: skip
#: Deliveries that are the partner's: mails to them, and the two that bring what they sent to the reviewers.
MAILS = ("email.received", "email.information_required", "email.request_reminder", "email.approved", "email.rejected", "email.note",
         "email.condition_reminder", "email.renewal", "email.renewal_received", "email.renewed", "email.suspended",
         "email.reinstated")  # fmt: skip
LISTS = ("sharepoint.application", "sharepoint.documents")
OVER = (DeliveryState.DONE, DeliveryState.SETTLED)


@dataclass(frozen=True)
class Stage:
    """One of the three stages: received, review, decision. `state` is done, current or ahead."""

    name: str
    state: str
    at: datetime | None = None


@dataclass(frozen=True)
class Told:
    """One thing that happened, with the deliveries that followed from it."""

    event: Event
    deliveries: tuple[Delivery, ...] = ()

    @property
    def mails(self) -> list[Delivery]:
        """The mails to the partner."""
        return [one for one in self.deliveries if one.target in MAILS]

    @property
    def listed(self) -> str:
        """Of a submission: whether the reviewers have it, `done`, `waiting` or `failed`; empty of anything else."""
        lists = [one for one in self.deliveries if one.target in LISTS] if self.event.type in SUBMISSIONS else []
        if any(one.state == DeliveryState.FAILED for one in lists):
            return "failed"
        return "" if not lists else "done" if all(one.state in OVER for one in lists) else "waiting"

    @property
    def listed_at(self) -> datetime | None:
        """When the last of it arrived."""
        return max((one.done_at for one in self.deliveries if one.target in LISTS and one.done_at), default=None)


def told(session: Session, application: Application) -> list[Told]:
    """What happened, newest first; a review that began twice is told once, as far as nothing else lies between."""
    wanted = select(Event).where(Event.application_id == application.id, col(Event.type).in_(TOLD)).order_by(col(Event.id))
    events = _without_repeats(session.exec(wanted))
    followed: dict[int, list[Delivery]] = {}
    theirs = select(Delivery).where(Delivery.application_id == application.id, col(Delivery.target).in_((*MAILS, *LISTS)))
    for delivery in session.exec(theirs.order_by(col(Delivery.id))):
        followed.setdefault(delivery.event_id, []).append(delivery)
    return [Told(event, tuple(followed.get(event.id or 0, ()))) for event in reversed(events)]


def stages(application: Application, happened: list[Told]) -> list[Stage]:
    """Received, in review, decision: each with its date once there is one."""
    sent, begun, ended = (_first(happened, kinds) for kinds in (SUBMISSIONS[:1], (*BEGUN, *ASKED), ENDED))
    if ended:
        return [Stage("received", "done", sent), Stage("review", "done", begun), Stage("decision", "done", ended)]
    if application.state == S.REVIEWED:
        return [Stage("received", "done", sent), Stage("review", "done", begun), Stage("decision", "current")]
    return [Stage("received", "done", sent), Stage("review", "current", begun), Stage("decision", "ahead")]


def expected_by(application: Application, happened: list[Told], working_days: int) -> date | None:
    """The day by which a review that takes as long as usual is over, counted from the last submission; None where nobody reviews."""
    if not working_days or application.state not in (S.SUBMITTED, S.UNDER_REVIEW, S.REVIEWED):
        return None
    sent = next((one.event.at for one in happened if one.event.type in SUBMISSIONS), None)
    return working_days_after(sent.date(), working_days) if sent else None


def working_days_after(day: date, count: int) -> date:
    """Monday to Friday; holidays differ by country and are not known here."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def _without_repeats(events: Iterable[Event]) -> list[Event]:
    kept: list[Event] = []
    for event in events:
        if not (kept and event.type in BEGUN and kept[-1].type in BEGUN):
            kept.append(event)
    return kept


def _first(happened: list[Told], kinds: tuple[str, ...]) -> datetime | None:
    return next((one.event.at for one in reversed(happened) if one.event.type in kinds), None)
