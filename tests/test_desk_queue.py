"""The list of applications: what is found, in which order, how much of it, and what each row says."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from models import queue
from models.agreement import Agreement
from models.application import Application, begin
from models.assignment import assign, assign_many, note_due, reviewers
from models.columns import COLUMNS, DEFAULT, keep_columns, own_columns
from models.database import engine, now, reading, today, transaction
from models.delivery import Delivery
from models.document import Document
from models.errors import Forbidden, Invalid
from models.event import Event
from models.invitation import invite
from models.looked import Looked, Place, looked, said
from models.person import PORTAL, SUSPENDED, Right, Role, User
from models.queue import Found, Row, look, mark
from models.request import Wanted
from models.review import SECTIONS, Ruling, Verdict, approve, give_verdict, history, mark_reviewed, outdated, request_information
from portal.cells import place
from portal.listing import Listing
from portal.pages.desk import address, kind
from portal.pages.review.story import story
from portal.staff import Desk
from tests.desk import QUESTION, applied, brought, person, row, sent_again, token
from tests.parts import environment_of


@pytest.fixture(autouse=True)
def _counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests change rows behind the desk's back, without an event."""
    monkeypatch.setattr(queue, "COUNTS_HOLD", 0.0)


POLICIES = ("health_safety", "environmental", "modern_slavery", "substance_misuse", "gdpr")


def found(q: str = "", view: str = "all", sort: str = "", reader: int | None = None, **asked: str) -> Found:
    with reading() as session:
        return look(session, looked({"q": q, "view": view, "sort": sort, **asked}, reader))


def companies(*asked: str, reader: int | None = None, **more: str) -> list[str]:
    return [one.company for one in found(*asked, reader=reader, **more).rows]


def the_row(reference: str) -> Row:
    return next(one for one in found().rows if one.reference == reference)


def test_the_list_opens_with_what_needs_work(database: str) -> None:
    applied("New Ltd")
    brought(applied("Begun Ltd"), to="under_review")
    brought(applied("Due Ltd"), to="reviewed")
    brought(applied("Asked Ltd"), to="information_required")
    brought(applied("Approved Ltd"), to="approved")

    assert set(companies("", "")) == {"New Ltd", "Begun Ltd", "Due Ltd"}
    assert found().counts == {"work": 3, "mine": 0, "unassigned": 2, "waiting": 1, "due": 0, "expiring": 0, "renewals": 0, "conditions": 0, "all": 5}


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


@pytest.mark.parametrize("sort", ["company", "-company", "submitted", "-submitted", "status", "-reference"])
def test_the_pages_together_hold_every_application_once_and_in_order(database: str, sort: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "PAGE", 3)
    for number in range(8):
        submitted_days_ago(f"Company {number} Ltd", number // 2)
    forwards = turned(sort, "after")
    backwards = turned(sort, "before", page="last")[::-1]
    assert [(page.number, len(page.rows), page.total) for page in forwards] == [(1, 3, 8), (4, 3, 8), (7, 2, 8)]
    assert [page.rows for page in backwards] == [page.rows for page in forwards]
    assert [page.number for page in backwards] == [1, 4, 7]
    monkeypatch.setattr(queue, "PAGE", 100)
    assert [one for page in forwards for one in page.rows] == list(found("", "all", sort).rows)


def test_what_comes_in_meanwhile_moves_no_row_of_the_next_page(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "PAGE", 2)
    for number in range(4):
        submitted_days_ago(f"Company {number} Ltd", number + 1)
    first = found()
    applied("Newest Ltd")
    assert [row.company for row in the_page(first.looked, first.after).rows] == ["Company 2 Ltd", "Company 3 Ltd"]


def test_a_page_whose_neighbour_is_gone_gives_the_last(database: str) -> None:
    applied()
    gone = found(after="2020-01-01T00:00:00+00:00~1", at="51")
    assert (gone.number, len(gone.rows), gone.before, gone.after) == (1, 1, None, None)


@pytest.mark.parametrize("place", ["", "~", "2026-11-22~", "yesterday~4", "~5", "2026-11-22T10:00:00+00:00~99999999999999"])
def test_an_address_that_makes_no_sense_gives_the_first_page_of_what_needs_work(database: str, place: str) -> None:
    wanted = looked({"view": "nonsense", "sort": "password", "after": place, "before": place, "at": "-1", "status": "lost,draft",
                     "section": "nothing:passed,company:lovely", "reviewer": "ada", "region": "Mars", "capacity": "much", "since": "soon",
                     "until": "9999-12-31", "failed": "yes", "expiring": "-5"})  # fmt: skip
    assert wanted == Looked()
    assert found("", "work", after=place).number == 0


def test_a_row_says_how_far_the_review_is_and_what_stands_out(database: str) -> None:
    reference = applied(contracts_reviewed=True, public_liability_cover=2_000_000, nationwide_coverage=False, geographic_coverage=["London", "Wales", "France"])
    brought(reference, to="under_review")
    seen = the_row(reference)
    assert (seen.sections, place(seen), seen.failed, seen.late) == (2, "London and 2 more", 0, False)
    assert "public_liability_cover" in seen.flagged and seen.flags == len(seen.flagged)
    assert "public_liability_cover" not in the_row(applied("Covered Ltd")).flagged


def test_a_verdict_that_the_partner_has_overtaken_counts_as_none_in_rows_and_filters(database: str) -> None:
    reference, reviewer = brought(applied("Changing Ltd"), to="under_review"), person(Role.REVIEWER)
    with transaction() as session:
        give_verdict(session, reviewer, row(session, reference), "documents", Ruling.PASSED)
        give_verdict(session, reviewer, row(session, reference), "company", Ruling.PASSED)
        request_information(session, reviewer, row(session, reference), QUESTION)
    assert the_row(reference).sections == 3 and companies(section="company:passed") == ["Changing Ltd"]
    sent_again(reference, company_name="Changing Ltd", years_trading="44")
    assert the_row(reference).sections == 2, "an answer under Company is another"
    assert companies(section="company:passed") == [] and companies(section="company:none") == ["Changing Ltd"]
    assert companies(section="contact:passed") == companies(section="documents:passed") == ["Changing Ltd"]
    document(reference, today(), state="pending")
    assert the_row(reference).sections == 2, "what has not arrived changes nothing"
    document(reference, today())
    assert the_row(reference).sections == 1 and companies(section="documents:none") == ["Changing Ltd"]
    with transaction() as session:
        assert outdated(session, row(session, reference)) == {"company", "documents"}, "the page and the decision go by the same"
        for section in SECTIONS:
            give_verdict(session, reviewer, row(session, reference), section, Ruling.PASSED)
        mark_reviewed(session, reviewer, row(session, reference))
    assert the_row(reference).sections == 7 and companies(section="company:passed") == ["Changing Ltd"]
    with transaction() as session:
        approve(session, person(Role.APPROVER), row(session, reference))
    with transaction() as session:
        session.exec(select(Document)).one().upload_timestamp = now()
    assert the_row(reference).sections == 7, "after the decision a renewal has an approval of its own"


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
    assert statements() == few <= 9


def turned(sort: str, way: str, **asked: str) -> list[Found]:
    """All pages, from the first or the last on, by the links that lead from one to the next."""
    pages = [found("", "all", sort, **asked)]
    while place := getattr(pages[-1], way):
        pages.append(the_page(pages[-1].looked, place))
    return pages


def the_page(wanted: Looked, place: Place | None) -> Found:
    """The page at a place, asked for by its address."""
    assert place is not None
    with reading() as session:
        return look(session, looked(said(replace(wanted, place=place))))


def submitted_days_ago(company: str, days: int) -> str:
    reference = applied(company)
    with transaction() as session:
        application = row(session, reference)
        application.submitted_at = now() - timedelta(days=days)
        session.add(application)
    return reference


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
        look(session, looked({"view": "all"}))
    sa.event.remove(engine(), "before_cursor_execute", count)
    return len(seen)


def test_a_late_answer_never_overwrites_a_newer_one(database: str) -> None:
    """Two searches are under way at once and the older one is answered last."""
    applied("Older Ltd"), applied("Newer Ltd")
    shown: list[str] = []
    with ThreadPoolExecutor(1) as apart:  # a browser's tests leave a running loop in this thread
        assert apart.submit(asyncio.run, search_twice(shown)).result() == ["Newer Ltd"]
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

    listing = Listing(SlowFirst(token(Role.REVIEWER)), kind(person(Role.REVIEWER)), found())
    page = SimpleNamespace(run_javascript=lambda _: None)
    listing.table = SimpleNamespace(set_content=shown.append, client=page)  # type: ignore[assignment]
    await asyncio.gather(listing.look_for({"q": "older"}), listing.look_for({"q": "newer"}))
    return [row.company for row in listing.found.rows]


def test_whoever_begins_the_review_becomes_the_reviewer_and_a_colleague_who_goes_on_does_not(database: str) -> None:
    reference, rosa, arthur = applied(), person(Role.REVIEWER), person(Role.APPROVER)
    with transaction() as session:
        give_verdict(session, rosa, row(session, reference), "company", Ruling.PASSED)
    with transaction() as session:
        give_verdict(session, arthur, row(session, reference), "contact", Ruling.PASSED)
    assert the_row(reference).reviewer == "Reviewer Person"
    assert [event.detail["reviewer"] for event in assigned(reference)] == ["Reviewer Person"]


def test_an_application_is_assigned_taken_back_and_each_is_told(database: str) -> None:
    reference, rosa, arthur = applied(), person(Role.REVIEWER), person(Role.APPROVER)
    with transaction() as session:
        assert [one.name for one in reviewers(session)] == ["Approver Person", "Reviewer Person"]
        assert assign(session, rosa, row(session, reference), arthur.user_id) and not assign(session, rosa, row(session, reference), arthur.user_id)
    assert companies("", "mine", reader=arthur.user_id) == ["Brightfield Solar Ltd"] and companies("", "mine", reader=rosa.user_id) == []
    with transaction() as session:
        assign(session, rosa, row(session, reference), None)
    assert companies("", "unassigned") == ["Brightfield Solar Ltd"]
    with reading() as session:
        told = [line.sentence for line in story(history(session, row(session, reference)))][:2]
    assert told == ["Reviewer Person left the application without a reviewer", "Reviewer Person assigned the application to Approver Person"]


@pytest.mark.parametrize("role", [Role.OPERATIONS, Role.AUDITOR])
def test_nobody_without_the_right_assigns_or_is_assigned(database: str, role: Role) -> None:
    reference, other, rosa = applied(), person(role), person(Role.REVIEWER)
    with reading() as session:
        with pytest.raises(Forbidden):
            assign(session, other, row(session, reference), rosa.user_id)
        with pytest.raises(Invalid, match="may not review"):
            assign(session, rosa, row(session, reference), other.user_id)


def test_somebody_who_is_cut_off_is_assigned_nothing(database: str) -> None:
    reference, rosa, arthur = applied(), person(Role.REVIEWER), person(Role.APPROVER)
    with transaction() as session:
        user = session.get(User, arthur.user_id)
        assert user is not None
        user.status = SUSPENDED
        session.add(user)
    with reading() as session, pytest.raises(Invalid, match="may not review"):
        assign(session, rosa, row(session, reference), arthur.user_id)


def test_many_are_assigned_at_once_and_what_is_decided_is_named(database: str) -> None:
    references = [applied(f"Company {number} Ltd") for number in range(3)]
    decided, rosa, arthur = brought(applied("Decided Ltd"), to="approved"), person(Role.REVIEWER), person(Role.APPROVER)
    with transaction() as session:
        chosen = [row(session, reference).id or 0 for reference in (*references, decided)]
        told = assign_many(session, rosa, chosen, arthur.user_id)
    assert (told.done, [company for company, _why in told.refused]) == (3, ["Decided Ltd"])
    assert [len(assigned(reference)) for reference in references] == [1, 1, 1] and the_row(decided).reviewer == "Reviewer Person"
    assert [one.reviewer for one in found("", "mine", reader=arthur.user_id).rows] == ["Approver Person"] * 3


def test_more_than_a_thousand_at_once_are_refused_before_anything_is_changed(database: str) -> None:
    rosa = person(Role.REVIEWER)
    with reading() as session, pytest.raises(Invalid, match="up to 1,000"):
        assign_many(session, rosa, range(1, 1002), rosa.user_id)


def test_due_is_what_the_partner_or_the_office_is_late_with(database: str) -> None:
    submitted_days_ago("Slow Ltd", 20), submitted_days_ago("Fresh Ltd", 1)
    ask("Late Ltd", 3), ask("Patient Ltd", 30)
    brought(submitted_days_ago("Decided Ltd", 30), to="approved")
    assert sorted(companies("", "due")) == ["Late Ltd", "Slow Ltd"] and sorted(companies("", "waiting")) == ["Late Ltd", "Patient Ltd"]
    assert (found().counts["due"], found().counts["waiting"]) == (2, 2)


def test_the_days_that_a_review_may_take_are_those_of_the_setting(database: str) -> None:
    submitted_days_ago("Slow Ltd", 20)
    with environment_of({"REVIEW_DAYS": "0"}):
        assert companies("", "due") == []


def test_expiring_is_what_has_a_policy_or_document_that_ends_within_60_days_and_was_not_turned_down(database: str) -> None:
    far, soon, old = (now().date() + timedelta(days=days) for days in (300, 59, -310))
    lasting = dict.fromkeys(("public_liability_expiry", "employers_liability_expiry", "professional_indemnity_expiry"), far)
    lasting |= {f"{name}_policy_date": now().date() - timedelta(days=20) for name in POLICIES}
    applied("Lasting Ltd", **lasting)
    applied("Insured Ltd", **lasting | {"public_liability_expiry": soon})
    applied("Policy Ltd", **lasting | {"gdpr_policy_date": old})
    brought(applied("Rejected Ltd", **lasting | {"public_liability_expiry": soon}), to="rejected")
    brought(applied("Approved Ltd", **lasting | {"public_liability_expiry": soon}), to="approved")
    reference = applied("Certified Ltd", **lasting)
    assert sorted(companies("", "expiring")) == ["Approved Ltd", "Insured Ltd", "Policy Ltd"]
    document(reference, soon)
    assert "Certified Ltd" in companies("", "expiring") and found().counts["expiring"] == 4
    document(reference, soon, state="removed")
    assert "Certified Ltd" not in companies("", "expiring")
    assert sorted(companies(expiring="10")) == [] and len(companies(expiring="60")) == 4


def test_filters_hold_together_and_stand_in_the_address(database: str) -> None:
    brought(applied("Welsh Ltd", nationwide_coverage=False, geographic_coverage=["Wales"]), to="under_review")
    applied("London Ltd", nationwide_coverage=False, geographic_coverage=["London"], installation_capacity="Over 50 MWp")
    brought(applied("Everywhere Ltd", nationwide_coverage=True), to="reviewed")
    lost = applied("Lost Ltd", nationwide_coverage=False, geographic_coverage=["France"])
    set_one_delivery(lost, state="failed")
    assert sorted(companies(region="Wales")) == ["Everywhere Ltd", "Welsh Ltd"] and companies(region="France") == ["Lost Ltd"]
    assert companies(capacity="Over 50 MWp") == ["London Ltd"] and companies(failed="1") == ["Lost Ltd"]
    assert sorted(companies(status="under_review,reviewed")) == ["Everywhere Ltd", "Welsh Ltd"]
    assert companies(status="under_review,reviewed", section="insurance:none") == ["Welsh Ltd"]
    assert companies(section="insurance:passed") == ["Everywhere Ltd"] and companies(section="insurance:failed") == []
    assert len(companies(reviewer="none")) == 2 and len(companies(reviewer=str(person(Role.REVIEWER).user_id))) == 2
    assert companies(region="Wales", status="reviewed", reviewer="none") == []


def test_columns_stand_in_the_address_and_without_any_those_of_the_reader_show(database: str) -> None:
    rosa, other = person(Role.REVIEWER), person(Role.AUDITOR)
    with transaction() as session:
        keep_columns(session, rosa, ["vat", "status"])
    with reading() as session:
        own, others = own_columns(session, rosa), own_columns(session, other)
    assert own == ("vat", "status") and others == DEFAULT
    assert looked({}, own=own).columns == own and looked({"columns": "code,code,nonsense"}, own=own).columns == ("code",)
    assert address(looked({}, own=own)) == "/review?columns=vat%2Cstatus" and address(looked({}, own=others)) == "/review"
    with transaction() as session, pytest.raises(Invalid, match="no column"):
        keep_columns(session, rosa, ["password"])
    with transaction() as session:
        keep_columns(session, rosa, [])
        assert own_columns(session, rosa) == DEFAULT


def test_a_row_tells_everything_that_a_column_can_show(database: str) -> None:
    reference = brought(applied("Told Ltd"), to="information_required")
    with transaction() as session:
        application = row(session, reference)
        note_due(session, application, date(2030, 1, 2))
        told = {"contact": application.primary_contact_name, "email": application.primary_contact_email, "code": application.invitation_code,
                "vat": application.vat_number, "registration": application.company_registration, "trading": application.trading_name}  # fmt: skip
    cells = {name: column.cell(the_row(reference)) for name, column in COLUMNS.items()}
    assert {name: cells[name] for name in told} == told and all(told.values())
    assert (cells["due"], cells["reference"], cells["reviewer"]) == (date(2030, 1, 2), reference, "") and isinstance(cells["expires"], date)


def test_days_of_submission_are_those_of_the_office(database: str) -> None:
    reference = applied("Summer Ltd")
    with transaction() as session:
        application = row(session, reference)
        application.submitted_at = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)  # 00:30 on 2 July in London
        session.add(application)
    assert companies(since="2026-07-02", until="2026-07-02") == ["Summer Ltd"]
    assert companies(until="2026-07-01") == companies(since="2026-07-03") == []


@pytest.mark.parametrize("asked", [
    {"view": "mine", "q": "sun & wind"}, {"status": "approved,rejected"}, {"view": "due", "status": "submitted"}, {"failed": "1", "sort": "company"},
    {"section": "company:failed,documents:none", "reviewer": "none", "region": "Yorkshire & Humber", "capacity": "1 - 5 MWp"},
    {"since": "2026-01-01", "until": "2026-02-01", "expiring": "30", "page": "last"},
    {"sort": "company", "after": "a & b, ltd~7", "at": "51"}, {"before": "2026-11-22T10:00:00.123456+00:00~7", "at": "101"},
])  # fmt: skip
def test_an_address_is_read_as_it_was_written(asked: dict[str, str]) -> None:
    written = address(looked(asked))
    assert looked(dict(parse_qsl(urlsplit(written).query))) == looked(asked)
    assert dict(parse_qsl(urlsplit(written).query)) == asked


def test_statuses_make_a_view_of_other_statuses_the_view_of_all() -> None:
    assert looked({"view": "work", "status": "approved"}).view == looked({"status": "approved"}).view == "all"
    assert looked({"view": "mine", "status": "approved"}).view == "mine"


def test_a_name_that_is_corrected_is_found_by_its_new_form_alone_and_one_that_is_erased_not_at_all(database: str) -> None:
    reference = applied("Misspelt Ltd")
    with transaction() as session:
        application = row(session, reference)
        application.company_name = "Corrected Ltd"
        session.add(application)
    assert companies("corrected") == ["Corrected Ltd"] and companies("misspelt") == []
    with transaction() as session:
        session.exec(sa.delete(Verdict))
        number = row(session, reference).id
        for table in (Delivery, Event, Agreement):
            session.exec(sa.delete(table).where(table.application_id == number))
        session.exec(sa.delete(Application).where(Application.id == number))
    assert companies("corrected") == [] and found().counts["all"] == 0


@pytest.mark.parametrize("q", ["co", "É", '"', 'a" OR words : "b', "sol*", "ltd NOT x"])
def test_short_words_and_signs_of_the_index_are_only_letters(database: str, q: str) -> None:
    applied("École Ltd", vat_number="")
    assert companies(q) == (["École Ltd"] if q == "É" else [])


def test_one_or_two_letters_find_the_companies_that_begin_with_them(database: str) -> None:
    for company in ("Solar North Ltd", "SOLAR SOUTH LTD", "Sun_Power Ltd", "Northern Solar Ltd"):
        applied(company)
    assert sorted(companies("so")) == ["SOLAR SOUTH LTD", "Solar North Ltd"] and len(companies("S")) == 3
    assert companies("%o") == companies("s_") == [] and companies("northern") == ["Northern Solar Ltd"]


def test_the_search_goes_on_where_the_database_has_no_trigrams(database: str) -> None:
    applied()
    if engine().dialect.name == "postgresql":
        with engine().begin() as connection:
            connection.exec_driver_sql("DROP EXTENSION pg_trgm CASCADE")
    assert companies("brightf") == companies("9807806") == ["Brightfield Solar Ltd"]


def test_a_change_is_noticed_by_one_statement(database: str) -> None:
    reference = applied()
    with reading() as session:
        before = mark(session)
    set_one_delivery(reference, state="failed")
    with reading() as session:
        failed = mark(session)
    brought(reference, to="under_review")
    with reading() as session:
        assert len({before, failed, mark(session)}) == 3


def assigned(reference: str) -> list[Event]:
    """The events that gave the application a reviewer, newest first."""
    with reading() as session:
        return [event for event in history(session, row(session, reference)) if event.type == "application.assigned"]


def ask(company: str, days: int) -> None:
    """The partner is asked until a day from now."""
    reviewer, reference = person(Role.REVIEWER), applied(company)
    with transaction() as session:
        due = now().date() + timedelta(days=days)
        request_information(session, reviewer, row(session, reference), QUESTION, [Wanted("public_liability_expiry", "", due)])


def document(reference: str, expires: date, state: str = "stored") -> None:
    """The application's one certificate is in this state, with its expiry date."""
    with transaction() as session:
        number = row(session, reference).id or 0
        one = session.exec(select(Document).where(Document.application_id == number)).first() or Document(
            application_id=number, file_name="mcs.pdf", file_type="application/pdf", file_size=1, r2_key=f"k{number}", r2_url="", upload_timestamp=now(),
            slot="mcs_certificate", public_id=f"p{number}")  # fmt: skip
        one.state, one.expiry_date = state, expires
        session.add(one)
