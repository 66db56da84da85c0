"""What SharePoint holds after an invitation, an application and its documents: the current state, once."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from integrations.sharepoint import sharepoint
from integrations.storage import storage
from integrations.upload import PIECE, expected
from models.application import Application, submit, withdraw
from models.database import now, reading, transaction
from models.document import Document, stored
from models.event import record
from models.invitation import Invitation, extend, revoke
from models.invitation_list import synced
from models.library_upload import LibraryUpload
from models.note import add_note
from models.pausing import pause, resume
from models.person import PORTAL, Actor, Role, actor_of, sign_in
from models.review import SECTIONS, Ruling, approve, give_verdict, mark_reviewed, request_information
from models.settings import settings
from tests.lists import put
from tests.papers import large_pdf
from tests.partners import (
    THREE,
    begun,
    by_code,
    count_listed,
    deliveries,
    due_now,
    events,
    folder,
    invitation_listed,
    invited,
    listed,
    stored_in,
    submitted,
)
from tests.parts import Graph, Local, Mailbox, eventually
from tests.sample_form import COMPLETE, form, wanted_documents
from worker.deliver import drain


def staff(name: str, role: Role) -> Actor:
    with transaction() as session:
        return actor_of(session, sign_in(session, oid=name, name=name, email=f"{name.split()[0].lower()}@saber.example", roles=[role]))


def test_an_invitation_becomes_one_item_with_its_columns(database: str, graph: Graph, mailbox: Mailbox) -> None:
    made = invited()
    drain()
    item = invitation_listed(made.code)
    assert item is not None
    expected = {
        "Title": "Brightfield Solar Ltd", "InvitationCode": made.code, "ContactEmail": "helen.marsh@brightfieldsolar.co.uk",
        "ContactTitle": "Ms", "Status": "Active", "Notes": "",
    }  # fmt: skip
    assert expected.items() <= item.fields.items()
    assert item.fields["ExpiryDate"].startswith(f"{made.expires_at:%Y-%m-%dT%H:%M:%S}")
    with transaction() as session:
        assert session.get_one(Invitation, made.id).sharepoint_item_id == item.id


def test_a_revoked_invitation_is_cancelled_and_an_extended_one_has_its_new_date(database: str, graph: Graph, mailbox: Mailbox) -> None:
    one, other = invited(), invited()
    until = now() + timedelta(days=90)
    with transaction() as session:
        revoke(session, PORTAL, session.get_one(Invitation, one.id))
        extend(session, PORTAL, session.get_one(Invitation, other.id), until)
    drain()
    revoked, extended = invitation_listed(one.code), invitation_listed(other.code)
    assert revoked is not None and revoked.fields["Status"] == "Cancelled"
    assert extended is not None and extended.fields["ExpiryDate"].startswith(f"{until:%Y-%m-%dT%H:%M:%S}")


def test_a_code_that_sharepoint_lacked_is_written_back_to_its_item(database: str, graph: Graph, mailbox: Mailbox) -> None:
    name = settings().sharepoint_invitations_list
    theirs = put(name, "InvitationCode", f"X{now():%H%M%S%f}"[:8], Title="Marstack")
    sharepoint().change_item(name, theirs, {"InvitationCode": None})
    with transaction() as session:
        made, _ = synced(session, company_name="Marstack", contact_email="rob@marstack.example.com", item_id=theirs)
    drain()
    item = invitation_listed(made.code)
    assert item is not None and item.id == theirs
    assert count_listed(graph, made.code) == 1


def test_an_item_that_somebody_deleted_is_made_again(database: str, graph: Graph, mailbox: Mailbox) -> None:
    made = invited()
    with transaction() as session:
        row = session.get_one(Invitation, made.id)
        row.sharepoint_item_id = "999999"
        session.add(row)
    drain()
    item = invitation_listed(made.code)
    assert item is not None
    with transaction() as session:
        assert session.get_one(Invitation, made.id).sharepoint_item_id == item.id


def test_an_application_becomes_one_item_with_all_its_answers_and_links(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = submitted()
    drain()
    item = listed(application)
    assert item is not None
    expected = {
        "Title": "Brightfield Solar Ltd", "InvitationCode": application.invitation_code, "ContactName": "Helen Marsh",
        "ContactEmail": "helen.marsh@brightfieldsolar.co.uk", "Status": "Submitted", "ReferenceNumber": application.reference_number,
    }  # fmt: skip
    assert expected.items() <= item.fields.items()
    told = json.loads(item.fields["ApplicationData"])
    assert sum(len(told[f"step{number}"]) for number in range(1, 7)) == 89
    assert told["step1"]["companyPostal"] == "RG1 8LS"
    assert tuple(document["slot"] for document in told["documents"]) == THREE
    links = item.fields["DocumentLinks"].splitlines()
    assert len(links) == 3 and all(f": {settings().portal_url}/documents/" in link for link in links)


def test_the_documents_stand_in_the_folder_of_the_reference_under_names_of_their_own(
    database: str, s3: Local, graph: Graph, mailbox: Mailbox
) -> None:
    application = submitted(("public_liability_certificate", "team_cvs", "team_cvs"))
    drain()
    item, files = listed(application), folder(graph, application.reference_number or "")
    assert item is not None
    assert sorted(section for _, section, _ in files.values()) == ["Delivery", "Delivery", "Insurance"]
    assert {owner for _, _, owner in files.values()} == {item.id}
    assert all(name.startswith(("public_liability_certificate-", "team_cvs-")) and name.endswith(".pdf") for name in files)


def test_documents_name_the_item_that_was_made_again_for_one_that_somebody_deleted(
    database: str, s3: Local, graph: Graph, mailbox: Mailbox
) -> None:
    application = submitted()
    drain()
    submitted(())  # it has the higher number, so that the first's is not given again
    drain()
    before = listed(application)
    assert before is not None
    graph.delete(settings().sharepoint_applications_list, before.id)
    with transaction() as session:
        record(session, "sharepoint.application_differs", PORTAL, application_id=application.id)
    drain()
    item, files = listed(application), folder(graph, application.reference_number or "")
    assert item is not None and item.id != before.id
    assert len(files) == 3 and {owner for _, _, owner in files.values()} == {item.id}
    told = len(events("document.published"))
    with transaction() as session:
        record(session, "sharepoint.application_differs", PORTAL, application_id=application.id)
    drain()
    assert len(events("document.published")) == told == 6, "each handed in, and named once more"


def test_a_document_that_was_handed_in_is_not_handed_in_again(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    graph.misbehave(503, times=1, path="iso_certificates")
    application = submitted()
    drain()
    assert deliveries("sharepoint.documents")[0].state == "waiting"
    first = {event.detail["document"]: event.detail["item"] for event in events("document.published")}
    assert len(first) == 2
    due_now()
    drain()
    again = [event.detail["document"] for event in events("document.published")]
    assert len(again) == len(set(again)) == 3
    assert len(folder(graph, application.reference_number or "")) == 3


def test_a_document_that_can_never_arrive_does_not_keep_the_others_back(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = submitted()
    with transaction() as session:
        lost = stored_documents(session, application)[0]
    storage().delete(lost.r2_key)
    drain()
    delivery = deliveries("sharepoint.documents")[0]
    assert (delivery.state, delivery.failure) == ("failed", "permanent")
    assert len(folder(graph, application.reference_number or "")) == 2


def test_bytes_that_were_changed_after_the_check_are_not_published(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = submitted(("health_safety_policy",))
    with transaction() as session:
        changed = stored_documents(session, application)[0]
    storage().put(changed.r2_key, b"%PDF-1.7 something else", "application/pdf")
    drain()
    assert "is not the file that was checked" in (deliveries("sharepoint.documents")[0].last_error or "")
    assert folder(graph, application.reference_number or "") == {}


def test_a_form_too_long_for_its_column_becomes_a_file_in_the_folder(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = submitted(())
    with transaction() as session:
        row = session.get_one(Application, application.id)
        row.additional_information = "🌞" * 31_000  # 62,000 as SharePoint counts
        session.add(row)
    drain()
    item = listed(application)
    assert item is not None and "Too long for this column" in item.fields["ApplicationData"]
    size, section, owner = folder(graph, application.reference_number or "")[f"{application.reference_number}-application.json"]
    assert int(size) > 124_000 and (section, owner) == ("Legal", item.id)
    with transaction() as session:
        session.get_one(Application, application.id).additional_information = "Short again"
        record(session, "application.resubmitted", PORTAL, application_id=application.id, invitation_id=1)
    drain()
    again = listed(application)
    assert again is not None and "Short again" in again.fields["ApplicationData"]
    assert folder(graph, application.reference_number or "") == {}, "and no file says otherwise"


def test_the_item_follows_the_review_to_the_decision(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application, rosa, arthur = submitted(()), staff("Rosa Reyes", Role.REVIEWER), staff("Arthur Adeyemi", Role.APPROVER)
    with transaction() as session:
        row = session.get_one(Application, application.id)
        for section in SECTIONS:
            give_verdict(session, rosa, row, section, Ruling.CONCERN, "Look at the cover") if section == "insurance" else give_verdict(
                session, rosa, row, section, Ruling.PASSED
            )
        add_note(session, rosa, row, "Spoke to the insurer")
    drain()
    item = listed(application)
    assert item is not None
    assert (item.fields["Status"], item.fields["ReviewedByEmail"]) == ("Under Review", "rosa@saber.example")
    assert "Insurance and policies: concern (Look at the cover)" in item.fields["ReviewNotes"]
    assert "Rosa Reyes: Spoke to the insurer" in item.fields["ReviewNotes"]
    with transaction() as session:
        row = session.get_one(Application, application.id)
        mark_reviewed(session, rosa, row)
        approve(session, arthur, row, "Welcome")
    drain()
    decided = listed(application)
    assert decided is not None and decided.id == item.id
    assert (decided.fields["Status"], decided.fields["ReviewedByEmail"]) == ("Approved", "arthur@saber.example")
    assert decided.fields["ReviewNotes"].startswith("Approved by Arthur Adeyemi on ")


def test_what_the_lists_status_cannot_say_stands_in_its_notes(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application, rosa = submitted(()), staff("Rosa Reyes", Role.REVIEWER)
    with transaction() as session:
        request_information(session, rosa, session.get_one(Application, application.id), "Send the policy schedule", due_on=None)
    drain()
    item = listed(application)
    assert item is not None
    assert (item.fields["Status"], item.fields["ReviewNotes"]) == ("Under Review", "Information is required: Send the policy schedule")
    with transaction() as session:
        withdraw(session, session.get_one(Application, application.id))
    drain()
    item = listed(application)
    assert item is not None
    assert (item.fields["Status"], item.fields["ReviewNotes"]) == ("Rejected", "Withdrawn by the partner")


def test_a_resubmission_updates_the_same_item_and_adds_its_documents(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application, rosa = submitted(), staff("Rosa Reyes", Role.REVIEWER)
    drain()
    with transaction() as session:
        request_information(session, rosa, session.get_one(Application, application.id), "Send your capability statement")
    stored_in(application, "capability_statement")
    with transaction() as session:
        submit(session, session.get_one(Application, application.id), form(team_size=70), wanted_documents(COMPLETE))
    drain()
    item = listed(by_code(application.invitation_code))
    assert item is not None and json.loads(item.fields["ApplicationData"])["step3"]["teamSize"] == 70
    assert len(folder(graph, application.reference_number or "")) == 4
    assert count_listed(graph, application.reference_number or "") == 1


def test_a_slow_worker_with_an_older_state_does_not_overwrite_a_newer_one(
    database: str, s3: Local, graph: Graph, mailbox: Mailbox
) -> None:
    graph.misbehave(409, times=1, path="items$", method="POST", delay=2)
    application = begun(())
    slow = threading.Thread(target=drain)
    slow.start()
    eventually(lambda: deliveries("sharepoint.invitation")[0].state == "running")
    time.sleep(0.5)  # now it has read *active*, and hangs in the call
    with transaction() as session:
        submit(session, session.get_one(Application, application.id), COMPLETE, wanted_documents())
    drain()
    slow.join()
    item = invitation_listed(application.invitation_code)
    assert item is not None and item.fields["Status"] == "Used"


def test_any_order_and_repetition_end_alike(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = submitted()
    drain()
    before = listed(application)
    with transaction() as session:
        for _ in range(2):
            record(session, "application.resubmitted", PORTAL, application_id=application.id, invitation_id=1)
    drain()
    after = listed(application)
    assert before is not None and after is not None
    assert {**before.fields, "Modified": "", "_UIVersionString": ""} == {**after.fields, "Modified": "", "_UIVersionString": ""}
    assert len(folder(graph, application.reference_number or "")) == 3


def test_documents_wait_for_their_applications_item(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    graph.misbehave(400, times=5, path="items$", method="POST")  # whichever comes first: the invitation's, made and used, or the application's
    submitted()
    drain()
    application, documents = deliveries("sharepoint.application", "sharepoint.documents")
    assert (application.state, documents.state) == ("failed", "waiting")
    assert "is not in the list EPC Onboarding yet" in (documents.last_error or "")


def test_documents_that_wait_for_what_is_stopped_use_up_no_attempt(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    operator = staff("Olu Okafor", Role.OPERATIONS)
    with transaction() as session:
        pause(session, operator, "sharepoint.application", "The list is being moved")
    submitted()
    for _ in range(3):
        drain()
        (documents,) = deliveries("sharepoint.documents")
        assert (documents.state, documents.attempts) == ("waiting", 0) and "that is stopped" in (documents.last_error or "")
        due_now()
    with transaction() as session:
        resume(session, operator, "sharepoint.application")
    drain()
    due_now()
    drain()
    assert deliveries("sharepoint.documents")[0].state == "done"


def test_a_list_that_was_made_again_is_written_anew_and_nobody_elses_item_is_touched(
    database: str, s3: Local, graph: Graph, mailbox: Mailbox
) -> None:
    first = submitted(())
    drain()
    before = listed(first)
    assert before is not None
    graph.remake("EPC Onboarding")
    others = [put("EPC Onboarding", "ReferenceNumber", f"EPC-OTHER-{number}", Title="Theirs") for number in range(int(before.id))]
    assert others[-1] == before.id, "another's item has the number now"
    with transaction() as session:
        record(session, "application.resubmitted", PORTAL, application_id=first.id, invitation_id=1)
    drain()
    after = listed(first)
    assert after is not None and after.id not in others and count_listed(graph, first.reference_number or "") == 1
    assert sharepoint().read_item("EPC Onboarding", before.id).fields["ReferenceNumber"] == f"EPC-OTHER-{len(others) - 1}"


def stored_documents(session: Session, application: Application) -> list[Document]:
    return stored(session, application.id)


def replaced(application: Application, slot: str) -> None:
    """The partner is asked, and sends another document in the place of the first."""
    reviewer = staff("Rosa Reyes", Role.REVIEWER)
    with transaction() as session:
        request_information(session, reviewer, session.get_one(Application, application.id), "Send the new schedule")
    stored_in(application, slot, "The new one")


def test_a_document_that_was_replaced_leaves_the_library_once_the_new_one_is_there(
    database: str, s3: Local, graph: Graph, mailbox: Mailbox
) -> None:
    application = submitted()
    drain()
    before = set(folder(graph, application.reference_number or ""))
    replaced(application, "public_liability_certificate")
    with transaction() as session:
        record(session, "application.renewed", PORTAL, application_id=application.id)
    drain()
    assert before <= set(folder(graph, application.reference_number or "")), "while the partner works on it, nothing leaves"
    with transaction() as session:
        submit(session, session.get_one(Application, application.id), form(team_size=70), wanted_documents(COMPLETE))
    graph.misbehave(503, path="/items/", method="DELETE")
    drain()
    assert len(folder(graph, application.reference_number or "")) == 4
    due_now()
    drain()
    after = set(folder(graph, application.reference_number or ""))
    assert len(after) == 3 and len(after - before) == 1 and len(events("document.withdrawn")) == 1


def test_a_large_document_goes_on_where_another_worker_died(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = begun(())
    stored_in(application, "team_cvs", content=large_pdf(7))
    with transaction() as session:
        application = submit(session, session.get_one(Application, application.id), COMPLETE, wanted_documents())
    graph.misbehave(0, path="/_upload/", times=30, after=True)
    drain()
    with reading() as session:
        address = session.exec(select(LibraryUpload)).one().address
    graph.behave()
    assert deliveries("sharepoint.documents")[0].state == "waiting" and expected(address) == PIECE
    graph.misbehave(500, path="createUploadSession")  # no other session is begun
    due_now()
    drain()
    assert deliveries("sharepoint.documents")[0].state == "done"
    assert len(folder(graph, application.reference_number or "")) == 1
    with reading() as session:
        assert session.exec(select(LibraryUpload)).all() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_our_own_pace_holds_back_counts_as_no_attempt(database: str, graph: Graph) -> None:
    invited("first@example.co.uk")
    graph.misbehave(429, retry_after=60)
    drain()
    invited("second@example.co.uk")
    drain()
    refused, held_back = deliveries("sharepoint.invitation")
    assert (refused.state, refused.attempts, held_back.state, held_back.attempts) == ("waiting", 1, "waiting", 0)
    assert held_back.due_at > now() + timedelta(seconds=30) and "slow down" in (held_back.last_error or "")
    due_now()
    drain()
    assert {one.state for one in deliveries("sharepoint.invitation")} == {"done"}
