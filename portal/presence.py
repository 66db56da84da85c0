"""Who else has the same application open, and what they have just changed. This is freshness alone, kept in this process.

The database decides what is stored and what is in conflict (models/draft.py), and every answered post of a journal brings what the
page has not seen. So a push that is lost, or a colleague whose page another process serves, costs a moment and no answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fastapi.concurrency import run_in_threadpool
from nicegui import Client, background_tasks, core, ui

from models.colleague import ended_of
from models.database import reading
from models.draft import Stored
from models.language import _, speaking, spoken
from models.steps import step_named, step_of
from portal.frame import push
from portal.visits import visit

Hear = Callable[[Mapping[str, Any]], object]
#: Who goes from one step to the next is away for a moment: nobody is told of that.
MOMENT = 0.7


@dataclass(eq=False)
class Guest:
    """One open page. `writer` names the page in what it posts; `connected` is whether its socket is there.

    `colleague` is the public id of one who helps with a step, `visit` that of the visit (models/visit.py), `turn` keeps what a colleague is
    told in order. What happens while the socket is away waits in `missed`: most pages that lose it were left and never come back.
    """

    client: Client
    application: int
    step: str
    who: str
    hear: Hear
    writer: str
    language: str
    colleague: str = ""
    visit: str = ""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    connected: bool = False
    told: list[dict[str, Any]] = field(default_factory=list)
    missed: dict[str, Stored] = field(default_factory=dict)


_open: dict[int, dict[str, Guest]] = {}
_due: set[int] = set()


def arrive(application_id: int, step: str, who: str, hear: Hear, writer: str = "", colleague: str = "") -> None:
    """The page that is being drawn shows this step to `who`; it leaves by itself when NiceGUI disconnects or deletes its client.

    `hear(changes)` is called in the page's own context with what others changed, {question: answer}; `writer` is the name under
    which the page's journal posts (autosave.journal_head: the client's id, if none is given). A `colleague` hears while their link lives.
    """
    client = ui.context.client
    here = visit(client.request)
    guest = Guest(client, application_id, step, who, hear, writer or client.id, spoken().code, colleague, here)
    _open.setdefault(application_id, {})[guest.writer] = guest
    client.on_connect(lambda: _moved(guest))
    client.on_disconnect(lambda: _moved(guest))
    client.on_delete(lambda: _left(guest))


def tell(application_id: int, changes: Iterable[Stored], writer: str = "") -> None:
    """Show changed answers to every open page of the application but `writer`'s. May be called from any thread."""
    others = [guest for guest in list(_open.get(application_id, {}).values()) if guest.writer != writer]
    if others and core.loop is not None:
        core.loop.call_soon_threadsafe(_tell, others, list(changes))


def dismiss(visit: str) -> set[str]:
    """Somebody has signed out: what their browser still shows of it hears nothing any more, and says so; answers those clients' ids."""
    told = set()
    for guest in [one for guests in list(_open.values()) for one in list(guests.values()) if visit and one.visit == visit]:
        _left(guest)
        with speaking(guest.language):
            said = _("You have signed out in this browser, so this page is not kept up to date any more.")
        push(guest.client, "others.stop", "left", said)
        told.add(guest.client.id)
    return told


def present(application_id: int) -> list[Guest]:
    """The open pages of an application whose sockets are there."""
    return [guest for guest in _open.get(application_id, {}).values() if guest.connected]


def _tell(guests: list[Guest], changes: list[Stored]) -> None:
    for guest in guests:
        if not guest.connected:
            guest.missed |= {one.name: one for one in changes}
        elif guest.colleague:
            background_tasks.create(_tell_colleague(guest, changes), name="tell a colleague")
        else:
            _in_page(guest, partial(_hear, guest, changes))


async def _tell_colleague(guest: Guest, changes: list[Stored]) -> None:
    """A link may be taken back while its page stands open: from then on that page is sent no answer, and says why."""
    async with guest.turn:
        with speaking(guest.language):
            ended = await run_in_threadpool(_ended, guest.colleague)
        if not ended:
            return _in_page(guest, partial(_hear, guest, changes))
    _left(guest)
    push(guest.client, "others.stop", "out", ended)


def _ended(public_id: str) -> str:
    with reading() as session:
        return ended_of(session, public_id)


def _hear(guest: Guest, changes: list[Stored]) -> None:
    guest.hear({one.name: one.value for one in changes})
    # A colleague helps with one step: their browser is never sent an answer of another.
    shown = [one.shown() for one in changes if (step := step_of(one.name)) and step.name == guest.step]
    if shown:
        push(guest.client, "others.answers", shown)


def _moved(guest: Guest) -> None:
    guest.connected = guest.client.has_socket_connection
    if guest.connected and guest.missed:
        missed, guest.missed = list(guest.missed.values()), {}
        _tell([guest], missed)
    _announce(guest.application)


def _left(guest: Guest) -> None:
    guests = _open.get(guest.application, {})
    if guests.get(guest.writer) is guest:
        del guests[guest.writer]
    if not guests:
        _open.pop(guest.application, None)
    guest.connected = False
    _announce(guest.application)


def _announce(application_id: int) -> None:
    """Tell the open pages of each other, once for all that happens within a moment."""
    if application_id not in _due and len(_open.get(application_id, {})):
        _due.add(application_id)
        asyncio.get_running_loop().call_later(MOMENT, _say, application_id)


def _say(application_id: int) -> None:
    _due.discard(application_id)
    guests = present(application_id)
    for guest in guests:
        _in_page(guest, partial(_say_to, guest, [other for other in guests if other is not guest]))


def _say_to(guest: Guest, others: list[Guest]) -> None:
    told = [_described(other, guest) for other in others]
    if told != guest.told:
        guest.told = told
        push(guest.client, "others.here", told)


def _described(other: Guest, reader: Guest) -> dict[str, Any]:
    step = step_named(other.step)
    place = {"number": step.number, "title": _(step.title)} if step else {"number": 0, "title": ""}
    return {"who": other.who, "mine": other.who == reader.who, **place}


def _in_page(guest: Guest, act: Callable[[], object]) -> None:
    with speaking(guest.language):
        guest.client.safe_invoke(act)
