"""The whole main job as people do it: invited, applied, reviewed, approved, and everybody told. On both databases."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from e2e.partner import by_mailed_code
from e2e.person import drop, fill_step, press, saved, step_named, wanted
from e2e.product import Product, eventually, text_of
from models.review import SECTIONS
from models.steps import STEPS
from tests.papers import papers, pdf
from tests.sample_form import COMPLETE

COMPANY = "Brightfield Solar Ltd"


def test_a_partner_is_invited_applies_and_is_approved(any_product: Product, browser: Browser, context: BrowserContext, tmp_path: Path) -> None:
    product, desk = any_product, context.new_page()
    address = f"helen.marsh+{product['database_url'][:6]}@brightfieldsolar.co.uk"
    answers = {**COMPLETE, "primary_contact_email": address}

    product.sign_in(desk, "Olivia Okafor")
    invite(desk, product, address)
    link = link_in_mailbox(desk, product, address)

    partner = browser.new_context(locale="en-GB")
    page = partner.new_page()
    page.goto(link)
    expect(page).to_have_url(product.url("/apply/company"))
    expect(page.get_by_label("Registered company name")).to_have_value(COMPANY)
    files = papers(tmp_path, [name for step in STEPS for name in wanted(step, answers)])
    for step in STEPS[:3]:
        answer(page, step.name, answers, files)

    fill_step(page, step_named("roles"), answers)
    number = page.get_by_label("MCS certificate number")
    number.press("End")
    number.press_sequentially("/2026")
    expect(number).to_have_value("NIC-48213/2026")
    page.close()  # in mid-step, at once after the last key

    page = partner.new_page()
    page.goto(link)
    page.goto(product.url("/apply/roles"))
    expect(page.get_by_label("MCS certificate number")).to_have_value("NIC-48213/2026")
    saved(page)
    partner.close()

    partner = browser.new_context(locale="en-GB")  # another device, another day
    page = partner.new_page()
    page.goto(link)
    expect(page).to_have_url(product.url("/apply/device"))
    by_mailed_code(page, product, address)
    page.goto(product.url("/apply/capabilities"))
    expect(page.locator("[data-slot=team_cvs] li.stored")).to_have_count(2)
    page.goto(product.url("/apply/roles"))
    for step in STEPS[3:]:
        answer(page, step.name, answers, files)

    expect(page.get_by_role("heading", name="Everything is there")).to_be_visible()
    page.get_by_role("button", name="Submit application").click()
    expect(page.get_by_role("heading", name="We have your application")).to_be_visible()
    reference = page.get_by_text(re.compile(r"^EPC-\d{4}-[0-9A-Z]{6}$")).first.inner_text()

    assert_published(product, reference, list(files))
    eventually(lambda: product.mails_to(address, reference), "the confirmation")
    eventually(lambda: product.mails_to(product["environment"]["MAIL_OPERATIONS"], reference), "operations' mail")

    product.sign_in(desk, "Rosa Reyes")
    review(desk, product, reference)
    product.sign_in(desk, "Arthur Adeyemi")
    desk.goto(product.url(f"/review/{reference}"))
    press(desk, "Approve", "Approve", Message_in_the_email="Welcome to the team.")
    expect(desk.get_by_role("status").filter(has_text="approved").or_(desk.get_by_text("Approved", exact=True)).first).to_be_visible()

    page.goto(link)
    expect(page.get_by_role("heading", name="You are approved")).to_be_visible()
    expect(page.get_by_text("Welcome to the team.")).to_be_visible()
    approved = eventually(lambda: product.mails_to(address, "approved"), "the decision by mail")
    assert len(approved) == 1 and "Welcome to the team." in text_of(approved[0])
    eventually(lambda: status_in_list(product, reference) == "Approved", "the list to say Approved")
    partner.close()


def invite(desk: Page, product: Product, address: str) -> None:
    desk.get_by_role("link", name="Invitations").click()
    press(desk, "Invite a partner", "Send the invitation", Company=COMPANY, Email=address)
    expect(desk.get_by_text(COMPANY).first).to_be_visible()


def link_in_mailbox(desk: Page, product: Product, address: str) -> str:
    eventually(lambda: product.mails_to(address), "the invitation by mail")
    desk.goto(product["mailbox_url"])
    desk.locator("tr", has_text=address).get_by_role("link").first.click()
    return str(desk.locator("pre a", has_text="/apply?code=").first.get_attribute("href"))


def answer(page: Page, step: str, answers: dict[str, object], files: dict[str, Path]) -> None:
    """One whole step: its questions, then its documents, the two CVs at once; then on to the next."""
    fill_step(page, step_named(step), answers)
    for slot in wanted(step_named(step), answers):
        drop(page, slot, [files[slot], another(files[slot])] if slot == "team_cvs" else [files[slot]])
    saved(page)
    page.get_by_role("button", name="Save and continue").or_(page.get_by_role("link", name="Save and continue")).first.click()
    page.wait_for_url(re.compile(rf"/apply/(?!{step}$)"))


def another(file: Path) -> Path:
    """A second file of the same kind with other words in it."""
    made = file.with_name("grace_hopper.pdf")
    made.write_bytes(pdf("Grace Hopper, project manager"))
    return made


def assert_published(product: Product, reference: str, slots: list[str]) -> None:
    eventually(lambda: not [slot for slot in slots if slot not in folder_in_library(product, reference)], "the documents in the library", 60)
    assert status_in_list(product, reference) == "Submitted"


def folder_in_library(product: Product, reference: str) -> str:
    """The application's folder, as the page of the lists shows it; empty where there is none yet."""
    return product.lists().partition(f"<caption>{reference}</caption>")[2].partition("</table>")[0]


def status_in_list(product: Product, reference: str) -> str:
    """The Status column of the application's item, as the page of the lists shows it."""
    item = next(table for table in product.lists().split("<table") if f">{reference}<" in table and ">ApplicationData<" in table)
    return re.search(r">Status</th><td>([^<]*)<", item)[1]  # type: ignore[index]


def review(desk: Page, product: Product, reference: str) -> None:
    """Every section passed, then marked reviewed."""
    desk.goto(product.url("/review"))
    desk.get_by_role("link", name=COMPANY).first.click()
    desk.goto(product.url(f"/review/{reference}"))
    for section in SECTIONS:
        place = desk.locator(f"#section-{section}")
        place.get_by_role("button", name="Passed").click()
        expect(place.locator(".standing")).to_contain_text("Rosa Reyes")
    press(desk, "Mark reviewed", "Mark reviewed")
    expect(desk.get_by_text("Decision due").or_(desk.get_by_text("Reviewed")).first).to_be_visible()
