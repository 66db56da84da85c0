"""Operations are told by mail what of the deliveries needs a person: once a morning, at once when a setting fails, and else never."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlmodel import select

from models.database import now, transaction
from models.delivery import Delivery, give_up
from models.event import Event
from models.pausing import pause, resume
from models.person import Role
from models.schedule import Lease
from tests.desk import applied, person
from tests.partners import deliveries, events
from tests.parts import Graph, Mailbox, environment_of
from worker.deliver import drain
from worker.digest import tell_operations

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def fails(reference: str, target: str, failure: str, reason: str, returned: bool = False) -> None:
    """The newest delivery to this target has failed."""
    with transaction() as session:
        one = session.exec(select(Delivery).where(Delivery.target == target).order_by(Delivery.id.desc())).first()  # type: ignore[union-attr]
        assert one is not None, reference
        give_up(session, one, failure, reason)
        one.returned_at = now() if returned else None


def all_done() -> None:
    """Nothing is open or failed any more."""
    with transaction() as session:
        for one in session.exec(select(Delivery)):
            one.state = "done"


def told(mailbox: Mailbox) -> list[str]:
    """The texts of the mails about deliveries, newest first."""
    return [mailbox.text(mail) for mail in mailbox.mails() if str(mail["Subject"]).startswith("Deliveries that need somebody")]


def an_hour_later() -> None:
    """Leases, failures and the mails that were asked for are an hour older."""
    with transaction() as session:
        for lease in session.exec(select(Lease)):
            lease.until -= timedelta(hours=1)
        for event in session.exec(select(Event).where(Event.type == "delivery.digest")):
            event.at -= timedelta(hours=1)
        for delivery in session.exec(select(Delivery)):
            delivery.failed_at = delivery.failed_at and delivery.failed_at - timedelta(hours=1)


@pytest.fixture
def morning(database: str, mailbox: Mailbox, graph: Graph) -> object:
    """It is past the hour of the day's mail."""
    with environment_of({"DATABASE_URL": database, "DIGEST_HOUR": "0"}):
        yield


def test_the_mail_of_the_morning_names_each_thing_with_its_reason_and_a_link(morning: object, mailbox: Mailbox) -> None:
    one, two, three = applied("One Ltd"), applied("Two Ltd"), applied("Three Ltd")
    all_done()
    for reference in (one, two, three):
        fails(reference, "sharepoint.application", "permanent", "SharePoint does not know the list.")
    with transaction() as session:  # each of the three
        for delivery in session.exec(select(Delivery).where(Delivery.target == "sharepoint.application")):
            give_up(session, delivery, "permanent", "SharePoint does not know the list.")
    fails(three, "email.received", "permanent", "The mail to ada@example.co.uk came back. 550 No such mailbox", returned=True)
    with transaction() as session:
        pause(session, person(Role.OPERATIONS), "sharepoint.documents", "The library is being moved.")
    assert [tell_operations(worker) for worker in ("one", "two", "one")] == [True, False, False]
    drain()
    (text,) = told(mailbox)
    assert "SharePoint: application (3): SharePoint does not know the list." in text and f"One Ltd ({one}), Two Ltd ({two}), Three Ltd ({three})" in text
    assert "Emails that came back\n\n- Email: application received (1): The mail to ada@example.co.uk came back. 550 No such mailbox" in text
    assert "SharePoint: documents: The library is being moved.\n  Operations Person, " in text
    assert "/deliveries?status=failed&target=sharepoint.application" in text
    assert {str(mail["To"]) for mail in mailbox.mails()} == {"operations@saber.example"}


def test_no_mail_leaves_when_all_is_well_or_has_become_well_meanwhile(morning: object, mailbox: Mailbox) -> None:
    operator = person(Role.OPERATIONS)
    assert tell_operations("one") is False and deliveries("email.digest") == []
    an_hour_later()
    with transaction() as session:
        session.exec(select(Lease)).one().until = now()
        pause(session, operator, "sharepoint", "The site is being moved.")
    assert tell_operations("one") is True
    with transaction() as session:
        resume(session, operator, "sharepoint")
    drain()
    assert [one.state for one in deliveries("email.digest")] == ["settled"] and told(mailbox) == []


def test_of_several_workers_at_the_same_moment_one_asks(morning: object, mailbox: Mailbox) -> None:
    with transaction() as session:
        pause(session, person(Role.OPERATIONS), "sharepoint", "The site is being moved.")
    start, answers = threading.Barrier(4), list[bool]()

    def work(name: str) -> None:
        start.wait()
        answers.append(tell_operations(name))

    workers = [threading.Thread(target=work, args=(f"worker {number}",)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(answers) == [False, False, False, True] and len(deliveries("email.digest")) == 1


def test_a_failure_of_configuration_is_told_at_once_and_the_next_ones_after_an_hour(database: str, mailbox: Mailbox, graph: Graph) -> None:
    with environment_of({"DATABASE_URL": database, "DIGEST_HOUR": "24"}):
        reference = applied("One Ltd")
        all_done()
        fails(reference, "email.received", "permanent", "The address is wrong.")
        assert tell_operations("one") is False, "it can wait for the morning"
        fails(reference, "sharepoint.application", "configuration", "SharePoint refuses us.")
        assert [tell_operations(worker) for worker in ("one", "two")] == [True, False]
        an_hour_later()
        assert tell_operations("one") is False, "what was told is not told again at once"
        fails(reference, "sharepoint.documents", "configuration", "SharePoint refuses us again.")
        assert tell_operations("one") is True
        fails(reference, "sharepoint.invitation", "configuration", "SharePoint refuses us a third time.")
        assert tell_operations("one") is False, "no oftener than once an hour"
        an_hour_later()
        assert tell_operations("two") is True
        assert [event.detail["why"] for event in events("delivery.digest")] == ["configuration"] * 3
        drain()
    (text,) = told(mailbox)
    assert "SharePoint refuses us a third time." in text, "the first ones were not sent, since the last says it all"
    assert [one.state for one in deliveries("email.digest")] == ["settled", "settled", "done"]


@on_sqlite
def test_a_mail_of_its_own_that_fails_is_no_reason_for_another(database: str, mailbox: Mailbox, graph: Graph) -> None:
    with environment_of({"DATABASE_URL": database, "DIGEST_HOUR": "24"}):
        fails(applied(), "sharepoint.application", "configuration", "SharePoint refuses us.")
        assert tell_operations("one") is True
        fails("", "email.digest", "configuration", "The mail server refuses the password.")
        an_hour_later()
        assert tell_operations("one") is False
