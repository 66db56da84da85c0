"""Conditional requests (RFC 9110, 13.1): what is read has an ETag. Whoever has it already is told so without the body, and whoever changes
it may name what they have seen."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from models.errors import Changed
from models.language import _

OWN = "X-Mark"  # of an answer whose route names it, within this process
NOT_CHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "If-None-Match names what would be answered: nothing has changed"}}
IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=1000, description="The ETag of what was read: 412 if it has changed since; `*` for any")
]
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
        return conditional(request, answer, answer.headers.get(OWN) or hashlib.sha256(answer.body).hexdigest()[:32])

    return compared


def named(response: Response, told: BaseModel) -> None:
    """Let the ETag of an answer be `mark_of` it, by which a change can be told what its caller has seen."""
    response.headers[OWN] = mark_of(told)


def mark_of(told: BaseModel) -> str:
    """What stands for this content."""
    return hashlib.sha256(told.model_dump_json(by_alias=True).encode()).hexdigest()[:32]


def must_match(sent: str | None, look: Callable[[], BaseModel]) -> None:
    """Changed unless what `look` finds is what was `sent` as If-Match, if anything was. Look while others cannot change it.

    Our ETags are weak only because an answer may be compressed: they name the content, and so they do here, as with Microsoft Graph.
    """
    if sent is not None and not _has([sent], mark_of(look())):
        raise Changed(_("This has changed since you read it, so nothing was done. Read it again."))


def conditional(request: Request, answer: Response, mark: str) -> Response:
    """`answer` with `mark` as its ETag, or 304 if the caller has that already.

    A program may keep it and asks anew each time; a browser keeps nothing.
    """
    kept = "private, no-cache" if "authorization" in request.headers else "no-store"
    if OWN in answer.headers:
        del answer.headers[OWN]
    headers = {"ETag": f'W/"{mark}"', "Cache-Control": kept, "Vary": "Authorization, Cookie"}
    answer.headers.update(headers)
    return Response(status_code=304, headers=headers) if _has(request.headers.getlist("if-none-match"), mark) else answer


def _has(sent: list[str], mark: str) -> bool:
    known = ",".join(sent)
    return known.strip() == "*" or mark in re.findall(r'(?:W/)?"([^"]*)"', known)
