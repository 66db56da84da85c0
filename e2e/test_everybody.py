"""Nobody shut out: axe finds nothing on any page in any state, all is done by keyboard alone, and a screen reader reads it in order.

With SHOTS=folder each page is kept as a picture, so that the same run is what a person looks at.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from e2e.partner import complete, enter, invite, stored, submit
from e2e.person import barriers, chooser_by_key
from e2e.product import Product, eventually
from models.steps import STEPS
from tests import desk
from tests.papers import paper
from tests.parts import environment_of

TELEPHONE: dict[str, Any] = {"viewport": {"width": 375, "height": 780}, "is_mobile": True, "has_touch": True}
#: How the pages are looked at. At 200 % a window of 1280 pixels is 640 wide.
SCREENS: dict[str, dict[str, Any]] = {
    "desk": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "telephone in the dark": {**TELEPHONE, "color_scheme": "dark"},
    "at 200 percent": {"viewport": {"width": 640, "height": 450}, "device_scale_factor": 2, "color_scheme": "light"},
    "Arabic": {**TELEPHONE, "color_scheme": "light", "locale": "ar"},
    "German in the dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark", "locale": "de-DE"},
}
STATES = (
    ("empty", "desk"),
    ("wrong", "telephone in the dark"),
    ("filled", "at 200 percent"),
    ("wrong", "Arabic"),
    ("filled", "German in the dark"),
)
WRONG = {"companyName": "x", "companyPhone": "12", "companyWebsite": "no site", "vatNumber": "GB1"}
DESK = ("/review", "/review?status=all", "/invitations", "/deliveries")


@pytest.fixture(scope="module")
def codes(product: Product) -> dict[str, str]:
    """An application in each state."""
    made = {state: invite(product) for state in ("empty", "wrong", "filled", "sent")}
    product.post("/api/save-draft", {"invitationCode": made["wrong"], "step": 1, "formData": WRONG}).raise_for_status()
    for state in ("filled", "sent"):
        complete(product, made[state])
    submit(product, made["sent"])
    return made


@pytest.mark.parametrize(("state", "screen"), STATES)
def test_axe_finds_nothing_in_the_form(
    product: Product, browser: Browser, codes: dict[str, str], state: str, screen: str, shots: Path
) -> None:
    context = browser.new_context(**SCREENS[screen])
    page = context.new_page()
    looked = Look(page, shots, f"{screen}, {state}")
    page.goto(product.url("/apply"))
    wrong = looked("entrance")
    let_in(product, context, codes[state])
    for step in (*(step.name for step in STEPS), "check", "colleagues"):
        page.goto(product.url(f"/apply/{step}{'?check=1' if state == 'wrong' else ''}"))
        ready(page)
        wrong += looked(step)
    context.close()
    assert wrong == []


@pytest.mark.parametrize("screen", ["desk", "telephone in the dark", "Arabic"])
def test_axe_finds_nothing_around_the_form(product: Product, browser: Browser, codes: dict[str, str], screen: str, shots: Path) -> None:
    context = browser.new_context(**SCREENS[screen])
    page = context.new_page()
    looked = Look(page, shots, screen)
    page.goto(product.url(f"/apply?code={codes['filled']}"))
    expect(page.locator("form.send-code")).to_be_visible()
    wrong = looked("a device that is not known")
    page.locator("form.send-code button").click()
    expect(page.locator("#digits")).to_be_visible()
    wrong += looked("the code")
    page.goto(product.url("/no/such/page"))
    wrong += looked("no such page")
    let_in(product, context, codes["sent"])
    page.goto(product.url("/apply/status"))
    ready(page)
    wrong += looked("status")
    page.locator("[data-opens=withdraw]").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    wrong += looked("status, dialog")
    context.close()
    assert wrong == []


@pytest.mark.parametrize("screen", ["desk", "telephone in the dark", "Arabic"])
def test_axe_finds_nothing_at_the_desk(product: Product, browser: Browser, codes: dict[str, str], screen: str, shots: Path) -> None:
    context = browser.new_context(**SCREENS[screen])
    page = context.new_page()
    looked = Look(page, shots, screen)
    with environment_of(product["environment"]):
        reference = desk.applied("Looked At Ltd")
    page.goto(product.url("/review"))
    page.get_by_role("link", name="Adam Novak").click()
    wrong: list[str] = []
    for path in (*DESK, f"/review/{reference}"):
        page.goto(product.url(path))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_function("window.did_handshake")
        wrong += looked(path.strip("/").replace("/", " ").replace("?", " "))
    context.close()
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


def test_an_application_is_sent_by_keyboard_alone(product: Product, page: Page, codes: dict[str, str]) -> None:
    let_in(product, page.context, codes["filled"])
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


class Look:
    """What is wrong with the page that is shown: for axe, and in width. Keeps a picture of it."""

    def __init__(self, page: Page, shots: Path, named: str) -> None:
        self.page, self.shots, self.named = page, shots, named

    def __call__(self, name: str) -> list[str]:
        self.page.wait_for_timeout(300)  # transitions of opacity end
        self.page.screenshot(path=self.shots / f"{name.replace('/', ' ')}.png", full_page=True)
        return barriers(self.page, f"{name} ({self.named})")


def let_in(product: Product, context: BrowserContext, code: str) -> None:
    """Open the link, with the mailed code where this browser is not known."""
    page = context.new_page()
    page.goto(product.url(f"/apply?code={code}"))
    if page.locator("form.send-code").count():
        seen = len(product.mails_to("", "code"))
        page.locator("form.send-code button").first.click()
        mail = eventually(lambda: len(product.mails_to("", "code")) > seen and product.mails_to("", "code")[0], "the code's mail")
        page.locator("#digits").fill(re.search(r"\b(\d{6})\b", mail.get_body(("plain",)).get_content())[1])  # type: ignore[index,union-attr]
        page.locator("#digits").press("Enter")
    page.wait_for_url(re.compile(r"/apply/\w+"))
    page.close()


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
