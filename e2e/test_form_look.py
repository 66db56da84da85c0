"""Every page of the partner's on a desk's screen and on a telephone: nothing serious for axe, nothing wider than the screen."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from e2e.partner import alive, complete, enter, invite, submit
from e2e.product import Product

FORM = ("company", "contact", "capabilities", "roles", "insurance", "compliance", "check", "company?check=1")
SCREENS: dict[str, dict[str, Any]] = {
    "desk, light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "telephone, dark": {"viewport": {"width": 375, "height": 780}, "color_scheme": "dark", "is_mobile": True, "has_touch": True},
}


@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_of_the_form_can_be_used_by_everybody(product: Product, browser: Browser, screen: str) -> None:
    page = browser.new_context(**SCREENS[screen]).new_page()
    page.goto(product.url("/apply"))
    wrong = _wrong(page, "entrance")
    code = enter(page, product)
    for step in FORM:
        page.goto(product.url(f"/apply/{step}"))
        alive(page)
        wrong += _wrong(page, step)
    complete(product, code)
    submit(product, code)
    page.goto(product.url("/apply/status"))
    alive(page)
    wrong += _wrong(page, "status")
    page.context.close()
    assert wrong == []


def test_text_boxes_are_large_enough_that_a_telephone_does_not_zoom(product: Product, browser: Browser) -> None:
    page = browser.new_context(**SCREENS["telephone, dark"]).new_page()
    enter(page, product, code=invite(product))
    sizes = page.evaluate("[...document.querySelectorAll('input, textarea, select')].map(box => parseFloat(getComputedStyle(box).fontSize))")
    page.context.close()
    assert sizes and min(sizes) >= 16


def _wrong(page: Page, name: str) -> list[str]:
    """What axe finds serious or critical, and how far the page is wider than the screen."""
    violations = Axe().run(page).response["violations"]
    serious = [f"{name}: {v['id']} {v['nodes'][0]['html'][:120]}" for v in violations if v["impact"] in ("serious", "critical")]
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return serious + ([f"{name}: {wider} px wider than the screen"] if wider > 0 else [])
