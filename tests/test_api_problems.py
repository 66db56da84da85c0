"""Whatever goes wrong is a problem in words (RFC 9457), and the API describes itself."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from models.database import engine
from models.event import CONSEQUENCES
from models.settings import settings
from portal import words
from tests.api import ok, on_one_database, refused, said, serving
from tests.parts import Local

pytestmark = [on_one_database, pytest.mark.usefixtures("database")]


@pytest.fixture
def client(database: str, redis_server: object) -> Iterator[httpx.Client]:
    with serving() as found:
        yield found


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"invitationCode=C1D94680", b"[1, 2]", b'"text"', b"null", b"\xff\xfe", b"[" * 100_000, b"9" * 5000]
)
def test_a_body_that_is_no_json_object_gets_a_sentence(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/api/validate-invitation", content=body, headers=JSON)
    problem = refused(answer, 400)
    assert "JSON" in problem["detail"] and problem["errors"] == []


def test_a_form_or_a_text_instead_of_json_is_told_what_to_send(client: httpx.Client) -> None:
    for headers in ({"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "text/plain"}, {}):
        answer = client.post("/api/save-draft", content=b'{"step": 1}', headers=headers)
        assert "Content-Type: application/json" in refused(answer, 415)["detail"] and answer.headers["accept"] == "application/json"
    assert "Content-Type: application/json" in refused(client.post("/api/save-draft"), 400)["detail"]  # there is no body at all


def test_an_address_that_does_not_exist_and_a_wrong_method_are_problems_too(client: httpx.Client) -> None:
    assert "no such address" in refused(client.get("/api/nothing"), 404)["detail"]
    refused(client.post("/api/"), 404)
    answer = client.get("/api/save-draft")
    refused(answer, 405)
    assert answer.headers["allow"] == "POST"
    answer = client.delete("/api/status")
    refused(answer, 405)
    assert answer.headers["allow"] == "GET"


def test_missing_and_superfluous_fields_are_all_named(client: httpx.Client) -> None:
    problem = refused(client.post("/api/save-draft", json={"invitationCode": "C1D94680", "stepp": 1}), 422)
    assert said(problem) == {
        "step": "Step is missing.", "formData": "Form data is missing.", "stepp": "There is no field “stepp” here. Leave it out.",
    }  # fmt: skip
    assert problem["title"] and problem["detail"] == "3 fields are wrong."


def test_half_a_character_in_a_name_is_refused_without_harm(client: httpx.Client) -> None:
    body = b'{"invitationCode": "C1D94680", "step": 1, "formData": {}, "\\ud800": 1}'
    refused(client.post("/api/save-draft", content=body, headers=JSON), 400)


def test_while_the_database_is_away_the_answer_is_503_and_says_nothing_of_us(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    engine().dispose()
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:9/portal")
    settings.cache_clear()
    answer = client.get("/api/status", params={"invitationCode": "C1D94680"})
    problem = refused(answer, 503)
    assert "database is not answering" in problem["detail"] and "secret" not in answer.text and answer.headers["retry-after"] == "30"
    found = client.get("/readyz")
    assert found.status_code == 503 and found.json()["database"] == "away" and found.json()["status"] == "unready"


def test_a_bug_is_a_500_with_a_reference_and_no_trace(client: httpx.Client) -> None:
    problem = refused(client.get("/api/bug"), 500)
    assert problem["detail"].startswith("Something went wrong on our side.") and "requestId" in problem


def test_the_process_answers_and_says_what_it_stands_on(client: httpx.Client, s3: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ok(client.get("/healthz")) == {"status": "ok"}
    assert ok(client.get("/readyz")) == {"status": "ok", "database": "ok", "redis": "ok", "storage": "ok", "deliveries": "ok"}
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    monkeypatch.setenv("S3_ENDPOINT", "http://127.0.0.1:9")
    settings.cache_clear()
    assert ok(client.get("/readyz")) == {"status": "degraded", "database": "ok", "redis": "away", "storage": "away", "deliveries": "ok"}


def test_the_api_describes_itself_with_its_errors_and_every_question(client: httpx.Client) -> None:
    described = ok(client.get("/openapi.json"))
    assert described["openapi"].startswith("3.1") and described["info"]["title"] == "Saber Partner Portal API"
    paths = described["paths"]
    assert set(paths) == {
        "/api/validate-invitation", "/api/sync-invitation", "/api/save-draft", "/api/draft", "/api/clear-draft", "/api/upload-file",
        "/api/upload-file/complete", "/api/upload-file/remove", "/api/upload-file/resume", "/api/upload-file/restore",
        "/api/upload-file/expiry", "/api/epc-application", "/api/status", "/healthz", "/readyz",
        "/api/confirm-email", "/api/confirm-email/code", "/api/mail-returned", "/api/graph-notifications",
        "/api/applications", "/api/applications/{reference}", "/api/applications/{reference}/documents/{publicId}", "/api/invitations",
    }  # fmt: skip
    for path, operations in paths.items():
        for operation in operations.values():
            errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
            assert not path.startswith("/api/") or {"422", "429", "500", "503"} <= set(errors)
            assert not path.startswith("/api/") or all(
                list(answer["content"]) == ["application/problem+json"] for answer in errors.values()
            )
    submission = described["components"]["schemas"]["Submission"]["properties"]
    assert "Registered company name" in str(submission["step1"]) and "declarantName" in str(submission["step6"])


#: Route → who may ask it, each way by itself; {} is a code in the body.
CODE, SESSION, TOKEN, MACHINE = {"InvitationCode": []}, {"Session": []}, {"Token": []}, [{"ApiKey": []}, {"Signature": []}]
WAYS_IN = {
    "GET /api/status": [CODE, SESSION], "GET /api/draft": [CODE, SESSION], "POST /api/validate-invitation": [],
    "POST /api/graph-notifications": [], "POST /api/sync-invitation": MACHINE, "POST /api/mail-returned": MACHINE,
    "GET /api/applications": [TOKEN], "GET /api/applications/{reference}": [TOKEN], "GET /api/invitations": [TOKEN],
    "GET /api/applications/{reference}/documents/{publicId}": [TOKEN], "POST /api/invitations": [TOKEN],
}  # fmt: skip


def test_the_description_says_of_every_route_who_may_ask_it_how_often_and_which_headers_come_with_the_answer(client: httpx.Client) -> None:
    described = ok(client.get("/openapi.json"))
    assert set(described["components"]["securitySchemes"]) == {"InvitationCode", "Session", "Token", "ApiKey", "Signature"}
    for path, operations in described["paths"].items():
        for method, told in operations.items() if path.startswith("/api/") else ():
            route = f"{method.upper()} {path}"
            assert told["security"] == WAYS_IN.get(route, [{}, SESSION]), route
            answer = client.request(method, path.format(reference="EPC-1", publicId="x"), json={} if method == "post" else None)
            limit = told["x-rate-limit"]
            assert answer.headers["ratelimit-policy"] == f'"{limit["name"]}";q={limit["requests"]};w={limit["seconds"]}'
            assert ("x-max-body-bytes" in told) is (method == "post"), route
            documented = told["responses"][str(answer.status_code)]["headers"]
            there = {"RateLimit", "RateLimit-Policy", "Retry-After", "ETag", "WWW-Authenticate"}
            assert {name for name in there if name in answer.headers} == set(documented), route


def test_every_consequence_has_a_name_for_people() -> None:
    targets = {target for consequences in CONSEQUENCES.values() for target in consequences}
    assert {target for target in targets if words.target(target) == target} == set()
