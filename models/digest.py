"""What of the deliveries needs a person, for a mail to operations: each morning if there is anything, and soon after a setting fails.

That a mail is to leave is an event like any other, so its delivery is claimed once; a lease in the same transaction keeps two workers
from asking for the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application
from models.database import now
from models.delivery import OPEN, Delivery, DeliveryState
from models.event import Event, record
from models.followed_list import unfollowed
from models.invitation import Invitation
from models.list_report import news
from models.list_trouble import ListTrouble, troubles
from models.pause import Pause, among, pauses
from models.person import PORTAL
from models.returned import unread_because
from models.scan import unscanned
from models.schedule import take
from models.settings import settings

DIGEST, TARGET = "delivery.digest", "email.digest"
#: Of failures that are new and of configuration, operations hear no oftener than this.
SOONEST = timedelta(hours=1)
#: What is tried again for longer than this is worth a look, though it may still work by itself.
LONG = timedelta(days=1)
#: No mail lists more than this many reasons, nor names more than this many companies with one.
MOST, NAMED = 20, 3

_failed = col(Delivery.state) == DeliveryState.FAILED


@dataclass(frozen=True)
class Trouble:
    """Deliveries to one target that stand still for one reason, and some of those that they are about."""

    target: str
    reason: str
    count: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Digest:
    """All that needs a person; `more` counts the reasons that were left out."""

    stopped: tuple[Pause, ...]
    failed: tuple[Trouble, ...]
    returned: tuple[Trouble, ...]
    slow: tuple[Trouble, ...]
    unread: str = ""
    unscanned: tuple[int, str] = (0, "")
    more: int = 0
    troubles: tuple[ListTrouble, ...] = ()
    unfollowed: tuple[tuple[str, str], ...] = ()
    compared: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        parts = (self.stopped, self.failed, self.returned, self.slow, self.unread, self.unscanned[0], self.troubles, self.unfollowed,
                 self.compared)
        return any(parts)


def digest(session: Session) -> Digest:
    """What needs a person now."""
    stopped = pauses(session)
    came_back = col(Delivery.returned_at).is_not(None)
    slow = sa.and_(
        col(Delivery.state) == DeliveryState.WAITING, col(Delivery.attempts) > 0, col(Event.at) < now() - LONG,
        ~among(col(Delivery.target), [one.target for one in stopped]),
    )  # fmt: skip
    kinds = [_troubles(session, condition) for condition in (sa.and_(_failed, ~came_back), sa.and_(_failed, came_back), slow)]
    failed, returned, waiting = (tuple(found[:MOST]) for found in kinds)
    items, count = troubles(session, MOST)
    more = sum(max(0, len(found) - MOST) for found in kinds) + count - len(items)
    return Digest(
        tuple(stopped), failed, returned, waiting, unread_because(session), unscanned(session), more, tuple(items), unfollowed(session),
        news(session),
    )


def ask_in_the_morning(session: Session, worker: str) -> bool:
    """Ask for the day's mail, once from DIGEST_HOUR on, if anything needs a person; whether one is on its way."""
    moment, hour = now(), settings().digest_hour
    if moment.hour < hour:
        return False
    tomorrow = (moment + timedelta(days=1)).replace(hour=hour, minute=0, second=0, microsecond=0)
    return take(session, "digest", worker, tomorrow) and bool(digest(session)) and _ask(session, "morning")


def ask_at_once(session: Session, worker: str) -> bool:
    """Ask for a mail if a delivery has failed of configuration since the last one was; whether one is on its way."""
    told = select(sa.func.max(Event.at)).where(Event.type == DIGEST).scalar_subquery()
    since = sa.or_(told.is_(None), col(Delivery.failed_at) > told)
    new = select(Delivery.id).where(_failed, Delivery.failure == "configuration", Delivery.target != TARGET, since)
    is_new = session.exec(new.limit(1)).first() is not None
    return is_new and take(session, "digest at once", worker, now() + SOONEST) and _ask(session, "configuration")


def newer_one_waits(session: Session, delivery: Delivery) -> bool:
    """Whether a later mail of this kind says all that this one would."""
    later = select(Delivery.id).where(Delivery.target == TARGET, col(Delivery.id) > delivery.id, col(Delivery.state).in_(OPEN))
    return session.exec(later).first() is not None


def settle_older(session: Session, delivery: Delivery) -> None:
    """A mail that has left says what those that failed before it would have said."""
    older = sa.update(Delivery).where(col(Delivery.target) == TARGET, col(Delivery.id) < delivery.id, _failed)
    session.exec(older.values(state=DeliveryState.SETTLED, done_at=now(), last_error="A newer mail has left, which says it all."))


def _ask(session: Session, why: str) -> bool:
    record(session, DIGEST, PORTAL, why=why)
    return True


def _troubles(session: Session, condition: Any) -> list[Trouble]:
    """The largest first."""
    count = sa.func.count()
    some = (
        sa.select(col(Delivery.target), col(Delivery.last_error), count)
        .join(Event, col(Event.id) == col(Delivery.event_id))
        .where(condition, col(Delivery.target) != TARGET)
        .group_by(col(Delivery.target), col(Delivery.last_error))
        .order_by(count.desc(), col(Delivery.target), col(Delivery.last_error))
    )
    found: Sequence[Any] = session.execute(some.limit(10 * MOST)).all()
    return [  # of what is only counted, nobody is named
        Trouble(target, reason or "", number, _names(session, condition, target, reason) if at < MOST else ())
        for at, (target, reason, number) in enumerate(found)
    ]


def _names(session: Session, condition: Any, target: str, reason: str | None) -> tuple[str, ...]:
    company = sa.func.coalesce(col(Application.company_name), col(Invitation.company_name), "")
    some = (
        sa.select(company, sa.func.coalesce(col(Application.reference_number), col(Invitation.code), ""))
        .select_from(Delivery)
        .join(Event, col(Event.id) == col(Delivery.event_id))
        .outerjoin(Application, col(Application.id) == col(Delivery.application_id))
        .outerjoin(Invitation, col(Invitation.id) == col(Delivery.invitation_id))
        .where(condition, col(Delivery.target) == target, col(Delivery.last_error).is_not_distinct_from(reason))
        .order_by(col(Delivery.id))
        .limit(NAMED)
    )
    return tuple(f"{name} ({number})" if number else name for name, number in session.execute(some) if name)
