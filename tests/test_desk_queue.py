"""The list of applications: what is found, in which order, how much of it, and what each row says."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from models import queue
from models.application import Application, begin
from models.database import engine, now, reading, transaction
from models.event import Delivery
from models.invitation import invite
from models.person import PORTAL, Right, Role
from models.queue import Found, Row, look, looked
from portal.listing import Listing
from portal.pages.desk import KIND, place
from portal.staff import Desk
from tests.desk import applied, brought, row, token


def found(q: str = "", tab: str = "all", sort: str = "", page: str = "") -> Found:
    with reading() as session:
        return look(session, looked(q, tab, sort, page))


def companies(*asked: str) -> list[str]:
    return [one.company for one in found(*asked).rows]


def the_row(reference: str) -> Row:
    return next(one for one in found().rows if one.reference == reference)


def test_the_list_opens_with_what_needs_work(database: str) -> None:
    applied("New Ltd")
    brought(applied("Begun Ltd"), to="under_review")
    brought(applied("Due Ltd"), to="reviewed")
    brought(applied("Asked Ltd"), to="information_required")
    brought(applied("Approved Ltd"), to="approved")

    assert set(companies("", "")) == {"New Ltd", "Begun Ltd", "Due Ltd"}
    counts = found().counts
    assert {tab: counts[tab] for tab in ("work", "new", "review", "decision", "information", "approved", "rejected", "all")} == {
        "work": 3, "new": 1, "review": 1, "decision": 1, "information": 1, "approved": 1, "rejected": 0, "all": 5,
    }  # fmt: skip


def test_a_draft_is_not_in_the_list(database: str) -> None:
    with transaction() as session:
        begin(session, invite(session, PORTAL, company_name="Still typing Ltd", contact_email="ada@typing.example"))
    assert found().total == 0 and companies("typing") == []


@pytest.mark.parametrize(
    "q",
    [
        "brightfield",
        "BRIGHTFIELD SOLAR",
        "Helen M",
        "helen.marsh@",
        "GB980780684",
        "980 7806 84",
        "07654321",
        "0765 4321",
        "{reference}",
        "{code}",
    ],
)
def test_an_application_is_found_by(database: str, q: str) -> None:
    reference = applied()
    applied("Somebody Else Ltd", company_registration="1234567", vat_number="", primary_contact_name="Tom Ode",
            primary_contact_email="tom@else.example", trading_name="")  # fmt: skip
    with reading() as session:
        code = row(session, reference).invitation_code
    assert companies(q.format(reference=reference, code=code.lower())) == ["Brightfield Solar Ltd"]


@pytest.mark.parametrize("q", ["%", "_", "\\", "100%", "'; drop table applications; --", "\0"])
def test_signs_that_mean_something_to_the_database_mean_nothing_in_a_search(database: str, q: str) -> None:
    applied()
    assert companies(q) == ([] if q != "\0" else ["Brightfield Solar Ltd"])


def test_the_list_is_sorted_by_company_in_either_direction_whatever_the_case(database: str) -> None:
    for company in ("beta Ltd", "Alpha Ltd", "Gamma Ltd"):
        applied(company)
    assert companies("", "all", "company") == ["Alpha Ltd", "beta Ltd", "Gamma Ltd"]
    assert companies("", "all", "-company") == ["Gamma Ltd", "beta Ltd", "Alpha Ltd"]


def test_the_newest_submission_comes_first_unless_another_order_is_asked_for(database: str) -> None:
    submitted_days_ago("Old Ltd", 9), submitted_days_ago("New Ltd", 1), submitted_days_ago("Middle Ltd", 5)
    assert companies() == ["New Ltd", "Middle Ltd", "Old Ltd"]
    assert companies("", "all", "submitted") == ["Old Ltd", "Middle Ltd", "New Ltd"]


def test_by_status_the_order_is_that_of_the_work(database: str) -> None:
    brought(applied("Approved Ltd"), to="approved")
    applied("New Ltd")
    brought(applied("Due Ltd"), to="reviewed")
    assert companies("", "all", "status") == ["New Ltd", "Due Ltd", "Approved Ltd"]


@pytest.mark.parametrize("sort", ["company", "-company", "submitted", "-submitted", "status"])
def test_the_pages_together_hold_every_application_once_and_in_order(database: str, sort: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "PAGE", 3)
    for number in range(8):
        submitted_days_ago(f"Company {number} Ltd", number // 2)
    pages = [found("", "all", sort, str(page)) for page in (1, 2, 3)]
    references = [one.reference for page in pages for one in page.rows]
    assert [len(page.rows) for page in pages] == [3, 3, 2] and len(set(references)) == 8
    monkeypatch.setattr(queue, "PAGE", 100)
    assert references == [one.reference for one in found("", "all", sort).rows]


def test_a_page_beyond_the_last_gives_the_last(database: str) -> None:
    applied()
    assert found("", "all", "", "99").looked.page == 1 and len(found("", "all", "", "99").rows) == 1


@pytest.mark.parametrize("page", ["0", "-1", "two", "", "99999999999999999999", "²"])
def test_an_address_that_makes_no_sense_gives_the_first_page_of_what_needs_work(database: str, page: str) -> None:
    wanted = looked(tab="nonsense", sort="password", page=page)
    assert (wanted.tab, wanted.sort, wanted.page) == ("work", "-submitted", 1)


def test_a_row_says_how_far_the_review_is_and_what_stands_out(database: str) -> None:
    reference = applied(public_liability_cover=2_000_000, nationwide_coverage=False, geographic_coverage=["London", "Wales", "France"])
    brought(reference, to="under_review")
    seen = the_row(reference)
    assert (seen.sections, seen.flags, place(seen), seen.failed, seen.late) == (2, 1, "London and 2 more", 0, False)


def test_a_row_shows_that_a_delivery_failed_or_is_late(database: str) -> None:
    late, lost = applied("Late Ltd"), applied("Lost Ltd")
    set_one_delivery(late, state="waiting", attempts=3)
    set_one_delivery(lost, state="failed", attempts=1)
    assert [(seen.failed, seen.late) for seen in (the_row(late), the_row(lost))] == [(0, True), (1, False)]


def test_a_page_takes_as_many_statements_for_twenty_rows_as_for_two(database: str) -> None:
    for number in range(2):
        applied(f"Company {number} Ltd")
    few = statements()
    for number in range(18):
        applied(f"Company {number + 2} Ltd")
    assert statements() == few <= 8


def submitted_days_ago(company: str, days: int) -> None:
    reference = applied(company)
    with transaction() as session:
        application = row(session, reference)
        application.submitted_at = now() - timedelta(days=days)
        session.add(application)


def set_one_delivery(reference: str, **fields: object) -> None:
    with transaction() as session:
        wanted = select(Delivery).join(Application, Delivery.application_id == Application.id)  # type: ignore[arg-type]
        delivery = session.exec(wanted.where(Application.reference_number == reference)).first()
        assert delivery is not None
        for name, value in fields.items():
            setattr(delivery, name, value)
        session.add(delivery)


def statements() -> int:
    seen: list[str] = []

    def count(_: object, __: object, statement: str, *___: object) -> None:
        seen.append(statement)

    sa.event.listen(engine(), "before_cursor_execute", count)
    with Session(engine()) as session:
        look(session, looked(tab="all"))
    sa.event.remove(engine(), "before_cursor_execute", count)
    return len(seen)


def test_a_late_answer_never_overwrites_a_newer_one(database: str) -> None:
    """Two searches are under way at once and the older one is answered last."""
    applied("Older Ltd"), applied("Newer Ltd")
    shown: list[str] = []
    assert asyncio.run(search_twice(shown)) == ["Newer Ltd"]
    assert len(shown) == 1


async def search_twice(shown: list[str]) -> list[str]:
    """Both questions are put to the database at once; the first is held back until the second has its answer."""
    newer_is_there = asyncio.Event()

    class SlowFirst(Desk):
        async def read(self, right: Right, work: Any) -> Any:
            answer = await super().read(right, work)
            held_back = answer.looked.q == "older"
            await newer_is_there.wait() if held_back else newer_is_there.set()
            return answer

    listing = Listing(SlowFirst(token(Role.REVIEWER)), KIND, found())
    page = SimpleNamespace(run_javascript=lambda _: None)
    listing.table = SimpleNamespace(set_content=shown.append, client=page)  # type: ignore[assignment]
    await asyncio.gather(listing.look_for({"q": "older"}), listing.look_for({"q": "newer"}))
    return [row.company for row in listing.found.rows]
