"""How much one address may ask for: requests a minute, codes that fail a day, bytes a body; and which other origins may ask at all."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.errors import TooMany
from models.language import _
from models.settings import settings
from portal import tally
from portal.auth import COLLEAGUE, PARTNER
from portal.problems import detail_of, problem
from portal.visits import VISITOR


@dataclass(frozen=True)
class Limit:
    """So many requests in a window, for one address. `name` stands in the headers and keeps the counts apart.

    `here` counts in this process instead of in Redis.
    """

    name: str
    item: RateLimitItem
    here: bool = False


#: What is limited: the API, by the contract's "Limits" (a path of it that is not in ROUTES counts towards OTHERS), and what journals post.
API = "/api/"
ANSWERS = "/apply/answers"
CONFIRMING = Limit("confirm-email", RateLimitItemPerMinute(20))  # over both routes: asking for a code, and entering it
ROUTES: Mapping[str, Limit] = MappingProxyType({
    "/api/validate-invitation": Limit("validate-invitation", RateLimitItemPerMinute(10)),
    "/api/confirm-email": CONFIRMING,
    "/api/confirm-email/code": CONFIRMING,
    ANSWERS: Limit("answers", RateLimitItemPerMinute(600), here=True),  # every change of an answer is one request (FACTS 88)
})  # fmt: skip
OTHERS = Limit("api", RateLimitItemPerMinute(120))
#: What the form's own page asks for on behalf of whoever is let in: a complete application has 30 documents of three or four calls each,
#: which somebody who has them at hand drops within a minute, and an office has one address.
FORM = Limit("form", RateLimitItemPerMinute(600))
UPLOADS = "/api/upload-file"
#: How long guessing takes with these numbers (FACTS 46; THREATS.md has the whole table): of n live codes of b bits, r guesses a second
#: find one after 2^b / (n · r) seconds on average. 1,000 codes of 40 bits: one address 30,000 years, 2,000 addresses 150 years, 100,000
#: addresses 6 years. 1,000 of SharePoint's 32 bits: 2,000 addresses 215 days, 100,000 addresses 8 days.
FAILED_CODES = RateLimitItemPerDay(100, namespace="FAILED")
#: 8 hex digits are guessed in days by many addresses together (FACTS 46): above this many failures a day over all, an
#: address gets only a few. Locking everybody out instead would hand the attacker a switch.
FAILED_CODES_OVER_ALL = RateLimitItemPerDay(10_000, namespace="FAILED_OVER_ALL")
FAILED_CODES_UNDER_ATTACK = RateLimitItemPerDay(5, namespace="FAILED_UNDER_ATTACK")
BODY_BYTES = 256 * 1024
GUESSED = "Too many codes or keys that do not work came from this address. Try again later, or ask us to send your link again."


def install(app: FastAPI) -> None:
    """Put the limits before `app`."""
    app.add_middleware(Limits)


class Limits:
    """ASGI: the API passes CORS, the rate limit and the body limit; what else is posted to us the last."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.sized = app, SizeLimited(app)
        self.shared = CORSMiddleware(
            RateLimited(self.sized), allow_origins=settings().cors_origins, allow_methods=["GET", "POST"],
            allow_headers=["Content-Type", "Idempotency-Key", "Authorization", "If-None-Match", "If-Match"],
            expose_headers=["RateLimit", "RateLimit-Policy", "Retry-After", "ETag"],
        )  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        ours = scope["method"] not in ("GET", "HEAD") and not scope["path"].startswith("/_nicegui")  # whose sockets have their own limit
        await (self.shared if scope["path"].startswith(API) else self.sized if ours else self.app)(scope, receive, send)


class RateLimited:
    """ASGI: counts the request and says in every answer what is left; 429 when nothing is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = FORM if _is_form(scope) else ROUTES.get(scope["path"], OTHERS)
        room = await _take(limit, client_address(scope))
        sending = _with_headers(send, limit, room)
        if not room.taken:
            return await problem(429, _too_many(limit, room), headers={"Retry-After": str(room.seconds)})(scope, receive, sending)
        return await self.app(scope, receive, sending)


class SizeLimited:
    """ASGI: no body over 256 KiB, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = RequestBodyLimitMiddleware(app, BODY_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > BODY_BYTES:
            return await problem(413, detail_of(413))(scope, receive, send)
        return await self.app(scope, receive, send)


def refuse_guesser(request: Request) -> None:
    """TooMany if too many codes from this address have failed; ask before a code is looked up, right or wrong."""
    calm = tally.room(FAILED_CODES_OVER_ALL).taken
    room = tally.room(FAILED_CODES if calm else FAILED_CODES_UNDER_ATTACK, client_address(request.scope))
    if not room.taken:
        raise TooMany(_(GUESSED), retry_after=room.seconds)


def count_failure(request: Request) -> None:
    """A code, key or signature from this address did not work."""
    address = client_address(request.scope)
    tally.add(FAILED_CODES, address)
    tally.add(FAILED_CODES_UNDER_ATTACK, address)
    tally.add(FAILED_CODES_OVER_ALL)


def client_address(scope: Scope) -> str:
    """The caller's address: the X-Forwarded-For entry that the outermost trusted proxy added (FACTS 42).

    What stands left of that entry anybody can write. A customer of a provider holds a whole IPv6 /64, so it is one address.
    """
    hops = settings().trusted_proxies
    chain = [part.strip() for line in Headers(scope=scope).getlist("x-forwarded-for") for part in line.split(",")]
    peer = (scope.get("client") or ("unknown", 0))[0]
    return (_network(chain[-hops]) if 0 < hops <= len(chain) else "") or _network(peer) or peer


def _network(written: str) -> str:
    """`written` as an address, or for IPv6 as its /64; empty if it is none. Some proxies add the port."""
    bare = written.split("]")[0].lstrip("[") if "[" in written else written.split(":")[0] if written.count(":") == 1 else written
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))
    return str(found)


def _is_form(scope: Scope) -> bool:
    session = scope.get("session", {})
    return scope["path"].startswith(UPLOADS) and any(session.get(name) for name in (VISITOR, PARTNER, COLLEAGUE))


async def _take(limit: Limit, address: str) -> tally.Room:
    if limit.here:
        return tally.take_here(limit.item, limit.name, address)
    return await run_in_threadpool(tally.take, limit.item, limit.name, address)


def _too_many(limit: Limit, room: tally.Room) -> str:
    said = _("Too many requests: this address may send {amount} a minute. Try again in {seconds} seconds.")
    return said.format(amount=limit.item.amount, seconds=room.seconds)


def _with_headers(send: Send, limit: Limit, room: tally.Room) -> Send:
    """The fields of the IETF's draft "RateLimit header fields for HTTP"."""

    policy = f'"{limit.name}";q={limit.item.amount};w={limit.item.get_expiry()}'
    told = [(b"ratelimit-policy", policy.encode()), (b"ratelimit", f'"{limit.name}";r={room.left};t={room.seconds}'.encode())]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *told]
        await send(message)

    return sending
