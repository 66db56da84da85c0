"""Every handler, killed after each of its steps, and what is there when other workers have taken over.

For each step there is a delivery of its own, so that each is one honest run: it dies there, its lease runs out, and somebody goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache

import sqlalchemy as sa
from sqlmodel import col, func, select

from models.application import Application, submit
from models.database import now, reading, transaction
from models.delivery import OPEN, Delivery, DeliveryState
from models.event import record
from models.note import add_note
from models.person import PORTAL, Role
from tests.desk import person
from tests.faults.steps import Warm
from tests.papers import large_pdf
from tests.partners import at_full_pace, begun, deliveries, invited, stored_in, submitted
from tests.sample_form import COMPLETE, wanted_documents
from worker.deliver import drain

ROUNDS = 60
Make = Callable[[int], None]


def die_at_each_step(warm: Warm, target: str, make: Make, every: int = 1) -> int:
    """Kill a worker after each step of the handler of `target` (or after each so-manieth), and let others finish what it left.

    `make(many)` leads to so many deliveries to the target. Answers how many steps the handler has.
    """
    steps = 0
    for number in _prepared(target, make, 2):  # the first looks up what the second knows
        _let_go(number)
        steps = warm.work() - 1  # the last is the look for more, which finds nothing
    dying = range(1, steps + 1, every)
    for at, number in zip(dying, _prepared(target, make, len(dying)), strict=True):
        _let_go(number)
        warm.work(at)
    all_arrives()
    return steps


def all_arrives() -> None:
    """Leases run out, waits pass, and workers go on until nothing is left to do."""
    for _ in range(ROUNDS):
        at_full_pace()
        with transaction() as session:
            session.exec(sa.update(Delivery).where(_is(DeliveryState.WAITING)).values(due_at=now()))
            session.exec(sa.update(Delivery).where(_is(DeliveryState.RUNNING)).values(lease_until=now() - timedelta(seconds=1)))
        drain()
        if not _open():
            return
    raise AssertionError(f"{_open()} deliveries are left after {ROUNDS} rounds")


def _prepared(target: str, make: Make, many: int) -> list[int]:
    """The ids of so many new deliveries to the target, each in a lane of its own and none due; whatever came before them has arrived."""
    before = max((one.id or 0 for one in deliveries(target)), default=0)
    make(many)
    _put_off(target)
    while drain():
        pass
    with transaction() as session:
        mine = sa.and_(col(Delivery.target) == target, col(Delivery.id) > before, _is(DeliveryState.WAITING))
        if target.startswith("email."):  # one application has many: those that a dead worker left must not keep the others waiting
            session.exec(sa.update(Delivery).where(mine).values(lane=col(Delivery.lane) + sa.literal("-") + sa.cast(col(Delivery.id), sa.String)))
        ids = list(session.exec(select(Delivery.id).where(mine).order_by(col(Delivery.id))))
    _put_off("%")
    assert len(ids) == many, (target, ids)
    return [one for one in ids if one]


def _put_off(target: str) -> None:
    with transaction() as session:
        waiting = sa.and_(_is(DeliveryState.WAITING), col(Delivery.target).like(target))
        session.exec(sa.update(Delivery).where(waiting).values(due_at=now() + timedelta(hours=1)))


def _let_go(number: int) -> None:
    with transaction() as session:
        session.exec(sa.update(Delivery).where(col(Delivery.id) == number).values(due_at=now()))


def _is(state: DeliveryState) -> sa.ColumnElement[bool]:
    return col(Delivery.state) == state


def _open() -> int:
    with reading() as session:
        return session.exec(select(func.count()).select_from(Delivery).where(col(Delivery.state).in_(OPEN))).one()


# What leads to a delivery of each kind

def _invitations(many: int) -> None:
    for number in range(many):
        invited(f"partner{number}@example.co.uk")


def _applications(many: int) -> None:
    for _ in range(many):
        submitted(())


def _noted(many: int) -> None:
    """Applications that are listed already, and change."""
    rosa, made = person(Role.REVIEWER), [submitted(()) for _ in range(many)]
    while drain():
        pass
    with transaction() as session:
        for application in made:
            add_note(session, rosa, session.get_one(Application, application.id), "Spoke to the insurer")


def _with_documents(many: int) -> None:
    for _ in range(many):
        submitted(("public_liability_certificate",))


def _with_a_large_one(many: int) -> None:
    """Through an upload session, in two pieces."""
    for _ in range(many):
        application = begun(())
        stored_in(application, "public_liability_certificate", content=_large())
        with transaction() as session:
            submit(session, session.get_one(Application, application.id), COMPLETE, wanted_documents())


@cache
def _large() -> bytes:
    return large_pdf(6)


def _mails(kind: str, **detail: object) -> Make:
    """So many events of a kind, of one application that has been submitted."""

    def make(many: int) -> None:
        application = submitted(())
        with transaction() as session:
            for _ in range(many):
                record(session, kind, PORTAL, application_id=application.id, **detail)

    return make


#: What is killed: a name → the target, and what leads to it.
HANDLERS: Mapping[str, tuple[str, Make]] = {
    "a new invitation in the list": ("sharepoint.invitation", _invitations),
    "a new application in the list": ("sharepoint.application", _applications),
    "a changed application in the list": ("sharepoint.application", _noted),
    "documents in the library": ("sharepoint.documents", _with_documents),
    "a large document in an upload session": ("sharepoint.documents", _with_a_large_one),
    "the invitation's mail": ("email.invitation", _invitations),
    "the mail that it has arrived": ("email.received", _applications),
    "the mail to operations": ("email.operations", _applications),
    "the mail of an approval": ("email.approved", _mails("application.approved")),
    "the mail of a rejection": ("email.rejected", _mails("application.rejected", message="The cover is too low for our projects.")),
    "the mail of a note": ("email.note", _mails("application.told", text="Your application is with our reviewer.")),
    "the mail of a withdrawal": ("email.withdrawn", _mails("application.withdrawn", reason="We have no capacity.")),
    "the withdrawal's mail to operations": ("email.withdrawn_office", _mails("application.withdrawn", reason="We have no capacity.")),
}
