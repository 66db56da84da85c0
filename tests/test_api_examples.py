"""The examples in the API's guide run as they stand, and those in its description are what its routes take."""

from __future__ import annotations

import doctest
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from models.database import today, transaction
from models.person import Role
from models.settings import settings
from models.subscribing import add_webhook, try_webhook
from models.token import USUAL, Scope, make_token
from tests import partners
from tests.api import ok, on_one_database, send_file, serving
from tests.desk import person
from tests.papers import pdf
from tests.receiver import receiving
from worker.deliver import drain

pytestmark = on_one_database
GUIDE = Path(__file__).parents[1] / "portal" / "API.md"


@pytest.fixture
def client(database: str, redis_server: object, s3: object) -> Iterator[httpx.Client]:
    with serving() as found:
        yield found


@pytest.fixture
def token(client: httpx.Client) -> str:
    admin = person(Role.ADMIN)
    with transaction() as session:
        return make_token(session, admin, name="Guide", scopes=tuple(Scope), expires_on=today() + USUAL)[1]


def told_by_a_webhook() -> dict[str, Any]:
    """What a webhook's test sends, with its secret: by the verbs, the worker and a real receiver."""
    admin = person(Role.ADMIN)
    with receiving() as receiver:
        with transaction() as session:
            webhook, secret = add_webhook(session, admin, name="Guide", url=receiver.url, kinds=["application.approved"])
        with transaction() as session:
            try_webhook(session, admin, webhook.id or 0)
        drain()
        return {"received": receiver.heard[0], "webhook_secret": secret}


def test_every_example_of_the_guide_runs_as_it_stands(client: httpx.Client, token: str) -> None:
    text = re.sub(r"^```.*$", "", GUIDE.read_text(), flags=re.MULTILINE)
    known = {"portal": str(client.base_url).rstrip("/"), "key": settings().sync_api_keys[0], "secret": settings().sync_hmac_secrets[0],
             "token": token, "pdf": pdf("certificate"), **told_by_a_webhook()}  # fmt: skip
    examples = doctest.DocTestParser().get_doctest(text, known, GUIDE.name, str(GUIDE), 0)
    said, runner = io.StringIO(), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(examples, out=said.write)
    assert runner.failures == 0, said.getvalue()
    assert runner.tries > 30


#: Route → what its own example is answered with, once the code, the key and the reference in it are real ones.
ANSWERS = {
    "POST /api/validate-invitation": 200, "POST /api/sync-invitation": 201, "POST /api/save-draft": 409, "GET /api/draft": 200,
    "POST /api/upload-file": 200, "POST /api/upload-file/resume": 200, "POST /api/upload-file/complete": 200,
    "POST /api/upload-file/expiry": 200, "POST /api/upload-file/remove": 200, "POST /api/upload-file/restore": 200,
    "POST /api/confirm-email": 202, "POST /api/confirm-email/code": 422, "POST /api/clear-draft": 200, "GET /api/status": 200,
    "POST /api/mail-returned": 404, "GET /api/invitations": 200, "POST /api/invitations": 201, "GET /api/applications": 200,
    "GET /api/applications/{reference}": 200,
}  # fmt: skip
#: No example: one has a whole form in its body (tests/test_contract.py), one is Graph's, and one has only what others told.
WITHOUT = {"POST /api/epc-application", "POST /api/graph-notifications", "GET /api/applications/{reference}/documents/{publicId}"}


def test_what_the_description_gives_as_an_example_is_what_the_route_takes(client: httpx.Client, token: str) -> None:
    described, code = ok(client.get("/openapi.json")), partners.invited().code
    known = {"invitationCode": code, "reference": partners.submitted(()).reference_number, "r2Key": send_file(client, code, "iso_certificates")}
    headers = {"Authorization": f"Bearer {token}", "X-Api-Key": settings().sync_api_keys[0]}
    routes = {f"{method.upper()} {path}": told for path, operations in described["paths"].items() for method, told in operations.items()}
    assert {route for route in routes if "/api/" in route} == {*ANSWERS, *WITHOUT}
    for route, status in ANSWERS.items():
        method, path = route.split()
        given = {one["name"]: known.get(one["name"], shown(one, described)) for one in routes[route].get("parameters", []) if one["in"] != "header"}
        body = {name: known.get(name, value) for name, value in body_of(routes[route], described).items()}
        query = {name: value for name, value in given.items() if f"{{{name}}}" not in path and value is not None}
        answer = client.request(method, path.format(**given), params=query, json=body if method == "POST" else None, headers=headers)
        assert answer.status_code == status, (route, body, answer.text)


def body_of(operation: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    """The example of a request's body: those of its fields that have one."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    fields = resolved(content.get("schema", {}), described).get("properties", {})
    found = {name: shown(field, described) for name, field in fields.items()}
    return {name: value for name, value in found.items() if value is not None}


def shown(field: dict[str, Any], described: dict[str, Any]) -> Any:
    """The example of one field or parameter; None if it has none."""
    schema = resolved(field.get("schema", field), described)
    for place in (field, schema, *schema.get("anyOf", ())):
        if place.get("examples"):
            return place["examples"][0] if isinstance(place["examples"], list) else None
    return None


def resolved(schema: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    """A schema, or the one that it refers to."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return described["components"]["schemas"][name] if name else schema
