"""The tray that tells of documents of other steps: folded and open, by keyboard, and never in the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from e2e.partner import at, enter
from e2e.person import barriers
from e2e.product import Product, until
from tests.papers import pdf

TELEPHONE: dict[str, Any] = {"viewport": {"width": 375, "height": 780}, "has_touch": True, "is_mobile": True}
SCREENS: dict[str, dict[str, Any]] = {
    "light": TELEPHONE | {"locale": "en-GB", "color_scheme": "light"},
    "dark": TELEPHONE | {"locale": "en-GB", "color_scheme": "dark"},
    "Arabic": TELEPHONE | {"locale": "ar", "color_scheme": "dark"},
    "desk, German": {"viewport": {"width": 1280, "height": 900}, "locale": "de-DE", "color_scheme": "light"},
}
#: What of `one` lies under the tray: its HTML, or nothing.
UNDER = """(one) => {
  const [a, b] = [one, document.querySelector(".tray-box")].map((part) => part.getBoundingClientRect());
  const over = a.bottom > b.top + 1 && a.top < b.bottom - 1 && a.right > b.left && a.left < b.right;
  return over && !one.closest(".tray") ? one.outerHTML.slice(0, 100) : "";
}"""
#: The controls that are too small for a thumb.
SMALL = """(tray) => [...tray.querySelectorAll("button, a")].filter((one) => one.offsetParent && one.offsetHeight < 44).map((one) => one.textContent)"""
Opened = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    """A page of a browser of its own, a telephone's if nothing else is said."""
    contexts = []

    def new(**options: Any) -> Page:
        contexts.append(browser.new_context(**(options or SCREENS["light"])))
        return contexts[-1].new_page()

    yield new
    for context in contexts:
        context.close()


@pytest.mark.parametrize("screen", SCREENS)
def test_folded_and_open_it_can_be_used_by_everybody(product: Product, opened: Opened, screen: str) -> None:
    page = opened(**SCREENS[screen])
    _with_two_under_way(page, product)
    fold = _fold(page)
    wrong = []
    for _turn in range(2):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")  # where it has a place of its own; further up it lies before what scrolls by
        wrong += barriers(page, f"{screen}, open: {fold.get_attribute('aria-expanded')}")
        assert page.locator(".tray").evaluate(SMALL) == []
        fold.click()
    assert wrong == []


def test_on_a_telephone_it_is_one_line_until_it_is_opened_and_stays_as_it_was_left(product: Product, opened: Opened) -> None:
    page = opened()
    _with_two_under_way(page, product)
    fold, lines = _fold(page), page.locator("#tray-list")
    expect(fold).to_have_text(re.compile("^Documents: 0 of 2 sent"))
    expect(fold).to_have_attribute("aria-expanded", "false")
    expect(lines).to_be_hidden()
    fold.press("Enter")
    expect(fold).to_have_attribute("aria-expanded", "true")
    expect(lines).to_contain_text("Methodology.pdf")
    at(page, product, "roles")
    expect(page.locator("#tray-list")).to_be_visible()
    _fold(page).press("Space")
    expect(page.locator("#tray-list")).to_be_hidden()
    at(page, product, "contact")
    expect(_fold(page)).to_have_attribute("aria-expanded", "false")


def test_it_counts_what_is_sent_and_goes_when_all_is(product: Product, opened: Opened) -> None:
    page = opened()
    _with_two_under_way(page, product)
    _fold(page).press("Enter")
    page.unroute_all()
    expect(_fold(page)).to_have_text("Documents: 2 of 2 sent")
    expect(page.get_by_role("region", name="Documents of other steps")).to_have_count(0)
    expect(page.locator("#content")).to_be_focused()


def test_it_lies_neither_over_what_has_the_focus_nor_over_the_way_on(product: Product, opened: Opened) -> None:
    page = opened()
    _with_two_under_way(page, product)
    _fold(page).click()
    expect(page.locator("#tray-list")).to_be_visible()
    for _stop in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate_handle("document.activeElement === document.body ? document.querySelector('h1') : document.activeElement")
        assert page.evaluate(UNDER, focused) == ""
    for name in ("Back", "Save and continue"):
        way, height = page.get_by_role("link", name=name), page.evaluate("document.documentElement.scrollHeight")
        for down in range(0, height, 90):
            page.evaluate(f"scrollTo(0, {down})")
            assert way.evaluate(UNDER) == "", f"scrolled by {down}"


def test_a_field_that_somebody_types_in_stays_in_sight_when_it_grows(product: Product, opened: Opened) -> None:
    page = opened()
    _with_two_under_way(page, product)
    # Where the lines will be, and the folded tray is not yet.
    page.evaluate("document.querySelector('#primary_contact_email').scrollIntoView({ block: 'end' }); scrollBy(0, 70)")
    page.locator("#primary_contact_email").evaluate("one => one.focus({ preventScroll: true })")
    _fold(page).evaluate("one => one.click()")
    expect(page.locator("#tray-list")).to_be_visible()
    until(page, f"!({UNDER})(document.activeElement)")
    expect(page.locator("#primary_contact_email")).to_be_focused()


def test_a_refusal_unfolds_it_since_it_needs_somebody(product: Product, opened: Opened) -> None:
    page = opened()
    enter(page, product, "capabilities")
    _keep_back(page, product)
    _choose(page, "works_methodology", "Program.pdf", b"MZ this is a program")
    at(page, product, "contact")
    expect(_fold(page)).to_have_attribute("aria-expanded", "false")
    page.unroute_all()
    expect(page.get_by_role("alert").filter(has_text="“Program.pdf” is not a real PDF file")).to_be_visible()
    expect(_fold(page)).to_have_attribute("aria-expanded", "true")
    page.get_by_role("button", name="Close Program.pdf").press("Enter")
    expect(page.get_by_role("region", name="Documents of other steps")).to_have_count(0)
    expect(page.locator("#content")).to_be_focused()


def test_on_the_last_page_it_stands_before_the_sending(product: Product, opened: Opened) -> None:
    page = opened()
    _with_two_under_way(page, product)
    at(page, product, "check")
    expect(_fold(page)).to_be_visible()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert page.locator(".send").evaluate(UNDER) == ""
    assert barriers(page, "check") == []


def _with_two_under_way(page: Page, product: Product) -> None:
    """Two documents that wait, told of on another page."""
    enter(page, product, "capabilities")
    _keep_back(page, product)
    _choose(page, "works_methodology", "Methodology.pdf", pdf("How we build"))
    _choose(page, "team_cvs", "CV of a person with a very long name indeed, of Brightfield Solar Limited.pdf", pdf("CV"))
    expect(page.locator("li.broken")).to_have_count(2)
    at(page, product, "contact")
    expect(_fold(page)).to_be_visible()


def _keep_back(page: Page, product: Product) -> None:
    page.route(re.compile(re.escape(product["s3_endpoint"])), lambda route: route.abort())


def _fold(page: Page) -> Locator:
    return page.locator(".tray-fold")


def _choose(page: Page, slot: str, name: str, content: bytes) -> None:
    file = FilePayload(name=name, mimeType="application/pdf", buffer=content)
    page.locator(f"[data-slot={slot}] input[type=file]:not([capture])").set_input_files(file)
    expect(page.locator(f"[data-slot={slot}] li")).to_have_count(1)
