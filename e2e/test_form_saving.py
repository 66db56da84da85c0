"""Nothing typed is ever lost: cut off, killed, in two windows, sent by a colleague, signed out."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from e2e.partner import at, complete, enter, place, stored, submit
from e2e.person import saved
from e2e.product import Product, eventually

OFFLINE, AWAY = re.compile("kept on this device"), "**/apply/answers"


def test_what_is_typed_is_saved_without_a_button_and_the_page_says_when(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.get_by_label("Town or city").press_sequentially("Reading")
    expect(page.locator("#draft-state")).to_have_text(re.compile(r"^Saved \d\d:\d\d$"))
    assert stored(product, code)["companyCity"] == "Reading"


def test_it_never_says_saved_while_the_portal_does_not_answer(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.route(AWAY, lambda route: route.abort())
    page.get_by_label("Town or city").fill("Reading")
    expect(page.locator("#draft-state")).to_have_text(OFFLINE)
    assert "companyCity" not in stored(product, code)
    page.unroute(AWAY)
    saved(page)
    assert stored(product, code)["companyCity"] == "Reading"


def test_a_connection_that_comes_back_brings_everything_typed_meanwhile(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.context.set_offline(True)
    page.get_by_label("Town or city").fill("Reading")
    page.get_by_role("radio", name="Sole trader").check()
    expect(page.locator("#draft-state")).to_have_text(OFFLINE)
    page.context.set_offline(False)
    saved(page)
    assert (stored(product, code)["companyCity"], stored(product, code)["companyType"]) == ("Reading", "Sole trader")


def test_answers_that_were_never_sent_come_back_with_the_page(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.route(AWAY, lambda route: route.abort())
    page.get_by_label("Town or city").fill("Reading")
    page.get_by_role("radio", name="Partnership", exact=True).check()
    expect(page.locator("#draft-state")).to_have_text(OFFLINE)
    again = page.context.new_page()
    page.close()
    at(again, product, "company")
    expect(again.get_by_label("Town or city")).to_have_value("Reading")
    expect(again.get_by_role("radio", name="Partnership", exact=True)).to_be_checked()
    expect(again.locator("#company_registration")).to_be_hidden()  # Python was told, too: a partnership has no number
    saved(again)
    assert stored(product, code)["companyCity"] == "Reading"


def test_a_tab_closed_at_once_after_the_last_key_loses_nothing(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.get_by_label("Trading name").press_sequentially("Brightfield")
    page.close()
    eventually(lambda: stored(product, code).get("tradingName") == "Brightfield", "the last key to arrive", 10)


def test_the_last_key_before_continuing_is_on_the_next_page_and_in_the_rail(product: Product, page: Page) -> None:
    enter(page, product)
    expect(page.locator(".steps li").first).to_contain_text("2 of 9")
    page.get_by_label("Town or city").press_sequentially("Reading")
    page.get_by_role("link", name="Save and continue").click()
    expect(page.get_by_role("heading", name="Contacts", level=1)).to_be_visible()
    expect(page.locator(".steps li").first).to_contain_text("3 of 9")


def test_two_windows_keep_each_others_answers(product: Product, page: Page) -> None:
    code = enter(page, product)
    other = page.context.new_page()
    at(other, product, "company")
    page.get_by_label("Town or city").fill("Reading")
    other.get_by_label("Postcode").fill("RG1 8LS")
    saved(page)
    saved(other)
    assert (stored(product, code)["companyCity"], stored(product, code)["companyPostal"]) == ("Reading", "RG1 8LS")


def test_a_device_whose_clock_is_wrong_still_saves(product: Product, browser: Browser, page: Page) -> None:
    code = enter(page, product)
    page.get_by_label("Town or city").fill("Reading")
    saved(page)
    late = browser.new_context()
    late.add_init_script("const right = Date.now; Date.now = () => right() - 3 * 3600 * 1000")
    other = late.new_page()
    enter(other, product, code=code)
    other.get_by_label("Town or city").fill("Leeds")
    saved(other)
    late.close()
    assert stored(product, code)["companyCity"] == "Leeds"


def test_a_window_learns_that_the_application_was_sent_elsewhere(product: Product, page: Page) -> None:
    code = enter(page, product)
    complete(product, code)
    submit(product, code)
    page.get_by_label("Town or city").fill("Too late")
    notice = page.get_by_role("alert").filter(has_text="This application has been sent")
    expect(notice).to_be_focused()
    expect(page.locator("#draft-state")).to_have_text("Not saved")
    notice.get_by_role("link", name="See where it stands").click()
    expect(page.get_by_role("heading", name="We have your application")).to_be_visible()


def test_who_is_signed_out_meanwhile_keeps_what_was_typed(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.context.clear_cookies()
    page.get_by_label("Town or city").fill("Reading")
    page.get_by_role("alert").get_by_role("link", name="Enter the code").click()
    page.get_by_label("Your invitation code").fill(code.lower())
    page.keyboard.press("Enter")
    expect(page.get_by_label("Town or city")).to_have_value("Reading")
    saved(page)
    assert stored(product, code)["companyCity"] == "Reading"


def test_another_application_in_the_same_browser_sees_nothing_of_the_first(product: Product, page: Page) -> None:
    first = enter(page, product)
    page.route(AWAY, lambda route: route.abort())
    page.get_by_label("Town or city").fill("Secret")
    expect(page.locator("#draft-state")).to_have_text(OFFLINE)
    page.unroute(AWAY)  # the first page's goodbye may arrive when the cookie is the second partner's already
    second = enter(page, product)
    expect(page.get_by_label("Town or city")).to_have_value("")
    assert "companyCity" not in stored(product, second)
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('draft:')).length") == 0
    assert first != second


def test_a_slow_portal_loses_no_key_of_a_fast_typist(product: Product, page: Page) -> None:
    code = enter(page, product)
    network = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 400, "downloadThroughput": -1, "uploadThroughput": -1}
    network.send("Network.emulateNetworkConditions", slow)
    words = "The quick brown fox jumps over the lazy dog"
    place(page, "trading_name").locator("input").press_sequentially(words)
    eventually(lambda: stored(product, code).get("tradingName") == words, "all keys to arrive", 15)
