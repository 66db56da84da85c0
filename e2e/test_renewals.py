"""Living approval as people meet it: a partner renews what runs out on one short page, and an approver reads before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import states
from e2e.looking import VIEWS, looking
from e2e.partner import alive, enter, error, place
from e2e.person import drop, press, saved
from e2e.product import Product, eventually, rows, until
from models.database import transaction
from models.keeping import NOTICE, keep_current
from models.language import shown_date
from models.renewing import send_renewal
from tests import desk
from tests.papers import pdf
from tests.parts import environment_of
from tests.test_renewal import CERTIFICATE, EXPIRY, LASTING, typed

TODAY, LATER = date.today(), date.today() + timedelta(days=380)


def partner(product: Product, browser: Browser, days: int, company: str = "Brightfield Solar Ltd", **answers: Any) -> tuple[str, str, Any]:
    """An approved partner whose public liability insurance ends in so many days: the code, the reference, and what their browser remembers."""
    with states.within(product):
        code = states.invited(company)
    context = browser.new_context()
    page = context.new_page()
    enter(page, product, code=code)
    with states.within(product), environment_of({"DECISION_UNDO_MINUTES": "0"}):
        states.answered(code)
        states.documented(code)
        reference = desk.brought(states.sent(code), to="approved")
        with transaction() as session:
            found = desk.row(session, reference)
            for name, value in {**LASTING, EXPIRY: TODAY + timedelta(days=days), **answers}.items():
                setattr(found, name, value)
            session.add(found)
            session.flush()
            keep_current(session, found, TODAY)
            if days < 0:
                keep_current(session, found, TODAY + NOTICE)
    memory = context.storage_state()
    context.close()
    return code, reference, memory


@pytest.fixture
def helen(product: Product, browser: Browser) -> Iterator[tuple[Page, str]]:
    """A partner at the status page, with 20 days left, and the application's reference."""
    _code, reference, memory = partner(product, browser, 20)
    context = browser.new_context(storage_state=memory, locale="en-GB", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(product.url("/apply/status"))
    yield page, reference
    context.close()


def certificate(folder: Path, name: str = "new year.pdf") -> Path:
    path = folder / name
    path.write_bytes(pdf(f"Certificate of insurance, {name}"))
    return path


def test_a_partner_renews_on_one_page_and_the_approver_reads_before_and_after(
    product: Product, page: Page, helen: tuple[Page, str], tmp_path: Path
) -> None:
    theirs, reference = helen
    expect(theirs.get_by_role("heading", name="What to renew")).to_be_visible()
    expect(theirs.locator(".request")).to_contain_text(f"Valid until {shown_date(TODAY + timedelta(days=20))}.")
    theirs.get_by_role("link", name="Renew now").click()
    alive(theirs)
    expect(theirs.get_by_label("Public liability: expiry date", exact=True)).to_have_value(shown_date(TODAY + timedelta(days=20)))
    assert theirs.locator(".renewing").count() == 1, "just what runs out"

    theirs.get_by_role("button", name="Send the renewal").click()  # nothing is new yet
    summary = theirs.locator("#summary")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("link")).to_have_count(2)
    expect(error(theirs, EXPIRY)).to_contain_text("This is still the day before the renewal")
    alive(theirs)
    summary.get_by_role("link", name=re.compile("still the day")).click()
    box = theirs.get_by_label("Public liability: expiry date", exact=True)
    expect(box).to_be_focused()
    box.fill(shown_date(LATER))
    expect(place(theirs, EXPIRY).get_by_text("New", exact=True)).to_be_visible()
    theirs.keyboard.press("Tab")
    expect(error(theirs, EXPIRY)).to_be_empty()
    saved(theirs)
    drop(theirs, CERTIFICATE, [certificate(tmp_path)])
    expect(theirs.get_by_text("Nothing is missing any more.")).to_be_visible()
    theirs.reload()
    alive(theirs)
    expect(box).to_have_value(shown_date(LATER))
    expect(theirs.locator(f'[data-slot="{CERTIFICATE}"]')).to_contain_text("new year.pdf")
    expect(theirs.locator(".stands-file")).to_contain_text(f"{CERTIFICATE}.pdf")
    assert rows(product, "SELECT public_liability_expiry FROM applications WHERE reference_number = :r", r=reference)[0][0] != str(LATER)
    theirs.get_by_role("button", name="Send the renewal").click()
    expect(theirs.get_by_role("heading", name="Your renewal is with us")).to_be_visible()

    product.sign_in(page, "Arthur")
    page.goto(product.url("/review?view=renewals"))
    page.get_by_role("link", name="Brightfield Solar Ltd").first.click()
    page.goto(product.url(f"/review/{reference}"))
    part = page.locator("#renewal")
    row = part.get_by_role("row", name=re.compile("expiry date"))
    expect(row.get_by_role("cell").nth(0)).to_have_text(shown_date(TODAY + timedelta(days=20)))
    expect(row.get_by_role("cell").nth(1)).to_have_text(shown_date(LATER))
    part.get_by_role("link", name=re.compile(f"{CERTIFICATE}.pdf")).click()
    papers = page.get_by_role("dialog")
    expect(papers.get_by_role("status")).to_have_text("Document 1 of 2")
    papers.get_by_role("button", name="Next").click()
    expect(papers.get_by_role("heading")).to_have_text("new year.pdf")
    assert page.request.get(papers.locator("iframe").get_attribute("src") or "").body().startswith(b"%PDF-")
    papers.get_by_role("button", name="Close").click()
    part.get_by_role("button", name="Approve the renewal").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve the renewal").click()
    expect(part).to_contain_text("Nothing is being renewed.")
    expect(page.locator(f"#a-{EXPIRY} + dd")).to_contain_text(shown_date(LATER))
    expect(page.locator("#section-insurance")).to_contain_text("new year.pdf")
    expect(page.locator("#section-insurance")).not_to_contain_text(f"{CERTIFICATE}.pdf")
    assert eventually(lambda: product.mails_to("helen.marsh", f"Your renewal is approved: {reference}"), "the mail of the approval")
    expect(theirs.get_by_text("Your renewal was approved")).to_be_visible()


def test_what_is_sent_back_is_mended_and_a_suspension_ends_with_the_approval(
    product: Product, page: Page, browser: Browser, tmp_path: Path
) -> None:
    _code, reference, memory = partner(product, browser, -2)
    sent(product, reference)
    product.sign_in(page, "Rosa")
    page.goto(product.url(f"/review/{reference}"))
    expect(page.locator("#renewal")).to_contain_text("The approval is suspended")
    expect(page.get_by_role("button", name="Approve the renewal")).to_have_count(0)
    press(page, "Send back", "Send back", What_to_correct="The schedule is missing from the certificate.")
    expect(page.locator("#renewal")).to_contain_text("Sent back by Rosa")

    context = browser.new_context(storage_state=memory, locale="en-GB")
    theirs = context.new_page()
    theirs.goto(product.url("/apply/status"))
    expect(theirs.get_by_role("heading", name="Your approval is suspended")).to_be_visible()
    expect(theirs.get_by_text("The schedule is missing from the certificate.")).to_be_visible()
    theirs.get_by_role("link", name="Go on with the renewal").click()
    alive(theirs)
    drop(theirs, CERTIFICATE, [certificate(tmp_path, "with schedule.pdf")])
    theirs.get_by_role("button", name="Send the renewal").click()
    expect(theirs.get_by_role("heading", name="Your renewal is with us")).to_be_visible()
    context.close()

    product.sign_in(page, "Arthur")
    page.goto(product.url(f"/review/{reference}"))
    press(page, "Approve the renewal", "Approve the renewal")
    expect(page.locator(".title")).to_contain_text("Approved")

    product.sign_in(page, "Rosa")
    page.goto(product.url(f"/review/{reference}"))
    page.get_by_role("button", name="Ask for a renewal").click()
    page.get_by_role("dialog").get_by_label("What to renew").click()
    chosen = page.get_by_role("option").first.inner_text()
    page.get_by_role("option").first.click()
    until(page, "Object.entries(sessionStorage).some(([key, kept]) => key.includes('renewal ask') && kept.includes('slots'))")
    page.reload()
    page.get_by_role("button", name="Ask for a renewal").click()
    expect(page.get_by_role("dialog").get_by_text("Kept from before, not sent.")).to_be_visible()
    expect(page.get_by_role("dialog").locator(".q-chip")).to_have_text(re.compile(re.escape(chosen)))


def sent(product: Product, reference: str) -> None:
    """The partner has sent a renewal, by the verbs."""
    with states.within(product):
        typed(reference, **{EXPIRY: LATER.isoformat()})
        with transaction() as session:
            found = desk.row(session, reference)
        proposed_in(found)
        with transaction() as session:
            send_renewal(session, desk.row(session, reference))


def proposed_in(application: Any) -> None:
    """A document in a renewal, with its bytes in the store."""
    from integrations.storage import storage
    from models.document import Document, accept, start_upload

    content = pdf("Certificate of the new year")
    with transaction() as session:
        document = start_upload(session, session.merge(application), CERTIFICATE, "renewed.pdf", len(content))
    storage().put(document.r2_key, content, document.file_type)
    with transaction() as session:
        accept(session, session.get_one(Document, document.id), content, renews=True)


@pytest.mark.parametrize("language", VIEWS)
def test_axe_finds_nothing_in_a_renewal(product: Product, browser: Browser, language: str) -> None:
    soon = {"gdpr_policy_date": TODAY - timedelta(days=340), "company_name": states.LONG_COMPANY}
    _code, _reference, memory = partner(product, browser, 20, states.LONG_COMPANY, **soon)
    _other, suspended, gone = partner(product, browser, -2, states.LONG_COMPANY)
    sent(product, suspended)
    with looking(browser, language, "renewal", memory) as look:
        wrong = look.each(_opened(product, look.page, "/apply/status", "/apply/renew", "/apply/renew?check=1"))
    with looking(browser, language, "renewal sent", gone) as look:
        wrong += look.each(_opened(product, look.page, "/apply/status"))
    with looking(browser, language, "renewal at the desk") as look:
        product.sign_in(look.page, "Arthur")
        wrong += look.each(_opened(product, look.page, f"/review/{suspended}#renewal", "/review?view=renewals"))
    assert wrong == []


def _opened(product: Product, page: Page, *paths: str) -> Iterator[str]:
    for path in paths:
        page.goto(product.url(path))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_timeout(600)
        yield re.sub(r"\W+", " ", path)
