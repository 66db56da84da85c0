"""Sending: refused with a list of links, done once, followed on the status page, reopened, withdrawn."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from e2e.partner import alive, at, complete, enter, error, found, invite, place, stored, submit
from e2e.person import press, saved
from e2e.product import Product

REFERENCE = re.compile(r"EPC-\d{4}-[0-9A-Z]{6}")


def test_submit_is_refused_with_what_is_missing_each_a_link_to_its_field(product: Product, page: Page) -> None:
    code = invite(product)
    complete(product, code, but=("gdpr_policy",))
    enter(page, product, "company", code)
    page.get_by_label("VAT number").fill("GB980780685")
    page.get_by_label("Town or city").fill("")
    saved(page)
    at(page, product, "check")
    page.get_by_role("button", name="Submit application").click()
    missing = page.get_by_role("alert").filter(has_text="3 things need attention")
    expect(missing).to_be_focused()
    expect(missing.get_by_role("listitem")).to_have_count(3)
    missing.get_by_role("link", name="Upload the").click()
    alive(page)
    expect(page.locator("#gdpr_policy-file")).to_be_focused()
    at(page, product, "check")
    page.get_by_role("link", name="Enter the town or city").click()
    alive(page)
    expect(page.get_by_label("Town or city")).to_be_focused()
    expect(error(page, "company_city")).to_have_text("Enter the town or city")


def test_every_change_link_goes_to_its_very_field(product: Product, page: Page) -> None:
    code = invite(product)
    complete(product, code)
    enter(page, product, "check", code)
    page.get_by_role("link", name="Change Primary contact: email").click()
    alive(page)
    expect(page.get_by_label("Primary contact: email")).to_be_focused()
    at(page, product, "check")
    page.get_by_role("link", name="Change Services provided").click()
    alive(page)
    expect(place(page, "services_offered").get_by_role("checkbox").first).to_be_focused()


def test_two_clicks_send_it_once_and_the_status_shows_the_reference(product: Product, page: Page) -> None:
    code = invite(product)
    complete(product, code)
    enter(page, product, "check", code)
    page.get_by_role("button", name="Submit application").dblclick()
    expect(page.get_by_text(REFERENCE).first).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="In review")).to_have_attribute("aria-current", "step")
    expect(page.get_by_text("We emailed the confirmation that your application arrived")).to_be_visible(timeout=40_000)
    assert len(product.mails_to("helen.marsh@brightfieldsolar.co.uk", page.get_by_text(REFERENCE).first.inner_text())) == 1
    page.goto(product.url("/apply/company"))
    expect(page).to_have_url(product.url("/apply/status"))


def test_the_last_key_typed_before_submit_is_in_what_is_sent(product: Product, page: Page) -> None:
    code = invite(product)
    complete(product, code)
    enter(page, product, "compliance", code)
    page.get_by_label("Anything else you would like to add").clear()
    page.get_by_label("Anything else you would like to add").press_sequentially("One more thing.")
    page.get_by_role("link", name="Save and continue").click()
    page.get_by_role("button", name="Submit application").click()
    expect(page.get_by_role("heading", name="We have your application")).to_be_visible()
    assert stored(product, code)["additionalInformation"] == "One more thing."


def test_nothing_is_sent_while_an_answer_is_not_saved(product: Product, page: Page) -> None:
    code = invite(product)
    complete(product, code)
    enter(page, product, "check", code)
    page.route("**/apply/answers", lambda route: route.abort())
    page.evaluate("journal.put('additional_information', 'not saved yet')")
    page.get_by_role("button", name="Submit application").click()
    expect(page.locator("#submit-error")).to_contain_text("nothing was sent", timeout=15_000)
    assert found(product, "/api/status", code)["status"] == "draft"


def test_a_request_for_information_reopens_the_form_and_it_is_sent_again(product: Product, page: Page, browser: Browser) -> None:
    code = invite(product)
    complete(product, code)
    enter(page, product, "check", code)
    page.get_by_role("button", name="Submit application").click()
    reference = page.get_by_text(REFERENCE).first.inner_text()
    _ask_for_more(product, browser, reference)
    page.goto(product.url(f"/apply?code={code}"))
    expect(page.get_by_role("heading", name="We need something more from you")).to_be_visible()
    expect(page.get_by_text("Send us last year's figures")).to_be_visible()
    page.get_by_role("link", name="Answer and send again").click()
    alive(page)
    at(page, product, "company")
    page.get_by_label("Years trading").fill("13")
    saved(page)
    at(page, product, "check")
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("heading", name="We have your application")).to_be_visible()
    expect(page.get_by_text(reference).first).to_be_visible()
    assert found(product, "/api/status", code)["status"] == "under_review"


def test_a_partner_withdraws_after_being_asked(product: Product, page: Page) -> None:
    code = invite(product)
    complete(product, code)
    submit(product, code)
    enter(page, product, "status", code)
    page.get_by_role("button", name="Withdraw this application").click()
    page.get_by_role("button", name="Keep it").click()
    assert found(product, "/api/status", code)["status"] == "submitted"
    page.get_by_role("button", name="Withdraw this application").click()
    page.get_by_label("Reason").fill("We were bought.")
    page.get_by_role("button", name="Withdraw", exact=True).click()
    expect(page.get_by_role("heading", name="Your application is withdrawn")).to_be_visible()
    assert found(product, "/api/status", code)["status"] == "withdrawn"


def test_signing_out_leaves_nothing_on_the_device(product: Product, page: Page) -> None:
    enter(page, product)
    page.get_by_label("Town or city").fill("Reading")
    page.get_by_role("button", name="Sign out on this device").click()
    expect(page.get_by_role("heading", name="Your invitation code")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).filter(key => /^(draft|last):/.test(key))") == []
    page.goto(product.url("/apply/company"))
    expect(page.get_by_role("heading", name="Your invitation code")).to_be_visible()


def _ask_for_more(product: Product, browser: Browser, reference: str) -> None:
    desk = browser.new_context(locale="en-GB").new_page()
    product.sign_in(desk, "Rosa Reyes")
    desk.goto(product.url(f"/review/{reference}"))
    desk.locator("#section-company").get_by_role("button", name="Passed").click()
    expect(desk.locator("#section-company .standing")).to_contain_text("Rosa Reyes")
    press(desk, "Request information", "Send the request", What_is_needed="Send us last year's figures, please.")
    desk.context.close()

