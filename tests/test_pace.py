"""Mails leave no faster than the sender's mailbox lets them, whichever worker sends them; codes that somebody waits for go before."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlmodel import col, select

from models import pace
from models.database import now, transaction
from models.delivery import Delivery, claim
from models.event import record
from models.person import PORTAL
from tests.partners import begun, deliveries, invited
from tests.parts import Graph, Mailbox, environment_of
from worker.deliver import drain


def claimed(worker: str = "worker") -> list[str]:
    with transaction() as session:
        return [one.target for one in claim(session, worker, limit=16, lease=timedelta(minutes=1))]


def a_minute_later() -> None:
    with transaction() as session:
        for delivery in session.exec(select(Delivery).where(col(Delivery.begun_at).is_not(None))):
            delivery.begun_at = (delivery.begun_at or now()) - timedelta(minutes=1)


def test_no_more_mails_leave_in_a_minute_than_the_setting_says_and_nothing_else_waits(
    database: str, graph: Graph, mailbox: Mailbox
) -> None:
    with environment_of({"DATABASE_URL": database, "MAIL_PER_MINUTE": "5"}):
        for number in range(8):
            invited(f"partner{number}@example.co.uk")
        drain()
        assert len(mailbox.mails()) == 4, "a fifth is kept for codes that somebody waits for"
        assert {one.state for one in deliveries("sharepoint.invitation")} == {"done"}
        assert {(one.state, one.attempts) for one in deliveries("email.invitation")} == {("done", 1), ("waiting", 0)}
        drain()
        assert len(mailbox.mails()) == 4
        a_minute_later()
        drain()
    assert len(mailbox.mails()) == 8 and {one.state for one in deliveries("email.invitation")} == {"done"}


def test_a_code_that_somebody_waits_for_leaves_although_the_others_must_wait(database: str) -> None:
    with environment_of({"DATABASE_URL": database, "MAIL_PER_MINUTE": "5"}):
        application = begun(())
        for number in range(8):
            invited(f"partner{number}@example.co.uk")
        first = claimed()
        assert first.count("email.invitation") == 4
        with transaction() as session:
            record(session, "application.device_asked", PORTAL, application_id=application.id)
            record(session, "application.confirmation_asked", PORTAL, application_id=application.id)
        assert [target for target in claimed() if target.startswith("email.")] == ["email.device"], "one is left"


def test_workers_at_the_same_moment_share_the_minute(database: str) -> None:
    with environment_of({"DATABASE_URL": database, "MAIL_PER_MINUTE": "10"}):
        for number in range(20):
            invited(f"partner{number}@example.co.uk")
        start, taken = threading.Barrier(4), list[str]()

        def work(name: str) -> None:
            start.wait()
            for _ in range(3):
                taken.extend(claimed(name))

        workers = [threading.Thread(target=work, args=(f"worker {number}",)) for number in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert taken.count("email.invitation") == 8


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_graph_takes_so_many_recipients_a_day(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "GRAPH_A_DAY", 3)  # ten thousand rows would prove no more
    with environment_of({"DATABASE_URL": database, "MAIL_TRANSPORT": "graph", "MAIL_PER_MINUTE": "0"}):
        for number in range(5):
            invited(f"partner{number}@example.co.uk")
        with transaction() as session:
            first = session.exec(select(Delivery).where(Delivery.target == "email.invitation")).first()
            assert first is not None
            first.begun_at, first.state = now() - timedelta(hours=23), "done"
        assert claimed().count("email.invitation") == 2
        with transaction() as session:
            for delivery in session.exec(select(Delivery).where(Delivery.target == "email.invitation", Delivery.state != "waiting")):
                delivery.state, delivery.begun_at = "done", now() - timedelta(hours=25)
        assert claimed().count("email.invitation") == 2, "the last two, since those before are of another day"


def test_the_mails_of_a_worker_that_died_do_not_keep_themselves_back(database: str) -> None:
    with environment_of({"DATABASE_URL": database, "MAIL_PER_MINUTE": "10"}):
        for number in range(12):
            invited(f"partner{number}@example.co.uk")
        assert claimed("dead").count("email.invitation") == 8
        with transaction() as session:
            for delivery in session.exec(select(Delivery).where(Delivery.state == "running")):
                delivery.lease_until = now() - timedelta(hours=1)
        assert claimed("alive").count("email.invitation") == 8
