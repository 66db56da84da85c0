"""Which language a reader is spoken to in: the one that they chose, else the first of the browser's that we have.

Also how they choose another one, and the texts that scripts need.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import FastAPI, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.colleague import speak_to
from models.database import transaction
from models.invitation import find, speak
from models.language import ENGLISH, LANGUAGES, read, speaking, spoken
from models.settings import settings
from portal.assets import FOR_EVER, YEAR
from portal.auth import local_path, refuse_other_sites
from portal.visits import inside

COOKIE = "language"
LONGEST = 200  # characters of an Accept-Language header that are read: every request sends one
TEXTS = "/static/texts.js"
SCRIPT = Path(__file__).parent / "static" / "language.js"
TRANSLATED = ("text/html", "application/problem+json")
_here: ContextVar[str] = ContextVar("here", default="/")


def install(app: FastAPI) -> None:
    """The choice, and the scripts' texts: these before /static is mounted, which would answer for them."""
    app.add_api_route("/language", choose, methods=["POST"], include_in_schema=False)
    app.add_api_route(TEXTS, texts, methods=["GET"], include_in_schema=False)


async def choose(request: Request, to: Annotated[str, Form()], back: Annotated[str, Form()] = "/") -> Response:
    """The form of templates/language_menu.html: the choice is kept in this browser, a partner's also with the invitation."""
    refuse_other_sites(request)
    answer = RedirectResponse(back if local_path(back) == back else "/", 303)  # nobody is sent elsewhere (FACTS 65)
    if to in LANGUAGES:
        found = await run_in_threadpool(inside, request)
        if found and not found.colleague:
            await run_in_threadpool(_remember, found.code, to)
        elif found:
            await run_in_threadpool(_remember_colleague, found.colleague, to)
        answer.set_cookie(COOKIE, to, max_age=YEAR, samesite="lax", secure=not settings().local, httponly=True)
    return answer


def remember_choice(request: Request, code: str) -> None:
    """Whoever is let in by this invitation code gets mails in the language that they chose before they were let in."""
    if language := _chosen(request.headers):
        _remember(code, language)


class Speak:
    """ASGI: the whole of a request, or of a page's socket with all its events, speaks its reader's language."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        with speaking(wanted(Headers(scope=scope))), _at(scope):
            await self.app(scope, receive, _told(send) if scope.get("method") == "GET" else send)


def wanted(headers: Headers) -> str:
    """The code of the reader's language."""
    return _chosen(headers) or _first(headers.get("accept-language", "")[:LONGEST])


def here() -> str:
    """The address of the page that is being drawn, to come back to; without an invitation code, which is exchanged at once."""
    return _here.get()


async def texts(language: str = ENGLISH.code) -> Response:
    """The texts of the product's scripts, as one script; its address changes with them, so it is kept for ever."""
    told = script(language if language in LANGUAGES else ENGLISH.code)
    return Response(told, media_type="text/javascript", headers={"cache-control": FOR_EVER})


def texts_url() -> str:
    """The address of the texts in the spoken language: the first script of every page."""
    return _texts_url(spoken().code)


@cache
def script(code: str) -> str:
    """static/language.js with one language's texts: `_("Saved {time}", { time })` and `ngettext` for the other scripts."""
    catalogue = read(code)
    ours = [text for text in catalogue or () if text.id and any(place.endswith(".js") for place, _line in text.locations)]
    table = {_key(text.id): text.string for text in ours if all(_forms(text.string))}
    told = ", ".join((json.dumps(LANGUAGES[code].tag), json.dumps(table, ensure_ascii=False), f"(n) => {catalogue.plural_expr}"))
    return f"{SCRIPT.read_text()}\nspeak({told});\n"


@cache
def _texts_url(code: str) -> str:
    return f"{TEXTS}?language={code}&v={hashlib.sha256(script(code).encode()).hexdigest()[:12]}"


def _key(text: str | list[str] | tuple[str, ...]) -> str:
    return text if isinstance(text, str) else text[0]


def _forms(translated: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return (translated or "",) if translated is None or isinstance(translated, str) else tuple(translated)


def _remember(code: str, language: str) -> None:
    if not code:
        return
    with transaction() as session:
        if invitation := find(session, code):
            speak(session, invitation, language)


def _remember_colleague(public_id: str, language: str) -> None:
    if public_id:
        with transaction() as session:
            speak_to(session, public_id, language)


def _chosen(headers: Headers) -> str:
    """What the reader chose in this browser; empty if nothing, or if it is none of ours."""
    kept = headers.get("cookie", "")
    morsel = SimpleCookie(kept).get(COOKIE) if f"{COOKIE}=" in kept else None
    return morsel.value if morsel and morsel.value in LANGUAGES else ""


@lru_cache(256)
def _first(accepted: str) -> str:
    return next((code for code in _accepted(accepted) if code in LANGUAGES), ENGLISH.code)


def _accepted(header: str) -> list[str]:
    """The primary tags of an Accept-Language header, the most wanted first; what has weight 0 is not wanted."""
    weighed = [(tag.strip().partition("-")[0].lower(), _weight(weight)) for tag, _sep, weight in _parts(header)]
    return [code for code, weight in sorted(weighed, key=lambda pair: -pair[1]) if weight > 0]


def _parts(header: str) -> Iterator[tuple[str, str, str]]:
    return (part.replace(" ", "").partition(";q=") for part in header.split(","))


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0


@contextmanager
def _at(scope: Scope) -> Iterator[None]:
    before = _here.set(_address(scope) if scope.get("method") == "GET" else "/")
    try:
        yield
    finally:
        _here.reset(before)


def _address(scope: Scope) -> str:
    asked = scope["query_string"].decode("latin-1")
    rest = urlencode([(name, value) for name, value in parse_qsl(asked) if name != "code"]) if asked else ""
    return f"{scope['path']}?{rest}" if rest else str(scope["path"])


def _told(send: Send) -> Send:
    """Says which language an answer is in, and that another reader may get another."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith(TRANSLATED):
                headers.setdefault("content-language", spoken().tag)
                headers.add_vary_header("Accept-Language")
                headers.add_vary_header("Cookie")
        await send(message)

    return sending
