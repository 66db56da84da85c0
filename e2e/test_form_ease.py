"""What makes the form easy: it is there before its scripts, nothing jumps, mistakes are listed, dates and columns are understood."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from e2e.partner import at, enter, error, invite, place, stored
from e2e.person import saved
from e2e.product import Product, eventually


def test_a_step_can_be_read_without_any_script(product: Product, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(product.url(f"/apply?code={invite(product)}"))
    expect(page.get_by_role("heading", name="Company", level=1)).to_be_visible()
    expect(page.get_by_label("Registered company name")).to_have_value("Brightfield Solar Ltd")
    expect(page.get_by_text("only with JavaScript switched on")).to_be_visible()
    expect(page.get_by_role("button", name="Same as registered office")).to_be_hidden()
    context.close()


def test_what_is_typed_before_the_socket_is_there_is_saved_and_decides_what_is_asked(product: Product, page: Page) -> None:
    code, held = invite(product), []
    page.route("**/socket.io.min.js", lambda route: held.append(route))
    page.goto(product.url(f"/apply?code={code}"), wait_until="commit")
    page.get_by_label("Town or city").press_sequentially("Reading")
    page.get_by_role("radio", name="Sole trader").check()
    eventually(lambda: stored(product, code).get("companyCity") == "Reading", "the answer in the database")
    eventually(lambda: held, "the script to be asked for")
    held[0].continue_()
    expect(page.get_by_label("Company registration number")).to_be_hidden()


def test_what_is_typed_before_any_script_has_run_is_saved(product: Product, page: Page) -> None:
    code, held = invite(product), list[Route]()
    page.route("**/static/form.js*", lambda route: held.append(route))
    page.goto(product.url(f"/apply?code={code}"), wait_until="commit")
    page.get_by_label("Town or city").press_sequentially("Reading")
    assert stored(product, code).get("companyCity") is None
    eventually(lambda: held, "the script to be asked for")
    held[0].continue_()
    eventually(lambda: stored(product, code).get("companyCity") == "Reading", "the answer in the database")
    expect(page.get_by_label("Town or city")).to_have_value("Reading")


def test_what_opens_and_closes_moves_nothing_above_it_and_what_is_below_glides(product: Product, page: Page) -> None:
    enter(page, product, "insurance")
    yes = place(page, "public_liability_insurance").get_by_role("radio", name="Yes")
    yes.scroll_into_view_if_needed()
    _watch(page, "public_liability_insurance", "employers_liability_insurance")
    yes.check()
    expect(page.get_by_label("Public liability: cover (GBP)")).to_be_visible()
    page.wait_for_timeout(500)
    here, below = _watched(page)
    assert max(here) - min(here) < 1  # the question that is answered stands still
    assert below[-1] - below[0] > 50  # what follows makes room
    assert max(later - sooner for sooner, later in pairwise(below)) < below[-1] - below[0]  # and not all at once


def test_a_mistake_that_is_said_above_does_not_push_the_question_that_is_typed_into(product: Product, page: Page) -> None:
    enter(page, product)
    page.get_by_label("Town or city").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # postcode
    _watch(page, "company_postal", "company_postal")
    expect(error(page, "company_city")).to_have_text("Enter the town or city")
    page.wait_for_timeout(300)
    here, _ = _watched(page)
    assert max(here) - min(here) < 2


def test_a_step_opened_to_mend_it_lists_what_is_wrong_with_links_and_the_list_follows(product: Product, page: Page) -> None:
    enter(page, product)
    at(page, product, "company?check=1")
    summary = page.get_by_role("region", name="What to mend in this step")
    expect(summary).to_be_focused()
    expect(error(page, "company_city")).to_have_text("Enter the town or city")
    summary.get_by_role("link", name="Enter the town or city").click()
    expect(page.get_by_label("Town or city")).to_be_focused()
    page.keyboard.type("Reading")
    expect(summary.get_by_role("link", name="Enter the town or city")).to_have_count(0)
    expect(error(page, "company_city")).to_be_empty()
    expect(summary.get_by_role("link", name="Enter the postcode")).to_be_visible()


@pytest.mark.parametrize("typed", ["3 March 2031", "3/3/31", "03.03.2031", "3rd Mar 2031", "2031-03-03"])
def test_a_date_is_understood_as_people_write_it_and_said_back(product: Product, page: Page, typed: str) -> None:
    code = enter(page, product, "insurance")
    place(page, "public_liability_insurance").get_by_role("radio", name="Yes").check()
    box = page.get_by_label("Public liability: expiry date", exact=True)
    expect(box).to_be_visible()  # typing waits for nothing: before the question opens it would end in the radio button
    box.press_sequentially(typed)
    box.press("Tab")
    expect(box).to_have_value("3 March 2031")
    eventually(lambda: stored(product, code).get("publicLiabilityExpiry") == "2031-03-03", "the day in the database")


def test_a_date_that_is_none_is_kept_as_it_was_typed_and_told(product: Product, page: Page) -> None:
    enter(page, product, "insurance")
    box = page.get_by_label("Health and safety policy: date signed", exact=True)
    box.fill("31 February 2026")
    box.press("Tab")
    expect(error(page, "health_safety_policy_date")).to_contain_text("as day, month and year")
    expect(box).to_have_value("31 February 2026")


def test_a_date_can_be_chosen_from_the_calendar(product: Product, page: Page) -> None:
    code = enter(page, product, "insurance")
    question = place(page, "health_safety_policy_date")
    expect(question.get_by_role("button", name="Calendar")).to_be_visible()
    question.locator("[type=date]").evaluate("one => { one.value = '2026-03-03'; one.dispatchEvent(new Event('change', { bubbles: true })); }")
    expect(question.locator("[data-date]")).to_have_value("3 March 2026")
    eventually(lambda: stored(product, code).get("healthSafetyPolicyDate") == "2026-03-03", "the day in the database")


def test_a_whole_column_is_pasted_into_tags_once_each_and_can_be_taken_out_again(product: Product, page: Page) -> None:
    code = enter(page, product, "capabilities")
    box = page.get_by_role("combobox", name="Equipment brands")
    box.fill("Tesla")
    box.press("Enter")
    _paste(page, "solaredge\nMy own panel\r\ntesla\nVictron; Victron")
    expect(place(page, "equipment_brands").get_by_role("status")).to_contain_text("Added: 3. Already there: 2.")
    eventually(lambda: stored(product, code).get("equipmentBrands") == ["Tesla", "SolarEdge", "My own panel", "Victron"], "all tags")
    box.fill("Fronius")
    box.press("Enter")
    page.get_by_role("button", name="Undo").click()
    eventually(lambda: stored(product, code).get("equipmentBrands") == ["Tesla", "Fronius"], "what was not pasted")
    expect(box).to_be_focused()


def test_of_several_columns_the_first_becomes_the_tags(product: Product, page: Page) -> None:
    code = enter(page, product, "capabilities")
    _paste(page, "SolarEdge\tSE10K\t10 kW\nVictron\tMultiPlus\t3 kW\n")
    eventually(lambda: stored(product, code).get("equipmentBrands") == ["SolarEdge", "Victron"], "a tag for each row")


def test_a_percentage_above_a_hundred_is_told_and_fills_in_nothing(product: Product, page: Page) -> None:
    enter(page, product, "roles")
    own = page.get_by_label("Work done by your own staff (%)")
    own.press_sequentially("11", delay=10)
    expect(page.get_by_label("Work done by subcontractors (%)")).to_have_value("89")
    own.press_sequentially("0")
    expect(page.get_by_label("Work done by subcontractors (%)")).to_have_value("")
    own.press("Tab")
    expect(error(page, "internal_staff_percentage")).to_contain_text("as a whole number from 0 to 100")


def test_the_head_office_is_the_registered_office_by_one_button(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.get_by_label("Registered office address").fill("Unit 4\nMill Lane")
    page.get_by_label("Town or city").fill("Reading")
    page.get_by_label("Postcode").fill("RG1 8LS")
    page.get_by_role("button", name="Same as registered office").click()
    expect(page.get_by_label("Head office address")).to_have_value("Unit 4, Mill Lane, Reading, RG1 8LS")
    saved(page)
    assert stored(product, code)["headOfficeAddress"] == "Unit 4, Mill Lane, Reading, RG1 8LS"


@pytest.mark.parametrize("typed", ["www.bright field.co.uk", "brightfield"])
def test_a_website_that_cannot_be_one_is_told(product: Product, page: Page, typed: str) -> None:
    enter(page, product)
    page.get_by_label("Company website").fill(typed)
    page.get_by_label("Company website").press("Tab")
    expect(error(page, "company_website")).to_have_text("Enter a web address like www.example.co.uk")


def test_enter_goes_to_the_next_question(product: Product, page: Page) -> None:
    enter(page, product)
    page.get_by_label("Town or city").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("County, state or region")).to_be_focused()


def _paste(page: Page, text: str) -> None:
    """Paste into the tags' box as a spreadsheet's column comes."""
    page.evaluate(
        """text => { const data = new DataTransfer(); data.setData("text/plain", text);
        document.querySelector("#equipment_brands").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })); }""",
        text,
    )


def _watch(page: Page, *names: str) -> None:
    """Note in every frame where the questions are on the screen."""
    page.evaluate(
        """names => { window.seen = names.map(() => []);
        (function look() { names.forEach((name, at) => seen[at].push(document.querySelector(`[data-question="${name}"]`).getBoundingClientRect().top)); requestAnimationFrame(look); })(); }""",
        list(names),
    )


def _watched(page: Page) -> list[list[float]]:
    found: Any = page.evaluate("window.seen")
    return [[float(top) for top in tops] for tops in found]
