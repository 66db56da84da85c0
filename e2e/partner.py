"""A partner at the form: let in by a link, at a step, with answers that somebody gave before."""

from __future__ import annotations

import re
import uuid
from typing import Any

import requests
from playwright.sync_api import Locator, Page, expect

from e2e.product import Product, eventually, text_of, until
from models.steps import STEPS
from tests.papers import paper
from tests.sample_form import COMPLETE, api_steps, wanted_documents

expect.set_options(timeout=70_000)  # all tests come from one address, so the API's limits may make a page wait a minute


def invite(product: Product, company: str = "Brightfield Solar Ltd") -> str:
    """The code of a fresh invitation."""
    who = {"Title": "Ms", "CompanyName": company, "ContactName": "Helen Marsh", "ContactEmail": COMPLETE["primary_contact_email"]}
    who |= {"Notes": uuid.uuid4().hex}  # the same item twice would be the same invitation
    return str(posted(product, "/api/sync-invitation", who)["invitation"]["code"])


def enter(page: Page, product: Product, step: str = "company", code: str = "") -> str:
    """Open the link of an invitation, then a step; answers the code."""
    code = code or invite(product)
    page.goto(product.url(f"/apply?code={code}"))
    if page.url.endswith("/apply/device"):
        by_mailed_code(page, product)
    at(page, product, step)
    return code


def by_mailed_code(page: Page, product: Product, address: str = COMPLETE["primary_contact_email"]) -> None:
    """Be let in on a device that is not known: have a code mailed, and enter it."""
    known = len(product.mails_to(address, "new device"))
    page.get_by_role("button", name="Send the code").click()
    mails = eventually(lambda: product.mails_to(address, "new device")[known:] and product.mails_to(address, "new device"), "the mail with the code")
    page.get_by_label("6-digit code").fill(re.findall(r"^Your code: (\d{6})$", text_of(mails[0]), re.M)[0])
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/apply/(?!device)"))


def at(page: Page, product: Product, step: str) -> None:
    """Go to a page of the form and wait until it is alive."""
    page.goto(product.url(f"/apply/{step}"))
    alive(page)


def alive(page: Page) -> None:
    """Wait until the page is drawn and its socket is open."""
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=20_000)
    until(page, "window.did_handshake === true")


def place(page: Page, name: str) -> Locator:
    """A question with its label, control and error."""
    return page.locator(f'[data-question="{name}"]')


def error(page: Page, name: str) -> Locator:
    """What is said to be wrong with a question."""
    return page.locator(f"#{name}-error")


def stored(product: Product, code: str) -> dict[str, Any]:
    """The answers that the portal has now, in the API's names."""
    steps = found(product, "/api/draft", code)["steps"]
    return {name: value for step in steps.values() for name, value in step["formData"].items()}


def complete(product: Product, code: str, *, but: tuple[str, ...] = ()) -> None:
    """Give every answer and upload every document by the API, except the slots in `but`."""
    for step in STEPS:
        body = {"invitationCode": code, "step": step.number, "formData": api_steps()[f"step{step.number}"]}
        posted(product, "/api/save-draft", body)
    for slot in wanted_documents():
        if slot not in but:
            upload(product, code, slot)


def upload(product: Product, code: str, slot: str) -> None:
    """One document, by the API."""
    name, content = paper(slot)
    asked = {"invitationCode": code, "slot": slot, "fileName": name, "fileType": "application/pdf", "fileSize": len(content)}
    signed = posted(product, "/api/upload-file", asked)
    requests.put(signed["uploadUrl"], data=content, headers=signed["headers"], timeout=30).raise_for_status()
    posted(product, "/api/upload-file/complete", {"invitationCode": code, "r2Key": signed["r2Key"]})


def posted(product: Product, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer of the API."""
    answer = product.post(path, body)
    assert answer.ok, (path, answer.status_code, answer.text[:500])
    made: dict[str, Any] = answer.json()
    return made


def found(product: Product, path: str, code: str) -> dict[str, Any]:
    """What the API knows of a code."""
    body: dict[str, Any] = product.get(path, invitationCode=code).json()
    return body


def submit(product: Product, code: str) -> None:
    """Send the stored draft by the API."""
    posted(product, "/api/epc-application", {"submission": {"invitationCode": code}})
