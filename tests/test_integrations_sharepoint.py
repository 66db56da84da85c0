"""Lists and library through Graph: written once, however often it is tried."""

from __future__ import annotations

import os
import uuid

import pytest
import requests

from integrations.failures import Changed, Configuration, Passing, Permanent
from integrations.graph import graph as to_graph
from integrations.sharepoint import SMALL, Item, Site, sharepoint
from integrations.upload import PIECE, expected
from models.settings import settings
from tests.lists import put
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
    first = put(LIST, KEY, reference, Title="Brightfield Solar Ltd", Status="Submitted")
    second = put(LIST, KEY, reference, Status="Approved")
    assert first == second
    fields = fields_of(reference)
    assert (fields["Title"], fields["Status"], fields[KEY]) == ("Brightfield Solar Ltd", "Approved", reference)
    assert how_many(reference) == 1


def test_a_value_with_a_quote_is_found_again() -> None:
    reference = f"O'Neill & Sons' {uuid.uuid4().hex}"
    put(LIST, KEY, reference, Title="O'Neill")
    assert fields_of(reference)["Title"] == "O'Neill"
    assert sharepoint().find_item(LIST, KEY, "' or fields/Title ne '") is None


def test_an_item_whose_creation_was_never_answered_is_not_created_twice(graph: Graph) -> None:
    reference = a_reference()
    graph.misbehave(400, path="/items$", method="POST", after=True)
    with pytest.raises(Changed):
        put(LIST, KEY, reference, Title="Once")
    put(LIST, KEY, reference, Title="Once")
    graph.misbehave(503, path="/items$", method="POST", after=True)
    other = a_reference()
    with pytest.raises(Passing):
        put(LIST, KEY, other, Title="Once")
    put(LIST, KEY, other, Title="Once")
    assert (how_many(reference), how_many(other)) == (1, 1)


@pytest.mark.parametrize("status", [429, 503])
def test_busy_lists_are_a_passing_failure_with_the_time_they_ask_for(graph: Graph, status: int) -> None:
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
    for column, value in {"Status": "Half approved", "Title": "x" * 256, "SubmittedDate": "yesterday"}.items():
        with pytest.raises(Permanent, match=column):
            put(LIST, KEY, a_reference(), **{column: value})


def test_a_column_that_the_list_lacks_is_named_with_the_command_that_makes_it() -> None:
    with pytest.raises(Configuration, match=r"NoSuchColumn.*python -m worker sharepoint provision"):
        put(LIST, KEY, a_reference(), NoSuchColumn="x")


def test_a_column_without_an_index_cannot_be_searched() -> None:
    with pytest.raises(Permanent, match="not indexed"):
        sharepoint().find_item(LIST, "ContactEmail", "ada@brightfield.example")


def test_somebody_elses_change_is_not_overwritten() -> None:
    reference = a_reference()
    put(LIST, KEY, reference, Title="One")
    stale = sharepoint().find_item(LIST, KEY, reference)
    assert isinstance(stale, Item)
    sharepoint().change_item(LIST, stale.id, {"ReviewNotes": "Changed in SharePoint"})
    with pytest.raises(Changed):
        sharepoint().change_item(LIST, stale.id, {"ReviewNotes": "Changed here"}, stale.etag)
    assert fields_of(reference)["ReviewNotes"] == "Changed in SharePoint"


def test_a_person_is_found_by_address_once_they_have_visited_the_site(graph: Graph) -> None:
    number = sharepoint().visitor("rosa.reyes@saber.example")
    assert number and sharepoint().visitor("adam.novak@saber.example") is None
    item = put(LIST, KEY, a_reference(), ReviewedByLookupId=number)
    assert sharepoint().read_item(LIST, item).fields["ReviewedByLookupId"] == number


def test_who_changed_an_item_last_is_told_where_it_was_a_person(graph: Graph) -> None:
    item = put(LIST, KEY, a_reference(), Title="One")
    assert sharepoint().read_item(LIST, item).by == ""
    graph.edit(LIST, item, Title="Two")
    assert sharepoint().read_item(LIST, item).by == "jane.doe@saber.example"


def test_all_pages_of_a_list_are_read() -> None:
    references = [a_reference() for _ in range(7)]
    for reference in references:
        put(LIST, KEY, reference, Title="Many")
    assert [how_many(reference) for reference in references] == [1] * 7


@pytest.mark.parametrize("size", [1000, SMALL + 3 * 1024 * 1024], ids=["small", "large, in pieces"])
def test_a_document_arrives_with_its_columns_and_a_second_upload_replaces_it(local: Local, size: int) -> None:
    reference, content = a_reference(), os.urandom(size)
    first = sharepoint().upload_document(reference, "Insurance: A&B #1?.pdf", b"old", "application/pdf", {})
    columns = {"EpcItemId": "17", "EvidenceSection": "Insurance"}
    second = sharepoint().upload_document(reference, "Insurance: A&B #1?.pdf", content, "application/pdf", columns)
    assert first == second
    assert requests.get(f"{local.outside.at('graph')}/library/{second}", timeout=10).content == content


class Notebook:
    """Where an upload's address is kept, as the worker keeps it in the database."""

    def __init__(self) -> None:
        self.addresses: list[str] = []

    def address(self) -> str:
        return self.addresses[-1] if self.addresses else ""

    def keep(self, address: str) -> None:
        self.addresses.append(address)


def large(session: Notebook, content: bytes) -> bytes:
    """What the library holds after `content` went into a session that is kept in `session`."""
    stored = sharepoint().upload_document("EPC-LARGE", f"{len(content)}.pdf", content, "application/pdf", {}, session)
    return requests.get(f"{settings().graph_url.removesuffix('/v1.0')}/library/{stored}", timeout=10).content


@pytest.mark.parametrize("after", [False, True], ids=["before a piece arrives", "before its answer does"])
def test_a_connection_that_breaks_in_an_upload_goes_on_where_it_stopped(graph: Graph, after: bool) -> None:
    notebook, content = Notebook(), os.urandom(2 * PIECE + 1000)
    graph.misbehave(0, path="/_upload/", method="PUT", times=2, after=after)
    assert large(notebook, content) == content and len(notebook.addresses) == 1


def test_a_later_attempt_sends_only_what_is_missing(graph: Graph) -> None:
    notebook, content = Notebook(), os.urandom(2 * PIECE + 2000)
    graph.misbehave(0, path="/_upload/", times=20, after=True)
    with pytest.raises(Passing):
        large(notebook, content)
    graph.behave()
    assert expected(notebook.address()) >= PIECE
    assert large(notebook, content) == content and len(notebook.addresses) == 1


def test_an_upload_session_that_is_over_is_begun_anew(graph: Graph) -> None:
    notebook, content = Notebook(), os.urandom(PIECE + 3000)
    notebook.keep(f"{graph.url}/_upload/of-last-week")
    assert large(notebook, content) == content and len(notebook.addresses) == 2


def test_a_document_without_an_extension_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(Permanent, match="extension"):
        sharepoint().upload_document("EPC-1", "certificate", b"%PDF", "application/pdf", {})


def test_the_page_of_the_lists_shows_items_and_documents_and_no_script(graph: Graph) -> None:
    reference = a_reference()
    put(LIST, KEY, reference, Title="<script>alert(1)</script> & Sons")
    sharepoint().upload_document(reference, "policy.pdf", b"%PDF", "application/pdf", {"EvidenceSection": "Policies"})
    page = graph.page()
    assert reference in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Sons" in page
    assert ">policy.pdf</a>" in page
    assert "<script" not in page
