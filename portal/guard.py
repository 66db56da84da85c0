"""What stands before NiceGUI: foreign sockets, page floods, other people's events, and the headers of every answer."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from limits import RateLimitItemPerMinute
from nicegui import Client, core
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.errors import TooMany
from models.language import _, speaking
from models.settings import settings
from portal import policy, tally
from portal.auth import COLLEAGUE, PARTNER, STAFF
from portal.language import wanted
from portal.limits import client_address
from portal.visits import VISITOR

MAX_CLIENTS = 1500
UNUSED_SECONDS = 60  # NiceGUI keeps a page that nobody connects to for so long
#: What builds a client of NiceGUI's, which holds memory for a minute even without a socket (FACTS 95).
PAGES = ("/apply", "/review", "/invitations", "/deliveries", "/people", "/audit")
#: Where NiceGUI would take uploads and client-side events without our checks (FACTS 65, 95).
CLOSED = ("/_nicegui/client/", "/_nicegui/auto/")
ASKED = "portal.asked"  # names a request in its scope, which a client of NiceGUI's keeps
FROM = "portal.from"  # the share and the address that hold it


@dataclass(frozen=True)
class Share:
    """Of the pages that this process can hold: how many one address may hold, and how many it may open in a minute."""

    name: str
    held: int
    a_minute: RateLimitItemPerMinute


#: An office of fifty behind one address has two pages each, leaves others behind for a quarter of a minute as it goes on, and may well
#: come in all at once. Whoever is not let in is only shown the way to the entrance, and needs less.
LET_IN, STRANGERS = Share("let in", 400, RateLimitItemPerMinute(900)), Share("strangers", 60, RateLimitItemPerMinute(300))
Holder = tuple[str, str]  # a share's name, and the address
_held: dict[Holder, set[str]] = {}  # the pages of each
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",  # for browsers that do not read frame-ancestors
    "permissions-policy": "geolocation=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
}


class Guard:
    """ASGI: refuses sockets and page floods that are none of ours and sets the headers that every answer carries."""

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self.app, self.origin = app, origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and (status := self._refusal(scope)):
            return await _refuse(scope, receive, send, status)
        asked, since = object(), time.time()
        scope[ASKED] = asked
        policy.renew_nonce()
        try:
            return await self.app(scope, receive, _with_headers(scope, send))
        finally:
            if _is_page(scope):
                _settle(asked, since)

    def _refusal(self, scope: Scope) -> int | None:
        path, origin = scope.get("path", ""), dict(scope["headers"]).get(b"origin", b"").decode("latin-1")
        if (scope["type"] == "websocket" or path.startswith("/_nicegui_ws")) and origin and origin != self.origin:
            return 403  # NiceGUI allows every origin (FACTS 54)
        if path.startswith(CLOSED) and scope.get("method") == "POST":
            return 403
        return 503 if _is_page(scope) and len(Client.instances) >= MAX_CLIENTS else None  # saving and health go on, however full it is


class Crowd:
    """ASGI, within the session: refuses a page to an address that has its share, before it could shut everybody else out.

    `refusal` makes the page that says so.
    """

    def __init__(self, app: ASGIApp, refusal: Callable[[Request, Exception], Awaitable[Response]]) -> None:
        self.app, self.refusal = app, refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_page(scope) or is_ours(address := client_address(scope)):
            return await self.app(scope, receive, send)
        share = LET_IN if {STAFF, VISITOR, PARTNER, COLLEAGUE} & set(scope["session"]) else STRANGERS
        scope[FROM] = (share.name, address)
        if not (seconds := must_wait(share, address)):
            return await self.app(scope, receive, send)
        request = Request(scope, receive)
        with speaking(wanted(request.headers)):
            said = _("Very many pages are open from your network at once. Nothing you have saved is lost. Try again in {seconds} seconds.")
        answer = await self.refusal(request, TooMany(said.format(seconds=seconds), retry_after=seconds))
        return await answer(scope, receive, send)


def must_wait(share: Share, address: str) -> int:
    """The seconds after which this address may have one page more of this share; 0 if now. Whoever is in keeps no colleague out."""
    room = tally.take_here(share.a_minute, "pages", share.name, address)
    if not room.taken:
        return room.seconds
    return UNUSED_SECONDS if len(_held.get((share.name, address), ())) >= share.held else 0


def is_ours(address: str) -> bool:
    """Whether the caller is on this very machine: then a proxy there does not say for whom it asks, and all would share one limit."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:  # an IPv6 network, or no address at all
        return False


def _is_page(scope: Scope) -> bool:
    return scope.get("method") == "GET" and str(scope.get("path", "")).startswith(PAGES)


def _settle(asked: object, since: float) -> None:
    """Count the page that a request has made, or delete its client if it was sent elsewhere or refused.

    Otherwise whoever asks for pages without being let in could fill MAX_CLIENTS, and nobody would get in any more for a minute.
    """
    for client in reversed(list(Client.instances.values())):
        if client.created < since:  # the newest stand last: all others are older than this request
            return
        if client._request and client._request.scope.get(ASKED) is asked:
            if client._response_built:
                _count(client, client._request.scope.get(FROM))
            else:
                client.delete()
            return


def _count(client: Client, who: Holder | None) -> None:
    if who:
        page = client.id
        _held.setdefault(who, set()).add(page)
        client.on_delete(lambda: _release(page, who))


def _release(page: str, who: Holder) -> None:
    _held.get(who, set()).discard(page)
    if not _held.get(who):
        _held.pop(who, None)


def harden_socket() -> None:
    """Accept an event only over a socket that did the handshake of that client: NiceGUI trusts the id in the message (FACTS 95)."""
    handlers = core.sio.handlers["/"]
    for name in ("event", "javascript_response", "ack"):
        if name in handlers:
            core.sio.on(name, _only_own(handlers[name]))


def _only_own(handle: Any) -> Any:
    def checked(sid: str, message: Any) -> Any:
        client = Client.instances.get(message.get("client_id", "")) if isinstance(message, dict) else None
        return handle(sid, message) if client is not None and sid in client._socket_to_document_id else None

    return checked


def _with_headers(scope: Scope, send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            said, kept = dict(message["headers"]), _is_kept(scope)
            ours = _ours(settings().local, kept)
            if not kept:
                ours = (*ours, (b"content-security-policy", policy.policy_of(str(scope.get("path", "")), said).encode()))
            message["headers"] = [*message["headers"], *(header for header in ours if header[0] not in said)]
        await send(message)

    return sending


def _is_kept(scope: Scope) -> bool:
    return str(scope.get("path", "")).startswith(("/static/", "/_nicegui"))


@cache
def _ours(local: bool, kept: bool) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that every answer carries which says nothing else; what is not `kept` no browser may store."""
    safe = {} if local else {"strict-transport-security": "max-age=31536000; includeSubDomains"}
    fresh = {} if kept else {"cache-control": "no-store"}
    return tuple((name.encode(), value.encode()) for name, value in {**HEADERS, **safe, **fresh}.items())


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        await receive()
        return await send({"type": "websocket.close", "code": 1008})
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"retry-after", b"30"), (b"content-type", b"text/plain; charset=utf-8")],
        }
    )
    return await send(
        {"type": "http.response.body", "body": b"The portal is busy. Try again in half a minute." if status == 503 else b"Not allowed."}
    )
