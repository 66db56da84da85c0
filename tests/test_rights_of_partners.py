"""What the routes of the form and of the API answer to staff: what they answer to a stranger, whatever the role.

Each is asked by every role and by nobody, with a body that is taken from a partner. A route that nobody has put into the table below
fails here: say what it answers before it is used. The desk's own routes stand in test_rights.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import APIRouter
from nicegui import app as pages
from sqlmodel import SQLModel

from integrations.queue import connection
from models.application import Application
from models.database import engine, transaction
from models.document import Document
from models.draft import Answer, save_answers
from models.person import Role
from models.settings import settings
from models.steps import STEPS
from portal.auth import PARTNER
from tests.desk import applied, token
from tests.pages import browser, cookie, portal
from tests.papers import pdf
from tests.partners import begun, stored_in

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

#: The API's answers: it asks for a code, or for a machine's key; nothing is there.
NOBODY_IS_IN, NOTHING = 401, 404
#: The form's: its entrance stands open to everybody; whoever is not in is led there; a colleague's link leads nowhere.
OPEN, LED_OUT, OVER = 200, "303 /apply", 410
#: Method and route → the answer, a status, and of one that leads on where to.
ANSWERS: dict[str, int | str] = {
    **{f"GET /apply/{step.name}": LED_OUT for step in STEPS},
    **{f"{method} /api/{{path:path}}": NOTHING for method in ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")},
    "GET /apply": OPEN, "POST /apply": LED_OUT, "GET /apply/continue": LED_OUT, "POST /apply/leave": LED_OUT,
    "GET /apply/device": LED_OUT, "POST /apply/device": LED_OUT, "POST /apply/device/code": LED_OUT,
    "GET /apply/help": OVER, "GET /apply/help/done": OVER, "POST /apply/help/done": NOBODY_IS_IN,
    "GET /apply/devices": LED_OUT, "POST /apply/devices/end": NOBODY_IS_IN, "POST /apply/devices/others": NOBODY_IS_IN,
    "GET /apply/colleagues": LED_OUT, "POST /apply/colleagues": NOBODY_IS_IN, "POST /apply/colleagues/again": NOBODY_IS_IN,
    "POST /apply/colleagues/back": NOBODY_IS_IN, "GET /apply/check": LED_OUT, "POST /apply/reply": NOBODY_IS_IN,
    "POST /apply/submit": NOBODY_IS_IN, "GET /apply/status": LED_OUT, "POST /apply/edition": NOBODY_IS_IN,
    "POST /apply/withdraw": NOBODY_IS_IN, "GET /apply/application.pdf": LED_OUT, "GET /apply/renew": LED_OUT,
    "POST /apply/renew/send": NOBODY_IS_IN,
    "POST /api/validate-invitation": OPEN, "POST /api/sync-invitation": NOBODY_IS_IN, "POST /api/mail-returned": NOBODY_IS_IN,
    "POST /api/graph-notifications": NOBODY_IS_IN,
    "GET /api/draft": NOBODY_IS_IN, "POST /api/save-draft": NOBODY_IS_IN, "POST /api/clear-draft": NOBODY_IS_IN,
    "POST /api/upload-file": NOBODY_IS_IN, "POST /api/upload-file/resume": NOBODY_IS_IN, "POST /api/upload-file/complete": NOBODY_IS_IN,
    "POST /api/upload-file/remove": NOBODY_IS_IN, "POST /api/upload-file/restore": NOBODY_IS_IN, "POST /api/upload-file/expiry": NOBODY_IS_IN,
    "POST /api/confirm-email": NOBODY_IS_IN, "POST /api/confirm-email/code": NOBODY_IS_IN, "POST /api/epc-application": NOBODY_IS_IN,
    "GET /api/status": NOBODY_IS_IN,
    "GET /api/applications": NOBODY_IS_IN, "GET /api/applications/{reference}": NOBODY_IS_IN,
    "GET /api/applications/{reference}/documents/{publicId}": NOBODY_IS_IN, "GET /api/invitations": NOBODY_IS_IN,
    "POST /api/invitations": NOBODY_IS_IN,
}  # fmt: skip
#: What is sent with it, where the answer to an empty body would tell nothing of who asks.
EMAIL = {"email": "ada@brightfield.example"}
BODIES: dict[str, dict[str, Any]] = {
    "POST /apply": {"code": "ZZZZ9999"}, "POST /apply/withdraw": {"application": 1}, "POST /apply/reply": {"application": 1, "replies": {}},
    "POST /api/validate-invitation": {"invitationCode": "ZZZZ9999"}, "POST /api/save-draft": {"step": 1, "formData": {"companyName": "Taken Ltd"}},
    "POST /api/upload-file": {"fileName": "policy.pdf", "fileSize": 10}, "POST /api/confirm-email": EMAIL, "POST /api/confirm-email/code": {**EMAIL, "code": "123456"},
    "POST /api/invitations": {"companyName": "Taken Ltd", "contactEmail": "ada@taken.example"},
    "POST /api/sync-invitation": {"CompanyName": "Taken Ltd", "ContactEmail": "ada@taken.example"},
    **{f"POST /api/upload-file/{deed}": {"publicId": "a1"} for deed in ("resume", "complete", "remove", "restore", "expiry")},
}  # fmt: skip


def test_every_route_of_the_form_and_of_the_api_says_what_it_answers(local: object) -> None:
    assert asked() ^ set(ANSWERS) == set()


def test_a_route_that_nobody_has_declared_is_noticed(local: object) -> None:
    router = APIRouter(prefix="/api")
    router.add_api_route("/everything", lambda: "all of it", methods=["GET"])
    routes = portal().router.routes
    before = list(routes)
    try:
        portal().include_router(router)
        assert asked() ^ set(ANSWERS) == {"GET /api/everything"}
    finally:
        routes[:] = before


@on_sqlite
def test_staff_of_every_role_are_answered_as_strangers_are_and_change_nothing(database: str, s3: object, redis_server: object) -> None:
    applied()
    for held in ("", *(token(role) for role in Role)):
        connection(1).flushdb()  # all of them together ask for more than one address may in a minute
        with browser(held) as client:
            before = counted()
            assert {route: answer(client, route) for route in sorted(ANSWERS)} == dict(sorted(ANSWERS.items()))
            assert counted() == before


@on_sqlite
def test_a_partner_reaches_nothing_of_another_on_any_route(database: str, s3: object, redis_server: object) -> None:
    """Every route there is, with all that names the other's application, and the session of this one: page, API, file, picture, export."""
    theirs, mine = _theirs(), inside_of(begun(()))
    told = []
    with mine as client:
        before = rows_of(theirs)
        for route in sorted(set(_routes()) - {"POST /apply/leave"}):
            connection(1).flushdb()  # nobody is held off before it is their turn
            said = _ask_for(client, route, theirs)
            told += [(route, what) for what, held in (("answer", theirs.mark.encode()), ("file", theirs.content)) if held in said.content]
        assert told == []
        assert rows_of(theirs) == before
        assert client.get("/apply/company").status_code == 200  # all the while this one was let in
    with inside_of(theirs.application) as other:
        assert theirs.mark in other.get("/apply/company").text  # and these addresses do show it to whoever it belongs to
        assert other.get(f"/documents/{theirs.document.public_id}").status_code == 200


def test_every_place_in_a_route_has_something_of_another_partner_to_ask_for(local: object) -> None:
    places = {place for route in _routes() for place in re.findall(r"{(\w+)(?::\w+)?}", route) if not route.partition(" ")[2].startswith(FILES)}
    assert places == PLACES


#: What our own files and NiceGUI's are served by: nothing of anybody's is there.
FILES = ("/static", "/_nicegui", "/docs")
PLACES = {"path", "reference", "publicId", "public_id", "form"}


@dataclass(frozen=True)
class Theirs:
    """An application of somebody else, with an answer and a document that nobody else may see."""

    application: Application
    document: Document
    mark: str
    content: bytes

    def place(self, name: str) -> str:
        """What stands in a route at this place."""
        known = {"reference": self.application.reference_number or "", "publicId": self.document.public_id,
                 "public_id": self.document.public_id, "form": "csv", "path": f"applications/{self.application.id}"}  # fmt: skip
        return str(known[name])


def _theirs() -> Theirs:
    mark = "Theirs Alone Solar Ltd"
    application = begun(())
    with transaction() as session:
        save_answers(session, session.get_one(Application, application.id), [Answer("company_name", mark, 2**52, 2**52, "test")])
    content = pdf("Theirs alone")
    return Theirs(application, stored_in(application, "health_safety_policy", content=content), mark, content)


def inside_of(application: Application) -> httpx.Client:
    """The browser of the partner whose application it is."""
    made = browser()
    made.headers["origin"] = settings().portal_url
    made.cookies.set("portal", cookie({PARTNER: application.invitation_code}))
    return made


def _ask_for(client: httpx.Client, route: str, theirs: Theirs) -> httpx.Response:
    method, path = route.split(" ")
    filled = re.sub(r"{(\w+)(?::\w+)?}", lambda found: theirs.place(found[1]) if found[1] in PLACES else "x", path)
    names: dict[str, Any] = {
        "application": theirs.application.id, "applicationId": theirs.application.id, "publicId": theirs.document.public_id,
        "public_id": theirs.document.public_id, "r2Key": theirs.document.r2_key, "documentId": theirs.document.id, "id": theirs.document.id,
        "reference": theirs.application.reference_number, "q": theirs.mark, "replies": {}, "items": [],
    }  # fmt: skip
    if method == "GET":
        return client.get(filled, params=names)
    body = BODIES.get(route, {}) | names
    return client.request(method, filled, **({"json": body} if path.startswith("/api") or path == "/apply/reply" else {"data": body}))


def rows_of(theirs: Theirs) -> dict[str, list[Any]]:
    """All that the database holds of it."""
    with engine().connect() as connection:
        return {table.name: [tuple(row) for row in connection.execute(sa.select(table).where(found).order_by(*table.primary_key))]
                for table in SQLModel.metadata.sorted_tables if (found := _belongs(table, theirs)) is not None}  # fmt: skip


def _belongs(table: sa.Table, theirs: Theirs) -> Any:
    if table.name == "applications":
        return table.c.id == theirs.application.id
    if "application_id" in table.c:
        return table.c.application_id == theirs.application.id
    return table.c.invitation_code == theirs.application.invitation_code if "invitation_code" in table.c else None


def asked() -> set[str]:
    """Method and path of each route that is the partners' or the machines'."""
    return {route for route in _routes() if route.partition(" ")[2].startswith(("/apply", "/api"))}


def answer(client: httpx.Client, route: str) -> int | str:
    method, path = route.split(" ")
    body, page = BODIES.get(route, {}), path.startswith("/apply") and path != "/apply/reply"
    sent: dict[str, Any] = {} if method == "GET" else {"data": body} if page else {"json": body}
    said = client.request(method, path.replace("{path:path}", "anything"), **sent)
    return f"{said.status_code} {said.headers['location'].partition('?')[0]}" if "location" in said.headers else said.status_code


def counted() -> dict[str, int]:
    """How many rows each table has."""
    with engine().connect() as connection:
        tables = SQLModel.metadata.tables.items()
        return {name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for name, table in tables}


def _routes() -> Iterator[str]:
    for route in (*_within(portal().routes), *_within(pages.routes)):
        for method in sorted(set(getattr(route, "methods", None) or ()) - {"HEAD"}):
            yield f"{method} {route.path}"


def _within(routes: Any) -> Iterator[Any]:
    for route in routes:
        yield route
        if included := getattr(route, "original_router", None):
            yield from _within(included.routes)
