"""Finding one's way at the desk: the command palette, the keys of an application's page, and notes that reach who they are for."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from e2e import states
from e2e.person import barriers
from e2e.product import Product, eventually, text_of, until
from tests import desk

TOLD = "Your certificate has arrived, thank you. Nothing more is needed."


def test_everything_is_found_by_its_name_with_the_keyboard_and_with_a_finger(product: Product, page: Page, browser: Browser) -> None:
    reference, other = fresh(product, "Palette Solar Ltd"), fresh(product, "Palette Wind Ltd")
    product.sign_in(page, "Rosa Reyes")
    arrive(page, product.url("/people"))
    page.keyboard.press("Control+k")
    words = page.get_by_role("combobox", name="Company, reference, code, page or action")
    expect(words).to_be_focused()
    words.press_sequentially("palette so")
    found = page.get_by_role("option", name=re.compile("Palette Solar Ltd"))
    expect(found).to_have_attribute("aria-selected", "true")
    expect(words).to_have_attribute("aria-activedescendant", found.get_attribute("id") or "")
    expect(page.locator("#palette [role=status]")).to_have_text("1 found")
    assert barriers(page, "palette") == []
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Palette Solar Ltd", level=1)).to_be_visible()
    until(page, "window.did_handshake")

    page.keyboard.press("Control+k")
    words.press_sequentially("approve")
    barred = page.get_by_role("option", name=re.compile("^Approve"))
    expect(barred).to_contain_text("Your account may not decide on applications.")
    page.keyboard.press("Enter")  # it says why, and nothing happens
    expect(page.locator("#palette [role=status]")).to_have_text("Your account may not decide on applications.")
    words.fill("request")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("heading", name="Ask the partner for information")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    context = browser.new_context(viewport={"width": 375, "height": 780}, has_touch=True, locale="en-GB", storage_state=page.context.storage_state())
    hand = context.new_page()
    arrive(hand, product.url(f"/review/{other}"))
    arrive(hand, product.url("/review"))
    hand.get_by_role("button", name="Search and commands").tap()
    last = hand.get_by_role("group", name="Recent").get_by_role("option")
    expect(last.first).to_contain_text("Palette Wind Ltd")  # what was opened last comes first
    assert barriers(hand, "palette on a telephone") == []
    last.filter(has_text="Palette Solar Ltd").tap()
    expect(hand.get_by_role("heading", name="Palette Solar Ltd", level=1)).to_be_visible()
    assert reference in hand.url
    context.close()


def test_one_goes_from_application_to_application_by_keys_and_is_led_on_after_a_decision(product: Product, page: Page) -> None:
    for name in ("Keyring A Ltd", "Keyring B Ltd", "Keyring C Ltd"):
        fresh(product, name)
    product.sign_in(page, "Rosa Reyes")
    arrive(page, product.url("/review?q=keyring&sort=company"))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    around = page.get_by_role("navigation", name="Applications of the list")
    expect(around).to_contain_text("1 of 3 found in “Needs work”")
    until(page, "window.did_handshake")
    pressed(page, "j", "Keyring B Ltd")
    pressed(page, "k", "Keyring A Ltd")
    pressed(page, "j", "Keyring B Ltd")
    page.keyboard.press("a")
    expect(page.locator(".reviewing")).to_contain_text("Reviewer: you")
    page.keyboard.press("n")
    page.keyboard.type("jkaru?")  # in a field they are letters
    expect(page.get_by_label("New note")).to_have_value("jkaru?")
    page.get_by_label("New note").fill("")
    page.locator("h1").click()
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What is needed").fill("Send the certificate of the new year.")
    dialog.get_by_role("button", name="Send the request").click()
    expect(around).to_contain_text("It has left “Needs work” and is in “Waiting for the partner” now.")
    onward = page.get_by_role("link", name="Next: Keyring C Ltd")
    expect(onward).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Keyring C Ltd", level=1)).to_be_visible()
    expect(around).to_contain_text("2 of 2 found in “Needs work”")
    until(page, "window.did_handshake")
    page.keyboard.press("u")
    expect(page).to_have_url(product.url("/review?q=keyring&view=work&sort=company"))
    expect(page.get_by_label("Search applications")).to_have_value("keyring")


def test_a_note_reaches_the_colleague_who_is_mentioned_and_one_to_the_partner_reaches_the_partner(
    product: Product, page: Page, browser: Browser
) -> None:
    with states.within(product):
        code = states.invited()
        partner = browser.new_context(locale="en-GB").new_page()
        partner.goto(product.url(f"/apply?code={code}"))
        partner.wait_for_url(re.compile(r"/apply/\w+"))
        states.answered(code)
        states.documented(code)
        reference = states.sent(code)
    product.sign_in(page, "Arthur Adeyemi")
    arrive(page, product.url("/people"))
    expect(page.locator("#mentions")).to_be_hidden()

    rosa = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB").new_page()
    product.sign_in(rosa, "Rosa Reyes")
    arrive(rosa, product.url(f"/review/{reference}"))
    note = rosa.get_by_label("New note")
    note.press_sequentially("Is this enough, @ad")
    expect(rosa.get_by_role("option", name="Arthur Adeyemi")).to_be_visible()
    note.press("ArrowDown")
    note.press("ArrowUp")
    rosa.get_by_role("option", name="Arthur Adeyemi").click()
    expect(note).to_have_value("Is this enough, @Arthur Adeyemi ")
    expect(note).to_be_focused()
    rosa.get_by_role("button", name="Add the note").click()
    expect(rosa.locator(".note strong")).to_have_text("@Arthur Adeyemi")
    rosa.get_by_role("button", name="Change", exact=True).click()
    changed = rosa.get_by_role("dialog").get_by_role("textbox", name="Note")
    changed.fill("")
    changed.press_sequentially("Is this really enough, @ad")
    expect(rosa.get_by_role("option", name="Arthur Adeyemi")).to_be_visible()
    changed.press("Escape")
    expect(rosa.get_by_role("option")).to_have_count(0)  # the list closes, and the dialog stays
    changed.press("Backspace")
    changed.press_sequentially("rthur")  # other tests have people of theirs
    changed.press("Enter")
    expect(changed).to_have_value("Is this really enough, @Arthur Adeyemi ")
    rosa.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(rosa.locator(".note")).to_contain_text("Is this really enough, @Arthur Adeyemi")
    rosa.get_by_role("button", name="Delete").click()
    rosa.get_by_role("button", name="Restore it").click()
    expect(rosa.locator(".note strong")).to_have_text("@Arthur Adeyemi")

    note.fill("And you, @Arthur?")  # not the whole name: the note is saved, and that nobody hears of it is said
    note.press("Escape")
    rosa.get_by_role("button", name="Add the note").click()
    expect(rosa.locator("#note-unknown")).to_contain_text("@Arthur told nobody, as it is nobody’s whole name. It may stand for: Arthur Adeyemi.")
    expect(rosa.locator(".note").first).to_contain_text("And you, @Arthur?")
    expect(note).to_have_value("")
    rosa.get_by_role("button", name="Change", exact=True).first.click()
    changed.fill("And you?")
    rosa.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(rosa.locator("#note-unknown")).to_have_text("")

    note.fill(TOLD)
    rosa.get_by_role("button", name="The partner too").click()
    expect(rosa.locator(".composer")).to_contain_text(re.compile("The partner will read this: .*helen.marsh@.*cannot be taken back"))
    rosa.get_by_role("button", name="Send to the partner").click()
    expect(rosa.locator(".note.public")).to_contain_text(TOLD)
    expect(rosa.get_by_role("button", name="Staff only")).to_have_attribute("aria-pressed", "true")  # the next one is private again
    rosa.context.close()

    page.reload()
    counter = page.get_by_role("link", name="1 mention")
    expect(counter).to_be_visible()
    counter.click()
    page.get_by_role("link", name="Brightfield Solar Ltd").click()
    expect(page.locator(".note strong")).to_have_text("@Arthur Adeyemi")
    expect(page.locator("#mentions")).to_be_hidden()

    [mail] = eventually(lambda: product.mails_to("helen.marsh@", f"A message about your application {reference}"), "the mail to the partner")
    assert TOLD in text_of(mail) and "enough" not in text_of(mail)
    partner.goto(product.url("/apply/status"))
    expect(partner.get_by_role("region", name="Messages from us")).to_contain_text(TOLD)
    expect(partner.locator("body")).not_to_contain_text("really enough")
    partner.context.close()


def fresh(product: Product, company: str) -> str:
    """The reference of an application that nobody has looked at."""
    with states.within(product):
        return desk.applied(company, vat_number="", company_registration="09876543")


def arrive(page: Page, address: str) -> None:
    """Open a page of the desk and wait until it listens."""
    page.goto(address)
    until(page, "window.did_handshake")


def pressed(page: Page, key: str, company: str) -> None:
    """A key leads to another application."""
    page.keyboard.press(key)
    expect(page.get_by_role("heading", name=company, level=1)).to_be_visible()
    until(page, "window.did_handshake")
