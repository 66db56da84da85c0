"""The list of invitations: the truth about each, and finding one."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, delete, select, update

from models.application import Application, ApplicationStatus, begin, withdraw
from models.database import engine, now, reading, transaction
from models.delivery import Delivery, give_up, settle, succeed
from models.draft import Answer, save_answers
from models.earlier import begin_with_what_is_known
from models.errors import Conflict, Forbidden
from models.event import Event
from models.invitation import Invitation, expire_due, find, invite, note_opened, resend, revoke
from models.invited import Invited, Line, look, wanted
from models.person import PORTAL, Role
from models.revocation import restore
from models.slots import SLOTS
from models.steps import QUESTIONS
from tests import partners
from tests.desk import applied, brought, person

STEP_OF_CONTACT = QUESTIONS["primary_contact_name"].step


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


def told(kind: str) -> list[Delivery]:
    """What follows from the events of one type for SharePoint's list."""
    with reading() as session:
        joined = select(Delivery).join(Event, col(Event.id) == col(Delivery.event_id))
        return list(session.exec(joined.where(Event.type == kind, Delivery.target == "sharepoint.invitation")))


def worked(code: str, name: str = "company_name", value: str = "Brightfield") -> None:
    with transaction() as session:
        application = begin(session, session.exec(select(Invitation).where(Invitation.code == code)).one())
        save_answers(session, application, [Answer(name, value, 1)])


def mails_left(within: Session | None = None) -> None:
    with nullcontext(within) if within else transaction() as session:
        for delivery in session.exec(select(Delivery).where(Delivery.target == "email.invitation")):
            succeed(session, delivery)


def opens(within: Session | None = None) -> None:
    with nullcontext(within) if within else transaction() as session:
        note_opened(session, session.exec(select(Invitation)).one())


def refused(code: str, target: str = "email.invitation") -> None:
    with transaction() as session:
        ours = select(Delivery).where(Delivery.target == target).order_by(Delivery.id.desc())  # type: ignore[union-attr]
        give_up(session, session.exec(ours).first(), "permanent", "There is no such mailbox: check the address.")  # type: ignore[arg-type]


def test_a_fresh_invitation_is_queued_until_its_mail_has_left(code: str) -> None:
    assert only().standing == "queued" and seen(tab="queued").total == 1 == seen(tab="active").total
    mails_left()
    assert only().standing == "sent" and seen().counts["queued"] == 0 and seen().counts["sent"] == 1


def test_one_whose_mail_nobody_queued_says_that_there_is_none(code: str) -> None:
    with transaction() as session:
        session.exec(delete(Delivery))
    assert only().standing == "unsent" and seen(tab="active").total == 1


def test_a_mail_that_the_server_refused_comes_first_and_says_why(code: str) -> None:
    worked(code)
    refused(code)
    line = only()
    assert line.standing == "failed" and line.step == 1
    assert line.mail is not None and line.mail.last_error == "There is no such mailbox: check the address."


def test_after_sending_again_the_newest_mail_counts(code: str) -> None:
    operator = person(Role.OPERATIONS)
    refused(code)
    with transaction() as session:
        resend(session, operator, session.exec(select(Invitation)).one(), "ada.byron@brightfield.example")
    with transaction() as session:
        succeed(session, session.get_one(Delivery, mail().id))
    assert only().standing == "sent" and only().invitation.contact_email == "ada.byron@brightfield.example"


def test_the_way_of_a_partner_is_seen_opened_started_at_a_step_submitted_decided(code: str) -> None:
    mails_left()
    with transaction() as session:
        invitation = session.exec(select(Invitation)).one()
        note_opened(session, invitation)
        begin(session, invitation)
    assert only().standing == "opened" and only().step == 0
    worked(code)
    assert only().standing == "started" and (only().step, seen(tab="started").total) == (1, 1)
    worked(code, "primary_contact_name", "Ada Byron")
    assert only().step == STEP_OF_CONTACT and only().worked_at is not None


def test_what_an_earlier_application_lent_is_not_a_start_and_what_is_typed_after_it_is(database: str) -> None:
    first = partners.submitted(())
    with transaction() as session:
        withdraw(session, session.get_one(Application, first.id))
    again = partners.invited()
    with transaction() as session:
        begin_with_what_is_known(session, session.get_one(Invitation, again.id))
    line = seen().lines[0]
    assert line.invitation.code == again.code and (line.standing, line.step) == ("queued", 0)
    worked(again.code, "years_trading", "12")
    assert (seen().lines[0].standing, seen().lines[0].step) == ("started", 1)
    assert [one.standing for one in seen(tab="decided").lines] == ["decided"]


def test_a_document_is_a_start_too(code: str, s3: object) -> None:
    with transaction() as session:
        application = begin(session, session.exec(select(Invitation)).one())
    partners.stored_in(application, "public_liability_certificate")
    assert only().standing == "started" and only().step == SLOTS["public_liability_certificate"].step


def test_a_submitted_one_leads_to_its_application_and_is_decided_in_the_end(database: str) -> None:
    reference = applied()
    line = seen(tab="submitted").lines[0]
    assert (line.standing, line.reference) == ("submitted", reference) and seen().counts["submitted"] == 1
    brought(reference, to="approved")
    line = seen(tab="decided").lines[0]
    assert line.reference == reference and line.happened.decided_at is not None and seen().counts["submitted"] == 0


@pytest.mark.parametrize("status", [one for one in ApplicationStatus if one != ApplicationStatus.DRAFT])
def test_whatever_the_status_of_its_application_it_is_submitted_or_decided(database: str, status: ApplicationStatus) -> None:
    applied()
    with transaction() as session:
        session.exec(update(Application).values(status=status))
    assert only().standing == ("decided" if status.decided else "submitted")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("first", ["opened", "mail left"])
def test_of_two_changes_at_once_neither_is_lost(code: str, first: str) -> None:
    ways = {"opened": opens, "mail left": mails_left}
    second = ways["mail left" if first == "opened" else "opened"]
    with ThreadPoolExecutor() as apart:
        with transaction() as session:
            ways[first](session)
            session.flush()
            other = apart.submit(second)
            time.sleep(0.5)  # the other has begun by now, and waits for this one's end
        other.result(timeout=20)
    assert only().standing == "opened"


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


def test_every_invitation_is_counted_once_and_stands_behind_its_tab(code: str) -> None:
    for name in ("Two Ltd", "Three Ltd"):
        applied(name)
    counts = seen().counts
    assert counts["all"] == 3 == sum(count for tab, count in counts.items() if tab not in ("all", "active"))
    assert all(len(seen(tab=tab).lines) == count for tab, count in counts.items())


@pytest.mark.parametrize("invitations", [1, 30])
def test_the_list_takes_seven_statements_however_many_invitations_there_are(database: str, invitations: int) -> None:
    operator = person(Role.OPERATIONS)
    with transaction() as session:
        for number in range(invitations):
            made = invite(session, operator, company_name=f"Company {number}", contact_email=f"ada{number}@company.example")
            save_answers(session, begin(session, made), [Answer("company_name", "Company", 1)])
    said: list[str] = []
    mine = threading.get_ident()  # pages that tests before have left open look now and then too
    sa.event.listen(engine(), "before_cursor_execute", lambda *called: said.append(called[2]) if threading.get_ident() == mine else None)
    assert len(seen().lines) == invitations and len([one for one in said if one.startswith("SELECT")]) == 7


def test_a_revocation_is_taken_back_within_ten_minutes_and_the_list_hears_nothing_of_it(code: str) -> None:
    operator = person(Role.OPERATIONS)
    with transaction() as session:
        revoke(session, operator, session.exec(select(Invitation)).one())
    line = seen(tab="revoked").lines[0]
    assert line.restore_until is not None and (line.restore_until - now()).total_seconds() > 590 and seen(tab="active").lines == ()
    assert [(one.due_at - now()).total_seconds() > 590 for one in told("invitation.revoked")] == [True]
    with transaction() as session:
        restore(session, operator, session.exec(select(Invitation)).one())
    assert only().standing == "queued" and only().invitation.state == "active"
    assert [one.state for one in told("invitation.revoked")] == ["settled"]
    assert [one.state for one in told("invitation.restored")] == ["waiting"]  # what stands is written once more


@pytest.mark.parametrize("how", ["late", "told", "by the list"])
def test_a_revocation_that_is_old_or_told_or_not_ours_stays(code: str, how: str) -> None:
    operator = person(Role.OPERATIONS)
    with transaction() as session:
        invitation = session.exec(select(Invitation)).one()
        revoke(session, PORTAL if how == "by the list" else operator, invitation)
    if how == "told":
        with transaction() as session:
            succeed(session, session.get_one(Delivery, told("invitation.revoked")[0].id))
    if how == "late":
        with transaction() as session:
            session.exec(update(Event).where(col(Event.type) == "invitation.revoked").values(at=now() - timedelta(minutes=11)))
    if how == "by the list":
        with transaction() as session:
            succeed(session, session.get_one(Delivery, told("invitation.revoked")[0].id))
    with pytest.raises(Conflict, match="Invite the company again"), transaction() as session:
        restore(session, operator, session.exec(select(Invitation)).one())
    assert only().standing == "revoked"


def test_the_mail_that_was_withheld_from_a_revoked_one_leaves_after_all(code: str) -> None:
    operator = person(Role.OPERATIONS)
    with transaction() as session:
        revoke(session, operator, session.exec(select(Invitation)).one())
        settle(session, session.get_one(Delivery, mail().id), "The invitation was revoked before its mail left, so it was not sent.")
    with transaction() as session:
        restore(session, operator, session.exec(select(Invitation)).one())
    assert mail().state == "waiting" and only().standing == "queued"


def test_only_who_may_invite_may_take_a_revocation_back(code: str) -> None:
    with transaction() as session:
        revoke(session, person(Role.ADMIN), session.exec(select(Invitation)).one())
    with pytest.raises(Forbidden), transaction() as session:
        restore(session, person(Role.REVIEWER), session.exec(select(Invitation)).one())


@pytest.mark.parametrize(
    ("q", "found"), [("bright", True), ("ADA BYRON", True), ("ada@", True), ("{code}", True), ("nobody", False), ("%", False)]
)
def test_an_invitation_is_found_by_company_contact_email_and_code(code: str, q: str, found: bool) -> None:
    assert bool(seen(q.format(code=f"{code[:4].lower()} {code[4:].lower()}")).lines) is found
