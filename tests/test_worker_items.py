"""Every answer in its column, and what people edit in SharePoint: never overwritten unseen."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations.graph import graph as to_graph
from integrations.sharepoint import Item
from models.application import Application
from models.database import now, reading, transaction
from models.event import record
from models.invitation import Invitation, extend
from models.list_item import ListItem, compare, mark
from models.note import add_note
from models.person import PORTAL, Actor, Role, actor_of, sign_in
from models.review import history, start_review
from models.settings import settings
from portal.pages.review.story import story
from tests.partners import deliveries, due_now, events, invitation_listed, invited, listed, submitted
from tests.parts import Graph, Local, Mailbox
from tests.sample_form import COMPLETE
from worker.deliver import drain

CATALOGUE = list(csv.DictReader((Path(__file__).parent / "form_catalogue.csv").read_text().splitlines()))
ONBOARDING = "EPC Onboarding"


def rosa() -> Actor:
    with transaction() as session:
        return actor_of(session, sign_in(session, oid="rosa", name="Rosa Reyes", email="rosa.reyes@saber.example", roles=[Role.REVIEWER]))


def noted(application: Application, text: str, by: Actor) -> None:
    with transaction() as session:
        add_note(session, by, session.get_one(Application, application.id), text)


def again(application: Application) -> None:
    """One more delivery of what stands."""
    with transaction() as session:
        record(session, "application.noted", PORTAL, application_id=application.id)
    drain()


def item_of(application: Application) -> Item:
    found = listed(application)
    assert found is not None
    return found


def edits() -> list[tuple[Any, ...]]:
    return [tuple(event.detail[name] for name in ("column", "theirs", "left", "by")) for event in events("sharepoint.edited")]


def test_every_answer_stands_in_the_column_that_the_catalogue_names(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application, reviewer = submitted(()), rosa()
    with transaction() as session:
        start_review(session, reviewer, session.get_one(Application, application.id))
    drain()
    fields = item_of(application).fields
    unanswered = {name for name, value in COMPLETE.items() if value == ""}
    wanted = {row["sharepoint_column"] for row in CATALOGUE if row["sharepoint_column"] and row["name"] not in unanswered}
    assert len(wanted) == 92 and wanted <= set(fields)
    assert {
        "Title": "Brightfield Solar Ltd", "Postcode": "RG1 8LS", "Services": "EPC;Design;Roof Solar;Battery Storage;Other",
        "TeamSize": 64, "CompanySize": "Medium", "InstalledMWp_Last3Y": 38.25, "MCS_Approved": True, "MarketingConsent": False,
        "PublicProductLiability_Expiry": f"{COMPLETE['public_liability_expiry']}T12:00:00Z", "CompanyWebsite": application.company_website,
        "RegisteredOffice": "Unit 4, Kennet Mill\nMill Lane", "FormVersion": application.form_version,
        "ReviewedByEmail": "rosa.reyes@saber.example", "ReviewedByLookupId": "2",
    }.items() <= fields.items()  # fmt: skip


def test_what_a_reviewer_edits_in_sharepoint_is_left_alone_and_what_is_ours_is_repaired(
    database: str, s3: Local, graph: Graph, mailbox: Mailbox
) -> None:
    application, reviewer = submitted(()), rosa()
    drain()
    item = item_of(application)
    graph.edit(ONBOARDING, item.id, Status="Approved", ReviewNotes="Fine by me", ContactEmail="x@x.example")
    noted(application, "Spoke to the insurer", reviewer)
    drain()
    fields = item_of(application).fields
    assert (fields["Status"], fields["ReviewNotes"], fields["ContactEmail"]) == ("Approved", "Fine by me", "helen.marsh@brightfieldsolar.co.uk")
    told = [("ContactEmail", "x@x.example", False), ("Status", "Approved", True), ("ReviewNotes", "Fine by me", True)]
    assert edits() == [(*one, "jane.doe@saber.example") for one in told]
    with reading() as session:
        lines = {line.sentence: line.quote for line in story(history(session, session.get_one(Application, application.id)))}
    assert lines["jane.doe@saber.example edited Status in SharePoint, and it was left so"] == "Approved"
    assert lines["jane.doe@saber.example edited ContactEmail in SharePoint, and the portal put it right"] == "x@x.example"
    again(application)
    assert len(edits()) == 3 and item_of(application).fields["Status"] == "Approved"
    noted(application, "And again", reviewer)
    drain()
    fields = item_of(application).fields
    assert "And again" in fields["ReviewNotes"] and fields["Status"] == "Approved" and len(edits()) == 3


def test_what_stands_there_already_is_not_written_again(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = submitted(())
    drain()
    before = item_of(application).etag
    again(application)
    assert item_of(application).etag == before
    assert {delivery.state for delivery in deliveries("sharepoint.application")} == {"done"}


def test_a_write_that_was_never_answered_is_not_taken_for_a_persons_edit(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application, reviewer = submitted(()), rosa()
    drain()
    noted(application, "First", reviewer)
    graph.misbehave(503, path=r"/items/\d+/fields$", method="PATCH", after=True)
    drain()
    assert "First" in item_of(application).fields["ReviewNotes"] and deliveries("sharepoint.application")[-1].state == "waiting"
    noted(application, "Second", reviewer)
    due_now()
    drain()
    assert "Second" in item_of(application).fields["ReviewNotes"] and edits() == []


def test_an_item_that_was_deleted_in_sharepoint_is_made_again_whole(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application, reviewer = submitted(()), rosa()
    drain()
    to_graph().send("DELETE", f"/sites/{settings().sharepoint_site}/lists/{ONBOARDING}/items/{item_of(application).id}")
    noted(application, "Still here", reviewer)
    drain()
    fields = item_of(application).fields
    assert "Still here" in fields["ReviewNotes"] and (fields["TeamSize"], fields["Status"]) == (64, "Submitted")


def test_an_invitation_that_somebody_corrects_in_sharepoint_keeps_the_correction(
    database: str, graph: Graph, mailbox: Mailbox
) -> None:
    made = invited()
    drain()
    item = invitation_listed(made.code)
    assert item is not None and item.fields["InvitedBy"] == PORTAL.name
    graph.edit("EPC Invitations", item.id, ContactEmail="new@brightfieldsolar.co.uk")
    with transaction() as session:
        extend(session, PORTAL, session.get_one(Invitation, made.id), until := now() + timedelta(days=90))
    drain()
    item = invitation_listed(made.code)
    assert item is not None and item.fields["ContactEmail"] == "new@brightfieldsolar.co.uk"
    assert item.fields["ExpiryDate"].startswith(f"{until:%Y-%m-%dT%H:%M:%S}")
    assert edits() == [("ContactEmail", "new@brightfieldsolar.co.uk", True, "jane.doe@saber.example")]


MINE = {"A": (mark("1"), mark("1")), "Day": (mark("2026-03-03T12:00:00Z"), mark("2026-03-03T00:00:00Z"))}


@pytest.mark.parametrize(("known", "ours", "theirs", "written", "edited"), [
    (ListItem(item_id="1", marks=MINE), {"A": "2"}, {"A": "1"}, {"A"}, []),
    (ListItem(item_id="1", marks=MINE), {"A": "1"}, {"A": "9"}, set(), [("A", True)]),
    (ListItem(item_id="1", marks=MINE), {"A": "2"}, {"A": "9"}, set(), [("A", True)]),
    (ListItem(item_id="1", marks=MINE), {"A": "2"}, {"A": "2"}, set(), []),
    (ListItem(item_id="1", marks=MINE, writing={"A": mark("2")}), {"A": "3"}, {"A": "2"}, {"A"}, []),
    (ListItem(item_id="1", marks=MINE), {"Day": "2026-03-03T12:00:00Z"}, {"Day": "2026-03-03T00:00:00Z"}, set(), []),
    (ListItem(item_id="1", marks=MINE), {"B": 4}, {}, {"B"}, []),
    (ListItem(item_id="1", marks=MINE), {"B": 4}, {"B": 4.0}, set(), []),
    (ListItem(item_id="1", marks=MINE), {"B": 4}, {"B": 5}, {"B"}, [("B", False)]),
    (ListItem(item_id="1", marks=MINE), {"A": None}, {"A": "1"}, {"A"}, []),
    (ListItem(item_id="1"), {"A": "1", "B": "1"}, {"A": "9", "B": "9"}, {"B"}, [("A", True)]),
])  # fmt: skip
def test_an_edit_is_told_from_our_own_older_word(
    known: ListItem, ours: dict[str, Any], theirs: dict[str, Any], written: set[str], edited: list[tuple[str, bool]]
) -> None:
    found = compare(known, ours, theirs, frozenset({"A"}))
    assert (set(found.write), [(one.column, one.left) for one in found.edits]) == (written, edited)
