"""Reminding a partner of what a reviewer has asked for: by itself before the date and once after it, and by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus, prefilled
from models.assignment import MOST
from models.database import now
from models.delivery import Delivery
from models.draft import answers_of
from models.errors import Conflict, Invalid, Problem, Refused
from models.event import Event, last_of, record
from models.invitation import Invitation
from models.language import _, shown_date, shown_number
from models.person import PORTAL, Actor, Right
from models.queue_entry import QueueEntry
from models.reminder import PAUSE
from models.request import InformationRequest, Wanted, latest_request, open_request
from models.resubmission import differences, unanswered
from models.rules import settle
from models.settings import settings

REMINDED, MAIL = "application.reminded", "email.request_reminder"


@dataclass(frozen=True)
class Reminded:
    """What became of many: how many were reminded, and of each other one its company and why not."""

    done: int
    refused: tuple[tuple[str, str], ...]


def remind_of_request(session: Session, actor: Actor, application: Application) -> None:
    """Send the partner a mail with what is still to answer and until when.

    Conflict unless something is asked of them, and while the last reminder is not three days old.
    """
    actor.must(Right.REVIEW)
    session.refresh(application, with_for_update=True)  # two of us at once: the second sees the first one's reminder
    request = open_request(session, application)
    if request is None:
        raise Conflict(_("Nothing is asked of the partner at the moment, so there is nothing to remind of."))
    last = last_of(session, REMINDED, Event.application_id, [application.id or 0]).get(application.id or 0)
    if last is not None and last + PAUSE > now():
        said = _("A reminder was sent on {day}. The next one can go three days later, on {next}.")
        raise Conflict(said.format(day=shown_date(last.date(), "medium"), next=shown_date((last + PAUSE).date(), "medium")))
    _remind(session, actor, application, request)


def remind_many(session: Session, actor: Actor, application_ids: Sequence[int]) -> Reminded:
    """Remind the partner of each of them that can be reminded; the others are named. Invalid where all are refused at once."""
    actor.must(Right.REVIEW)
    if len(application_ids) > MOST:
        said = _("These are too many at once. Remind up to {count} at a time: filter the list first.").format(count=shown_number(MOST))
        raise Invalid(said, [Problem("applications", said)])
    done, refused = 0, list[tuple[str, str]]()
    wanted = select(Application).where(col(Application.id).in_(application_ids)).order_by(col(Application.id)).with_for_update()
    for application in session.exec(wanted).all():
        try:
            remind_of_request(session, actor, application)
            done += 1
        except Refused as error:
            refused.append((application.company_name or "", error.detail))
    return Reminded(done, tuple(refused))


def due_requests(session: Session, after: int, limit: int) -> tuple[list[int], int | None]:
    """Of the next `limit` applications after this id that wait for a partner, those who are to be reminded today by itself.

    The second answer is where to go on; None where there are no more.
    """
    days = settings().request_reminder_days
    soon = now().date() + timedelta(days=max(days, default=0))
    waiting = sa.select(col(QueueEntry.application_id), col(QueueEntry.due_on)).where(
        col(QueueEntry.status) == ApplicationStatus.INFORMATION_REQUIRED, col(QueueEntry.due_on) <= soon,
        col(QueueEntry.application_id) > after,
    )
    rows = session.execute(waiting.order_by(col(QueueEntry.application_id)).limit(limit)) if days else ()
    found = {row[0]: row[1] for row in rows}
    asked, last = _asked_at(session, list(found)), last_of(session, REMINDED, Event.application_id, list(found))
    due = [number for number, due_on in found.items() if number in asked and _is_due(asked[number], due_on, last.get(number))]
    return due, max(found) if len(found) == limit else None


def remind_in_time(session: Session, application_id: int) -> bool:
    """Remind the partner by itself if it is still to be done; answers whether it was. Of two at once, one does."""
    application = session.exec(select(Application).where(Application.id == application_id).with_for_update()).first()
    request = latest_request(session, application) if application and application.awaits_partner else None
    last = last_of(session, REMINDED, Event.application_id, [application_id]).get(application_id)
    if application is None or request is None or not _is_due(request.asked_at, request.first_due, last):
        return False
    _remind(session, PORTAL, application, request)
    return True


def turn(asked_on: date, due_on: date, days: Iterable[int], today: date) -> date | None:
    """The last day until today on which a reminder is to go by itself: so many `days` before the due date, and the day after it.

    Only days after that on which it was asked count; None where there was none yet.
    """
    found = [*(due_on - timedelta(days=one) for one in days), due_on + timedelta(days=1)]
    return max((day for day in found if asked_on < day <= today), default=None)


def left_to_answer(session: Session, application: Application, request: InformationRequest) -> list[Wanted]:
    """What the request names and the partner has neither changed nor explained yet, by what they have typed so far."""
    invitation = session.exec(select(Invitation).where(Invitation.code == application.invitation_code)).one()
    typed = settle({**prefilled(invitation), **answers_of(session, application.invitation_code)})
    return unanswered(request, differences(session, application, typed))


def overtaken(session: Session, application: Application, delivery: Delivery) -> str:
    """Why a reminder that was asked for is not to be sent any more, in English for the deliveries; empty if it is."""
    event, request = session.get_one(Event, delivery.event_id), open_request(session, application)
    if request is None or request.id != event.detail.get("request"):
        return "The partner had answered, or was asked anew, before the reminder left, so it was not sent."
    newer = select(Delivery.id).where(
        Delivery.target == MAIL, Delivery.application_id == application.id, col(Delivery.id) > (delivery.id or 0)
    )
    return "Another reminder took its place before it left, so it was not sent." if session.exec(newer).first() else ""


def _is_due(asked_at: datetime, due_on: date | None, last: datetime | None) -> bool:
    """Whoever was reminded on that day or since, by whomever, is not reminded again."""
    days = settings().request_reminder_days
    day = turn(asked_at.date(), due_on, days, now().date()) if due_on and days else None
    return day is not None and (last is None or last.date() < day)


def _remind(session: Session, actor: Actor, application: Application, request: InformationRequest) -> None:
    record(session, REMINDED, actor, application_id=application.id, request=request.id, due_on=str(request.first_due or ""))


def _asked_at(session: Session, ids: Sequence[int]) -> Mapping[int, datetime]:
    """When the latest request of each was made."""
    newest = select(sa.func.max(InformationRequest.id)).where(col(InformationRequest.application_id).in_(ids))
    asked = select(InformationRequest.application_id, InformationRequest.asked_at)
    return dict(session.exec(asked.where(col(InformationRequest.id).in_(newest.group_by(col(InformationRequest.application_id))))).all())
