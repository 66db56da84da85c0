"""Mails that come back: told in words or by the server's own report, once, and everything at the desk says so."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from integrations.returned import NoReport, read_report
from models.database import reading, transaction
from models.delivery import Delivery, DeliveryState, begin_sending, retry, settle, succeed
from models.event import Event
from models.invitation import Invitation, resend
from models.invited import look, wanted
from models.person import PORTAL, Role
from tests.api import machine_key, ok, on_one_database, refused, serving
from tests.desk import token
from tests.pages import browser
from tests.partners import invited

ADDRESS = "helen.marsh@brightfieldsolar.co.uk"
UNKNOWN = "550 5.1.1 <helen.marsh@brightfieldsolar.co.uk>: Recipient address rejected: User unknown"

#: Reports as they arrive, with what makes each of them different; the original's Message-ID goes into the braces.
POSTFIX = """\
Return-Path: <>
From: MAILER-DAEMON@mx.saber.example (Mail Delivery System)
To: partners@saber.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B1"

--B1
Content-Description: Notification
Content-Type: text/plain; charset=utf-8

I'm sorry to have to inform you that your message could not be delivered.

--B1
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.saber.example
X-Postfix-Queue-ID: 4Xy1
Arrival-Date: Sun, 22 Nov 2026 14:05:11 +0000 (UTC)

Final-Recipient: rfc822; helen.marsh@brightfieldsolar.co.uk
Original-Recipient: rfc822;helen.marsh@brightfieldsolar.co.uk
Action: failed
Status: 5.1.1
Remote-MTA: dns; mail.brightfieldsolar.co.uk
Diagnostic-Code: smtp; 550 5.1.1 <helen.marsh@brightfieldsolar.co.uk>:
    Recipient address rejected: User unknown

--B1
Content-Description: Undelivered Message
Content-Type: message/rfc822

From: Saber Renewable Energy <partners@saber.example>
To: helen.marsh@brightfieldsolar.co.uk
Message-ID: {0}
Subject: Your invitation to become a partner

Dear Ms Helen Marsh,
--B1--
"""
#: The original's headers alone, folded as a long Message-ID is.
EXIM = """\
From: Mail Delivery System <Mailer-Daemon@relay.example>
To: partners@saber.example
Content-Type: multipart/report; report-type=delivery-status; boundary=B2
MIME-Version: 1.0
X-Failed-Recipients: helen.marsh@brightfieldsolar.co.uk
Subject: Mail delivery failed: returning message to sender

--B2
Content-type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

--B2
Content-type: message/delivery-status

Reporting-MTA: dns; relay.example

Action: failed
Final-Recipient: rfc822;helen.marsh@brightfieldsolar.co.uk
Status: 5.0.0

--B2
Content-type: text/rfc822-headers

Return-path: <partners@saber.example>
Message-ID:
 {0}
To: helen.marsh@brightfieldsolar.co.uk

--B2--
"""
#: Nothing of the original: the report itself says which mail it answers. Quoted-printable words, a type in capitals.
EXCHANGE = """\
From: <postmaster@saber.onmicrosoft.example>
To: <partners@saber.example>
In-Reply-To: {0}
References: <older@saber.example> {0}
Message-ID: <5f1c@prod.outlook.example>
Content-Type: MULTIPART/REPORT; REPORT-TYPE=delivery-status;
\tboundary="B3"
MIME-Version: 1.0
Subject: Undeliverable: Your invitation to become a partner

--B3
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

<p>Your message couldn=E2=80=99t be delivered.</p>

--B3
Content-Type: message/delivery-status

Reporting-MTA: dns;AM0PR01.prod.outlook.example
Arrival-Date: Sun, 22 Nov 2026 14:05:11 +0000

Final-Recipient: rfc822;helen.marsh@brightfieldsolar.co.uk
Action: failed
Status: 4.2.2
Diagnostic-Code: smtp;452 4.2.2 The mailbox is over its quota
Remote-MTA: dns;mail.brightfieldsolar.co.uk

--B3--
"""
#: An address beyond ASCII (RFC 6533).
GLOBAL = """\
From: MAILER-DAEMON@relay.example
Content-Type: multipart/report; report-type=global-delivery-status; boundary=B4
MIME-Version: 1.0

--B4
Content-Type: text/plain; charset=utf-8

Not delivered.

--B4
Content-Type: message/global-delivery-status
Content-Transfer-Encoding: 8bit

Reporting-MTA: dns; relay.example

Final-Recipient: utf-8; jürgen@müller-solar.example
Action: failed
Status: 5.6.7

--B4
Content-Type: message/global-headers
Content-Transfer-Encoding: 8bit

Message-ID: {0}
Subject: Ihre Einladung

--B4--
"""
REPORTS = {"postfix": POSTFIX, "exim": EXIM, "exchange": EXCHANGE, "global": GLOBAL}
OURS = "<delivery-7.00ff@saber.example>"


@pytest.fixture
def client(database: str, redis_server: object) -> Iterator[httpx.Client]:
    with serving() as found:
        yield found


def sent() -> Delivery:
    """An invitation's mail that has left."""
    made = invited()
    with transaction() as session:
        found = session.exec(select(Delivery).where(Delivery.target == "email.invitation", Delivery.invitation_id == made.id)).one()
        begin_sending(session, found, f"<delivery-{found.id}.5f0c5f0c5f0c5f0c@saber.example>", ADDRESS)
        succeed(session, found)
        return found


def now_of(delivery: Delivery) -> Delivery:
    with reading() as session:
        return session.get_one(Delivery, delivery.id)


def standing() -> str:
    with reading() as session:
        (line,) = look(session, wanted(tab="all")).lines
        return line.standing


def told() -> list[Event]:
    with reading() as session:
        return list(session.exec(select(Event).where(Event.type == "delivery.returned")).all())


def tell(client: httpx.Client, **body: object) -> httpx.Response:
    return client.post("/api/mail-returned", json=body, headers=machine_key())


def hand_on(client: httpx.Client, report: str) -> httpx.Response:
    return client.post("/api/mail-returned", content=report.encode(), headers={**machine_key(), "Content-Type": "message/rfc822"})


@pytest.mark.parametrize(
    ("name", "recipient", "reason", "permanent"),
    [
        ("postfix", ADDRESS, UNKNOWN, True), ("exim", ADDRESS, "Status 5.0.0", True),
        ("exchange", ADDRESS, "452 4.2.2 The mailbox is over its quota", False),
        ("global", "jürgen@müller-solar.example", "Status 5.6.7", True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_report_of_each_shape_is_read(name: str, recipient: str, reason: str, permanent: bool, ends: str) -> None:
    found = read_report(REPORTS[name].format(OURS).replace("\n", ends).encode())
    assert (found.message_id, found.action, found.reason, found.permanent) == (OURS, "failed", reason, permanent)
    assert name == "global" or found.recipient == recipient


def test_a_mail_that_is_no_report_is_none() -> None:
    answer = EmailMessage()
    answer["In-Reply-To"] = OURS
    answer.set_content("I am away until Monday. Action: failed\nStatus: 5.1.1")
    with pytest.raises(NoReport):
        read_report(answer.as_bytes())


@given(st.one_of(st.binary(max_size=400), st.tuples(st.integers(0, len(POSTFIX)), st.binary(max_size=20)).map(
    lambda cut: POSTFIX.encode()[: cut[0]] + cut[1] + POSTFIX.encode()[cut[0] :])))  # fmt: skip
def test_whatever_is_sent_is_a_report_or_none(raw: bytes) -> None:
    try:
        found = read_report(raw)
    except NoReport:
        return
    assert found.action and len(found.reason) <= 500 and "\0" not in found.reason + found.recipient + found.message_id
    f"{found}".encode()


def test_a_mail_that_came_back_fails_and_the_invitation_has_bounced(client: httpx.Client) -> None:
    mail = sent()
    assert standing() == "sent"
    answer = ok(hand_on(client, POSTFIX.format(mail.external_id)))
    assert answer == {"success": True, "message": "The mail is marked as returned", "target": "email.invitation"}
    assert now_of(mail).state == DeliveryState.FAILED and now_of(mail).returned_at
    assert now_of(mail).last_error == f"The mail to {ADDRESS} came back. {UNKNOWN}"
    assert standing() == "bounced"
    (event,) = told()
    assert (event.actor_kind, event.invitation_id, event.detail["reason"], event.detail["email"]) == ("system", mail.invitation_id, UNKNOWN, ADDRESS)
    # The same again, in whichever words, changes nothing.
    assert ok(tell(client, messageId=mail.external_id, reason="Once more"))["message"] == "This was known already"
    assert len(told()) == 1 and "Once more" not in str(now_of(mail).last_error)


@on_one_database
def test_a_mail_is_found_by_its_recipient_and_the_code_or_by_a_bare_message_id(client: httpx.Client) -> None:
    mail = sent()
    with reading() as session:
        code = session.get_one(Invitation, mail.invitation_id).code
    refused(tell(client, recipient="somebody@else.example", reference=code), 404)
    ok(tell(client, recipient=ADDRESS.upper(), reference=code.lower(), reason="No such user", permanent=False))
    assert "for now" in str(now_of(mail).last_error)
    # That it will never arrive is news after "not now".
    assert ok(tell(client, messageId=str(mail.external_id).strip("<>"), reason="Gave up"))["message"] == "The mail is marked as returned"
    assert str(now_of(mail).last_error).endswith("came back. Gave up") and len(told()) == 2


@on_one_database
def test_what_is_no_mail_of_ours_is_refused_and_nothing_is_stored(client: httpx.Client) -> None:
    mail = sent()
    forged = str(mail.external_id).replace("5f0c", "dead")
    for message_id in (forged, "<delivery-999.00ff@saber.example>", "<abc@elsewhere.example>", "<delivery-1.00ff@x> OR 1=1", "é" * 200):
        assert "no such mail" in refused(tell(client, messageId=message_id), 404)["detail"]
    refused(tell(client), 422)
    refused(tell(client, messageId=mail.external_id, reason="x\0y"), 422)
    refused(tell(client, messageId=mail.external_id, surprise=1), 422)
    refused(hand_on(client, "Subject: Out of office\n\nI am away."), 422)
    refused(client.post("/api/mail-returned", content=b"[", headers={**machine_key(), "Content-Type": "application/json"}), 400)
    refused(client.post("/api/mail-returned", json={"messageId": mail.external_id}), 401)
    assert told() == [] and now_of(mail).state == DeliveryState.DONE


@on_one_database
def test_a_delay_and_an_arrival_change_nothing(client: httpx.Client) -> None:
    mail = sent()
    for action in ("delayed", "delivered"):
        assert "nothing was changed" in ok(hand_on(client, POSTFIX.format(mail.external_id).replace("Action: failed", f"Action: {action}")))["message"]
    assert standing() == "sent" and told() == []


@on_one_database
def test_a_mail_that_is_sent_again_is_a_new_one_and_the_old_report_changes_nothing(client: httpx.Client) -> None:
    mail = sent()
    ok(tell(client, messageId=mail.external_id, reason=UNKNOWN))
    with transaction() as session:
        retry(session, session.get_one(Delivery, mail.id))
    assert now_of(mail).external_id is None and now_of(mail).returned_at is None and standing() == "queued"
    assert ok(tell(client, messageId=mail.external_id, reason=UNKNOWN))["message"] == "This was known already"
    assert now_of(mail).state == DeliveryState.WAITING


@on_one_database
def test_the_old_addresss_mail_that_comes_back_says_nothing_of_the_corrected_one(client: httpx.Client) -> None:
    mail = sent()
    with transaction() as session:
        resend(session, PORTAL, session.get_one(Invitation, mail.invitation_id), "ada@brightfieldsolar.co.uk")
    ok(hand_on(client, POSTFIX.format(mail.external_id)))
    assert now_of(mail).state == DeliveryState.FAILED and standing() == "queued"


@on_one_database
def test_what_a_person_settled_stays_settled(client: httpx.Client) -> None:
    mail = sent()
    with transaction() as session:
        settle(session, session.get_one(Delivery, mail.id), "Told by telephone")
    ok(tell(client, messageId=mail.external_id, reason=UNKNOWN))
    assert now_of(mail).state == DeliveryState.SETTLED and now_of(mail).last_error == "Told by telephone" and len(told()) == 1


@on_one_database
def test_the_desk_shows_that_it_came_back(client: httpx.Client) -> None:
    mail = sent()
    ok(hand_on(client, POSTFIX.format(mail.external_id)))
    desk = browser(token(Role.OPERATIONS))
    page = desk.get("/invitations?status=bounced").text
    assert "Bounced" in page and "User unknown" in page
    assert "User unknown" in desk.get("/deliveries?tab=failed").text
    assert "came back: it did not reach" in browser(token(Role.AUDITOR)).get("/audit?type=delivery.returned").text
