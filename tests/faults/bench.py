"""`python3 dev.py bench faults [applications] [seed] [databases]`: everything outside misbehaves, and nothing is lost or done twice.

The product's own workers, the local Graph, the mail server, the object store and Redis are processes. When the storm is over and all is
delivered, both sides are compared: zero differences that nobody can explain, or it ends with 1. Then each handler is killed at each step.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random

import sqlalchemy as sa
from sqlmodel import col, func, select

from models.database import now, reading
from models.delivery import OPEN, Delivery, DeliveryState
from models.followed_list import FollowedList
from models.outbox import retry_all
from models.person import Role
from tests.api import serving
from tests.desk import person
from tests.faults.differences import Told, differences
from tests.faults.killed import HANDLERS, die_at_each_step
from tests.faults.partners import Partners, again
from tests.faults.proxy import Proxy
from tests.faults.steps import Warm
from tests.faults.storm import Storm
from tests.faults.workers import Workers
from tests.partners import at_full_pace
from tests.parts import Graph, Local, Mailbox, environment_of, eventually, local_parts
from tests.performance.queue import database
from worker.reconcile import Found, reconcile

WAIT = 1.0  # seconds: no delivery waits longer for its next attempt, as if time went faster


def main(applications: str = "1000", seed: str = "20261123", databases: str = "sqlite,postgresql") -> None:
    """Print what was done to it and what came of it, on each database."""
    unexplained = 0
    for name in databases.split(","):
        with local_parts() as local, environment_of(local.environment):  # parts of their own, so that nothing else stands there
            for part in ("redis", "graph", "mailbox"):
                local.part(part)
            _ = local.s3, local.lists
            with database(local, name):
                told = storm(local, int(applications), int(seed), f"{name}: ")
                unexplained += len(told.unexplained)
                killed(local)
                print("\n".join([f"{name}: and after each handler was killed at each of its steps", *differences(local).lines()]), flush=True)
                unexplained += len(differences(local).unexplained)
    if unexplained:
        raise SystemExit(1)


def storm(local: Local, applications: int, seed: int, name: str = "", pause: float = 0.3, alone: bool = True) -> Told:
    """So many applications under faults, until all is delivered; what stands there then."""
    graph, mailbox = Graph(local.outside.at("graph")), Mailbox(local.outside.at("mailbox"), local.outside.maildir)
    began = time.monotonic()
    with ExitStack() as stack:
        client = stack.enter_context(serving())
        store, mail = Proxy(local.outside.ports["s3"]), Proxy(local.outside.ports["smtp"])
        stack.callback(lambda: (store.end(), mail.end()))
        here = {"PORTAL_URL": str(client.base_url).rstrip("/"), "GRAPH_NOTIFICATION_SECRET": local.outside.secrets["notification"]}
        stack.enter_context(environment_of(here))
        away = {"S3_ENDPOINT": f"http://127.0.0.1:{store.port}", "SMTP_PORT": str(mail.port)}
        workers = Workers({**local.environment, **here, **away})
        stack.callback(workers.end)
        eventually(_lists_were_read, 60)
        partners = Partners(applications, Random(seed), client, graph)
        wind = Storm(local, graph, mailbox, workers, partners, store, mail, Random(seed), pause)
        with _operating(), _blowing(wind):
            partners.live()
            wind.over.set()
        under = time.monotonic() - began
        _calmed(wind)
        found = _put_right(wind)
        told = differences(local, alone)
    told.unexplained += [f"the bench itself: {one}" for one in wind.failed]
    _print(name, wind, told, found, under, time.monotonic() - began)
    return told


def killed(local: Local) -> None:
    """Each handler killed at each of its steps."""
    at_full_pace()
    warm = Warm(local.environment)
    try:
        for kind, (target, make) in HANDLERS.items():
            print(f"  killed at each step: {kind}, {die_at_each_step(warm, target, make)} steps", flush=True)
    finally:
        warm.end()


@contextmanager
def _blowing(wind: Storm) -> Iterator[None]:
    thread = threading.Thread(target=wind.blow, name="storm")
    thread.start()
    try:
        yield
    finally:
        wind.over.set()
        thread.join()


@contextmanager
def _operating() -> Iterator[None]:
    """Time goes faster, and an operator who has mended the list has everything of SharePoint's tried again."""
    over = threading.Event()
    thread = threading.Thread(target=_operate, args=(over,), name="operator")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _operate(over: threading.Event) -> None:
    olivia = person(Role.OPERATIONS)
    while not over.wait(WAIT):
        again(lambda session: session.exec(_sooner()))
        if _mended():
            again(lambda session: [retry_all(session, olivia, target) for target in _targets()])


def _calmed(wind: Storm) -> None:
    """Everything is well again, and what waits is delivered."""
    wind.unmet += wind.calm()
    with _operating():
        eventually(lambda: not (_open() or _mended()), 1800)


def _put_right(wind: Storm) -> Found:
    """The nightly comparison makes again what people deleted; what it finds when that is delivered."""
    reconcile()
    _calmed(wind)
    return reconcile(dry_run=True)


def _sooner() -> sa.Update:
    late = sa.and_(col(Delivery.state) == DeliveryState.WAITING, col(Delivery.due_at) > now())
    return sa.update(Delivery).where(late).values(due_at=now())


def _mended() -> list[int | None]:
    """What failed for want of a setting, as /deliveries shows it."""
    with reading() as session:
        return list(session.exec(select(Delivery.id).where(Delivery.state == "failed", Delivery.failure == "configuration")))


def _targets() -> tuple[str, ...]:
    return ("sharepoint.invitation", "sharepoint.application", "sharepoint.documents")


def _lists_were_read() -> bool:
    """What is made in the list from now on is new, and gets its mail."""
    with reading() as session:
        return len(session.exec(select(FollowedList).where(col(FollowedList.read_at).is_not(None))).all()) == 2


def _open() -> int:
    with reading() as session:
        return session.exec(select(func.count()).select_from(Delivery).where(col(Delivery.state).in_(OPEN))).one()


def _print(name: str, wind: Storm, told: Told, found: Found, under: float, all_of_it: float) -> None:
    sent, chance = len(wind.partners.sent), f"{under:.0f} s under faults, {all_of_it - under:.0f} s until all was there"
    print(f"{name}{sent:,} applications, {_count():,} deliveries, {wind.partners.webhooks} webhooks, {chance}")
    for kind, count in sorted(wind.done.items(), key=lambda one: -one[1]):
        print(f"  fault: {count:,} × {kind}")
    print(f"  of these {wind.unmet:,} met nobody before it was over")
    for words, count in wind.workers.said.most_common(12):
        print(f"  the workers' log: {count:,} × {words.splitlines()[0][:160]}")
    print(f"  the nightly comparison then: {'; '.join(found.lines(dry_run=True))}")
    print("\n".join(told.lines()), flush=True)


def _count() -> int:
    with reading() as session:
        return session.exec(select(func.count()).select_from(Delivery)).one()
