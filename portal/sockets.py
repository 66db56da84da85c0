"""How many sockets may be open, for one address and over all. Whoever opens more is refused before anything of a page is touched.

A socket costs a descriptor, a task and its buffers for as long as it is open, whether or not a page is behind it.
"""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qs

from limits import RateLimitItem, RateLimitItemPerMinute
from starlette.types import ASGIApp, Receive, Scope, Send

from portal import tally
from portal.guard import LET_IN, MAX_CLIENTS, is_ours
from portal.limits import client_address

#: One address may hold as many as it may hold pages, and some that are just being replaced: a telephone that changes networks leaves its
#: socket behind for as long as it takes to be missed.
OF_ONE = LET_IN.held + 100
OVER_ALL = MAX_CLIENTS + 500
#: Openings, by socket or by polling, which makes a session too: an office of fifty comes back all at once after a cut, some more than once.
OPENED = RateLimitItemPerMinute(900)
PATH = "/_nicegui_ws"
TRY_LATER = 1013


class Sockets:
    """ASGI: counts what is open, and refuses what is too many of one address, or over all."""

    def __init__(self, app: ASGIApp, of_one: int = OF_ONE, over_all: int = OVER_ALL, opened: RateLimitItem = OPENED) -> None:
        self.app, self.of_one, self.over_all, self.opened, self.open = app, of_one, over_all, opened, Counter[str]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _opens(scope) or is_ours(address := client_address(scope)):
            return await self.app(scope, receive, send)
        if self._is_full(address) or not tally.take_here(self.opened, "sockets", address).taken:
            return await _refuse(scope, receive, send)
        if scope["type"] == "http":
            return await self.app(scope, receive, send)
        self.open[address] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.open[address] -= 1
            if not self.open[address]:
                del self.open[address]

    def _is_full(self, address: str) -> bool:
        return self.open[address] >= self.of_one or self.open.total() >= self.over_all


def _opens(scope: Scope) -> bool:
    """Whether this opens a socket, or a session that is polled: those of a session that is open name it."""
    if scope["type"] == "websocket":
        return True
    return scope["type"] == "http" and scope["path"].startswith(PATH) and b"sid" not in parse_qs(scope.get("query_string", b""))


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        return await send({"type": "websocket.close", "code": TRY_LATER})
    headers = [(b"retry-after", b"30"), (b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": b"Very many pages are open from your network at once. Try again in half a minute."})
