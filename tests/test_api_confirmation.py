"""Confirming another contact address over the API: a code is asked for, entered, counted and limited."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from sqlmodel import select

from models.confirmation import Confirmation
from models.database import reading
from models.invitation import Invitation
from tests import partners
from tests.api import ok, on_one_database, refused, said, serving, session_of, whole_application

OWEN = "owen.price@brightfieldsolar.co.uk"
WRONG = "The code is wrong or has run out. Ask for a new one."


@pytest.fixture
def client(database: str, redis_server: object) -> Iterator[httpx.Client]:
    with serving() as found:
        yield found


@pytest.fixture
def invitation(client: httpx.Client) -> Invitation:
    return partners.invited()


def ask(client: httpx.Client, code: str | None, email: str = OWEN, **options: dict[str, str]) -> httpx.Response:
    return client.post("/api/confirm-email", json={"invitationCode": code, "email": email}, **options)  # type: ignore[arg-type]


def enter(client: httpx.Client, code: str | None, digits: str, email: str = OWEN, **options: dict[str, str]) -> httpx.Response:
    return client.post("/api/confirm-email/code", json={"invitationCode": code, "email": email, "code": digits}, **options)  # type: ignore[arg-type]


def mailed() -> Confirmation:
    """The newest code that was asked for."""
    with reading() as session:
        return session.exec(select(Confirmation).order_by("id")).all()[-1]


def test_an_application_with_another_address_is_submitted_once_that_is_confirmed(
    client: httpx.Client, invitation: Invitation, s3: object
) -> None:
    body = whole_application(client, invitation)
    body["step2"]["primaryContactEmail"] = OWEN
    problem = refused(client.post("/api/epc-application", json=body), 422)
    assert said(problem) == {"primaryContactEmail": "Confirm the primary contact's email with the code that we mail to it"}
    assert problem["errors"][0]["step"] == 2
    assert ok(ask(client, invitation.code.lower(), " Owen.Price@BRIGHTFIELDSOLAR.co.uk "), 202) == {
        "success": True, "message": "A 6-digit code is on its way to Owen.Price@brightfieldsolar.co.uk", "expiresIn": 600,
    }  # fmt: skip
    assert ok(enter(client, invitation.code, mailed().code)) == {"success": True}
    ok(client.post("/api/epc-application", json=body), 201)
    assert partners.by_code(invitation.code).primary_contact_email == OWEN


def test_a_wrong_code_is_said_beside_its_field_and_is_counted_though_it_was_refused(client: httpx.Client, invitation: Invitation) -> None:
    ok(ask(client, invitation.code), 202)
    right = mailed().code
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    for number in range(1, 6):
        problem = refused(enter(client, invitation.code, wrong), 422)
        assert (problem["detail"], said(problem), mailed().tries) == (WRONG, {"code": WRONG}, number)
    assert refused(enter(client, invitation.code, right), 422)["detail"] == WRONG
    assert mailed().confirmed_at is None


def test_six_codes_an_hour_and_then_the_caller_is_told_to_wait(client: httpx.Client, invitation: Invitation) -> None:
    for number in range(6):
        ok(ask(client, invitation.code, f"owen{number}@brightfieldsolar.co.uk"), 202)
    answer = ask(client, invitation.code)
    assert "Wait an hour" in refused(answer, 429)["detail"] and answer.headers["retry-after"] == "3600"
    assert len(partners.deliveries("email.confirmation")) == 6


@on_one_database
def test_both_routes_share_twenty_requests_a_minute(client: httpx.Client, invitation: Invitation) -> None:
    answers = [enter(client, invitation.code, "123456").status_code for _ in range(20)]
    assert answers == [422] * 20
    answer = ask(client, invitation.code)
    assert "20 a minute" in refused(answer, 429)["detail"]
    assert answer.headers["ratelimit-policy"] == '"confirm-email";q=20;w=60'
    ok(client.get("/api/status", params={"invitationCode": invitation.code}))


@on_one_database
@pytest.mark.parametrize("email", ["owen.price", "", "owen@brightfield.example\r\nBcc: all@example.com", "x" * 300 + "@example.com"])
def test_what_is_no_address_gets_no_mail(client: httpx.Client, invitation: Invitation, email: str) -> None:
    assert "email" in said(refused(ask(client, invitation.code, email), 422))
    assert partners.deliveries("email.confirmation") == []


@on_one_database
@pytest.mark.parametrize("digits", ["", "１２３４５６", "🔑", "1" * 40])
def test_what_is_no_code_is_a_wrong_code(client: httpx.Client, invitation: Invitation, digits: str) -> None:
    ok(ask(client, invitation.code), 202)
    assert said(refused(enter(client, invitation.code, digits), 422)) == {"code": WRONG}


@on_one_database
def test_a_stranger_asks_for_no_code_and_another_site_neither(client: httpx.Client, invitation: Invitation) -> None:
    refused(ask(client, "ZZZZ0000"), 401)
    refused(ask(client, None), 401)
    refused(ask(client, None, headers=session_of(invitation.code) | {"Origin": "https://evil.example"}), 403)
    assert partners.deliveries("email.confirmation") == []


@on_one_database
def test_the_session_of_the_page_is_enough(client: httpx.Client, invitation: Invitation) -> None:
    ok(ask(client, None, headers=session_of(invitation.code)), 202)
    ok(enter(client, None, mailed().code, headers=session_of(invitation.code)))


def test_after_sending_there_is_nothing_to_confirm(client: httpx.Client) -> None:
    code = partners.submitted(()).invitation_code
    assert "can no longer be changed" in refused(ask(client, code), 409)["detail"]
    refused(enter(client, code, "123456"), 409)
