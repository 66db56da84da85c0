"""Reminding a partner of an application that they began and have not sent: by hand, and by itself when nobody has gone on with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus, of_invitation, prefilled
from models.confirmation import standing
from models.database import now
from models.delivery import Delivery, DeliveryState
from models.document import Document, DocumentState, counts, stored
from models.draft import Draft, answers_of
from models.earlier import given_steps, is_typed
from models.errors import Conflict
from models.event import Event, last_of, record
from models.invitation import NO_LONGER, Invitation, InvitationStatus
from models.language import _, shown_date
from models.person import PORTAL, Actor, Right
from models.settings import settings
from models.sheet import Sheet
from models.slots import SLOTS
from models.steps import STEPS, Step

REMINDED, MAIL = "invitation.reminded", "email.reminder"
#: Between two reminders to one partner.
PAUSE = timedelta(days=3)


@dataclass(frozen=True)
class Left:
    """What a partner has still to do: the step they are at, None where only sending is left, and about how many minutes."""

    step: Step | None
    minutes: int


def remind(session: Session, actor: Actor, invitation: Invitation) -> None:
    """Send the partner a mail that says where they are and how long the rest takes.

    Conflict unless they have begun and may still send, and while the last reminder is not three days old.
    """
    actor.must(Right.INVITE)
    session.refresh(invitation, with_for_update=True)  # two of us at once: the second sees the first one's reminder
    application = of_invitation(session, invitation.code)
    if application is None or (refusal := _why_not(session, invitation, application)):
        raise Conflict(refusal if application else _("Nobody has begun this application, so send the invitation again instead."))
    record(
        session, REMINDED, actor, invitation_id=invitation.id, application_id=application.id, email=invitation.contact_email,
    )  # fmt: skip


def idle_drafts(session: Session, after: int, limit: int) -> tuple[list[int], int | None]:
    """Of the next `limit` drafts after this application's id, the ids of the invitations whose partners are to be reminded by itself.

    The second answer is where to go on; None where there are no more.
    """
    days = settings().draft_reminder_days
    live = sa.and_(col(Invitation.status) == InvitationStatus.ACTIVE, col(Invitation.expires_at) > now())
    columns: tuple[Any, ...] = (col(Application.id), col(Application.invitation_code), col(Invitation.id).label("invitation_id"))
    wanted = sa.select(*columns).join(Invitation, col(Invitation.code) == col(Application.invitation_code)).where(live)
    wanted = wanted.where(col(Application.status) == ApplicationStatus.DRAFT, col(Application.id) > after).order_by(col(Application.id))
    found: Sequence[Any] = session.execute(wanted.limit(limit)).all() if days else []
    worked, last = last_worked(session, found), last_of(session, REMINDED, Event.invitation_id, [one.invitation_id for one in found])
    due = [
        one.invitation_id for one in found
        if one.id in worked and _is_idle(worked[one.id][0], last.get(one.invitation_id), now().date())
    ]  # fmt: skip
    return due, found[-1].id if len(found) == limit else None


def remind_idle(session: Session, invitation_id: int) -> bool:
    """Remind the partner by itself if it is still to be done; answers whether it was. Of two at once, one does."""
    invitation = session.get_one(Invitation, invitation_id, with_for_update=True)
    application = of_invitation(session, invitation.code)
    worked = last_worked(session, [application]).get(application.id) if application else None
    last = last_of(session, REMINDED, Event.invitation_id, [invitation_id]).get(invitation_id)
    if worked is None or not _is_idle(worked[0], last, now().date()):
        return False
    try:
        remind(session, PORTAL, invitation)
    except Conflict:  # it was sent, revoked or has expired meanwhile
        return False
    return True


def left_to_do(session: Session, invitation: Invitation, application: Application) -> Left:
    """How far a draft is: the step that was worked in last or the next that is not complete, as the form opens it again."""
    answers = {**prefilled(invitation), **answers_of(session, invitation.code)}
    confirmed, _awaited = standing(session, application, invitation.contact_email)
    sheet = Sheet(answers, counts(stored(session, application.id)), set(confirmed))
    at = max(last_steps(session, [application]).get(application.id, 0) - 1, 0)
    return Left(next((step for step in (*STEPS[at:], *STEPS[:at]) if sheet.given(step).state != "done"), None), sheet.minutes)


def last_steps(session: Session, applications: Sequence[Application]) -> Mapping[int | None, int]:
    """Of each application, the number of the step in which somebody answered or filed something last; what was lent does not count."""
    return {number: step for number, (_at, step) in last_worked(session, applications).items()}


def last_worked(session: Session, applications: Sequence[Application]) -> dict[int | None, tuple[datetime, int]]:
    """Of each application in which somebody did something: when last, and in which step. Three statements, however many there are."""
    ids, by_code = [one.id for one in applications], {one.invitation_code: one.id for one in applications}
    given, found = given_steps(session, ids), dict[int | None, tuple[datetime, int]]()
    # Without the answers, which are long; what `is_typed` reads is there.
    columns = (Draft.invitation_code, Draft.step_number, Draft.revision, Draft.last_updated)
    for code, number, revision, at in session.exec(select(*columns).where(col(Draft.invitation_code).in_(by_code))):
        if is_typed(Draft(invitation_code=code, step_number=number, revision=revision, last_updated=at), given.get(by_code[code], set())):
            found[by_code[code]] = max(found.get(by_code[code], (at, number)), (at, number))
    filed = select(Document.application_id, Document.slot, Document.upload_timestamp).where(Document.state == DocumentState.STORED)
    for one, slot, at in session.exec(filed.where(col(Document.application_id).in_(ids))):
        if slot in SLOTS:
            found[one] = max(found.get(one, (at, 0)), (at, SLOTS[slot].step))
    return found


def too_late(session: Session, invitation: Invitation, application: Application, delivery: Delivery) -> str:
    """Why a reminder that was asked for is not to be sent any more, in English for the deliveries; empty if it is."""
    if application.state != ApplicationStatus.DRAFT:
        return "The application was sent before the reminder left, so it was not sent."
    if invitation.state != InvitationStatus.ACTIVE:
        return f"The invitation was {invitation.state} before the reminder left, so it was not sent."
    others = select(Delivery).where(Delivery.target == MAIL, Delivery.invitation_id == invitation.id, Delivery.id != delivery.id)
    for other in session.exec(others):
        just_left = other.state == DeliveryState.DONE and other.done_at is not None and other.done_at > now() - PAUSE
        if just_left or (other.id or 0) > (delivery.id or 0):
            return "Another reminder took its place before it left, so it was not sent."
    return ""


def _is_idle(worked_at: datetime, last: datetime | None, today: date) -> bool:
    """Whether so many days without work are over, and nobody was reminded since then or shortly before."""
    turns = [worked_at.date() + timedelta(days=days) for days in settings().draft_reminder_days]
    turn = max((day for day in turns if day <= today), default=None)
    return turn is not None and (last is None or last.date() + PAUSE <= turn)


def _why_not(session: Session, invitation: Invitation, application: Application) -> str:
    if application.state != ApplicationStatus.DRAFT:
        return _("The application has been sent, so there is nothing to remind of.")
    if invitation.state != InvitationStatus.ACTIVE:
        return _(NO_LONGER[invitation.state])
    if not last_worked(session, [application]):
        return _("Nobody has begun this application, so send the invitation again instead.")
    last = last_of(session, REMINDED, Event.invitation_id, [invitation.id]).get(invitation.id)
    if last is not None and last + PAUSE > now():
        said = _("A reminder was sent on {day}. The next one can go three days later, on {next}.")
        return said.format(day=shown_date(last.date(), "medium"), next=shown_date((last + PAUSE).date(), "medium"))
    return ""
