"""The form on a telephone."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser

from e2e.partner import enter, invite
from e2e.product import Product

TELEPHONE: dict[str, Any] = {"viewport": {"width": 375, "height": 780}, "color_scheme": "dark", "is_mobile": True, "has_touch": True}


def test_text_boxes_are_large_enough_that_a_telephone_does_not_zoom(product: Product, browser: Browser) -> None:
    page = browser.new_context(**TELEPHONE).new_page()
    enter(page, product, code=invite(product))
    sizes = page.evaluate(
        "[...document.querySelectorAll('input, textarea, select')].map(box => parseFloat(getComputedStyle(box).fontSize))"
    )
    page.context.close()
    assert sizes and min(sizes) >= 16
