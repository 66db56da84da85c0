"""What people edit in the review columns of SharePoint: done in the portal as theirs, or a conflict; never twice, and never a loop."""

from __future__ import annotations

import pytest
from sqlmodel import select

from integrations.sharepoint import Item, sharepoint
from models.application import Application
from models.database import reading, transaction
from models.decision import Decision, waiting_decision
from models.errors import Conflict
from models.list_decision import keep_ours
from models.list_trouble import ListTrouble, conflict_of
from models.note import notes
from models.person import Actor, Role, actor_of, sign_in
from models.review import SECTIONS, Ruling, give_verdict, mark_reviewed, undo_decision
from models.settings import settings
from tests.lists import read_so_far
from tests.partners import due_now, events, listed, submitted
from tests.parts import Graph, Local, Mailbox, environment_of
from worker.deliver import drain
from worker.follow import read_list

ONBOARDING = "EPC Onboarding"


def staff(name: str, role: Role) -> Actor:
    email = f"{name.lower().replace(' ', '.')}@saber.example"
    with transaction() as session:
        return actor_of(session, sign_in(session, oid=name, name=name, email=email, roles=[role]))


@pytest.fixture
def reviewed(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> Application:
    """An application that Rosa reviewed, which Arthur may decide, as SharePoint has it."""
    rosa, _ = staff("Rosa Reyes", Role.REVIEWER), staff("Arthur Adeyemi", Role.APPROVER)
    application = submitted(())
    with transaction() as session:
        row = session.get_one(Application, application.id)
        for section in SECTIONS:
            give_verdict(session, rosa, row, section, Ruling.PASSED)
        mark_reviewed(session, rosa, row)
    drain()
    read_so_far()
    return application


def item_of(application: Application) -> Item:
    found = listed(application)
    assert found is not None
    return found


def status(application: Application) -> str:
    with reading() as session:
        return session.get_one(Application, application.id).status


def decision(application: Application) -> Decision | None:
    with reading() as session:
        return waiting_decision(session, application.id)


def conflicts() -> list[tuple[str, str, str]]:
    return [(event.detail["column"], event.detail["by"], event.detail["why"]) for event in events("sharepoint.conflict")]


def trouble(application: Application) -> ListTrouble | None:
    with reading() as session:
        return conflict_of(session, application.id)


def test_an_approvers_word_in_sharepoint_is_their_decision_with_its_time_to_undo_it(reviewed: Application, graph: Graph, database: str) -> None:
    item = item_of(reviewed)
    with environment_of({"DATABASE_URL": database, "DECISION_UNDO_MINUTES": "10"}):
        graph.edit(ONBOARDING, item.id, by="Arthur Adeyemi", Status="Approved", ReviewedByEmail="arthur.adeyemi@saber.example")
        graph.edit(ONBOARDING, item.id, by="Arthur Adeyemi", ReviewNotes=f"{item.fields['ReviewNotes']}\nThe references were excellent.")
        assert read_list(ONBOARDING) and read_list(ONBOARDING)
        made = decision(reviewed)
        assert made is not None and (made.kind, made.made_by, made.message, status(reviewed)) == ("approval", "Arthur Adeyemi", "", "reviewed")
        with reading() as session:
            assert [(note.written_by, note.text) for note in notes(session, reviewed)] == [("Arthur Adeyemi", "The references were excellent.")]
        drain()
        assert item_of(reviewed).fields["Status"] == "Approved"
        read_list(ONBOARDING)
        assert len(events("application.decided")) == 1 and len(events("sharepoint.followed")) == 1 and conflicts() == []
        arthur = staff("Arthur Adeyemi", Role.APPROVER)
        with transaction() as session:
            undo_decision(session, arthur, session.get_one(Application, reviewed.id))
        drain()
        assert item_of(reviewed).fields["Status"] == "Under Review"
        read_list(ONBOARDING)
        assert decision(reviewed) is None and conflicts() == []


def test_a_rejection_needs_a_line_for_the_partner_and_nothing_else_reaches_them(
    reviewed: Application, graph: Graph, mailbox: Mailbox
) -> None:
    item = item_of(reviewed)
    graph.edit(ONBOARDING, item.id, by="Arthur Adeyemi", Status="Rejected")
    read_list(ONBOARDING)
    assert [(column, by) for column, by, _ in conflicts()] == [("Status", "arthur.adeyemi@saber.example")]
    graph.edit(ONBOARDING, item.id, by="Arthur Adeyemi", Status="Under Review")
    read_list(ONBOARDING)
    assert trouble(reviewed) is None
    added = "Their accounts look thin to me\nReason: The insurance cover is below what we need."
    graph.edit(ONBOARDING, item.id, by="Arthur Adeyemi", Status="Rejected", ReviewNotes=f"{item.fields['ReviewNotes']}\n{added}")
    mailbox.empty()
    read_list(ONBOARDING)
    drain()
    assert status(reviewed) == "rejected" and item_of(reviewed).fields["Status"] == "Rejected"
    (mail,) = [mailbox.text(one) for one in mailbox.mails() if "below what we need" in mailbox.text(one)]
    assert "accounts look thin" not in mail and "Reason:" not in mail


@pytest.mark.parametrize(("by", "why"), [
    ("Rosa Reyes", "Your account may not decide on applications. Ask an administrator for the role."),
    ("Jane Doe", "Whoever edited it is not known to have an active account in the portal."),
])  # fmt: skip
def test_what_the_rules_do_not_allow_is_a_conflict_told_once_and_keeping_ours_is_the_way_out(
    reviewed: Application, graph: Graph, by: str, why: str
) -> None:
    item = item_of(reviewed)
    graph.edit(ONBOARDING, item.id, by=by, Status="Approved")
    read_list(ONBOARDING)
    graph.edit(ONBOARDING, item.id, by="Arthur Adeyemi", ContactName="Somebody else's column")  # is not his word on the status
    read_list(ONBOARDING)
    due_now()
    drain()
    read_list(ONBOARDING)
    assert conflicts() == [("Status", f"{by.lower().replace(' ', '.')}@saber.example", why)]
    assert decision(reviewed) is None and status(reviewed) == "reviewed" and item_of(reviewed).fields["Status"] == "Approved"
    olive = staff("Olive Osei", Role.OPERATIONS)
    with transaction() as session:
        keep_ours(session, olive, session.get_one(Application, reviewed.id))
    drain()
    read_list(ONBOARDING)
    assert item_of(reviewed).fields["Status"] == "Under Review" and trouble(reviewed) is None and len(conflicts()) == 1
    with pytest.raises(Conflict), transaction() as session:
        keep_ours(session, olive, session.get_one(Application, reviewed.id))


def test_what_came_too_early_does_not_decide_once_the_review_is_done(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    rosa, _ = staff("Rosa Reyes", Role.REVIEWER), staff("Arthur Adeyemi", Role.APPROVER)
    application = submitted(())
    drain()
    read_so_far()
    graph.edit(ONBOARDING, item_of(application).id, by="Arthur Adeyemi", Status="Approved")
    read_list(ONBOARDING)
    with transaction() as session:
        row = session.get_one(Application, application.id)
        for section in SECTIONS:
            give_verdict(session, rosa, row, section, Ruling.PASSED)
        mark_reviewed(session, rosa, row)
    drain()
    read_list(ONBOARDING)
    graph.edit(ONBOARDING, item_of(application).id, by="Arthur Adeyemi", ContactName="Another column")
    read_list(ONBOARDING)
    assert status(application) == "reviewed" and [why for _, __, why in conflicts()] == ["This cannot be done now. Status of the application: Submitted."]


def test_of_two_people_who_edited_nobody_is_made_to_have_decided(reviewed: Application, graph: Graph) -> None:
    item = item_of(reviewed)
    graph.edit(ONBOARDING, item.id, by="Rosa Reyes", Status="Approved")
    graph.edit(ONBOARDING, item.id, by="Arthur Adeyemi", ReviewNotes=f"{item.fields['ReviewNotes']}\nSeen")
    read_list(ONBOARDING)
    assert decision(reviewed) is None
    assert [why for _, __, why in conflicts()] == [
        "Several people edited it one after the other: arthur.adeyemi@saber.example, rosa.reyes@saber.example."
    ]


def test_what_a_delivery_saw_first_and_left_is_decided_all_the_same_and_what_we_write_never_is(
    reviewed: Application, graph: Graph
) -> None:
    item, rosa = item_of(reviewed), staff("Rosa Reyes", Role.REVIEWER)
    read_list(ONBOARDING)
    graph.edit(ONBOARDING, item.id, by="Arthur Adeyemi", Status="Approved")
    from models.note import add_note

    with transaction() as session:
        add_note(session, rosa, session.get_one(Application, reviewed.id), "One more thing")
    drain()
    assert [event.detail["column"] for event in events("sharepoint.edited")] == ["Status"]
    read_list(ONBOARDING)
    assert status(reviewed) == "approved"
    drain()
    read_list(ONBOARDING)
    with reading() as session:
        assert session.exec(select(ListTrouble)).all() == [] and sharepoint().read_item(ONBOARDING, item.id).fields["Status"] == "Approved"
    assert len(events("sharepoint.followed")) == 1 and settings().decision_undo_minutes == 0
