"""One application as its reviewers read it: what the rules checked, its documents beside the answers, and each other."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from e2e import states
from e2e.product import Product, rows, until
from integrations.storage import storage
from models.application import of_invitation
from models.database import transaction
from models.document import Document, accept, start_upload
from tests import desk
from tests.papers import DOCX

MISSING = "The certificate of the new insurance year is missing."
TELEPHONE = ViewportSize(width=375, height=780)


@pytest.fixture(scope="module")
def reference(product: Product) -> str:
    """One application with documents that the tests only read."""
    with states.within(product):
        code = states.invited()
        states.answered(code)
        states.documented(code)
        return states.sent(code)


@pytest.fixture
def second(browser: Browser) -> Iterator[Page]:
    """Another person's browser."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    yield context.new_page()
    context.close()


def test_what_the_rules_checked_stands_in_each_section_and_leads_to_the_answer(product: Product, page: Page, reference: str) -> None:
    with states.within(product):
        twin = desk.applied("Same Number Ltd", vat_number="")
    arrive(product, page, reference, "Rosa Reyes")
    company = page.locator("#section-company")
    company.locator("summary").click()
    line = company.locator(".checks li", has_text="VAT number").first
    expect(line).to_contain_text("Passed")
    expect(line).to_contain_text("its form and its check digits are right")

    doubts = page.locator("details", has_text="What the rules checked")
    expect(doubts.locator("summary")).to_contain_text(re.compile(r"\d+ checked: \d+ passed(,| and) \d+ flagged"))
    flagged = doubts.locator("li", has_text="Registration number elsewhere")
    expect(flagged.locator(".outcome")).to_have_text("Flagged")
    expect(flagged.get_by_role("link", name=re.compile("Same Number Ltd"))).to_have_attribute("href", f"/review/{twin}")
    flagged.get_by_role("link", name="Registration number elsewhere").click()
    expect(page).to_have_url(re.compile("#a-company_registration$"))
    expect(page.locator("#a-company_registration")).to_be_in_viewport()


def test_documents_are_read_one_after_the_other_beside_the_answers(product: Product, page: Page, reference: str) -> None:
    arrive(product, page, reference, "Rosa Reyes")
    link = page.locator("#section-insurance a[data-document]").first
    link.click()
    papers = page.get_by_role("dialog")
    expect(papers.get_by_role("heading")).to_be_focused()
    first = title(papers)
    assert page.request.get(papers.locator("iframe").get_attribute("src") or "").body().startswith(b"%PDF-")
    where = papers.get_by_role("status").inner_text()

    papers.get_by_role("button", name="Next").click()
    expect(papers.get_by_role("heading")).not_to_have_text(first)
    expect(papers.get_by_role("status")).not_to_have_text(where)
    expect(page.locator("#section-insurance a[data-open]")).to_have_text(re.compile(re.escape(title(papers))))
    papers.get_by_role("button", name="Previous").click()
    expect(papers.get_by_role("heading")).to_have_text(first)

    page.locator("#section-company").scroll_into_view_if_needed()  # the answers are read on, and the document stays
    expect(papers).to_be_visible()
    papers.get_by_role("link", name="To the verdict").click()
    expect(papers).to_be_visible()
    expect(page.locator("#section-insurance").get_by_role("button", name="Passed")).to_be_focused()
    page.keyboard.press("Escape")
    expect(papers).to_have_count(0)
    expect(link).to_be_focused()


def test_a_picture_is_made_larger_and_turned_and_an_office_file_says_that_it_is_not_shown(product: Product, page: Page) -> None:
    with states.within(product):
        code = states.invited()
        states.answered(code)
        stored_as(code, "company_registration_certificate", "photo of the certificate.png", picture())
        stored_as(code, "capability_statement", "capability statement.docx", DOCX)
        application = states.sent(code)
    arrive(product, page, application, "Rosa Reyes")
    page.locator("#section-documents a[data-document=image]").click()
    papers, image = page.get_by_role("dialog"), page.locator("#papers img")
    expect(papers.get_by_text("100 %")).to_be_visible()
    assert size(image) == (400, 200)
    papers.get_by_role("button", name="Turn").click()
    assert size(image) == (200, 400)
    papers.get_by_role("button", name="Larger").click()
    assert size(image) == (300, 600)
    expect(papers.get_by_text("150 %")).to_be_visible()

    papers.get_by_role("heading").focus()
    page.keyboard.press("ArrowRight")
    expect(papers.get_by_role("heading")).to_have_text("capability statement.docx")
    expect(papers).to_contain_text("A file of this kind cannot be shown in the portal.")
    expect(papers.get_by_role("group", name="Picture")).to_be_hidden()
    with page.expect_download() as download:
        papers.get_by_role("link", name="Download").last.click()
    assert download.value.suggested_filename == "capability statement.docx"
    page.keyboard.press("Escape")
    assert "X-Amz-" not in page.content()  # no address of the store stands in the page


def test_after_the_last_document_comes_the_first(product: Product, page: Page, reference: str) -> None:
    arrive(product, page, reference, "Rosa Reyes")
    page.locator("#section-documents a[data-document]").first.click()
    papers = page.get_by_role("dialog")
    count = page.locator("#section-documents a[data-document]").count()
    expect(papers.get_by_role("status")).to_have_text(f"Document 1 of {count}")
    papers.get_by_role("button", name="Previous").click()
    expect(papers.get_by_role("status")).to_have_text(f"Document {count} of {count}")
    papers.get_by_role("button", name="Next").click()
    expect(papers.get_by_role("status")).to_have_text(f"Document 1 of {count}")


def test_on_a_telephone_a_document_lies_over_the_answers_and_makes_way_for_the_verdict(
    product: Product, page: Page, reference: str
) -> None:
    page.set_viewport_size(TELEPHONE)
    arrive(product, page, reference, "Rosa Reyes")
    link = page.locator("#section-insurance a[data-document]").first
    link.click()
    papers = page.get_by_role("dialog")
    box = papers.bounding_box()
    assert box is not None and (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 375, 780)
    expect(page.locator("#papers:modal")).to_be_visible()  # nothing behind it is to be reached
    page.keyboard.press("Escape")
    expect(papers).to_have_count(0)
    expect(link).to_be_focused()
    link.click()
    papers.get_by_role("link", name="To the verdict").click()
    expect(papers).to_have_count(0)
    expect(page.locator("#section-insurance").get_by_role("button", name="Passed")).to_be_focused()


def test_a_document_that_is_open_follows_the_width_of_the_window(product: Product, page: Page, reference: str) -> None:
    arrive(product, page, reference, "Rosa Reyes")
    link = page.locator("#section-insurance a[data-document]").first
    link.click()
    papers = page.get_by_role("dialog")
    name = title(papers)
    page.set_viewport_size(TELEPHONE)
    expect(page.locator("#papers:modal")).to_be_visible()
    expect(papers.get_by_role("heading")).to_have_text(name)
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(page.locator("#papers:not(:modal)")).to_be_visible()
    expect(papers.get_by_role("heading")).to_have_text(name)
    page.keyboard.press("Escape")
    expect(link).to_be_focused()


def test_two_reviewers_see_each_other_and_what_each_does(product: Product, page: Page, second: Page) -> None:
    application = fresh(product, "Shared Solar Ltd")
    arrive(product, page, application, "Rosa Reyes")
    expect(page.locator(".also")).to_be_empty()
    arrive(product, second, application, "Arthur Adeyemi")
    expect(page.locator(".also")).to_contain_text(re.compile(r"Also here:\s*Arthur Adeyemi, since \d\d:\d\d"))
    expect(second.locator(".also")).to_contain_text("Rosa Reyes, since")

    page.locator("#section-company").get_by_role("button", name="Passed").click()
    expect(second.locator("#section-company .standing")).to_contain_text("Passed by Rosa Reyes")  # without a reload
    expect(second.locator(".story li").first).to_contain_text("passed Company")
    second.goto(product.url("/review"))
    expect(page.locator(".also")).to_be_empty(timeout=30_000)


def test_the_second_writer_of_a_verdict_is_told_of_the_first_and_chooses(product: Product, page: Page, second: Page) -> None:
    application = fresh(product, "Overtaken Solar Ltd")
    arrive(product, page, application, "Rosa Reyes")
    arrive(product, second, application, "Arthur Adeyemi")
    theirs, mine = second.locator("#section-company"), page.locator("#section-company")
    mine.get_by_role("button", name="Concern").click()
    mine.get_by_label("Why").fill(MISSING)
    theirs.get_by_role("button", name="Passed").click()
    expect(theirs.locator(".standing")).to_contain_text("Passed by Arthur Adeyemi")

    mine.get_by_role("button", name="Save the verdict").click()
    told = mine.get_by_role("alert").filter(has_text="Arthur Adeyemi has given a verdict on this section since you looked.")
    expect(told).to_contain_text("Passed")
    expect(mine.get_by_role("button", name="Keep theirs")).to_be_focused()
    assert standing(product, application) == [("passed", "Arthur Adeyemi")]
    mine.get_by_role("button", name="Keep theirs").click()
    expect(told).to_have_count(0)
    expect(mine.locator(".standing")).to_contain_text("Passed by Arthur Adeyemi")
    expect(mine.get_by_label("Why")).to_be_hidden()

    mine.get_by_role("button", name="Concern").click()
    mine.get_by_label("Why").fill(MISSING)
    theirs.get_by_role("button", name="Passed").click()
    expect(theirs.locator(".standing time")).to_be_visible()
    expect(second.locator(".story li", has_text="passed Company")).to_have_count(2)
    mine.get_by_role("button", name="Save the verdict").click()
    mine.get_by_role("button", name="Replace by mine").click()
    expect(mine.locator(".standing")).to_contain_text(MISSING)
    expect(theirs.locator(".standing")).to_contain_text("Concern by Rosa Reyes")
    assert standing(product, application) == [("concern", "Rosa Reyes")]


def arrive(product: Product, page: Page, reference: str, name: str) -> None:
    """Sign in and open an application."""
    product.sign_in(page, name)
    page.goto(product.url(f"/review/{reference}"))
    until(page, "window.did_handshake")


def fresh(product: Product, company: str) -> str:
    """The reference of an application that nobody has looked at."""
    with states.within(product):
        return desk.applied(company, vat_number="", company_registration="09876543")


def stored_as(code: str, slot: str, name: str, content: bytes) -> None:
    """A document with this name in the store."""
    with transaction() as session:
        application = of_invitation(session, code)
        assert application is not None
        document = start_upload(session, application, slot, name, len(content))
    storage().put(document.r2_key, content, document.file_type)
    with transaction() as session:
        accept(session, session.get_one(Document, document.id), content)


def picture() -> bytes:
    """A picture of 400 by 200."""
    made = io.BytesIO()
    Image.new("RGB", (400, 200), "navy").save(made, "PNG")
    return made.getvalue()


def size(image: Locator) -> tuple[int, int]:
    """How wide and high a picture is on the screen."""
    box = image.bounding_box()
    assert box is not None
    return round(box["width"]), round(box["height"])


def title(papers: Locator) -> str:
    return papers.get_by_role("heading").inner_text()


def standing(product: Product, reference: str) -> list[tuple[str, str]]:
    """The standing verdicts, as the database holds them."""
    found = rows(
        product,
        "select ruling, given_by from verdicts where application_id = (select id from applications where reference_number = :r)",
        r=reference,
    )
    return [(ruling, by) for ruling, by in found]
