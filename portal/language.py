"""Which language a reader is spoken to in: the one that they chose, else the first of the browser's that we have."""

from __future__ import annotations

from http.cookies import SimpleCookie

from starlette.types import ASGIApp, Receive, Scope, Send

from models.language import ENGLISH, LANGUAGES, speaking

COOKIE = "language"


class Speak:
    """ASGI: the whole of a request, or of a page's socket with all its events, speaks its reader's language."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        with speaking(wanted(scope)):
            await self.app(scope, receive, send)


def wanted(scope: Scope) -> str:
    """The code of the reader's language."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in (b"cookie", b"accept-language")}
    chosen = SimpleCookie(headers.get(b"cookie", "")).get(COOKIE)
    if chosen and chosen.value in LANGUAGES:
        return chosen.value
    return next((code for code in _accepted(headers.get(b"accept-language", "")) if code in LANGUAGES), ENGLISH.code)


def _accepted(header: str) -> list[str]:
    """The primary tags of an Accept-Language header, the most wanted first."""
    weighed = [(part.partition(";q=")[2] or "1", part.partition(";")[0].strip().partition("-")[0].lower()) for part in header.split(",")]
    return [code for _, code in sorted(weighed, key=lambda pair: -_weight(pair[0]))]


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
