"""The review desk as its people use it: found, read, judged, asked, decided, and what fails is said where it happened."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect
from sqlmodel import col, select

from e2e.person import press
from e2e.product import Product, eventually, text_of, until
from e2e.test_walk_by_api import uploaded
from models.database import now, transaction
from models.person import SignIn, User
from models.review import SECTIONS
from portal.words import day
from tests import desk
from tests.parts import environment_of
from tests.sample_form import api_steps, wanted_documents

MISSING = "The certificate of the new insurance year is missing."
UNSENT = "Object.keys(sessionStorage).filter((key) => key.startsWith('unsent:'))"


@pytest.fixture(scope="module")
def reference(product: Product) -> str:
    """One application that the tests only read."""
    return with_documents(product, "Readable Solar Ltd")


@pytest.fixture
def mail_fails(product: Product) -> Iterator[None]:
    """The mail server takes nothing for anybody at refused.example."""
    faults = f"{product['mailbox_url'].rstrip('/')}/_faults"
    requests.post(faults, json={"status": 550, "times": 1000, "path": "refused.example"}, timeout=5).raise_for_status()
    yield
    requests.delete(faults, timeout=5)


def test_the_list_is_searched_while_typing_and_its_address_can_be_sent_on(product: Product, page: Page, reference: str) -> None:
    product.sign_in(page, "Rosa Reyes")
    search = page.get_by_label("Search applications")
    search.press_sequentially("nobody has this name")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    expect(search).to_be_focused()
    search.fill(reference.lower())
    expect(page.get_by_role("link", name="Readable Solar Ltd")).to_be_visible()
    page.get_by_role("link", name=re.compile(r"^All \d")).click()
    expect(page).to_have_url(product.url(f"/review?q={reference.lower()}&view=all"))
    expect(page.get_by_role("link", name=re.compile(r"^All \d"))).to_be_focused()

    page.goto(page.url)
    expect(search).to_have_value(reference.lower())
    expect(page.locator("tbody tr")).to_have_count(1)


def test_the_list_is_used_with_the_keyboard_alone(product: Product, page: Page, reference: str) -> None:
    product.sign_in(page, "Rosa Reyes")
    page.goto(product.url(f"/review?q={reference}"))
    page.get_by_label("Search applications").focus()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Readable Solar Ltd":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Readable Solar Ltd", level=1)).to_be_visible()


def test_a_concern_needs_a_reason_and_what_is_typed_stays(product: Product, page: Page) -> None:
    product.sign_in(page, "Rosa Reyes")
    page.goto(product.url(f"/review/{applied(product, 'Concern Solar Ltd')}"))
    insurance, company = page.locator("#section-insurance"), page.locator("#section-company")
    insurance.get_by_role("button", name="Concern").click()
    insurance.get_by_role("button", name="Save the verdict").click()
    expect(insurance.get_by_role("alert")).to_have_text("Say why, so that whoever decides can follow it.")
    insurance.get_by_label("Why").press_sequentially(MISSING)

    company.get_by_role("button", name="Passed").click()  # something else is done meanwhile
    expect(company.locator(".standing")).to_contain_text("Passed by Rosa Reyes")
    expect(page.locator(".title").get_by_text("Under review")).to_be_visible()
    expect(insurance.get_by_label("Why")).to_have_value(MISSING)
    insurance.get_by_role("button", name="Save the verdict").click()
    expect(insurance.locator(".standing")).to_contain_text(MISSING)
    expect(insurance.get_by_role("button", name="Concern")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".story li").first).to_contain_text("noted a concern about Insurance and policies")


def test_the_partner_is_asked_and_answers_and_the_desk_shows_what_changed(product: Product, page: Page) -> None:
    product.sign_in(page, "Rosa Reyes")
    application = applied(product, "Asked Solar Ltd")
    page.goto(product.url(f"/review/{application}"))
    page.get_by_role("button", name="Request information").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="What the partner will see")).to_be_hidden()
    dialog.get_by_label("What is needed").fill("Short")
    expect(dialog.get_by_role("heading", name="What the partner will see")).to_be_visible()
    expect(dialog.locator(".preview")).to_contain_text("Short")
    dialog.get_by_label("Due date").fill("2020-01-01")
    dialog.get_by_role("button", name="Send the request").click()
    expect(dialog.get_by_role("alert").filter(has_text="at least 10 characters")).to_be_visible()
    expect(dialog.get_by_label("What is needed")).to_be_focused()
    expect(page.locator(".q-notification")).to_have_count(0)
    dialog.get_by_label("What is needed").fill(MISSING)
    expect(dialog.get_by_role("alert").filter(has_text="at least 10 characters")).to_have_count(0)
    dialog.get_by_role("button", name="Send the request").click()
    expect(dialog.get_by_role("alert").filter(has_text="Choose a due date in the future.")).to_be_visible()
    due = date.today() + timedelta(days=200)
    dialog.get_by_label("Due date").fill(due.isoformat())
    dialog.get_by_label("Questions and documents").press_sequentially("trading comp years")  # words in any order
    expect(page.get_by_role("option")).to_have_count(1)
    page.get_by_role("option", name="Company: Years trading").click()
    expect(dialog.get_by_label("Words about it")).to_be_focused()
    dialog.get_by_role("button", name="Send the request").click()

    expect(page.get_by_role("heading", name="Waiting for the partner")).to_be_visible()
    expect(page.locator(".notice", has_text="Waiting for the partner")).to_contain_text(f"Answer by {day(due)}.")
    expect(page.locator("#decision").get_by_text("wait until it is sent again").first).to_be_visible()
    (mail,) = eventually(lambda: product.mails_to(address_of("Asked Solar Ltd"), "information"), "the request by mail")
    assert MISSING in text_of(mail)

    with environment_of({"DATABASE_URL": product["database_url"]}):
        desk.sent_again(application, company_name="Asked Solar Ltd", vat_number="", years_trading=15)
    page.reload()
    changed = page.locator("details", has_text="Changed in the last submission")
    expect(changed.get_by_role("row", name=re.compile("Years trading 12 15"))).to_be_visible()


def test_who_marked_it_reviewed_cannot_decide_even_past_the_button(product: Product, page: Page) -> None:
    product.sign_in(page, "Arthur Adeyemi")
    page.goto(product.url(f"/review/{applied(product, 'Own Solar Ltd')}"))
    review(page, "Arthur Adeyemi")
    press(page, "Mark reviewed", "Mark reviewed")
    expect(page.get_by_text("You reviewed a part of this application. Somebody else must decide.")).to_be_visible()
    approve = page.get_by_role("button", name="Approve")
    expect(approve).to_be_disabled()

    approve.evaluate("button => button.removeAttribute('disabled')")
    approve.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Message in the email").fill("Welcome")
    dialog.get_by_role("button", name="Approve").click()
    expect(dialog.get_by_role("alert").filter(has_text="Somebody else must decide")).to_be_visible()
    expect(dialog.get_by_label("Message in the email")).to_have_value("Welcome")


def test_a_rejection_gives_its_reason_to_the_partner(product: Product, page: Page) -> None:
    application = applied(product, "Rejected Solar Ltd")
    product.sign_in(page, "Rosa Reyes")
    page.goto(product.url(f"/review/{application}"))
    review(page, "Rosa Reyes")
    press(page, "Mark reviewed", "Mark reviewed")
    product.sign_in(page, "Arthur Adeyemi")
    page.goto(product.url(f"/review/{application}"))
    press(page, "Reject", "Reject", Reason=MISSING)
    expect(page.locator("#decision")).to_contain_text("Rejected by Arthur Adeyemi")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    (mail,) = eventually(lambda: product.mails_to(address_of("Rejected Solar Ltd"), application) and [
        mail for mail in product.mails_to(address_of("Rejected Solar Ltd")) if MISSING in text_of(mail)], "the rejection by mail")  # fmt: skip
    assert MISSING in text_of(mail)


def test_after_a_sign_in_has_run_out_an_open_page_does_nothing_more_and_keeps_what_was_typed(product: Product, page: Page) -> None:
    product.sign_in(page, "Rosa Reyes")
    page.goto(product.url(f"/review/{applied(product, 'Left Open Solar Ltd')}"))
    page.get_by_label("New note").fill("Call them on Monday")
    with environment_of({"DATABASE_URL": product["database_url"]}), transaction() as session:
        rosa = select(User.id).where(User.name == "Rosa Reyes")
        for one in session.exec(select(SignIn).where(col(SignIn.user_id).in_(rosa))):
            one.expires_at = now()
            session.add(one)
    page.get_by_role("button", name="Add the note").click()
    expect(page.get_by_role("alert").filter(has_text="You are signed out").first).to_be_visible()
    expect(page.get_by_label("New note")).to_have_value("Call them on Monday")
    expect(page.locator(".note")).to_have_count(0)


def test_what_is_typed_and_not_sent_survives_a_reload_and_is_gone_from_every_tab_after_a_sign_out(
    product: Product, page: Page, context: BrowserContext
) -> None:
    product.sign_in(page, "Rosa Reyes")
    page.goto(product.url(f"/review/{applied(product, 'Half Typed Solar Ltd')}"))
    until(page, "window.did_handshake")
    insurance, request, dialog = page.locator("#section-insurance"), page.locator("#deed-request"), page.get_by_role("dialog")
    note, why, needed = page.get_by_label("New note"), insurance.get_by_label("Why"), dialog.get_by_label("What is needed")
    note.fill("Call them on Monday")
    insurance.get_by_role("button", name="Failed").click()
    why.fill(MISSING)
    request.click()
    needed.fill("Two things, in short.")
    dialog.get_by_label("Questions and documents").press_sequentially("Years trading")
    page.get_by_role("option", name="Company: Years trading").click()
    dialog.get_by_label("Words about it").fill("Since when?")

    page.reload()
    expect(note).to_have_value("Call them on Monday")
    expect(why).to_have_value(MISSING)
    expect(insurance.get_by_role("status").filter(has_text="Kept from before, not sent.")).to_be_visible()
    request.click()
    expect(needed).to_have_value("Two things, in short.")
    expect(dialog.get_by_label("Words about it")).to_have_value("Since when?")
    dialog.get_by_role("button", name="Throw it away").click()
    expect(needed).to_be_focused()
    expect(needed).to_have_value("")
    expect(dialog.get_by_label("Words about it")).to_have_count(0)
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    insurance.get_by_role("button", name="Save the verdict").click()
    expect(insurance.locator(".standing")).to_contain_text("Failed by Rosa Reyes")
    assert [key.split()[0].split(":")[-1] for key in page.evaluate(UNSENT)] == ["note"]  # what was sent, or thrown away, is kept no more

    other = context.new_page()
    other.goto(product.url("/review"))
    other.get_by_role("button", name="Sign out").click()
    for one in (other, page):
        expect(one.get_by_role("heading", name="You are signed out")).to_be_visible()
        assert one.evaluate(UNSENT) == []
    page.get_by_role("link", name="Sign in again").click()
    expect(page.get_by_role("link", name="Rosa Reyes")).to_be_visible()  # and nobody is let in without being asked who they are


def test_an_invitation_that_is_not_complete_names_every_field(product: Product, page: Page) -> None:
    product.sign_in(page, "Olivia Okafor")
    page.goto(product.url("/invitations"))
    page.get_by_role("button", name="Invite a partner").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Company").fill("X")
    dialog.get_by_label("Email").fill("not an address")
    dialog.get_by_label("Open until").fill("2020-01-01")
    dialog.get_by_role("button", name="Send the invitation").click()
    for sentence in ("2 to 200 characters", "like name@example.com", "Choose today or a later day."):
        expect(dialog.get_by_role("alert").filter(has_text=sentence)).to_be_visible()
    expect(dialog.get_by_label("Email")).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_label("Company")).to_have_value("X")


def test_an_invitation_is_made_corrected_extended_and_revoked(product: Product, page: Page) -> None:
    product.sign_in(page, "Olivia Okafor")
    page.goto(product.url("/invitations"))
    press(
        page,
        "Invite a partner",
        "Send the invitation",
        Company="Invited Solar Ltd",
        Email="wrong@invited.example",
        Contact_name="Ada Byron",
    )
    expect(page.get_by_role("heading", name="Invited Solar Ltd is invited")).to_be_visible()
    code = page.locator(".code").inner_text()
    assert re.fullmatch("[0-9A-Z]{8}", code)
    page.get_by_role("button", name="Invite a partner").click()
    again = page.get_by_role("dialog")
    expect(again.get_by_label("Company")).to_have_value("")  # nothing of the last partner goes to the next
    expect(again.get_by_label("Email")).to_have_value("")
    page.keyboard.press("Escape")
    expect(again).to_be_hidden()
    line = page.locator("tr", has_text=code)
    expect(line).to_contain_text("Sent")  # the page looks again by itself

    line.get_by_role("button", name="Send again").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Email").fill("ada@invited.example")
    dialog.get_by_role("button", name="Send again").click()
    expect(line).to_contain_text("ada@invited.example")
    expect(page.get_by_role("heading", name="Invited Solar Ltd is invited")).to_have_count(0)  # it named the wrong address
    (mail,) = eventually(lambda: product.mails_to("ada@invited.example"), "the invitation at the corrected address")
    assert code in text_of(mail)

    line.get_by_role("button", name="Extend").click()
    dialog.get_by_label("Open until").fill("2099-12-31")
    dialog.get_by_role("button", name="Extend").click()
    expect(dialog.get_by_role("alert").filter(has_text="Choose a day within a year")).to_be_visible()
    until = date.today() + timedelta(days=200)
    dialog.get_by_label("Open until").fill(until.isoformat())
    dialog.get_by_role("button", name="Extend").click()
    expect(line).to_contain_text(day(until))
    assert product.post("/api/validate-invitation", {"invitationCode": code}).json()["valid"] is True

    line.get_by_role("button", name="Revoke").click()
    dialog.get_by_role("button", name="Revoke").click()
    expect(line).to_have_count(0)
    page.get_by_role("link", name=re.compile("^Revoked")).click()
    expect(line).to_be_visible()
    assert product.post("/api/validate-invitation", {"invitationCode": code}).json()["valid"] is False


def test_what_cannot_be_delivered_is_seen_by_itself_retried_and_settled(product: Product, page: Page, mail_fails: None) -> None:
    product.sign_in(page, "Olivia Okafor")
    page.goto(product.url("/deliveries"))
    for company in ("One", "Two"):
        body = {"Title": "Ms", "CompanyName": f"Refused {company} Ltd", "ContactEmail": f"{company.lower()}@refused.example"}
        assert product.post("/api/sync-invitation", body).status_code == 201
    one, two = (page.locator("tbody tr", has_text=f"Refused {company} Ltd") for company in ("One", "Two"))
    expect(one).to_contain_text("does not take mail for", timeout=30_000)  # the page looks again by itself
    expect(two).to_contain_text("Failed", timeout=30_000)

    two.get_by_role("button", name="Settle").click()
    press_settle(page, "Told them by telephone.")
    expect(two).to_have_count(0)

    requests.delete(f"{product['mailbox_url'].rstrip('/')}/_faults", timeout=5)
    retry = one.get_by_role("button", name="Retry now")
    retry.focus()
    page.keyboard.press("Enter")
    expect(one).to_have_count(0, timeout=30_000)
    eventually(lambda: product.mails_to("one@refused.example"), "the mail after the retry")
    page.goto(product.url("/deliveries?q=Refused&status=settled"))
    expect(two).to_contain_text("Told them by telephone.")


def test_an_operator_stops_a_kind_of_delivery_and_lets_it_go_on(product: Product, page: Page) -> None:
    product.sign_in(page, "Olivia Okafor")
    page.goto(product.url("/deliveries?target=email.suspended"))
    page.get_by_role("button", name="Stop deliveries").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Stop", exact=True).click()
    expect(dialog.get_by_text("Say why it is stopped")).to_be_visible()
    expect(dialog.get_by_label("Why")).to_be_focused()  # what is shown alone is chosen already
    dialog.get_by_label("Why").fill("The words are being corrected.")
    dialog.get_by_role("button", name="Stop", exact=True).click()
    stopped = page.get_by_role("region", name="Stopped")
    expect(stopped).to_contain_text("Email: approval suspended")
    expect(stopped).to_contain_text("The words are being corrected.")
    stopped.get_by_role("button", name="Resume: Email: approval suspended").click()
    expect(stopped).to_have_count(0)
    expect(page.get_by_role("button", name="Stop deliveries")).to_be_focused()


def test_the_focus_survives_the_list_looking_again(product: Product, page: Page, mail_fails: None) -> None:
    body = {"Title": "Ms", "CompanyName": "Refused Focus Ltd", "ContactEmail": "focus@refused.example"}
    assert product.post("/api/sync-invitation", body).status_code == 201
    product.sign_in(page, "Olivia Okafor")
    page.goto(product.url("/deliveries?q=Refused+Focus&status=failed"))
    button = page.get_by_role("button", name=re.compile("^Retry now"))
    expect(button).to_be_visible(timeout=30_000)
    button.focus()
    page.wait_for_timeout(11_000)  # two looks; the times in the list have changed, so it was drawn again
    expect(button).to_be_focused()


def with_documents(product: Product, company: str) -> str:
    """The reference of an application sent by API, documents and all."""
    body = {"Title": "Ms", "CompanyName": company, "ContactEmail": address_of(company)}
    code = product.post("/api/sync-invitation", body).json()["invitation"]["code"]
    steps = api_steps()
    steps["step1"] |= {"companyName": company, "vatNumber": ""}
    steps["step2"]["primaryContactEmail"] = address_of(company)
    steps["step2"] |= {"primaryContactEmail": address_of(company)}
    files = [uploaded(product, code, slot) for slot in wanted_documents()]
    answer = product.post("/api/epc-application", {"invitationCode": code, **steps, "fileReferences": files})
    assert answer.status_code == 201, answer.text
    return str(product.get("/api/status", invitationCode=code).json()["referenceNumber"])


def applied(product: Product, company: str) -> str:
    """The reference of an application put straight into the product's database by its verbs: the API counts callers."""
    with environment_of({"DATABASE_URL": product["database_url"]}):
        return desk.applied(company, vat_number="", primary_contact_email=address_of(company))


def address_of(company: str) -> str:
    return f"{company.split()[0].lower()}@applicant.example"


def review(page: Page, name: str) -> None:
    for section in SECTIONS:
        place = page.locator(f"#section-{section}")
        place.get_by_role("button", name="Passed").click()
        expect(place.locator(".standing")).to_contain_text(name)


def press_settle(page: Page, why: str) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What was done instead").fill(why)
    dialog.get_by_role("button", name="Settle").click()
    expect(dialog).to_be_hidden()
