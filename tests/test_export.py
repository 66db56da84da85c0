"""Applications taken away: what stands in the file, that nothing in it is a formula, and who may have it."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from sqlmodel import select

from models import export
from models.application import Application, begin
from models.database import reading, transaction
from models.errors import SignInNeeded
from models.event import Event
from models.export import COLUMNS, as_csv, harmless
from models.invitation import invite
from models.language import _, speaking
from models.people import disable
from models.person import PORTAL, Role, User
from models.steps import QUESTIONS
from models.workbook import as_xlsx
from portal.pages.export import _batches
from portal.words import OFFICE
from tests.desk import applied, brought, person, row, token
from tests.pages import browser
from tests.parts import environment_of

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
EVIL = '=HYPERLINK("http://evil.example","Click") Ltd'


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_staff_take_all_submitted_applications_away_and_the_log_says_so(database: str, form: str) -> None:
    applied("Brightfield Solar Ltd"), applied("Northwind Energy Ltd")
    begun("Still typing Ltd")
    answer = browser(token(Role.AUDITOR)).get(f"/review/export.{form}?view=all")
    assert answer.status_code == 200 and f'.{form}"' in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    companies = column(table(answer.content, form), "Registered company name")
    assert sorted(companies) == ["Brightfield Solar Ltd", "Northwind Energy Ltd"]
    assert [(one.actor, one.detail) for one in events("applications.exported")] == [("Auditor Person", {"form": form, "count": 2})]


@on_sqlite
def test_the_file_holds_what_the_list_of_this_address_finds_in_its_order(database: str) -> None:
    for company in ("Beta Solar Ltd", "Alpha Solar Ltd"):
        brought(applied(company), to="under_review")
    brought(applied("Northwind Energy Ltd", trading_name="", primary_contact_email="tom@else.example"), to="under_review")
    applied("Gamma Solar Ltd")
    content = browser(token(Role.REVIEWER)).get("/review/export.csv?q=solar&status=under_review&sort=company").content
    assert column(table(content, "csv"), "Registered company name") == ["Alpha Solar Ltd", "Beta Solar Ltd"]
    assert events("applications.exported")[0].detail["count"] == 2


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_columns_that_the_list_shows_are_taken_away_after_company_and_reference(database: str, form: str) -> None:
    reference = brought(applied("=Formula Ltd", public_liability_cover=2_000_000), to="under_review")
    content = browser(token(Role.REVIEWER)).get(f"/review/export.{form}?view=all&shown=status,flagged,sections,submitted,nonsense").content
    lines = table(content, form)
    assert list(lines[0]) == ["Company", "Reference", "Status", "Flagged for", "Sections", "Submitted"]
    company = "'=Formula Ltd" if form == "csv" else "=Formula Ltd"
    assert list(lines[1][:3]) == [company, reference, "Under review"] and "Public liability: cover" in str(lines[1][3])
    assert str(lines[1][4]) == "2" and events("applications.exported")[0].detail["count"] == 1


@on_sqlite
def test_a_status_is_called_in_a_file_as_it_is_in_the_list(database: str) -> None:
    applied("New Ltd")
    brought(applied("Reviewed Ltd"), to="reviewed")
    with environment_of({"DECISION_UNDO_MINUTES": "10"}):
        brought(applied("Decided Ltd"), to="approved")
    staff = browser(token(Role.REVIEWER))
    shown = table(staff.get("/review/export.csv?view=all&sort=company&shown=status").content, "csv")
    assert column(shown, "Status") == ["Decided, not sent yet", "New", "Decision due"]
    assert column(table(staff.get("/review/export.csv?view=all&sort=company").content, "csv"), "Status") == column(shown, "Status")
    list_page = staff.get("/review?view=all").text
    assert all(f">{words}</span>" in list_page for words in ("Decided, not sent yet", "New", "Decision due"))


@on_sqlite
def test_of_a_selection_only_that_is_taken_away_and_in_the_lists_order(database: str) -> None:
    references = [applied(company) for company in ("Beta Ltd", "Alpha Ltd", "Gamma Ltd")]
    draft = begun("Still typing Ltd")
    with reading() as session:
        ids = [row(session, one).id for one in references[:2]] + [draft]
    answer = browser(token(Role.AUDITOR)).post("/review/export.csv?view=mine&sort=company", data={"only": ",".join(map(str, [*ids, "x", -1]))})
    assert column(table(answer.content, "csv"), "Registered company name") == ["Alpha Ltd", "Beta Ltd"]
    assert events("applications.exported")[0].detail["count"] == 2
    none = browser(token(Role.AUDITOR)).post("/review/export.csv", data={})
    assert len(table(none.content, "csv")) == 1


@on_sqlite
def test_a_form_that_there_is_not_is_refused(database: str) -> None:
    assert browser(token(Role.REVIEWER)).get("/review/export.exe").status_code in (404, 422)


@on_sqlite
def test_every_column_of_an_application_is_in_the_table_under_the_words_of_its_question(database: str) -> None:
    reference = applied()
    lines = table(browser(token(Role.REVIEWER)).get("/review/export.csv").content, "csv")
    assert len(COLUMNS) == len(Application.__table__.columns) == len(lines[0]) == len(set(lines[0])) == 97  # type: ignore[attr-defined]
    assert {question.label for question in QUESTIONS.values()} <= set(lines[0])
    assert column(lines, "Reference number") == [reference]
    shown = [question.column for question in QUESTIONS.values() if question.column in lines[0] and question.column != question.label]
    assert shown == []  # SharePoint's own names are nobody's business here


@on_sqlite
def test_in_excel_numbers_are_numbers_days_are_days_and_yes_is_yes(database: str) -> None:
    applied(installed_mwp_3y="12.5", public_liability_cover=5_000_000, public_liability_expiry="2031-03-03", nationwide_coverage=True)
    sheet = workbook(browser(token(Role.REVIEWER)).get("/review/export.xlsx").content)
    assert cell(sheet, "public_liability_cover") == 5_000_000 and cell(sheet, "public_liability_expiry") == datetime(2031, 3, 3)
    assert cell(sheet, "installed_mwp_3y") == 12.5 and cell(sheet, "nationwide_coverage") == "Yes"
    assert cell(sheet, "company_registration") == "07654321"
    assert isinstance(cell(sheet, "submitted_at"), datetime)
    assert sheet.freeze_panes == "B2" and sheet.auto_filter.ref == "A1:CS2"


@on_sqlite
def test_csv_opens_in_excel_as_utf_8_with_its_own_line_ends(database: str) -> None:
    applied("Müller & Söhne Ltd")
    content = browser(token(Role.REVIEWER)).get("/review/export.csv").content
    assert content.startswith(b"\xef\xbb\xbf") and content.count(b"\r\n") == 2 and "Müller & Söhne Ltd".encode() in content


@pytest.mark.parametrize("text", ["=1+1", "+44 20 7946 0000", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"])
def test_a_text_that_a_spreadsheet_would_compute_is_made_harmless(text: str) -> None:
    written = b"".join(as_csv(["Head"], [[[text, -1]]])).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(written, newline="")))[1] == [f"'{text}", "-1"]
    sheet = workbook(b"".join(as_xlsx("Sheet", ["Head", "Number"], [[[text, -1]]], 1)))
    assert sheet["A2"].data_type in ("s", "inlineStr") and sheet["A2"].quotePrefix and sheet["B2"].value == -1
    assert str(sheet["A2"].value).replace("\r", "\n") == text.replace("\r", "\n")


@on_sqlite
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_company_named_like_a_formula_is_exported_as_its_name(database: str, form: str) -> None:
    applied(EVIL)
    lines = table(browser(token(Role.REVIEWER)).get(f"/review/export.{form}").content, form)
    assert column(lines, "Registered company name") == [harmless(EVIL) if form == "csv" else EVIL]


@pytest.mark.parametrize(("text", "kept"), [("a\x00b\x08c", "abc"), ("_x0041_", "_x0041_"), ("<b> & \"c\"", "<b> & \"c\""), ("x" * 40_000, "x" * 32_000),
                                            ("\ud800 half", " half"), ("two\r\nlines", "two\nlines")])  # fmt: skip
def test_excel_opens_whatever_was_typed(text: str, kept: str) -> None:
    found = workbook(b"".join(as_xlsx("Sheet", ["Head"], [[[text]]], 1)))["A2"].value
    assert found == kept or found == kept.replace("_x", "_x005F_x")  # Excel unfolds what openpyxl leaves


@on_sqlite
def test_the_table_is_in_the_readers_language(database: str) -> None:
    applied(nationwide_coverage=True)
    reader = browser(token(Role.REVIEWER))
    reader.cookies.set("language", "de")
    lines = table(reader.get("/review/export.csv").content, "csv")
    with speaking("de"):
        label = _(QUESTIONS["nationwide_coverage"].label)
    assert label != QUESTIONS["nationwide_coverage"].label and column(lines, label) == ["Ja"]


@on_sqlite
def test_without_signing_in_nothing_is_exported(database: str) -> None:
    applied()
    answer = browser().get("/review/export.csv")
    assert answer.status_code == 303 and answer.headers["location"].startswith("/auth/sign-in") and events("applications.exported") == []


@on_sqlite
def test_whoever_is_cut_off_gets_no_further_row(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.pages.export.CHUNK", 1)
    applied("First Ltd"), applied("Second Ltd")
    held, admin, reviewer = token(Role.REVIEWER), person(Role.ADMIN), person(Role.REVIEWER)
    with reading() as session:
        rows = _batches(held, export.find(session, reviewer, select(Application.id)))
    assert len(next(rows)) == 1
    with transaction() as session:
        user = session.exec(select(User).where(User.oid == Role.REVIEWER)).one()
        disable(session, admin, user.id or 0)
    with pytest.raises(SignInNeeded):
        next(rows)


@on_sqlite
def test_a_draft_is_nobodys_but_the_partners_whoever_asks_for_it(database: str) -> None:
    begun("Still typing Ltd")
    with reading() as session:
        assert export.rows(session, session.exec(select(Application.id)).all(), OFFICE) == []


@on_sqlite
def test_an_application_that_was_erased_meanwhile_is_left_out_and_the_rest_comes(database: str) -> None:
    applied("First Ltd")
    with reading() as session:
        number = session.exec(select(Application.id)).one()
        found = list(_batches(token(Role.REVIEWER), [9_999] * 500 + [number or 0]))
    assert [len(rows) for rows in found] == [0, 1]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_rows_are_handed_on_as_they_are_read_and_memory_stays_the_same(form: str) -> None:
    few, many = peak(form, 2), peak(form, 20)
    assert many < few * 1.5 + 200_000


def test_the_first_bytes_come_before_the_last_row_is_read() -> None:
    read: list[int] = []

    def batches() -> Iterator[list[Any]]:
        for number in range(20):
            read.append(number)
            yield [[f"{number} " * 400, Decimal("2.5"), date(2026, 1, 1)]] * 500

    assert next(pieces("xlsx", batches())) and read == []


def peak(form: str, batches: int) -> int:
    """The most memory that a table of so many batches takes while it is made and thrown away."""
    next(pieces(form, iter([])))  # what is imported and compiled at first counts for nothing
    tracemalloc.start()
    for _piece in pieces(form, ([[f"{n} {m}" for m in range(30)]] * 500 for n in range(batches))):
        pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def pieces(form: str, batches: Any) -> Iterator[bytes]:
    header = [f"Column {n}" for n in range(30)]
    return as_csv(header, batches) if form == "csv" else as_xlsx("Sheet", header, batches, 0)


def begun(company: str) -> None:
    with transaction() as session:
        begin(session, invite(session, PORTAL, company_name=company, contact_email="ada@typing.example"))


def events(kind: str) -> list[Event]:
    with reading() as session:
        return list(session.exec(select(Event).where(Event.type == kind)))


def table(content: bytes, form: str) -> list[list[Any]]:
    if form == "csv":
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    return [[cell.value for cell in row] for row in workbook(content).iter_rows()]


def column(lines: list[list[Any]], label: str) -> list[Any]:
    place = lines[0].index(label)
    return [line[place] for line in lines[1:]]


def workbook(content: bytes) -> Worksheet:
    return load_workbook(io.BytesIO(content)).worksheets[0]


def cell(sheet: Worksheet, name: str) -> Any:
    place = [one.name for one in COLUMNS].index(name) + 1
    return sheet.cell(2, place).value
