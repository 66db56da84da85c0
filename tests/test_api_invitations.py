"""Invitations over the API: a partner's code is checked, and SharePoint's list is followed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest

from models.database import now, reading, transaction
from models.invitation import Invitation, find, revoke
from models.person import PORTAL
from models.settings import settings
from portal.api.machine import signature
from tests import partners
from tests.api import machine_key, ok, on_one_database, refused, said, serving

ITEM = {
    "Title": "Mr",
    "CompanyName": "Marstack",
    "ContactEmail": "rob@marstack.ai",
    "Notes": "Synced from Power Automate",
    "AuthCode": "C1D94680",
}


@pytest.fixture
def client(database: str, redis_server: object) -> Iterator[httpx.Client]:
    with serving() as found:
        yield found


def sync(client: httpx.Client, item: dict[str, Any]) -> Any:
    return client.post("/api/sync-invitation", json=item, headers=machine_key())


def stored(code: str) -> Invitation:
    with reading() as session:
        found = find(session, code)
        assert found is not None
        return found


def ended(revoked: str, expired: str) -> None:
    with transaction() as session:
        ours = {code: found for code in (revoked, expired) if (found := find(session, code))}
        revoke(session, PORTAL, ours[revoked])
        ours[expired].expires_at = now() - timedelta(seconds=1)


def test_the_contracts_example_is_answered_as_the_contract_says(client: httpx.Client) -> None:
    ok(sync(client, ITEM), 201)
    assert ok(client.post("/api/validate-invitation", json={"invitationCode": "C1D94680"})) == {
        "valid": True,
        "message": "Valid invitation code",
        "invitation": {
            "code": "C1D94680", "title": "Mr", "companyName": "Marstack", "contactEmail": "rob@marstack.ai", "notes": "Synced from Power Automate",
        },
        "source": "database",
    }  # fmt: skip


def test_a_code_is_compared_without_regard_to_case_and_spaces(client: httpx.Client) -> None:
    ok(sync(client, ITEM), 201)
    assert ok(client.post("/api/validate-invitation", json={"invitationCode": " c1d9 4680 "}))["valid"] is True


def test_a_code_that_is_checked_is_known_as_opened(client: httpx.Client) -> None:
    ok(sync(client, ITEM), 201)
    assert stored("C1D94680").opened_at is None
    for _ in range(2):
        ok(client.post("/api/validate-invitation", json={"invitationCode": "C1D94680"}))
    assert stored("C1D94680").opened_at is not None
    assert len(partners.events("invitation.opened")) == 1


def test_unknown_used_revoked_and_expired_codes_cannot_be_told_apart(client: httpx.Client) -> None:
    used, revoked, expired = partners.submitted(()).invitation_code, partners.invited().code, partners.invited().code
    ended(revoked, expired)
    answers = [client.post("/api/validate-invitation", json={"invitationCode": code}) for code in ("ZZZZ0000", used, revoked, expired)]
    assert {answer.text for answer in answers} == {
        '{"valid":false,"message":"Invalid or expired invitation code","invitation":null,"source":"database"}'
    }
    assert {answer.status_code for answer in answers} == {200}


def test_unknown_revoked_and_expired_codes_open_nothing_and_look_alike_everywhere(client: httpx.Client) -> None:
    revoked, expired = partners.invited().code, partners.invited().code
    ended(revoked, expired)
    for code in ("ZZZZ0000", revoked, expired):
        answers = [
            client.get("/api/status", params={"invitationCode": code}),
            client.get("/api/draft", params={"invitationCode": code}),
            client.post("/api/save-draft", json={"invitationCode": code, "step": 1, "formData": {}}),
            client.post("/api/upload-file", json={"invitationCode": code, "fileName": "a.pdf", "fileSize": 1}),
            client.post("/api/epc-application", json={"invitationCode": code}),
        ]
        assert {refused(answer, 401)["detail"] for answer in answers} == {"Invalid or expired invitation code"}


@on_one_database
@pytest.mark.parametrize("code", ["", "C1D9468", "C1D946800", "C1D9-46", "C1D9468🙂", "C1D9468\0", "x" * 10_000])
def test_a_code_that_is_not_8_characters_gets_a_sentence(client: httpx.Client, code: str) -> None:
    problem = refused(client.post("/api/validate-invitation", json={"invitationCode": code}), 422)
    assert said(problem) == {"invitationCode": "Enter the 8 letters and digits of the invitation code, like C1D94680."}


@on_one_database
@pytest.mark.parametrize(("code", "sentence"), [(12345678, "Invitation code must be text."), (None, "Invitation code must be text.")])
def test_a_code_that_is_no_text_gets_a_sentence(client: httpx.Client, code: object, sentence: str) -> None:
    assert said(refused(client.post("/api/validate-invitation", json={"invitationCode": code}), 422)) == {"invitationCode": sentence}


def test_an_item_of_the_list_becomes_an_invitation_that_lasts_30_days(client: httpx.Client) -> None:
    made = ok(sync(client, {**ITEM, "ContactName": "Rob Marsh", "ItemId": 42}), 201)
    assert made["success"] is True and made["message"] == "Invitation created"
    assert made["invitation"] | {"expiresAt": ""} == {
        "code": "C1D94680", "title": "Mr", "companyName": "Marstack", "contactEmail": "rob@marstack.ai",
        "notes": "Synced from Power Automate", "status": "active", "expiresAt": "",
    }  # fmt: skip
    lasts = stored("C1D94680").expires_at
    assert lasts is not None and timedelta(days=29, hours=23) < lasts - now() <= timedelta(days=30)
    assert stored("C1D94680").sharepoint_item_id == "42" and stored("C1D94680").contact_name == "Rob Marsh"


def test_the_same_item_again_changes_nothing_and_a_changed_one_updates(client: httpx.Client) -> None:
    ok(sync(client, ITEM), 201)
    before = len(partners.events("invitation.synced")), len(partners.deliveries())
    assert ok(sync(client, ITEM))["message"] == "Invitation up to date"
    assert (len(partners.events("invitation.synced")), len(partners.deliveries())) == before
    changed = ok(sync(client, {**ITEM, "CompanyName": "Marstack Energy", "Status": "Cancelled"}))
    assert changed["invitation"]["companyName"] == "Marstack Energy" and changed["invitation"]["status"] == "revoked"


def test_without_a_code_the_portal_makes_one_and_finds_it_again_by_the_items_id(client: httpx.Client) -> None:
    item = {name: value for name, value in ITEM.items() if name != "AuthCode"} | {"AuthCode": None, "ItemId": "7"}
    made = ok(sync(client, item), 201)["invitation"]["code"]
    assert len(made) == 8 and ok(sync(client, item))["invitation"]["code"] == made


def test_the_same_item_many_times_at_once_is_one_invitation(client: httpx.Client) -> None:
    item = {**ITEM, "AuthCode": None, "ItemId": "8"}
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: sync(client, item), range(5)))
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [201]
    assert len({answer.json()["invitation"]["code"] for answer in answers}) == 1


@on_one_database
def test_a_date_without_a_time_lasts_to_the_end_of_that_day(client: httpx.Client) -> None:
    day = (now() + timedelta(days=10)).date()
    assert ok(sync(client, {**ITEM, "ExpiryDate": day.isoformat()}), 201)["invitation"]["expiresAt"] == f"{day}T23:59:59Z"


@on_one_database
def test_what_is_wrong_with_an_item_is_named_by_its_column(client: httpx.Client) -> None:
    item = {"Title": "Lord", "CompanyName": "", "ContactEmail": "nobody", "Notes": "\0", "ExpiryDate": "soon", "AuthCode": "C1D9"}
    assert set(said(refused(sync(client, item), 422))) == {"Notes", "ExpiryDate"}
    problem = refused(sync(client, item | {"Notes": None, "ExpiryDate": None}), 422)
    assert set(said(problem)) == {"Title", "CompanyName", "ContactEmail"}
    assert set(said(refused(sync(client, ITEM | {"AuthCode": "C1D9"}), 422))) == {"AuthCode"}
    assert set(said(refused(sync(client, ITEM | {"Status": "Paused"}), 422))) == {"Status"}
    assert set(said(refused(sync(client, ITEM | {"ExpiryDate": "0001-01-01T00:00:00+14:00"}), 422))) == {"ExpiryDate"}


def test_columns_that_the_portal_does_not_know_are_ignored(client: httpx.Client) -> None:
    ok(sync(client, {**ITEM, "id": 99, "source": "hacked", "createdBy": "x"}), 201)
    assert stored("C1D94680").source == "sharepoint"


def signed(body: bytes, at: str, secret: str) -> dict[str, str]:
    return {"X-Timestamp": at, "X-Signature": signature(secret, at, body), "Content-Type": "application/json"}


def test_a_signature_lets_in_once(client: httpx.Client) -> None:
    body, at = json.dumps(ITEM).encode(), str(int(time.time()))
    headers = signed(body, at, settings().sync_hmac_secrets[0])
    ok(client.post("/api/sync-invitation", content=body, headers=headers), 201)
    problem = refused(client.post("/api/sync-invitation", content=body, headers=headers), 401)
    assert problem["detail"] == "This request has been received before. Sign it again with the present time."


@on_one_database
def test_two_secrets_are_valid_while_one_is_rotated_out(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = "n" * 32, "o" * 32
    monkeypatch.setenv("SYNC_HMAC_SECRETS", f"{new},{old}")
    monkeypatch.setenv("SYNC_API_KEYS", f"{new},{old}")
    settings.cache_clear()
    body, at = json.dumps(ITEM).encode(), str(int(time.time()))
    for status, secret in ((201, new), (200, old)):
        ok(client.post("/api/sync-invitation", content=body, headers=signed(body, at, secret)), status)
        ok(client.post("/api/sync-invitation", content=body, headers={"X-Api-Key": secret, "Content-Type": "application/json"}))


@on_one_database
@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"X-Signature": "0" * 64}, "This X-Signature is not valid."),
        ({"X-Timestamp": 5}, "This X-Signature is not valid."),
        ({"X-Timestamp": -301}, "more than 5 minutes"),
        ({"X-Timestamp": "yesterday"}, "more than 5 minutes"),
        ({"X-Signature": ""}, "Send an X-Api-Key"),
        ({"X-Api-Key": "wrong"}, "This X-Api-Key is not valid."),
    ],
)
def test_a_request_that_is_not_signed_rightly_is_refused(client: httpx.Client, change: dict[str, str | int], detail: str) -> None:
    body, moment = json.dumps(ITEM).encode(), int(time.time())  # a number is so many seconds from the test, not from its collection
    changed = {name: value if isinstance(value, str) else str(moment + value) for name, value in change.items()}
    headers = signed(body, str(moment), settings().sync_hmac_secrets[0]) | changed
    assert detail in refused(client.post("/api/sync-invitation", content=body, headers=headers), 401)["detail"]
    assert ok(client.post("/api/validate-invitation", json={"invitationCode": "C1D94680"}))["valid"] is False


@on_one_database
def test_a_changed_body_breaks_the_signature(client: httpx.Client) -> None:
    body, at = json.dumps(ITEM).encode(), str(int(time.time()))
    headers = signed(body, at, settings().sync_hmac_secrets[0])
    refused(client.post("/api/sync-invitation", content=body.replace(b"Marstack", b"Mallory1"), headers=headers), 401)


@on_one_database
def test_without_a_key_nothing_is_told_of_the_body(client: httpx.Client) -> None:
    refused(client.post("/api/sync-invitation", json={"ContactEmail": 7}), 401)
