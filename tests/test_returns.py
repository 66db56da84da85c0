"""Mails that came back are found in the sender's own mailbox; what people wrote there is left to people."""

from __future__ import annotations

import mailbox as maildirs
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.database import now, transaction
from models.delivery import Delivery
from models.person import Role
from models.schedule import Lease
from tests.desk import token
from tests.pages import browser
from tests.partners import deliveries, events, invited
from tests.parts import Graph, Local, Mailbox, environment_of
from tests.test_returned import POSTFIX
from worker.deliver import drain
from worker.returns import look_for_returns

ANSWER = "From: helen.marsh@brightfieldsolar.co.uk\nTo: partners@saber.example\nSubject: Re: Your invitation\n\nThank you."
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def inbox(database: str, local: Local, graph: Graph, mailbox: Mailbox) -> Iterator[maildirs.Maildir]:
    folder: Path = local.outside.maildir.parent / "inbox"
    found = maildirs.Maildir(folder, create=True)
    found.clear()
    with environment_of({"DATABASE_URL": database, "MAIL_RETURNS_MINUTES": "5"}):
        yield found


def sent() -> Delivery:
    invited()
    drain()
    return deliveries("email.invitation")[0]


def again() -> bool:
    """Look, though it is not time yet."""
    with transaction() as session:
        if lease := session.get(Lease, "returned mail"):
            lease.until = now()
    return look_for_returns()


def unread(inbox: maildirs.Maildir) -> set[str]:
    return {key for key in inbox.iterkeys() if "S" not in inbox.get_message(key).get_flags()}


def test_a_report_in_the_mailbox_fails_its_mail_once_and_is_read_then(inbox: maildirs.Maildir) -> None:
    mail = sent()
    inbox.add(POSTFIX.format(mail.external_id).encode())
    person, strange = inbox.add(ANSWER.encode()), inbox.add(POSTFIX.format("<newsletter.1@saber.example>").encode())
    more = [inbox.add(ANSWER.encode()) for _ in range(12)]  # more than a page
    assert look_for_returns() is True and look_for_returns() is False, "not again before it is time"
    failed = deliveries("email.invitation")[0]
    assert failed.returned_at is not None and (failed.state, failed.failure) == ("failed", "permanent")
    assert "User unknown" in (failed.last_error or "")
    assert unread(inbox) == {person, strange, *more}, "what is no report about a mail of ours stays for people"
    assert again() is True and len(events("delivery.returned")) == 1


@on_sqlite
def test_a_mailbox_that_refuses_us_is_said_once_at_the_deliveries_until_it_can_be_read(inbox: maildirs.Maildir, graph: Graph) -> None:
    graph.misbehave(403, times=2, path="mailFolders")
    assert again() is True and again() is True
    (event,) = events("delivery.returns_unread")
    assert "refuses us" in event.detail["reason"]
    operator = browser(token(Role.OPERATIONS))
    assert "The mailbox with returned mail cannot be read" in operator.get("/deliveries").text
    assert again() is True and len(events("delivery.returns_read")) == 1
    assert "The mailbox with returned mail cannot be read" not in operator.get("/deliveries").text


@on_sqlite
def test_nobody_looks_unless_the_settings_say_so(inbox: maildirs.Maildir, database: str) -> None:
    inbox.add(POSTFIX.format(sent().external_id).encode())
    with environment_of({"DATABASE_URL": database, "MAIL_RETURNS_MINUTES": "0"}):
        assert look_for_returns() is False
    assert len(unread(inbox)) == 1
