"""How fast all workers together ask SharePoint: one bucket of resource units, in Redis (FACTS 6).

A bucket that leaks, as one number: the moment at which what was taken will have leaked away. Taking moves it on, and who would overfill
the bucket waits. A Retry-After moves it so far that nobody takes anything before; the RateLimit headers, which come from 80 % on, so far
that what is left lasts until the reset. Redis's clock counts, so that all workers have the same. While Redis is away each process keeps
a bucket of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache

import requests
import structlog
from redis import RedisError

from integrations.failures import NotAsked, seconds_of
from integrations.queue import connection
from models.settings import settings

KEY = "sharepoint:pace"
DEPTH = 10.0  # seconds' worth of units that may be taken at once
LONGEST_WAIT = 5.0  # seconds that a call may wait here; a longer wait is the delivery's
REDIS_SECONDS = 0.5
PAUSE = 10.0  # seconds in which a Redis that did not answer is not asked again
READ, WRITE = 1, 2  # units
#: Answers, in seconds, how long to wait for `cost` seconds' worth of units; a wait of more than `longest` takes nothing.
TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + ARGV[1]
local wait = full - now - ARGV[2]
if wait <= tonumber(ARGV[3]) then
  redis.call('SET', KEYS[1], string.format('%.6f', full), 'PX', math.ceil((full - now) * 1000) + 1000)
end
return string.format('%.6f', wait)
"""
#: Nothing that is taken later leaves before so many seconds from now.
STOP = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local full = now + ARGV[1] + ARGV[2]
if full > tonumber(redis.call('GET', KEYS[1]) or '0') and full > now then
  redis.call('SET', KEYS[1], string.format('%.6f', full), 'PX', math.ceil((full - now) * 1000) + 1000)
end
return ''
"""
log = structlog.get_logger()


def wait(units: int) -> None:
    """Take so many units, and wait until they may be used; NotAsked, and nothing taken, if that is too long for a call."""
    seconds = _ask("take", units * 60 / settings().graph_units_per_minute)
    if seconds > LONGEST_WAIT:
        slower = "{system} asked us to slow down, or we have asked it much: it goes on by itself."
        raise NotAsked(slower, seconds, system="SharePoint")
    time.sleep(max(0.0, seconds))


def heard(response: requests.Response) -> None:
    """What an answer says about our pace holds for all workers."""
    after = seconds_of(response.headers.get("Retry-After"))
    if response.status_code in (429, 503) and after:
        _ask("stop", after)
    left, reset = (_number(response.headers.get(f"RateLimit-{name}")) for name in ("Remaining", "Reset"))
    if left is not None and reset is not None:
        _ask("stop", WRITE * reset / max(left, WRITE))  # every answer says it anew, so what is left lasts until the reset


@dataclass
class Bucket:
    """The bucket: Redis's while it answers, else this process's."""

    full: float = 0.0
    away_until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, cost: float) -> float:
        """As TAKE, in this process."""
        with self.lock:
            moment = time.monotonic()
            full = max(self.full, moment) + cost
            seconds = full - moment - DEPTH
            self.full = full if seconds <= LONGEST_WAIT else self.full
        return seconds

    def stop(self, seconds: float) -> float:
        """As STOP, in this process."""
        with self.lock:
            self.full = max(self.full, time.monotonic() + seconds + DEPTH)
        return 0.0


@cache
def bucket(_url: str) -> Bucket:
    """This process's bucket, and what it knows of the Redis at that address."""
    return Bucket()


def _ask(what: str, seconds: float) -> float:
    here = bucket(settings().redis_url)
    shared, own = _VERBS[what]
    if time.monotonic() >= here.away_until:
        try:
            return shared(seconds)
        except RedisError as error:
            here.away_until = time.monotonic() + PAUSE
            log.warning("redis is away: this process keeps a pace of its own", error=type(error).__name__)
    return own(here, seconds)


def _taken(cost: float) -> float:
    return float(_script(TAKE, cost, DEPTH, LONGEST_WAIT))


def _stopped(seconds: float) -> float:
    _script(STOP, seconds, DEPTH)
    return 0.0


def _script(lua: str, *arguments: float) -> str:
    answer = connection(REDIS_SECONDS).eval(lua, 1, KEY, *map(str, arguments))
    return answer.decode() if isinstance(answer, bytes) else str(answer)


_VERBS: dict[str, tuple[Callable[[float], float], Callable[[Bucket, float], float]]] = {
    "take": (_taken, Bucket.take), "stop": (_stopped, Bucket.stop),
}  # fmt: skip


def _number(header: str | None) -> float | None:
    with suppress(ValueError, TypeError):
        return float(header or "")
    return None
