"""The list of applications in a browser: filtered, ticked and assigned, gone through by keys, and up to date by itself."""

from __future__ import annotations

import csv
import re

from playwright.sync_api import Locator, Page, expect

from e2e.product import Product, until
from e2e.test_desk import applied
from tests import desk
from tests.parts import environment_of, eventually

#: Somebody is named whom nobody knows, as an old page would: it is refused, and the refusal stays until it is closed.
REFUSED = "emitEvent('desk-assign', { who: '999999', which: [1] })"


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


def test_back_leads_through_the_views_and_what_is_said_covers_no_bar(product: Product, page: Page) -> None:
    for number in range(2):
        applied(product, f"Backwards {number} Ltd")
    product.sign_in(page, "Rosa Reyes")
    page.goto(product.url("/review?q=backwards"))
    search, shown = page.get_by_label("Search applications"), page.locator("#queue tbody tr")
    expect(shown).to_have_count(2)
    page.locator("#view-all").click()
    expect(page.locator("#view-all[aria-current]")).to_be_visible()
    search.fill("backwards 1")
    expect(page).to_have_url(product.url("/review?q=backwards+1&view=all"))
    page.locator("#sort-company").click()
    expect(page).to_have_url(product.url("/review?q=backwards+1&view=all&sort=company"))
    page.go_back()
    expect(page.locator("#sort-company >> xpath=..")).not_to_have_attribute("aria-sort", re.compile("."))
    page.go_back()
    expect(page.locator("#view-work[aria-current]")).to_be_visible()
    expect(search).to_have_value("backwards")
    expect(shown).to_have_count(2)
    expect(page).to_have_url(product.url("/review?q=backwards"))
    page.go_forward()
    expect(search).to_have_value("backwards 1")
    expect(shown).to_have_count(1)
    assert page.evaluate("performance.getEntriesByType('navigation')[0].type") != "back_forward"  # in place: nothing was loaded anew

    page.locator("#view-unassigned").click()
    search.fill("backwards")
    expect(shown).to_have_count(2)
    for width, name in ((1280, "Backwards 0 Ltd"), (375, "Backwards 1 Ltd")):
        page.set_viewport_size({"width": width, "height": 780})
        page.locator("#view-all").click()
        page.locator("#view-unassigned").click()
        expect(page.locator("#view-unassigned[aria-current]")).to_be_in_viewport(ratio=0.9)
        page.get_by_label(f"Select {name}").check()
        bar = page.get_by_role("region", name="Selected applications")
        bar.get_by_role("button", name="Assign", exact=True).click()
        expect(bar.get_by_role("alert")).to_have_text("Choose a colleague first.")
        page.evaluate(REFUSED)
        refused = page.locator(".q-notification.bg-negative")
        expect(refused).to_be_visible()
        eventually(lambda refused=refused, bar=bar: _apart(refused, bar))
        refused.get_by_role("button").click()
        expect(refused).to_have_count(0)
        bar.get_by_label("Assign to").select_option("Me (Rosa Reyes)")
        bar.get_by_role("button", name="Assign", exact=True).click()
        said = page.locator(".q-notification", has_text="It has left “Unassigned” and is in “Mine” now.")
        expect(said.last).to_be_visible()
        expect(page.get_by_label(f"Select {name}")).to_have_count(0)


def test_the_selected_are_reminded_and_exported_and_who_cannot_be_is_named(product: Product, page: Page) -> None:
    with environment_of({"DATABASE_URL": product["database_url"]}):
        for name in ("Asked Reminded Ltd", "Idle Reminded Ltd"):
            reference = desk.applied(name, vat_number="", primary_contact_email="r@reminded.example")
            if name.startswith("Asked"):
                desk.brought(reference, to="information_required")
    product.sign_in(page, "Rosa Reyes")
    page.goto(product.url("/review?q=reminded+ltd&view=all&sort=company"))
    until(page, "window.did_handshake")
    page.get_by_label("Select all on this page").check()
    bar = page.get_by_role("region", name="Selected applications")
    with page.expect_download() as taken:
        bar.get_by_role("button", name="Export the selected as CSV").click()
    with taken.value.path().open(encoding="utf-8-sig", newline="") as file:
        assert [line["Registered company name"] for line in csv.DictReader(file)] == ["Asked Reminded Ltd", "Idle Reminded Ltd"]
    bar.get_by_role("button", name="Remind", exact=True).click()
    told = page.get_by_role("alert").filter(has_text="1 reminder is on its way.")
    expect(told).to_contain_text("Idle Reminded Ltd: Nothing is asked of the partner at the moment")
    expect(bar).to_be_hidden()
    assert eventually(lambda: product.mails_to("r@reminded.example", "Reminder: we still need something"), 30)
    page.get_by_role("link", name="Asked Reminded Ltd").click()
    expect(page.get_by_text("Rosa Reyes reminded the partner of what was asked")).to_be_visible()


def test_columns_are_chosen_by_key_kept_for_their_reader_and_sent_on(product: Product, page: Page) -> None:
    applied(product, "Columned Solar Ltd")
    product.sign_in(page, "Rosa Reyes")
    page.goto(product.url("/review?q=columned&flag=any"))
    until(page, "window.did_handshake")
    expect(page.get_by_role("link", name="Remove the filter Any flag")).to_be_visible()
    page.get_by_role("button", name="Columns").press("Enter")
    dialog = page.get_by_role("dialog", name="Columns of this list")
    for name in ("Capacity", "Works in", "Reviewer", "Sections", "Deliveries"):
        dialog.get_by_label(name, exact=True).uncheck()
    dialog.get_by_label("VAT number", exact=True).check()
    for _ in range(3):
        dialog.get_by_role("button", name="Move Submitted down").press("Enter")
    expect(dialog.get_by_role("button", name="Move Submitted down")).to_be_focused()
    expect(dialog.get_by_role("status")).to_have_text("Submitted is number 5 of 18 now.")
    dialog.get_by_role("button", name="Show these").press("Enter")
    expect(page.locator("#queue thead th")).to_have_text([re.compile(one) for one in ("Select", "Company", "Status", "Submitted", "Flags", "VAT number")])
    expect(page).to_have_url(re.compile(r"columns=status%2Csubmitted%2Cflags%2Cvat"))
    sent_on = page.url

    page.goto(product.url("/review?q=columned"))
    expect(page.locator("#queue thead th", has_text="VAT number")).to_be_visible()  # kept
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV with the columns shown").click()
    assert taken.value.path().read_text("utf-8-sig").splitlines()[0] == '"Company","Reference","Status","Submitted","Flags","VAT number"'

    product.sign_in(page, "Arthur Adeyemi")
    page.goto(sent_on)
    expect(page.locator("#queue thead th", has_text="VAT number")).to_be_visible()
    page.goto(product.url("/review?q=columned"))
    expect(page.locator("#queue thead th", has_text="Capacity")).to_be_visible()  # the other's own
    product.sign_in(page, "Rosa Reyes")
    page.get_by_role("button", name="Columns").click()
    dialog.get_by_role("button", name="Back to the usual columns").click()
    dialog.get_by_role("button", name="Show these").click()
    expect(page.locator("#queue thead th", has_text="Capacity")).to_be_visible()
    expect(page).not_to_have_url(re.compile("columns"))


def test_the_list_goes_by_its_keys_and_they_can_be_switched_off(product: Product, page: Page) -> None:
    for number in range(2):
        applied(product, f"Keyed {number} Ltd")
    product.sign_in(page, "Rosa Reyes")
    page.goto(product.url("/review?q=keyed&sort=company"))
    expect(page.locator("#queue tbody tr")).to_have_count(2)
    until(page, "window.did_handshake")
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
    page.locator("#keys").get_by_label("Use keys of one letter in this browser").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Keyed 0 Ltd")).not_to_be_focused()
    page.get_by_role("button", name="Keys").click()
    page.locator("#keys").get_by_label("Use keys of one letter in this browser").check()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Keyed 0 Ltd", level=1)).to_be_visible()


def test_what_comes_in_and_what_colleagues_do_appears_by_itself_and_what_is_ticked_stays(product: Product, page: Page) -> None:
    before = applied(product, "Waited Before Ltd")
    product.sign_in(page, "Rosa Reyes")
    page.goto(product.url("/review?q=waited"))
    page.get_by_label("Select Waited Before Ltd").check()
    applied(product, "Waited After Ltd")
    with environment_of({"DATABASE_URL": product["database_url"]}):
        desk.brought(before, to="under_review")
    expect(page.get_by_role("link", name="Waited After Ltd")).to_be_visible(timeout=25_000)
    expect(page.locator("#queue tbody tr", has_text="Waited Before Ltd")).to_contain_text("Reviewer Person", timeout=25_000)
    expect(page.get_by_label("Select Waited Before Ltd")).to_be_checked()
    expect(page.get_by_label("Select Waited After Ltd")).not_to_be_checked()


def _apart(one: Locator, other: Locator) -> bool:
    """Neither covers the other."""
    first, second = one.bounding_box(), other.bounding_box()
    assert first and second
    return first["y"] + first["height"] <= second["y"] or second["y"] + second["height"] <= first["y"]
