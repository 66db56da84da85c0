"""A partner opens the link on a device that is not known: what the page says at each turn, and what a stranger learns."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from models.application import Application
from models.confirmation import Confirmation, ask_confirmation, confirm
from models.database import reading, transaction
from models.draft import Answer, save_answers
from models.invitation import Invitation, find, revoke
from models.person import PORTAL
from tests import partners
from tests.api import on_one_database
from tests.browser import DEVICE, browser, by_mailed_code, device_code, inside, save

pytestmark = [pytest.mark.usefixtures("redis_server"), on_one_database]


def knocking(application: Application) -> TestClient:
    """A new device with the link of an application in which something is saved."""
    made = browser()
    answer = made.get("/apply", params={"code": application.invitation_code})
    assert (answer.status_code, answer.headers["location"]) == (303, DEVICE)
    return made


def entering(client: TestClient, digits: str) -> str:
    """What the page says to these digits, without its tags."""
    return words(client.post(DEVICE, data={"digits": digits}).text)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("&#39;", "'").split())


def later(by: timedelta) -> None:
    with transaction() as session:
        for row in session.exec(select(Confirmation)):
            row.asked_at -= by
            session.add(row)


def invitation_of(session: Session, application: Application) -> Invitation:
    found = find(session, application.invitation_code)
    assert found is not None
    return found


def test_the_first_opening_and_a_device_that_was_let_in_before_go_straight_in(database: str) -> None:
    invitation = partners.invited()
    client = inside(invitation)
    save(client, invitation, ("company_city", "Reading", 1))
    assert client.get("/apply", params={"code": invitation.code}).headers["location"] == "/apply/company"
    other = browser()
    assert other.get("/apply", params={"code": invitation.code}).headers["location"] == DEVICE
    assert other.get("/apply/continue").headers["location"] == "/apply", "nobody is let in yet"


def test_the_page_says_where_the_code_went_how_long_it_lives_and_how_many_tries_are_left(database: str) -> None:
    client = knocking(partners.begun(()))
    page = client.get(DEVICE)
    assert "h•••@brightfieldsolar.co.uk" in page.text and "helen.marsh" not in page.text
    assert client.post(f"{DEVICE}/code").headers["location"] == DEVICE
    page = client.get(DEVICE)
    assert "a 6-digit code to h•••@brightfieldsolar.co.uk" in words(page.text)
    assert "It works for 10 more minutes" in page.text and "You have 5 tries" in page.text
    assert 'autocomplete="one-time-code"' in page.text and 'inputmode="numeric"' in page.text
    assert "no-store" in page.headers.get("cache-control", "no-store")
    later(timedelta(minutes=9, seconds=1))
    assert "It works for 1 more minute." in client.get(DEVICE).text


def test_the_code_opens_the_door_with_spaces_in_it_and_the_device_is_known_from_then_on(database: str) -> None:
    application = partners.begun(())
    client = knocking(application)
    client.post(f"{DEVICE}/code")
    before, code = client.cookies["portal"], device_code().code
    answer = client.post(DEVICE, data={"digits": f" {code[:3]} {code[3:]} "})
    assert (answer.status_code, answer.headers["location"][:7]) == (303, "/apply/")
    assert client.cookies["portal"] != before
    assert client.get("/apply", params={"code": application.invitation_code}).headers["location"] != DEVICE
    assert client.get(DEVICE).headers["location"] == "/apply"


def test_wrong_run_out_and_tried_out_each_have_their_own_sentence(database: str) -> None:
    client = knocking(partners.begun(()))
    client.post(f"{DEVICE}/code")
    right = device_code().code
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    assert "Enter the 6 digits from the email." in entering(client, " ")
    assert "This is not the code. You can try 4 more times." in entering(client, wrong)
    assert "You can try 1 more time." in [entering(client, wrong) for _ in range(3)][-1]
    assert "This code cannot be tried any more. Send a new one." in entering(client, wrong)
    assert "This code cannot be tried any more" in entering(client, right)
    client.post(f"{DEVICE}/code")
    later(timedelta(minutes=10, seconds=1))
    assert "This code has run out: a code works for 10 minutes. Send a new one." in entering(client, device_code().code)
    assert "This code has run out" in words(client.get(DEVICE).text)


def test_six_codes_an_hour_and_then_the_way_out_is_said(database: str) -> None:
    client = knocking(partners.begun(()))
    for _ in range(6):
        assert client.post(f"{DEVICE}/code").status_code == 303
    answer = client.post(f"{DEVICE}/code")
    assert answer.status_code == 429 and "Wait an hour, then ask again." in answer.text
    assert "mailto:" in answer.text and "we can correct the address" in answer.text
    assert len(partners.deliveries("email.device")) == 6


def test_looking_at_the_link_mails_nothing(database: str) -> None:
    client = knocking(partners.begun(()))
    client.get(DEVICE)
    assert partners.deliveries("email.device") == []


def test_a_code_that_another_device_asked_for_opens_nothing_here(database: str) -> None:
    application = partners.begun(())
    theirs, ours = knocking(application), knocking(application)
    theirs.post(f"{DEVICE}/code")
    assert "has run out" in entering(ours, device_code().code)
    assert ours.get("/apply/continue").headers["location"] == "/apply"


def test_an_unknown_code_looks_as_ever_and_the_page_opens_for_nobody_who_has_not_knocked(database: str) -> None:
    client = browser()
    assert client.get("/apply", params={"code": "ZZZZZZZZ"}).headers["location"] == "/apply"
    for answer in (client.get(DEVICE), client.post(f"{DEVICE}/code"), client.post(DEVICE, data={"digits": "123456"})):
        assert (answer.status_code, answer.headers["location"]) == (303, "/apply")
    assert partners.deliveries("email.device") == []


def test_the_page_names_neither_the_company_nor_an_answer(database: str) -> None:
    page = knocking(partners.begun(())).get(DEVICE).text
    assert "Brightfield Solar" not in page and "Helen" not in page


def test_a_revoked_invitation_lets_nobody_in_who_still_holds_a_code(database: str) -> None:
    application = partners.begun(())
    client = knocking(application)
    client.post(f"{DEVICE}/code")
    with transaction() as session:
        revoke(session, PORTAL, invitation_of(session, application))
    assert client.post(DEVICE, data={"digits": device_code().code}).headers["location"] == "/apply"


def test_signing_out_forgets_the_device(database: str) -> None:
    application = partners.begun(())
    client = knocking(application)
    assert by_mailed_code(client).startswith("/apply/")
    client.post("/apply/leave")
    assert client.get("/apply", params={"code": application.invitation_code}).headers["location"] == DEVICE


def test_two_invitations_on_one_device_are_both_known_there(database: str) -> None:
    first, second = partners.begun(()), partners.begun(())
    client = knocking(first)
    by_mailed_code(client)
    client.get("/apply", params={"code": second.invitation_code})
    by_mailed_code(client)
    assert client.get("/apply", params={"code": first.invitation_code}).headers["location"] != DEVICE


def test_another_site_can_neither_ask_for_a_code_nor_enter_one(database: str) -> None:
    client = knocking(partners.begun(()))
    for path in (DEVICE, f"{DEVICE}/code"):
        assert client.post(path, data={"digits": "123456"}, headers={"Origin": "https://elsewhere.example"}).status_code == 403
    assert partners.deliveries("email.device") == []


def test_after_it_was_sent_a_new_device_is_let_in_to_the_status(database: str) -> None:
    assert by_mailed_code(knocking(partners.submitted(()))) == "/apply/status"


def test_a_confirmed_other_address_is_offered_and_chosen(database: str) -> None:
    application, owen = partners.begun(()), "owen.price@brightfieldsolar.co.uk"
    with transaction() as session:
        ours = session.get_one(Application, application.id)
        save_answers(session, ours, [Answer("primary_contact_email", owen, 1, 2**60, "a window")])
        assert confirm(session, ours, owen, ask_confirmation(session, ours, owen).code)
    client = knocking(application)
    assert "h•••@" in client.get(DEVICE).text and "o•••@" in client.get(DEVICE).text
    client.post(f"{DEVICE}/code", data={"to": "1"})
    with reading() as session:
        assert session.get_one(Confirmation, device_code().id).email == owen
    assert "to o•••@brightfieldsolar.co.uk" in words(client.get(DEVICE).text)
