"""The mails that let somebody in: each to the one whom it is for, with nothing in it that opens more."""

from __future__ import annotations

import re
from email.message import EmailMessage

from sqlmodel import select

from models.application import Application
from models.colleague import Colleague, ask_colleague, by_token, say_done, take_back
from models.confirmation import Outcome
from models.database import reading, transaction
from models.delivery import DeliveryState
from models.device import ask_device_code, enter_device_code
from models.invitation import Invitation
from models.language import catalogue
from tests.partners import begun, deliveries
from tests.parts import Graph, Local, Mailbox
from worker.deliver import drain

PRIYA = "priya.nair@brightfieldsolar.co.uk"


def asked(application: Application, email: str = PRIYA, **other: str) -> Colleague:
    with transaction() as session:
        ours = session.get_one(Application, application.id)
        return ask_colleague(session, ours, by="Helen Marsh", step="insurance", name="Priya Nair", email=email, **other)


def html_of(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def test_the_code_for_a_new_device_goes_to_the_contact_without_any_link(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = begun(())
    drain()
    mailbox.empty()
    with transaction() as session:
        ours = session.get_one(Application, application.id)
        invitation = session.exec(select(Invitation).where(Invitation.code == ours.invitation_code)).one()
        made = ask_device_code(session, ours, invitation)
    drain()
    [mail] = mailbox.mails()
    assert str(mail["To"]) == "helen.marsh@brightfieldsolar.co.uk" and f"Your code: {made.code}\n" in mailbox.text(mail)
    for part in (mailbox.text(mail), html_of(mail)):
        assert made.code in part and application.invitation_code not in part and "/apply" not in part
    with transaction() as session:
        assert enter_device_code(session, session.get_one(Application, application.id), made.id or 0, made.code) == Outcome.RIGHT


def test_a_colleagues_mail_has_their_link_and_the_note_and_answers_go_to_whoever_asked(
    database: str, s3: Local, graph: Graph, mailbox: Mailbox
) -> None:
    application = begun(())
    drain()
    mailbox.empty()
    made = asked(application, note="The broker has\n<the> figures.")
    drain()
    [mail] = mailbox.mails()
    text = mailbox.text(mail)
    assert (str(mail["To"]), str(mail["Reply-To"])) == (PRIYA, "helen.marsh@brightfieldsolar.co.uk")
    assert str(mail["Subject"]) == "Helen Marsh asks you to fill in a step: Insurance and policies"
    assert "The broker has\n<the> figures." in text and "&lt;the&gt; figures." in html_of(mail)
    [token] = re.findall(r"/apply/help\?key=(\S+)$", text, re.M)
    with reading() as session:
        found = by_token(session, token)
    assert found is not None and found.id == made.id
    assert application.invitation_code not in text + html_of(mail)


def test_where_no_contact_is_known_the_company_is_named_once(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = begun(())
    drain()
    mailbox.empty()
    with transaction() as session:
        ours = session.get_one(Application, application.id)
        company = "Brightfield Solar Ltd"
        ask_colleague(session, ours, by=company, step="insurance", name="Priya Nair", email=PRIYA)
    drain()
    [mail] = mailbox.mails()
    for part in (mailbox.text(mail), html_of(mail)):
        assert f"{company} asks you to fill in one step" in part and f"of {company}" not in part


def test_a_colleagues_mail_is_in_their_own_language(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = begun(())
    drain()
    mailbox.empty()
    asked(application, language="ar")
    drain()
    [mail] = mailbox.mails()
    assert 'dir="rtl"' in html_of(mail) and 'lang="ar"' in html_of(mail)
    assert catalogue("ar").gettext("Open the step") in html_of(mail)


def test_a_link_taken_back_before_its_mail_left_is_not_mailed(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = begun(())
    drain()
    mailbox.empty()
    made = asked(application)
    with transaction() as session:
        take_back(session, session.get_one(Application, application.id), made.public_id)
    drain()
    assert mailbox.mails() == [] and deliveries("email.colleague")[0].state == DeliveryState.SETTLED


def test_the_partner_hears_that_a_colleague_is_done(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    made = asked(begun(()))
    drain()
    mailbox.empty()
    with transaction() as session:
        say_done(session, session.get_one(Colleague, made.id))
    drain()
    [mail] = mailbox.mails()
    assert str(mail["To"]) == "helen.marsh@brightfieldsolar.co.uk"
    assert str(mail["Subject"]) == "Priya Nair is done with the step: Insurance and policies"


def test_one_colleagues_full_mailbox_holds_up_no_other(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = begun(())
    drain()
    mailbox.misbehave(452, times=1)
    asked(application)
    asked(application, "owen.price@brightfieldsolar.co.uk")
    drain()
    assert sorted(delivery.state for delivery in deliveries("email.colleague")) == ["done", "waiting"]
