"""The open pages of partners and colleagues. Whoever is signed out from elsewhere has none left a moment later.

The page is sent away to the entrance, which says why, and its socket is let go, so that nothing more reaches it; what it sends was refused
from the first moment. A change made in this process is seen at once, one of another within LOOK seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress

from fastapi.concurrency import run_in_threadpool
from nicegui import Client, background_tasks, core
from sqlalchemy.exc import SQLAlchemyError

from models.database import reading
from models.visit import cut_off
from portal.visits import visit

LOOK = 5.0  # seconds between two looks at all that are open, in one statement
LEAVE = 3.0  # seconds in which a page that is sent away goes by itself

_open: dict[str, tuple[Client, str, Callable[[], None]]] = {}
_looking: asyncio.Task[None] | None = None
_now = asyncio.Event()


def attend(client: Client, leave: Callable[[], None]) -> None:
    """Watch a partner's page until it is closed; `leave()` sends its browser to the entrance."""
    global _looking
    if not (here := visit(client.request)):
        return
    _open[client.id] = (client, here, leave)
    client.on_delete(lambda: _open.pop(client.id, None))
    if _looking is None or _looking.done():
        _looking = background_tasks.create(_watch(), name="visiting")


def look_now() -> None:
    """Somebody was signed out just now, in this process; from any thread."""
    if core.loop is not None:
        core.loop.call_soon_threadsafe(_now.set)


def dismiss(ended: str, but: Collection[str] = ()) -> None:
    """Send away the open pages of one visit; those of the clients `but` have been told otherwise."""
    for client, here, _leave in list(_open.values()):
        if ended and here == ended:
            if client.id in but:
                _open.pop(client.id, None)
            else:
                _send_away(client)


async def _watch() -> None:
    """As long as a page is open."""
    while _open:
        with suppress(TimeoutError):
            await asyncio.wait_for(_now.wait(), LOOK)
        _now.clear()
        pages = list(_open.values())
        try:
            over = await run_in_threadpool(_over, {here for _client, here, _leave in pages})
        except SQLAlchemyError:  # the database is away: nothing is known, and the next look finds it
            continue
        for client, here, _leave in pages:
            if here in over:
                _send_away(client)


def _over(visits: set[str]) -> set[str]:
    with reading() as session:
        return cut_off(session, visits)


def _send_away(client: Client) -> None:
    """The browser leaves the page; one that does not is no page any more on this side either."""
    found = _open.pop(client.id, None)
    if found is None or client.is_deleted:
        return
    found[2]()
    asyncio.get_running_loop().call_later(LEAVE, _let_go, client)


def _let_go(client: Client) -> None:
    if not client.is_deleted:
        client.delete()
