"""Who else has the same application open, and that what one of them does is shown to the others. Freshness alone, kept in this process;
who has it open at another process is heard every LOOK seconds (elsewhere.py).

What is in conflict is decided by the verbs (models/review.py: Overtaken), so a push that is lost costs a moment and no verdict.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from fastapi.concurrency import run_in_threadpool
from nicegui import Client, ui
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from models.database import now, reading
from models.event import Event
from models.language import speaking, spoken
from models.person import Actor
from portal.pages.review.elsewhere import Visitor, exchange

#: Who loads the page again is away for a moment: nobody is told of that.
MOMENT = 0.7
#: Seconds between two looks at what happened elsewhere, and how long reading an application may have taken before its page was drawn.
LOOK, READ = 5.0, timedelta(seconds=3)


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
#: Of each open application the newest event that its pages were told of; while they look, the one task that does.
_seen: dict[int, int] = {}
_looking: set[asyncio.Task[None]] = set()
#: Who has an application open at other processes; and the applications that those know to be open here.
_elsewhere: dict[int, list[Visitor]] = {}
_told: set[int] = set()


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
    found: dict[int | None, Visitor] = {}
    for one in sorted([*_here(guest.application), *_elsewhere.get(guest.application, [])], key=lambda one: one.since):
        if one.user_id != guest.actor.user_id:
            found.setdefault(one.user_id, one)
    return [(one.name, one.since) for one in found.values()]


def changed(guest: Guest) -> None:
    """Something was done on this page: the other open pages of the application read it anew."""
    for one in [one for one in _open.get(guest.application, []) if one is not guest and one.connected]:
        _in_page(one, one.again)


async def _keep_looking() -> None:
    """What the partner, or staff at another process, have done, and who is there: once for all open pages together, until none is open."""
    while _open:
        await asyncio.sleep(LOOK)
        with suppress(SQLAlchemyError):  # the database is away: the next look finds the same
            tell_of(await run_in_threadpool(newest, list(_open)))
        await _meet()


async def _meet() -> None:
    """Tell the other processes who is here, and show who is there."""
    ours = {application: _here(application) for application in _open}
    left, before = _told - ours.keys(), dict(_elsewhere)
    found = await run_in_threadpool(exchange, ours, left)
    _told.clear()
    _told.update(ours)
    _elsewhere.clear()
    _elsewhere.update({application: visitors for application, visitors in found.items() if visitors})
    for application in [one for one in ours if _elsewhere.get(one) != before.get(one)]:
        _announce(application)


def _here(application: int) -> list[Visitor]:
    return [Visitor(one.actor.user_id, one.actor.name, one.since) for one in _open.get(application, []) if one.connected]


def newest(applications: Sequence[int]) -> dict[int, tuple[int, datetime]]:
    """The number of each application's newest event, and its moment."""
    wanted = sa.select(col(Event.application_id), sa.func.max(col(Event.id)), sa.func.max(col(Event.at)))
    with reading() as session:
        found = session.execute(wanted.where(col(Event.application_id).in_(applications)).group_by(col(Event.application_id)))
        return {application: (number, at) for application, number, at in found}


def tell_of(found: Mapping[int, tuple[int, datetime]]) -> None:
    """Every page of an application that has a newer event than at the last look reads it anew.

    At the first look nobody knows what a page was drawn with, so one that is not older than the event by more than READ does.
    """
    for application, (number, at) in found.items():
        first, known = application not in _seen, _seen.get(application, 0)
        _seen[application] = number
        for one in [one for one in _open.get(application, []) if one.connected and number > known]:
            if not first or at > one.since - READ:
                _in_page(one, one.again)


def _moved(guest: Guest) -> None:
    guest.connected = guest.client.has_socket_connection
    if guest.connected and not _looking:
        task = asyncio.get_running_loop().create_task(_keep_looking())
        _looking.add(task)  # asyncio itself holds it but weakly
        task.add_done_callback(_looking.discard)
    _announce(guest.application)


def _left(guest: Guest) -> None:
    guests = _open.get(guest.application, [])
    if guest in guests:
        guests.remove(guest)
    if not guests:
        _open.pop(guest.application, None)
        _seen.pop(guest.application, None)
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
