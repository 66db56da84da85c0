"""What a partner is told on the way from step to step, and what an answer looks like once its box is left."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.partner import alive, at, enter, error, invite, place, stored
from e2e.person import barriers, saved
from e2e.product import Product, eventually
from models.language import shown_date


def test_going_on_with_a_step_unfinished_says_once_what_it_still_needs(product: Product, page: Page) -> None:
    enter(page, product)
    page.get_by_label("Company registration number").fill("123456789")
    page.get_by_role("link", name="Save and continue").click()
    expect(page).to_have_url(product.url("/apply/contact"))
    notice = page.get_by_role("status").filter(has_text="still need you")
    expect(notice).to_contain_text("7 things in “Company” still need you:")
    expect(notice.get_by_role("link").first).to_have_text("Company registration number")  # what is wrong, before what is missing
    expect(notice.get_by_role("link")).to_have_count(6)
    expect(notice.get_by_role("link").last).to_have_text("and 2 more")
    assert barriers(page, "unfinished") == []
    page.reload()
    alive(page)
    expect(notice).to_have_count(0)


def test_the_notice_leads_to_the_question_and_does_not_come_again_by_the_rail_or_the_way_back(product: Product, page: Page) -> None:
    enter(page, product)
    page.get_by_role("link", name="Save and continue").click()
    page.locator("#unfinished").get_by_role("link", name="Town or city").click()
    expect(page.get_by_label("Town or city")).to_be_focused()
    expect(error(page, "company_city")).to_have_text("Enter the town or city")
    page.go_back()
    expect(page.get_by_role("heading", name="Contacts", level=1)).to_be_visible()
    expect(page.locator("#unfinished")).to_have_count(0)
    page.locator(".steps").get_by_role("link", name="Company").click()
    expect(page.get_by_role("heading", name="Company", level=1)).to_be_visible()
    expect(page.locator("#unfinished")).to_have_count(0)


def test_an_amount_in_short_is_shown_in_full_once_its_box_is_left_and_kept_so(product: Product, page: Page) -> None:
    code = enter(page, product, "insurance")
    place(page, "public_liability_insurance").get_by_role("radio", name="Yes").check()
    box = page.get_by_label("Public liability: cover (GBP)", exact=True)
    expect(box).to_be_visible()
    box.press_sequentially("£5m")
    expect(box).to_have_value("£5m")  # not while it is typed
    box.press("Tab")
    expect(box).to_have_value("5,000,000")
    expect(error(page, "public_liability_cover")).to_be_empty()
    eventually(lambda: stored(product, code).get("publicLiabilityCover") == "5,000,000", "the amount in full")


def test_an_amount_that_can_be_read_in_two_ways_stays_as_it_was_typed_and_is_told(product: Product, page: Page) -> None:
    enter(page, product, "insurance")
    place(page, "public_liability_insurance").get_by_role("radio", name="Yes").check()
    box = page.get_by_label("Public liability: cover (GBP)", exact=True)
    box.fill("1.250m")
    box.press("Tab")
    expect(error(page, "public_liability_cover")).to_contain_text("“1.250m” can be read in two ways")
    expect(box).to_have_value("1.250m")


def test_a_policy_of_more_than_a_year_ago_is_advised_beside_it_and_on_the_check_page_alike(product: Product, page: Page) -> None:
    enter(page, product, "insurance")
    box, advice = page.get_by_label("Environmental policy: date signed", exact=True), page.locator("#environmental_policy_date-advice")
    expect(advice).to_be_hidden()
    box.fill(shown_date(date.today() - timedelta(days=400)))
    box.press("Tab")
    expect(advice).to_contain_text("Signed more than 12 months ago")
    expect(error(page, "environmental_policy_date")).to_be_empty()
    expect(box).to_have_accessible_description(re.compile("Signed more than 12 months ago"))
    assert barriers(page, "advice") == []
    said = advice.inner_text()
    saved(page)
    at(page, product, "check")
    expect(page.get_by_text(said)).to_be_visible()
    at(page, product, "insurance")
    expect(advice).to_have_text(said)
    box.fill(shown_date(date.today()))
    expect(advice).to_be_empty()


def test_an_insurance_that_has_run_out_is_told_as_its_date_is_left(product: Product, page: Page) -> None:
    enter(page, product, "insurance")
    place(page, "public_liability_insurance").get_by_role("radio", name="Yes").check()
    box = page.get_by_label("Public liability: expiry date", exact=True)
    box.fill(shown_date(date.today() - timedelta(days=10)))
    box.press("Tab")
    expect(error(page, "public_liability_expiry")).to_contain_text("renew it first if it has run out")
    box.fill(shown_date(date.today() + timedelta(days=10)))
    expect(error(page, "public_liability_expiry")).to_be_empty()
    expect(page.locator("#public_liability_expiry-advice")).to_contain_text("our reviewer will ask for the renewal")


def test_the_first_visit_says_what_to_have_at_hand_and_start_leads_to_the_first_question(product: Product, page: Page) -> None:
    code = enter(page, product)
    panel = page.get_by_role("region", name="What to have at hand")
    expect(panel).to_contain_text("Insurance certificates")
    assert barriers(page, "first visit") == []
    panel.get_by_role("button", name="Start").press("Enter")
    expect(panel).to_have_count(0)
    expect(page.get_by_label("Registered company name")).to_be_focused()
    page.get_by_label("Town or city").fill("Reading")
    saved(page)
    enter(page, product, code=code)
    expect(panel).to_have_count(0)


@pytest.mark.parametrize("notice", ["", "others-away", "journal-notice"])
def test_the_bar_of_steps_covers_nothing_that_stands_above_it_on_a_telephone(product: Product, browser: Browser, notice: str) -> None:
    page = browser.new_context(viewport={"width": 375, "height": 780}, is_mobile=True, has_touch=True).new_page()
    enter(page, product, code=invite(product))
    page.evaluate(
        """id => { const box = document.createElement("div"); Object.assign(box, { id, className: "notice bad", textContent: "There is no connection" });
        if (id) document.getElementById("content").prepend(box); const here = document.getElementById("others-here"); here.hidden = false;
        here.textContent = "Also open in another window"; }""",
        notice,
    )
    above, bar, header = (page.locator(one) for one in (".page > :is(.notice, .others-here)", ".rail", "header.top"))
    lowest = max(box["y"] + box["height"] for one in above.all() if (box := one.bounding_box()))
    highest = min(box["y"] for one in above.all() if (box := one.bounding_box()))
    top, head = bar.bounding_box(), header.bounding_box()
    page.context.close()
    assert top and head and lowest <= top["y"] and highest >= head["y"] + head["height"]
