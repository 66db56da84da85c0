"""Graph is asked to tell of changes in both lists, once a day anew; where it does not, the lists are still read every few minutes."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import structlog

from integrations.failures import Failure, Missing
from integrations.subscriptions import renew, subscribe, unsubscribe
from models.database import now, reading, transaction
from models.followed_list import FollowedList, followed, read_soon, subscribed, to_subscribe
from models.settings import settings
from worker.deliver import WORKER, stopping
from worker.turn import in_turn

#: A subscription lives 29 days (FACTS 9). A look every day finds soon that one is gone.
AGAIN, AFTER_A_FAILURE = timedelta(days=1), timedelta(minutes=10)
log = structlog.get_logger()


def keep_subscribed() -> bool:
    """Subscribe or renew what is due, if the settings allow it; whether this worker did. Graph calls https addresses only."""
    found = settings()
    if not found.graph_notification_secret.get_secret_value() or not (found.local or found.portal_url.startswith("https://")):
        return False
    with reading() as session:
        due = to_subscribe(session)
    return bool(due) and in_turn("sharepoint subscriptions", WORKER, timedelta(minutes=10), _keep_all)


def _keep_all() -> datetime:
    """Each list knows for itself when it is due again."""
    with transaction() as session:
        due = [row for row in followed(session) if row.subscribe_at <= now()]
    for row in due:
        if not stopping.is_set():
            _keep(row)
    return now()


def _keep(row: FollowedList) -> None:
    try:
        number = _renewed(row) or subscribe(row.name)
    except Failure as failure:
        log.warning("not subscribed", list=row.name, reason=failure.reason)
        with transaction() as session:
            subscribed(session, row.name, row.subscription_id, row.subscribed_as, AFTER_A_FAILURE)
        return
    with transaction() as session:
        subscribed(session, row.name, number, _as(), AGAIN)
        if number != row.subscription_id:  # what changed before is not told of
            read_soon(session, [number])


def _renewed(row: FollowedList) -> str | None:
    """The subscription, kept for longer; None where there is none, or one with another address or secret."""
    if row.subscription_id and row.subscribed_as != _as():
        unsubscribe(row.subscription_id)
    elif row.subscription_id:
        try:
            renew(row.subscription_id)
        except Missing:
            return None
        return row.subscription_id
    return None


def _as() -> str:
    told = f"{settings().portal_url} {settings().graph_notification_secret.get_secret_value()}"
    return hashlib.sha256(told.encode()).hexdigest()[:20]
