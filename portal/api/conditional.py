"""Conditional requests: what is read has an ETag, and whoever has it already is told so without the body (RFC 9110, 13.1.2)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

NOT_CHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "If-None-Match names what would be answered: nothing has changed"}}
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Conditional(APIRoute):
    """A router's `route_class`: its GETs answer 304 where If-None-Match names what would be answered. Other methods stay as they are.

    The ETag is weak: it stands for the content, and the same content may be compressed or not.
    """

    def get_route_handler(self) -> Handler:
        """The route's handler with the comparison behind it."""
        handler = super().get_route_handler()
        return _compared(handler) if "GET" in (self.methods or ()) else handler


def _compared(handler: Handler) -> Handler:
    async def compared(request: Request) -> Response:
        answer = await handler(request)
        if answer.status_code != 200 or not isinstance(answer.body if hasattr(answer, "body") else None, bytes):
            return answer  # a stream names itself
        return conditional(request, answer, hashlib.sha256(answer.body).hexdigest()[:32])

    return compared


def conditional(request: Request, answer: Response, mark: str) -> Response:
    """`answer` with `mark` as its ETag, or 304 if the caller has that already.

    A program may keep it and asks anew each time; a browser keeps nothing.
    """
    kept = "private, no-cache" if "authorization" in request.headers else "no-store"
    headers = {"ETag": f'W/"{mark}"', "Cache-Control": kept, "Vary": "Authorization, Cookie"}
    answer.headers.update(headers)
    return Response(status_code=304, headers=headers) if _has(request.headers.getlist("if-none-match"), mark) else answer


def _has(sent: list[str], mark: str) -> bool:
    known = ",".join(sent)
    return known.strip() == "*" or mark in re.findall(r'(?:W/)?"([^"]*)"', known)
