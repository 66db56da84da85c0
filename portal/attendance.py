"""The open pages of staff. Whoever is cut off, or signed out from elsewhere, has none left a moment later, and is told why.

The page is sent away to words of its own and its socket is let go, so that nothing more reaches it; each of its actions was refused from
the first moment (portal/staff.py). A change made in this process is seen at once, one of another within LOOK seconds.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress

from fastapi.concurrency import run_in_threadpool
from nicegui import Client, background_tasks, ui
from sqlalchemy.exc import SQLAlchemyError

from models import person
from models.database import reading, transaction
from models.person import Ended
from portal.auth import STAFF

LOOK = 5.0  # seconds between two looks at all that are open, in one statement
LEAVE = 3.0  # seconds in which a page that is sent away goes by itself
NOTED = person.SEEN_EVERY.total_seconds()
OVER = "/auth/ended"

_open: dict[str, tuple[Client, str]] = {}
_seen: dict[str, float] = {}
_looking: asyncio.Task[None] | None = None
_now = asyncio.Event()


def attend() -> None:
    """The page that is being drawn belongs to a member of staff; it is watched until it is closed."""
    client = ui.context.client
    token = str(client.request.session.get(STAFF, ""))
    _open[client.id] = (client, token)
    client.on_delete(lambda: _open.pop(client.id, None))
    _begin()


def look_now() -> None:
    """Somebody was cut off or signed out just now, in this process; called from a page or a route."""
    _now.set()


def note_seen(token: str) -> None:
    """Somebody works with this token now; it is written down every five minutes. Called from a thread; never raises."""
    moment = time.monotonic()
    if not token or moment - _seen.get(token, -NOTED) < NOTED:
        return
    if len(_seen) > 1000:  # of other days
        _seen.clear()
    _seen[token] = moment
    try:
        with transaction() as session:
            person.note_seen(session, token)
    except SQLAlchemyError:  # the database is busy: whoever reads a page does not wait for this
        _seen.pop(token, None)


def _begin() -> None:
    global _looking
    if _looking is None or _looking.done():
        _looking = background_tasks.create(_watch(), name="attendance")


async def _watch() -> None:
    """As long as a page is open."""
    while _open:
        with suppress(TimeoutError):
            await asyncio.wait_for(_now.wait(), LOOK)
        _now.clear()
        pages = list(_open.values())
        try:
            over = await run_in_threadpool(_over, {token for _client, token in pages})
        except SQLAlchemyError:  # the database is away: nothing is known, and the next look finds it
            continue
        for client, token in pages:
            if token in over:
                _send_away(client)


def _over(tokens: set[str]) -> dict[str, Ended]:
    with reading() as session:
        return person.cut_off(session, tokens)


def _send_away(client: Client) -> None:
    """The browser leaves the page; one that does not is no page any more on this side either."""
    if _open.pop(client.id, None) is None or client.is_deleted:
        return
    client.run_javascript(f"unsent.leave({json.dumps(OVER)} + '?to=' + encodeURIComponent(location.pathname + location.search))")
    asyncio.get_running_loop().call_later(LEAVE, _let_go, client)


def _let_go(client: Client) -> None:
    if not client.is_deleted:
        client.delete()
