"""Sending: refused with a list of links, done once, followed on the status page, reopened, withdrawn."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pypdfium2
from playwright.sync_api import Browser, Page, expect

from e2e.partner import alive, at, complete, enter, error, found, invite, place, stored, submit
from e2e.person import saved
from e2e.product import Product
from models.language import shown_date
from models.steps import STEPS

REFERENCE = re.compile(r"EPC-\d{4}-[0-9A-Z]{6}")

DUE = date.today() + timedelta(days=200)


def test_submit_is_refused_with_what_is_missing_each_a_link_to_its_field(product: Product, page: Page) -> None:
    code = invite(product)
    complete(product, code, but=("gdpr_policy",))
    enter(page, product, "company", code)
    page.get_by_label("VAT number").fill("GB980780685")
    page.get_by_label("Town or city").fill("")
    saved(page)
    at(page, product, "check")
    bar, submit = page.get_by_role("navigation", name="Sending"), page.get_by_role("button", name="Submit application")
    expect(bar).to_contain_text("3 things to put right")
    submit.scroll_into_view_if_needed()
    expect(bar).to_be_hidden()  # what it leads to is there
    submit.click()
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
    page.get_by_role("link", name="Continue to send").click()
    expect(page.get_by_role("button", name="Submit application")).to_be_in_viewport()
    expect(page.get_by_role("navigation", name="Sending")).to_be_hidden()
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
    expect(page.locator(".reference").get_by_text(REFERENCE)).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="In review")).to_have_attribute("aria-current", "step")
    expect(page.get_by_text("We sent an email about it to helen.marsh@brightfieldsolar.co.uk")).to_be_visible(timeout=60_000)
    assert len(product.mails_to("helen.marsh@brightfieldsolar.co.uk", page.locator(".reference").get_by_text(REFERENCE).inner_text())) == 1
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
    expect(page.locator("#submit [type=submit]")).to_have_text("Sending…")
    expect(page.locator("#submit [type=submit]")).to_be_disabled()
    expect(page.locator("#submit [data-print]")).to_have_text("Print")
    expect(page.locator("#submit-error")).to_contain_text("nothing was sent", timeout=15_000)
    expect(page.locator("#submit [type=submit]")).to_be_enabled()
    assert found(product, "/api/status", code)["status"] == "draft"


def test_a_request_opens_what_the_reviewer_named_and_it_is_sent_again_with_words_for_the_rest(
    product: Product, page: Page, browser: Browser, shots: Path
) -> None:
    code = invite(product)
    complete(product, code)
    enter(page, product, "check", code)
    page.get_by_role("button", name="Submit application").click()
    reference = page.locator(".reference").get_by_text(REFERENCE).inner_text()
    _ask_for_more(product, browser, reference, shots)
    expect(page.get_by_role("heading", name="We need something more from you")).to_be_visible(timeout=30_000)  # without a reload
    request = page.get_by_role("region", name="What we need")
    expect(request).to_contain_text("0 of 2 answered")
    expect(request).to_contain_text("Since when exactly?")
    expect(request).to_contain_text(f"Answer by {shown_date(DUE)}.")
    page.screenshot(path=shots / "status.png", full_page=True)

    request.get_by_role("link", name="Years trading").click()
    alive(page)
    expect(page.get_by_label("Years trading")).to_be_focused()
    expect(place(page, "years_trading")).to_contain_text("Since when exactly?")
    expect(page.get_by_label("Trading name")).to_have_count(0)  # locked: it stands there to be read
    page.get_by_label("Years trading").fill("13")
    saved(page)
    refused = page.request.post(product.url("/api/save-draft"), data={"step": 1, "formData": {"tradingName": "Other"}}, headers={"Origin": product.url()})
    assert refused.status == 409

    at(page, product, "check")
    asked = page.get_by_role("region", name="What our reviewer asked")
    expect(asked).to_contain_text("1 of 2 answered")
    expect(page.get_by_role("row", name="Years trading 12 13")).to_be_visible()
    page.get_by_role("button", name="Send again").click()
    why = page.get_by_label("If it stays as it is, say why: VAT number")
    expect(why).to_have_attribute("aria-invalid", "true")
    why.fill("It was issued last week.")
    expect(page.locator("#reply-state")).to_contain_text("saved", timeout=15_000)
    page.reload()
    expect(why).to_have_value("It was issued last week.")
    page.screenshot(path=shots / "check.png", full_page=True)
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("heading", name="We have your application")).to_be_visible()
    expect(page.get_by_text("You sent it again with your changes")).to_be_visible()
    assert found(product, "/api/status", code)["status"] == "under_review"
    _expect_at_the_desk(product, browser, reference, "VAT number: It was issued last week.")


def test_what_is_written_to_the_reviewer_survives_a_portal_that_does_not_answer(product: Product, page: Page, browser: Browser, shots: Path) -> None:
    code = invite(product)
    complete(product, code)
    submit(product, code)
    _ask_for_more(product, browser, found(product, "/api/status", code)["referenceNumber"], shots)
    enter(page, product, "check", code)
    page.route("**/apply/reply", lambda route: route.abort())
    page.get_by_label("Anything else to tell our reviewer").fill("We moved in May.")
    expect(page.locator("#reply-state")).to_contain_text("kept on this device", timeout=15_000)
    page.unroute("**/apply/reply")
    page.reload()
    expect(page.get_by_label("Anything else to tell our reviewer")).to_have_value("We moved in May.")
    expect(page.locator("#reply-state")).to_contain_text("saved", timeout=15_000)
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(page.get_by_label("Anything else to tell our reviewer")).to_have_value("We moved in May.")


def test_the_pages_for_reading_print_as_documents_with_every_answer_and_no_chrome(product: Product, page: Page, shots: Path) -> None:
    code = invite(product)
    complete(product, code)
    enter(page, product, "check", code)
    check = _printed(page, shots / "check.pdf")
    assert len(check) >= len(STEPS) and "Harlow Foods, Leeds" in "".join(check)
    assert "Submit application" not in "".join(check) and "Sign out" not in "".join(check) and "http://" not in "".join(check)
    assert "Brightfield Solar Ltd" in check[0] and f"{len(check)} / {len(check)}" in check[-1]
    submit(product, code)
    at(page, product, "status")
    sent = _printed(page, shots / "status.pdf")
    reference = page.locator(".reference").get_by_text(REFERENCE).inner_text()
    assert reference in sent[0] and "Harlow Foods, Leeds" in "".join(sent) and "Withdraw" not in "".join(sent)
    with page.expect_download() as arriving:
        page.get_by_role("link", name="Download as PDF").click()
    assert arriving.value.suggested_filename == f"{reference}-en.pdf"


def _printed(page: Page, to: Path) -> list[str]:
    """The text of each page as Chromium prints it."""
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    document = pypdfium2.PdfDocument(page.pdf(path=to, prefer_css_page_size=True))
    assert {(round(sheet.get_width()), round(sheet.get_height())) for sheet in document} == {(595, 842)}, "A4"
    return [sheet.get_textpage().get_text_range() for sheet in document]


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


def _ask_for_more(product: Product, browser: Browser, reference: str, shots: Path) -> None:
    """A reviewer names two questions, one with words and a date of its own."""
    desk = browser.new_context(locale="en-GB").new_page()
    product.sign_in(desk, "Rosa Reyes")
    desk.goto(product.url(f"/review/{reference}"))
    desk.get_by_role("button", name="Request information", exact=True).click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("What is needed").fill("Send us last year's figures, please.")
    for label in ("Company: Years trading", "Company: VAT number"):
        dialog.get_by_label("Questions and documents it is about").press_sequentially(label)
        desk.get_by_role("option", name=label).click()
    first = dialog.get_by_role("listitem").filter(has_text="Company: Years trading").first
    first.get_by_label("Words about it").fill("Since when exactly?")
    first.get_by_label("Its own due date").fill(DUE.isoformat())
    expect(dialog.locator(".preview")).to_contain_text(f"Answer by {shown_date(DUE)}.")
    desk.screenshot(path=shots / "asking.png")
    dialog.get_by_role("button", name="Send the request").click()
    expect(dialog).to_be_hidden()
    expect(desk.get_by_role("heading", name="Waiting for the partner")).to_be_visible()
    desk.context.close()


def _expect_at_the_desk(product: Product, browser: Browser, reference: str, words: str) -> None:
    desk = browser.new_context(locale="en-GB").new_page()
    product.sign_in(desk, "Rosa Reyes")
    desk.goto(product.url(f"/review/{reference}"))
    expect(desk.get_by_role("region", name="What the partner wrote")).to_contain_text(words)
    desk.context.close()
