"""Signing a device out from another one: its open pages are closed by themselves, and nothing of them stays on the screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import states
from e2e.looking import VIEWS, looking
from e2e.partner import at, enter, place, stored
from e2e.person import press
from e2e.product import Product, eventually, until


def test_a_device_that_is_signed_out_from_another_is_cut_off_in_the_page_that_is_open_and_what_it_types_is_not_stored(
    product: Product, page: Page, browser: Browser
) -> None:
    code = enter(page, product)
    place(page, "company_city").get_by_role("textbox").fill("Reading")
    eventually(lambda: stored(product, code).get("companyCity") == "Reading", "the answer")
    lost = browser.new_context().new_page()
    enter(lost, product, code=code)
    expect(place(lost, "company_city").get_by_role("textbox")).to_have_value("Reading")

    page.get_by_role("link", name="Where you are signed in").click()
    expect(page.get_by_role("listitem").first.get_by_text("This device", exact=True)).to_be_visible()
    page.get_by_role("button", name="Sign this device out").click()
    expect(page.get_by_role("status").filter(has_text="That device is signed out")).to_be_visible()

    expect(lost.get_by_text("You were signed out on this device from another one")).to_be_visible(timeout=15_000)  # untouched
    assert "Reading" not in lost.content()
    lost.go_back()
    expect(lost.get_by_role("heading", name="Apply to become an installation partner")).to_be_visible()
    at(page, product, "company")
    place(page, "company_city").get_by_role("textbox").fill("Leeds")
    eventually(lambda: stored(product, code).get("companyCity") == "Leeds", "the answer of who is still in")


def test_staff_sign_a_partner_and_a_colleague_out_and_their_pages_close(product: Product, page: Page, browser: Browser) -> None:
    with states.within(product):
        code = states.invited("Signed Out Solar Ltd")
        states.answered(code)
        key = states.helped(code, "insurance")
    partner, colleague = browser.new_context().new_page(), browser.new_context().new_page()
    enter(partner, product, code=code)
    colleague.goto(product.url(f"/apply/help?key={key}"))
    until(colleague, "window.did_handshake === true")
    product.sign_in(page, "Olivia Okafor")
    page.goto(product.url("/invitations?q=Signed+Out+Solar"))
    press(page, "Sign Signed Out Solar Ltd out on all devices", "Sign out")
    for one in (partner, colleague):
        expect(one.get_by_text("We have signed you out on all devices")).to_be_visible(timeout=15_000)


@pytest.mark.parametrize("language", VIEWS)
def test_axe_finds_nothing_where_a_partner_sees_their_devices(product: Product, browser: Browser, language: str) -> None:
    with states.within(product):
        code = states.invited(states.LONG_COMPANY)
    for _ in range(2):
        enter(browser.new_context(locale="en-GB").new_page(), product, code=code)
    with looking(browser, language, "devices") as look:
        enter(look.page, product, code=code)
        look.page.goto(product.url("/apply/devices"))
        look("the list")
        look.page.locator('form[action="/apply/devices/others"] button').click()
        look("signed out elsewhere")
        assert look.wrong == []
