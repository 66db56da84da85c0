"""Mails that came back, as the sender's own mailbox has them: each few minutes, by one of all workers, as the webhook would (FACTS 30).

What is no report about a mail of ours is for people, and stays as it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from integrations.failures import Failure, Missing, Passing
from integrations.returned import UNDELIVERED, NoReport, Report, read_report
from integrations.returns import mark_read, raw, unread
from models.database import now, transaction
from models.errors import Refused
from models.returned import Returned, is_ours, note_look, returned
from models.settings import settings
from worker.deliver import WORKER, stopping
from worker.turn import in_turn

log = structlog.get_logger()
#: What this process has read already, and left to people.
_left: set[str] = set()


def look_for_returns() -> bool:
    """Look, if it is time and the settings say so; whether this worker did."""
    return bool(settings().mail_returns_minutes) and in_turn("returned mail", WORKER, timedelta(minutes=5), _looked)


def _looked() -> datetime:
    """When it is due again. That the mailbox refuses us is written down once, where an operator sees it; that it is away passes."""
    failure = ""
    try:
        taken = sum(_taken(message) for message in list(unread()) if message not in _left and not stopping.is_set())
        log.info("returned mail", taken=taken)
    except Failure as error:
        log.warning("returned mail", reason=error.reason)
        if isinstance(error, Passing):
            return now() + timedelta(minutes=1)
        failure = error.reason
    with transaction() as session:
        note_look(session, failure)
    return now() + timedelta(minutes=settings().mail_returns_minutes)


def _taken(message: str) -> bool:
    """Whether it was about a mail of ours, which is told now and marked as read."""
    try:
        report = read_report(raw(message))  # somebody may have moved it meanwhile: Missing
        ours = is_ours(report.message_id) and (report.action != UNDELIVERED or _told(report))
    except (NoReport, Refused, Missing):
        ours = False
    if ours:
        mark_read(message)
    else:
        _left.add(message)
    return ours


def _told(report: Report) -> bool:
    with transaction() as session:
        returned(session, Returned(report.message_id, report.recipient, "", report.reason, report.permanent))
    return True
