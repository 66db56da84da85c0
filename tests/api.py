"""The API as a caller sees it: a real server with the routes and limits, asked over HTTP, on a real database, Redis and store."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import requests
import uvicorn
from fastapi import FastAPI
from fastapi.routing import APIRoute
from itsdangerous import TimestampSigner

from models.invitation import Invitation
from models.settings import settings
from portal import tally
from portal.auth import COLLEAGUE, PARTNER
from portal.main import create_api
from tests.papers import paper
from tests.parts import eventually
from tests.sample_form import api_steps, wanted_documents

Answer = httpx.Response
#: For a test that would say the same on every database.
on_one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def app() -> FastAPI:
    """The product's API without its pages, and a route with a bug."""
    made = create_api()
    made.router.routes.insert(0, APIRoute("/api/bug", _bug, include_in_schema=False))
    return made


def _bug() -> float:
    return 1 / len("")


def session_of(code: str = "", *, colleague: str = "") -> dict[str, str]:
    """The headers of a browser that was let in with a code, or as a colleague, on one of our pages: cookie and origin."""
    signer = TimestampSigner(settings().secret_key.get_secret_value())
    cookie = signer.sign(b64encode(json.dumps({COLLEAGUE: colleague} if colleague else {PARTNER: code}).encode())).decode()
    return {"Cookie": f"portal={cookie}", "Origin": settings().portal_url}


@contextmanager
def serving() -> Iterator[httpx.Client]:
    """A client of a server that is running; nothing that was counted before counts."""
    tally._counts_in.cache_clear()
    server = uvicorn.Server(uvicorn.Config(app(), host="127.0.0.1", port=0, log_config=None, proxy_headers=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        port = eventually(lambda: server.started and server.servers[0].sockets[0].getsockname()[1])
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


def machine_key() -> dict[str, str]:
    """The header that lets Power Automate in."""
    return {"X-Api-Key": settings().sync_api_keys[0]}


def send_file(client: httpx.Client, code: str, slot: str, *, name: str = "", content: bytes = b"", size: int | None = None) -> str:
    """Begin an upload and send the bytes to the store as an uploader does; answers the key."""
    usual, paper_bytes = paper(slot)
    name, content = name or usual, content or paper_bytes
    asked = {"invitationCode": code, "slot": slot, "fileName": name, "fileType": "application/pdf", "fileSize": size or len(content)}
    signed = ok(client.post("/api/upload-file", json=asked))
    sent = requests.request(signed["method"], signed["uploadUrl"], data=content, headers=signed["headers"], timeout=10)
    sent.raise_for_status()
    return str(signed["r2Key"])


def whole_application(client: httpx.Client, invitation: Invitation) -> dict[str, Any]:
    """A complete body for /api/epc-application, its files sent but not completed."""
    files = [
        {"fileName": f"{slot}.pdf", "r2Key": send_file(client, invitation.code, slot), "fileType": "application/pdf", "fileSize": 1}
        for slot in wanted_documents()
    ]
    return {"invitationCode": invitation.code, **api_steps(), "fileReferences": files}


def ok(answer: Answer, status: int = 200) -> dict[str, Any]:
    """The body of an answer that must have this status."""
    assert answer.status_code == status, (answer.status_code, answer.text[:2000])
    body: dict[str, Any] = answer.json()
    return body


def refused(answer: Answer, status: int) -> dict[str, Any]:
    """The problem details of an answer, which must be RFC 9457 and hold nothing that only we should see."""
    body = ok(answer, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["status"] == status and body["title"] and body["detail"] and body["type"] == "about:blank"
    assert "Traceback" not in answer.text and ".py" not in answer.text
    return body


def said(problem: dict[str, Any]) -> dict[str, str]:
    """The messages of a problem by field."""
    return {error["field"]: error["message"] for error in problem["errors"]}
