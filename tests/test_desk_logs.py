"""The log: JSON with the request's id, and nothing in it that opens a door or names a person."""

from __future__ import annotations

import io
import json
import logging
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient

from integrations.logs import clean, set_up
from portal.logs import AccessLog
from worker.logs import where


@pytest.fixture
def lines() -> Iterator[Any]:
    """What has been written so far, line by line."""
    written, root = io.StringIO(), logging.getLogger()
    before, level = list(root.handlers), root.level
    set_up("INFO", written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("GET /apply?code=ABCD2345 HTTP/1.1", "ABCD2345"), ("https://p.example/auth/callback?code=0.AX8&state=xyz", "0.AX8"),
        ("could not write to ada@brightfield.example", "ada@"), ("client ('203.0.113.9', 55120)", "203.0.113.9"),
        ("[parameters: ('Brightfield Solar Ltd', 'ABCD2345')]", "Brightfield"), ("/documents/8sJ3kd92ks02kdLqpwmZ not found", "8sJ3kd92ks02kdLqpwmZ"),
        ("X-Api-Key: 8f3a90c1d2", "8f3a90c1d2"), ("token=eyJhbGciOi", "eyJhbGciOi"), ("NoSuchKey uploads/ABCD2345/file.pdf", "ABCD2345"),
        ("Authorization: Bearer eyJhbGciOi.x", "eyJhbGciOi"), ("Authorization: Basic YWxhZGRpbjpv", "YWxhZGRpbjpv"), ("{'code': 'ABCD2345'}", "ABCD2345"),
        ('{"token": "eyJhbGciOi"}', "eyJhbGciOi"), ("spt_0123456789abcdef_Zx8k-2 is refused", "-2"),
        ("no answer from 2001:db8::8a2e:370:7334: refused", "8a2e"), ("[::ffff:203.0.113.9]:443", "ffff"), ("at ::1", "::1"),
    ],
)  # fmt: skip
def test_what_opens_a_door_or_names_a_person_is_taken_out(text: str, secret: str) -> None:
    assert secret in text and secret not in clean(text)


@pytest.mark.parametrize("text", ["SharePoint answered 503 (busy).", "12 of 97 columns at 14:05:33", "GET /review 200 in 12.5 ms", "ab:cd of std::vec"])
def test_ordinary_words_stay(text: str) -> None:
    assert clean(text) == text


def test_a_request_is_one_line_with_its_route_and_no_query(lines: Any) -> None:
    answer = served().get("/documents/8sJ3kd92ks02?code=ABCD2345")
    (line,) = [one for one in lines() if one["event"] == "request"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/documents/{name}", 200)
    assert line["request_id"] == answer.headers["x-request-id"] and line["ms"] >= 0
    assert "ABCD2345" not in json.dumps(line) and "8sJ3kd92ks02" not in json.dumps(line)


def test_a_path_that_matches_no_route_is_logged_without_what_may_be_a_code(lines: Any) -> None:
    served().get("/apply/ABCD2345/x")
    assert "ABCD2345" not in json.dumps(lines())


def test_what_is_logged_while_a_request_is_answered_carries_its_id(lines: Any) -> None:
    answer = served().get("/logging")
    found = [one for one in lines() if one["event"] == "from a library about <email>"]
    assert [one["request_id"] for one in found] == [answer.headers["x-request-id"]] and found[0]["level"] == "warning"


def test_the_trace_of_an_error_is_logged_without_its_secrets(lines: Any) -> None:
    try:
        raise RuntimeError("code=ABCD2345 of ada@brightfield.example")
    except RuntimeError:
        logging.getLogger("somewhere").exception("it broke")
    (line,) = lines()
    assert "RuntimeError" in line["exception"] and "ABCD2345" not in line["exception"] and "ada@" not in line["exception"]


def test_what_lies_inside_of_a_value_is_taken_out_too(lines: Any) -> None:
    structlog.get_logger("portal").info("kept", given={"code": "ABCD2345", "of": ["ada@brightfield.example", ("token=eyJhbGciOi", 3)]})
    assert lines()[0]["given"] == {"code": "…", "of": ["<email>", ["token=…", 3]]}


def test_the_worker_says_of_a_librarys_error_where_it_arose_and_never_its_words() -> None:
    root, written, name = logging.getLogger(), io.StringIO(), "Ada Byron"
    before, level = list(root.handlers), root.level
    set_up("INFO", written, tell=where)
    try:
        raise ValueError(name)
    except ValueError:
        logging.getLogger("rq.worker").exception("job failed\n%s", traceback.format_exc())
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        structlog.reset_defaults()
    line = json.loads(written.getvalue())
    assert line["exception"]["error"] == "ValueError" and "test_desk_logs.py" in line["event"] and name not in written.getvalue()


def test_static_files_are_too_many_to_be_told_at_the_usual_level(lines: Any) -> None:
    served().get("/static/portal.css")
    assert lines() == []


def served() -> TestClient:
    app = FastAPI()
    app.add_api_route("/documents/{name}", lambda name: name)
    app.add_api_route("/static/portal.css", lambda: "")
    app.add_api_route("/logging", _log)
    app.add_middleware(AccessLog)
    return TestClient(app)


async def _log() -> None:
    logging.getLogger("some.library").warning("from a library about %s", "ada@brightfield.example")
