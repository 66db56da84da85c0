"""The mails: the right words to the right person, once, and a person decides when nobody can tell whether one left."""

from __future__ import annotations

import re
from datetime import timedelta
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from sqlmodel import select

from models.application import Application, submit
from models.confirmation import ask_confirmation, confirm
from models.database import now, transaction
from models.delivery import Delivery, begin_sending, claim, retry
from models.event import record
from models.invitation import Invitation, resend, revoke, speak
from models.language import _, speaking
from models.person import PORTAL, Role
from models.review import SECTIONS, Ruling, approve, give_verdict, mark_reviewed, reject, request_information
from models.settings import settings
from tests.partners import begun, deliveries, due_now, invited, submitted
from tests.parts import Graph, Local, Mailbox, environment_of, free_port
from tests.sample_form import form, wanted_documents
from tests.test_worker_publish import staff
from worker.dates import day
from worker.deliver import drain

SUBJECTS = {
    "invitation": "Your invitation to become a partner, Brightfield Solar Ltd",
    "received": "Your application has arrived: ",
    "operations": "New application from Brightfield Solar Ltd: ",
}


def the_mail(mailbox: Mailbox, subject: str) -> EmailMessage:
    """The one mail whose subject begins so."""
    found = [mail for mail in mailbox.mails() if str(mail["Subject"]).startswith(subject)]
    assert len(found) == 1, [str(mail["Subject"]) for mail in mailbox.mails()]
    return found[0]


def test_an_invitation_carries_the_code_the_link_and_the_date(database: str, graph: Graph, mailbox: Mailbox) -> None:
    made = invited()
    drain()
    mail = the_mail(mailbox, SUBJECTS["invitation"])
    assert str(mail["To"]) == "helen.marsh@brightfieldsolar.co.uk"
    assert str(mail["Reply-To"]) == "operations@saber.example"
    text = mailbox.text(mail)
    assert text.startswith("Dear Ms Helen Marsh,")
    assert f"{settings().portal_url}/apply?code={made.code}" in text and f"Your invitation code: {made.code}" in text
    assert made.expires_at is not None and f"It works until {day(made.expires_at)}." in text
    html = html_of(mail)
    assert f'href="{settings().portal_url}/apply?code={made.code}"' in html and "Start the application" in html
    with transaction() as session:
        assert session.get_one(Invitation, made.id).sent_at is not None


def test_the_delivery_knows_its_mail_by_its_message_id(database: str, graph: Graph, mailbox: Mailbox) -> None:
    invited()
    drain()
    delivery = deliveries("email.invitation")[0]
    assert re.fullmatch(rf"<delivery-{delivery.id}\.[0-9a-f]{{16}}@saber\.example>", delivery.external_id or "")
    assert str(mailbox.mails()[0]["Message-ID"]) == delivery.external_id


def test_a_corrected_address_gets_the_same_code(database: str, graph: Graph, mailbox: Mailbox) -> None:
    made = invited()
    drain()
    mailbox.empty()
    with transaction() as session:
        resend(session, PORTAL, session.get_one(Invitation, made.id), "owen.price@brightfieldsolar.co.uk")
    drain()
    mail = the_mail(mailbox, SUBJECTS["invitation"])
    assert str(mail["To"]) == "owen.price@brightfieldsolar.co.uk" and made.code in mailbox.text(mail)


def test_a_corrected_address_of_a_used_invitation_gets_what_the_reviewer_asked(database: str, graph: Graph, mailbox: Mailbox) -> None:
    application = submitted(())
    with transaction() as session:
        request_information(session, staff("Rosa Reyes", Role.REVIEWER), session.get_one(Application, application.id), "Which town is it?", ["company_city"])
    drain()
    mailbox.empty()
    with transaction() as session:
        ours = session.exec(select(Invitation).where(Invitation.code == application.invitation_code)).one()
        resend(session, PORTAL, ours, "owen.price@brightfieldsolar.co.uk", session.get_one(Application, application.id))
    drain()
    [mail] = mailbox.mails()
    assert str(mail["To"]) == "owen.price@brightfieldsolar.co.uk" and str(mail["Subject"]).startswith("We need more information")
    assert "Which town is it?" in mailbox.text(mail) and application.invitation_code in mailbox.text(mail)
    mailbox.empty()
    with transaction() as session:  # and what comes later does not go back to the older one
        record(session, "application.resubmitted", PORTAL, application_id=application.id, invitation_id=ours.id)
    drain()
    assert "owen.price@brightfieldsolar.co.uk" in {str(mail["To"]) for mail in mailbox.mails()}
    assert application.primary_contact_email not in {str(mail["To"]) for mail in mailbox.mails()}


def test_an_invitation_revoked_before_its_mail_left_is_not_sent(database: str, graph: Graph, mailbox: Mailbox) -> None:
    made = invited()
    with transaction() as session:
        revoke(session, PORTAL, session.get_one(Invitation, made.id))
    drain()
    assert mailbox.mails() == []
    assert deliveries("email.invitation")[0].last_error == "The invitation was revoked before its mail left, so it was not sent."


def test_a_submission_is_confirmed_to_the_partner_and_told_to_operations(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = submitted(())
    drain()
    reference = application.reference_number or ""
    received, told = the_mail(mailbox, SUBJECTS["received"] + reference), the_mail(mailbox, SUBJECTS["operations"] + reference)
    assert f"/apply?code={application.invitation_code}" in mailbox.text(received)
    assert f"Your reference: {reference}" in mailbox.text(received)
    assert str(told["To"]) == "operations@saber.example"
    assert f"{settings().portal_url}/review/{reference}" in mailbox.text(told)
    assert re.search(r"^Flags: \d+$", mailbox.text(told), re.M)
    assert application.invitation_code not in mailbox.text(told), "the code is the partner's alone"


def test_flags_are_counted_and_named_for_operations(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = begun(())
    with transaction() as session:
        submit(session, session.get_one(Application, application.id), form(years_trading=1, experience_years=2), wanted_documents())
    drain()
    text = mailbox.text(the_mail(mailbox, SUBJECTS["operations"]))
    assert "Trading for fewer than 2 years" in text
    assert int(re.findall(r"^Flags: (\d+)$", text, re.M)[0]) == len(re.findall(r"^- ", text, re.M)) >= 1


def test_a_request_for_information_carries_the_reviewers_words_and_the_due_date(
    database: str, s3: Local, graph: Graph, mailbox: Mailbox
) -> None:
    application, rosa = submitted(()), staff("Rosa Reyes", Role.REVIEWER)
    due = (now() + timedelta(days=14)).date()
    words = "Send the <schedule> of your policy.\nThe one attached has ended."
    items = ["public_liability_certificate", "team_size"]
    with transaction() as session:
        request_information(session, rosa, session.get_one(Application, application.id), words, items, due)
    drain()
    mail = the_mail(mailbox, "We need more information for ")
    text, html = mailbox.text(mail), html_of(mail)
    assert words in text and day(due) in text
    assert "- Public and product liability certificate\n- Total employees" in text
    assert "Send the &lt;schedule&gt; of your policy.<br>The one" in html


def test_the_decision_and_its_words_reach_the_partner(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    rosa, arthur = staff("Rosa Reyes", Role.REVIEWER), staff("Arthur Adeyemi", Role.APPROVER)
    good, bad = submitted(()), submitted(())
    with transaction() as session:
        for application in (good, bad):
            row = session.get_one(Application, application.id)
            for section in SECTIONS:
                give_verdict(session, rosa, row, section, Ruling.PASSED)
            mark_reviewed(session, rosa, row)
        approve(session, arthur, session.get_one(Application, good.id), "We start with the Leeds roof.")
        reject(session, arthur, session.get_one(Application, bad.id), "The cover is too low for our projects.")
    drain()
    approved = the_mail(mailbox, f"Your application {good.reference_number} is approved")
    rejected = the_mail(mailbox, f"Our decision on your application {bad.reference_number}")
    assert "We start with the Leeds roof." in mailbox.text(approved)
    assert "The cover is too low for our projects." in mailbox.text(rejected)


def test_a_mail_server_that_is_busy_gets_the_mail_later_once(database: str, graph: Graph, mailbox: Mailbox) -> None:
    mailbox.misbehave(451, times=1)
    invited()
    drain()
    waiting = deliveries("email.invitation")[0]
    assert (waiting.state, waiting.failure, waiting.begun_at) == ("waiting", "passing", None)
    due_now()
    drain()
    done = deliveries("email.invitation")[0]
    assert (done.state, done.attempts, done.external_id) == ("done", 2, waiting.external_id)
    assert len(mailbox.mails()) == 1


def test_an_address_that_is_refused_is_permanent_and_says_what_to_do(database: str, graph: Graph, mailbox: Mailbox) -> None:
    mailbox.misbehave(550, times=1)
    made = invited()
    drain()
    failed = deliveries("email.invitation")[0]
    assert (failed.state, failed.failure) == ("failed", "permanent")
    assert "check the address" in (failed.last_error or "")
    with transaction() as session:
        retry(session, session.get_one(Delivery, failed.id))
        assert session.get_one(Invitation, made.id).sent_at is None
    drain()
    assert deliveries("email.invitation")[0].state == "done" and len(mailbox.mails()) == 1


def test_a_mail_that_a_dead_worker_had_begun_is_left_to_a_person(database: str, graph: Graph, mailbox: Mailbox) -> None:
    invited()
    with transaction() as session:
        for delivery in claim(session, "dead", limit=10, lease=timedelta(seconds=-1)):
            if delivery.target == "email.invitation":
                begin_sending(session, delivery, "<delivery-2.00@saber.example>")
    drain()
    left = deliveries("email.invitation")[0]
    assert mailbox.mails() == []
    assert (left.state, left.failure) == ("failed", "unclear")
    assert "it may have been sent" in (left.last_error or "")
    with transaction() as session:
        retry(session, session.get_one(Delivery, left.id))
    drain()
    assert [str(mail["Message-ID"]) for mail in mailbox.mails()] == ["<delivery-2.00@saber.example>"]


@pytest.mark.parametrize("transport", ["smtp", "graph"])
def test_an_answer_that_is_lost_after_the_mail_was_taken_sends_no_second_one(
    database: str, graph: Graph, mailbox: Mailbox, transport: str
) -> None:
    with environment_of({"DATABASE_URL": database, "MAIL_TRANSPORT": transport, "CALL_TIMEOUT_SECONDS": "2"}):
        if transport == "smtp":
            mailbox.misbehave(250, times=1, delay=4, after=True, method="DATA")
        else:
            graph.misbehave(504, times=1, path="sendMail", after=True)
        invited()
        drain()
        due_now()
        drain()
    failed = deliveries("email.invitation")[0]
    assert (failed.state, failed.failure) == ("failed", "unclear")
    assert "may have been sent" in (failed.last_error or "")
    assert len(mailbox.mails()) <= 1


def test_a_code_to_confirm_an_address_goes_there_alone_and_opens_nothing_else(
    database: str, s3: Local, graph: Graph, mailbox: Mailbox
) -> None:
    application = begun(())
    drain()
    mailbox.empty()
    with transaction() as session:
        asked = ask_confirmation(session, session.get_one(Application, application.id), "owen.price@brightfieldsolar.co.uk")
        code = asked.code
    drain()
    mail = mailbox.mails()[0]
    assert len(mailbox.mails()) == 1 and str(mail["To"]) == "owen.price@brightfieldsolar.co.uk"
    assert f"Your code: {code}\n" in mailbox.text(mail) and code in html_of(mail)
    for part in (mailbox.text(mail), html_of(mail)):
        assert application.invitation_code not in part and "/apply" not in part
    with transaction() as session:
        assert confirm(session, session.get_one(Application, application.id), "owen.price@brightfieldsolar.co.uk", code)


def test_a_code_that_has_ended_is_not_mailed(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = begun(())
    drain()
    mailbox.empty()
    with transaction() as session:
        asked = ask_confirmation(session, session.get_one(Application, application.id), "owen.price@brightfieldsolar.co.uk")
        asked.asked_at -= timedelta(minutes=11)
    drain()
    assert mailbox.mails() == []
    assert (deliveries("email.confirmation")[0].last_error or "").startswith("The code had ended")


def test_a_code_for_a_new_address_does_not_wait_for_the_old_ones_full_mailbox(
    database: str, s3: Local, graph: Graph, mailbox: Mailbox
) -> None:
    application, rosa = submitted(()), staff("Rosa Reyes", Role.REVIEWER)
    drain()
    mailbox.misbehave(452, times=1)
    with transaction() as session:
        request_information(session, rosa, session.get_one(Application, application.id), "Send the certificate, which has ended.", [])
    drain()
    with transaction() as session:
        ask_confirmation(session, session.get_one(Application, application.id), "owen.price@brightfieldsolar.co.uk")
    drain()
    assert [deliveries(target)[0].state for target in ("email.information_required", "email.confirmation")] == ["waiting", "done"]


def test_of_two_codes_for_one_address_only_the_newer_is_mailed(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = begun(())
    drain()
    mailbox.empty()
    for email in ("Owen.Price@brightfieldsolar.co.uk", "owen.price@brightfieldsolar.co.uk"):
        with transaction() as session:
            code = ask_confirmation(session, session.get_one(Application, application.id), email).code
    drain()
    assert [mailbox.text(mail).count(f"Your code: {code}\n") for mail in mailbox.mails()] == [1]
    older, newer = deliveries("email.confirmation")
    assert (older.state, newer.state) == ("settled", "done") and (older.last_error or "").startswith("A newer code for this address")


def test_a_server_that_ends_the_conversation_badly_has_the_mail_all_the_same(database: str, graph: Graph, mailbox: Mailbox) -> None:
    taken: list[str] = []

    class Rude:
        async def handle_DATA(self, *_: object) -> str:  # noqa: N802 — aiosmtpd's name
            taken.append("mail")
            return "250 Kept"

        async def handle_QUIT(self, *_: object) -> str:  # noqa: N802
            return "451 Not now"

    server = Controller(Rude(), hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        with environment_of({"DATABASE_URL": database, "SMTP_PORT": str(server.port), "SMTP_USER": "", "CALL_TIMEOUT_SECONDS": "3"}):
            invited()
            drain()
    finally:
        server.stop()
    assert (deliveries("email.invitation")[0].state, taken) == ("done", ["mail"])


def test_a_line_break_in_a_name_adds_no_header(database: str, graph: Graph, mailbox: Mailbox) -> None:
    made = invited()
    with transaction() as session:
        row = session.get_one(Invitation, made.id)
        row.company_name = "Marstack\r\nBcc: everyone@example.com"
        session.add(row)
    drain()
    mail = mailbox.mails()[0]
    assert mail["Bcc"] is None and str(mail["Subject"]).endswith("Marstack Bcc: everyone@example.com")


@pytest.mark.parametrize(
    ("language", "subject", "sentence", "opening"),
    [
        ("de", "Ihre Einladung als Partner, Brightfield Solar Ltd", "Er gilt bis zum {day}.", '<html lang="de" dir="ltr">'),
        ("ar", None, "{day}", '<html lang="ar" dir="rtl">'),
    ],
)
def test_a_partner_gets_their_mail_in_their_language(
    database: str, graph: Graph, mailbox: Mailbox, language: str, subject: str | None, sentence: str, opening: str
) -> None:
    made = invited()
    with transaction() as session:
        speak(session, session.get_one(Invitation, made.id), language)
    drain()
    mail = mailbox.mails()[0]
    assert made.expires_at is not None
    with speaking(language):
        until, title = day(made.expires_at), _("Your invitation to become a partner, {company}").format(company=made.company_name)
    assert str(mail["Subject"]) == (subject or title) and title != "Your invitation to become a partner, Brightfield Solar Ltd"
    assert sentence.format(day=until) in mailbox.text(mail) and "You get this mail" not in mailbox.text(mail)
    assert opening in html_of(mail)


def test_operations_read_english_whatever_the_partner_reads(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = begun(())
    with transaction() as session:
        row = session.get_one(Application, application.id)
        speak(session, session.exec(select(Invitation).where(Invitation.code == row.invitation_code)).one(), "de")
        submit(session, row, form(), wanted_documents())
    drain()
    subjects = [str(mail["Subject"]) for mail in mailbox.mails()]
    assert any(subject.startswith("Ihre Bewerbung ist eingegangen: EPC-") for subject in subjects), subjects
    assert "Flags: " in mailbox.text(the_mail(mailbox, SUBJECTS["operations"]))


def test_why_a_mail_failed_is_kept_in_english(database: str, graph: Graph, mailbox: Mailbox) -> None:
    mailbox.misbehave(550, times=1)
    made = invited()
    with transaction() as session:
        speak(session, session.get_one(Invitation, made.id), "de")
    drain()
    assert "check the address" in (deliveries("email.invitation")[0].last_error or "")


def html_of(mail: EmailMessage) -> str:
    found = mail.get_body(("html",))
    assert found is not None
    return str(found.get_content())
