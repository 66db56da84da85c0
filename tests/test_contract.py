"""The API's contracts to the letter: every example of both documents is sent and compared, and every sentence has a test that holds it."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import select

from models.database import transaction
from models.delivery import Delivery, succeed
from models.settings import settings
from tests.api import machine_key, ok, on_one_database, send_file, serving
from tests.contract_examples import (
    ARRIVED,
    CLEAR,
    HELD,
    REFUSALS,
    SAVE,
    SHAPES,
    SUBMISSIONS,
    SYNC,
    UPLOADS,
    VALIDATIONS,
    Example,
)
from tests.sample_form import api_steps, form, wanted_documents

pytestmark = [on_one_database, pytest.mark.usefixtures("database")]
CODE = "C1D94680"


@pytest.fixture
def client(database: str, redis_server: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setenv("TRUSTED_PROXIES", "1")
    settings.cache_clear()
    with serving() as found:
        yield found


def missing(example: Any, answer: Any, name: str = "") -> Iterator[str]:
    """What stands in an example and not in the answer, which may say more: fields by their names, and texts by what the example leaves out."""
    if isinstance(example, dict) and isinstance(answer, dict):
        for key, value in example.items():
            yield from missing(value, answer[key], key) if key in answer else [f"{key} is missing"]
    elif isinstance(example, str) and isinstance(answer, str):
        pattern = SHAPES.get(name) or re.escape(example).replace("…", ".*")
        yield from () if re.fullmatch(pattern, answer, re.DOTALL) else [f"{name} is “{answer}” for “{example}”"]
    elif type(example) is not type(answer) or example != answer:
        yield f"{name} is {answer!r} for {example!r}"


def compared(client: httpx.Client, example: Example, filled: dict[str, Any] | None = None) -> dict[str, Any]:
    """Send an example, with some of its fields filled up, and hold the answer against it."""
    method, path = example.route.split()
    answer = client.request(method, path, json=json.loads(example.sent) | (filled or {}), headers=machine_key() if "sync" in path else None)
    wanted = json.loads(example.answer) | {name: said for name, (said, _why) in example.other.items()}
    body = ok(answer, example.status)
    assert list(missing(wanted, body)) == [], (example.document, example.section)
    return body


def completed(client: httpx.Client) -> dict[str, Any]:
    """What both documents leave out of a submission: the other answers, and a file under the key that its upload was given."""
    keys = {slot: send_file(client, CODE, slot) for slot in wanted_documents()}
    files = [{"fileName": f"{slot}.pdf", "r2Key": key, "fileType": "application/pdf", "fileSize": 256789} for slot, key in keys.items()]
    answers = form(company_name="Example Corp", company_registration="12345678", vat_number="", primary_contact_email="rob@marstack.ai")
    return {**api_steps(answers), "fileReferences": files}


def test_every_example_of_both_documents_is_answered_as_it_stands_there(client: httpx.Client, s3: object) -> None:
    compared(client, SYNC)
    compared(client, Example(SYNC.document, SYNC.section, SYNC.route, SYNC.sent, 200, SYNC.answer))
    for example in VALIDATIONS:
        compared(client, example)
    for _ in range(7):
        ok(client.post("/api/save-draft", json={"invitationCode": CODE, "step": 1, "formData": {"companyName": f"Draft {_}"}}))
    compared(client, SAVE)
    for upload in UPLOADS:
        assert compared(client, upload)["slot"] == json.loads(upload.sent).get("slot", "additional_documents")
    compared(client, CLEAR)
    whole = completed(client)
    compared(client, SUBMISSIONS[0], whole)
    compared(client, SUBMISSIONS[1], whole)
    with transaction() as session:
        for delivery in session.exec(select(Delivery)):
            succeed(session, delivery)
    for example in ARRIVED:
        compared(client, example, whole if "step1" in example.sent else None)
    for example in REFUSALS:
        compared(client, example)


def test_an_example_that_is_not_kept_would_be_seen() -> None:
    shown = {"code": "C1D94680", "invitation": {"notes": "…"}, "revision": 8}
    assert list(missing(shown, {"code": "C1D94680", "invitation": {"notes": "any"}, "revision": 8, "more": 1})) == []
    told = list(missing(shown, {"code": "c1d94680", "invitation": {}, "revision": "8"}))
    assert told == ["code is “c1d94680” for “C1D94680”", "notes is missing", "revision is '8' for 8"]


def test_every_status_of_the_list_is_taken_and_answered(client: httpx.Client) -> None:
    for number, (status, told) in enumerate({"Active": "active", "Used": "used", "Expired": "expired", "Cancelled": "revoked"}.items()):
        item = {**json.loads(SYNC.sent), "AuthCode": f"C1D9468{number}", "ContactName": "Rob Marsh", "Status": status,
                "ExpiryDate": "2030-12-31T17:00:00Z", "ItemId": number}  # fmt: skip
        made = ok(client.post("/api/sync-invitation", json=item, headers=machine_key()), 201)["invitation"]
        assert (made["status"], made["expiresAt"]) == (told, "2030-12-31T17:00:00Z")


@pytest.mark.parametrize("ago", [0, 290, -290])
def test_a_signature_by_the_words_of_the_contract_lets_in(client: httpx.Client, ago: int) -> None:
    """ "An HMAC-SHA256 of timestamp and body": one after the other, with nothing between, is one reading, and the full stop another."""
    body, at = SYNC.sent.encode(), str(int(time.time()) - ago)
    for status, between in ((201, b""), (200, b".")):
        signed = hmac.new(settings().sync_hmac_secrets[0].encode(), at.encode() + between + body, hashlib.sha256).hexdigest()
        headers = {"X-Timestamp": at, "X-Signature": signed, "Content-Type": "application/json"}
        ok(client.post("/api/sync-invitation", content=body, headers=headers), status)


def test_every_field_of_every_body_is_camel_case_but_sharepoints(client: httpx.Client) -> None:
    schemas = ok(client.get("/openapi.json"))["components"]["schemas"]
    names = {(kind, name) for kind, schema in schemas.items() if kind != "ListItem" for name in schema.get("properties", {})}
    assert len(names) > 100 and [found for found in names if not re.fullmatch(r"[a-z]+[a-zA-Z0-9]*", found[1])] == []


def test_every_sentence_of_the_contracts_has_a_test_that_holds_it() -> None:
    here = Path(__file__).parent
    lost = [held for held in HELD.values() if f"def {held.partition('::')[2]}(" not in (here / held.partition("::")[0]).read_text()]
    assert lost == []
