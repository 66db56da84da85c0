"""Two windows, or two people of one company, on one application: nothing is overwritten unseen, and each sees the other."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from e2e.partner import alive, at, enter, place
from e2e.person import saved, step_named
from e2e.product import Product, eventually, text_of
from e2e.test_form_saving import AWAY, CITY, OFFLINE, answers, city

DUE, DAY = "One answer needs your choice", "Health and safety policy: date signed"
PRIYA = "priya.nair@brightfieldsolar.co.uk"


@pytest.fixture
def other(browser: Browser) -> Iterator[Page]:
    """Somebody else's browser."""
    context = browser.new_context(locale="en-GB", timezone_id="Europe/London")
    yield context.new_page()
    context.close()


@pytest.fixture
def code(product: Product, page: Page, other: Page) -> str:
    """Both have step 1 open."""
    made = enter(page, product)
    enter(other, product, code=made)
    return made


def keep_apart(page: Page) -> None:
    """What the page sends waits, and what is pushed to it does not come: it has seen nothing of the other."""
    page.context.set_offline(True)


def disagree(page: Page, other: Page) -> None:
    """Both answer the same question, neither having seen the other's answer."""
    keep_apart(page)
    page.get_by_label(CITY).fill("Leeds")
    other.get_by_label(CITY).fill("Reading")
    saved(other)
    page.context.set_offline(False)
    expect(page.locator("#draft-state")).to_have_text(DUE)


def test_each_sees_that_the_other_is_here_and_where(product: Product, page: Page, other: Page, code: str) -> None:
    expect(page.locator("#others-here")).to_have_text("Also open in another window")
    other.close()
    expect(page.locator("#others-here")).to_be_hidden()


def test_an_answer_of_the_other_window_appears_here_and_the_questions_that_depend_on_it_follow(
    product: Product, page: Page, other: Page, code: str
) -> None:
    other.get_by_label(CITY).fill("Reading")
    other.get_by_role("radio", name="Partnership", exact=True).check()
    expect(page.get_by_label(CITY)).to_have_value("Reading")
    expect(page.get_by_role("radio", name="Partnership", exact=True)).to_be_checked()
    expect(page.locator('[data-question="company_registration"]')).to_be_hidden()
    expect(page.locator("#others-said")).to_contain_text("was changed in another window")


def test_what_is_being_typed_is_not_written_over_and_both_answers_stand_side_by_side(
    product: Product, page: Page, other: Page, code: str
) -> None:
    disagree(page, other)
    panel = place(page, "company_city").get_by_role("group", name=re.compile("Which answer is to be kept"))
    expect(panel).to_contain_text("Leeds")
    expect(panel).to_contain_text("Reading")
    expect(panel).to_contain_text("You answered this in your other window as well.")
    expect(panel).to_contain_text("In your other window, at")
    expect(panel).not_to_contain_text(re.compile("theirs|mine"))
    assert city(product, code) == "Reading"
    expect(page.locator("#draft-state")).not_to_have_text(re.compile("^Saved"))
    page.get_by_label("Postcode").fill("LS1 1AA")  # other questions are saved all the same
    eventually(lambda: answers(product, code).get("company_postal") == "LS1 1AA", "the other answer to be stored", 10)
    expect(page.locator("#draft-state")).to_have_text(DUE)


def test_keeping_this_one_by_keyboard_stores_it_and_the_other_sees_it(product: Product, page: Page, other: Page, code: str) -> None:
    disagree(page, other)
    page.get_by_label(CITY).focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Keep this one")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label(CITY)).to_be_focused()
    saved(page)
    assert city(product, code) == "Leeds"
    other.get_by_label("Postcode").focus()
    expect(other.get_by_label(CITY)).to_have_value("Leeds")


def test_taking_the_other_one_shows_it_and_stores_nothing(product: Product, page: Page, other: Page, code: str) -> None:
    disagree(page, other)
    page.get_by_role("button", name="Take the other one").click()
    expect(page.get_by_label(CITY)).to_have_value("Reading")
    saved(page)
    assert city(product, code) == "Reading"
    page.reload()
    alive(page)
    expect(page.get_by_label(CITY)).to_have_value("Reading")
    expect(page.get_by_role("group", name=re.compile("Which answer"))).to_have_count(0)


def test_a_choice_that_is_due_survives_a_reload_and_is_announced_on_other_pages(
    product: Product, page: Page, other: Page, code: str
) -> None:
    disagree(page, other)
    page.reload()
    alive(page)
    expect(page.get_by_label(CITY)).to_have_value("Leeds")
    expect(place(page, "company_city").get_by_role("group", name=re.compile("Which answer"))).to_contain_text("Reading")
    expect(page.locator("#draft-state")).to_have_text(DUE)
    at(page, product, "contact")
    page.locator("#others-due").get_by_role("link", name=CITY).click()
    alive(page)
    page.get_by_role("button", name="Keep this one").click()
    saved(page)
    assert city(product, code) == "Leeds"


def test_two_tabs_of_one_browser_do_not_overwrite_each_others_unsent_answer(product: Product, page: Page) -> None:
    code = enter(page, product)
    second = page.context.new_page()
    at(second, product, "company")
    for tab, text in ((page, "Leeds"), (second, "Reading")):
        tab.route(AWAY, lambda route: route.abort())
        tab.get_by_label(CITY).fill(text)
        expect(tab.locator("#draft-state")).to_have_text(OFFLINE)
    page.unroute(AWAY)
    saved(page)
    assert city(product, code) == "Leeds"
    second.unroute(AWAY)
    expect(second.locator("#draft-state")).to_have_text(DUE)
    second.get_by_role("button", name="Keep this one").click()
    saved(second)
    assert city(product, code) == "Reading"


def test_a_duplicated_tab_is_a_writer_of_its_own(product: Product, page: Page) -> None:
    enter(page, product)
    with page.expect_popup() as opened:
        page.evaluate("open(location.href)")  # a copy of the tab's memory goes with it, as with Duplicate
    alive(opened.value)
    for tab, text in ((page, "Leeds"), (opened.value, "Reading")):
        tab.context.set_offline(True)
        tab.get_by_label(CITY).fill(text)
    writers = page.evaluate("Object.keys(localStorage).filter(key => key.endsWith(':company_city')).map(key => key.split(':')[3])")
    assert len(set(writers)) == 2
    page.context.set_offline(False)


def test_a_colleague_and_the_partner_who_answer_the_same_are_named_to_each_other_and_choose(
    product: Product, page: Page, other: Page
) -> None:
    code = enter(page, product)
    ask(product, page, other)
    at(page, product, "insurance")
    expect(page.locator("#others-here")).to_contain_text("Priya Nair is on step")
    expect(other.locator("#others-here")).to_contain_text("Helen Marsh is on step")
    keep_apart(page)
    page.get_by_label(DAY, exact=True).fill("3 March 2026")
    other.get_by_label(DAY, exact=True).fill("4 March 2026")
    saved(other)
    page.context.set_offline(False)
    panel = place(page, "health_safety_policy_date").get_by_role("group", name="Priya Nair has answered this as well")
    expect(panel).to_contain_text("3 March 2026")
    expect(panel).to_contain_text("4 March 2026")
    expect(panel.get_by_role("button", name="Take theirs")).to_be_visible()
    page.get_by_role("button", name="Keep mine").click()
    saved(page)
    place(other, "public_liability_insurance").get_by_role("radio", name="No", exact=True).check()
    expect(other.get_by_label(DAY, exact=True)).to_have_value("3 March 2026")
    expect(other.locator("#others-said")).to_contain_text("Helen Marsh has changed")
    assert answers(product, code, step_named("insurance").number)["health_safety_policy_date"] == "2026-03-03"


@pytest.mark.parametrize(("width", "colours"), [(1280, "light"), (375, "dark")])
def test_axe_finds_nothing_while_a_choice_is_open(product: Product, page: Page, other: Page, code: str, width: int, colours: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if colours == "dark" else "light", reduced_motion="reduce")
    disagree(page, other)
    expect(page.get_by_role("button", name="Take the other one")).to_be_visible()
    assert [(one["id"], one["nodes"][0]["html"][:140]) for one in Axe().run(page).response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    at(page, product, "contact")
    expect(page.locator("#others-due")).to_be_visible()
    assert [(one["id"], one["nodes"][0]["html"][:140]) for one in Axe().run(page).response["violations"]] == []


def ask(product: Product, page: Page, other: Page) -> None:
    """Priya Nair is asked to help with the insurance, and has opened the link of her mail."""
    at(page, product, "insurance")
    page.get_by_role("link", name="Ask a colleague to fill in this step").click()
    page.get_by_label("Your colleague's name").fill("Priya Nair")
    page.get_by_label("Your colleague's email address").fill(PRIYA)
    known = len(product.mails_to(PRIYA, "Insurance"))
    page.get_by_role("button", name="Send the link").click()
    mails = eventually(
        lambda: product.mails_to(PRIYA, "Insurance")[known:] and product.mails_to(PRIYA, "Insurance"), "the colleague's mail"
    )
    other.goto(re.findall(r"^http\S+/apply/help\?key=\S+$", text_of(mails[0]), re.M)[0])
    alive(other)
