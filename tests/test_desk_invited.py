"""The list of invitations: the truth about each, and finding one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from models.application import begin
from models.database import now, reading, transaction
from models.draft import Answer, save_answers
from models.event import Delivery, give_up, succeed
from models.invitation import Invitation, expire_due, find, invite, note_opened, resend, revoke
from models.invited import Invited, Line, look, wanted
from models.person import Role
from tests.desk import applied, person


def seen(q: str = "", tab: str = "all") -> Invited:
    with reading() as session:
        return look(session, wanted(q, tab))


def only() -> Line:
    (line,) = seen().lines
    return line


@pytest.fixture
def code(database: str) -> str:
    operator = person(Role.OPERATIONS)
    with transaction() as session:
        return invite(
            session, operator, company_name="Brightfield Solar Ltd", contact_email="ada@brightfield.example",
            contact_name="Ada Byron", contact_title="Dr", notes="Met at the fair",
        ).code  # fmt: skip


def changed(code: str, **fields: object) -> None:
    with transaction() as session:
        found = find(session, code)
        assert found is not None
        for name, value in fields.items():
            setattr(found, name, value)
        session.add(found)


def mail() -> Delivery:
    with reading() as session:
        wanted = select(Delivery).where(Delivery.target == "email.invitation").order_by(Delivery.id.desc())  # type: ignore[union-attr]
        return session.exec(wanted).first()  # type: ignore[return-value]


def test_a_fresh_invitation_is_open_queued_and_not_opened(code: str) -> None:
    line = only()
    assert line.mail is not None and line.mail.state == "waiting"
    assert (line.invitation.opened_at, line.started, line.submitted, line.mail_failed) == (None, False, False, False)
    assert seen().counts == {"active": 1, "used": 0, "expired": 0, "revoked": 0, "all": 1}


def test_a_mail_that_the_server_refused_shows_why(code: str) -> None:
    with transaction() as session:
        give_up(session, session.get_one(Delivery, mail().id), "permanent", "There is no such mailbox: check the address.")
    assert only().mail_failed and only().mail.last_error == "There is no such mailbox: check the address."  # type: ignore[union-attr]


def test_after_sending_again_the_newest_mail_counts(code: str) -> None:
    operator = person(Role.OPERATIONS)
    with transaction() as session:
        give_up(session, session.get_one(Delivery, mail().id), "permanent", "There is no such mailbox.")
        resend(session, operator, session.exec(select(Invitation)).one(), "ada.byron@brightfield.example")
    with transaction() as session:
        succeed(session, session.get_one(Delivery, mail().id))
    assert not only().mail_failed and only().invitation.contact_email == "ada.byron@brightfield.example"


def test_the_way_of_a_partner_is_seen_opened_started_submitted(code: str) -> None:
    with transaction() as session:
        invitation = session.exec(select(Invitation)).one()
        note_opened(session, invitation)
        application = begin(session, invitation)
    assert only().invitation.opened_at is not None and not only().started
    with transaction() as session:
        save_answers(session, application, [Answer("company_name", "Brightfield", 1)])
    assert only().started and not only().submitted


def test_a_submitted_one_is_used_and_leads_to_its_application(database: str) -> None:
    reference = applied()
    line = seen(tab="used").lines[0]
    assert (line.submitted, line.reference) == (True, reference) and seen().counts["used"] == 1


def test_one_past_its_date_counts_as_expired_before_and_after_the_sweep(code: str) -> None:
    changed(code, expires_at=now() - timedelta(minutes=1))
    assert (seen().counts["active"], seen().counts["expired"]) == (0, 1)
    assert [line.invitation.code for line in seen(tab="expired").lines] == [code]
    with transaction() as session:
        expire_due(session)
    assert (seen().counts["active"], seen().counts["expired"]) == (0, 1)


def test_one_without_a_date_stays_open(code: str) -> None:
    changed(code, expires_at=None)
    assert [line.invitation.code for line in seen(tab="active").lines] == [code]


def test_a_revoked_one_stands_under_revoked(code: str) -> None:
    operator = person(Role.OPERATIONS)
    with transaction() as session:
        revoke(session, operator, session.exec(select(Invitation)).one())
    assert [line.invitation.code for line in seen(tab="revoked").lines] == [code] and seen(tab="active").lines == ()


@pytest.mark.parametrize(
    ("q", "found"), [("bright", True), ("ADA BYRON", True), ("ada@", True), ("{code}", True), ("nobody", False), ("%", False)]
)
def test_an_invitation_is_found_by_company_contact_email_and_code(code: str, q: str, found: bool) -> None:
    assert bool(seen(q.format(code=f"{code[:4].lower()} {code[4:].lower()}")).lines) is found
