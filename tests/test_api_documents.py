"""Documents over the API: straight to the object store by a signed PUT, then looked at, kept or refused and removed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import requests

from integrations.storage import storage
from models.application import Application, of_invitation
from models.application import begin as begin_application
from models.colleague import ask_colleague, take_back
from models.database import reading, transaction
from models.document import Document, DocumentState, find_by_key, stored
from models.invitation import find
from models.person import Actor, Role
from models.review import request_information
from models.settings import settings
from tests import partners
from tests.api import Answer, ok, on_one_database, refused, said, send_file, serving, session_of
from tests.papers import DOCX, PNG, large_pdf, locked_pdf, pdf

POLICY = "health_safety_policy"
ROSA = Actor("Rosa Reyes", "staff", frozenset({Role.REVIEWER}))


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


@on_one_database
def test_a_reviewer_asks_for_a_document_and_the_same_again_is_told_to_be_the_same(client: httpx.Client) -> None:
    application = partners.submitted((POLICY,))
    with transaction() as session:
        request_information(session, ROSA, session.get_one(Application, application.id), "Send it signed.", [POLICY])
    code = application.invitation_code
    before = next(storage().read(one.r2_key, one.file_size) for one in documents(code) if one.slot == POLICY)
    keys = [send_file(client, code, POLICY, name=f"{POLICY}.pdf", content=content) for content in (before, pdf("Signed"), before)]
    assert [ok(complete(client, code, key))["sameAsSent"] for key in keys] == [True, False, True]


def test_the_same_file_completed_twice_at_once_is_one_document(client: httpx.Client, code: str) -> None:
    key = send_file(client, code, POLICY)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: complete(client, code, key), range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4 and len(documents(code)) == 1


def test_one_idempotency_key_never_begins_two_uploads(client: httpx.Client, code: str) -> None:
    content, headers = large_pdf(2.5), {"Idempotency-Key": "order-7"}
    asked = {"invitationCode": code, "slot": POLICY, "fileName": "document.pdf", "fileSize": len(content)}
    with ThreadPoolExecutor(4) as pool:
        answers = [ok(one) for one in pool.map(lambda _: client.post("/api/upload-file", json=asked, headers=headers), range(4))]
    first, key = answers[0], answers[0]["r2Key"]
    assert {one["r2Key"] for one in answers} == {key} and key.startswith(f"uploads/{code}/")
    put(content, first["pieces"][0]).raise_for_status()
    again = ok(client.post("/api/upload-file", json=asked, headers=headers))
    assert again["pieces"][0]["start"] == first["pieces"][1]["start"] and again["arrived"] is False
    other = refused(client.post("/api/upload-file", json={**asked, "fileSize": 1000}, headers=headers), 422)
    assert "another file" in said(other)["Idempotency-Key"]
    for leg in again["pieces"]:
        put(content, leg).raise_for_status()
    ok(complete(client, code, key))
    assert ok(client.post("/api/upload-file", json=asked, headers=headers))["arrived"] is True and len(documents(code)) == 1
    of_another = ok(client.post("/api/upload-file", json={**asked, "invitationCode": partners.invited().code}, headers=headers))
    assert of_another["publicId"] != first["publicId"]


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


def put(content: bytes, leg: dict[str, Any]) -> requests.Response:
    return requests.put(leg["uploadUrl"], data=content[leg["start"] : leg["end"]], headers=leg["headers"], timeout=10)


def resume(client: httpx.Client, code: str, key: str) -> httpx.Response:
    return client.post("/api/upload-file/resume", json={"invitationCode": code, "r2Key": key})


def test_a_large_file_comes_in_pieces_and_after_a_cut_only_what_is_missing_is_sent(client: httpx.Client, code: str) -> None:
    content = large_pdf(3.3)
    signed = ok(begin(client, code, slot=POLICY, fileName="large.pdf", fileSize=len(content)))
    first, second, *rest = signed["pieces"]
    assert len(rest) == 2 and rest[-1]["end"] == len(content)
    for leg in (first, *rest):
        put(content, leg).raise_for_status()
    assert "has not arrived yet" in refused(complete(client, code, signed["r2Key"]), 409)["detail"]
    again = ok(resume(client, code, signed["r2Key"]))
    assert [leg["start"] for leg in again["pieces"]] == [second["start"]] and again["arrived"] is False
    put(content, again["pieces"][0]).raise_for_status()
    assert ok(resume(client, code, signed["r2Key"]))["arrived"] is True
    stored = ok(complete(client, code, signed["r2Key"]))
    assert stored["fileSize"] == len(content) and stored["pages"] == 1
    assert storage().read(signed["r2Key"], len(content)) == content
    assert sorted(storage().sizes(signed["r2Key"])) == [signed["r2Key"], f"{signed['r2Key']}.thumbnail.jpg"]
    assert ok(resume(client, code, signed["r2Key"]))["arrived"] is True


@on_one_database
def test_a_piece_is_written_once_and_takes_exactly_its_bytes(client: httpx.Client, code: str) -> None:
    content = large_pdf(2.5)
    leg = ok(begin(client, code, slot=POLICY, fileName="large.pdf", fileSize=len(content)))["pieces"][0]
    assert put(content + b"x", {**leg, "end": leg["end"] + 1}).status_code == 403
    assert put(content, leg).status_code == 200
    assert put(content[::-1], leg).status_code == 412


@on_one_database
def test_a_piece_that_was_cut_short_is_sent_again(client: httpx.Client, code: str) -> None:
    content = large_pdf(2.5)
    signed = ok(begin(client, code, slot=POLICY, fileName="large.pdf", fileSize=len(content)))
    storage().put(f"{signed['r2Key']}.piece-000", content[:1000], "application/octet-stream")
    assert [leg["start"] for leg in ok(resume(client, code, signed["r2Key"]))["pieces"]] == [leg["start"] for leg in signed["pieces"]]
    put(content, signed["pieces"][0]).raise_for_status()


@on_one_database
def test_what_was_taken_out_cannot_be_resumed(client: httpx.Client, code: str) -> None:
    key = ok(begin(client, code, slot=POLICY))["r2Key"]
    ok(client.post("/api/upload-file/remove", json={"invitationCode": code, "r2Key": key}))
    assert "has been removed" in refused(resume(client, code, key), 409)["detail"]
    assert "has been removed" in refused(complete(client, code, key), 409)["detail"]


@on_one_database
def test_a_pdf_that_asks_for_a_password_is_refused_in_words(client: httpx.Client, code: str) -> None:
    key = send_file(client, code, POLICY, name="policy.pdf", content=locked_pdf())
    assert "asks for a password" in said(refused(complete(client, code, key), 422))["healthSafetyPolicy"]
    assert storage().head(key) is None and documents(code) == []


@on_one_database
def test_a_pdf_that_cannot_be_drawn_is_kept_without_a_picture(client: httpx.Client, code: str) -> None:
    stored = ok(complete(client, code, send_file(client, code, POLICY, name="policy.pdf", content=b"%PDF-1.7 something is broken")))
    assert (stored["pages"], stored["hasThumbnail"]) == (None, False)


def test_a_document_is_put_back_after_it_was_removed(client: httpx.Client, code: str) -> None:
    key = send_file(client, code, POLICY)
    ok(complete(client, code, key))
    ok(client.post("/api/upload-file/remove", json={"invitationCode": code, "r2Key": key}))
    assert documents(code) == []
    assert ok(client.post("/api/upload-file/restore", json={"invitationCode": code, "r2Key": key}))["slot"] == POLICY
    assert [document.r2_key for document in documents(code)] == [key]


@on_one_database
def test_the_date_may_be_said_before_the_document_has_arrived(client: httpx.Client, code: str) -> None:
    key = send_file(client, code, "iso_certificates")
    ok(client.post("/api/upload-file/expiry", json={"invitationCode": code, "r2Key": key, "day": "2031-05-04"}))
    assert ok(complete(client, code, key))["expiryDate"] == "2031-05-04"
    wrong = client.post("/api/upload-file/expiry", json={"invitationCode": code, "r2Key": key, "day": "2031-02-30"})
    assert "day" in said(refused(wrong, 422))
    other = send_file(client, code, POLICY)
    refused(client.post("/api/upload-file/expiry", json={"invitationCode": code, "r2Key": other, "day": "2031-05-04"}), 422)


@on_one_database
def test_which_upload_is_meant_must_be_said(client: httpx.Client, code: str) -> None:
    assert "r2Key" in said(refused(client.post("/api/upload-file/complete", json={"invitationCode": code}), 422))


@on_one_database
def test_a_page_of_another_application_uploads_nothing_into_this_one(client: httpx.Client, code: str) -> None:
    other = partners.begun(())
    problem = refused(begin(client, code, slot=POLICY, application=other.id), 409)
    assert problem["detail"] == "This page is out of date. Reload it, then try again."


@on_one_database
def test_after_the_submission_nothing_is_uploaded_removed_or_put_back(client: httpx.Client, code: str) -> None:
    application = partners.submitted()
    code, key = application.invitation_code, documents(application.invitation_code)[0].r2_key
    assert "has been submitted" in refused(begin(client, code, slot=POLICY), 409)["detail"]
    for path in ("remove", "restore"):
        refused(client.post(f"/api/upload-file/{path}", json={"invitationCode": code, "r2Key": key}), 409)


def test_a_colleague_brings_the_documents_of_their_step_and_never_learns_the_code(client: httpx.Client, code: str) -> None:
    with transaction() as session:
        application = begin_application(session, find(session, code))
        who = ask_colleague(session, application, by="Helen Marsh", step="insurance", name="Maria Sanz", email="maria@brightfield.example")
    headers, content = session_of(colleague=who.public_id), pdf("policy")

    def post(path: str, **body: object) -> Answer:
        return client.post(f"/api/upload-file{path}", json=body, headers=headers)

    asked = {"application": application.id, "fileName": "policy.pdf", "fileSize": len(content)}
    signed = ok(post("", slot=POLICY, **asked))
    requests.put(signed["uploadUrl"], data=content, headers=signed["headers"], timeout=10).raise_for_status()
    stored = ok(post("/complete", publicId=signed["publicId"]))
    assert code not in str(signed) + str(stored)
    refused(post("", slot="team_cvs", **asked), 403)
    theirs = send_file(client, code, "team_cvs")
    for path in ("/resume", "/complete", "/remove"):
        refused(post(path, r2Key=theirs), 403)
    ok(complete(client, code, send_file(client, code, POLICY)))  # by a program of the partner's: the code stands in its key
    theirs = documents(code)[-1].public_id
    for path in ("/resume", "/complete", "/remove", "/restore", "/resume"):
        assert code not in post(path, publicId=theirs).text, path
    with transaction() as session:
        take_back(session, application, who.public_id)
    refused(post("/remove", publicId=signed["publicId"]), 401)


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
