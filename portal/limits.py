"""How much one address may ask for: requests a minute, codes that fail a day, bytes a body; and which other origins may ask at all.

The counts stand in Redis. While it is away they stand in this process's memory: a limit that is a little too generous
for a minute is better than a form that hangs.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeVar

import structlog
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter, SlidingWindowCounterRateLimiter
from redis import RedisError
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.queue import connection
from models.errors import TooMany
from models.settings import settings
from portal.problems import DETAILS, problem

T = TypeVar("T")
Keeper = MemoryStorage | RedisStorage
log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Limit:
    """So many requests in a window, for one address. `name` stands in the headers and keeps the counts apart."""

    name: str
    item: RateLimitItem


LIMITED = ("/api/", "/apply/answers")
#: The contract's "Limits". A path that is not here counts towards OTHERS.
ROUTES: Mapping[str, Limit] = {
    "/api/validate-invitation": Limit("validate-invitation", RateLimitItemPerMinute(10)),
    "/apply/answers": Limit("answers", RateLimitItemPerMinute(600)),  # every change of an answer is one request (FACTS 88)
}
OTHERS = Limit("api", RateLimitItemPerMinute(120))
FAILED_CODES = RateLimitItemPerDay(100, namespace="FAILED")
#: 8 hex digits are guessed in days by many addresses together (FACTS 46): above this many failures a day over all, an
#: address gets only a few. Locking everybody out instead would hand the attacker a switch.
FAILED_CODES_OVER_ALL = RateLimitItemPerDay(10_000, namespace="FAILED_OVER_ALL")
FAILED_CODES_UNDER_ATTACK = RateLimitItemPerDay(5, namespace="FAILED_UNDER_ATTACK")
BODY_BYTES = 256 * 1024
REDIS_SECONDS, REDIS_PAUSE = 0.3, 10.0
GUESSED = "Too many invitation codes that do not work came from this address. Try again tomorrow, or ask us to send your link again."


def install(app: FastAPI) -> None:
    """Put the limits before `app`."""
    app.add_middleware(Limits)


class Limits:
    """ASGI: what LIMITED names passes CORS, the rate limit and the body limit, in this order; the rest passes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.limited = CORSMiddleware(
            RateLimited(SizeLimited(app)), allow_origins=settings().cors_origins, allow_methods=["GET", "POST"],
            allow_headers=["Content-Type", "Idempotency-Key"], expose_headers=["RateLimit", "RateLimit-Policy", "Retry-After"],
        )  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limited = scope["type"] == "http" and scope["path"].startswith(LIMITED)
        await (self.limited if limited else self.app)(scope, receive, send)


class RateLimited:
    """ASGI: counts the request and says in every answer what is left; 429 when nothing is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = ROUTES.get(scope["path"], OTHERS)
        room = await run_in_threadpool(_count, limit, client_address(scope))
        if room.left < 0:
            detail = f"Too many requests. This address takes {limit.item.amount} a minute; try again in {room.resets_in} seconds."
            answer = problem(429, detail, headers={"Retry-After": str(room.resets_in)})
            return await answer(scope, receive, _with_headers(send, limit, room))
        return await self.app(scope, receive, _with_headers(send, limit, room))


class SizeLimited:
    """ASGI: no body over 256 KiB, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = RequestBodyLimitMiddleware(app, BODY_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > BODY_BYTES:
            return await problem(413, DETAILS[413])(scope, receive, send)
        return await self.app(scope, receive, send)


def refuse_guesser(request: Request) -> None:
    """TooMany if this address has tried too many codes that fail; ask before any code is looked up, whatever the code."""
    address = client_address(request.scope)
    tally = FAILED_CODES if _ask(lambda k: SlidingWindowCounterRateLimiter(k).test(FAILED_CODES_OVER_ALL)) else FAILED_CODES_UNDER_ATTACK
    if not _ask(lambda k: SlidingWindowCounterRateLimiter(k).test(tally, address)):
        stats = _ask(lambda k: SlidingWindowCounterRateLimiter(k).get_window_stats(tally, address))
        raise TooMany(GUESSED, retry_after=max(60, math.ceil(stats.reset_time - time.time())))


def count_failure(request: Request) -> None:
    """A code, key or signature from this address did not work."""
    address = client_address(request.scope)
    for tally, whose in ((FAILED_CODES, (address,)), (FAILED_CODES_UNDER_ATTACK, (address,)), (FAILED_CODES_OVER_ALL, ())):
        _ask(partial(_tally, tally, whose))


def first_time(what: str, minutes: int) -> bool:
    """Whether `what` was not seen in the last `minutes`; asked in memory too, so that Redis cannot forget it for us."""
    once = RateLimitItemPerMinute(1, minutes, namespace="ONCE")
    here = MovingWindowRateLimiter(_keepers()[1]).hit(once, what)
    return here and (_away() or _ask(lambda k: MovingWindowRateLimiter(k).hit(once, what)))


def client_address(scope: Scope) -> str:
    """The caller's address: the X-Forwarded-For entry that the outermost trusted proxy added (FACTS 42).

    What stands left of it anybody can write. One household has a whole IPv6 /64, so that counts as one address.
    """
    hops = settings().trusted_proxies
    chain = [part.strip() for line in Headers(scope=scope).getlist("x-forwarded-for") for part in line.split(",")]
    peer = (scope.get("client") or ("unknown", 0))[0]
    return _network(chain[-hops]) or _network(peer) or peer if 0 < hops <= len(chain) else _network(peer) or peer
