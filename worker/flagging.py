"""Keeps what the desk's list says of flags: a little at a time, whatever has changed by day, by answer or by rule."""

from __future__ import annotations

import time

import structlog

from models.database import transaction
from models.flagging import refresh
from worker.deliver import stopping
from worker.logs import where

CHUNK = 500
#: Seconds that one look may take, so that deliveries which no nudge announced do not wait behind 100,000 applications.
LONGEST = 5.0
log = structlog.get_logger()
_same_rules = False


def keep_flags() -> int:
    """Look at what is out of date, each chunk in a transaction of its own; what is left is for the next time. Answers how many.

    A worker's first looks also find what an earlier release, or other settings, had looked at: rules change with a new start alone.
    """
    global _same_rules
    done, until = 0, time.monotonic() + LONGEST
    while not stopping.is_set() and time.monotonic() < until:
        with transaction() as session:
            found = refresh(session, CHUNK, all_rules=not _same_rules, failed=_failed)
        done += found
        if not found:
            _same_rules = True
            break
    return done


def _failed(application_id: int, error: Exception) -> None:
    log.error("not flagged", application=application_id, **where(error))
