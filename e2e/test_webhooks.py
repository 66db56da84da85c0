"""Webhooks: an administrator adds one, sees its test arrive, sends again what was refused, and it hears of an application."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import states
from e2e.looking import VIEWS, looking
from e2e.product import Product, eventually, until
from integrations.webhooks import signature
from models.database import now, transaction
from models.delivery import DeliveryState, deliver
from models.event import record
from models.person import PORTAL, Role
from models.subscribing import add_webhook, renew_secret, stop_webhook
from models.webhook import Attempt, Webhook
from tests import desk
from tests.receiver import receiving

ADMIN, APPROVER = "Adam Novak", "Arthur Adeyemi"


def test_a_webhook_is_added_tested_and_told_and_its_log_says_what_was_answered(product: Product, page: Page) -> None:
    product.sign_in(page, ADMIN)
    with receiving() as receiver:
        _open(product, page)
        secret = _added(page, receiver.url)
        card = page.locator(".hook", has_text="Their CRM")
        expect(card).to_contain_text("Nothing sent yet")

        receiver.status, receiver.body = 500, b"Out of order"
        card.get_by_role("button", name="Send a test to Their CRM").click()
        expect(page.get_by_text("The test did not arrive. It is busy or away for the moment: it answered 500.")).to_be_visible()
        expect(card).to_contain_text("Nothing arrives")
        expect(card.get_by_role("row", name="Test").first).to_contain_text("Out of order")
        receiver.status = 200
        card.get_by_role("button", name="Send again: Test").first.click()
        expect(card.locator(".hook-head")).to_contain_text("Works")
        headers, body = receiver.heard[-1]
        assert headers["X-Signature"] == signature(secret, headers["X-Timestamp"], body)

        with states.within(product):
            reference = desk.applied("Heard Of Ltd")
        eventually(lambda: any(reference in body for body in receiver.bodies), "the application to be told of")
        expect(card.get_by_role("row", name=f"Application submitted {reference}")).to_contain_text("200")
        _open(product, page)
        assert secret not in page.content()

        card.get_by_role("button", name="Pause the webhook").click()
        page.get_by_role("dialog").get_by_label("Why").fill("It is being moved.")
        page.get_by_role("dialog").get_by_role("button", name="Pause").click()
        expect(card).to_contain_text("It is being moved.")
        page.goto(product.url("/deliveries"))
        expect(page.locator(".stops")).to_contain_text("It is being moved.")
        _open(product, page)
        card.get_by_role("button", name="Resume: Their CRM").click()
        expect(card.locator(".hook-head")).to_contain_text("Works")
        card.get_by_role("button", name="Remove the webhook").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove the webhook").click()
        expect(card).to_have_count(0)
    product.sign_in(page, APPROVER)
    page.goto(product.url("/people"))
    expect(page.get_by_role("link", name="Webhooks")).to_have_count(0)


@pytest.mark.parametrize("language", VIEWS)
def test_axe_finds_nothing_on_the_page_of_webhooks(product: Product, browser: Browser, language: str) -> None:
    with states.within(product):
        _many(language)
    with looking(browser, language, "webhooks") as look:
        product.sign_in(look.page, ADMIN)
        assert look.each(_shown(product, look.page)) == []


def _many(language: str) -> None:
    """One that works and has two secrets, and one that is paused after a refusal."""
    admin = desk.person(Role.ADMIN)
    for name, status in (("Works", 200), ("Gone", 410)):
        url = f"https://crm.example.com/hooks/{name.lower()}/with/a/long/address/that/has/to/break/somewhere/{language}"
        with transaction() as session:
            webhook, _ = add_webhook(session, admin, name=f"{name} {language}", url=url, kinds=["application.withdrawn", "application.renewed"])
            event = record(session, "webhook.tested", PORTAL, name=webhook.name)
            made = deliver(session, event, webhook.target)
            made.state, made.done_at = (DeliveryState.DONE if status == 200 else DeliveryState.FAILED), now()
            session.flush()
            error = "" if status == 200 else "It does not accept what was sent: it answered 410."
            session.add(Attempt(webhook_id=webhook.id or 0, delivery_id=made.id or 0, kind="application.renewed", reference="EPC-2026-7K3M9Q",
                                at=now() - timedelta(hours=3), status=status, milliseconds=1234, error=error, answered=error and "Gone"))  # fmt: skip
            if status == 410:
                stop_webhook(session, webhook, "It answered 410: nobody wants to hear of it there any more.")
            else:
                renew_secret(session, admin, session.get_one(Webhook, webhook.id).id or 0)


def _added(page: Page, url: str) -> str:
    """Add it in the dialog, wrongly first; answers its secret."""
    page.get_by_role("button", name="Add a webhook").click()
    page.get_by_label("Name of the system").fill("Their CRM")
    page.get_by_label("Address").fill("crm.example.com")
    page.get_by_role("button", name="Add the webhook").click()
    expect(page.get_by_text("Enter a whole web address")).to_be_visible()
    expect(page.get_by_label("Address")).to_be_focused()
    page.get_by_label("Address").fill(url)
    page.get_by_role("button", name="Add the webhook").click()
    expect(page.get_by_role("button", name="Copy the secret")).to_be_focused()
    secret = page.locator(".token .written").inner_text()
    page.get_by_role("button", name="Put away").click()
    expect(page.get_by_role("button", name="Add a webhook")).to_be_focused()
    return secret


def _shown(product: Product, page: Page) -> Iterator[str]:
    _open(product, page)
    yield "webhooks"
    page.locator("#add-webhook").click()
    sheet = page.get_by_role("dialog").locator(".sheet")
    expect(sheet).to_be_visible()
    yield "add a webhook"
    for name, address in (("Looked at", "https://crm.example.com/looked-at"),):
        sheet.locator("input").nth(0).fill(name)
        sheet.locator("input").nth(1).fill(address)
    sheet.locator(".ends .btn").last.click()
    expect(page.locator("#copy-secret")).to_be_visible()
    expect(page.locator(".q-dialog")).to_have_count(0)
    yield "a secret"
    page.locator("[data-act=remove]").first.click()
    expect(sheet).to_be_visible()
    yield "remove"


def _open(product: Product, page: Page) -> None:
    page.goto(product.url("/people/webhooks"))
    until(page, "window.did_handshake")
