"""The questions as a partner meets them: told what is wrong in time, asked only what applies, spared what follows."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from e2e.partner import at, enter, error, place, stored
from e2e.person import saved
from e2e.product import Product
from models.steps.capabilities import UK_REGIONS


@pytest.mark.parametrize(
    ("label", "name", "wrong", "said", "right"),
    [
        ("Company telephone", "company_phone", "020 📞", "Enter a telephone number", "020 7946 0958"),
        ("VAT number", "vat_number", "GB980780685", "check digits are wrong", "GB980780684"),
        ("Postcode", "company_postal", "12345", "Enter", "RG1 8LS"),
        ("Registered company name", "company_name", "x" * 10_000, "must be 200 characters or fewer: this has 10,000", "Brightfield Solar Ltd"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_as_it_is_left_and_goes_when_mended(
    product: Product, page: Page, label: str, name: str, wrong: str, said: str, right: str
) -> None:
    enter(page, product)
    box = page.get_by_label(label)
    box.fill(wrong)
    expect(error(page, name)).to_be_empty()  # not while typing
    box.press("Tab")
    expect(error(page, name)).to_contain_text(said)
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(box).to_have_accessible_description(_contains(said))
    box.fill(right)
    expect(error(page, name)).to_be_empty()
    expect(box).to_have_attribute("aria-invalid", "false")


def test_a_question_left_empty_is_told_what_to_do_only_once_the_partner_was_there(product: Product, page: Page) -> None:
    enter(page, product)
    expect(error(page, "company_city")).to_be_empty()
    page.get_by_label("Town or city").focus()
    page.keyboard.press("Tab")
    expect(error(page, "company_city")).to_have_text("Enter the town or city")


def test_a_question_is_asked_only_when_its_condition_holds_and_keeps_its_answer_meanwhile(product: Product, page: Page) -> None:
    code = enter(page, product)
    number = page.get_by_label("Company registration number")
    number.fill("7654321")
    page.get_by_role("radio", name="Sole trader").check()
    expect(number).to_be_hidden()
    page.get_by_role("radio", name="Public limited company (PLC)").check()
    expect(number).to_be_visible()
    expect(number).to_have_value("7654321")
    saved(page)
    assert stored(product, code)["companyRegistration"] == "7654321"


def test_an_answer_in_one_step_opens_a_document_and_the_rail_counts_it(product: Product, page: Page) -> None:
    enter(page, product)
    slot, rail = page.locator("[data-slot=company_registration_certificate]"), page.locator(".steps li").first
    expect(slot).to_be_hidden()
    expect(rail).to_contain_text("of 9")
    page.get_by_label("Company registration number").fill("7654321")
    expect(slot).to_be_visible()
    expect(rail).to_contain_text("of 10")


def test_the_two_percentages_complete_each_other(product: Product, page: Page) -> None:
    code = enter(page, product, "roles")
    page.get_by_label("Work done by your own staff (%)").fill("70")
    expect(page.get_by_label("Work done by subcontractors (%)")).to_have_value("30")
    expect(page.locator("[data-slot=subcontractor_list]")).to_be_visible()
    saved(page)
    assert stored(product, code)["subcontractPercentage"] == "30"


def test_working_across_the_whole_uk_ticks_its_regions(product: Product, page: Page) -> None:
    code = enter(page, product, "capabilities")
    page.get_by_role("checkbox", name="France").check()
    place(page, "nationwide_coverage").get_by_role("radio", name="Yes").check()
    for region in UK_REGIONS:
        expect(page.get_by_role("checkbox", name=region)).to_be_checked()
    expect(page.get_by_role("checkbox", name="France")).to_be_checked()
    saved(page)
    assert set(stored(product, code)["geographicCoverage"]) == {*UK_REGIONS, "France"}


def test_none_excludes_the_others_and_any_other_excludes_none(product: Product, page: Page) -> None:
    code = enter(page, product, "roles")
    iso = place(page, "iso_standards")
    iso.get_by_role("checkbox", name="ISO 9001").check()
    iso.get_by_role("checkbox", name="None").check()
    expect(iso.get_by_role("checkbox", name="ISO 9001")).not_to_be_checked()
    iso.get_by_role("checkbox", name="ISO 14001").check()
    expect(iso.get_by_role("checkbox", name="None")).not_to_be_checked()
    saved(page)
    assert stored(product, code)["isoStandards"] == ["ISO 14001"]


def test_equipment_is_chosen_from_suggestions_or_typed_and_taken_out_again(product: Product, page: Page) -> None:
    code = enter(page, product, "capabilities")
    box = page.get_by_role("combobox", name="Equipment brands")
    box.press_sequentially("solaredge,my own panel")
    box.press("Enter")
    box.press_sequentially("Tesla")
    page.get_by_label("Total employees").focus()  # what stands in the box when it is left counts as well
    saved(page)
    assert stored(product, code)["equipmentBrands"] == ["SolarEdge", "my own panel", "Tesla"]
    page.get_by_role("button", name="Remove my own panel").click()
    saved(page)
    assert stored(product, code)["equipmentBrands"] == ["SolarEdge", "Tesla"]
    at(page, product, "capabilities")
    expect(page.get_by_role("button", name="Remove SolarEdge")).to_be_visible()


def test_one_button_copies_the_primary_contact_and_one_says_none(product: Product, page: Page) -> None:
    code = enter(page, product, "contact")
    page.get_by_role("button", name="Same as primary contact").first.click()
    expect(page.get_by_label("Technical contact: full name")).to_have_value("Helen Marsh")
    saved(page)
    assert stored(product, code)["technicalContactEmail"] == "helen.marsh@brightfieldsolar.co.uk"
    at(page, product, "compliance")
    place(page, "pending_prosecutions").get_by_role("button", name="None").click()
    expect(page.get_by_label("Pending prosecutions")).to_have_value("None")
    saved(page)
    assert stored(product, code)["pendingProsecutions"] == "None"


def test_every_widget_shows_again_what_was_answered(product: Product, page: Page) -> None:
    code = enter(page, product, "insurance")
    place(page, "public_liability_insurance").get_by_role("radio", name="Yes").check()
    page.get_by_label("Public liability: cover (GBP)").fill("5,000,000")
    page.get_by_label("Public liability: expiry date", exact=True).fill("2031-03-03")
    page.get_by_role("radio", name="£500k - £2m").check()
    saved(page)
    at(page, product, "compliance")
    page.get_by_role("checkbox", name="We have received the Contract Overview Pack").check()
    saved(page)
    at(page, product, "insurance")
    expect(place(page, "public_liability_insurance").get_by_role("radio", name="Yes")).to_be_checked()
    expect(page.get_by_label("Public liability: cover (GBP)")).to_have_value("5,000,000")
    expect(page.get_by_label("Public liability: expiry date", exact=True)).to_have_value("3 March 2031")
    expect(page.get_by_role("radio", name="£500k - £2m")).to_be_checked()
    at(page, product, "compliance")
    expect(page.get_by_role("checkbox", name="We have received the Contract Overview Pack")).to_be_checked()
    assert stored(product, code)["publicLiabilityInsurance"] is True and stored(product, code)["receivedContractPack"] is True


def test_the_whole_of_a_step_can_be_answered_by_keyboard(product: Product, page: Page) -> None:
    code = enter(page, product, "capabilities")
    page.get_by_role("checkbox", name="EPC").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    expect(page.get_by_role("checkbox", name="Design")).to_be_focused()
    place(page, "nationwide_coverage").get_by_role("radio", name="Yes").focus()
    page.keyboard.press("ArrowRight")
    saved(page)
    assert (stored(product, code)["servicesOffered"], stored(product, code)["nationwideCoverage"]) == (["EPC"], False)


def _contains(words: str) -> object:
    import re

    return re.compile(re.escape(words))
