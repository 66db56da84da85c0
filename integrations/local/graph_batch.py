"""`$batch` of the local Graph: every inner request as if it had come alone, one after the other (FACTS 7)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from integrations.local.graph_lists import Row

Handle = Callable[[Request], Awaitable[Response]]


async def batch(request: Request, body: bytes, handle: Handle) -> Response:
    """The outer status says nothing of the inner ones."""
    asked = json.loads(body)["requests"]
    return JSONResponse({"responses": [{"id": one["id"], **_told(await handle(_inner(request, one)))} for one in asked]})


def _inner(outer: Request, asked: Row) -> Request:
    """A request of a batch, with the outer one's token."""
    path, _, query = asked["url"].partition("?")
    content = json.dumps(asked["body"]).encode() if "body" in asked else b""
    named = {**asked.get("headers", {}), "Authorization": outer.headers["authorization"], "Host": outer.headers["host"]}
    headers = [(name.lower().encode(), value.encode()) for name, value in named.items()]
    raw = f"/v1.0{path}".encode()
    scope = {**outer.scope, "method": asked["method"], "path": unquote(f"/v1.0{path}"), "raw_path": raw, "query_string": query.encode(),
             "headers": headers}

    async def receive() -> Row:
        return {"type": "http.request", "body": content, "more_body": False}

    return Request(scope, receive)


def _told(response: Response) -> Row:
    """An answer as a part of a batch's."""
    headers = {name: value for name, value in response.headers.items() if name in ("content-type", "retry-after") or "ratelimit" in name}
    try:
        return {"status": response.status_code, "headers": headers, "body": json.loads(bytes(response.body) or b"null")}
    except ValueError:  # an inner answer that breaks off
        return {"status": 500, "headers": headers}
