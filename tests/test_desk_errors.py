"""Error pages: a sentence and a way on, for every kind of error, and never a stack trace."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from integrations.failures import Configuration, Passing
from models.errors import Conflict, Forbidden, NotFound, SignInNeeded, TooMany
from portal import problems
from portal.logs import AccessLog
from portal.pages import errors

ERRORS: dict[str, Exception] = {
    "forbidden": Forbidden("Your account may not operate deliveries."),
    "missing": NotFound("There is no such document."),
    "moved-on": Conflict("The application is approved."),
    "flood": TooMany("Too many codes were tried.", retry_after=42),
    "away": Passing("The document store could not be reached.", retry_after=7),
    "misset": Configuration("The sign-in service refuses us."),
    "http": HTTPException(405),
    "database": OperationalError("select secret", {}, Exception("could not connect to 10.1.2.3")),
    "bug": ZeroDivisionError("code=ABCD2345 of ada@brightfield.example"),
    "signed-out": SignInNeeded("Sign in to go on."),
}


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI()
    for prefix in ("/apply", "/review", "/api", "/auth"):
        app.add_api_route(prefix + "/{name}", _raise, methods=["GET", "POST"])
    problems.install(app)
    errors.install(app)
    app.add_middleware(AccessLog)
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False, headers={"accept": "text/html"})


def _raise(name: str) -> None:
    raise ERRORS[name]


@pytest.mark.parametrize(
    ("name", "status", "sentence"),
    [
        ("forbidden", 403, "Your account may not operate deliveries."), ("missing", 404, "There is no such document."),
        ("moved-on", 409, "The application is approved."), ("flood", 429, "Too many codes were tried."),
        ("away", 503, "The document store could not be reached."), ("misset", 503, "The sign-in service refuses us."),
        ("http", 405, "This address does not take that request"), ("database", 503, "The portal is busy"), ("bug", 500, "Something went wrong on our side"),
    ],
)  # fmt: skip
def test_a_person_gets_a_page_with_the_sentence(client: TestClient, name: str, status: int, sentence: str) -> None:
    answer = client.get(f"/apply/{name}")
    assert answer.status_code == status and sentence in answer.text and 'class="btn go"' in answer.text
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("name", ["bug", "database"])
def test_an_unexpected_error_shows_an_id_and_nothing_from_inside(client: TestClient, name: str) -> None:
    page = client.get(f"/review/{name}").text
    assert "tell us this reference" in page
    for inside in ("Traceback", "ZeroDivision", "select", "ABCD2345", "10.1.2.3", "brightfield.example"):
        assert inside not in page


def test_the_api_keeps_its_problem_details(client: TestClient) -> None:
    answer = client.get("/api/missing")
    assert answer.headers["content-type"] == "application/problem+json" and answer.json()["detail"] == "There is no such document."


def test_a_script_of_a_page_that_sends_something_gets_a_problem_it_can_read(client: TestClient) -> None:
    answer = client.post("/apply/moved-on", headers={"accept": "*/*"})
    assert (answer.status_code, answer.json()["detail"]) == (409, "The application is approved.")


def test_how_long_to_wait_is_told(client: TestClient) -> None:
    assert client.get("/apply/flood").headers["retry-after"] == "42"
    assert client.get("/apply/away").headers["retry-after"] == "7"


def test_who_is_not_signed_in_is_led_to_where_they_can(client: TestClient) -> None:
    assert client.get("/review/signed-out?q=a b").headers["location"] == "/auth/sign-in?to=%2Freview%2Fsigned-out%3Fq%3Da%2520b"
    assert client.get("/apply/signed-out").headers["location"] == "/apply"
    failed = client.get("/auth/signed-out")  # a sign-in that failed must not begin again by itself, for ever
    assert failed.status_code == 401 and "Sign in again" in failed.text


def test_an_unknown_address_has_a_page(client: TestClient) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404 and "There is no such page" in answer.text
