"""Another contact address than the invited one, as a partner meets it: asked for a code, which a mail brings."""

from __future__ import annotations

import re
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from e2e.partner import alive, at, complete, enter, found, invite, place, stored
from e2e.person import saved
from e2e.product import Product, eventually, text_of

INVITED, OWEN = "helen.marsh@brightfieldsolar.co.uk", "owen.price@brightfieldsolar.co.uk"


def test_a_changed_address_is_confirmed_by_a_mailed_code_before_the_application_is_sent(product: Product, page: Page, shots: Path) -> None:
    code = invite(product)
    complete(product, code)
    enter(page, product, "contact", code)
    box, panel = page.get_by_label("Primary contact: email"), page.locator("#confirm")
    contacts = page.locator(".steps li").filter(has_text="Contacts")
    expect(panel).to_be_hidden()
    expect(contacts).to_contain_text("Complete")
    box.fill("owen.price@")
    page.wait_for_timeout(600)  # long enough for the page to have heard of it
    expect(panel).to_be_hidden()
    box.fill(OWEN)
    expect(panel).to_contain_text("Decisions go to this address, and it is not the one that we invited.")
    expect(contacts).not_to_contain_text("Complete")
    saved(page)
    page.screenshot(path=shots / "asked.png")

    at(page, product, "check")
    page.get_by_role("button", name="Submit application").click()
    page.get_by_role("link", name="Confirm the primary contact's email").click()
    alive(page)
    expect(box).to_be_focused()
    panel.get_by_role("button", name="Send the code").click()
    digits = panel.get_by_label("6-digit code")
    expect(digits).to_be_focused()
    right = code_mailed(product, OWEN)

    digits.fill("000000" if right != "000000" else "111111")
    digits.press("Enter")
    expect(panel.get_by_role("alert")).to_have_text("The code is wrong or has run out. Ask for a new one.")
    expect(digits).to_have_accessible_description(re.compile("wrong or has run out"))
    page.screenshot(path=shots / "wrong.png")
    at(page, product, "contact")  # whoever looks into the mail may come back to a page that was loaded anew
    digits.fill(right)
    panel.get_by_role("button", name="Confirm").click()
    expect(panel).to_contain_text("Confirmed")
    expect(contacts).to_contain_text("Complete")
    expect(panel.get_by_role("button")).to_have_count(0)
    page.screenshot(path=shots / "confirmed.png")
    assert right not in str(stored(product, code)) and right not in page.evaluate("JSON.stringify(localStorage)")

    box.fill(INVITED)
    expect(panel).to_be_hidden()
    box.fill(OWEN.upper())
    expect(panel).to_contain_text("Confirmed")
    saved(page)
    at(page, product, "check")
    page.get_by_role("button", name="Submit application").click()
    expect(page.get_by_role("heading", name="We have your application")).to_be_visible()
    assert found(product, "/api/status", code)["status"] == "submitted"


def test_the_panel_fits_a_telephone_can_be_used_by_everybody_and_stands_right_below_the_address(product: Product, page: Page, shots: Path) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    enter(page, product, "contact")
    page.get_by_label("Primary contact: email").fill(OWEN)
    panel = page.locator("#confirm")
    panel.get_by_role("button", name="Send the code").click()
    panel.get_by_label("6-digit code").fill("1")
    panel.get_by_role("button", name="Confirm").click()
    expect(panel.get_by_role("alert")).to_be_visible()
    page.screenshot(path=shots / "telephone.png")
    address, phone = place(page, "primary_contact_email"), place(page, "primary_contact_phone")
    assert bottom(address) <= top(panel) and bottom(panel) <= top(phone)
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    assert [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")] == []


def code_mailed(product: Product, address: str) -> str:
    """The six digits in the newest mail to the address."""
    mail = eventually(lambda: product.mails_to(address, "code"), "the mail with the code")[0]
    return str(re.findall(r"^Your code: (\d{6})$", text_of(mail), re.M)[0])


def top(part: Locator) -> float:
    box = part.bounding_box()
    assert box is not None
    return box["y"]


def bottom(part: Locator) -> float:
    box = part.bounding_box()
    assert box is not None
    return box["y"] + box["height"]
