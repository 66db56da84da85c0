"""What the portal itself does, every night, about what runs out: opens a renewal, reminds, suspends, and takes both back.

`keep_current` looks at one application and does what is due now. It may run as often as it likes, on any worker and after any pause: what
was done stands in the rows, so nothing is done twice, and of several reminders that were missed the latest alone goes out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus, move
from models.condition import has_time_left
from models.database import OFFICE, now, today
from models.document import Document, proposed, remove, stored
from models.event import record
from models.lapsing import Ending, running_out
from models.person import PORTAL
from models.queue_entry import QueueEntry
from models.renewal import Renewal, RenewalState, first_end, joined, keep, live_renewal
from models.rules import settle
from models.settings import settings

S, R = ApplicationStatus, RenewalState
#: Days before the first end on which a partner is reminded; the last stands for the day after it.
STAGES = (60, 30, 7, LAPSED := -1)
#: From how far ahead something is to be renewed.
AHEAD = timedelta(days=STAGES[0])
#: Days that a partner has in any case before they are suspended: from when they were first asked, and from when a renewal was sent back.
NOTICE = timedelta(days=7)
PARTNERS = (S.APPROVED, S.SUSPENDED)


def to_look_at(session: Session) -> list[int]:
    """The ids of all applications for which something may be due."""
    entry = QueueEntry
    soon = col(entry.expires_on) <= today() + AHEAD + timedelta(days=1)  # a leap day is counted differently by databases
    partner = sa.and_(col(entry.status).in_(PARTNERS), sa.or_(soon, col(entry.status) == S.SUSPENDED))
    wanted = select(entry.application_id).where(sa.or_(partner, col(entry.renewal).is_not(None)))
    return list(session.exec(wanted.order_by(col(entry.application_id))))


def keep_current(session: Session, application: Application, today: date) -> None:
    """Do what is due about one application on a day; its row must be locked."""
    renewal = live_renewal(session, application.id, lock=True)
    if application.state not in PARTNERS:
        if renewal:
            close(session, application, renewal)
        return
    found = running_out_of(application, stored(session, application.id), today + AHEAD)
    if renewal is None or renewal.with_partner:
        renewal = _asked(session, application, renewal, found)
    if is_overdue(application, stored(session, application.id), today):
        if application.state == S.APPROVED and not _is_spared(session, application, renewal, today):
            _suspend(session, application, found, today)
    elif reinstate_if_current(session, application, today):
        record(session, "application.reinstated", PORTAL, application_id=application.id)
    if renewal is not None and renewal.with_partner:
        _remind(session, application, renewal, today)


def close(session: Session, application: Application, renewal: Renewal) -> None:
    """Nothing is to be renewed any more; what the partner put beside the standing documents goes."""
    end(session, application, renewal)
    record(session, "application.renewal_closed", PORTAL, application_id=application.id, renewal=renewal.id)


def end(session: Session, application: Application, renewal: Renewal) -> None:
    """Close a renewal and take away what was proposed; who does it records why."""
    for one in proposed(session, application.id):
        remove(session, one)
    renewal.decided_at = now()
    keep(session, renewal, R.CLOSED)


def reinstate_if_current(session: Session, application: Application, today: date) -> bool:
    """End a suspension once nothing is overdue; whether it ended."""
    session.flush()
    if application.state != S.SUSPENDED or is_overdue(application, stored(session, application.id), today):
        return False
    move(application, S.APPROVED)
    session.add(application)
    return True


def running_out_of(application: Application, files: Iterable[Document], until: date) -> list[Ending]:
    """What of it is good until a day at the latest."""
    return running_out(settle(application.answers()), files, until)


def is_overdue(application: Application, files: Iterable[Document], today: date) -> bool:
    """Whether something is over for longer than SUSPEND_AFTER_DAYS; what is good until today is not over yet."""
    return bool(running_out_of(application, files, today - timedelta(days=1 + settings().suspend_after_days)))


def stage(ends: date | None, today: date) -> int | None:
    """Which reminder fits a day: the last of STAGES that has been reached; None before the first, and where nothing ends."""
    reached = [days for days in STAGES if ends is not None and (ends - today).days <= days]
    return reached[-1] if reached else None


def _asked(session: Session, application: Application, renewal: Renewal | None, found: list[Ending]) -> Renewal | None:
    """The renewal with what runs out by now: opened, widened, narrowed or closed."""
    endings = joined(found, renewal.endings if renewal else [])
    if not endings:
        if renewal:
            close(session, application, renewal)
        return None
    if renewal and renewal.endings == endings:
        return renewal
    opened = renewal is None
    renewal = renewal or Renewal(application_id=application.id or 0, opened_by=PORTAL.name, opened_at=now())
    renewal.items, renewal.ends_on = [one.as_json() for one in endings], first_end(endings)
    keep(session, renewal)
    if opened:
        items = [one.slot for one in endings]
        record(session, "application.renewal_opened", PORTAL, application_id=application.id, renewal=renewal.id, items=items)
    return renewal


def _remind(session: Session, application: Application, renewal: Renewal, today: date) -> None:
    """Send the reminder that is due, once. Each end has stages of its own; what reached one this night shares one mail, which names all."""
    reached = [(one, stage(one.ends, today)) for one in renewal.endings]
    fresh = [(due, one.ends) for one, due in reached if due is not None and (one.reminded is None or due < one.reminded)]
    if not fresh:
        return
    renewal.items = [replace(one, reminded=due).as_json() for one, due in reached]
    session.add(renewal)
    suspended = application.state == S.SUSPENDED
    unsaid = [pair for pair in fresh if not (suspended and pair[0] == LAPSED)]  # the mail about the suspension says what has lapsed
    due, day = renewal.reminded, renewal.reminded_for = min(unsaid or fresh, key=lambda pair: (pair[0], pair[1] or today))
    if not unsaid:
        return
    record(
        session, "application.renewal_reminded", PORTAL, application_id=application.id, renewal=renewal.id, stage=due,
        ends_on=str(day),
    )  # fmt: skip


def _is_spared(session: Session, application: Application, renewal: Renewal | None, today: date) -> bool:
    """Whether a partner would be suspended who has done their part, or has not had the time to: for our slowness, or without a warning,
    as where something had run out before they were approved, or before the day that a condition of the approval leaves them.

    A condition is words, so nobody knows which document it is about: while any stands whose day has not passed, nothing suspends."""
    if has_time_left(session, application.id, today):
        return True
    if renewal is None or renewal.standing == R.SENT:
        return renewal is not None
    told = renewal.decided_at if renewal.standing == R.RETURNED and renewal.decided_at else renewal.opened_at
    return today < told.astimezone(OFFICE).date() + NOTICE


def _suspend(session: Session, application: Application, found: list[Ending], today: date) -> None:
    move(application, S.SUSPENDED)
    session.add(application)
    over = [one.as_json() for one in found if one.ends and one.ends < today]
    record(session, "application.suspended", PORTAL, application_id=application.id, over=over)
