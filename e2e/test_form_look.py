"""Every page of the partner's on a desk's screen and on a telephone: nothing serious for axe, nothing wider than the screen."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from e2e.partner import alive, complete, enter, invite, submit
from e2e.person import barriers
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
    wrong = barriers(page, "entrance")
    code = enter(page, product)
    for step in FORM:
        page.goto(product.url(f"/apply/{step}"))
        alive(page)
        wrong += barriers(page, step)
    complete(product, code)
    submit(product, code)
    page.goto(product.url("/apply/status"))
    alive(page)
    wrong += barriers(page, "status")
    page.context.close()
    assert wrong == []


def test_text_boxes_are_large_enough_that_a_telephone_does_not_zoom(product: Product, browser: Browser) -> None:
    page = browser.new_context(**SCREENS["telephone, dark"]).new_page()
    enter(page, product, code=invite(product))
    sizes = page.evaluate("[...document.querySelectorAll('input, textarea, select')].map(box => parseFloat(getComputedStyle(box).fontSize))")
    page.context.close()
    assert sizes and min(sizes) >= 16
