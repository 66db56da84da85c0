"""The comparison of the night: ours is repaired, what was missed comes in, what is theirs is told, and each once."""

from __future__ import annotations

import pytest
from sqlmodel import select

from integrations.graph import graph as to_graph
from integrations.sharepoint import sharepoint
from models.database import now, reading, transaction
from models.document import Document
from models.event import record
from models.invitation import Invitation
from models.list_item import of_list_item
from models.list_report import news
from models.person import PORTAL
from models.settings import settings
from tests.lists import put
from tests.partners import count_listed, deliveries, events, invitation_listed, listed, submitted
from tests.parts import Graph, Local, Mailbox, environment_of
from worker.commands import main
from worker.deliver import drain
from worker.reconcile import NAMED, Found, compare_at_night, reconcile

ONBOARDING, INVITATIONS = "EPC Onboarding", "EPC Invitations"


def delete(list_name: str, item: str) -> None:
    to_graph().send("DELETE", f"/sites/{settings().sharepoint_site}/lists/{list_name}/items/{item}")


@pytest.fixture(autouse=True)
def _empty(graph: Graph) -> None:
    """The lists are the whole session's, and a report names only so many lines."""
    for name in (ONBOARDING, INVITATIONS):
        for item in list(to_graph().all(f"/sites/{settings().sharepoint_site}/lists/{name}/items")):
            delete(name, item["id"])


def of(lines: list[str], *words: str) -> list[str]:
    """Of these lines those that are about this test's items."""
    return [line for line in lines if all(word in line for word in words)]


def test_what_differs_is_repaired_or_told_and_the_dry_run_changes_nothing(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = submitted(("health_safety_policy", "iso_certificates"))
    with transaction() as session:  # the library is the whole session's too: other tests have documents of the same number and name
        for document in session.exec(select(Document)):
            document.file_name = f"{application.reference_number} {document.file_name}"
    drain()
    item, invitation = listed(application), invitation_listed(application.invitation_code)
    assert item is not None and invitation is not None
    graph.edit(ONBOARDING, item.id, TeamSize=7)
    delete(INVITATIONS, invitation.id)
    stranger = put(ONBOARDING, "ReferenceNumber", f"EPC-{now():%H%M%S%f}", Title="Made by hand")
    mailbox.empty()
    sharepoint().remove_document(events("document.published")[0].detail["item"])

    def differs(found: Found) -> list[int]:
        return [
            len(of(found.repaired, f"{ONBOARDING}, item {item.id}: TeamSize")), len(of(found.again, f"{INVITATIONS}, item {invitation.id}")),
            len(of(found.unknown, f"{stranger} (Made by hand)")), len(of(found.missing, str(application.reference_number))),
        ]  # fmt: skip

    before = len(deliveries())
    assert differs(reconcile(dry_run=True)) == [1, 1, 1, 1] and len(deliveries()) == before and events("sharepoint.compared") == []
    assert differs(reconcile()) == [1, 1, 1, 1]
    drain()
    after = listed(application)
    assert after is not None and after.fields["TeamSize"] == 64
    assert invitation_listed(application.invitation_code) is not None and count_listed(graph, application.invitation_code) == 2  # one a list
    with reading() as session:
        assert of(list(news(session)), stranger) and of(list(news(session)), str(application.reference_number))
    assert differs(reconcile()) == [0, 0, 1, 1]
    with reading() as session:
        assert news(session) == () and len(events("sharepoint.compared")) == 2


def test_a_document_that_somebody_renamed_in_the_library_is_not_missing(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = submitted(("health_safety_policy",))
    drain()
    with transaction() as session:
        for document in session.exec(select(Document)):
            document.file_name = f"{now():%H%M%S%f}.pdf"  # so nothing there has its name
    assert of(reconcile(dry_run=True).missing, str(application.reference_number)) == []
    sharepoint().remove_document(events("document.published")[0].detail["item"])
    assert len(of(reconcile(dry_run=True).missing, str(application.reference_number))) == 1


def test_what_was_missed_comes_in_and_what_waits_is_not_written_twice(
    database: str, s3: Local, graph: Graph, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    missed = put(INVITATIONS, "InvitationCode", f"Z{now():%M%S%f}"[:8], Title="Marstack", ContactEmail="rob@marstack.example.com", Status="Active")
    application = submitted(())
    drain()
    item = listed(application)
    assert item is not None
    delete(ONBOARDING, item.id)
    assert main(["sharepoint", "reconcile", "--dry-run"]) in (0, 1)
    said = capsys.readouterr().out
    assert f"would be made again: {ONBOARDING}, item {item.id}" in said
    reconcile()
    reconcile()
    assert len(events("sharepoint.application_differs")) == 1
    with transaction() as session:
        assert session.exec(select(Invitation).where(Invitation.sharepoint_item_id == missed)).one().company_name == "Marstack"
    drain()
    assert listed(application) is not None and of(reconcile().again, ONBOARDING) == []


def test_after_a_list_was_made_again_everybody_has_an_item_in_one_night(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    graph.remake(ONBOARDING)
    both = submitted(()), submitted(())
    drain()
    ours, other = sorted(both, key=lambda one: getattr(listed(one), "id", ""))  # the list's first number is ours
    graph.remake(ONBOARDING)
    with transaction() as session:
        record(session, "sharepoint.application_differs", PORTAL, application_id=other.id)
    drain()
    number = listed(other)
    assert listed(ours) is None and number is not None
    with reading() as session:
        assert len(of_list_item(session, number.id, invitations=False)) == 2
    graph.edit(ONBOARDING, number.id, by="Nobody Known", Status="Approved")
    found = reconcile()
    assert len(of(found.again, ONBOARDING)) == 1 and of(found.unknown, ONBOARDING) == []
    assert [event.application_id for event in events("sharepoint.conflict")] == [other.id]
    drain()
    after, still = listed(ours), listed(other)
    assert after is not None and still is not None and still.id == number.id != after.id and of(reconcile(dry_run=True).again, ONBOARDING) == []


def test_of_a_library_that_was_emptied_some_are_named_and_the_rest_counted(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = submitted(("health_safety_policy",))
    drain()
    with transaction() as session:
        kept = session.exec(select(Document)).one().model_dump(exclude={"id", "public_id"})
        for number in range(NAMED + 5):
            more = Document(**{**kept, "r2_key": f"uploads/X/{number}", "public_id": f"gone-{number}", "file_name": f"{number} {now():%f}.pdf"})
            session.add(more)
            record(session, "document.published", PORTAL, application_id=application.id, document=more.public_id, item=f"GONE{number}")
    told = reconcile(dry_run=True).theirs
    assert len(of(told, "lacks", str(application.reference_number))) == NAMED
    assert of(told, "5 more are not in", "were not asked for one by one")


def test_once_a_night_and_not_before_its_hour_one_worker_compares(database: str, graph: Graph, mailbox: Mailbox) -> None:
    for hour, answers in ((now().hour + 1) % 24, [False]), (24, [False]), ((now().hour - 3) % 24, [True, False]):
        with environment_of({"DATABASE_URL": database, "SHAREPOINT_COMPARE_HOUR": str(hour)}):
            assert [compare_at_night() for _ in answers] == answers
