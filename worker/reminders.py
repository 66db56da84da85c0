"""Reminders that go by themselves: of what a reviewer asked for, before its date and once after it, of drafts that lie still,
and of the conditions of an approval.

One of all workers looks once an hour of the working day. Each reminder has a transaction of its own, which locks its subject and looks
again whether it is still to go; so one that fails keeps no other back, and a run that is killed is gone on with by the next.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from models.condition_reminder import due_conditions, remind_of_conditions
from models.database import OFFICE, now, reading, transaction
from models.reminder import idle_drafts, remind_idle
from models.request_reminder import due_requests, remind_in_time
from worker.deliver import WORKER, stopping
from worker.logs import where
from worker.turn import in_turn

CHUNK = 200
#: Nobody is reminded in the night.
FROM_HOUR, TO_HOUR = 8, 18
log = structlog.get_logger()
Next = Callable[[Session, int, int], tuple[list[int], int | None]]
Remind = Callable[[Session, int], bool]
#: Who is next to be reminded of what, and how.
KINDS: tuple[tuple[Next, Remind], ...] = (
    (due_requests, remind_in_time), (idle_drafts, remind_idle), (due_conditions, remind_of_conditions),
)  # fmt: skip


def hourly() -> bool:
    """Remind whoever is to be reminded, if no worker has looked in this hour and it is one of the working day; whether this one did."""
    if not FROM_HOUR <= now().astimezone(OFFICE).hour < TO_HOUR:
        return False
    return in_turn("reminders", WORKER, timedelta(minutes=15), _reminded)


def remind_all() -> int:
    """Everything that is due now; answers how many reminders are on their way."""
    sent = sum(_each(find, remind) for find, remind in KINDS)
    if sent:
        log.info("reminded", reminders=sent)
    return sent


def _reminded() -> datetime:
    """When it is due again: what a stop left is another worker's."""
    remind_all()
    return now() if stopping.is_set() else _next_hour(now())


def _each(find: Next, remind: Remind) -> int:
    sent, after = 0, 0
    while not stopping.is_set():
        with reading() as session:
            due, last = find(session, after, CHUNK)
        sent += sum(_one(number, remind) for number in due)
        if last is None:
            break
        after = last
    return sent


def _one(number: int, remind: Remind) -> bool:
    if stopping.is_set():
        return False
    try:
        with transaction() as session:
            return remind(session, number)
    except Exception as error:  # the others are still to be reminded; this one is tried again in an hour
        log.error("not reminded", work=remind.__name__, number=number, **where(error))
        return False


def _next_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
