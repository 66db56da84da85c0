"""Finding one's way: the applications around one in the list, what the palette finds, and a history that tells everything in words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import pytest

import models
from models.database import now, reading, transaction
from models.event import CONSEQUENCES, record
from models.looked import looked
from models.mention import have_read
from models.neighbours import Neighbour, Standing, neighbours, standing
from models.note import add_note
from models.person import PORTAL, Role
from models.queue import look
from models.review import history
from models.shortlist import known, shortlist
from portal.pages.review import here
from portal.pages.review.story import HAPPENED, QUOTED, SENTENCES, story
from tests.desk import applied, brought, person, row, sent_again, token
from tests.pages import browser

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ROOT = Path(models.__file__).parents[1]
SUBJECTS = "application|applications|audit|delivery|document|invitation|letter|person|retention"


@pytest.mark.parametrize("sort", ["company", "-company", "-submitted", "status", "reference"])
def test_one_goes_through_the_list_by_key_in_its_order_from_either_end(database: str, sort: str) -> None:
    for name in ("Alpha", "Beta", "Gamma", "Delta"):
        applied(f"{name} Ltd", vat_number="")
    with reading() as session:
        wanted = looked({"view": "all", "sort": sort})
        rows = look(session, wanted).rows
        for number, one in enumerate(rows, 1):
            at = standing(session, wanted, one.id)
            assert at is not None
            found = neighbours(session, wanted, at)
            assert (found.number, found.total) == (number, 4)
            assert found.before == (Neighbour(rows[number - 2].reference, rows[number - 2].company) if number > 1 else None)
            assert found.after == (Neighbour(rows[number].reference, rows[number].company) if number < 4 else None)


def test_an_application_that_has_left_the_list_still_knows_what_comes_after_it(database: str) -> None:
    first, second, third = (applied(f"{name} Ltd", vat_number="") for name in ("Alpha", "Beta", "Gamma"))
    wanted = looked({"view": "work", "sort": "status"})
    with reading() as session:
        at = standing(session, wanted, row(session, second).id or 0)
    brought(second, to="rejected")
    with reading() as session:
        assert at is not None
        found = neighbours(session, wanted, at)
    assert (found.number, found.total) == (0, 2)
    assert (found.before and found.before.reference, found.after and found.after.reference) == (first, third)


@pytest.mark.parametrize("sort", ["status", "-status"])
def test_by_status_one_goes_from_one_status_into_the_next_and_back(database: str, sort: str) -> None:
    for name, to in (("Alpha", "rejected"), ("Beta", ""), ("Gamma", "under_review"), ("Delta", "rejected"), ("Omega", "")):
        reference = applied(f"{name} Ltd", vat_number="")
        _ = to and brought(reference, to=to)
    wanted = looked({"view": "all", "sort": sort})
    with reading() as session:
        rows = look(session, wanted).rows
        places = [neighbours(session, wanted, standing(session, wanted, one.id) or Standing(0, 0)) for one in rows]
    companies = [one.company for one in rows]
    assert [place.number for place in places] == [1, 2, 3, 4, 5] and len({one.status for one in rows}) == 3
    assert [place.before and place.before.company for place in places] == [None, *companies[:-1]]
    assert [place.after and place.after.company for place in places] == [*companies[1:], None]


def test_an_open_application_is_read_anew_when_something_happened_elsewhere(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_open", "_seen"):  # pages that other tests have left open are none of this test's
        monkeypatch.setattr(here, name, {})
    mine, other = applied("Mine Ltd"), applied("Other Ltd")
    with reading() as session:
        number, strange = row(session, mine).id or 0, row(session, other).id or 0
    told: list[str] = []
    client: Any = SimpleNamespace(safe_invoke=lambda act: act())
    guests = [
        here.Guest(client, one, person(Role.REVIEWER), now() + timedelta(minutes=1), "en", list, partial(told.append, name), True)
        for one, name in ((number, "mine"), (strange, "other"))
    ]  # fmt: skip
    here._open.update({one.application: [one] for one in guests})
    try:
        here.tell_of(here.newest(list(here._open)))
        assert told == []  # the pages were drawn with all of it
        with transaction() as session:
            record(session, "application.noted", PORTAL, application_id=number)
        for _look in range(2):
            here.tell_of(here.newest(list(here._open)))
        assert told == ["mine"]
        guests[1].since = now() - timedelta(minutes=1)  # drawn before its last event, and not looked at since
        here._seen.clear()
        here.tell_of(here.newest(list(here._open)))
        assert told == ["mine", "other"]
    finally:
        for one in guests:
            here._left(one)
    assert not here._open and not here._seen


@on_sqlite
def test_the_page_shows_where_it_stands_in_its_list_and_without_one_nothing(database: str) -> None:
    applied("Alpha Ltd", vat_number="")
    reference = applied("Beta Ltd", vat_number="")
    staff = browser(token(Role.REVIEWER))
    listed = staff.get("/review?view=all&sort=company&q=ltd").text
    assert f"/review/{reference}?q=ltd&amp;view=all&amp;sort=company" in listed
    page = staff.get(f"/review/{reference}?q=ltd&view=all&sort=company").text
    assert "2 of 2 found in “All”" in page and "neighbour-before" in page and "id=&quot;neighbour-after" not in page
    assert "neighbour-" not in staff.get(f"/review/{reference}").text


def test_the_palette_finds_what_the_list_finds_and_remembers_by_reference(database: str) -> None:
    reference = applied("Brightfield Solar Ltd", vat_number="")
    for number in range(9):
        applied(f"Many {number} Ltd", vat_number="")
    with reading() as session:
        assert [one.company for one in shortlist(session, "  BRIGHTFIELD   Solar ")] == ["Brightfield Solar Ltd"]
        assert [one.reference for one in shortlist(session, reference.lower())] == [reference]
        assert [one.reference for one in shortlist(session, row(session, reference).invitation_code)] == [reference]
        assert len(shortlist(session, "many")) == 8 and shortlist(session, "%%%") == [] and shortlist(session, " ") == []
        assert [one.reference for one in known(session, ["EPC-2026-NOBODY", reference])] == [reference]


@on_sqlite
def test_the_palette_and_the_mentions_answer_whoever_may_read_and_nobody_else(database: str) -> None:
    reference, rosa, arthur = applied(), person(Role.REVIEWER), person(Role.APPROVER)
    with transaction() as session:
        add_note(session, rosa, row(session, reference), "@Approver Person: <b>look</b> here")
    staff = browser(token(Role.APPROVER))
    told = staff.get("/palette", params={"q": "bright", "recent": f"{reference},x"}).json()
    assert [one["reference"] for one in told["applications"]] == [reference] == [one["reference"] for one in told["recent"]]
    assert told["mentions"] == 1 and "look&lt;/b&gt; here" in staff.get("/mentions").text
    assert staff.get(f"/review/{reference}").status_code == 200  # to open it is to have read it
    assert staff.get("/palette").json()["mentions"] == 0 and "No mention waits for you" in staff.get("/mentions").text
    with transaction() as session:
        assert have_read(session, arthur, row(session, reference)) == 0
    assert browser().get("/palette?q=bright").status_code == 303


def test_everything_that_can_happen_has_its_sentence_in_the_history() -> None:
    known_ones = {kind.removesuffix(f".{last}") for kind in SENTENCES if (last := kind.rpartition(".")[2])} | set(SENTENCES)
    said = {*CONSEQUENCES, *_event_types()}
    assert len(said) > 40 and said - known_ones == set()
    assert said - set(HAPPENED) == set() and set(QUOTED) <= set(SENTENCES)


def test_a_resubmission_tells_before_and_after_and_a_long_history_is_quick(database: str) -> None:
    reference = brought(applied(), to="information_required")
    sent_again(reference, public_liability_expiry="2031-05-04")
    with transaction() as session:
        number = row(session, reference).id
        for __ in range(500):
            record(session, "application.noted", PORTAL, application_id=number, text="Seen")
    began = perf_counter()
    with reading() as session:
        lines = story(history(session, row(session, reference)))
    assert perf_counter() - began < 2 and len(lines) > 500
    again = next(line for line in lines if line.changes)
    assert (again.by, [one.after for one in again.changes]) == ("partner", ["4 May 2031"])
    assert {line.by for line in lines} == {"staff", "partner", "system"}


def _event_types() -> Iterator[str]:
    """Every name of an event that stands in the code: what is handed to `record` is a constant somewhere."""
    shape = re.compile(rf"({SUBJECTS})\.(?!(?:pdf|csv|xlsx|json|js|css|html|id)$)[a-z_]+")
    for folder in ("models", "worker", "portal"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and shape.fullmatch(node.value):
                    yield node.value
