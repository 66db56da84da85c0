"""One thread that stores what all browsers post: whatever waits is stored together, in one commit.

Each post is answered after the commit that holds it. With one writer SQLite's lock is never fought over within this process, and
the busier the portal is, the less a change costs; the event loop waits for no database (FACTS 75, 91).

Two commits are PACE apart: a commit of one post costs 1.8 ms of the processor, and of twenty 0.5 a post; and each takes the
interpreter's lock from the event loop, which then waits for up to 5 ms at its next call of the system.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from models.database import transaction
from models.posts import Kept, Overtaken, Post, keep_together

PACE = 0.025  # seconds; a post that comes after a pause is stored at once
AT_ONCE = 50  # posts in one commit: an error or a lock delays no more than these
Result = Kept | Exception | None


@dataclass
class _Waiting:
    post: Post
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Kept | None]


class Keeper:
    """The thread and what waits for it."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="keeper", daemon=True).start()

    async def keep(self, post: Post) -> Kept | None:
        """What became of the post, once it is committed; None if it must be stored alone (models/posts.py)."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(post, loop, loop.create_future())
        self._queue.put(waiting)
        return await waiting.answer

    def _run(self) -> None:
        free = 0.0  # from when on the next commit may begin
        while True:
            waiting = [self._queue.get()]
            time.sleep(max(0.0, free - time.monotonic()))
            free = time.monotonic() + PACE
            while len(waiting) < AT_ONCE and not self._queue.empty():
                waiting.append(self._queue.get())
            _answer(waiting, _store([one.post for one in waiting]))


@cache
def keeper() -> Keeper:
    """This process's own."""
    return Keeper()


def _store(posts: Sequence[Post]) -> Sequence[Result]:
    """The posts stored together; each alone if one of them spoils it for the others."""
    try:
        return _together(posts)
    except Overtaken:
        return [None] * len(posts)
    except (OperationalError, PoolTimeout) as away:  # no database, or one that is locked: the browsers keep it and ask again
        return [None if _is_one_lock(away) else away] * len(posts)
    except DBAPIError:
        return [None] * len(posts)
    except Exception as fault:  # a bug in one of them: whoever has it hears of it, and the thread lives on
        return [fault] if len(posts) == 1 else [result for post in posts for result in _store([post])]


def _is_one_lock(away: Exception) -> bool:
    """Whether somebody else holds one of the steps, so that all others can be stored alone (PostgreSQL's lock_timeout)."""
    return getattr(getattr(away, "orig", None), "sqlstate", "") == "55P03"


def _together(posts: Sequence[Post]) -> list[Kept | None]:
    with transaction() as session:
        return keep_together(session, posts)


def _answer(waiting: Sequence[_Waiting], results: Sequence[Result]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[Callable[[], None]]] = {}
    for one, result in zip(waiting, results, strict=True):
        by_loop.setdefault(one.loop, []).append(_giving(one.answer, result))
    for loop, calls in by_loop.items():
        with suppress(RuntimeError):  # it has been closed, so nobody waits there; the thread lives on for the others
            loop.call_soon_threadsafe(_each, calls)


def _giving(answer: asyncio.Future[Kept | None], result: Result) -> Callable[[], None]:
    def give() -> None:
        if answer.done():
            return
        if isinstance(result, Exception):
            answer.set_exception(result)
        else:
            answer.set_result(result)

    return give


def _each(calls: Sequence[Callable[[], None]]) -> None:
    for call in calls:
        call()
