"""Documents over the API: straight to the object store by a signed PUT, then looked at, kept or refused and removed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import requests

from integrations.storage import storage
from models.application import of_invitation
from models.database import reading
from models.document import Document, DocumentState, find_by_key, stored
from models.settings import settings
from tests import partners
from tests.api import ok, on_one_database, refused, said, send_file, serving
from tests.papers import DOCX, PNG, pdf

POLICY = "health_safety_policy"


@pytest.fixture
def client(database: str, redis_server: object, s3: object) -> Iterator[httpx.Client]:
    with serving() as found:
        yield found


@pytest.fixture
def code(client: httpx.Client) -> str:
    return partners.invited().code


def complete(client: httpx.Client, code: str, key: str) -> httpx.Response:
    return client.post("/api/upload-file/complete", json={"invitationCode": code, "r2Key": key})


def begin(client: httpx.Client, code: str, **more: object) -> httpx.Response:
    return client.post(
        "/api/upload-file",
        json={"invitationCode": code, "fileName": "document.pdf", "fileType": "application/pdf", "fileSize": 256789, **more},
    )


def documents(code: str) -> list[Document]:
    with reading() as session:
        found = of_invitation(session, code)
        return stored(session, found.id) if found else []


def state(code: str, key: str) -> str:
    with reading() as session:
        return find_by_key(session, of_invitation(session, code), key).state  # type: ignore[arg-type]


def test_the_contracts_example_is_signed_and_counts_as_an_additional_document(client: httpx.Client, code: str) -> None:
    signed = ok(begin(client, code))
    assert (
        signed["success"] is True and signed["expiresIn"] == 3600 and signed["method"] == "PUT" and signed["slot"] == "additional_documents"
    )
    assert (
        signed["uploadUrl"].startswith(settings().s3_endpoint)
        and signed["r2Key"].startswith(f"uploads/{code}/")
        and signed["r2Key"].endswith(".pdf")
    )
    assert documents(code) == []


def test_a_file_that_arrived_is_stored_and_said_twice_answers_alike(client: httpx.Client, code: str) -> None:
    key = send_file(client, code, POLICY, name="Our policy.pdf", content=pdf("policy"))
    first = ok(complete(client, code, key))
    assert first["slot"] == POLICY and first["fileName"] == "Our policy.pdf" and first["fileSize"] == len(pdf("policy"))
    assert first["url"] == f"{settings().portal_url}/documents/{first['publicId']}" and first["uploadedAt"].endswith("Z")
    assert ok(complete(client, code, key)) == first
    assert [document.file_name for document in documents(code)] == ["Our policy.pdf"]


def test_the_same_file_completed_twice_at_once_is_one_document(client: httpx.Client, code: str) -> None:
    key = send_file(client, code, POLICY)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: complete(client, code, key), range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4 and len(documents(code)) == 1


def test_a_newer_file_replaces_the_older_one_in_a_slot_for_one(client: httpx.Client, code: str) -> None:
    for name in ("old.pdf", "new.pdf"):
        ok(complete(client, code, send_file(client, code, POLICY, name=name, content=pdf(name))))
    assert [document.file_name for document in documents(code)] == ["new.pdf"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("policy.pdf", PNG),
        ("policy.pdf", b"MZ\x90\x00 a program"),
        ("policy.pdf", DOCX),
        ("policy.docx", pdf("x")),
        ("policy.pdf", b"<script>alert(1)</script>"),
    ],
)
@on_one_database
def test_a_file_of_the_wrong_kind_behind_a_right_name_is_refused_and_removed(
    client: httpx.Client, code: str, name: str, content: bytes
) -> None:
    key = send_file(client, code, POLICY, name=name, content=content)
    problem = refused(complete(client, code, key), 422)
    assert "is not a real" in problem["detail"]
    assert problem["errors"] == [{"field": "healthSafetyPolicy", "message": problem["detail"], "step": 5, "slot": POLICY}]
    assert storage().head(key) is None and documents(code) == [] and state(code, key) == DocumentState.REFUSED
    assert "Upload it again" in refused(complete(client, code, key), 409)["detail"]


@on_one_database
def test_a_pdf_of_11_mb_is_refused_before_it_is_sent(client: httpx.Client, code: str) -> None:
    problem = refused(begin(client, code, slot=POLICY, fileSize=11_000_000), 422)
    assert "larger than 10 MB" in said(problem)["healthSafetyPolicy"]


@on_one_database
def test_a_pdf_of_11_mb_that_was_sent_all_the_same_is_removed_unread(client: httpx.Client, code: str) -> None:
    key = ok(begin(client, code, slot=POLICY, fileSize=1000))["r2Key"]
    storage().put(key, b"%PDF-1.7\n" + bytes(11_000_000), "application/pdf")
    assert "larger than 10 MB" in refused(complete(client, code, key), 422)["detail"]
    assert storage().head(key) is None and documents(code) == []


@on_one_database
def test_a_file_that_is_not_as_long_as_was_said_is_not_taken(client: httpx.Client, code: str) -> None:
    signed = ok(begin(client, code, slot=POLICY, fileSize=1000))
    assert requests.put(signed["uploadUrl"], data=pdf("longer"), headers=signed["headers"], timeout=10).status_code >= 400
    storage().put(signed["r2Key"], pdf("longer"), "application/pdf")
    assert "did not arrive whole" in refused(complete(client, code, signed["r2Key"]), 422)["detail"]


def test_a_file_that_has_not_arrived_may_still_come(client: httpx.Client, code: str) -> None:
    content = pdf("late")
    signed = ok(begin(client, code, slot=POLICY, fileSize=len(content)))
    assert "has not arrived yet" in refused(complete(client, code, signed["r2Key"]), 409)["detail"]
    requests.put(signed["uploadUrl"], data=content, headers=signed["headers"], timeout=10).raise_for_status()
    ok(complete(client, code, signed["r2Key"]))


def test_while_the_store_is_away_the_answer_says_so_and_the_upload_can_be_completed_later(
    client: httpx.Client, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = send_file(client, code, POLICY)
    with monkeypatch.context() as away:
        away.setenv("S3_ENDPOINT", "http://127.0.0.1:9")
        settings.cache_clear()
        answer = complete(client, code, key)
    settings.cache_clear()
    problem = refused(answer, 503)
    assert "document store could not be reached" in problem["detail"] and int(answer.headers["retry-after"]) > 0
    ok(complete(client, code, key))


def test_a_document_is_taken_out_and_said_twice_answers_alike(client: httpx.Client, code: str) -> None:
    key = send_file(client, code, POLICY)
    ok(complete(client, code, key))
    for _ in range(2):
        assert ok(client.post("/api/upload-file/remove", json={"invitationCode": code, "r2Key": key})) == {"success": True}
    assert documents(code) == []


def test_one_partner_reaches_nothing_of_another(client: httpx.Client, code: str) -> None:
    key, other = send_file(client, code, POLICY), partners.begun(()).invitation_code
    for path in ("complete", "remove"):
        problem = refused(client.post(f"/api/upload-file/{path}", json={"invitationCode": other, "r2Key": key}), 404)
        assert problem["detail"] == "There is no such upload."
    assert state(code, key) == DocumentState.PENDING


@on_one_database
@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"slot": "passport"}, "slot", "The form has no document “passport”."),
        ({"fileName": "program.exe"}, "additionalDocuments", "Choose a PDF, DOCX, XLSX, JPG or PNG file."),
        ({"fileSize": 0}, "additionalDocuments", "is empty"),
        ({"fileSize": "big"}, "fileSize", "File size must be a whole number."),
        ({"fileName": "a\0.pdf"}, "fileName", "cannot be stored"),
        ({"fileName": None}, "fileName", "File name must be text."),
    ],
)
def test_what_is_wrong_with_an_upload_is_said_in_words(
    client: httpx.Client, code: str, change: dict[str, object], field: str, sentence: str
) -> None:
    assert sentence in said(refused(begin(client, code, **change), 422))[field]


@on_one_database
def test_a_name_with_a_path_keeps_only_the_name(client: httpx.Client, code: str) -> None:
    key = send_file(client, code, POLICY, name="../../etc/C:\\policy.pdf")
    assert ok(complete(client, code, key))["fileName"] == "policy.pdf" and ".." not in key
