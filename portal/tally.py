"""Counting in windows of time, in Redis.

While Redis is away the counts stand in this process's memory: a limit that is a little too generous for a minute is
better than a form that hangs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute, WindowStats
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter, SlidingWindowCounterRateLimiter
from redis import RedisError

from integrations.queue import connection
from models.settings import settings

T = TypeVar("T")
Keeper = MemoryStorage | RedisStorage
log = structlog.stdlib.get_logger(__name__)

PATIENCE = 0.3  # seconds that one question to Redis may take
PAUSE = 10.0  # seconds in which a Redis that did not answer is not asked again

MOST_HERE = 20_000  # addresses that are counted in this process; beyond it those with nothing to count are forgotten
_levels: dict[tuple[str, ...], float] = {}  # when each address's bucket will be empty


@dataclass(frozen=True)
class Room:
    """What a window still takes: `taken` whether this one was let in, `left` how many more, `seconds` until there is more room."""

    taken: bool
    left: int
    seconds: int


def take(item: RateLimitItem, *who: str) -> Room:
    """Count one, if there is room, in an exact window that moves with time. For windows of some hundreds at most."""
    return _counts().ask(lambda keeper: _take(MovingWindowRateLimiter(keeper), item, who))


def take_here(item: RateLimitItem, *who: str) -> Room:
    """Count one in this process alone, as a bucket that leaks: no thread, no Redis, a hundredth of their cost.

    For what a form asks at every few keys. Pages, and with them what their journals post, are one process's (FACTS 39).
    """
    drop, moment = item.get_expiry() / item.amount, time.monotonic()
    level = max(_levels.get(who, 0.0), moment) + drop
    if taken := level <= moment + item.get_expiry():
        _levels[who] = level
    if len(_levels) > MOST_HERE:
        _forget_empty(moment)
    return Room(taken, max(0, round((moment + item.get_expiry() - level) / drop)), max(1, math.ceil(drop)))


def add(item: RateLimitItem, *who: str) -> None:
    """Count one in a window of any size, which is kept as two numbers."""
    _counts().ask(lambda keeper: SlidingWindowCounterRateLimiter(keeper).hit(item, *who))


def room(item: RateLimitItem, *who: str) -> Room:
    """What `add` has left, without counting."""
    return _counts().ask(lambda keeper: _room(SlidingWindowCounterRateLimiter(keeper), item, who))


def first_time(what: str, minutes: int) -> bool:
    """Whether `what` has not been seen for so many minutes. Memory is asked first: what this process saw, Redis cannot forget."""
    item = RateLimitItemPerMinute(1, minutes, namespace="ONCE")
    return MovingWindowRateLimiter(_counts().here).hit(item, what) and _counts().ask(
        lambda keeper: keeper is _counts().here or MovingWindowRateLimiter(keeper).hit(item, what)
    )


@dataclass
class Counts:
    """Redis while it answers, else memory."""

    shared: Keeper
    here: Keeper = field(default_factory=MemoryStorage)
    away_until: float = 0.0

    def ask(self, question: Callable[[Keeper], T]) -> T:
        """The answer of Redis, or of memory while Redis is away."""
        if time.monotonic() >= self.away_until:
            try:
                return question(self.shared)
            except RedisError as error:
                self.away_until = time.monotonic() + PAUSE
                log.warning("Redis is away: requests are counted in memory", reason=type(error).__name__)
        return question(self.here)


def _forget_empty(moment: float) -> None:
    for who in [who for who, level in _levels.items() if level <= moment]:
        del _levels[who]


def _take(window: MovingWindowRateLimiter, item: RateLimitItem, who: tuple[str, ...]) -> Room:
    taken = window.hit(item, *who)
    return _told(window.get_window_stats(item, *who), taken)


def _room(window: SlidingWindowCounterRateLimiter, item: RateLimitItem, who: tuple[str, ...]) -> Room:
    stats = window.get_window_stats(item, *who)  # `test` would ask Redis the same once more
    return _told(stats, stats.remaining > 0)


def _told(stats: WindowStats, taken: bool) -> Room:
    return Room(taken, max(0, stats.remaining), max(1, math.ceil(stats.reset_time - time.time())))


def _counts() -> Counts:
    return _counts_in(settings().redis_url, settings().redis_ca_file)


@cache
def _counts_in(url: str, _ca_file: str) -> Counts:
    return Counts(RedisStorage(url.split("?")[0], connection_pool=connection(PATIENCE).connection_pool))
