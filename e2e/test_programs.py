"""Programs: an administrator makes a token, a program uses it, and it is revoked."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import states
from e2e.looking import VIEWS, looking
from e2e.product import Product, until
from models.database import now, transaction
from models.person import Role
from models.token import Scope, make_token, token_of
from tests import desk

ADMIN, APPROVER = "Adam Novak", "Arthur Adeyemi"


def test_a_token_is_shown_once_used_by_a_program_and_refused_once_it_is_revoked(product: Product, page: Page) -> None:
    with states.within(product):
        reference = desk.applied("Read By A Program Ltd")
    product.sign_in(page, ADMIN)
    _open(product, page)
    page.get_by_role("button", name="Make a token").click()
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_text("Choose at least one thing that the program may do.")).to_be_visible()
    expect(page.get_by_label("Name of the program")).to_be_focused()
    page.get_by_label("Name of the program").fill("Power BI")
    page.get_by_label("What it may do").click()
    page.get_by_role("option", name="Read applications and their documents").click()
    page.get_by_label("Works until").focus()
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_role("button", name="Copy the token")).to_be_focused()
    written = page.locator(".token .written").inner_text()
    row = page.get_by_role("row", name="Power BI")
    expect(row).to_contain_text("never")

    asked = {"headers": {"Authorization": f"Bearer {written}"}, "timeout": 30}
    told = httpx.get(product.url(f"/api/applications/{reference}"), **asked)  # type: ignore[arg-type]
    assert told.status_code == 200 and reference in told.text
    page.get_by_role("button", name="Put away").click()
    expect(page.get_by_role("button", name="Make a token")).to_be_focused()
    _open(product, page)
    expect(row).not_to_contain_text("never")
    assert written not in page.content() and "spt_" in page.content()

    page.get_by_role("button", name="Revoke the token of Power BI").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke the token").click()
    expect(row).to_contain_text("Token revoked")
    expect(row.get_by_role("button")).to_have_count(0)
    assert httpx.get(product.url("/api/applications"), **asked).status_code == 401  # type: ignore[arg-type]
    page.goto(product.url("/audit?type=token.revoked"))
    expect(page.get_by_text(f"{ADMIN} revoked the token of the program “Power BI”")).to_be_visible()
    product.sign_in(page, APPROVER)
    page.goto(product.url("/people"))
    expect(page.get_by_role("link", name="Partners’ contacts")).to_be_visible()
    expect(page.get_by_role("link", name="Programs")).to_have_count(0)


@pytest.mark.parametrize("language", VIEWS)
def test_axe_finds_nothing_on_the_page_of_programs(product: Product, browser: Browser, language: str) -> None:
    with states.within(product):
        admin = desk.person(Role.ADMIN)
        for name in ("Works", "Over"):
            until = now().date()
            with transaction() as session:
                written = make_token(session, admin, name=f"{name} {language}", scopes=list(Scope), expires_on=until)[1]
        with transaction() as session:
            over = token_of(session, written)
            over.revoked_at = now()
            session.add(over)
    with looking(browser, language, "programs") as look:
        product.sign_in(look.page, ADMIN)
        assert look.each(_shown(product, look.page)) == []


def _shown(product: Product, page: Page) -> Iterator[str]:
    _open(product, page)
    yield "programs"
    page.locator("#make-token").click()
    sheet = page.get_by_role("dialog").locator(".sheet")
    expect(sheet).to_be_visible()
    sheet.locator("input").first.fill("Looked at")
    sheet.get_by_role("combobox").click()
    page.get_by_role("option").first.click()
    sheet.get_by_role("combobox").press("Tab")
    expect(page.locator(".q-menu")).to_have_count(0)
    yield "make a token"
    sheet.locator(".ends .btn").last.click()
    expect(page.locator("#copy-token")).to_be_visible()
    expect(page.locator(".q-dialog")).to_have_count(0)
    yield "a token"
    page.locator("[data-act=revoke]").first.click()
    expect(sheet).to_be_visible()
    yield "revoke"


def _open(product: Product, page: Page) -> None:
    page.goto(product.url("/people/programs"))
    until(page, "window.did_handshake")
