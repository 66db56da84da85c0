"""Looking at documents takes seconds of a core: it has threads of its own, so that nobody who types or reads waits behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from integrations.failures import Passing
from integrations.preview import AT_ONCE

T = TypeVar("T")
WAITING = 20  # documents: with more that wait, a browser had better ask again
RETRY_SECONDS = 5
_threads = CapacityLimiter(AT_ONCE)


async def in_turn(work: Callable[[], T]) -> T:
    """What `work` answers, which looks at documents. Passing, for a few seconds, if twenty wait for their turn already."""
    if _threads.statistics().tasks_waiting >= WAITING:
        raise Passing("Many documents are being looked at just now.", RETRY_SECONDS)
    return await to_thread.run_sync(work, limiter=_threads)
