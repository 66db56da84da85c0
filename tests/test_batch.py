"""After an outage many calls go together, and each hears its own answer, as if it had asked alone."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from integrations.batch import ALONE, MOST, Call, Gathering
from integrations.failures import Changed, Failure, Missing, Passing
from integrations.graph import graph as to_graph
from integrations.sharepoint import sharepoint
from tests.lists import put
from tests.parts import Graph, eventually

LIST, KEY = "EPC Onboarding", "ReferenceNumber"


class Counted:
    """The way to Graph, with a door: calls wait behind it, so that others can gather; what went through is counted."""

    def __init__(self) -> None:
        self.door, self.sent = threading.Event(), list[tuple[str, int]]()
        self.real = to_graph()._asked

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        self.door.wait(10)
        self.sent.append((path.split("?")[0].rsplit("/", 1)[-1], len((options.get("json") or {}).get("requests", [1]))))
        return self.real(method, path, **options)


def gathered(calls: list[Call], counted: Counted) -> list[requests.Response | Failure]:
    """What each of the calls hears when all of them come while ALONE of them are on their way."""
    gathering = Gathering(counted)

    def asked(call: Call) -> requests.Response | Failure:
        try:
            return gathering.ask(call)
        except Failure as failure:
            return failure

    with ThreadPoolExecutor(len(calls)) as pool:
        landing = [pool.submit(asked, call) for call in calls]
        eventually(lambda: len(gathering.waiting) == len(calls) - ALONE)
        counted.door.set()
        return [one.result(20) for one in landing]


def reading(item: str) -> Call:
    return Call("GET", f"{_items()}/{item}?$expand=fields")


def _items() -> str:
    from integrations.sharepoint import Site
    from models.settings import settings

    return f"{Site(to_graph(), settings().sharepoint_site)._list(LIST)}/items"


def test_calls_that_wait_go_together_twenty_at_a_time(graph: Graph) -> None:
    item, counted = put(LIST, KEY, f"EPC-{uuid.uuid4().hex}", Title="One & only"), Counted()
    answers = gathered([reading(item) for _ in range(ALONE + MOST + 7)], counted)
    assert [answer.json()["fields"]["Title"] for answer in answers if isinstance(answer, requests.Response)] == ["One & only"] * len(answers)
    assert sorted(size for path, size in counted.sent if path == "$batch") == [7, MOST]
    assert len(counted.sent) == ALONE + 2


def test_each_call_of_a_batch_hears_its_own_answer(graph: Graph) -> None:
    item, counted = put(LIST, KEY, f"EPC-{uuid.uuid4().hex}", Title="One"), Counted()
    old = sharepoint().read_item(LIST, item).etag or ""
    sharepoint().change_item(LIST, item, {"Title": "Two"})
    changing = Call("PATCH", f"{_items()}/{item}/fields", {"Title": "Three"}, {"If-Match": old})
    made = Call("POST", _items(), {"fields": {KEY: f"EPC-{uuid.uuid4().hex}", "Title": "New"}})
    busy = Call("GET", f"{_items()}/{item}/fields")
    graph.misbehave(429, path=r"/fields$", method="GET", retry_after=33)
    answers = gathered([*(reading(item) for _ in range(ALONE)), reading(item), changing, made, busy, reading("99999")], counted)[ALONE:]
    told = [answer for answer in answers if isinstance(answer, requests.Response)]
    assert [answer.status_code for answer in told] == [200, 412, 201, 429, 404]
    assert told[0].json()["fields"]["Title"] == "Two" and told[2].json()["fields"]["Title"] == "New"
    assert told[3].headers["Retry-After"] == "33"


@pytest.mark.parametrize("status", [400, 503, 0], ids=["refused as such", "busy", "broken off"])
def test_what_happens_to_the_whole_batch_happens_to_each(graph: Graph, status: int) -> None:
    item, counted = put(LIST, KEY, f"EPC-{uuid.uuid4().hex}", Title="One"), Counted()
    graph.misbehave(status, path=r"\$batch$", retry_after=9 if status == 503 else None)
    answers = gathered([reading(item) for _ in range(ALONE + 3)], counted)[ALONE:]
    if status == 0:
        assert [type(answer) for answer in answers] == [Passing] * 3
    else:  # each is asked alone after a refusal, since it says nothing of any of them
        assert [getattr(answer, "status_code", 0) for answer in answers] == [200 if status == 400 else 503] * 3


def test_many_at_once_write_what_each_of_them_wanted(graph: Graph) -> None:
    references = [f"EPC-{uuid.uuid4().hex}" for _ in range(60)]
    with ThreadPoolExecutor(24) as pool:
        items = list(pool.map(lambda reference: put(LIST, KEY, reference, Title=reference[-8:]), references))
        found = list(pool.map(lambda item: sharepoint().read_item(LIST, item).fields, items))
        with pytest.raises(Missing):
            sharepoint().read_item(LIST, "99999")
        with pytest.raises(Changed):
            sharepoint().add_item(LIST, KEY, {KEY: references[0], "Title": "Twice"})
    assert len(set(items)) == 60
    assert [(fields[KEY], fields["Title"]) for fields in found] == [(reference, reference[-8:]) for reference in references]
