"""What the form offers beside an answer: the address that was meant, a pasted address taken apart, and a way back from each change."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from e2e.partner import enter, place, stored
from e2e.person import barriers, saved
from e2e.product import Product, eventually, until


def test_an_address_a_letter_off_is_asked_about_taken_and_taken_back(product: Product, page: Page) -> None:
    code = enter(page, product, "contact")
    technical, offer = page.get_by_label("Technical contact: email"), place(page, "technical_contact_email").locator(".offer")
    technical.press_sequentially("owen@gmial.com")
    expect(offer).to_have_count(0)  # nobody is interrupted in the middle of a word
    technical.press("Tab")
    expect(offer).to_contain_text("Did you mean owen@gmail.com?")
    assert barriers(page, "an offer") == []
    offer.get_by_role("button", name="Yes, use it").press("Enter")
    expect(technical).to_have_value("owen@gmail.com")
    expect(offer.get_by_role("button", name="Undo")).to_be_focused()
    saved(page)
    assert stored(product, code)["technicalContactEmail"] == "owen@gmail.com"
    page.keyboard.press("Enter")
    expect(technical).to_have_value("owen@gmial.com")
    expect(technical).to_be_focused()
    technical.press("Tab")
    page.wait_for_timeout(600)
    expect(offer).to_be_empty()  # who took it back is not asked again
    page.reload()
    expect(offer).to_contain_text("Did you mean owen@gmail.com?")


def test_a_pasted_address_is_split_over_its_boxes_and_put_together_again(product: Product, page: Page) -> None:
    code = enter(page, product, "company")
    whole = "12 High Street, Leeds, West Yorkshire, ls14ab"
    street, offer = page.get_by_label("Registered office address"), place(page, "company_address").locator(".offer")
    street.fill(whole)
    expect(offer).to_contain_text("Put Leeds under Town or city and LS1 4AB under Postcode?")
    offer.get_by_role("button", name="Yes, split it").click()
    expect(street).to_have_value("12 High Street")
    expect(page.get_by_label("County, state or region")).to_have_value("West Yorkshire")
    saved(page)
    eventually(lambda: stored(product, code).get("companyPostal"), "the parts are stored")
    kept = stored(product, code)
    assert (kept["companyAddress"], kept["companyCity"], kept["companyPostal"]) == ("12 High Street", "Leeds", "LS1 4AB")
    offer.get_by_role("button", name="Undo").click()
    expect(street).to_have_value(whole)
    expect(page.get_by_label("Town or city")).to_have_value("")
    page.get_by_label("Town or city").fill("Hull")
    street.fill(whole + " ")
    page.wait_for_timeout(600)
    expect(offer).to_be_empty()  # what stands in another box is not written over


def test_the_none_button_gives_the_text_back_and_an_answer_says_what_it_opens(product: Product, page: Page) -> None:
    code = enter(page, product, "insurance")
    notices = page.get_by_label("HSE improvement or prohibition notices")
    notices.fill("An improvement notice in 2024, mended within a week.")
    beside = place(page, "hse_notices_last_5_years")
    beside.get_by_role("button", name="None").click()
    expect(notices).to_have_value("None")
    expect(beside.locator(".offer")).to_contain_text("Your text was replaced.")
    beside.get_by_role("button", name="Undo").click()
    expect(notices).to_have_value("An improvement notice in 2024, mended within a week.")
    liability = place(page, "public_liability_insurance")
    liability.get_by_role("radio", name="Yes").check()
    expect(liability.locator(".offer")).to_have_text("3 more questions from this answer. 1 more document from this answer.")
    liability.get_by_role("radio", name="No").check()
    expect(liability.locator(".offer")).to_be_empty()
    expect(page.locator("#public_liability_insurance-advice")).to_contain_text("We ask for cover of £5,000,000 or more")
    incidents = page.get_by_label("RIDDOR reportable incidents in the last 3 years")
    incidents.fill("2 incidents")
    incidents.blur()
    expect(incidents).to_have_value("2")
    saved(page)
    assert stored(product, code)["riddorIncidentCount"] in ("2", 2)


def test_whoever_invites_is_asked_about_an_address_a_letter_off(product: Product, page: Page) -> None:
    product.sign_in(page, "Olivia Okafor")
    page.goto(product.url("/invitations"))
    until(page, "window.did_handshake")
    page.get_by_role("button", name="Invite a partner").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Email").fill("ada@hotmial.co.uk")
    dialog.get_by_label("Contact name").focus()
    expect(dialog.locator(".offer")).to_contain_text("Did you mean ada@hotmail.co.uk?")
    assert barriers(page, "an offer in a dialog") == []
    dialog.get_by_role("button", name="Yes, use it").click()
    expect(dialog.get_by_label("Email")).to_have_value("ada@hotmail.co.uk")
    expect(dialog.locator(".offer")).to_be_empty()
