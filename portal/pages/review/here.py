"""Who else has the same application open, and that what one of them does is shown to the others. Freshness alone, kept in this process.

What is in conflict is decided by the verbs (models/review.py: Overtaken), so a push that is lost costs a moment and no verdict.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nicegui import Client, ui

from models.database import now
from models.language import speaking, spoken
from models.person import Actor

#: Who loads the page again is away for a moment: nobody is told of that.
MOMENT = 0.7


@dataclass(eq=False)
class Guest:
    """One open page of an application. `show` draws who else is here, `again` reads the application anew."""

    client: Client
    application: int
    actor: Actor
    since: datetime
    language: str
    show: Callable[[], Any]
    again: Callable[[], Any]
    connected: bool = False


_open: dict[int, list[Guest]] = {}
_due: set[int] = set()


def arrive(application: int, actor: Actor, *, show: Callable[[], Any], again: Callable[[], Any]) -> Guest:
    """The page that is being drawn shows this application to `actor`; it leaves by itself when NiceGUI loses or deletes its client."""
    client = ui.context.client
    guest = Guest(client, application, actor, now(), spoken().code, show, again)
    _open.setdefault(application, []).append(guest)
    client.on_connect(lambda: _moved(guest))
    client.on_disconnect(lambda: _moved(guest))
    client.on_delete(lambda: _left(guest))
    return guest


def others(guest: Guest) -> list[tuple[str, datetime]]:
    """Everybody else who is here, with since when, the first first; somebody with two windows is one, and you are nobody else."""
    found: dict[int | None, Guest] = {}
    for one in sorted(_open.get(guest.application, []), key=lambda one: one.since):
        if one.connected and one.actor.user_id != guest.actor.user_id:
            found.setdefault(one.actor.user_id, one)
    return [(one.actor.name, one.since) for one in found.values()]


def changed(guest: Guest) -> None:
    """Something was done on this page: the other open pages of the application read it anew."""
    for one in [one for one in _open.get(guest.application, []) if one is not guest and one.connected]:
        _in_page(one, one.again)


def _moved(guest: Guest) -> None:
    guest.connected = guest.client.has_socket_connection
    _announce(guest.application)


def _left(guest: Guest) -> None:
    guests = _open.get(guest.application, [])
    if guest in guests:
        guests.remove(guest)
    if not guests:
        _open.pop(guest.application, None)
    guest.connected = False
    _announce(guest.application)


def _announce(application: int) -> None:
    """Tell the open pages of each other, once for all that happens within a moment."""
    if application not in _due and application in _open:
        _due.add(application)
        asyncio.get_running_loop().call_later(MOMENT, _say, application)


def _say(application: int) -> None:
    _due.discard(application)
    for guest in [one for one in _open.get(application, []) if one.connected]:
        _in_page(guest, guest.show)


def _in_page(guest: Guest, act: Callable[[], Any]) -> None:
    with speaking(guest.language):
        guest.client.safe_invoke(act)
