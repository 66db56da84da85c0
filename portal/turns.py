"""Each kind of request to the API has its own share of the threads, so that a flood of one kind leaves the others served.

Limits per address do not stop many addresses that ask for the same thing at once. What is asked for then waits for its turn among its
own kind, and the other threads are there for pages, saving and every other kind; who would wait too long is told so at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from models.errors import TooMany
from models.language import _

AT_ONCE = 12  # of the 40 threads of a process: three kinds may be flooded together, and there is room left
WAITING = 200  # of one kind; at some milliseconds each, the last one waits for a second or two
SECONDS = 5  # after which somebody who was sent away may come again


class Full(TooMany):
    """Very many wait for their turn already."""


@dataclass
class _Line:
    """Those of one kind: `free` turns, and how many wait for one."""

    free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    waiting: int = 0


_lines: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Line]] = WeakKeyDictionary()


@asynccontextmanager
async def turn(kind: str) -> AsyncIterator[None]:
    """A thread's worth of room for one request of this kind. Full if very many wait for it already."""
    line = _lines.setdefault(asyncio.get_running_loop(), {}).setdefault(kind, _Line())
    if line.waiting >= WAITING:
        raise Full(_("Very many people are asking for this at the moment. Try again in a few seconds."), retry_after=SECONDS)
    line.waiting += 1
    try:
        await line.free.acquire()
    finally:
        line.waiting -= 1
    try:
        yield
    finally:
        line.free.release()
