"""People, the audit log and what is taken away, as staff use them in a browser."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from e2e import states
from e2e.looking import VIEWS, looking
from e2e.person import press
from e2e.product import Product, eventually, rows, text_of, until
from models.database import transaction
from models.note import add_note
from models.people import end_sessions
from models.person import Actor, Role, User
from tests import desk

ADMIN, OPERATIONS, REVIEWER, APPROVER = "Adam Novak", "Olivia Okafor", "Rosa Reyes", "Arthur Adeyemi"
AUDITOR = "Audrey Lindqvist"
NOTE = "Their insurer confirmed the cover by telephone."


@pytest.fixture(scope="module")
def reference(product: Product) -> str:
    """An application with a history."""
    with states.within(product):
        found = desk.brought(desk.applied("Audited Solar Ltd"), to="under_review")
        reviewer = desk.person(Role.REVIEWER)
        with transaction() as session:
            add_note(session, reviewer, desk.row(session, found), NOTE)
    return found


def test_whoever_is_disabled_is_cut_off_in_the_page_that_is_open(product: Product, page: Page, browser: Browser, reference: str) -> None:
    other = browser.new_page()
    product.sign_in(other, APPROVER)
    other.goto(product.url(f"/review/{reference}"))
    until(other, "window.did_handshake")
    product.sign_in(page, ADMIN)
    page.goto(product.url("/people"))
    expect(page.get_by_role("row", name=ADMIN).get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("row", name=APPROVER)).to_contain_text("Chrome on")
    press(page, f"Disable the account of {APPROVER}", "Disable", Reason="Left the company")
    expect(page.get_by_role("row", name=APPROVER)).to_contain_text("Disabled")

    # Nobody has touched the other page: it says so by itself, and shows nothing more, also not on the way back.
    expect(other.get_by_role("heading", name="Your account is disabled")).to_be_visible(timeout=4_000)
    expect(other.get_by_text("Audited Solar Ltd")).to_have_count(0)
    other.go_back()
    expect(other.get_by_text("Audited Solar Ltd")).to_have_count(0)
    other.goto(product.url("/review"))
    other.get_by_role("link", name=APPROVER).click()
    expect(other.get_by_text("Your account is disabled.")).to_be_visible()

    page.get_by_role("button", name=f"Enable the account of {APPROVER}").click()
    expect(page.get_by_role("row", name=APPROVER)).not_to_contain_text("Disabled")
    other.goto(product.url("/review"))
    other.get_by_role("link", name=APPROVER).click()
    expect(other.get_by_role("heading", name="Applications", level=1)).to_be_visible()
    with states.within(product), transaction() as session:  # as another process does it, of which this one hears nothing
        who = session.exec(select(User.id).where(User.name == APPROVER)).one()
        end_sessions(session, Actor("Another process", "system"), who or 0)
    expect(other.get_by_text("An administrator has signed you out on all devices.")).to_be_visible(timeout=9_000)
    other.context.close()


def test_a_person_signs_out_everywhere_else_and_stays_here(product: Product, page: Page, browser: Browser) -> None:
    there = browser.new_page()
    product.sign_in(there, OPERATIONS)
    until(there, "window.did_handshake")
    product.sign_in(page, OPERATIONS)
    page.goto(product.url("/people"))
    expect(page.get_by_role("row", name=f"{OPERATIONS} You")).to_be_visible()
    press(page, "Sign out everywhere else", "Sign out")
    expect(page.get_by_text("You are signed out everywhere else.")).to_be_visible()
    expect(there.get_by_text("You signed out on all other devices")).to_be_visible(timeout=4_000)
    there.get_by_role("link", name="Sign in again").click()
    expect(there.get_by_role("link", name=OPERATIONS)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="People", level=1)).to_be_visible()
    there.context.close()


def test_a_partners_people_are_found_corrected_and_taken_away(product: Product, page: Page, reference: str) -> None:
    with states.within(product):
        code = states.invited("Wrong Address Ltd", "typo@wrong.example")
    eventually(lambda: product.mails_to("typo@wrong.example"), "the mail to the wrong address")
    product.sign_in(page, OPERATIONS)
    page.get_by_role("link", name="People", exact=True).click()
    page.get_by_role("link", name="Partners’ contacts").click()
    until(page, "window.did_handshake")
    page.get_by_label("Search contacts").fill("audited sol")
    expect(page.get_by_role("rowheader")).to_have_count(1)
    expect(page.get_by_role("link", name="Audited Solar Ltd")).to_have_attribute("href", f"/review/{reference}")
    expect(page).to_have_url(product.url("/people/contacts?q=audited+sol"))
    with page.expect_download() as taken:
        page.get_by_role("link", name="XLSX").click()
    sheet = load_workbook(io.BytesIO(Path(taken.value.path()).read_bytes())).worksheets[0]
    assert {cell.value for cell in sheet["B"]} == {"Reference", reference}

    page.get_by_label("Search contacts").fill("typo@wrong")
    page.get_by_role("button", name="Correct the address of Wrong Address Ltd").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Correct and send").click()
    expect(dialog.get_by_text("The invitation has this address already.")).to_be_visible()
    expect(dialog.get_by_label("Email")).to_be_focused()
    dialog.get_by_label("Email").fill("ada@right.example")
    dialog.get_by_label("Reason").fill("She told us by telephone")
    dialog.get_by_role("button", name="Correct and send").click()
    expect(page.get_by_text("The address is corrected")).to_be_visible()
    (mail,) = eventually(lambda: product.mails_to("ada@right.example"), "the mail to the corrected address")
    assert code in text_of(mail)


def test_an_auditor_reads_everything_and_changes_nothing(product: Product, page: Page, reference: str) -> None:
    product.sign_in(page, AUDITOR)
    expect(page.get_by_role("navigation", name="Review desk").get_by_role("link")).to_have_text(["Applications", "People", "Audit log"])
    page.goto(product.url(f"/review/{reference}"))
    expect(page.get_by_role("heading", name="Audited Solar Ltd").first).to_be_visible()
    deeds = re.compile("^(Passed|Concern|Failed|Approve|Reject|Mark reviewed|Request information)")
    expect(page.get_by_role("button", name=deeds, disabled=False)).to_have_count(0)
    page.goto(product.url("/people"))
    expect(page.get_by_role("row", name=AUDITOR)).to_contain_text("Chrome on")
    expect(page.get_by_role("button", name="Disable")).to_have_count(0)
    page.goto(product.url("/people/contacts"))
    expect(page.get_by_role("button", name="Correct address")).to_have_count(0)
    for path in ("/invitations", "/deliveries"):
        page.goto(product.url(path))
        expect(page.get_by_text("Your account may not").first).to_be_visible()


def test_the_log_is_filtered_by_its_form_and_its_address_can_be_sent_on(product: Product, page: Page, reference: str) -> None:
    product.sign_in(page, ADMIN)
    page.get_by_role("link", name="Audit log").click()
    page.get_by_label("What happened").select_option(label="Note written")
    page.get_by_label("Words").fill("insurer confirmed")
    page.get_by_label("Words").press("Enter")
    expect(page).to_have_url(product.url("/audit?q=insurer+confirmed&type=application.noted"))
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text(NOTE)
    expect(page.get_by_label("Words")).to_have_value("insurer confirmed")

    page.get_by_role("link", name="Show everything", exact=True).click()
    page.get_by_label("Reference", exact=True).fill(reference.lower())
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("tbody tr").last).to_contain_text("invited the partner")
    with page.expect_download() as taken:
        page.get_by_role("link", name="Export as CSV").click()
    lines = list(csv.DictReader(io.StringIO(Path(taken.value.path()).read_text("utf-8-sig"), newline="")))
    assert {line["Reference"] for line in lines} == {reference, ""} and NOTE in {line["In their words"] for line in lines}


def test_pages_of_the_log_are_turned_in_place_with_the_keyboard(product: Product, page: Page, reference: str) -> None:
    with states.within(product):
        for number in range(6):
            desk.brought(desk.applied(f"Page {number} Ltd"), to="under_review")
    product.sign_in(page, ADMIN)
    page.goto(product.url("/audit"))
    until(page, "window.did_handshake")
    older = page.get_by_role("link", name="Older", exact=True)
    older.focus()
    page.keyboard.press("Enter")
    newest = page.get_by_role("link", name="Newest", exact=True)
    expect(newest).to_be_visible()
    page.wait_for_url("**/audit?before=*")
    newest.focus()
    page.keyboard.press("Enter")
    expect(newest).to_be_hidden()
    page.wait_for_url(product.url("/audit"))


def test_the_list_is_taken_away_for_excel(product: Product, page: Page, reference: str) -> None:
    product.sign_in(page, REVIEWER)
    with page.expect_download() as taken:
        page.evaluate("(to) => { location.href = to }", product.url(f"/review/export.xlsx?q={reference}"))
    sheet = load_workbook(io.BytesIO(Path(taken.value.path()).read_bytes())).worksheets[0]
    assert [cell.value for cell in sheet["A"]] == ["Reference number", reference] and sheet.title == "Applications"
    assert rows(product, "SELECT actor FROM events WHERE type = 'applications.exported' ORDER BY id DESC")[0].actor == REVIEWER


@pytest.mark.parametrize("language", VIEWS)
def test_axe_finds_nothing_on_people_and_the_log(product: Product, browser: Browser, reference: str, language: str) -> None:
    for name in (APPROVER, REVIEWER):
        with looking(browser, language, "somebody") as somebody:
            product.sign_in(somebody.page, name)
    with states.within(product):
        states.invited("Looked At Ltd", f"{language}@looked.example")
    with looking(browser, language, "people") as look:
        product.sign_in(look.page, ADMIN)
        assert look.each(_shown(product, look.page)) == []


def _shown(product: Product, page: Page) -> Iterator[str]:
    _go(product, page, "/people")
    yield "people"
    for name in ("disable", "end"):
        page.locator(f"[data-act={name}]").first.click()
        expect(page.get_by_role("dialog").locator(".sheet")).to_be_visible()
        yield name
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    _go(product, page, "/people?q=nobody")
    yield "nobody found"
    _go(product, page, "/people/contacts")
    yield "contacts"
    page.locator("[data-act=correct]").first.click()
    expect(page.get_by_role("dialog").locator(".sheet")).to_be_visible()
    page.get_by_role("dialog").locator("button.go").click()
    expect(page.get_by_role("dialog").locator(".invalid").first).to_be_visible()
    yield "correcting"
    for name, path in {"log": "/audit", "a filter": "/audit?q=insurer&type=application.noted", "nothing": "/audit?q=nothing+like+it"}.items():
        _go(product, page, path)
        yield name


def _go(product: Product, page: Page, path: str) -> None:
    page.goto(product.url(path))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    until(page, "window.did_handshake")
