"""Nobody shut out: axe finds nothing on any page in any state, all is done by keyboard alone, and a screen reader reads it in order.

With SHOTS=folder each state is kept as a picture in all its views, so that the same run is what a person looks at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import states
from e2e.looking import VIEWS, looking
from e2e.partner import enter, invite, stored
from e2e.person import chooser_by_key
from e2e.product import Product
from models.steps import STEPS
from tests.papers import paper

TELEPHONE: dict[str, Any] = {"viewport": {"width": 375, "height": 780}, "is_mobile": True, "has_touch": True}
STEP_NAMES = tuple(step.name for step in STEPS)
#: Which pages of the form are looked at, by language and by what is answered: each page in each language, and each state.
FORM: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {"empty": ("company", "insurance", "check"), "wrong": STEP_NAMES, "filled": (*STEP_NAMES, "check", "colleagues")},
    "ar": {"empty": ("check",), "wrong": STEP_NAMES, "filled": ("insurance", "check", "colleagues")},
    "de": {"wrong": ("company", "contact"), "filled": (*STEP_NAMES, "check", "colleagues")},
}
WRONG = {"companyName": "x", "companyPhone": "12", "companyWebsite": "no site", "vatNumber": "GB1"}


@pytest.fixture(scope="module")
def codes(product: Product) -> dict[str, str]:
    """An application in each state."""
    return {state: invite(product) for state in ("empty", "wrong", "filled", "sent", "asked", "choice")}


@pytest.fixture(scope="module")
def doors(product: Product, browser: Browser, codes: dict[str, str]) -> dict[str, Any]:
    """What a browser remembers that was let in, by state: the links are opened first, so that no device is asked for a code."""
    found = {state: _let_in(product, browser, code) for state, code in codes.items()}
    product.post("/api/save-draft", {"invitationCode": codes["wrong"], "step": 1, "formData": WRONG}).raise_for_status()
    with states.within(product):
        for state in ("filled", "sent", "asked"):
            states.answered(codes[state])
            states.documented(codes[state])
        states.sent(codes["sent"])
        states.asked(states.sent(codes["asked"]))
    return found


@pytest.mark.parametrize("language", VIEWS)
def test_axe_finds_nothing_in_the_form(product: Product, browser: Browser, doors: dict[str, Any], language: str) -> None:
    wrong: list[str] = []
    for state, pages in FORM[language].items():
        with looking(browser, language, state, doors[state]) as look:
            wrong += look.each(_opened(product, look.page, pages, "?check=1" if state == "wrong" else ""))
    assert wrong == []


@pytest.mark.parametrize("language", VIEWS)
def test_axe_finds_nothing_while_a_reviewers_request_is_open(
    product: Product, browser: Browser, doors: dict[str, Any], language: str
) -> None:
    with looking(browser, language, "asked", doors["asked"]) as look:
        assert look.each(_opened(product, look.page, ("company", "contact", "insurance", "check", "status"))) == []


@pytest.mark.parametrize("language", VIEWS)
def test_axe_finds_nothing_around_the_form(
    product: Product, browser: Browser, codes: dict[str, str], doors: dict[str, Any], language: str
) -> None:
    with looking(browser, language, "door") as look:
        wrong = look.each(_at_the_door(product, look.page, codes["filled"]))
    with looking(browser, language, "sent", doors["sent"]) as look:
        wrong += look.each(_afterwards(product, look.page))
    with looking(browser, language, "colleague") as look:
        with states.within(product):
            key = states.helped(codes["empty"], "insurance")
        wrong += look.each(_as_a_colleague(product, look.page, key))
    assert wrong == []


def test_axe_finds_nothing_while_two_answers_stand_side_by_side(
    product: Product, browser: Browser, codes: dict[str, str], doors: dict[str, Any]
) -> None:
    wrong: list[str] = []
    memory = doors["choice"]
    for language in VIEWS:
        with looking(browser, language, "choice", memory) as look:
            _disagree(product, look.page, codes["choice"], "Leeds" if language == "en" else "")
            memory = look.page.context.storage_state()
            wrong += look.each(_chosen_between(product, look.page))
    assert wrong == []


def test_reduced_motion_is_respected(product: Product, browser: Browser) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    enter(page, product, "insurance")
    moving = page.evaluate("""[...document.querySelectorAll('*')].filter((one) => {
      const style = getComputedStyle(one);
      return parseFloat(style.transitionDuration) > 0.01 || (style.animationName !== 'none' && parseFloat(style.animationDuration) > 0.01);
    }).map((one) => one.outerHTML.slice(0, 80))""")
    context.close()
    assert moving == []


def test_a_screen_reader_reads_a_step_in_the_forms_order_with_what_belongs_to_each_question(product: Product, page: Page) -> None:
    enter(page, product, "company")
    tree = page.locator("body").aria_snapshot()
    first = STEPS[0].questions
    spoken = [
        "Skip to the content",
        "banner",
        'heading "Company" [level=1]',
        *(q.label for q in first if q.name != "company_registration"),
        "Save and continue",
        "contentinfo",
    ]
    places = [tree.find(words) for words in spoken]
    assert -1 not in places, [words for words, place in zip(spoken, places, strict=True) if place < 0]
    assert places == sorted(places)
    box = page.get_by_label("Company telephone")
    box.fill("12")
    box.blur()
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(box).to_have_accessible_description(re.compile("Enter "))


def test_a_telephone_gets_the_right_keyboard_and_the_browser_can_fill_in_what_it_knows(product: Product, browser: Browser) -> None:
    context = browser.new_context(**TELEPHONE)
    page = context.new_page()
    code = enter(page, product, "company")
    told = {
        "company_name": ("organization", ""),
        "company_phone": ("tel", "tel"),
        "company_website": ("url", "url"),
        "years_trading": ("off", "numeric"),
    }
    assert {name: keys(page, name) for name in told} == told
    page.goto(product.url("/apply/contact"))
    assert keys(page, "primary_contact_email") == ("email", "email")
    small = page.evaluate("""[...document.querySelectorAll('main button, main .btn, main .option, main input:not(.sr):not([type=radio]):not([type=checkbox]), main select')]
      .filter((one) => one.checkVisibility() && !one.closest('.closed')).map((one) => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
      .filter(([, box]) => box.height < 38 || box.width < 38).map(([html, box]) => `${Math.round(box.width)}x${Math.round(box.height)} ${html}`)""")
    context.close()
    assert small == [], code


def test_all_of_it_is_done_by_keyboard_alone(product: Product, page: Page, tmp_path: Path) -> None:
    fresh = invite(product)
    page.goto(product.url("/apply"))
    tab_to(page, "#code")
    page.keyboard.type(fresh)
    page.keyboard.press("Enter")
    ready(page)
    tab_to(page, "#trading_name")
    page.keyboard.type("Keys Only")
    tab_to(page, "a.go")
    page.keyboard.press("Enter")
    page.wait_for_url("**/apply/contact")
    assert stored(product, fresh)["tradingName"] == "Keys Only"
    page.goto(product.url("/apply/capabilities"))
    ready(page)
    tab_to(page, "#works_methodology-file")
    name, content = paper("works_methodology")
    (tmp_path / name).write_bytes(content)
    chooser_by_key(page).set_files(tmp_path / name)
    expect(page.locator("#works_methodology li.stored")).to_be_visible()
    tab_to(page, "#theme", backwards=True)
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_an_application_is_sent_by_keyboard_alone(product: Product, page: Page) -> None:
    code = enter(page, product)
    with states.within(product):
        states.answered(code)
        states.documented(code)
    page.goto(product.url("/apply/check"))
    ready(page)
    tab_to(page, "#submit button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/apply/status")
    tab_to(page, "[data-opens=withdraw]")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("[data-opens=withdraw]")).to_be_focused()


def _opened(product: Product, page: Page, names: tuple[str, ...], query: str = "") -> Iterator[str]:
    """Pages of the form, one after another."""
    for name in names:
        page.goto(product.url(f"/apply/{name}{query}"))
        ready(page)
        yield name


def _at_the_door(product: Product, page: Page, code: str) -> Iterator[str]:
    """The entrance, and a device that is not known: asked for a code, and given a wrong one."""
    page.goto(product.url("/apply"))
    yield "entrance"
    page.locator("#code").fill("00000000")
    page.keyboard.press("Enter")
    expect(page.locator("[role=alert]").filter(has_text=re.compile(r"\w")).first).to_be_visible()
    yield "entrance, wrong code"
    page.goto(product.url(f"/apply?code={code}"))
    page.locator("form.send-code button").click(trial=True)
    yield "a device that is not known"
    page.locator("form.send-code button").click()
    expect(page.locator("#digits")).to_be_visible()
    yield "the code"
    page.locator("#digits").fill("12")
    page.keyboard.press("Enter")
    expect(page.locator("#device-error")).not_to_be_empty()
    yield "the code, wrong"
    page.goto(product.url("/no/such/page"))
    yield "no such page"


def _afterwards(product: Product, page: Page) -> Iterator[str]:
    """The status page, what was sent, and the dialog to withdraw."""
    yield from _opened(product, page, ("status",))
    page.evaluate("document.querySelectorAll('details.sent-step').forEach((one) => { one.open = true; })")
    yield "status, all that was sent"
    page.locator("[data-opens=withdraw]").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    yield "withdraw"


def _as_a_colleague(product: Product, page: Page, key: str) -> Iterator[str]:
    """The step that they were asked for, the thanks, and a link that has ended."""
    page.goto(product.url(f"/apply/help?key={key}"))
    ready(page)
    yield "step"
    page.locator("form[action='/apply/help/done'] button").click()
    page.wait_for_url("**/apply/help/**")
    yield "thanks"
    page.goto(product.url("/apply/help?key=nobody"))
    yield "ended"


def _disagree(product: Product, page: Page, code: str, mine: str) -> None:
    """Somebody else has answered the same question meanwhile, neither having seen the other's answer; else it is as it was left."""
    page.goto(product.url("/apply/company"))
    ready(page)
    if mine:
        page.context.set_offline(True)
        page.locator("#company_city").fill(mine)
        product.post("/api/save-draft", {"invitationCode": code, "step": 1, "formData": {"companyCity": "Reading"}}).raise_for_status()
        page.context.set_offline(False)
    expect(page.locator("[data-question=company_city] [role=group] button").first).to_be_visible()


def _chosen_between(product: Product, page: Page) -> Iterator[str]:
    """The choice on its own page, and said on another."""
    yield "two answers"
    page.goto(product.url("/apply/contact"))
    expect(page.locator("#others-due")).to_be_visible()
    yield "said on another page"


def _let_in(product: Product, browser: Browser, code: str) -> Any:
    """What a browser remembers that has opened the link of an invitation."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(product.url(f"/apply?code={code}"))
    page.wait_for_url(re.compile(r"/apply/\w+"))
    memory = context.storage_state()
    context.close()
    return memory


def ready(page: Page) -> None:
    """Wait until the page is there."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("load")


def keys(page: Page, name: str) -> tuple[str, str]:
    """The autocomplete token and the keyboard of a text box."""
    box = page.locator(f"#{name}")
    return box.get_attribute("autocomplete") or "", box.get_attribute("inputmode") or ""


def tab_to(page: Page, selector: str, *, backwards: bool = False) -> None:
    """Press Tab until the focus is there, as somebody without a mouse does."""
    for _ in range(400):
        if page.evaluate("(selector) => document.activeElement?.matches(selector) ?? false", selector):
            return
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
    raise AssertionError(f"Tab never came to {selector}")
