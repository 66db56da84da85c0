"""Reminding a partner of the conditions of their approval: seven days before the day of each, and once when it has passed unmet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus
from models.condition import Condition, unmet
from models.database import now, today
from models.decision import Decision
from models.delivery import Delivery
from models.event import Event, last_of, record
from models.person import PORTAL
from models.request_reminder import turn

REMINDED, MAIL = "application.condition_reminded", "email.condition_reminder"
#: So many days before a condition's day; and the day after it, which `turn` adds.
DAYS = (7,)
#: Whoever was approved under them; a partner who is suspended was.
PARTNERS = (ApplicationStatus.APPROVED, ApplicationStatus.SUSPENDED)


def due_conditions(session: Session, after: int, limit: int) -> tuple[list[int], int | None]:
    """Of the next `limit` applications after this id with a condition that is due soon or overdue, those whose partner is reminded today.

    The second answer is where to go on; None where there are no more.
    """
    soon = today() + timedelta(days=max(DAYS))
    waiting = sa.select(col(Condition.application_id)).where(
        col(Condition.met_at).is_(None), col(Condition.due_on) <= soon, col(Condition.application_id) > after
    )
    found = list(session.scalars(waiting.distinct().order_by(col(Condition.application_id)).limit(limit)))
    agreed, last, standing = _agreed_on(session, found), last_of(session, REMINDED, Event.application_id, found), _standing(session, found)
    due = [number for number in found if _is_due(standing.get(number, ()), agreed.get(number), last.get(number))]
    return due, max(found) if len(found) == limit else None


def remind_of_conditions(session: Session, application_id: int) -> bool:
    """Remind the partner if it is still to be done; answers whether it was. Of two at once, one does."""
    application = session.exec(select(Application).where(Application.id == application_id).with_for_update()).first()
    if application is None or application.state not in PARTNERS:
        return False
    standing = unmet(session, application_id)
    last = last_of(session, REMINDED, Event.application_id, [application_id]).get(application_id)
    if not _is_due(standing, _agreed_on(session, [application_id]).get(application_id), last):
        return False
    first = min(one.due_on for one in standing if one.due_on)
    record(
        session, REMINDED, PORTAL, application_id=application_id, conditions=[one.id for one in standing], due_on=str(first),
        overdue=first < today(),
    )  # fmt: skip
    return True


def overtaken(session: Session, application: Application, delivery: Delivery) -> str:
    """Why a reminder is not to be sent any more, in English for the deliveries; empty if it is."""
    if application.state not in PARTNERS:
        return "The partner was no longer approved when the reminder was to leave, so it was not sent."
    if not unmet(session, application.id):
        return "Every condition had been met before the reminder left, so it was not sent."
    newer = select(Delivery.id).where(
        Delivery.target == MAIL, Delivery.application_id == application.id, col(Delivery.id) > (delivery.id or 0)
    )
    return "Another reminder took its place before it left, so it was not sent." if session.exec(newer).first() else ""


def _is_due(standing: Iterable[Condition], agreed_on: date | None, last: datetime | None) -> bool:
    """Whether a condition's turn has come since the last mail, which named all that stood then: two of one day share it."""
    days = [turn(agreed_on, one.due_on, DAYS, today()) for one in standing if one.due_on and agreed_on]
    return any(day is not None and (last is None or today(last) < day) for day in days)


def _standing(session: Session, ids: Sequence[int]) -> Mapping[int, list[Condition]]:
    """What the partner of each still has to do, where its application stands approved."""
    wanted = select(Condition).join(Application, col(Application.id) == col(Condition.application_id))
    wanted = wanted.where(col(Condition.application_id).in_(ids), col(Condition.met_at).is_(None), col(Application.status).in_(PARTNERS))
    found: dict[int, list[Condition]] = {}
    for one in session.exec(wanted.order_by(col(Condition.id))):
        found.setdefault(one.application_id, []).append(one)
    return found


def _agreed_on(session: Session, ids: Sequence[int]) -> Mapping[int, date]:
    """The day on which each approval took effect: nobody is reminded of a day that came before it."""
    made = select(Decision.application_id, sa.func.max(Decision.effective_at)).where(col(Decision.application_id).in_(ids))
    rows = session.exec(made.where(col(Decision.effective_at).is_not(None)).group_by(col(Decision.application_id)))
    return {number: today(at or now()) for number, at in rows}
