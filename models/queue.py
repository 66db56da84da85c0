"""The review desk's list: which applications somebody looks for, in which order, and what each row shows.

All that is filtered, sorted, counted and searched stands in one narrow table (models/queue_entry.py). A page begins where the one before
it ended, by sort key and id: OFFSET reads all that it skips (FACTS 79). Its rows take one more statement, however many there are.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus
from models.database import now
from models.decision import HELD, WAITING, Decision
from models.delivery import Delivery, DeliveryState
from models.event import Event
from models.looked import ALL, OF_STATUS, VIEWS, Looked, Place, key_of
from models.person import User
from models.queue_entry import QueueEntry
from models.review import SECTIONS, Verdict
from models.sifted import SORTS, sifted

S = ApplicationStatus
PAGE = 50
#: Seconds for which the counts of the views hold while nothing happens.
COUNTS_HOLD = 5.0
_Counts = tuple[list[Any], dict[str, int]]
_known: dict[str, tuple[Any, float, _Counts]] = {}
#: What a row tells of the application itself, which has 97 columns; empty where the partner said nothing.
_TEXTS = {
    "reference": Application.reference_number, "company": Application.company_name, "capacity": Application.installation_capacity,
    "contact": Application.primary_contact_name, "email": Application.primary_contact_email, "trading_name": Application.trading_name,
    "registration": Application.company_registration, "vat_number": Application.vat_number, "code": Application.invitation_code,
}  # fmt: skip
_FAILED = sa.select(sa.func.count()).where(col(Delivery.state) == DeliveryState.FAILED).scalar_subquery()
_ID = col(QueueEntry.application_id)
_MARK = sa.select(sa.select(sa.func.max(Event.id)).scalar_subquery(), _FAILED)


@dataclass(frozen=True)
class Row:
    """One application in the list. `failed` counts its deliveries that need a person, `late` says that one is tried again.

    It works in the whole UK (`nationwide`), or in `regions`, as the form has them. `flagged` are the questions and documents that are
    flagged. `due_on` is there while the partner is to answer. `decided` says that a decision waits for its minutes to pass,
    `held` that somebody has to confirm it first. `sections` counts those whose verdict holds: an outdated one is none.
    """

    id: int
    reference: str
    company: str
    status: ApplicationStatus
    submitted_at: datetime | None
    updated_at: datetime
    reviewer: str
    nationwide: bool
    regions: tuple[str, ...]
    capacity: str
    sections: int
    flags: int
    flagged: tuple[str, ...]
    failed: int
    late: bool
    due_on: date | None
    expires_on: date | None
    contact: str
    email: str
    trading_name: str
    registration: str
    vat_number: str
    code: str
    decided: bool
    held: bool = False


@dataclass(frozen=True)
class Found:
    """One page of the list: its rows, the number of the first of them, how many there are in all, and the count of each saved view.

    `before` and `after` are where the neighbouring pages begin; None where there is none. `elsewhere` counts what the same words find
    among all applications, where nothing is found here. `marked` is the `mark` that stood before.
    """

    looked: Looked
    rows: tuple[Row, ...]
    number: int
    total: int
    counts: Mapping[str, int]
    before: Place | None = None
    after: Place | None = None
    elsewhere: int = 0
    marked: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class _Key:
    """A row of the list before it is described: its id, and its sort key as an address has it."""

    id: int
    key: str


def look(session: Session, looked: Looked) -> Found:
    """The page that `looked` asks for. One that begins at rows which are gone gives the first or the last."""
    marked = mark(session)
    counts = counted(session, looked.reader, marked)
    if looked.q and looked.place.way == "first" and looked.column != "status":
        total, keys = _beginning(session, looked)
    else:
        total = total_of(session, looked) if looked.q or looked.filtered else counts[looked.view]
        looked, keys = _page(session, looked, total)
    total = max(total, looked.place.number + len(keys) - 1)
    if not keys:
        elsewhere = total_of(session, Looked(q=looked.q, view=ALL)) if looked.q else 0
        return Found(looked, (), 0, 0, counts, elsewhere=elsewhere, marked=marked)
    number, last = looked.place.number, looked.place.number + len(keys) - 1
    before = Place("before", keys[0].key, keys[0].id, max(1, number - PAGE)) if number > 1 else None
    after = Place("after", keys[-1].key, keys[-1].id, last + 1) if last < total else None
    return Found(looked, rows_of(session, [one.id for one in keys]), number, total, counts, before, after, marked=marked)


def counted(session: Session, reader: int | None, marked: tuple[int, int] | None = None) -> dict[str, int]:
    """How many applications each saved view holds for this reader, whatever is searched for; `marked` is the `mark` if it is known."""
    grouped, others = _counts(session, marked or mark(session))
    held = {name: sum(n for status, _, n in grouped if status in VIEWS[name][1]) for name in (*OF_STATUS, ALL)}
    open_ones = [(reviewer, n) for status, reviewer, n in grouped if status in VIEWS["mine"][1]]
    held |= {"mine": sum(n for reviewer, n in open_ones if reviewer is not None and reviewer == reader),
             "unassigned": sum(n for reviewer, n in open_ones if reviewer is None)}  # fmt: skip
    return {name: {**held, **others}[name] for name in VIEWS}


def _counts(session: Session, marked: tuple[int, int]) -> _Counts:
    """The counts of all, by status and reviewer, and of the views that go by days: counted again when something has changed.

    What leaves no event (a document's expiry date) or was committed out of the order of its event shows after COUNTS_HOLD seconds.
    """
    key = (str(session.get_bind().engine.url), marked, now().date())
    known = _known.get(key[0])
    if known and known[0] == key and time.monotonic() - known[1] < COUNTS_HOLD:
        return known[2]
    entry = QueueEntry
    grouped = session.exec(select(entry.status, entry.reviewer_id, sa.func.count()).group_by(entry.status, col(entry.reviewer_id))).all()
    others = {name: total_of(session, Looked(view=name)) for name in ("due", "expiring", "renewals", "conditions")}
    _known[key[0]] = (key, time.monotonic(), ([tuple(line) for line in grouped], others))
    return _known[key[0]][2]


def forget() -> None:
    """Count anew at the next look."""
    _known.clear()


def ids(session: Session, looked: Looked) -> Any:
    """A select of the ids of all applications that `looked` finds, in its order, however many pages there are."""
    key = SORTS[looked.column]
    turn = sa.desc if looked.downwards else sa.asc
    return select(QueueEntry.application_id).where(*sifted(session, looked)).order_by(turn(key), turn(col(QueueEntry.application_id)))


def onward(session: Session, looked: Looked, size: int, changed_since: datetime | None = None) -> tuple[tuple[Row, ...], Place | None]:
    """Up to `size` rows from the place of `looked` on, in its order, and the place behind the last; None at the end.

    For programs, which read all there is: nothing is counted. `changed_since` leaves out what has not changed since that moment.
    """
    more = [] if changed_since is None else [_ID.in_(select(Application.id).where(col(Application.updated_at) >= changed_since))]
    keys = _keys(session, looked, looked.place, size + 1, more)
    rows = rows_of(session, [one.id for one in keys[:size]])
    return rows, Place("after", keys[size - 1].key, keys[size - 1].id) if len(keys) > size else None


def mark(session: Session) -> tuple[int, int]:
    """Differs when the list may differ: whatever is done to an application leaves an event, and a delivery that failed is counted."""
    last, lost = session.execute(_MARK).one()
    return last or 0, lost


def total_of(session: Session, looked: Looked) -> int:
    """How many applications `looked` finds, counted now."""
    return session.exec(select(sa.func.count()).select_from(QueueEntry).where(*sifted(session, looked))).one()


def _beginning(session: Session, looked: Looked) -> tuple[int, list[_Key]]:
    """How many the words find, and the first page of them, in one statement: the words are looked up once."""
    key, number, turn = SORTS[looked.column], col(QueueEntry.application_id), sa.desc if looked.downwards else sa.asc
    wanted = select(number, key, sa.func.count().over()).where(*sifted(session, looked)).order_by(turn(key), turn(number)).limit(PAGE)
    rows = session.exec(wanted).all()
    return (rows[0][2] if rows else 0), [_key(row, at) for row, at, _whole in rows]


def _page(session: Session, looked: Looked, total: int) -> tuple[Looked, list[_Key]]:
    """The rows of the page, and `looked` with where it really begins."""
    place = looked.place
    if place.way == "last":
        return _last(session, looked, total)
    keys = _keys(session, looked, place, PAGE)
    if place.way == "after" and not keys:
        return _last(session, looked, total)
    if place.way == "before" and len(keys) < PAGE:  # the first page is always full
        place = Place()
        keys = _keys(session, looked, place, PAGE)
    number = min(place.number, max(1, total - len(keys) + 1))
    return replace(looked, place=replace(place, number=number)), keys


def _last(session: Session, looked: Looked, total: int) -> tuple[Looked, list[_Key]]:
    size = (total - 1) % PAGE + 1 if total else 0
    place = Place("last", number=max(1, total - size + 1)) if total > PAGE else Place()
    return replace(looked, place=place), _keys(session, looked, Place("last"), size)


def _keys(session: Session, looked: Looked, place: Place, size: int, more: Sequence[Any] = ()) -> list[_Key]:
    """The rows from a place on, in the list's order; a page before a place is read backwards from it."""
    backwards = place.way in ("before", "last")
    downwards, key, number = looked.downwards != backwards, SORTS[looked.column], col(QueueEntry.application_id)
    turn, found = sa.desc if downwards else sa.asc, list[_Key]()
    wanted = select(number, key).where(*sifted(session, looked), *more)
    for part, order in _parts(looked, place, downwards, turn(key)):
        rows = session.exec(wanted.where(*part).order_by(*order, turn(number)).limit(size - len(found)))
        found += [_key(row, at) for row, at in rows]
        if len(found) >= size:
            break
    return found[::-1] if backwards else found


def _key(row: int, at: object) -> _Key:
    return _Key(row, at.isoformat() if isinstance(at, datetime) else str(at))


def _parts(looked: Looked, place: Place, downwards: bool, turned: Any) -> Iterator[tuple[list[Any], list[Any]]]:
    """Conditions and order of each part of the list. By status it is one status after the other, each in an index: together they would
    be sorted by a figure that no index has."""
    if looked.column != "status":
        yield _beyond(looked, place, downwards), [turned]
        return
    number, start = col(QueueEntry.application_id), int(place.key) if place.way in ("before", "after") else None
    for rank, status in sorted(enumerate(S), reverse=downwards):
        beyond = (number < place.id if downwards else number > place.id) if rank == start else sa.true()
        if status in looked.within and (start is None or (rank <= start if downwards else rank >= start)):
            yield [col(QueueEntry.status) == status.value, beyond], []


def _beyond(looked: Looked, place: Place, downwards: bool) -> list[Any]:
    if place.way not in ("before", "after"):
        return []
    key, number, at = SORTS[looked.column], col(QueueEntry.application_id), key_of(looked.column, place.key)
    if downwards:
        return [key <= at, sa.or_(key < at, number < place.id)]
    return [key >= at, sa.or_(key > at, number > place.id)]


def rows_of(session: Session, ids: Sequence[int]) -> tuple[Row, ...]:
    """What the list shows of these applications, in their order. One that has been erased meanwhile is left out."""
    found = {line.id: _row(line) for line in session.execute(_LINES.where(col(QueueEntry.application_id).in_(ids)))}
    return tuple(found[one] for one in ids if one in found)


def _row(line: Any) -> Row:
    said = {**line._mapping, "status": S(line.status), "nationwide": bool(line.nationwide), "regions": tuple(line.regions or ())}
    said |= {"flagged": tuple(json.loads(line.flagged)), "due_on": line.due_on if line.status == S.INFORMATION_REQUIRED else None}
    return Row(**said)


def _lines() -> Any:
    """All that rows show, in one statement of plain columns: two objects for each row would cost five times as much."""
    entry, failed = QueueEntry, col(Delivery.state) == DeliveryState.FAILED
    again = sa.and_(col(Delivery.state) == DeliveryState.WAITING, col(Delivery.attempts) > 1)
    texts = (sa.func.coalesce(column, "").label(name) for name, column in _TEXTS.items())
    wanted: Any = sa.select(
        col(entry.application_id).label("id"), *texts, col(Application.status), col(Application.submitted_at), col(Application.updated_at),
        col(Application.nationwide_coverage).label("nationwide"), col(Application.geographic_coverage).label("regions"),
        sa.func.coalesce(User.name, "").label("reviewer"), col(entry.flags), col(entry.flagged), col(entry.due_on), col(entry.expires_on),
        _of(Verdict, col(Verdict.section).in_(SECTIONS), ~col(Verdict.outdated)).label("sections"), _of(Delivery, failed).label("failed"),
        (_of(Delivery, again) > 0).label("late"), (_of(Decision, *WAITING) > 0).label("decided"),
        (_of(Decision, *HELD) > 0).label("held"),
    )  # fmt: skip
    wanted = wanted.select_from(entry).join(Application, col(Application.id) == col(entry.application_id))
    return wanted.join(User, col(User.id) == col(entry.reviewer_id), isouter=True)


def _of(table: type[Verdict] | type[Delivery] | type[Decision], *conditions: Any) -> Any:
    """How many of these belong to the application of the row."""
    return sa.select(sa.func.count()).where(col(table.application_id) == col(QueueEntry.application_id), *conditions).scalar_subquery()


_LINES = _lines()
