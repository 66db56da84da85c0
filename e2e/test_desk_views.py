"""The list of applications as each of the staff makes it their own: views that they keep, and what is done with the row in focus."""

from __future__ import annotations

import csv
import re

import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from e2e import states
from e2e.person import barriers
from e2e.product import Product, until
from e2e.test_desk import applied
from models.application import Application
from models.database import engine
from tests.desk import applied as entered


def test_a_view_of_ones_own_is_saved_updated_renamed_and_deleted_and_nobody_else_has_it(product: Product, page: Page, browser: Browser) -> None:
    for number in range(2):
        applied(product, f"Kept {number} Ltd")
    arrive(product, page, "Rosa Reyes", "/review?q=kept&flag=any&sort=company&view=all")
    press(page, "Save this view")
    dialog, views = page.get_by_role("dialog"), page.get_by_role("navigation", name="My views")
    dialog.get_by_role("button", name="Save", exact=True).click()
    name = dialog.get_by_label("Name of the view")
    expect(name).to_be_focused()
    expect(name).to_have_accessible_description("Give the view a name of up to 60 characters.")
    name.fill("Kept and flagged")
    name.press("Tab")
    press(page, "Save")
    expect(views.get_by_role("link", name="Kept and flagged 2")).to_have_attribute("aria-current", "true")
    expect(dialog).to_have_count(0)

    page.get_by_role("link", name=re.compile(r"^All \d")).click()
    expect(views.get_by_role("link", name=re.compile("Kept and"))).not_to_have_attribute("aria-current", "true")
    page.goto(product.url("/review"))
    views.get_by_role("link", name="Kept and flagged 2").click()  # counted after the page was there
    expect(page).to_have_url(product.url("/review?q=kept&view=all&flag=any&sort=company"))
    expect(page.locator("#queue tbody tr")).to_have_count(2)

    page.get_by_label("Search applications").fill("kept 1")
    expect(page.locator("#queue tbody tr")).to_have_count(1)
    press(page, "Edit my views")
    expect(dialog.get_by_role("listitem")).to_contain_text("All · “kept” · Any flag")
    assert barriers(page, "my views") == []
    press(page, "Update to this list: Kept and flagged")
    expect(views.get_by_role("link", name="Kept and flagged 1")).to_have_attribute("aria-current", "true")
    press(page, "Undo")
    expect(views.get_by_role("link", name="Kept and flagged 2")).not_to_have_attribute("aria-current", "true")
    press(page, "Rename the view: Kept and flagged")
    page.get_by_label("Name of the view").fill("Kept")
    press(page, "Rename")
    expect(page.get_by_role("button", name="Rename the view: Kept")).to_be_focused()
    press(page, "Delete the view: Kept")
    expect(page.get_by_role("dialog", name="My views")).to_contain_text("You keep no view.")
    expect(views).to_have_count(0)
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(views.get_by_role("link", name="Kept 2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Edit my views")).to_be_focused()

    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("applications: kept")
    page.keyboard.press("Enter")
    expect(views.get_by_role("link", name="Kept 2")).to_have_attribute("aria-current", "true")
    other = browser.new_context(viewport={"width": 375, "height": 780}, has_touch=True, locale="en-GB").new_page()
    arrive(product, other, "Arthur Adeyemi", "/review")
    expect(other.get_by_role("button", name="Save this view")).to_be_visible()
    expect(other.get_by_role("navigation", name="My views")).to_have_count(0)
    other.context.close()


def test_the_row_in_focus_is_assigned_and_its_partner_asked_by_key_by_palette_and_from_the_bar(product: Product, page: Page) -> None:
    for number in range(3):
        applied(product, f"Rowed {number} Ltd")
    arrive(product, page, "Rosa Reyes", "/review?q=rowed&view=all&sort=company")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Request information from the partner")
    page.keyboard.press("Escape")
    dialog, row = page.get_by_role("dialog"), page.locator("#queue tbody tr")
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(dialog).to_contain_text("The form opens again for Rowed 0 Ltd")
    dialog.get_by_label("What is needed").fill("Send the certificate of the new year.")
    press(page, "Cancel")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("link", name="Rowed 0 Ltd")).to_be_focused()
    page.keyboard.press("r")
    expect(dialog.get_by_label("What is needed")).to_have_value("Send the certificate of the new year.")  # what was typed stays
    press(page, "Send the request")
    expect(dialog).to_have_count(0)
    expect(row.first).to_contain_text("Information required")
    expect(page.get_by_role("link", name="Rowed 0 Ltd")).to_be_focused()
    page.keyboard.press("r")
    expect(page.get_by_role("alert").filter(has_text="Rowed 0 Ltd: The partner has been asked for information")).to_be_visible()

    page.keyboard.press("j")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("request information")
    expect(page.get_by_role("option", name="Request information: Rowed 1 Ltd")).to_be_visible()
    page.get_by_role("combobox").fill("assign to me")
    page.keyboard.press("Enter")
    expect(row.nth(1)).to_contain_text("Rosa Reyes")

    bar = page.get_by_role("region", name="Selected applications")
    page.get_by_label("Select Rowed 1 Ltd").check()
    page.get_by_label("Select Rowed 2 Ltd").check()
    expect(bar.get_by_role("button", name="Request information")).to_be_hidden()  # one partner at a time
    page.get_by_label("Select Rowed 1 Ltd").uncheck()
    press(page, "Request information")
    expect(dialog).to_contain_text("The form opens again for Rowed 2 Ltd")


def test_pages_are_turned_and_sorted_in_place_and_all_that_is_found_is_taken_away(product: Product, page: Page) -> None:
    with states.within(product):
        many(entered("=Turned 00 Ltd", vat_number=""), 60)
    arrive(product, page, "Rosa Reyes", "/review?q=turned&view=all&sort=company")
    rows, pages = page.locator("#queue tbody tr"), page.get_by_role("navigation", name="Pages")
    expect(pages).to_contain_text("1 to 50 of 61 applications")
    expect(rows.first).to_contain_text("=Turned 00 Ltd")
    pages.get_by_role("link", name="Next").press("Enter")
    expect(pages).to_contain_text("51 to 61 of 61 applications")
    expect(rows).to_have_count(11)
    expect(rows.last).to_contain_text("Turned 60 Ltd")
    sent_on = page.url
    page.get_by_role("columnheader", name="Company").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Company")).to_have_attribute("aria-sort", "descending")
    expect(rows.first).to_contain_text("Turned 60 Ltd")
    expect(pages).to_contain_text("1 to 50 of 61 applications")

    page.goto(sent_on)
    expect(pages).to_contain_text("51 to 61 of 61 applications")
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV", exact=True).click()
    with taken.value.path().open(encoding="utf-8-sig", newline="") as file:
        names = [line["Registered company name"] for line in csv.DictReader(file)]
    assert len(names) == 61 and names[-1] == "Turned 60 Ltd" and names[0] == "'=Turned 00 Ltd"  # no formula in a spreadsheet
    with page.expect_download() as taken:
        page.get_by_role("link", name="XLSX", exact=True).click()
    assert taken.value.path().read_bytes()[:2] == b"PK"


def arrive(product: Product, page: Page, name: str, address: str) -> None:
    """The page at an address, ready for keys."""
    product.sign_in(page, name)
    page.goto(product.url(address))
    until(page, "window.did_handshake")


def press(page: Page, name: str) -> None:
    """A button, by the keyboard."""
    page.get_by_role("button", name=name, exact=True).last.press("Enter")


def many(reference: str, count: int) -> None:
    """So many copies of an application, "Turned 01 Ltd" and so on; no event and no mail follows from them."""
    given = {"invitation_code": "'T' || n.two || 'ABCDE'", "reference_number": "a.reference_number || n.two", "company_name": "'Turned ' || n.two || ' Ltd'"}
    columns = [column.name for column in Application.__table__.c if column.name != "id"]  # type: ignore[attr-defined]
    numbers = "WITH RECURSIVE n(i, two) AS (SELECT 1, '01' UNION ALL SELECT i + 1, printf('%02d', i + 1) FROM n WHERE i < :count)"
    with engine().begin() as connection:
        connection.execute(sa.text("INSERT INTO invitations (code, company_name, contact_email, status, created_at, source, language)"
                                   f" {numbers} SELECT 'T' || two || 'ABCDE', 'Any', 'any@any.example', 'used', CURRENT_TIMESTAMP, 'portal', 'en' FROM n"),
                           {"count": count})  # fmt: skip
        chosen = ", ".join(given.get(name, f"a.{name}") for name in columns)
        connection.execute(sa.text(f"INSERT INTO applications ({', '.join(columns)}) {numbers} SELECT {chosen} FROM applications a, n"
                                   " WHERE a.reference_number = :reference"), {"count": count, "reference": reference})  # fmt: skip
