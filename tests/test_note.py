"""Notes: private and public ones, who is named in them, and what becomes of second thoughts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from models.database import now, reading, transaction
from models.errors import Conflict, Forbidden
from models.event import Event
from models.invitation import Invitation, speak
from models.mention import Colleague, have_read, mentioned_in, perhaps, unknown_in
from models.note import Note, add_note, change_note, notes, remove_note, restore_note, told_to_partner, unread
from models.person import Role, User
from models.review import history
from portal.pages.status import body, read
from tests.desk import applied, person, row
from tests.partners import deliveries, submitted
from tests.parts import Graph, Local, Mailbox
from worker.deliver import drain

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TOLD = "Your certificate has arrived, thank you. <b>Nothing</b> more is needed."


def test_a_public_note_is_on_the_partners_page_and_in_a_mail_and_a_private_one_is_not(
    database: str, redis_server: object, s3: Local, graph: Graph, mailbox: Mailbox
) -> None:
    application, rosa = submitted(()), person(Role.REVIEWER)
    drain()
    mailbox.empty()
    with transaction() as session:
        ours = row(session, application.reference_number or "")
        speak(session, session.get_one(Invitation, 1), "de")
        add_note(session, rosa, ours, "The broker is slow: @Approver Person knows him.")
        add_note(session, rosa, ours, TOLD, public=True)
    drain()
    [mail] = [one for one in mailbox.mails() if str(one["To"]) == application.primary_contact_email]
    assert TOLD in mailbox.text(mail) and str(mail["Reply-To"]) == "operations@saber.example"
    with reading() as session:
        invitation = session.get_one(Invitation, 1)
    page = body(read(invitation))
    assert "Your certificate has arrived, thank you. &lt;b&gt;Nothing&lt;/b&gt; more is needed." in page and "We wrote to you" in page
    assert "broker" not in page and "broker" not in "".join(mailbox.text(one) for one in mailbox.mails())
    assert [one.state for one in deliveries("email.note")] == ["done"]


def test_who_is_mentioned_gets_one_mail_and_finds_it_at_the_desk_until_the_application_is_opened(
    database: str, redis_server: object, s3: Local, graph: Graph, mailbox: Mailbox
) -> None:
    rosa, arthur, olivia = person(Role.REVIEWER), person(Role.APPROVER), person(Role.OPERATIONS)
    reference = submitted(()).reference_number or ""
    drain()
    mailbox.empty()
    with transaction() as session:
        note = add_note(session, rosa, row(session, reference), "@approver person, @Operations Person and @Reviewer Person: is this enough?")
    with transaction() as session:
        assert [(one.reference, one.written_by) for one in unread(session, arthur)] == [(reference, "Reviewer Person")]
        assert unread(session, rosa) == [] and len(unread(session, olivia)) == 1  # nobody is told of their own words
        assert have_read(session, olivia, row(session, reference)) == 1
        change_note(session, rosa, note.id or 0, "@Approver Person: is this enough for you?")  # who was named before is not told again
    drain()
    [mail] = mailbox.mails()
    assert str(mail["To"]) == arthur.email and f"/review/{reference}" in mailbox.text(mail)
    assert "is this enough for you?" in mailbox.text(mail)
    with transaction() as session:
        assert have_read(session, arthur, row(session, reference)) == 1 and unread(session, arthur) == []


def test_a_name_is_taken_whole() -> None:
    ann, smith, other = Colleague(1, "Ann Lee"), Colleague(2, "Ann Lee Smith"), Colleague(3, "ann lee")
    assert mentioned_in("Ask @Ann Lee Smith.", [ann, smith]) == [smith]
    assert mentioned_in("@Ann Lee, and @ann lee smith", [ann, smith]) == [smith, ann]
    assert mentioned_in("@Ann Lee", [ann, smith, other]) == [ann, other]
    assert mentioned_in("Write to post@Ann Lee or @Ann Leeson, or to Ann Lee", [ann, smith]) == []


def test_what_is_nobodys_name_after_an_at_is_told_and_no_address_is() -> None:
    people = [Colleague(1, "Ann Lee"), Colleague(2, "Rosa Reyes"), Colleague(3, "Rosalind Lee")]
    assert unknown_in("@Rosa and @rosa: please ask (@Ann Lee), @Tom’s or @Rosalind Leeson; see post@saber.example", people) == [
        "@Rosa", "@rosa", "@Tom’s", "@Rosalind",
    ]  # fmt: skip
    assert perhaps("@rosa", people) == ["Rosa Reyes", "Rosalind Lee"] and perhaps("@Tom’s", people) == []
    assert unknown_in("@Rosa Reyes, @ANN LEE.", people) == []


def test_second_thoughts_about_a_private_note_are_heard_for_ten_minutes_and_stay_in_the_history(database: str) -> None:
    reference, rosa, arthur = applied(), person(Role.REVIEWER), person(Role.APPROVER)
    with transaction() as session:
        note = add_note(session, rosa, row(session, reference), "They are to slow")
        number = note.id or 0
        change_note(session, rosa, number, "They are too slow")
        remove_note(session, rosa, number)
        assert notes(session, row(session, reference)) == []
        assert [one.text for one in notes(session, row(session, reference), removed_by=rosa.user_id)] == ["They are too slow"]
        assert notes(session, row(session, reference), removed_by=arthur.user_id) == []
        restore_note(session, rosa, number)
    with transaction() as session:
        with pytest.raises(Forbidden, match="Only whoever wrote"):
            remove_note(session, arthur, number)
        session.get_one(Note, number).written_at = now() - timedelta(minutes=11)
        with pytest.raises(Conflict, match="for ten minutes"):
            change_note(session, rosa, number, "Too late")
        told = add_note(session, rosa, row(session, reference), TOLD, public=True)
        with pytest.raises(Conflict, match="has been sent to the partner"):
            remove_note(session, rosa, told.id or 0)
    with reading() as session:
        kept = [(event.type.removeprefix("application."), event.detail.get("before")) for event in history(session, row(session, reference))]
        assert kept[:5] == [("told", None), ("note_restored", None), ("note_removed", None), ("note_changed", "They are to slow"), ("noted", None)]
        assert [one.text for one in told_to_partner(session, row(session, reference))] == [TOLD]


@on_sqlite
def test_a_suspended_person_is_neither_offered_nor_told(database: str, redis_server: object) -> None:
    reference, rosa, arthur = applied(), person(Role.REVIEWER), person(Role.APPROVER)
    with transaction() as session:
        session.get_one(User, arthur.user_id).status = "suspended"
        add_note(session, rosa, row(session, reference), "@Approver Person, have a look")
        assert session.exec(select(Event).where(Event.type == "application.mentioned")).all() == []
