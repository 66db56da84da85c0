"""Coming back on another device, and asking a colleague: as the people at both ends see it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from e2e.partner import alive, at, enter, stored
from e2e.person import barriers, saved
from e2e.product import Product, eventually, text_of

TELEPHONE: dict[str, Any] = {"viewport": {"width": 375, "height": 780}, "color_scheme": "dark", "has_touch": True, "is_mobile": True}
PRIYA = "priya.nair@brightfieldsolar.co.uk"


def test_a_second_device_is_let_in_by_a_mailed_code_without_javascript_and_signing_out_forgets_it(
    product: Product, browser: Browser, page: Page, shots: Path
) -> None:
    code = enter(page, product)
    page.get_by_label("Town or city").fill("Reading")
    saved(page)
    other = browser.new_context(java_script_enabled=False, **TELEPHONE).new_page()
    other.goto(product.url(f"/apply?code={code}"))
    expect(other).to_have_url(product.url("/apply/device"))
    expect(other.get_by_text("h•••@brightfieldsolar.co.uk")).to_be_visible()
    other.screenshot(path=shots / "ask.png")
    other.get_by_role("button", name="Send the code").click()
    other.get_by_label("6-digit code").fill("12")
    other.keyboard.press("Enter")
    expect(other.get_by_role("alert").filter(has_text="This is not the code. You can try 4 more times.")).to_be_visible()
    expect(other.get_by_label("6-digit code")).to_have_accessible_description(re.compile("You can try 4 more times"))
    other.screenshot(path=shots / "wrong.png")
    _enter_newest(other, product)
    expect(other.get_by_label("Town or city")).to_have_value("Reading")
    other.context.close()
    page.goto(product.url("/apply/company"))
    page.get_by_role("button", name="Sign out on this device").click()
    page.goto(product.url(f"/apply?code={code}"))
    expect(page).to_have_url(product.url("/apply/device"))


def test_the_page_for_a_new_device_can_be_used_by_everybody(product: Product, browser: Browser, page: Page) -> None:
    code = enter(page, product)
    page.get_by_label("Town or city").fill("Reading")
    saved(page)
    wrong = []
    for screen in ({"viewport": {"width": 1280, "height": 900}}, TELEPHONE):
        other = browser.new_context(**screen).new_page()
        other.goto(product.url(f"/apply?code={code}"))
        wrong += barriers(other, other.url)
        other.get_by_role("button", name="Send the code").click()
        expect(other.get_by_label("6-digit code")).to_be_focused()
        wrong += barriers(other, other.url)
        other.context.close()
    assert wrong == []


def test_a_colleague_fills_in_the_step_that_they_were_asked_for_until_it_is_taken_back(
    product: Product, browser: Browser, page: Page, shots: Path
) -> None:
    code = enter(page, product, "insurance")
    page.get_by_role("link", name="Ask a colleague to fill in this step").click()
    page.get_by_label("Your colleague's name").fill("Priya Nair")
    page.get_by_label("Your colleague's email address").fill(PRIYA)
    page.get_by_label("A note (optional)").fill("The broker has the figures.")
    page.screenshot(path=shots / "ask.png", full_page=True)
    wrong = barriers(page, page.url)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("status").filter(has_text="We are mailing a link to Priya Nair")).to_be_visible()
    page.screenshot(path=shots / "asked.png", full_page=True)
    wrong += barriers(page, page.url)

    mail = eventually(lambda: product.mails_to(PRIYA, "Insurance"), "the colleague's mail")[0]
    assert "The broker has the figures." in text_of(mail) and code not in text_of(mail)
    link = re.findall(r"^http\S+/apply/help\?key=\S+$", text_of(mail), re.M)[0]
    colleague = browser.new_context(**TELEPHONE).new_page()
    colleague.goto(link)
    alive(colleague)
    expect(colleague).to_have_url(product.url("/apply/insurance"))
    expect(colleague.get_by_role("region", name="Helen Marsh asked you to fill in this step")).to_contain_text("The broker has the figures.")
    expect(colleague.get_by_role("link", name="Contacts")).to_have_count(0)
    assert code not in colleague.content()
    colleague.screenshot(path=shots / "step.png")
    wrong += barriers(colleague, colleague.url)
    box = colleague.get_by_label("Cover", exact=False).or_(colleague.locator("textarea, input[type=text]:visible")).last
    name = str(box.evaluate("box => box.closest('[data-question]').dataset.question"))
    box.fill("Typed by Priya")
    saved(colleague)
    colleague.goto(product.url("/apply/company"))
    expect(colleague).to_have_url(product.url("/apply/insurance"))
    assert "Typed by Priya" in str(stored(product, code)), name

    at(colleague, product, "insurance")
    page.goto(product.url("/apply/colleagues"))
    expect(page.get_by_text("Was there")).to_be_visible()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("status").filter(has_text="opens nothing any more")).to_be_visible()
    refused = colleague.get_by_role("alert").filter(has_text="Helen Marsh has taken the link back")
    at(page, product, "insurance")
    page.locator(f"#{name}").fill("For the partner alone")
    saved(page)
    expect(refused).to_be_visible()  # what is answered from now on is not sent to their open page, which says why
    expect(box).to_have_value("Typed by Priya")
    box.fill("Too late")
    expect(refused).to_be_visible()
    colleague.screenshot(path=shots / "taken-back.png")
    assert "Too late" not in str(stored(product, code))
    colleague.reload()
    expect(colleague.get_by_role("heading", name="This link has ended")).to_be_visible()
    colleague.context.close()
    assert wrong == []


def _enter_newest(page: Page, product: Product) -> None:
    mail = eventually(lambda: product.mails_to("helen.marsh@brightfieldsolar.co.uk", "new device"), "the mail with the code")[0]
    page.get_by_label("6-digit code").fill(re.findall(r"^Your code: (\d{6})$", text_of(mail), re.M)[0])
    page.keyboard.press("Enter")


def test_what_others_type_is_not_shown_any_more_in_a_window_of_somebody_who_has_signed_out(
    product: Product, browser: Browser, page: Page
) -> None:
    code = enter(page, product)
    other = browser.new_context().new_page()
    enter(other, product, code=code)
    second = page.context.new_page()
    at(second, product, "company")
    second.get_by_role("button", name="Sign out on this device").click()
    expect(page.get_by_role("alert").filter(has_text="You have signed out in this browser")).to_be_visible()
    before = page.get_by_label("Town or city").input_value()  # an earlier application of the same contact may have lent one
    other.get_by_label("Town or city").fill("Leeds")
    saved(other)
    page.wait_for_timeout(1500)  # what is not to come cannot be waited for
    assert before != "Leeds"
    expect(page.get_by_label("Town or city")).to_have_value(before)
    page.get_by_label("Trading name").fill("Somebody else's")
    assert "Somebody else's" not in page.evaluate("JSON.stringify({ ...localStorage })")  # the next reader of this device finds nothing
    other.context.close()
