"""A decision in the browser: begun from a letter, seen as the mail it becomes, made, undone, and carried out when its time is over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlmodel import select

from e2e import states
from e2e.looking import looking
from e2e.product import Product, eventually, running, text_of, until
from models.application import by_reference
from models.database import now, transaction
from models.decision import WAITING, Decision, DecisionKind
from models.invitation import find, speak
from models.letter_template import add_template
from models.people import disable, enable
from models.person import Role
from models.review import approve
from tests import desk
from tests.parts import environment_of

DUE = date.today() + timedelta(days=40)
CONDITION = "Send the renewed public liability certificate."
KNOWN = {"DECISION_UNDO_MINUTES": "10"}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product as it is shipped: a decision can be undone for ten minutes."""
    with running(tmp_path_factory.mktemp("deciding") / "var", **KNOWN) as found:
        yield found


def test_a_decision_is_seen_as_its_mail_undone_made_again_and_leaves_by_itself(product: Product, page: Page, browser: Browser) -> None:
    reference = reviewed(product, "Second Thoughts Ltd", email="helen@second-thoughts.co.uk")
    arrive(product, page, reference, "Arthur Adeyemi")
    dialog = opened(page, "approve")
    dialog.get_by_label("Message in the email").fill("Typed by hand.")
    choose(page, dialog, "Welcome")
    expect(dialog.get_by_label("Message in the email")).to_have_value(re.compile("glad to have Second Thoughts Ltd"))
    dialog.get_by_role("button", name="Put mine back").click()
    expect(dialog.get_by_label("Message in the email")).to_have_value("Typed by hand.")
    dialog.get_by_role("button", name="Add a condition").click()
    expect(dialog.get_by_role("textbox", name="Condition")).to_be_focused()
    dialog.get_by_role("button", name="Approve", exact=True).click()
    expect(dialog.get_by_role("alert").filter(has_text="5 to 500 characters")).to_be_visible()
    dialog.get_by_role("textbox", name="Condition").fill(CONDITION)
    mail = dialog.locator("iframe")
    dialog.get_by_label("Due date").fill("2020-01-31")
    dialog.get_by_role("button", name="Preview").click()  # no letter with a day that the verb refuses
    expect(dialog.get_by_role("alert").filter(has_text="Choose a due date in the future.")).to_be_visible()
    dialog.get_by_label("Due date").press_sequentially("31022030")  # which the browser shows, and hands over as nothing
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_role("alert").filter(has_text="Enter the due date like 31/12/2026.")).to_be_visible()
    expect(mail).to_have_count(0)
    dialog.get_by_label("Due date").fill(DUE.isoformat())
    dialog.get_by_role("button", name="Preview").click()
    expect(mail).to_have_attribute("sandbox", "")
    expect(dialog.locator(".mail-head")).to_contain_text(f"helen@second-thoughts.co.ukSubjectYour application {reference} is approved, with conditions")
    expect(mail.content_frame.locator("body")).to_contain_text("Typed by hand.")
    expect(mail.content_frame.locator("li")).to_contain_text(CONDITION)
    dialog.get_by_label("Message in the email").fill("Welcome to the team.")
    expect(mail).to_be_hidden()  # it is no more what would be sent
    dialog.get_by_role("button", name="Approve", exact=True).click()

    expect(page.locator("#leaving")).to_contain_text("Arthur Adeyemi has approved this application with conditions.")
    left = page.locator("#leaving .left")
    expect(left).to_have_text(re.compile(r"Time left: 9:\d\d"))
    shown = left.inner_text()
    expect(left).not_to_have_text(shown)
    expect(page.locator("#decision")).to_contain_text("Undo it first to change anything.")
    page.locator("#undo-decision").click()
    expect(page.locator("#leaving")).to_have_count(0)
    expect(page.locator("#decision")).to_be_focused()

    dialog = opened(page, "approve")
    dialog.get_by_label("Message in the email").fill("Welcome to the team.")
    dialog.get_by_role("button", name="Add a condition").click()
    dialog.get_by_role("textbox", name="Condition").fill(CONDITION)
    dialog.get_by_role("button", name="Approve", exact=True).click()
    expect(page.locator("#undo-decision")).to_be_visible()
    other = browser.new_context(locale="en-GB").new_page()
    arrive(product, other, reference, "Rosa Reyes")  # who may not decide
    expect(other.locator("#leaving")).to_contain_text("Time left")
    expect(other.locator("#undo-decision")).to_have_count(0)
    assert product.mails_to("helen@second-thoughts.co.uk", "approved") == []

    in_seconds(product, 4)
    other.reload()  # its clock begins anew; from then on it looks by itself
    expect(other.locator("#decision")).to_contain_text("Approved by Arthur Adeyemi", timeout=40_000)
    [letter] = eventually(lambda: product.mails_to("helen@second-thoughts.co.uk", "approved, with conditions"), "the letter")
    assert CONDITION in text_of(letter)
    assert "Welcome to the team." in text_of(letter)
    page.reload()
    page.get_by_role("button", name=f"Met: {CONDITION}").click()
    expect(page.locator(".conditions-list .tag")).to_have_text("Met")
    expect(page.locator(".conditions-list button")).to_be_focused()
    page.get_by_role("button", name=f"Not met yet: {CONDITION}").click()
    expect(page.locator(".conditions-list .tag")).to_have_text("Not met yet")
    other.context.close()


def test_a_letter_and_conditions_half_written_are_there_again_after_a_reload_and_not_after_they_were_sent(product: Product, page: Page) -> None:
    reference = reviewed(product, "Half Written Ltd")
    arrive(product, page, reference, "Arthur Adeyemi")
    dialog = opened(page, "approve")
    dialog.get_by_label("Message in the email").fill("A line of a letter that has become too long.\n" * 200)
    dialog.get_by_role("button", name="Approve", exact=True).click()
    expect(dialog.get_by_role("alert").filter(has_text="Shorten this to 8,000 characters.")).to_be_in_viewport(ratio=1)
    expect(dialog.get_by_label("Message in the email")).to_be_focused()
    dialog.get_by_label("Message in the email").fill("Welcome, with two things to do.")
    for number, text in enumerate((CONDITION, "Name a second contact.")):
        dialog.get_by_role("button", name="Add a condition").click()
        dialog.get_by_role("textbox", name="Condition").nth(number).fill(text)
        dialog.get_by_label("Due date").nth(number).fill(DUE.isoformat())
    dialog.get_by_role("button", name="Remove this condition").first.click()

    page.reload()
    opened(page, "approve")
    expect(dialog.get_by_text("Kept from before, not sent.")).to_be_visible()
    expect(dialog.get_by_label("Message in the email")).to_have_value("Welcome, with two things to do.")
    expect(dialog.get_by_role("textbox", name="Condition")).to_have_value("Name a second contact.")
    expect(dialog.get_by_label("Due date")).to_have_value(DUE.isoformat())
    dialog.get_by_role("button", name="Approve", exact=True).click()
    expect(page.locator("#leaving")).to_contain_text("Arthur Adeyemi has approved this application with conditions.")
    assert page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('unsent:'))") == []


def test_a_letter_is_written_refused_deleted_taken_back_and_offered_in_its_language(product: Product, page: Page) -> None:
    reference = reviewed(product, "Sprachen GmbH", language="de")
    product.sign_in(page, "Arthur Adeyemi")
    page.get_by_role("link", name="Letters").click()
    page.get_by_role("button", name="Write a letter").click()
    dialog = page.get_by_role("dialog")
    choose(page, dialog, "Rejection", field="What it is for")
    choose(page, dialog, "Deutsch", field="Language")
    dialog.get_by_label("Title").fill("Kein Bedarf")
    dialog.get_by_label("Words").fill("Guten Tag {name}, zurzeit suchen wir niemanden.")
    dialog.get_by_role("button", name="Save the letter").click()
    expect(dialog.get_by_role("alert").filter(has_text="There is no placeholder {name}.")).to_be_visible()
    expect(dialog.get_by_label("Words")).to_be_focused()
    dialog.get_by_label("Words").fill("Zurzeit suchen wir in der Region von {company} niemanden.")
    dialog.get_by_role("button", name="Save the letter").click()
    card = page.get_by_role("listitem").filter(has_text="Kein Bedarf")
    expect(card).to_contain_text("Written by Arthur Adeyemi")
    card.get_by_role("button", name="Delete the letter").click()
    expect(card).to_have_count(0)
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(card).to_be_visible()
    card.get_by_role("button", name="Change the letter").click()
    dialog.get_by_label("Title").fill("Kein Bedarf zurzeit")
    dialog.get_by_role("button", name="Save the letter").click()

    arrive(product, page, reference, "Arthur Adeyemi")
    dialog = opened(page, "reject")
    choose(page, dialog, "Kein Bedarf zurzeit")
    expect(dialog.get_by_label("Reason")).to_have_value("Zurzeit suchen wir in der Region von Sprachen GmbH niemanden.")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.locator("iframe").content_frame.locator("html")).to_have_attribute("lang", "de")
    dialog.get_by_role("button", name="Reject", exact=True).click()
    expect(page.locator("#leaving")).to_contain_text("Arthur Adeyemi has rejected this application.")


def test_on_a_telephone_one_is_led_to_a_held_decision_and_confirms_it(product: Product, page: Page) -> None:
    reference = reviewed(product, "Held Solar Ltd")
    held(product, reference)
    page.set_viewport_size({"width": 375, "height": 780})
    arrive(product, page, reference, "Arthur Adeyemi")
    until(page, "window.did_handshake")
    panel = page.locator("#decision")
    expect(panel).not_to_be_in_viewport()
    page.get_by_role("link", name="To the decision").click()
    expect(panel).to_be_in_viewport()
    expect(panel).to_contain_text("The account of Approver Person was disabled before it left, so it is held")
    panel.get_by_role("button", name="Confirm the decision").click()
    expect(page.locator("#leaving")).to_contain_text("Arthur Adeyemi has approved this application.")
    expect(page.locator("#leaving")).to_contain_text("Time left:")
    expect(panel.get_by_role("button", name="Confirm the decision")).to_have_count(0)
    panel.get_by_role("button", name="Undo the decision").click()
    expect(page.locator("#leaving")).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_axe_finds_nothing_while_something_is_decided(product: Product, browser: Browser, language: str) -> None:
    open_one, waiting, approved = (reviewed(product, f"{name} {language} Ltd") for name in (states.LONG_COMPANY, "Waiting", "Approved"))
    with states.within(product), environment_of(KNOWN):
        desk.brought_to_decision(waiting)
    with states.within(product):
        desk.brought_to_decision(approved, overdue=True)
        with transaction() as session:
            add_template(session, desk.person(Role.APPROVER), DecisionKind.APPROVAL, language, f"Ours {language}", "Welcome to {company}.")
    with looking(browser, language, "deciding") as look:
        product.sign_in(look.page, "Arthur Adeyemi")
        assert look.each(_states(product, look.page, open_one, waiting, approved)) == []


def _states(product: Product, page: Page, open_one: str, waiting: str, approved: str) -> Iterator[str]:
    page.goto(product.url(f"/review/{open_one}"))
    dialog = opened(page, "approve")
    yield "approve"
    dialog.locator(".conditions button").last.click()
    dialog.locator(".conditions textarea").fill("Send")
    dialog.locator(".ends button").last.click()
    expect(dialog.locator(".field.invalid").first).to_be_visible()
    yield "approve, refused"
    dialog.locator(".conditions textarea").fill(CONDITION)
    dialog.locator(".ends button").nth(1).click()
    expect(dialog.locator("iframe")).to_be_visible()
    yield "approve, previewed"
    page.goto(product.url(f"/review/{waiting}"))
    expect(page.locator("#undo-decision")).to_be_visible()
    yield "waiting"
    held(product, open_one)
    page.goto(product.url(f"/review/{open_one}"))
    expect(page.locator("#confirm-decision")).to_be_visible()
    yield "held"
    page.goto(product.url(f"/review/{approved}"))
    expect(page.locator(".conditions-list li")).to_have_count(2)
    yield "conditions, one overdue"
    page.goto(product.url("/letters"))
    expect(page.locator("[data-act=change]").first).to_be_visible()
    yield "letters"
    page.locator("#write-letter").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.locator(".sheet .ends button").last.click()
    expect(page.locator(".sheet .field.invalid").first).to_be_visible()
    yield "letters, refused"


def reviewed(product: Product, company: str, *, email: str = "", language: str = "en") -> str:
    """An application on which somebody can decide."""
    with states.within(product):
        answers = {"primary_contact_email": email} if email else {}
        reference = desk.brought(desk.applied(company, **answers, vat_number=""), to="reviewed")
        with transaction() as session:
            invitation = find(session, desk.row(session, reference).invitation_code)
            assert invitation is not None
            speak(session, invitation, language)
        return reference


def held(product: Product, reference: str) -> None:
    """Whoever approved it was cut off before it left, and let in again since."""
    with states.within(product), environment_of(KNOWN):
        approver, admin = desk.person(Role.APPROVER), desk.person(Role.ADMIN)
        with transaction() as session:
            approve(session, approver, by_reference(session, reference, lock=True), "Welcome to the team.")
        for verb in (disable, enable):
            with transaction() as session:
                verb(session, admin, approver.user_id or 0)


def arrive(product: Product, page: Page, reference: str, name: str) -> None:
    product.sign_in(page, name)
    page.goto(product.url(f"/review/{reference}"))


def opened(page: Page, action: str) -> Locator:
    """The dialog of a decision, with its letters."""
    page.locator(f"#deed-{action}").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def choose(page: Page, dialog: Locator, option: str, *, field: str = "Letter to begin with") -> None:
    dialog.get_by_label(field).click()
    page.get_by_role("option", name=option, exact=True).click()


def in_seconds(product: Product, seconds: int) -> None:
    """The ten minutes of the decision that waits are nearly over."""
    with states.within(product), transaction() as session:
        made = session.exec(select(Decision).where(*WAITING)).one()
        made.takes_effect_at = now() + timedelta(seconds=seconds)
        session.add(made)
