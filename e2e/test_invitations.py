"""Invitations at the desk as its people use them: where each stands, many at once from a file, reminders, and a slip taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from e2e import states
from e2e.looking import VIEWS, looking
from e2e.product import Product, eventually, rows, text_of, until
from models.application import begin
from models.database import transaction
from models.draft import Answer, save_answers
from models.invitation import find, invite
from models.person import PORTAL
from models.returned import Returned, returned

HEADER = "Company;Email;Contact name;Language"
#: What the recipient's mail server tells hours later.
REPORT = """\
From: MAILER-DAEMON@mx.saber.example
Content-Type: multipart/report; report-type=delivery-status; boundary=B
MIME-Version: 1.0

--B
Content-Type: text/plain

It could not be delivered.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.saber.example

Final-Recipient: rfc822; typo@bounced.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 No such mailbox here

--B
Content-Type: text/rfc822-headers

Message-ID: {0}

--B--
"""


@pytest.fixture
def desk(product: Product, page: Page) -> Page:
    """Operations, at the list of all invitations."""
    product.sign_in(page, "Olivia Okafor")
    at(product, page, "/invitations?status=all")
    return page


def at(product: Product, page: Page, path: str) -> None:
    page.goto(product.url(path))
    until(page, "window.did_handshake")


def drafted(product: Product, company: str) -> str:
    """The code of an invitation whose partner has begun, in the second step."""
    with states.within(product), transaction() as session:
        email = f"{company.split()[0].lower()}@draft.example"
        made = invite(session, PORTAL, company_name=company, contact_email=email)
        save_answers(session, begin(session, made), [Answer("primary_contact_name", "Ada Byron", 1)])
        return made.code


def line_of(page: Page, text: str) -> Locator:
    return page.locator("tbody tr", has_text=text)


def choose(page: Page, folder: Path, *lines: str, name: str = "partners.csv") -> None:
    file = folder / name
    file.write_bytes("\r\n".join((HEADER, *lines)).encode("utf-8-sig"))
    page.get_by_label("CSV file").set_input_files(file)


def test_the_list_says_where_each_stands_and_its_address_can_be_sent_on(product: Product, desk: Page) -> None:
    drafted(product, "Stuck Solar Ltd")
    at(product, desk, "/invitations?status=started")
    expect(line_of(desk, "Stuck Solar Ltd")).to_contain_text("Step 2 of 6: Contacts")
    desk.get_by_role("link", name=re.compile("^Started")).click()
    expect(desk).to_have_url(product.url("/invitations?status=started"))


def test_an_address_that_is_invited_already_is_told_of_before_and_invited_anyway_on_purpose(product: Product, desk: Page) -> None:
    drafted(product, "Twice Solar Ltd")
    at(product, desk, "/invitations")
    desk.get_by_role("button", name="Invite a partner").click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("Company").fill("Twice Wind Ltd")
    dialog.get_by_label("Email").fill("Twice@draft.example")
    dialog.get_by_role("button", name="Send the invitation").click()
    told = dialog.locator(".already")
    expect(told.get_by_role("heading", name="twice@draft.example is invited already")).to_be_focused()
    expect(told).to_contain_text("Twice Solar Ltd Started")
    with desk.context.expect_page() as opened:
        told.get_by_role("link", name="Open the invitation in a new tab").click()
    expect(line_of(opened.value, "Twice Solar Ltd")).to_be_visible()
    opened.value.close()
    assert rows(product, "SELECT count(*) FROM invitations WHERE contact_email LIKE '%twice@draft.example'")[0][0] == 1
    dialog.get_by_label("Email").fill("other@draft.example")
    expect(told).to_have_text("")  # it is about another address
    dialog.get_by_label("Email").fill("twice@draft.example")
    dialog.get_by_role("button", name="Send the invitation").click()
    told.get_by_role("button", name="Invite anyway").click()
    expect(desk.get_by_role("heading", name="Twice Wind Ltd is invited")).to_be_visible()
    desk.get_by_role("button", name="Invite a partner").click()
    expect(dialog.get_by_label("Email")).to_have_value("")
    expect(dialog.locator(".already")).to_have_text("")


def test_a_file_is_looked_at_mended_and_invited_and_nobody_is_invited_twice(product: Product, desk: Page, tmp_path: Path) -> None:
    desk.get_by_role("link", name="Import a list").click()
    until(desk, "window.did_handshake")
    right = "Filed Solar Ltd;ada@filed.example;Ada Byron;Deutsch"
    choose(desk, tmp_path, right, "Wrong Solar Ltd;nobody;;", "Müller & Söhne;ben@filed.example;;")
    expect(line_of(desk, "Wrong Solar Ltd")).to_contain_text("Enter an email address like name@example.com.")
    expect(line_of(desk, "Müller & Söhne")).to_contain_text("Will be invited")
    expect(desk.get_by_role("button", name="Invite 2 companies")).to_be_enabled()

    choose(desk, tmp_path, right, "Wrong Solar Ltd;cy@filed.example;;", "Müller & Söhne;ben@filed.example;;")
    expect(desk.get_by_text("Enter an email address")).to_have_count(0)
    desk.get_by_role("button", name="Invite 3 companies").click()
    expect(desk.get_by_role("heading", name="3 companies are invited")).to_be_visible()
    expect(desk.locator("#imported")).to_be_focused()
    expect(line_of(desk, "Filed Solar Ltd")).to_contain_text("Invited already, on")
    expect(desk.get_by_role("button", name="Nobody to invite")).to_be_disabled()
    (mail,) = eventually(lambda: product.mails_to("ada@filed.example"), "the invitation by mail")
    assert "Einladung" in str(mail["Subject"])
    eventually(lambda: product.mails_to("cy@filed.example"), "the invitation of the mended line")

    choose(desk, tmp_path, right)
    expect(desk.get_by_role("button", name="Nobody to invite")).to_be_disabled()
    assert rows(product, "SELECT count(*) FROM invitations WHERE contact_email = 'ada@filed.example'")[0][0] == 1


def test_a_company_that_was_invited_before_is_invited_only_on_purpose(product: Product, desk: Page, tmp_path: Path) -> None:
    drafted(product, "Before Solar Ltd")
    at(product, desk, "/invitations/import")
    choose(desk, tmp_path, "BEFORE SOLAR LTD.;other@before.example;;")
    expect(line_of(desk, "BEFORE SOLAR LTD.")).to_contain_text("Before Solar Ltd was invited before")
    expect(desk.get_by_role("button", name="Nobody to invite")).to_be_disabled()
    desk.get_by_label("Also invite 1 company that was invited before").check()
    desk.get_by_role("button", name="Invite 1 company").click()
    expect(desk.get_by_role("heading", name="1 company is invited")).to_be_visible()


def test_a_large_file_arrives_whole_and_one_that_is_too_large_is_refused(product: Product, desk: Page, tmp_path: Path) -> None:
    at(product, desk, "/invitations/import")
    choose(desk, tmp_path, *(f"Large {n} Ltd;large{n}@many.example;{'x' * 800};" for n in range(1_000)))
    expect(desk.locator("tbody tr")).to_have_count(1_000)
    expect(line_of(desk, "Large 999 Ltd")).to_contain_text("Shorten the contact's name to 120 characters.")
    choose(desk, tmp_path, "x" * 1_000_001)
    expect(desk.get_by_role("alert").filter(has_text="This file is larger than 1 MB.")).to_be_visible()
    expect(desk.locator("tbody tr")).to_have_count(0)
    choose(desk, tmp_path, "Small Ltd;small@many.example;;")
    expect(desk.locator("tbody tr")).to_have_count(1)
    expect(desk.get_by_text("This file is larger than 1 MB.")).to_have_count(0)


def test_the_template_is_downloaded_and_can_be_chosen_as_it_is(product: Product, desk: Page, tmp_path: Path) -> None:
    at(product, desk, "/invitations/import")
    desk.get_by_text("What the file looks like").click()
    with desk.expect_download() as arrived:
        desk.get_by_role("link", name="Download a template").click()
    arrived.value.save_as(tmp_path / "template.csv")
    desk.get_by_label("CSV file").set_input_files(tmp_path / "template.csv")
    expect(line_of(desk, "Example Solar Ltd")).to_contain_text("Will be invited")


def test_one_partner_is_reminded_and_then_all_who_are_ticked(product: Product, desk: Page) -> None:
    for company in ("First Draft Ltd", "Second Draft Ltd", "Third Draft Ltd"):
        drafted(product, company)
    at(product, desk, "/invitations?q=Draft+Ltd")
    line_of(desk, "First Draft Ltd").get_by_role("button", name="Remind").click()
    desk.get_by_role("dialog").get_by_role("button", name="Send the reminder").click()
    expect(line_of(desk, "First Draft Ltd")).to_contain_text("Reminded")
    expect(line_of(desk, "First Draft Ltd").get_by_role("button", name="Remind")).to_have_count(0)
    (mail,) = eventually(lambda: product.mails_to("first@draft.example", "waiting for you"), "the reminder")
    assert "You are at step 2 of 6: Contacts." in text_of(mail)

    desk.get_by_role("button", name="Remind those ticked").click()
    expect(desk.get_by_text("Nobody is ticked.")).to_be_visible()
    desk.get_by_label("All who can be reminded on this page").check()
    desk.get_by_role("button", name="Remind those ticked").dblclick()  # as many do: they are told of what was done, and of no refusal
    expect(desk.get_by_role("heading", name="2 reminders are on their way")).to_be_visible()
    expect(desk.get_by_text("Nobody is ticked.")).to_have_count(0)
    expect(desk.locator(".q-notification.bg-negative")).to_have_count(0)
    eventually(lambda: product.mails_to("third@draft.example", "waiting for you"), "the reminder of a ticked one")


def test_a_mail_that_comes_back_later_is_seen_and_the_same_code_goes_to_the_right_address(product: Product, desk: Page) -> None:
    with states.within(product):
        code = states.invited("Bounced Solar Ltd", "typo@bounced.example")
    (mail,) = eventually(lambda: product.mails_to("typo@bounced.example"), "the invitation by mail")
    at(product, desk, f"/invitations?q={code}&status=all")
    expect(line_of(desk, code)).to_contain_text("Sent")
    report = REPORT.format(mail["Message-ID"])
    headers = {"X-Api-Key": product["sync_api_key"], "Content-Type": "message/rfc822"}
    answer = requests.post(product.url("/api/mail-returned"), report, headers=headers, timeout=30)
    assert answer.json()["message"] == "The mail is marked as returned"

    desk.reload()
    until(desk, "window.did_handshake")
    expect(line_of(desk, code)).to_contain_text("Bounced")
    expect(line_of(desk, code)).to_contain_text("550 5.1.1 No such mailbox here")
    at(product, desk, f"/deliveries?tab=failed&q={code}")
    expect(line_of(desk, "Email: invitation")).to_contain_text("The mail to typo@bounced.example came back.")
    at(product, desk, f"/invitations?q={code}&status=bounced")
    line_of(desk, code).get_by_role("button", name="Send again").click()
    desk.get_by_role("dialog").get_by_label("Email").fill("ada@bounced.example")
    desk.get_by_role("dialog").get_by_role("button", name="Send again").click()
    (mail,) = eventually(lambda: product.mails_to("ada@bounced.example"), "the invitation at the corrected address")
    assert code in text_of(mail)
    at(product, desk, f"/invitations?q={code}&status=all")
    expect(line_of(desk, code)).to_contain_text("Sent")


def test_a_revocation_is_taken_back_where_it_was_made(product: Product, desk: Page) -> None:
    code = drafted(product, "Slip Solar Ltd")
    at(product, desk, "/invitations?q=Slip+Solar&status=active")
    line_of(desk, code).get_by_role("button", name="Revoke").click()
    desk.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(line_of(desk, code)).to_have_count(0)
    expect(desk.get_by_role("button", name="Take back")).to_be_focused()
    assert product.post("/api/validate-invitation", {"invitationCode": code}).json()["valid"] is False
    desk.keyboard.press("Enter")
    expect(line_of(desk, code)).to_be_visible()
    expect(desk.locator(".q-notification")).to_have_count(1)  # one word at a time
    assert product.post("/api/validate-invitation", {"invitationCode": code}).json()["valid"] is True
    with states.within(product), transaction() as session:
        found = find(session, code)
        assert found is not None and found.state == "active"


@pytest.mark.parametrize("language", VIEWS)
def test_axe_finds_nothing_in_the_import_and_what_follows_from_it(
    product: Product, browser: Browser, language: str, tmp_path: Path
) -> None:
    drafted(product, "Looked At Ltd")
    with looking(browser, language, "invitations") as look:
        product.sign_in(look.page, "Olivia Okafor")
        assert look.each(_seen(product, look.page, tmp_path, language)) == []


def _seen(product: Product, page: Page, folder: Path, language: str) -> Iterator[str]:
    at(product, page, "/invitations?status=started")
    page.locator("#tick-all").check()
    yield "ticked"
    page.locator("[data-act=remind]").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    yield "remind"
    at(product, page, "/invitations/import")
    page.locator("details.fold summary").click()
    yield "import"
    file = folder / "partners.csv"
    seen = f"Seen {language} Ltd;{language}@seen.example;;"
    file.write_text("\n".join((HEADER, "Wrong Solar Ltd;nobody;;Klingon", "LOOKED AT LTD;new@looked.example;;", seen)))
    page.locator("#file").set_input_files(file)
    expect(page.locator("tbody tr")).to_have_count(3)
    yield "looked at"
    page.locator("button.go").click()
    expect(page.locator("#imported")).to_be_focused()
    yield "imported"
    page.locator("#file").set_input_files(_too_large(folder))
    expect(page.locator("#file-error")).not_to_be_empty()
    yield "refused"
    at(product, page, f"/invitations?q=Seen+{language}")
    page.locator("[data-act=revoke]").first.click()
    page.get_by_role("dialog").locator("button.danger").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#take-back")).to_be_visible()
    yield "revoked"
    address = f"bounced-{language}@seen.example"
    with states.within(product):
        states.invited("Looked At Again Ltd", address)
        (mail,) = eventually(lambda: product.mails_to(address), "the invitation by mail")
        with transaction() as session:
            returned(session, Returned(str(mail["Message-ID"]), reason="550 5.1.1 No such mailbox here"))
    at(product, page, "/invitations?status=bounced")
    expect(line_of(page, address)).to_contain_text("550 5.1.1")
    yield "bounced"
    page.locator(".ways button").click()
    page.get_by_role("dialog").locator("button.go").click()
    expect(page.get_by_role("dialog").locator(".invalid").first).to_be_visible()
    yield "inviting"


def _too_large(folder: Path) -> Path:
    file = folder / "large.csv"
    file.write_bytes(b"x" * 1_000_001)
    return file
