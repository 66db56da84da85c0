"""The review desk's list: which applications somebody looks for, in which order, and what each row shows.

All that is filtered, sorted, counted and searched stands in one narrow table (models/queue_entry.py). A page begins where the one before
it ended, by sort key and id: OFFSET reads all that it skips (FACTS 79). Its rows take four more statements, however many there are.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import load_only
from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus
from models.database import now
from models.decision import WAITING, Decision
from models.event import Delivery, DeliveryState, Event
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
#: What a row tells of the application itself, which has 97 columns.
_TEXTS = (
    "reference_number", "company_name", "installation_capacity", "primary_contact_name", "primary_contact_email", "trading_name",
    "company_registration", "vat_number", "invitation_code",
)  # fmt: skip
_OTHERS = ("status", "submitted_at", "nationwide_coverage", "geographic_coverage")
_LISTED = load_only(*(getattr(Application, name) for name in (*_TEXTS, *_OTHERS)))


@dataclass(frozen=True)
class Row:
    """One application in the list. `failed` counts its deliveries that need a person, `late` says that one is tried again.

    It works in the whole UK (`nationwide`), or in `regions`, as the form has them. `flagged` are the questions and documents that are
    flagged. `due_on` is there while the partner is to answer. `decided` says that a decision waits for its minutes to pass.
    """

    id: int
    reference: str
    company: str
    status: ApplicationStatus
    submitted_at: datetime | None
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


@dataclass(frozen=True)
class Found:
    """One page of the list: its rows, the number of the first of them, how many there are in all, and the count of each saved view.

    `before` and `after` are where the neighbouring pages begin; None where there is none. `elsewhere` counts what the same words find
    among all applications, where nothing is found here.
    """

    looked: Looked
    rows: tuple[Row, ...]
    number: int
    total: int
    counts: Mapping[str, int]
    before: Place | None = None
    after: Place | None = None
    elsewhere: int = 0


@dataclass(frozen=True)
class _Key:
    """A row of the list before it is described: its id, and its sort key as an address has it."""

    id: int
    key: str


def look(session: Session, looked: Looked) -> Found:
    """The page that `looked` asks for. One that begins at rows which are gone gives the first or the last."""
    counts = counted(session, looked.reader)
    total = _total(session, looked) if looked.q or looked.filtered else counts[looked.view]
    looked, keys = _page(session, looked, total)
    total = max(total, looked.place.number + len(keys) - 1)
    if not keys:
        return Found(looked, (), 0, 0, counts, elsewhere=_total(session, Looked(q=looked.q, view=ALL)) if looked.q else 0)
    number, last = looked.place.number, looked.place.number + len(keys) - 1
    before = Place("before", keys[0].key, keys[0].id, max(1, number - PAGE)) if number > 1 else None
    after = Place("after", keys[-1].key, keys[-1].id, last + 1) if last < total else None
    return Found(looked, rows_of(session, [one.id for one in keys]), number, total, counts, before, after)


def counted(session: Session, reader: int | None) -> dict[str, int]:
    """How many applications each saved view holds for this reader, whatever is searched for."""
    grouped, others = _counts(session)
    held = {name: sum(n for status, _, n in grouped if status in VIEWS[name][1]) for name in (*OF_STATUS, ALL)}
    open_ones = [(reviewer, n) for status, reviewer, n in grouped if status in VIEWS["mine"][1]]
    held |= {"mine": sum(n for reviewer, n in open_ones if reviewer is not None and reviewer == reader),
             "unassigned": sum(n for reviewer, n in open_ones if reviewer is None)}  # fmt: skip
    return {name: {**held, **others}[name] for name in VIEWS}


def _counts(session: Session) -> _Counts:
    """The counts of all, by status and reviewer, and of the views that go by days: counted again when something has changed.

    What leaves no event (a document's expiry date) or was committed out of the order of its event shows after COUNTS_HOLD seconds.
    """
    key = (str(session.get_bind().engine.url), mark(session), now().date())
    known = _known.get(key[0])
    if known and known[0] == key and time.monotonic() - known[1] < COUNTS_HOLD:
        return known[2]
    entry = QueueEntry
    grouped = session.exec(select(entry.status, entry.reviewer_id, sa.func.count()).group_by(entry.status, col(entry.reviewer_id))).all()
    others = {name: _total(session, Looked(view=name)) for name in ("due", "expiring", "renewals")}
    _known[key[0]] = (key, time.monotonic(), ([tuple(line) for line in grouped], others))
    return _known[key[0]][2]


def ids(session: Session, looked: Looked) -> Any:
    """A select of the ids of all applications that `looked` finds, in its order, however many pages there are."""
    key = SORTS[looked.column]
    turn = sa.desc if looked.downwards else sa.asc
    return select(QueueEntry.application_id).where(*sifted(session, looked)).order_by(turn(key), turn(col(QueueEntry.application_id)))


def mark(session: Session) -> tuple[int, int]:
    """Differs when the list may differ: whatever is done to an application leaves an event, and a delivery that failed is counted."""
    failed = select(sa.func.count()).where(col(Delivery.state) == DeliveryState.FAILED).scalar_subquery()
    last, lost = session.exec(select(select(sa.func.max(Event.id)).scalar_subquery(), failed)).one()
    return last or 0, lost


def _total(session: Session, looked: Looked) -> int:
    return session.exec(select(sa.func.count()).select_from(QueueEntry).where(*sifted(session, looked))).one()


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


def _keys(session: Session, looked: Looked, place: Place, size: int) -> list[_Key]:
    """The rows from a place on, in the list's order; a page before a place is read backwards from it."""
    backwards = place.way in ("before", "last")
    downwards, key, number = looked.downwards != backwards, SORTS[looked.column], col(QueueEntry.application_id)
    turn, found = sa.desc if downwards else sa.asc, list[_Key]()
    wanted = select(number, key).where(*sifted(session, looked))
    for part, order in _parts(looked, place, downwards, turn(key)):
        rows = session.exec(wanted.where(*part).order_by(*order, turn(number)).limit(size - len(found)))
        found += [_Key(row, at.isoformat() if isinstance(at, datetime) else str(at)) for row, at in rows]
        if len(found) >= size:
            break
    return found[::-1] if backwards else found


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
    applications = {one.id: one for one in session.exec(select(Application).options(_LISTED).where(col(Application.id).in_(ids)))}
    waits = sa.and_(col(Decision.application_id) == col(QueueEntry.application_id), *WAITING)
    reviewed = select(QueueEntry, User.name, Decision.id).join(User, col(User.id) == col(QueueEntry.reviewer_id), isouter=True)
    reviewed = reviewed.join(Decision, waits, isouter=True).where(col(QueueEntry.application_id).in_(ids))
    entries = {entry.application_id: (entry, name, decision is not None) for entry, name, decision in session.exec(reviewed)}
    verdicts, troubles = _verdicts(session, ids), _troubles(session, ids)
    return tuple(
        _row(applications[one], *entries[one], verdicts.get(one, 0), troubles.get(one, (0, 0)))
        for one in ids if one in applications and one in entries
    )  # fmt: skip


def _row(
    application: Application, entry: QueueEntry, reviewer: str | None, decided: bool, sections: int, trouble: tuple[int, int]
) -> Row:
    text = {name: str(getattr(application, name) or "") for name in _TEXTS}
    return Row(
        application.id or 0, text["reference_number"], text["company_name"], application.state, application.submitted_at, reviewer or "",
        bool(application.nationwide_coverage), tuple(application.geographic_coverage or ()), text["installation_capacity"], sections,
        entry.flags, tuple(json.loads(entry.flagged)), trouble[0], trouble[1] > 0,
        entry.due_on if application.awaits_partner else None, entry.expires_on, text["primary_contact_name"],
        text["primary_contact_email"], text["trading_name"], text["company_registration"], text["vat_number"], text["invitation_code"],
        decided,
    )  # fmt: skip


def _verdicts(session: Session, ids: Sequence[int]) -> dict[int, int]:
    wanted = select(Verdict.application_id, sa.func.count()).where(col(Verdict.application_id).in_(ids), col(Verdict.section).in_(SECTIONS))
    return dict(session.exec(wanted.group_by(col(Verdict.application_id))).all())


def _troubles(session: Session, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """How many deliveries of each failed, and how many are tried again."""
    failed = sa.func.sum(sa.case((col(Delivery.state) == DeliveryState.FAILED, 1), else_=0))
    late = sa.func.sum(sa.case((sa.and_(col(Delivery.state) == DeliveryState.WAITING, col(Delivery.attempts) > 1), 1), else_=0))
    subject = col(Delivery.application_id)
    wanted = select(Delivery.application_id, failed, late).where(subject.in_(ids)).group_by(subject)
    return {number: (int(lost or 0), int(waiting or 0)) for number, lost, waiting in session.exec(wanted) if number is not None}
