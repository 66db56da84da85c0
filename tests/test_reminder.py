"""Reminding partners of what they began: once in three days, to those who can still send it, with where they are and what is left."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from models.application import Application, begin, submit
from models.database import now, reading, transaction
from models.draft import Answer, Draft, save_answers
from models.errors import Conflict, Forbidden
from models.event import Event
from models.invitation import Invitation, resend, revoke, speak
from models.invited import Line, look, wanted
from models.language import _, speaking
from models.person import PORTAL, Role
from models.reminder import Left, left_to_do, remind
from models.steps import STEPS
from tests.desk import person
from tests.partners import begun, deliveries, events, invited
from tests.parts import Graph, Local, Mailbox, environment_of
from tests.sample_form import COMPLETE, wanted_documents
from worker.deliver import drain
from worker.reminders import remind_all


@pytest.fixture
def drafted(database: str) -> Invitation:
    """An invitation whose partner has answered one question, in the second step."""
    made = invited()
    with transaction() as session:
        application = begin(session, session.get_one(Invitation, made.id))
        save_answers(session, application, [Answer("primary_contact_name", "Ada Byron", 1)])
    return made


def reminded(invitation: Invitation, role: Role = Role.OPERATIONS) -> None:
    actor = person(role)
    with transaction() as session:
        remind(session, actor, session.get_one(Invitation, invitation.id))


def days_ago(days: float) -> None:
    """The reminders so far, and their mails, are so old."""
    with transaction() as session:
        session.exec(update(Event).where(col(Event.type) == "invitation.reminded").values(at=now() - timedelta(days=days)))
        for mail in deliveries("email.reminder"):
            if mail.done_at:
                mail.done_at = now() - timedelta(days=days)
                session.merge(mail)


def only() -> Line:
    with reading() as session:
        (line,) = look(session, wanted("", "all")).lines
    return line


def test_the_mail_says_the_step_the_time_and_the_link(drafted: Invitation, graph: Graph, mailbox: Mailbox) -> None:
    reminded(drafted)
    drain()
    (mail,) = [mail for mail in mailbox.mails() if str(mail["Subject"]).startswith("Your application is waiting")]
    with reading() as session:
        application = session.exec(select(Application)).one()
        left = left_to_do(session, drafted, application)
    text = mailbox.text(mail)
    assert str(mail["To"]) == drafted.contact_email and "Dear Ms Helen Marsh," in text
    assert left.step is STEPS[1] and f"You are at step 2 of 6: {STEPS[1].title}." in text
    assert f"The rest takes about {left.minutes} minutes." in text and left.minutes > 10
    assert f"/apply?code={drafted.code}" in text
    assert len(events("invitation.reminded")) == 1


def test_the_mail_is_in_the_partners_language(drafted: Invitation, graph: Graph, mailbox: Mailbox) -> None:
    with transaction() as session:
        speak(session, session.get_one(Invitation, drafted.id), "de")
    reminded(drafted)
    drain()
    texts = [mailbox.text(mail) for mail in mailbox.mails()]
    with speaking("de"):
        assert _(STEPS[1].title) != STEPS[1].title and any(_(STEPS[1].title) in text for text in texts)


def test_of_a_form_that_is_filled_in_only_sending_is_left(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = begun(tuple(wanted_documents()))
    with reading() as session:
        invitation = session.exec(select(Invitation)).one()
        assert left_to_do(session, invitation, session.get_one(Application, application.id)) == Left(None, 0)
    reminded(invitation)
    drain()
    (mail,) = [mail for mail in mailbox.mails() if "waiting for you" in str(mail["Subject"])]
    assert "Everything is filled in. Check your answers once more, and send it." in mailbox.text(mail)


def test_nobody_is_reminded_twice_in_three_days(drafted: Invitation) -> None:
    assert only().may_remind
    reminded(drafted)
    assert not only().may_remind and only().happened.reminded_at is not None
    days_ago(2.9)
    with pytest.raises(Conflict, match="The next one can go three days later"):
        reminded(drafted)
    days_ago(3.1)
    assert only().may_remind
    reminded(drafted)
    assert len(events("invitation.reminded")) == 2


def worked_days_ago(invitation: Invitation, days: int) -> None:
    with transaction() as session:
        session.exec(update(Draft).where(col(Draft.invitation_code) == invitation.code).values(last_updated=now() - timedelta(days=days)))


def test_a_draft_that_lies_still_is_reminded_of_after_7_and_21_days_and_never_twice(drafted: Invitation) -> None:
    for days, so_far in ((6, 0), (7, 1), (8, 1), (20, 1), (21, 2), (22, 2), (90, 2)):
        worked_days_ago(drafted, days)
        for _look in range(2):
            remind_all()
        assert len(events("invitation.reminded")) == so_far, days
        with transaction() as session:  # a day goes by, or ten
            for event in events("invitation.reminded"):
                session.exec(update(Event).where(col(Event.id) == event.id).values(at=event.at - timedelta(days=10 if days == 8 else 1)))
    assert only().happened.reminded_at is not None
    assert {event.actor for event in events("invitation.reminded")} == {"Partner Portal"}


@pytest.mark.parametrize("why", ["expired", "by hand yesterday", "by hand the day before it was due", "switched off", "worked again"])
def test_nobody_is_reminded_of_a_draft_by_itself_who_need_not_be(drafted: Invitation, why: str) -> None:
    worked_days_ago(drafted, 10 if "before" in why else 8)
    if why.startswith("by hand"):
        reminded(drafted)
        days_ago(4 if "before" in why else 1)
    with transaction() as session:
        found = session.get_one(Invitation, drafted.id)
        found.expires_at = now() - timedelta(minutes=1) if why == "expired" else found.expires_at
        if why == "worked again":
            save_answers(session, session.exec(select(Application)).one(), [Answer("primary_contact_name", "Ada King", 2)])
    with environment_of({"DRAFT_REMINDER_DAYS": "0"} if why == "switched off" else {}):
        assert remind_all() == 0
    assert len(events("invitation.reminded")) == why.startswith("by hand")


@pytest.mark.parametrize("how", ["not begun", "only opened", "sent", "expired", "revoked"])
def test_who_has_not_begun_or_cannot_send_any_more_is_not_reminded(database: str, how: str) -> None:
    made = invited()
    with transaction() as session:
        found = session.get_one(Invitation, made.id)
        application = begin(session, found) if how != "not begun" else None
        if application and how != "only opened":
            save_answers(session, application, [Answer("company_name", "Brightfield", 1)])
        if application and how == "sent":
            submit(session, application, COMPLETE | {"primary_contact_email": found.contact_email}, wanted_documents())
        if how == "expired":
            found.expires_at = now() - timedelta(minutes=1)
        if how == "revoked":
            revoke(session, PORTAL, found)
    assert not only().may_remind
    with pytest.raises(Conflict):
        reminded(made)
    assert deliveries("email.reminder") == []


@pytest.mark.parametrize(
    ("how", "said"),
    [("sent", "The application was sent before"), ("revoked", "The invitation was revoked before"), ("expired", "was expired before"),
     ("erased", "The draft was erased before"), ("reminded anew", "Another reminder took its place"),
     ("just reminded", "Another reminder took its place")],
)  # fmt: skip
def test_what_has_changed_before_the_mail_leaves_keeps_it_back(
    drafted: Invitation, graph: Graph, mailbox: Mailbox, how: str, said: str
) -> None:
    reminded(drafted)
    if how in ("reminded anew", "just reminded"):
        days_ago(3.1)
        reminded(drafted)
    with transaction() as session:
        found = session.get_one(Invitation, drafted.id)
        application = session.exec(select(Application)).one()
        if how == "sent":
            submit(session, application, COMPLETE | {"primary_contact_email": found.contact_email}, wanted_documents())
        if how == "revoked":
            revoke(session, PORTAL, found)
        if how == "expired":
            found.expires_at = now() - timedelta(minutes=1)
        if how == "erased":
            for one in deliveries("email.reminder"):
                one.application_id = None
                session.merge(one)
        if how == "just reminded":
            first = deliveries("email.reminder")[0]
            first.state, first.done_at = "done", now() - timedelta(days=2)
            session.merge(first)
    drain()
    mails = deliveries("email.reminder")
    kept_back = mails[-1] if how == "just reminded" else mails[0]
    assert kept_back.state == "settled" and said in (kept_back.last_error or "")
    assert len([mail for mail in mailbox.mails() if "waiting for you" in str(mail["Subject"])]) == (1 if how == "reminded anew" else 0)


def test_a_corrected_address_gets_the_reminder(drafted: Invitation, graph: Graph, mailbox: Mailbox) -> None:
    with transaction() as session:
        resend(session, PORTAL, session.get_one(Invitation, drafted.id), "owen.price@brightfieldsolar.co.uk")
    reminded(drafted)
    drain()
    (mail,) = [mail for mail in mailbox.mails() if "waiting for you" in str(mail["Subject"])]
    assert str(mail["To"]) == "owen.price@brightfieldsolar.co.uk"


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.APPROVER, Role.AUDITOR])
def test_only_who_may_invite_may_remind(drafted: Invitation, role: Role) -> None:
    with pytest.raises(Forbidden):
        reminded(drafted, role)
    assert events("invitation.reminded") == []
