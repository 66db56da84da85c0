"""Who must still hear of what happened: the one truth about attempts (FACTS 27).

A Delivery waits, is claimed for the time of a lease, and is stamped as done, tried again later, or failed and left to a person.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select
from structlog.contextvars import get_contextvars

from models.database import BigId, UtcDateTime, by_the_index, now
from models.pace import URGENT, pace
from models.pause import among, pauses
from models.webhook import LANES, SYSTEM

if TYPE_CHECKING:
    from models.event import Event

#: These have lanes of their own: operations must not wait for a partner's full mailbox, nor a code that somebody waits for before
#: their screen for the old address's mails, nor a colleague for the partner, nor one of the staff
#: for another.
APART = frozenset({
    "email.operations", "email.renewal_office", "email.confirmation", "email.device", "email.colleague", "email.mention", "email.digest",
    "email.withdrawn_office", "email.withdrawn_reviewer", "email.decision_held",
})  # fmt: skip

#: Waits between attempts after a passing failure, in seconds; the last one repeats until `ATTEMPTS`.
WAITS = (2, 5, 15, 60, 300, 900, 3600)

#: About a week of trying hourly; then a person must look.
ATTEMPTS = 180


class DeliveryState(StrEnum):
    """`failed` needs a person or an operator; `settled` was closed by a person."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SETTLED = "settled"


OPEN = (DeliveryState.WAITING, DeliveryState.RUNNING)
BEGUN = sa.text("begun_at IS NOT NULL")


class Delivery(SQLModel, table=True):
    """One who must hear of an event. `lane` keeps the order: one at a time, oldest first, per system and subject."""

    __tablename__ = "deliveries"
    __table_args__ = (
        sa.Index("ix_deliveries_due", "state", "due_at"), sa.Index("ix_deliveries_lane", "lane", "state"),
        sa.Index("ix_deliveries_begun", "begun_at", sqlite_where=BEGUN, postgresql_where=BEGUN),
    )  # fmt: skip

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    event_id: int = Field(foreign_key="events.id", sa_type=BigId, index=True)
    target: str
    lane: str
    state: str = DeliveryState.WAITING
    attempts: int = 0
    due_at: datetime = Field(sa_type=UtcDateTime)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    claimed_by: str | None = None
    begun_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failure: str | None = None
    last_error: str | None = None
    external_id: str | None = None
    recipient: str | None = None  # of a mail, as it left
    returned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # a mail that came back (models/returned.py)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    request_id: str = Field(default="", sa_column_kwargs={"server_default": ""})  # of the request that caused it, for both logs
    failed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    invitation_id: int | None = Field(default=None, foreign_key="invitations.id", index=True)
    application_id: int | None = Field(default=None, foreign_key="applications.id", index=True)


_WAITS = col(Delivery.state) == sa.literal_column("'waiting'")

#: In words, not parameters: a partial index is used only where the condition is seen to be its own.
_HURRIES = sa.and_(_WAITS, col(Delivery.target).in_([sa.literal_column(f"'{target}'") for target in URGENT]))
sa.Index("ix_deliveries_urgent", Delivery.due_at, sqlite_where=_HURRIES, postgresql_where=_HURRIES)  # type: ignore[arg-type]


def deliver(session: Session, event: Event, target: str) -> Delivery:
    """One who must hear of the event, from now on."""
    made = _delivery(event, target)
    session.add(made)
    session.info["deliveries"] = True
    return made


class LeaseLost(Exception):
    """The delivery is no longer this worker's: its lease ran out and another has it, or a person closed it."""


def claim(session: Session, worker: str, *, limit: int, lease: timedelta) -> list[Delivery]:
    """Take up to `limit` due deliveries, each the oldest open one of its lane; a dead worker's are taken over after its lease.

    What somebody waits for before a screen goes first. What an operator has stopped (models/pause.py) stays, and keeps nothing else back;
    mails leave no faster than they may (models/pace.py).
    """
    by_the_index(session)
    moment, stopped, found = now(), tuple(pause.target for pause in pauses(session)), list[Delivery]()
    allowed = pace(session, Delivery, moment)
    for which in Due:
        due = _due(which, stopped, tuple(allowed.barred), allowed.let_through)
        rows = session.execute(due, {"moment": moment, "most": limit - len(found)})
        ids = [number for number, target in rows if allowed.takes(target)]
        taken = {"state": DeliveryState.RUNNING, "claimed_by": worker, "lease_until": moment + lease, "attempts": Delivery.attempts + 1}
        found += session.scalars(sa.update(Delivery).where(col(Delivery.id).in_(ids)).values(taken).returning(Delivery)) if ids else ()
    return found


def held(session: Session, claimed: Delivery) -> Delivery:
    """What `claim` gave, as it stands and locked; LeaseLost unless it is still the same worker's same attempt."""
    found = still_held(session, [claimed]).get(claimed.id)
    if found is None:
        raise LeaseLost
    return found


def still_held(session: Session, claimed: Sequence[Delivery]) -> dict[int | None, Delivery]:
    """By id, as they stand and locked: those of what `claim` gave that are still the same worker's same attempt."""
    mine = {one.id: (DeliveryState.RUNNING, one.claimed_by, one.attempts) for one in claimed}
    standing = select(Delivery).where(col(Delivery.id).in_(mine)).order_by(col(Delivery.id)).with_for_update()
    found = session.exec(standing.execution_options(populate_existing=True))
    return {one.id: one for one in found if (one.state, one.claimed_by, one.attempts) == mine[one.id]}


def renew(session: Session, claimed: Delivery, lease: timedelta) -> None:
    """Keep a delivery that takes long; LeaseLost if it is too late for that."""
    found = held(session, claimed)
    found.lease_until = now() + lease
    session.add(found)


def begin_sending(session: Session, delivery: Delivery, external_id: str, recipient: str | None = None) -> None:
    """Write down, before the call, that an effect which cannot be looked up is about to happen (a mail: FACTS 13), and to whom."""
    delivery.begun_at, delivery.external_id, delivery.recipient = now(), external_id, recipient
    session.add(delivery)


def succeed(session: Session, delivery: Delivery, external_id: str | None = None) -> None:
    """Stamp a delivery as done, with the id at the other end."""
    delivery.state, delivery.done_at, delivery.lease_until = DeliveryState.DONE, now(), None
    delivery.failure = delivery.last_error = None
    delivery.external_id = external_id or delivery.external_id
    session.add(delivery)


def postpone(session: Session, delivery: Delivery, reason: str, retry_after: float | None = None) -> None:
    """A passing failure: try again later, after `retry_after` seconds where the other side said so."""
    if delivery.attempts >= ATTEMPTS:
        return give_up(session, delivery, "permanent", f"{reason} (given up after {delivery.attempts} attempts)")
    wait = max(retry_after or 0, WAITS[min(delivery.attempts - 1, len(WAITS) - 1)] * random.uniform(0.8, 1.2))  # noqa: S311 — spreads load only
    delivery.state, delivery.due_at, delivery.lease_until = DeliveryState.WAITING, now() + timedelta(seconds=wait), None
    delivery.failure, delivery.last_error, delivery.begun_at = "passing", reason, None
    session.add(delivery)


def put_off(session: Session, delivery: Delivery, reason: str, seconds: float) -> None:
    """Nobody was asked, as it is not our turn: in so many seconds, and it was no attempt."""
    delivery.attempts -= 1
    delivery.state, delivery.due_at, delivery.lease_until = DeliveryState.WAITING, now() + timedelta(seconds=seconds), None
    delivery.last_error = reason
    session.add(delivery)


def give_up(session: Session, delivery: Delivery, failure: str, reason: str) -> None:
    """A failure that needs a person (`permanent`; `unclear`: perhaps it was done) or an operator (`configuration`)."""
    delivery.state, delivery.lease_until, delivery.failed_at = DeliveryState.FAILED, None, now()
    delivery.failure, delivery.last_error = failure, reason
    session.add(delivery)


def retry(session: Session, delivery: Delivery) -> None:
    """Try again now: a failed delivery, or one that waits for a later attempt. A mail that came back leaves as a new one."""
    delivery.state, delivery.due_at, delivery.begun_at, delivery.failed_at = DeliveryState.WAITING, now(), None, None
    if delivery.returned_at is not None:
        delivery.returned_at = delivery.external_id = None
    session.add(delivery)
    session.info["deliveries"] = True


def settle(session: Session, delivery: Delivery, why: str) -> None:
    """A person closes a delivery by hand, saying why."""
    delivery.state, delivery.done_at, delivery.last_error = DeliveryState.SETTLED, now(), why
    session.add(delivery)


def _delivery(event: Event, target: str) -> Delivery:
    subject = f"application-{event.application_id}" if event.application_id else f"invitation-{event.invitation_id}"
    if target == "email.colleague":
        subject = f"colleague-{event.detail.get('colleague')}"
    if target == "email.mention":
        subject = f"person-{event.detail.get('person')}"
    if event.invitation_id and target.endswith(".invitation"):
        subject = f"invitation-{event.invitation_id}"
    system = target if target in APART else target.split(".")[0]
    if system == SYSTEM:  # each has few lanes of its own, and the same subject the same one: it hears of a partner in order
        system, subject = target, str((event.application_id or event.invitation_id or event.id or 0) % LANES)
    return Delivery(
        event_id=event.id or 0, target=target, lane=f"{system}:{subject}", due_at=event.at,
        request_id=str(get_contextvars().get("request_id", "")), invitation_id=event.invitation_id, application_id=event.application_id,
    )  # fmt: skip


class Due(StrEnum):
    """What may be claimed, in this order: what somebody waits for before a screen, what a dead worker left, and all else."""

    URGENT = "urgent"
    ABANDONED = "abandoned"
    WAITING = "waiting"


@cache
def _due(which: Due, stopped: tuple[str, ...], barred: tuple[str, ...], let_through: tuple[str, ...]) -> Any:
    """The statement for id and target of these, given `moment` and how many at `most`: to build it takes longer than to run it.

    What has been due longest comes first, as the index has it: a backlog is not sorted anew for each claim.
    """
    other, moment = aliased(Delivery), sa.bindparam("moment", type_=UtcDateTime())
    condition, since = {
        Due.URGENT: (_HURRIES, col(Delivery.due_at)), Due.WAITING: (_WAITS, col(Delivery.due_at)),
        Due.ABANDONED: (col(Delivery.state) == DeliveryState.RUNNING, col(Delivery.lease_until)),
    }[which]  # fmt: skip
    same_lane = sa.and_(col(other.lane) == col(Delivery.lane), col(other.id) != col(Delivery.id), col(other.state).in_(OPEN))
    # One that is past its lease holds nobody up by running: two of them in one lane would wait for each other for ever.
    alive = sa.and_(col(other.state) == DeliveryState.RUNNING, col(other.lease_until) >= moment)
    before_me = sa.or_(alive, sa.and_(col(other.id) < col(Delivery.id), ~among(col(other.target), stopped)))
    in_time = sa.or_(~among(col(Delivery.target), barred), col(Delivery.target).in_(let_through))
    going = sa.and_(condition, since <= moment, ~among(col(Delivery.target), stopped), in_time)
    found = sa.select(col(Delivery.id), col(Delivery.target)).where(going, ~sa.exists().where(same_lane, before_me)).order_by(since)
    return found.limit(sa.bindparam("most", type_=sa.Integer())).with_for_update(skip_locked=True, of=Delivery)
