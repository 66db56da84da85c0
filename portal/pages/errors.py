"""Error pages in the portal's own look: a sentence, a way on, and the request's id; never a stack trace.

Paths under /api keep their problem details (portal/problems.py); everything else a browser asks for is answered here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from nicegui import app as pages
from nicegui import ui
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from integrations.failures import Failure, Passing
from models.errors import Refused, SignInNeeded, TooMany
from models.language import _, speaking
from portal import frame, logs
from portal.guard import HEADERS
from portal.language import wanted
from portal.policy import for_page
from portal.problems import wants_page
from portal.render import render

Handler = Callable[[Request, Any], Response | Awaitable[Response]]

STAFF_PATHS = (*(address for address, _, _ in frame.DESK), "/documents", "/mentions", "/palette")
#: status → what the page says when the error itself has no sentence of its own
WORDS: dict[int, tuple[str, str]] = {
    400: ("This request could not be read", "Go back and try again."),
    401: ("You are not signed in", "Sign in to go on."),
    403: ("You may not open this page", "Your account does not have the right. Ask an administrator for the role."),
    404: ("There is no such page", "The address may be mistyped, or what was here has been moved."),
    405: ("This address does not take that request", "Go back and try again."),
    409: ("This has changed in the meantime", "Go back, reload the page and look at it again."),
    413: ("This is too large", "Send less at once."),
    422: ("Something in this request is wrong", "Go back and check it."),
    429: ("Too many requests", "Wait a minute, then try again."),
    500: ("Something went wrong on our side", "Nothing you have saved is lost. Try again in a few minutes."),
    503: ("The portal is busy or being looked after", "Nothing you have saved is lost. Try again in a minute."),
}


def install(app: FastAPI) -> None:
    """Answer errors of the pages and of plain routes by a page; the handlers `app` has already keep the paths under /api."""
    for kind in (Refused, Failure, HTTPException, RequestValidationError, Exception):
        handler = _by_path(_known(app, kind))
        app.add_exception_handler(kind, handler)
        pages.add_exception_handler(kind, handler)
    # NiceGUI's own page for 404 stands under the number, which wins over the class.
    pages.add_exception_handler(404, _by_path(_known(app, HTTPException)))
    pages.on_exception(_tell_reader)


async def page(request: Request, error: Exception) -> Response:
    """The page for an error; a browser that is not signed in is sent to where it can do so."""
    if isinstance(error, SignInNeeded) and request.method == "GET" and (way := _entrance(request)):
        return RedirectResponse(way, 303)
    # An unexpected error is answered outside of all else, so the page finds its language and brings the headers of every answer itself.
    with speaking(wanted(request.headers)):
        told = tell(error)
        html = _html(request, told)
    return HTMLResponse(html, told.status, headers={**HEADERS, **for_page(), "cache-control": "no-store", **_headers(error)})


@dataclass(frozen=True)
class Told:
    """An error as the reader sees it."""

    status: int
    title: str
    sentence: str


def tell(error: Exception) -> Told:
    """The status, heading and sentence for any exception."""
    if isinstance(error, Refused):
        return Told(error.status, _words(error.status)[0], error.detail)
    if isinstance(error, Failure):
        return Told(503, _words(503)[0], f"{error.words} {_words(503)[1]}")
    return Told(_status(error), *_words(_status(error)))


def _status(error: Exception) -> int:
    if isinstance(error, HTTPException):
        return error.status_code
    away = isinstance(error, OperationalError | PoolTimeout)  # the database does not answer
    return 503 if away else 422 if isinstance(error, RequestValidationError) else 500


def _words(status: int) -> tuple[str, str]:
    title, sentence = WORDS.get(status) or WORDS[400 if status < 500 else 500]
    return _(title), _(sentence)


def _by_path(api: Handler | None) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        if wants_page(request):
            return await page(request, error)
        answer = api(request, error) if api else _problem(request, error)
        return await answer if isawaitable(answer) else answer

    return handle


def _known(app: FastAPI, kind: type[Exception]) -> Handler | None:
    found: Handler | None = next((app.exception_handlers[base] for base in kind.__mro__ if base in app.exception_handlers), None)
    return None if found and found.__module__.startswith(("fastapi.", "starlette.")) else found


def _problem(__: Request, error: Exception) -> Response:
    told = tell(error)
    body = {"type": "about:blank", "title": told.title, "status": told.status, "detail": told.sentence}
    return JSONResponse(body, told.status, headers=_headers(error), media_type="application/problem+json")


def _entrance(request: Request) -> str:
    if request.url.path.startswith(STAFF_PATHS):
        query = f"?{request.url.query}" if request.url.query else ""
        return f"/auth/sign-in?to={quote(request.url.path + query, safe='')}"
    return "/apply" if request.url.path.startswith("/apply/") else ""


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, TooMany):
        return {"retry-after": str(error.retry_after)}
    if isinstance(error, Passing):
        return {"retry-after": str(int(error.retry_after or 30))}
    return dict(getattr(error, "headers", None) or {})


def _html(request: Request, told: Told) -> str:
    home, words = _way_on(request, told.status)
    reference = logs.request_id() if told.status >= 500 else ""
    body = render("error.html", told=told, home=home, words=words, reference=reference)
    return frame.plain_page(told.title, body, home=home)


def _way_on(request: Request, status: int) -> tuple[str, str]:
    path = request.url.path
    if path.startswith("/auth/"):
        return "/auth/sign-in", _("Sign in again")
    if path.startswith(STAFF_PATHS) and not path.startswith("/documents"):
        refused = status == 403 and path == "/review"
        return ("/auth/sign-in", _("Sign in with another account")) if refused else ("/review", _("Go to the applications"))
    return "/apply", _("Go to your application")


def _tell_reader(error: Exception) -> None:
    """An error in an open page, after it was delivered: the log has it, and the reader must not wait for nothing."""
    with suppress(RuntimeError):  # nobody looks any more: the page has been closed
        ui.notify(tell(error).sentence, type="negative", timeout=10_000, close_button=_("Close"))
