"""Another language in a real browser: scripts speak it, and changing it loses nothing that was typed."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.partner import alive, enter, invite, place, stored
from e2e.product import Product
from models.language import ENGLISH, LANGUAGES, _, catalogue, speaking
from models.steps import STEPS
from portal.language import script
from tests import texts

PLURALS = [text.id for text in texts.gathered() if text.pluralizable and any(where.endswith(".js") for where, _line in text.locations)]
NUMBERS = [0, 1, 2, 3, 11, 100]


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_script_counts_as_the_language_does(page: Page, code: str) -> None:
    assert PLURALS
    page.add_script_tag(content=script(code))
    for one, many in PLURALS:
        forms = f"{json.dumps(NUMBERS)}.map((n) => ngettext({json.dumps(one)}, {json.dumps(many)}, n, {{ count: '{{count}}' }}))"
        with speaking(code):
            assert page.evaluate(forms) == [catalogue(code).ngettext(one, many, number) for number in NUMBERS]


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_script_fills_in_by_name_and_leaves_what_it_does_not_know(page: Page, code: str) -> None:
    page.add_script_tag(content=script(code))
    said = page.evaluate('[_("{name}: {other} {percent}", { name: "<b>", percent: 0 }), _("constructor"), _.tag]')
    assert said == ["<b>: {other} 0", "constructor", LANGUAGES[code].tag]


def test_changing_the_language_loses_nothing_that_was_typed(product: Product, page: Page) -> None:
    code = enter(page, product)
    place(page, "trading_name").locator("input").fill("Brightfield & Söhne")
    page.locator("details.languages summary").click()
    page.get_by_role("button", name="Deutsch", exact=True).click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    with speaking("de"):
        expect(page.get_by_role("heading", level=1)).to_have_text(_(STEPS[0].title))
    expect(place(page, "trading_name").locator("input")).to_have_value("Brightfield & Söhne")
    assert stored(product, code)["tradingName"] == "Brightfield & Söhne"


@pytest.mark.parametrize("language", ["Deutsch", "العربية"])
@pytest.mark.parametrize(("address", "name"), [("insurance", "environmental_policy_date"), ("company?check=1", "years_trading")])
def test_changing_the_language_stays_where_one_was_with_the_focus_on_the_control(
    product: Product, page: Page, address: str, name: str, language: str
) -> None:
    enter(page, product, address)
    page.evaluate(
        "name => { const top = document.querySelector(`[data-question=${name}]`).getBoundingClientRect().top; scrollBy(0, top - 300); }",
        name,
    )
    assert abs(_top(page, name) - 300) < 2
    page.locator("details.languages summary").evaluate("one => one.click()")  # a pointer would be moved there by scrolling
    page.get_by_role("button", name=language, exact=True).evaluate("one => one.click()")
    expect(page.locator("html")).not_to_have_attribute("lang", "en-GB")
    alive(page)
    expect(page.locator("details.languages summary")).to_be_focused()
    assert abs(_top(page, name) - 300) < 100  # what stands above it on the screen may be longer now


def _top(page: Page, name: str) -> float:
    """How far below the top of the screen a question stands."""
    return float(page.evaluate('name => document.querySelector(`[data-question="${name}"]`).getBoundingClientRect().top', name))


def test_the_saved_indicator_speaks_the_readers_language(product: Product, browser: Browser) -> None:
    page = browser.new_context(locale="de-DE").new_page()
    enter(page, product)
    place(page, "trading_name").locator("input").fill("Brightfield")
    with speaking("de"):
        word = _("Saved {time}").partition("{")[0].strip()
    assert word != "Saved"
    expect(page.locator("#draft-state")).to_contain_text(re.compile(word))
    page.context.close()


def test_the_language_is_chosen_without_javascript(product: Product, browser: Browser) -> None:
    page = browser.new_context(java_script_enabled=False, locale="en-GB").new_page()
    page.goto(product.url(f"/apply?code={invite(product)}"))
    page.goto(product.url("/apply/company"))
    page.locator("details.languages summary").click()
    page.get_by_role("button", name="العربية", exact=True).click()
    expect(page).to_have_url(product.url("/apply/company"))
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.context.close()


def test_the_menu_works_by_keyboard_and_closes_by_escape(product: Product, page: Page) -> None:
    page.goto(product.url("/apply"))
    menu = page.locator("details.languages")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="English", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()
    sizes = page.evaluate("[...document.querySelectorAll('details.languages summary')].map(e => e.getBoundingClientRect().height)")
    assert min(sizes) >= 44


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != ENGLISH.code])
def test_no_page_of_the_form_is_wider_than_a_telephone(product: Product, browser: Browser, code: str) -> None:
    page = browser.new_context(locale=LANGUAGES[code].tag, viewport={"width": 375, "height": 780}, is_mobile=True).new_page()
    enter(page, product)
    wide = {}
    for step in ("company", "contact", "capabilities", "roles", "insurance", "compliance", "check"):
        page.goto(product.url(f"/apply/{step}"))
        alive(page)
        wide[step] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    page.context.close()
    assert {step: wider for step, wider in wide.items() if wider > 0} == {}
