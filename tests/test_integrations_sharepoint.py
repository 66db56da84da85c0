"""Lists and library through Graph: written once, however often it is tried."""

from __future__ import annotations

import os
import uuid

import pytest
import requests

from integrations.failures import Configuration, Passing, Permanent
from integrations.graph import graph as to_graph
from integrations.sharepoint import SMALL, Item, Site, sharepoint
from models.settings import settings
from tests.parts import Graph, Local, environment_of

pytestmark = pytest.mark.usefixtures("graph")
LIST = "EPC Onboarding"
KEY = "ReferenceNumber"


def a_reference() -> str:
    return f"EPC-2026-{uuid.uuid4().hex[:6].upper()}"


def fields_of(reference: str) -> dict[str, object]:
    found = sharepoint().find_item(LIST, KEY, reference)
    assert found
    return found.fields


def how_many(reference: str) -> int:
    site = Site(to_graph(), settings().sharepoint_site)
    items = to_graph().all(f"{site._list(LIST)}/items", params={"$expand": "fields", "$top": "3"})
    return sum(item["fields"].get(KEY) == reference for item in items)


def test_an_application_is_created_and_then_updated_at_the_same_place() -> None:
    reference = a_reference()
    first = sharepoint().upsert_item(LIST, KEY, reference, {"Title": "Brightfield Solar Ltd", "Status": "Submitted"})
    second = sharepoint().upsert_item(LIST, KEY, reference, {"Status": "Approved"})
    assert first == second
    fields = fields_of(reference)
    assert (fields["Title"], fields["Status"], fields[KEY]) == ("Brightfield Solar Ltd", "Approved", reference)
    assert how_many(reference) == 1


def test_a_value_with_a_quote_is_found_again() -> None:
    reference = f"O'Neill & Sons' {uuid.uuid4().hex}"
    sharepoint().upsert_item(LIST, KEY, reference, {"Title": "O'Neill"})
    assert fields_of(reference)["Title"] == "O'Neill"
    assert sharepoint().find_item(LIST, KEY, "' or fields/Title ne '") is None


def test_an_item_whose_creation_was_never_answered_is_not_created_twice(graph: Graph) -> None:
    reference = a_reference()
    graph.misbehave(400, path="/items$", method="POST", after=True)
    sharepoint().upsert_item(LIST, KEY, reference, {"Title": "Once"})
    graph.misbehave(503, path="/items$", method="POST", after=True)
    other = a_reference()
    with pytest.raises(Passing):
        sharepoint().upsert_item(LIST, KEY, other, {"Title": "Once"})
    sharepoint().upsert_item(LIST, KEY, other, {"Title": "Once"})
    assert (how_many(reference), how_many(other)) == (1, 1)


def test_busy_lists_are_a_passing_failure_with_the_time_they_ask_for(graph: Graph) -> None:
    for status in (429, 503):
        graph.misbehave(status, retry_after=7)
        with pytest.raises(Passing) as caught:
            sharepoint().find_item(LIST, KEY, "x")
        assert caught.value.retry_after == 7


def test_slow_lists_are_given_up_in_time(graph: Graph) -> None:
    graph.misbehave(500, delay=5)
    with environment_of({"CALL_TIMEOUT_SECONDS": "0.3"}), pytest.raises(Passing, match="in time"):
        sharepoint().find_item(LIST, KEY, "x")


def test_a_revoked_token_is_replaced_once_and_nobody_notices(graph: Graph) -> None:
    import time

    sharepoint().find_item(LIST, KEY, "x")
    time.sleep(1.1)  # tokens carry whole seconds
    graph.revoke_tokens()
    assert sharepoint().find_item(LIST, KEY, "x") is None


def test_lists_that_keep_refusing_us_are_for_the_operator(graph: Graph) -> None:
    graph.misbehave(401, times=2)
    with pytest.raises(Configuration, match="refuses us"):
        sharepoint().find_item(LIST, KEY, "x")


def test_a_list_or_library_that_does_not_exist_is_named() -> None:
    with pytest.raises(Configuration, match="no list called No Such List"):
        sharepoint().find_item("No Such List", KEY, "x")
    with environment_of({"SHAREPOINT_LIBRARY": "No Such Library"}), pytest.raises(Configuration, match="no library called No Such Library"):
        sharepoint().upload_document("EPC-1", "a.pdf", b"%PDF", "application/pdf", {})


def test_a_column_or_value_that_the_list_refuses_needs_a_person() -> None:
    for fields in ({"NoSuchColumn": "x"}, {"Status": "Half approved"}, {"Title": "x" * 256}, {"SubmittedDate": "yesterday"}):
        with pytest.raises(Permanent, match=next(iter(fields))):
            sharepoint().upsert_item(LIST, KEY, a_reference(), dict(fields))


def test_a_column_without_an_index_cannot_be_searched() -> None:
    with pytest.raises(Permanent, match="not indexed"):
        sharepoint().find_item(LIST, "ContactEmail", "ada@brightfield.example")


def test_somebody_elses_change_is_not_overwritten() -> None:
    reference = a_reference()
    sharepoint().upsert_item(LIST, KEY, reference, {"Title": "One"})
    stale = sharepoint().find_item(LIST, KEY, reference)
    assert isinstance(stale, Item)
    sharepoint().update_item(LIST, stale.id, {"ReviewNotes": "Changed in SharePoint"})
    with pytest.raises(Passing):
        sharepoint().update_item(LIST, stale.id, {"ReviewNotes": "Changed here"}, stale.etag)
    assert fields_of(reference)["ReviewNotes"] == "Changed in SharePoint"


def test_all_pages_of_a_list_are_read() -> None:
    references = [a_reference() for _ in range(7)]
    for reference in references:
        sharepoint().upsert_item(LIST, KEY, reference, {"Title": "Many"})
    assert [how_many(reference) for reference in references] == [1] * 7


@pytest.mark.parametrize("size", [1000, SMALL + 3 * 1024 * 1024], ids=["small", "large, in pieces"])
def test_a_document_arrives_with_its_columns_and_a_second_upload_replaces_it(local: Local, size: int) -> None:
    reference, content = a_reference(), os.urandom(size)
    first = sharepoint().upload_document(reference, "Insurance: A&B #1?.pdf", b"old", "application/pdf", {})
    columns = {"EpcItemId": "17", "EvidenceSection": "Insurance"}
    second = sharepoint().upload_document(reference, "Insurance: A&B #1?.pdf", content, "application/pdf", columns)
    assert first == second
    assert requests.get(f"{local.outside.at('graph')}/library/{second}", timeout=10).content == content


def test_a_document_without_an_extension_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(Permanent, match="extension"):
        sharepoint().upload_document("EPC-1", "certificate", b"%PDF", "application/pdf", {})


def test_the_page_of_the_lists_shows_items_and_documents_and_no_script(graph: Graph) -> None:
    reference = a_reference()
    sharepoint().upsert_item(LIST, KEY, reference, {"Title": "<script>alert(1)</script> & Sons"})
    sharepoint().upload_document(reference, "policy.pdf", b"%PDF", "application/pdf", {"EvidenceSection": "Policies"})
    page = graph.page()
    assert reference in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Sons" in page
    assert ">policy.pdf</a>" in page
    assert "<script" not in page
