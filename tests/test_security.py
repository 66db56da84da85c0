"""What nobody may do to the portal: the list of FACTS 54, each under its name, and the tests that stand nowhere else.

`LIST` says which test proves what. One that is renamed or removed is missed here, and so is one that THREATS.md names.
"""

from __future__ import annotations

import ast
import base64
import io
import json
import logging
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
import structlog
from fastapi.testclient import TestClient
from itsdangerous import TimestampSigner
from nicegui import Client
from rq import Queue
from rq.serializers import JSONSerializer, PickleSerializer
from sqlmodel import select
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from integrations.logs import set_up
from models.confirmation import Confirmation
from models.database import reading
from models.person import Role
from models.settings import settings
from portal.auth import PARTNER, STAFF
from portal.guard import Guard
from portal.nudge import JOB, QUEUE
from portal.visits import VISITOR
from tests import partners
from tests.api import on_one_database
from tests.browser import app
from tests.desk import token
from tests.pages import address, browser, cookie, portal
from tests.parts import Graph, Mailbox, environment_of, eventually
from tests.test_page_live import opened, socket
from tests.test_rights_of_partners import BODIES, _routes
from worker.deliver import drain
from worker.main import Listener

ROOT = Path(__file__).parents[1]
on_sqlite = on_one_database
FOREIGN = "https://elsewhere.example"

LIST = {
    "CR/LF in a name adds no mail header": "tests/test_worker_notify.py::test_a_line_break_in_a_name_adds_no_header",
    "no pickle from Redis": "tests/test_security.py::test_a_pickle_that_somebody_put_into_redis_is_never_opened",
    "rules hold when the page is bypassed":
        "tests/test_api_applications.py::test_the_contracts_example_is_refused_with_every_field_by_step_and_nothing_is_lost",
    "no submission before the last step": "tests/test_application.py::test_what_is_missing_is_listed_by_step_and_nothing_is_changed",
    "a crash in mid-submit leaves nothing half done":
        "tests/test_application.py::test_a_crash_in_the_middle_of_submitting_leaves_nothing_half_done",
    "a flood gets 429": "tests/test_api_limits.py::test_the_eleventh_code_in_a_minute_is_told_to_wait_and_every_answer_says_what_is_left",
    "Secure, HttpOnly, SameSite cookies": "tests/test_security.py::test_in_production_the_session_goes_over_https_alone_and_to_no_script",
    "__Host- in production": "tests/test_security.py::test_in_production_the_session_goes_over_https_alone_and_to_no_script",
    "HSTS one year": "tests/test_security.py::test_in_production_a_browser_is_told_to_come_by_https_for_a_year",
    "CSP": "e2e/test_security.py::test_a_script_that_was_smuggled_into_a_page_does_not_run",
    "nosniff": "tests/test_security.py::test_every_answer_says_how_it_may_be_used",
    "cross-site POST refused": "tests/test_security.py::test_what_another_site_posts_is_refused_though_the_browser_sends_the_session",
    "forged X-Forwarded-For ignored": "tests/test_api_limits.py::test_one_address_does_not_use_up_anothers_requests_and_a_forged_one_is_none",
    "websocket from a foreign Origin refused": "tests/test_security.py::test_a_socket_from_another_site_is_refused",
    "oversize refused at the server": "tests/test_api_documents.py::test_a_pdf_of_11_mb_that_was_sent_all_the_same_is_removed_unread",
    "wrong magic bytes refused": "tests/test_api_documents.py::test_a_file_of_the_wrong_kind_behind_a_right_name_is_refused_and_removed",
    "zip bomb refused": "tests/test_document.py::test_a_wrong_kind_behind_a_right_name_is_refused",
    "file names RFC 6266-encoded": "tests/test_page_documents.py::test_a_name_of_any_letters_is_told_and_can_break_no_header",
    "a used code fails": "tests/test_invitation.py::test_a_code_that_is_used_revoked_or_expired_opens_nothing",
    "new session id at sign-in": "tests/test_security.py::test_letting_in_gives_a_new_session_and_keeps_nothing_that_was_planted",
    "a disabled user is cut off at once": "e2e/test_desk_people.py::test_whoever_is_disabled_is_cut_off_in_the_page_that_is_open",
    "partner A cannot read partner B": "tests/test_rights_of_partners.py::test_a_partner_reaches_nothing_of_another_on_any_route",
    "no-store on private pages": "tests/test_desk_pages.py::test_private_pages_and_errors_are_never_kept_by_the_browser_and_carry_an_id",
    "unknown or system fields in a body ignored or refused, never written":
        "tests/test_api_drafts.py::test_a_field_that_does_not_exist_is_refused_by_name_and_the_draft_stays",
    "no codes or tokens in logs": "tests/test_security.py::test_a_whole_walk_leaves_nothing_in_the_log_that_opens_a_door_or_names_a_person",
    "a generic error page": "tests/test_desk_errors.py::test_an_unexpected_error_shows_an_id_and_nothing_from_inside",
}  # fmt: skip


def test_each_of_the_26_has_its_test() -> None:
    assert len(LIST) == 26
    assert {test for test in LIST.values() if not _exists(test)} == set()


def test_each_test_that_the_threat_model_names_exists() -> None:
    named = set(re.findall(r"`((?:tests|e2e)/\w+\.py::\w+)`", (ROOT / "portal" / "THREATS.md").read_text()))
    assert len(named) > 20
    assert {test for test in named if not _exists(test)} == set()
    assert not _exists("tests/test_security.py::test_that_nobody_has_written")


def test_a_pickle_that_somebody_put_into_redis_is_never_opened(redis_server: redis.Redis, local: object, tmp_path: Path) -> None:
    Queue(QUEUE, connection=redis_server, serializer=PickleSerializer).enqueue(JOB, _Trap(str(tmp_path / "sprung")))
    listener = Listener([QUEUE], connection=redis_server, serializer=JSONSerializer, log_job_description=False)
    listener.work(burst=True, logging_level="CRITICAL")
    assert not (tmp_path / "sprung").exists()
    assert redis_server.llen(f"rq:queue:{QUEUE}") == 0  # it was taken, and came to nothing


@on_sqlite
def test_in_production_the_session_goes_over_https_alone_and_to_no_script(database: str, redis_server: object) -> None:
    with environment_of(_production()):
        client = _served()
        answer = client.get("/apply", params={"code": partners.invited().code})
        said = answer.headers["set-cookie"]
    name, _, attributes = said.partition("=")
    assert name == "__Host-portal"
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= {one.strip().lower() for one in attributes.split(";")}
    assert "domain=" not in said.lower()  # a browser takes no __Host- cookie with one


@on_sqlite
def test_in_production_a_browser_is_told_to_come_by_https_for_a_year(database: str, redis_server: object) -> None:
    with environment_of(_production()):
        headers = [_served().get(path).headers for path in ("/apply", "/api/nothing", "/healthz")]
    assert {one["strict-transport-security"] for one in headers} == {"max-age=31536000; includeSubDomains"}


@on_sqlite
@pytest.mark.parametrize("path", ["/apply", "/apply/nothing", "/apply/company", "/review", "/api/status", "/auth/ended"])
def test_every_answer_says_how_it_may_be_used(database: str, s3: object, redis_server: object, path: str) -> None:
    headers = browser(token(Role.ADMIN)).get(path).headers
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
    assert "frame-ancestors 'none'" in headers["content-security-policy"] and "no-store" in headers["cache-control"]


@on_sqlite
def test_a_page_runs_only_scripts_with_the_nonce_of_this_answer_and_files_of_ours(database: str, s3: object, redis_server: object) -> None:
    client, seen = browser(token(Role.ADMIN)), set()
    for path in ("/review", "/review", "/apply", "/people"):
        answer = client.get(path)
        (nonce,) = re.findall(r"'nonce-([\w-]{20,})'", answer.headers["content-security-policy"])
        inline = [tag for tag in re.findall(r"<script[^>]*>", answer.text) if "src=" not in tag]
        assert inline and all(f'nonce="{nonce}"' in tag for tag in inline), path
        assert "'unsafe-inline'" not in re.search(r"script-src[^;]*", answer.headers["content-security-policy"])[0]  # type: ignore[index]
        seen.add(nonce)
    assert len(seen) == 4


@on_sqlite
def test_what_another_site_posts_is_refused_though_the_browser_sends_the_session(database: str, s3: object, redis_server: object) -> None:
    code = partners.begun(()).invitation_code
    client = browser()
    client.cookies.set("portal", cookie({PARTNER: code, STAFF: token(Role.ADMIN)}))
    taken = {}
    for path in _posted():
        body = BODIES.get(f"POST {path}", {"to": "0", "digits": "123456", "application": 1})
        sent: dict[str, Any] = {"json": body} if path == "/apply/reply" else {"data": body}
        taken[path] = client.post(path.replace("{form}", "csv"), headers={"origin": FOREIGN, "sec-fetch-site": "cross-site"}, **sent).status_code
    assert {path: status for path, status in taken.items() if status != 403} == {}
    assert client.get("/apply/company").status_code == 200  # and nobody was signed out by it


@on_sqlite
@pytest.mark.parametrize("to", [f"{FOREIGN}/", "//elsewhere.example", "/\\elsewhere.example", "/a\\b", "javascript:alert(1)", "elsewhere"])
def test_nobody_is_sent_from_the_sign_in_to_another_site(local: object, database: str, redis_server: object, to: str) -> None:
    client = browser(token(Role.ADMIN))
    assert client.get("/auth/ended", params={"to": to}).headers["location"] == "/review"


@on_sqlite
@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_socket_from_another_site_is_refused(database: str, s3: object, redis_server: object, transport: str) -> None:
    page, live = opened()
    query = f"client_id={live['client']}&next_message_id=0&implicit_handshake=true&document_id=d&tab_id=t&EIO=4&transport={transport}"
    where = f"{address()}{live['path']}/?{query}"
    if transport == "polling":
        assert httpx.get(where, headers={"origin": FOREIGN}).status_code == 403
    else:
        with pytest.raises(InvalidStatus) as refused, connect(where.replace("http", "ws", 1), origin=FOREIGN):  # type: ignore[arg-type]
            pass
        assert refused.value.response.status_code == 403
    assert not page.has_socket_connection


@on_sqlite
def test_an_event_sent_over_another_pages_socket_does_nothing(database: str, s3: object, redis_server: object) -> None:
    (mine, my_live), (theirs, their_live) = opened(), opened()
    heard: list[str] = []
    numbers = {page.id: page.layout.on("pressed", lambda name=page.id: heard.append(name)) and _last_listener(page) for page in (mine, theirs)}
    with socket(their_live), socket(my_live) as made:  # whose page nobody has open hears nothing anyway
        for page in (theirs, mine):
            event = {"id": 0, "client_id": page.id, "listener_id": numbers[page.id], "args": []}
            made.send("42" + json.dumps(["event", event]))
        assert eventually(lambda: heard)
    assert heard == [mine.id]


@on_sqlite
def test_letting_in_gives_a_new_session_and_keeps_nothing_that_was_planted(database: str, redis_server: object) -> None:
    first, second = partners.invited(), partners.invited("other@harlow.example.com")
    client = TestClient(app(), base_url=settings().portal_url, headers={"Origin": settings().portal_url}, follow_redirects=False)
    client.get("/apply", params={"code": first.code})
    before = _session(client)
    client.get("/apply", params={"code": second.code})
    after = _session(client)
    client.get("/apply", params={"code": second.code})  # again, in the same browser
    again = _session(client)
    assert before[VISITOR] != after[VISITOR] == again[VISITOR], "two clicks on one link do not shut each other out"
    assert not {first.code, second.code} & set(map(str, again.values()))
    client.cookies.clear()
    taken = {"cookie": f"portal={cookie(before)}"}  # whoever took the cookie before has nothing of it
    assert client.get("/apply/continue", headers=taken).headers["location"] == "/apply"
    planted = cookie({VISITOR: "planted", "planted": "yes"})
    client.get("/apply", params={"code": second.code}, headers={"cookie": f"portal={planted}"})
    assert _session(client)[VISITOR] != "planted" and "planted" not in _session(client)


@on_sqlite
def test_a_whole_walk_leaves_nothing_in_the_log_that_opens_a_door_or_names_a_person(
    database: str, s3: object, redis_server: object, lines: Any
) -> None:
    document = partners.stored_in(application := partners.begun(()), "health_safety_policy")
    held, code = token(Role.ADMIN), application.invitation_code
    partner, desk = browser(), browser(held)
    partner.headers["origin"] = settings().portal_url
    partner.get("/apply", params={"code": code})
    partner.post("/apply/device/code")
    digits = _device_code()
    partner.post("/apply/device", data={"digits": digits})
    walked = [partner.get(path).status_code for path in ("/apply/company", "/apply/check", f"/documents/{document.public_id}", "/apply/help")]
    assert walked == [200, 200, 200, 410]
    for path in (f"/review?q={code}", "/people?q=helen.marsh@brightfieldsolar.co.uk", f"/apply/{code}", f"/documents/{code}{code}{code}"):
        desk.get(path)
    httpx.post(f"{address()}/api/validate-invitation", json={"invitationCode": code})
    httpx.get(f"{address()}/api/draft", params={"invitationCode": code}, headers={"authorization": f"Bearer {held}"})
    said = eventually(lambda: len(lines()) > 8 and "\n".join(lines()))
    secrets = (code, held, digits, document.public_id, "helen.marsh", "Helen Marsh", "Brightfield", str(partner.cookies["portal"]))
    assert [one for one in secrets if one in said] == []


@on_sqlite
def test_what_the_worker_says_of_a_delivery_carries_the_id_of_the_request_that_caused_it(
    database: str, s3: object, redis_server: object, graph: Graph, mailbox: Mailbox, lines: Any
) -> None:
    partner = browser()
    partner.headers["origin"] = settings().portal_url
    partner.get("/apply", params={"code": partners.begun(()).invitation_code})
    answer = partner.post("/apply/device/code")
    asked = answer.headers["x-request-id"]
    drain()
    told = [one for one in map(json.loads, lines()) if one["event"] == "delivery" and one["target"] == "email.device"]
    assert [one["request_id"] for one in told] == [asked]
    others = [one for one in map(json.loads, lines()) if one["event"] == "delivery" and one["target"] != "email.device"]
    assert others and asked not in {one["request_id"] for one in others}


@pytest.fixture
def lines() -> Iterator[Any]:
    """What has been logged so far, at the level that says most."""
    written, root = io.StringIO(), logging.getLogger()
    portal()  # before, as what its making logs is no part of it
    before, level = list(root.handlers), root.level
    set_up("DEBUG", written)
    yield lambda: written.getvalue().splitlines()
    root.handlers[:] = before
    root.setLevel(level)
    for name in ("portal", "worker", "models", "integrations"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


class _Trap:
    """Whoever unpickles it makes a file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (self.path, "w"))


@cache
def _tests_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _exists(test: str) -> bool:
    path, _, name = test.partition("::")
    return (ROOT / path).exists() and name in _tests_of(path)


def _production() -> dict[str, str]:
    """What makes the settings those of a portal on the open internet; its database is a test's, and its Redis is away."""
    return {
        "ENVIRONMENT": "production", "PORTAL_URL": "https://partners.example.com", "REDIS_URL": "rediss://:pw@127.0.0.1:9",
        "S3_ENDPOINT": "https://store.example.com", "SECRET_KEY": "kJ8s0f2mQ9zX4vB7nL1pR6tY3wC5dG0h", "SMTP_SECURITY": "starttls",
        "ENTRA_AUTHORITY": "https://login.example.com", "ENTRA_CERTIFICATE_FILE": "/run/portal.pem",
        "GRAPH_URL": "https://graph.example.com", "SYNC_API_KEYS": "", "SYNC_HMAC_SECRETS": "",
    }  # fmt: skip


def _served() -> TestClient:
    """The form behind the guard, as a browser reaches it over https."""
    url = settings().portal_url
    return TestClient(Guard(app(), origin=url), base_url=url, headers={"Accept": "text/html"}, follow_redirects=False)


def _posted() -> list[str]:
    """Each address that takes a form or a script's answer with the session's cookie; machines and the API's callers bring their own key."""
    found = {route.partition(" ")[2] for route in _routes() if route.startswith("POST ")}
    return sorted(path for path in found if path.startswith(("/apply", "/auth/", "/language", "/review", "/mentions")))


def _last_listener(page: Client) -> str:
    return list(page.layout._event_listeners)[-1]


def _session(client: TestClient) -> dict[str, Any]:
    """What the signed cookie holds."""
    signer = TimestampSigner(settings().secret_key.get_secret_value())
    held = [one.value for one in client.cookies.jar if one.name == "portal"][-1]
    found: dict[str, Any] = json.loads(base64.b64decode(signer.unsign(str(held).encode())))
    return found


def _device_code() -> str:
    with reading() as session:
        return session.exec(select(Confirmation).order_by("id")).all()[-1].code
