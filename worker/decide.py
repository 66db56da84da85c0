"""Decisions whose time to be undone is over take effect here: whoever of the workers comes first, and each of them once."""

from __future__ import annotations

import structlog
from sqlmodel import Session

from models.database import now, reading, transaction
from models.deciding import carry_out, due_decisions
from models.decision import next_to_leave
from worker.logs import where

#: One that is due and did not go through (its row was locked, the database went away) is tried again after this many seconds.
AGAIN = 2.0
log = structlog.get_logger()


def carry_out_due() -> int:
    """Carry out what is due, each in a transaction of its own, so that none keeps the others back. Answers how many took effect."""
    with reading() as session:
        waiting = due_decisions(session)
    return sum(_carried_out(number) for number in waiting)


def seconds_to_decision(session: Session) -> float | None:
    """Until the next decision takes effect; None if none waits."""
    moment = next_to_leave(session)
    return None if moment is None else max(AGAIN if moment <= now() else 0.0, (moment - now()).total_seconds())


def _carried_out(application_id: int) -> bool:
    try:
        with transaction() as session:
            return carry_out(session, application_id)
    except Exception as error:  # a bug of ours, or the database is away: it still waits, and is tried again
        log.error("decision not carried out", application=application_id, **where(error))
        return False
