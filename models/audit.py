"""The audit log: every event, newest first, found by person, type, subject, days and words; a page is reached by key, never by counting."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models import loose
from models.application import Application
from models.event import Event, record
from models.invitation import Invitation, normal_code
from models.loose import row_number, searched
from models.people_search import TRIGRAM, found_by
from models.person import Actor, Right, User

PAGE = 50
#: Who has no account: what stands in the address for them, and in the event.
KINDS_OF_ACTOR = {"partner": "Partners", "program": "Programs", "system": "The portal and SharePoint"}
#: As many events are looked up one by one; of more, most pages are full after a short way through the newest.
FEW = 1000
#: The entries of an event's detail that people wrote: with names and subjects, all that is searched for words.
WRITTEN = ("reason", "text", "message", "why", "name")
_ABOUT_INVITATION = re.compile(r"invitation-(\d{1,9})")
_EVENT = 2**63 - 1  # the number of an event has 64 bits


@dataclass(frozen=True)
class Asked:
    """What somebody looks for, as the address has it. `before` and `after` are the number of the event that a page begins behind."""

    q: str = ""
    who: str = ""
    kind: str = ""
    about: str = ""
    since: date | None = None
    until: date | None = None
    before: int = 0
    after: int = 0

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return replace(self, before=0, after=0) != Asked()


@dataclass(frozen=True)
class Entry:
    """One event and whom it is about; `about` finds all that happened to the same, `reference` is empty while there is a draft only."""

    event: Event
    company: str = ""
    reference: str = ""
    about: str = ""


@dataclass(frozen=True)
class Log:
    """One page of the log, and the numbers from which the pages around it are reached; 0 where there is none."""

    asked: Asked
    entries: tuple[Entry, ...]
    newer: int
    older: int
    staff: Mapping[str, str]


def asked(given: Mapping[str, str]) -> Asked:
    """What the address asks for; anything that makes no sense there counts as not said."""
    said = {name: searched(value) for name, value in given.items()}
    who, kind = said.get("who", ""), said.get("type", "")
    return Asked(
        said.get("q", ""),
        who if who in KINDS_OF_ACTOR or row_number(who) else "",
        kind if re.fullmatch(r"[a-z_]+\.[a-z_]+", kind) else "",
        said.get("about", ""), _day(said.get("from", "")), _day(said.get("to", "")),
        row_number(said.get("before", ""), _EVENT), row_number(said.get("after", ""), _EVENT),
    )  # fmt: skip


def look(session: Session, actor: Actor, asked: Asked, zone: ZoneInfo) -> Log:
    """The page that `asked` asks for; its days begin and end in `zone`."""
    actor.must(Right.AUDIT)
    wanted, backwards = select(Event).where(*_conditions(session, asked, zone)), asked.after > 0
    if backwards:
        wanted = wanted.where(col(Event.id) > asked.after).order_by(col(Event.id))
    else:
        wanted = wanted.where(*_before(asked.before)).order_by(col(Event.id).desc())
    found = list(session.exec(wanted.limit(PAGE + 1)))
    more, found = len(found) > PAGE, found[:PAGE]
    events = found[::-1] if backwards else found
    newer = bool(events) and (more if backwards else asked.before > 0)
    older = bool(events) and (more or backwards)
    first, last = (events[0].id or 0, events[-1].id or 0) if events else (0, 0)
    return Log(asked, tuple(_entries(session, events)), first if newer else 0, last if older else 0, _staff(session))


def export(session: Session, actor: Actor, asked: Asked, zone: ZoneInfo) -> int:
    """Record that somebody takes away what they look for; answers the number of the newest event that goes with it."""
    actor.must(Right.AUDIT)
    conditions = _conditions(session, asked, zone)
    count, newest = session.exec(select(sa.func.count(), sa.func.max(Event.id)).where(*conditions)).one()
    record(session, "audit.exported", actor, count=count)
    return int(newest or 0)


def behind(session: Session, asked: Asked, zone: ZoneInfo, before: int, limit: int) -> list[Entry]:
    """The next entries of an export, newest first: those older than the event `before`."""
    wanted = select(Event).where(*_conditions(session, asked, zone), col(Event.id) < before)
    return _entries(session, list(session.exec(wanted.order_by(col(Event.id).desc()).limit(limit))))


def _conditions(session: Session, asked: Asked, zone: ZoneInfo) -> list[Any]:
    found: list[Any] = [Event.type == asked.kind] if asked.kind else []
    if asked.who:
        found.append(Event.actor_kind == asked.who if asked.who in KINDS_OF_ACTOR else Event.user_id == int(asked.who))
    if asked.since:
        found.append(col(Event.at) >= datetime.combine(asked.since, time.min, zone))
    if asked.until:
        found.append(col(Event.at) < datetime.combine(asked.until + timedelta(days=1), time.min, zone))
    return found + ([_about(session, asked.about)] if asked.about else []) + ([_saying(session, asked.q)] if asked.q else [])


def _about(session: Session, about: str) -> Any:
    """Of an application by its reference or its invitation's code, or of an invitation by its number: all that happened to both."""
    joined = select(Invitation.id, Application.id).outerjoin(Application, col(Application.invitation_code) == col(Invitation.code))
    by_number = _ABOUT_INVITATION.fullmatch(about)
    of_reference = select(Application.invitation_code).where(Application.reference_number == about.upper())
    code = session.exec(of_reference).first() or normal_code(about)  # one after the other: each has an index of its own
    found = session.exec(joined.where(col(Invitation.id) == int(by_number[1]) if by_number else col(Invitation.code) == code)).first()
    if found is None:
        return sa.false()
    ours = [col(Event.invitation_id) == found[0]] + ([col(Event.application_id) == found[1]] if found[1] else [])
    return sa.or_(*ours)


def _saying(session: Session, q: str) -> Any:
    invitations, joined = found_by(session, q), col(Invitation.code) == col(Application.invitation_code)
    applications = select(Application.id).join(Invitation, joined).where(col(Invitation.id).in_(invitations))
    ways = (_in(q, Event.actor), col(Event.application_id).in_(applications), col(Event.invitation_id).in_(invitations), _written(q))
    few = _few(session, ways) if len(q) >= TRIGRAM and session.get_bind().dialect.name == "postgresql" else None
    return sa.or_(*ways) if few is None else col(Event.id).in_(few)


def _few(session: Session, ways: Sequence[Any]) -> list[int | None] | None:
    """The numbers of all events that are found, where they are few: each way is then looked up in an index of its own (migration 0010).

    Together, in one condition, they would be tried on every event. Of more than FEW the newest are found soon by going through all.
    """
    wanted = sa.union_all(*(sa.select(col(Event.id)).where(way) for way in ways)).limit(FEW + 1)
    found = list(session.scalars(wanted))
    return found if len(found) <= FEW else None


def _written(q: str) -> Any:
    """In what people wrote. Most details are told apart as they are stored, without being taken to pieces, where that tells anything."""
    pieces = sa.or_(*(col(Event.detail)[name].as_string().icontains(q, autoescape=True) for name in WRITTEN))
    stored = json.dumps(q)[1:-1]
    return sa.and_(sa.cast(col(Event.detail), sa.Text()).icontains(stored, autoescape=True), pieces) if stored == q else pieces


def _in(q: str, *columns: Any) -> Any:
    return sa.or_(*(col(column).icontains(q, autoescape=True) for column in columns))


def _before(number: int) -> list[Any]:
    return [col(Event.id) < number] if number else []


def _entries(session: Session, events: Sequence[Event]) -> list[Entry]:
    applications = _applications(session, {event.application_id for event in events if event.application_id})
    numbers = {event.invitation_id for event in events if event.invitation_id}
    by_id, by_code = _invitations(session, numbers, {one.invitation_code for one in applications.values()})
    return [_entry(event, applications.get(event.application_id), by_id, by_code) for event in events]


def _entry(event: Event, application: Any, by_id: Mapping[int | None, Any], by_code: Mapping[str, Any]) -> Entry:
    invitation = by_code.get(application.invitation_code) if application else by_id.get(event.invitation_id)
    if invitation is None:
        return Entry(event)
    reference = (application.reference_number or "") if application else ""
    company = (application.company_name if application else "") or invitation.company_name
    return Entry(event, company, reference, reference or f"invitation-{invitation.id}")


def _applications(session: Session, ids: set[int]) -> Mapping[int | None, Any]:
    """Four of the 97 columns: all that an entry says of them."""
    wanted = sa.select(
        col(Application.id), col(Application.invitation_code), col(Application.reference_number), col(Application.company_name)
    )  # fmt: skip
    return {row.id: row for row in session.execute(wanted.where(col(Application.id).in_(ids)))}


def _invitations(session: Session, ids: set[int], codes: set[str]) -> tuple[Mapping[int | None, Any], Mapping[str, Any]]:
    wanted = sa.select(col(Invitation.id), col(Invitation.code), col(Invitation.company_name))
    rows = session.execute(wanted.where(sa.or_(col(Invitation.id).in_(ids), col(Invitation.code).in_(codes)))).all()
    return {row.id: row for row in rows}, {row.code: row for row in rows}


def _staff(session: Session) -> Mapping[str, str]:
    found = session.exec(select(User.id, User.name).where(col(User.oid).is_not(None)).order_by(sa.func.lower(User.name)))
    return {str(number): name for number, name in found}


def _day(typed: str) -> date | None:
    """A day that has a day after it and can be told in every zone."""
    found = loose.day(typed)
    return found if found and 1990 <= found.year <= 2100 else None
