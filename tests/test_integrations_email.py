"""Mail by SMTP and by Graph."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests

from integrations.email import Email, send
from integrations.failures import Configuration, Passing, Permanent, Unclear
from tests.parts import Graph, Mailbox, environment_of

pytestmark = pytest.mark.usefixtures("mailbox")


def an_email() -> Email:
    return Email(
        to="helen.marsh@brightfield.example", subject="You are invited – Grüße", text="Open http://127.0.0.1:8080/apply?code=C1D94680.\n",
        html='<p>Open <a href="http://127.0.0.1:8080/apply?code=C1D94680">the form</a><script>alert(1)</script></p>',
        message_id=f"<{uuid.uuid4()}@saber.example>", reply_to="operations@saber.example",
    )


def test_a_mail_arrives_with_both_texts_and_the_callers_message_id(mailbox: Mailbox) -> None:
    email = an_email()
    send(email)
    (found,) = mailbox.mails()
    assert (found["To"], found["Subject"], found["Message-ID"]) == (email.to, email.subject, email.message_id)
    assert found["From"] == "Saber Renewable Energy <partners@saber.example>"
    assert abs(found["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=1)
    assert found["Reply-To"] == "operations@saber.example"
    assert mailbox.text(found) == email.text


def test_the_inbox_shows_mails_newest_first_with_links_and_runs_nothing(mailbox: Mailbox) -> None:
    send(an_email())
    send(replace(an_email(), subject="The second"))
    index = requests.get(mailbox.url, timeout=5).text
    assert index.index("The second") < index.index("You are invited")
    key = requests.get(f"{mailbox.url}/messages.json", timeout=5).json()[1]["key"]
    page = requests.get(f"{mailbox.url}/{key}", timeout=5).text
    assert '<a href="http://127.0.0.1:8080/apply?code=C1D94680">' in page
    assert "iframe" in page
    assert " sandbox " in page
    assert "<script" not in page


@pytest.mark.parametrize("field", ["to", "subject", "message_id", "reply_to"])
@pytest.mark.parametrize("break_", ["\r\nBcc: everyone@elsewhere.example", "\nBcc: x@elsewhere.example", "\rBcc: x@elsewhere.example"])
def test_a_line_break_in_a_header_is_refused_and_nothing_is_sent(mailbox: Mailbox, field: str, break_: str) -> None:
    email = an_email()
    with pytest.raises(Permanent, match="line break"):
        send(replace(email, **{field: getattr(email, field) + break_}))
    assert mailbox.mails() == []


def test_a_busy_server_is_a_passing_failure_and_an_unknown_recipient_is_not(mailbox: Mailbox) -> None:
    for status, failure in ((451, Passing), (550, Permanent)):
        for method in ("RCPT", "DATA"):
            mailbox.misbehave(status, method=method)
            with pytest.raises(failure, match=str(status)):
                send(an_email())
    assert mailbox.mails() == []
    send(an_email())
    assert len(mailbox.mails()) == 1


def test_a_wrong_password_is_for_the_operator(mailbox: Mailbox) -> None:
    with environment_of({"SMTP_PASSWORD": "wrong"}), pytest.raises(Configuration, match="user or password"):
        send(an_email())
    with environment_of({"SMTP_USER": ""}), pytest.raises(Configuration, match="sign-in"):
        send(an_email())
    assert mailbox.mails() == []


def test_a_server_without_the_encryption_that_is_asked_for_gets_no_mail(mailbox: Mailbox) -> None:
    with environment_of({"SMTP_SECURITY": "starttls"}), pytest.raises(Configuration, match="encryption"):
        send(an_email())
    assert mailbox.mails() == []


def test_a_server_that_is_away_or_slow_is_a_passing_failure(mailbox: Mailbox) -> None:
    with environment_of({"SMTP_PORT": "9"}), pytest.raises(Passing, match="could not be reached"):
        send(an_email())
    mailbox.misbehave(451, method="RCPT", delay=2)
    with environment_of({"CALL_TIMEOUT_SECONDS": "0.5"}), pytest.raises(Passing):
        send(an_email())


def test_a_connection_that_is_lost_while_the_mail_is_handed_over_is_for_a_person_to_look_at(mailbox: Mailbox) -> None:
    mailbox.misbehave(250, method="DATA", delay=2, after=True)
    with environment_of({"CALL_TIMEOUT_SECONDS": "0.5"}), pytest.raises(Unclear, match="may have been sent"):
        send(an_email())


def test_graph_sends_from_the_mailbox_of_the_settings(mailbox: Mailbox, graph: Graph) -> None:
    email = an_email()
    with environment_of({"MAIL_TRANSPORT": "graph"}):
        send(email)
    (found,) = mailbox.mails()
    assert (found["From"], found["To"]) == ("partners@saber.example", email.to)
    assert (found["Subject"], found["Message-ID"]) == (email.subject, email.message_id)


def test_busy_graph_mail_is_a_passing_failure(mailbox: Mailbox, graph: Graph) -> None:
    graph.misbehave(429, path="sendMail", retry_after=3)
    with environment_of({"MAIL_TRANSPORT": "graph"}), pytest.raises(Passing) as caught:
        send(an_email())
    assert caught.value.retry_after == 3
    assert mailbox.mails() == []
