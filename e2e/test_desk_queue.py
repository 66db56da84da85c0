"""The list of applications in a browser: filtered, ticked and assigned, gone through by keys, and up to date by itself."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from e2e.product import Product
from e2e.test_desk import applied
from tests import desk
from tests.parts import environment_of


def test_filters_are_chosen_sent_on_and_taken_away_one_by_one(product: Product, page: Page) -> None:
    applied(product, "Filtered Solar Ltd")
    product.sign_in(page, "Rosa Reyes")
    page.goto(product.url("/review?q=filtered"))
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("New", exact=True).check()
    page.locator("select[name=region]").select_option("Wales")
    expect(page.get_by_role("link", name="Remove the filter Region: Wales")).to_be_visible()
    expect(page).to_have_url(product.url("/review?q=filtered&status=submitted&region=Wales"))
    expect(page.locator("#queue tbody tr")).to_have_count(1)

    page.goto(page.url)
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_label("New", exact=True)).to_be_checked()
    page.get_by_role("link", name="Remove the filter New").click()
    expect(page.get_by_label("New", exact=True)).not_to_be_checked()
    expect(page.locator("select[name=region]")).to_have_value("Wales")
    page.get_by_role("link", name="Clear all").click()
    expect(page.locator(".chips")).to_have_count(0)
    expect(page.locator("select[name=region]")).to_have_value("")


def test_rows_are_ticked_in_a_range_and_assigned_and_what_is_decided_is_named(product: Product, page: Page) -> None:
    for number in range(3):
        applied(product, f"Ticked {number} Ltd")
    with environment_of({"DATABASE_URL": product["database_url"]}):
        desk.brought(desk.applied("Ticked Decided Ltd", vat_number="", primary_contact_email="d@ticked.example"), to="rejected")
    product.sign_in(page, "Rosa Reyes")
    page.goto(product.url("/review?q=ticked&view=all&sort=company"))
    expect(page.locator("#queue tbody tr")).to_have_count(4)
    page.get_by_label("Select Ticked 0 Ltd").check()
    page.get_by_label("Select Ticked Decided Ltd").click(modifiers=["Shift"])
    bar = page.get_by_role("region", name="Selected applications")
    expect(bar).to_contain_text("4 selected")
    bar.get_by_role("button", name="Assign to me").click()
    told = page.get_by_role("alert").filter(has_text="3 applications assigned to Rosa Reyes.")
    expect(told).to_contain_text("Ticked Decided Ltd: It is decided")
    expect(page.locator("#queue tbody tr", has_text="Rosa Reyes")).to_have_count(3)
    expect(bar).to_be_hidden()


def test_the_list_goes_by_its_keys_and_they_can_be_switched_off(product: Product, page: Page) -> None:
    for number in range(2):
        applied(product, f"Keyed {number} Ltd")
    product.sign_in(page, "Rosa Reyes")
    page.goto(product.url("/review?q=keyed&sort=company"))
    expect(page.locator("#queue tbody tr")).to_have_count(2)
    page.wait_for_function("window.did_handshake")
    for key, name in (("j", "Keyed 0 Ltd"), ("j", "Keyed 1 Ltd"), ("k", "Keyed 0 Ltd")):
        page.keyboard.press(key)
        expect(page.get_by_role("link", name=name)).to_be_focused()
    page.keyboard.press("a")
    expect(page.locator("#queue tbody tr", has_text="Keyed 0 Ltd")).to_contain_text("Rosa Reyes")
    expect(page.get_by_role("link", name="Keyed 0 Ltd")).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.press("End")
    page.keyboard.type(" ?ja")  # in a field they are letters
    expect(page.get_by_label("Search applications")).to_have_value("keyed ?ja")
    expect(page.locator("#keys")).to_be_hidden()
    page.get_by_label("Search applications").fill("keyed")
    expect(page.locator("#queue tbody tr")).to_have_count(2)

    page.locator("h1").click()
    page.keyboard.press("?")
    page.locator("#keys").get_by_label("Use these keys in this browser").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Keyed 0 Ltd")).not_to_be_focused()
    page.get_by_role("button", name="Keys").click()
    page.locator("#keys").get_by_label("Use these keys in this browser").check()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Keyed 0 Ltd", level=1)).to_be_visible()


def test_what_comes_in_appears_by_itself_and_what_is_ticked_stays(product: Product, page: Page) -> None:
    applied(product, "Waited Before Ltd")
    product.sign_in(page, "Rosa Reyes")
    page.goto(product.url("/review?q=waited"))
    page.get_by_label("Select Waited Before Ltd").check()
    applied(product, "Waited After Ltd")
    expect(page.get_by_role("link", name="Waited After Ltd")).to_be_visible(timeout=25_000)
    expect(page.get_by_label("Select Waited Before Ltd")).to_be_checked()
    expect(page.get_by_label("Select Waited After Ltd")).not_to_be_checked()
