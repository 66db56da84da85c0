"""What only a browser can show: the policy of the pages holds and stops nothing of ours, and nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from e2e import states
from e2e.partner import invite
from e2e.product import Product, until
from tests import desk

#: Pages of the desk, and something that stands there once it is drawn.
DESK = {"/review": "Applications", "/invitations": "Invitations", "/deliveries": "Deliveries", "/letters": "Letters", "/people": "People",
        "/people/contacts": "People", "/people/programs": "People", "/people/webhooks": "People", "/audit": "Audit log"}  # fmt: skip


@pytest.fixture
def asked(page: Page) -> Iterator[list[str]]:
    """Every address that the browser asks for, and what its console says against a policy, which fails the test in the end."""
    addresses: list[str] = []
    refused: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.on("console", lambda message: refused.append(message.text) if "Content Security Policy" in message.text else None)
    yield addresses
    assert refused == []


def test_the_desk_works_within_its_policy_and_loads_nothing_from_elsewhere(product: Product, page: Page, asked: list[str]) -> None:
    with states.within(product):
        reference = desk.brought(desk.applied("Policed Solar Ltd"), to="under_review")
    product.sign_in(page, "Adam Novak")
    asked.clear()
    for path, heading in DESK.items():
        page.goto(product.url(path))
        until(page, "window.did_handshake")
        expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
    page.goto(product.url(f"/review/{reference}"))
    until(page, "window.did_handshake")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Policed Solar Ltd")
    assert {urlsplit(url).netloc for url in asked if url.startswith("http")} == {urlsplit(product.url()).netloc}
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()  # by a form that is sent on to the sign-in service
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()


def test_the_form_works_within_its_policy_which_evaluates_nothing(product: Product, page: Page, asked: list[str]) -> None:
    page.goto(product.url(f"/apply?code={invite(product)}"))
    until(page, "window.did_handshake")
    assert {urlsplit(url).netloc for url in asked if url.startswith("http")} == {urlsplit(product.url()).netloc}
    answer = page.goto(page.url)
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "'unsafe-eval'" not in policy and not re.search(r"script-src[^;]*'unsafe-inline'", policy)
    assert "code=" not in page.url


@pytest.mark.parametrize("path", ["/review", "/apply"])
def test_a_script_that_was_smuggled_into_a_page_does_not_run(product: Product, page: Page, path: str) -> None:
    if path == "/review":
        product.sign_in(page, "Adam Novak")
    page.goto(product.url(path))
    page.evaluate("""() => {
      const script = document.createElement("script");
      script.textContent = "window.smuggled = true";
      document.body.append(script);
      document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.smuggled = true'><p id=after>after</p>");
    }""")
    expect(page.locator("#after")).to_be_visible()
    until(page, "[...document.images].every((one) => one.complete)")
    assert page.evaluate("window.smuggled ?? null") is None
