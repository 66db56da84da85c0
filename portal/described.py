"""What FastAPI does not know of the API, for its OpenAPI: who may ask, how often, how much, and the headers that go with answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from models.settings import settings
from portal import described_webhooks
from portal.limits import API, BODY_BYTES, OTHERS, ROUTES, Limit

#: Routes that anybody may ask: one checks a code, the other carries a secret of its own in the body.
OPEN = ("/api/validate-invitation", "/api/graph-notifications")
#: Tags of the routes that a partner is let in to.
PARTNERS = ("Drafts", "Documents", "Applications")
CODE, SESSION = "InvitationCode", "Session"
_TEXT, _NUMBER = {"type": "string"}, {"type": "integer"}
HEADERS: dict[str, dict[str, Any]] = {
    "RateLimit": {"description": "What is left: `\"name\";r=requests;t=seconds`", "schema": _TEXT},
    "RateLimit-Policy": {"description": "What is allowed: `\"name\";q=requests;w=seconds`", "schema": _TEXT},
    "Retry-After": {"description": "Seconds after which to try again", "schema": _NUMBER},
    "ETag": {"description": "Names this content: send it as If-None-Match", "schema": _TEXT},
    "WWW-Authenticate": {"description": "`Bearer`, where a token is wanted", "schema": _TEXT},
}
IF_NONE_MATCH = {
    "name": "If-None-Match", "in": "header", "required": False, "schema": _TEXT,
    "description": "The ETag of what you have: 304 without a body while nothing has changed",
}  # fmt: skip


def install(app: FastAPI) -> None:
    """Complete the description of `app`, after the errors (portal/problems.py)."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(made())
        return made()

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(schema: dict[str, Any]) -> None:
    parts = schema.setdefault("components", {})
    parts.setdefault("securitySchemes", {}).update(_schemes())
    parts["headers"] = HEADERS
    parts.setdefault("schemas", {}).update(described_webhooks.schemas())
    schema["webhooks"] = described_webhooks.section()
    for path, method, operation in _operations(schema):
        _secure(path, method, operation)
        _limit(ROUTES.get(path, OTHERS), operation)
        _tell_headers(operation)


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in schema["paths"].items():
        if path.startswith(API):
            yield from ((path, method, operation) for method, operation in operations.items())


def _schemes() -> dict[str, Any]:
    code = "The partner's invitation code: `invitationCode` in the query of a GET; a POST has it in its body."
    cookie = "portal" if settings().local else "__Host-portal"
    return {
        CODE: {"type": "apiKey", "in": "query", "name": "invitationCode", "description": code},
        SESSION: {"type": "apiKey", "in": "cookie", "name": cookie,
                  "description": "The form's own pages: whom the link in the invitation has let in. A POST must come from a page of ours."},
    }  # fmt: skip


def _secure(path: str, method: str, operation: dict[str, Any]) -> None:
    """Each way in is enough. An empty one on a POST: the code is in the body."""
    if path in OPEN:
        operation["security"] = []
    elif set(operation.get("tags", ())) & set(PARTNERS):
        operation["security"] = [{CODE: []} if method == "get" else {}, {SESSION: []}]


def _limit(limit: Limit, operation: dict[str, Any]) -> None:
    operation["x-rate-limit"] = {"name": limit.name, "requests": limit.item.amount, "seconds": limit.item.get_expiry(), "per": "address"}
    if "requestBody" in operation:
        operation["x-max-body-bytes"] = BODY_BYTES


def _tell_headers(operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    if "304" in answers:
        operation.setdefault("parameters", []).append(IF_NONE_MATCH)
    for status, answer in answers.items():
        told = ["RateLimit", "RateLimit-Policy"]
        told += ["Retry-After"] if status in ("429", "503") else []
        told += ["ETag"] if "304" in answers and status in ("200", "304") else []
        told += ["WWW-Authenticate"] if status == "401" and "Token" in str(operation.get("security")) else []
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in told}
