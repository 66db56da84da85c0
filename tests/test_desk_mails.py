"""What the desk hears by mail: a partner has withdrawn or sent again, or a decision waits because its maker's account was disabled."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from sqlmodel import select

from models.application import Application, withdraw
from models.assignment import assign
from models.database import reading, transaction
from models.deciding import confirm_decision
from models.invitation import Invitation, speak
from models.people import disable
from models.person import Role
from models.review import request_information
from portal.pages.review.case import load
from portal.pages.review.story import story
from tests.desk import applied, brought, person, row, sent_again
from tests.partners import deliveries, stored_in
from tests.parts import Graph, Mailbox, environment_of
from worker.deliver import drain

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
OPERATIONS = "operations@saber.example"


def test_a_partner_who_withdraws_gets_a_confirmation_and_operations_and_the_reviewer_hear_why(
    database: str, s3: object, graph: Graph, mailbox: Mailbox
) -> None:
    reference, rosa = applied(), person(Role.REVIEWER)
    with transaction() as session:
        assign(session, rosa, row(session, reference), rosa.user_id)
    drain()
    mailbox.empty()
    withdrawn(reference, "We have no capacity this year.")
    drain()
    with reading() as session:
        partner, code = row(session, reference).primary_contact_email or "", row(session, reference).invitation_code
    mails = by_address(mailbox)
    assert set(mails) == {partner, OPERATIONS, rosa.email}
    assert str(mails[partner]["Subject"]) == f"Your application {reference} is withdrawn" and str(mails[partner]["Reply-To"]) == OPERATIONS
    for staff in (OPERATIONS, rosa.email):
        assert str(mails[staff]["Subject"]) == f"Application withdrawn, Brightfield Solar Ltd: {reference}"
        assert str(mails[staff]["Reply-To"]) == partner and f"/review/{reference}" in mailbox.text(mails[staff])
        assert code not in mailbox.text(mails[staff]), "the code is the partner's alone"
    assert all("We have no capacity this year." in mailbox.text(mail) for mail in mails.values())
    assert "because you review this application" in mailbox.text(mails[rosa.email])
    assert "because this address hears" in mailbox.text(mails[OPERATIONS])
    assert "A decision had been made" not in mailbox.text(mails[OPERATIONS])


@on_sqlite
def test_of_a_withdrawal_the_partner_reads_in_their_language_and_nobody_is_told_who_does_not_review(
    database: str, s3: object, graph: Graph, mailbox: Mailbox
) -> None:
    with environment_of({"DECISION_UNDO_MINUTES": "10"}):
        reference, rosa = brought(applied(), to="approved"), person(Role.REVIEWER)
    with transaction() as session:
        assign(session, rosa, row(session, reference), None)
        invitation = session.exec(select(Invitation).where(Invitation.code == row(session, reference).invitation_code)).one()
        speak(session, invitation, "de")
    drain()
    mailbox.empty()
    withdrawn(reference, "")
    drain()
    mails = by_address(mailbox)
    assert len(mails) == 2 and "A decision had been made that had not left yet. It is undone" in mailbox.text(mails[OPERATIONS])
    assert "No reason was given." in mailbox.text(mails[OPERATIONS])
    [theirs] = [mail for address, mail in mails.items() if address != OPERATIONS]
    assert str(theirs["Subject"]) == f"Ihre Bewerbung {reference} ist zurückgezogen"
    assert [one.last_error for one in deliveries("email.withdrawn_reviewer")] == ["Nobody reviewed the application, so this mail was not needed."]


def test_operations_hear_of_a_decision_that_is_held_unless_somebody_was_faster(database: str, s3: object, graph: Graph, mailbox: Mailbox) -> None:
    with environment_of({"DECISION_UNDO_MINUTES": "10"}):
        held, confirmed = brought(applied("Held Ltd"), to="rejected"), brought(applied("Confirmed Ltd"), to="approved")
        drain()
        mailbox.empty()
        admin, approver = person(Role.ADMIN), person(Role.APPROVER)
        with transaction() as session:
            assert disable(session, admin, approver.user_id or 0) == 2
        with transaction() as session:
            confirm_decision(session, admin, row(session, confirmed))
        drain()
    [mail] = mailbox.mails()
    text = mailbox.text(mail)
    assert str(mail["To"]) == OPERATIONS and str(mail["Subject"]) == f"A decision is held, Held Ltd: {held}"
    assert "Decision: Rejection" in text and "Made by: Approver Person" in text and f"/review/{held}" in text
    said = [one.last_error for one in deliveries("email.decision_held") if one.external_id is None]
    assert said == ["The decision was confirmed or undone before this mail left, so it was not sent."]


@on_sqlite
def test_of_what_was_sent_again_the_mail_counts_as_many_changes_as_the_desk_shows(database: str, s3: object, graph: Graph, mailbox: Mailbox) -> None:
    reference, rosa = applied(), person(Role.REVIEWER)
    with transaction() as session:
        request_information(session, rosa, row(session, reference), "Tell us the real number of employees.")
        number = row(session, reference).id
    with reading() as session:
        stored_in(session.get_one(Application, number), "gdpr_policy", "A newer policy")
    sent_again(reference, team_size="77")
    drain()
    [mail] = [one for one in mailbox.mails() if str(one["Subject"]).startswith("Changed application from")]
    with reading() as session:
        case = load(session, rosa, reference)
    assert [change.name for change in case.changes] == ["team_size", "gdpr_policy"]
    assert "Changes: 2" in mailbox.text(mail).splitlines()
    assert [line.sentence for line in story(case.history) if "sent the application again, with 2 changes" in line.sentence]


def withdrawn(reference: str, reason: str) -> None:
    with transaction() as session:
        withdraw(session, row(session, reference), reason)


def by_address(mailbox: Mailbox) -> dict[str, EmailMessage]:
    found = {str(mail["To"]): mail for mail in mailbox.mails()}
    assert len(found) == len(mailbox.mails()), "each hears once"
    return found
