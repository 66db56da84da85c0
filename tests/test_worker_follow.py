"""What people change in the lists comes into the portal, once, whichever way it comes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, delete, select

from integrations.sharepoint import sharepoint
from models.database import now, reading, transaction
from models.delivery import Delivery
from models.event import Event
from models.followed_list import FollowedList
from models.invitation import Invitation, extend, note_opened
from models.invitation_list import synced
from models.list_trouble import ListTrouble
from models.outbox import Wanted, look
from models.person import PORTAL, Actor, Role
from models.taken_over import SEEN_TO, invite_taken_over, taken_over
from tests.lists import put, read_so_far
from tests.partners import deliveries, events, invitation_listed, invited
from tests.parts import Graph, Mailbox, environment_of, eventually
from worker.deliver import drain, stopping
from worker.follow import follow, read_list
from worker.reconcile import reconcile

INVITATIONS = "EPC Invitations"


@pytest.fixture(autouse=True)
def read_before(database: str, graph: Graph) -> None:
    """The lists are the whole session's: what other tests left in them is not this test's."""
    read_so_far()


def made(**fields: Any) -> str:
    """An item that a person made in the list."""
    return put(INVITATIONS, "InvitationCode", f"X{now():%M%S%f}"[:8], Title="Marstack", ContactEmail="rob@marstack.example.com", **fields)


def invitations() -> list[Invitation]:
    with reading() as session:
        return list(session.exec(select(Invitation).order_by(Invitation.id)))  # type: ignore[arg-type]


def troubles() -> list[ListTrouble]:
    with reading() as session:
        return list(session.exec(select(ListTrouble)))


def test_a_new_item_is_invited_once_whichever_way_it_comes(database: str, graph: Graph, mailbox: Mailbox) -> None:
    item = made(Status="Active", Notes="Met at a fair")
    assert read_list(INVITATIONS)
    (found,) = invitations()
    assert (found.company_name, found.contact_email, found.notes, found.sharepoint_item_id) == ("Marstack", "rob@marstack.example.com", "Met at a fair", item)
    drain()
    with transaction() as session:  # the list's own flow, late
        synced(session, item_id=item, company_name="Marstack", contact_email="rob@marstack.example.com", notes="Met at a fair", status="Active")
    assert read_list(INVITATIONS) and read_list(INVITATIONS)
    assert len(invitations()) == 1 and len(events("invitation.synced")) == 1 and events("invitation.changed") == []
    assert len(mailbox.mails()) == 1


def test_of_several_changes_the_last_wins_and_a_late_word_of_an_older_one_changes_nothing(
    database: str, graph: Graph, mailbox: Mailbox
) -> None:
    item = made(Status="Active")
    read_list(INVITATIONS)
    earlier = now() - timedelta(minutes=1)
    for notes in ("One", "Two", "Three"):
        graph.edit(INVITATIONS, item, Notes=notes)
    read_list(INVITATIONS)
    assert [event.detail["changed"] for event in events("invitation.changed")] == [{"notes": ["", "Three"]}]
    with transaction() as session:
        synced(session, item_id=item, company_name="Marstack", contact_email="rob@marstack.example.com", notes="One", modified=earlier)
    assert invitations()[0].notes == "Three"


def test_what_the_portal_wrote_itself_never_comes_back_as_an_edit(database: str, graph: Graph, mailbox: Mailbox) -> None:
    made_here = invited()
    drain()
    item = invitation_listed(made_here.code)
    assert item is not None
    until = now() + timedelta(days=90)
    with transaction() as session:  # not written there yet
        extend(session, PORTAL, session.get_one(Invitation, made_here.id), until)
    graph.edit(INVITATIONS, item.id, Notes="Call them first")
    read_list(INVITATIONS)
    assert [event.detail["changed"] for event in events("invitation.changed")] == [{"notes": ["", "Call them first"]}]
    with reading() as session:
        assert session.get_one(Invitation, made_here.id).expires_at == until
    drain()
    read_list(INVITATIONS)
    assert len(events("invitation.changed")) == 1


def test_an_edit_that_a_delivery_saw_first_and_left_comes_in_and_so_does_taking_it_back(
    database: str, graph: Graph, mailbox: Mailbox
) -> None:
    made_here = invited()
    drain()
    item = invitation_listed(made_here.code)
    assert item is not None
    graph.edit(INVITATIONS, item.id, ContactEmail="new@brightfieldsolar.co.uk")
    with transaction() as session:
        extend(session, PORTAL, session.get_one(Invitation, made_here.id), now() + timedelta(days=90))
    drain()
    read_list(INVITATIONS)
    assert invitations()[0].contact_email == "new@brightfieldsolar.co.uk"
    graph.edit(INVITATIONS, item.id, ContactEmail="helen.marsh@brightfieldsolar.co.uk")
    read_list(INVITATIONS)
    assert invitations()[0].contact_email == "helen.marsh@brightfieldsolar.co.uk"


def test_an_item_that_cannot_be_an_invitation_is_told_once_until_it_is_put_right(database: str, graph: Graph, mailbox: Mailbox) -> None:
    item = made(Status="Active")
    graph.edit(INVITATIONS, item, ContactEmail=None)
    read_list(INVITATIONS)
    forgotten()
    read_list(INVITATIONS)
    mine = [event for event in events("sharepoint.unreadable") if event.detail["item"] == item]
    assert [(event.detail["title"], event.detail["why"]) for event in mine] == [("Marstack", "Enter an email address like name@example.com.")]
    assert [one.by for one in troubles() if one.item_id == item] == ["jane.doe@saber.example"]
    graph.edit(INVITATIONS, item, ContactEmail="rob@marstack.example.com")
    read_list(INVITATIONS)
    assert item not in [one.item_id for one in troubles()] and item in [one.sharepoint_item_id for one in invitations()]


def test_where_graph_has_forgotten_how_far_it_was_everything_is_read(database: str, graph: Graph, mailbox: Mailbox) -> None:
    item = made(Status="Active")
    forgotten()
    assert read_list(INVITATIONS)
    assert item in [one.sharepoint_item_id for one in invitations()]


@pytest.mark.parametrize("first", ["its delivery", "the list"])
def test_in_a_list_that_was_made_again_nobody_gets_anothers_number_and_everybody_stands_there_again(
    database: str, graph: Graph, mailbox: Mailbox, first: str
) -> None:
    graph.remake(INVITATIONS)
    ours = invited()
    drain()
    before = invitation_listed(ours.code)
    graph.remake(INVITATIONS)
    item = made(Status="Active")
    assert before is not None and item == before.id
    graph.edit(INVITATIONS, item, InvitationCode=None)  # as a person makes one
    mailbox.empty()
    if first == "its delivery":
        with transaction() as session:
            extend(session, PORTAL, session.get_one(Invitation, ours.id), now() + timedelta(days=90))
        drain()
    assert sharepoint().read_item(INVITATIONS, item).fields["Title"] == "Marstack"
    read_list(INVITATIONS)
    drain()
    assert [one.company_name for one in invitations()] == ["Brightfield Solar Ltd", "Marstack"] and len(events("invitation.synced")) == 1
    assert "rob@marstack.example.com" in {mail["To"] for mail in mailbox.mails()}
    there, theirs = invitation_listed(ours.code), invitation_listed(invitations()[1].code)
    assert there is not None and theirs is not None and theirs.id == item != there.id and theirs.fields["Title"] == "Marstack"


def test_a_list_that_cannot_be_read_is_read_from_the_same_place_again(database: str, graph: Graph, mailbox: Mailbox) -> None:
    item = made(Status="Active")
    graph.misbehave(503, times=1, path="/delta")
    assert not read_list(INVITATIONS)
    assert invitations() == [] and read_list(INVITATIONS)
    assert [one.sharepoint_item_id for one in invitations()] == [item]


def test_one_worker_reads_and_not_before_it_is_time(database: str, graph: Graph, mailbox: Mailbox) -> None:
    with environment_of({"DATABASE_URL": database, "SHAREPOINT_POLL_MINUTES": "5"}):
        assert [follow(), follow()] == [True, False]
    assert deliveries() == []


def test_what_stood_in_the_list_before_the_portal_is_taken_over_without_a_mail_until_somebody_sends_it(
    database: str, graph: Graph, mailbox: Mailbox
) -> None:
    with transaction() as session:  # nobody has ever read the list
        session.delete(session.get_one(FollowedList, INVITATIONS))
    old, later = made(Status="Active"), made(Status="Active")
    over = made(Status="Used")
    reconcile()  # whichever comes first
    assert read_list(INVITATIONS)
    drain()
    found = {one.sharepoint_item_id: one for one in invitations()}
    assert {old, later, over} <= found.keys() and mailbox.mails() == [] and deliveries("email.invitation") == []
    with transaction() as session:
        note_opened(session, session.get_one(Invitation, found[later].id))  # who was here has had a mail
        waiting, since = taken_over(session)
        assert since is not None and waiting == look(session, Wanted()).taken_over[0]
        assert waiting == len([one for one in invitations() if one.state == "active"]) - 1
    new = made(Status="Active")
    read_list(INVITATIONS)
    drain()
    assert [one.sharepoint_item_id for one in invitations() if one.id == deliveries("email.invitation")[0].invitation_id] == [new]
    with transaction() as session:
        sent = invite_taken_over(session, Actor(name="Olu Okafor", kind="staff", roles=frozenset({Role.OPERATIONS})))
        assert sent == waiting and taken_over(session)[0] == 0
    assert len(deliveries("email.invitation")) == 1 + waiting
    with transaction() as session:  # after LOG_DAYS
        for mail in deliveries("email.invitation"):
            session.delete(session.get_one(Delivery, mail.id))
        session.exec(delete(Event).where(col(Event.type) == SEEN_TO))
        assert taken_over(session)[0] == 0, "whoever had the mail is not mailed twice"


def test_what_is_made_after_a_first_look_that_did_not_end_is_invited(database: str, graph: Graph, mailbox: Mailbox) -> None:
    graph.remake(INVITATIONS)
    with transaction() as session:
        session.delete(session.get_one(FollowedList, INVITATIONS))
    old = made(Status="Active")
    stopping.set()
    try:
        assert not read_list(INVITATIONS)
    finally:
        stopping.clear()
    with reading() as session:
        begun_at = session.get_one(FollowedList, INVITATIONS).begun_at or now()
    eventually(lambda: now() > begun_at + timedelta(seconds=1))  # SharePoint's moments have no fractions
    new = made(Status="Active", Notes="Another")
    assert read_list(INVITATIONS)
    drain()
    kinds = {one.sharepoint_item_id: one.id for one in invitations()}
    assert [event.invitation_id for event in events("invitation.taken_over")] == [kinds[old]]
    assert [event.invitation_id for event in events("invitation.synced")] == [kinds[new]] and len(deliveries("email.invitation")) == 1


def forgotten() -> None:
    """As Graph does with links after a while."""
    with transaction() as session:
        row = session.get_one(FollowedList, INVITATIONS)
        row.link = row.link.replace("since-", "gone-")
        session.add(row)
