"""Deliveries leave here: claim what is due, call its handler, stamp the result.

The database holds the one truth about attempts (FACTS 27). A stamp counts only while the claim still stands, so a worker
that was believed dead changes nothing when it comes back. No transaction is open while a handler calls the outside.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog
from sqlmodel import Session, col, func, select
from structlog.contextvars import bound_contextvars

from integrations.failures import Configuration, Failure, NotAsked, Passing, Unclear
from models.database import now, reading, transaction
from models.delivery import Delivery, DeliveryState, LeaseLost, claim, give_up, held, postpone, put_off, renew, settle, still_held, succeed
from models.invitation import expire_due
from models.settings import settings
from worker.consumers import consumer_of
from worker.decide import carry_out_due, seconds_to_decision
from worker.logs import where
from worker.outcome import Done, Needless
from worker.outcome import stopping as stopping

#: How many deliveries one drain has in the air: their time goes into waiting for others (FACTS 85).
AT_ONCE = 100
WORKER = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"

log = structlog.get_logger()
_drains: set[threading.Event] = set()


def sweep() -> int:
    """What no nudge announced: expire invitations, carry decisions out, then drain. Answers how many deliveries were tried."""
    with transaction() as session:
        expire_due(session)
    carry_out_due()
    return drain()


def drain(seconds: float = 20) -> int:
    """Try everything that is due, at most AT_ONCE at a time, until nothing is left, the time is up or the worker stops.

    Answers how many deliveries were tried. What is in the air at the end of the time is waited for.
    """
    until, tried = time.monotonic() + seconds, 0
    flights: dict[Future[Landed | None], Flight] = {}
    with _counted(), ThreadPoolExecutor(AT_ONCE, thread_name_prefix="delivery") as pool:
        while True:
            if not stopping.is_set() and time.monotonic() < until:
                flights |= {pool.submit(_deliver, one): Flight(one) for one in _claimed(AT_ONCE - len(flights))}
            if not flights:
                return tried
            landed = wait(flights, timeout=1, return_when=FIRST_COMPLETED).done
            tried += len(landed)
            flights = {future: flight for future, flight in flights.items() if future not in landed}
            _stamp_all([one for one in (future.result() for future in landed) if one])
            _renew(flights.values())


def finish(seconds: float) -> bool:
    """After `stopping` is set: wait for what this process has in the air; whether all of it landed in time."""
    until = time.monotonic() + seconds
    return all(over.wait(max(0.0, until - time.monotonic())) for over in list(_drains))


def seconds_to_next() -> float | None:
    """When the next delivery becomes due or free to take over, or a decision takes effect, in seconds; None if nothing is to come."""
    waiting = select(func.min(Delivery.due_at)).where(Delivery.state == DeliveryState.WAITING, col(Delivery.due_at) > now())
    running = select(func.min(Delivery.lease_until)).where(Delivery.state == DeliveryState.RUNNING, col(Delivery.lease_until) > now())
    with reading() as session:
        moments = [moment for moment in (session.exec(waiting).one(), session.exec(running).one()) if moment]
        decision = seconds_to_decision(session)
    waits = [max(0.0, (moment - now()).total_seconds()) for moment in moments] + ([] if decision is None else [decision])
    return min(waits, default=None)


class Flight:
    """A claimed delivery and when its lease was last renewed."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.renewed = time.monotonic()


@dataclass(frozen=True)
class Landed:
    """A delivery whose handler has answered, and what is to be written of it."""

    delivery: Delivery
    outcome: Done | Exception


def _claimed(limit: int) -> list[Delivery]:
    """Up to so many more; none while the database is away, since those in the air must not be forgotten for it."""
    if limit <= 0:
        return []
    try:
        with transaction() as session:
            return claim(session, WORKER, limit=limit, lease=_lease())
    except Exception as error:
        log.error("not claimed", **where(error))
        return []


@contextmanager
def _counted() -> Iterator[None]:
    """A drain that runs. It is counted before it looks at `stopping`, so that none claims unseen while the process ends."""
    over = threading.Event()
    _drains.add(over)
    try:
        yield
    finally:
        over.set()
        _drains.discard(over)


def _renew(flights: Iterable[Flight]) -> None:
    """A handler may take long, with all its time limits: its lease is kept as long as this process lives."""
    for flight in flights:
        if time.monotonic() - flight.renewed > settings().delivery_lease_seconds / 3:
            _stamp(flight.delivery, lambda session, delivery: renew(session, delivery, _lease()))
            flight.renewed = time.monotonic()


def _deliver(delivery: Delivery) -> Landed | None:
    """Call the handler. None if nothing is left to stamp: what has more to write with it is stamped here, since it may wait for locks."""
    with bound_contextvars(request_id=delivery.request_id):  # all that is logged of it, and what it causes, is found by the request's id
        outcome = _attempted(delivery)
        became = type(outcome).__name__.lower()
        log.info("delivery", delivery=delivery.id, target=delivery.target, attempt=delivery.attempts, outcome=became)
        if isinstance(outcome, LeaseLost):
            return None
        if isinstance(outcome, Done) and outcome.also is not None:
            _stamp(delivery, partial(_write, outcome=outcome))
            return None
        return Landed(delivery, outcome)


def _attempted(delivery: Delivery) -> Done | Exception:
    try:
        return consumer_of(delivery.target)(delivery)
    except (Failure, Needless, LeaseLost) as expected:
        return expected
    except Exception as error:  # a bug of ours must not stop the others
        log.error("unexpected", delivery=delivery.id, target=delivery.target, **where(error))
        return error


def _stamp_all(landed: Sequence[Landed]) -> None:
    """One commit for all that landed together; where that fails, one for each, so that none is lost for another."""
    if not landed:
        return
    try:
        with transaction() as session:
            still = still_held(session, [one.delivery for one in landed])
            for one in landed:
                if found := still.get(one.delivery.id):
                    _write(session, found, one.outcome)
                else:
                    _lost(one.delivery)
    except Exception as error:
        log.warning("not stamped together", deliveries=len(landed), **where(error))
        for one in landed:
            _stamp(one.delivery, partial(_write, outcome=one.outcome))


def _stamp(delivery: Delivery, write: Callable[[Session, Delivery], None]) -> None:
    try:
        with transaction() as session:
            write(session, held(session, delivery))
    except LeaseLost:
        _lost(delivery)
    except Exception as error:  # the database is away: the lease runs out, and somebody takes over
        log.error("not stamped", delivery=delivery.id, target=delivery.target, **where(error))


def _lost(delivery: Delivery) -> None:
    log.warning("lease lost", delivery=delivery.id, target=delivery.target)


def _write(session: Session, delivery: Delivery, outcome: Done | Exception) -> None:
    match outcome:
        case Done():
            if outcome.also is not None:
                # The invitation first, as the portal has it: a trigger of 0009 locks its entry when the delivery is written.
                outcome.also(session)
                session.flush()
            succeed(session, delivery, outcome.external_id)
        case Needless():
            settle(session, delivery, outcome.reason)
        case NotAsked():
            put_off(session, delivery, outcome.reason, outcome.retry_after or 0)
        case Passing():
            postpone(session, delivery, outcome.reason, outcome.retry_after)
        case Failure():
            give_up(session, delivery, _sort(outcome), outcome.reason)
        case _:
            _puzzled(session, delivery, outcome)


def _sort(failure: Failure) -> str:
    match failure:
        case Configuration():
            return "configuration"
        case Unclear():
            return "unclear"
        case _:
            return "permanent"


def _puzzled(session: Session, delivery: Delivery, error: Exception) -> None:
    """A bug of ours: worth another try, unless a mail may have left already (FACTS 13)."""
    reason = f"Something unexpected went wrong ({type(error).__name__})."
    if delivery.begun_at is None:
        return postpone(session, delivery, reason)
    return give_up(session, delivery, "unclear", f"{reason} The mail may have been sent: ask the recipient before you retry.")


def _lease() -> timedelta:
    return timedelta(seconds=settings().delivery_lease_seconds)
