"""The views that each of the staff keeps for themselves: what they hold, who sees them, and what is undone."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from models import saved_view
from models.database import reading, transaction
from models.errors import Conflict, Forbidden, Invalid, NotFound
from models.event import Event
from models.looked import Looked, Place, looked
from models.person import Actor, Role, partner
from models.saved_view import (
    MOST,
    SavedView,
    change_view,
    counts_of,
    delete_view,
    known_counts,
    looked_for,
    rename_view,
    restore_view,
    save_view,
    saved_views,
)
from models.saved_view import saved_view as view_of
from portal.pages.own_views import is_shown
from portal.pages.review.story import tell
from tests.desk import applied, person

WALES = {"q": "solar", "view": "all", "region": "Wales", "section": "insurance:none", "sort": "company", "columns": "vat,status", "since": "2026-01-01"}


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_view, "_counted", {})


def saved(actor: Actor, name: str = "Wales", **asked: str) -> SavedView:
    with transaction() as session:
        return save_view(session, actor, name, looked(asked or WALES, actor.user_id))


def names(actor: Actor) -> list[str]:
    with reading() as session:
        return [view.name for view in saved_views(session, actor)]


def test_a_view_holds_words_filters_order_and_columns_but_no_page_and_is_its_owners_alone(database: str) -> None:
    rosa, arthur = person(Role.REVIEWER), person(Role.APPROVER)
    wanted = looked({**WALES, "page": "last"}, rosa.user_id)
    with transaction() as session:
        save_view(session, rosa, "  Wales\n without insurance ", wanted)
    with reading() as session:
        (view,) = saved_views(session, rosa)
        assert saved_views(session, arthur) == []
        with pytest.raises(NotFound):
            view_of(session, arthur, view.id or 0)
    assert view.name == "Wales without insurance" and looked_for(view) == looked(WALES, rosa.user_id)
    assert looked_for(view).place == Place() and is_shown(view, wanted) and not is_shown(view, looked({}, rosa.user_id))
    with transaction() as session:
        for verb, given in ((rename_view, ["Mine"]), (change_view, [Looked()]), (delete_view, []), (restore_view, [])):
            with pytest.raises(NotFound):
                verb(session, arthur, view, *given)  # type: ignore[operator]
    assert names(rosa) == ["Wales without insurance"]


@pytest.mark.parametrize(("name", "says"), [("", "up to 60"), (" \n ", "up to 60"), ("x" * 61, "up to 60"), ("WALES", "with this name already")])
def test_a_name_is_needed_and_each_is_given_once(database: str, name: str, says: str) -> None:
    rosa = person(Role.REVIEWER)
    saved(rosa)
    other = saved(rosa, "Mine only", view="mine")
    saved(person(Role.APPROVER), "Wales")  # another's names are their own
    with pytest.raises(Invalid, match=says) as told, transaction() as session:
        save_view(session, rosa, name, Looked())
    assert [problem.field for problem in told.value.problems] == ["name"]
    with pytest.raises(Invalid, match=says), transaction() as session:
        rename_view(session, rosa, view_of(session, rosa, other.id or 0), name)
    with transaction() as session:
        rename_view(session, rosa, view_of(session, rosa, other.id or 0), "mine ONLY")  # its own name, written otherwise
    assert names(rosa) == ["Wales", "mine ONLY"]


def test_nobody_keeps_more_than_ten_also_by_taking_a_deletion_back(database: str) -> None:
    rosa = person(Role.REVIEWER)
    views = [saved(rosa, f"View {number}") for number in range(MOST)]
    with pytest.raises(Invalid, match="no room for more"):
        saved(rosa, "One more")
    with transaction() as session:
        delete_view(session, rosa, view_of(session, rosa, views[0].id or 0))
    saved(rosa, "In its place")
    with pytest.raises(Invalid, match="no room for more"), transaction() as session:
        restore_view(session, rosa, view_of(session, rosa, views[0].id or 0))
    assert len(names(rosa)) == MOST


def test_a_view_is_changed_deleted_and_restored_and_only_the_last_that_was_deleted_waits(database: str) -> None:
    rosa = person(Role.REVIEWER)
    first, second = saved(rosa), saved(rosa, "Mine", view="mine")
    with transaction() as session:
        change_view(session, rosa, view_of(session, rosa, first.id or 0), looked({"status": "approved"}, rosa.user_id))
        with pytest.raises(Conflict):
            restore_view(session, rosa, first)
    for view in (second, first):
        with transaction() as session:
            delete_view(session, rosa, view_of(session, rosa, view.id or 0))
    assert names(rosa) == []
    with transaction() as session:
        restore_view(session, rosa, view_of(session, rosa, first.id or 0))
        assert [(one.name, one.asked["status"]) for one in session.exec(select(SavedView))] == [("Wales", "approved")]


def test_what_somebody_does_with_their_views_stands_in_the_audit_log(database: str) -> None:
    rosa = person(Role.REVIEWER)
    view = saved(rosa, q="solar")
    wind = looked({"q": "wind"}, rosa.user_id)
    for verb, given in ((rename_view, ["Sun"]), (rename_view, ["Sun"]), (change_view, [wind]), (change_view, [wind]), (delete_view, []),
                        (delete_view, []), (restore_view, [])):
        with transaction() as session:
            verb(session, rosa, view_of(session, rosa, view.id or 0), *given)  # type: ignore[operator]
    with reading() as session:
        told = [tell(event).sentence for event in session.exec(select(Event).where(col(Event.type).startswith("view.")).order_by(col(Event.id)))]
    assert told == [  # what changed nothing is not told
        "Reviewer Person saved the view “Wales” of the list", "Reviewer Person named the view “Wales” of the list “Sun”",
        "Reviewer Person changed what the view “Sun” of the list shows", "Reviewer Person deleted the view “Sun” of the list",
        "Reviewer Person took the deletion of the view “Sun” of the list back",
    ]  # fmt: skip


def test_each_view_is_counted_for_its_reader_and_counts_are_remembered_for_a_while(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rosa, arthur = person(Role.REVIEWER), person(Role.APPROVER)
    applied("Welsh Solar Ltd", nationwide_coverage=False, geographic_coverage=["Wales"])
    wales, mine = saved(rosa, region="Wales", view="all"), saved(rosa, "Mine", view="mine")
    with reading() as session:
        assert known_counts(session, [wales, mine]) == {}  # a page does not wait for them
        assert counts_of(session, [wales, mine]) == {wales.id: 1, mine.id: 0} == known_counts(session, [wales, mine])
    applied("Swansea Wind Ltd", nationwide_coverage=False, geographic_coverage=["Wales"])
    with reading() as session:
        assert counts_of(session, [wales]) == {wales.id: 1}
        monkeypatch.setattr(saved_view, "COUNT_HOLDS", 0.0)
        assert counts_of(session, [wales]) == {wales.id: 2}
        other = saved(arthur, region="Wales", view="all")
        assert counts_of(session, [other]) == {other.id: 2}


@pytest.mark.parametrize("actor", [Actor("Nobody", "staff"), partner("Brightfield Solar Ltd")])
def test_whoever_may_not_read_applications_keeps_no_views(database: str, actor: Actor) -> None:
    with transaction() as session, pytest.raises(Forbidden):
        save_view(session, actor, "Ours", Looked())
