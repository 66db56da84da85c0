"""The applications before and after one in the desk's list, found by key and not by counting pages (models/queue.py)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus
from models.looked import ALL, NEEDS_WORK, Looked
from models.queue_entry import QueueEntry
from models.sifted import SORTS, sifted

S = ApplicationStatus
_number, _status = col(QueueEntry.application_id), col(QueueEntry.status)


@dataclass(frozen=True)
class Standing:
    """Where an application stands in the order of a list: its sort key and its id. It stays known when the application has left."""

    key: Any
    id: int


@dataclass(frozen=True)
class Neighbour:
    """The application before or after."""

    reference: str
    company: str


@dataclass(frozen=True)
class Neighbours:
    """What is around an application in a list of `total`. `number` counts from 1; it is 0 where the application is not in it any more."""

    number: int
    total: int
    before: Neighbour | None
    after: Neighbour | None


def standing(session: Session, looked: Looked, application_id: int) -> Standing | None:
    """Where the application stands in the order of what `looked` finds, whether it is found or not; None for a draft."""
    found = session.exec(select(SORTS[looked.column]).where(_number == application_id)).first()
    return None if found is None else Standing(found, application_id)


def neighbours(session: Session, looked: Looked, at: Standing) -> Neighbours:
    """What is around this place in what `looked` finds."""
    conditions = sifted(session, looked)
    total = _counted(session, conditions)
    earlier = _counted(session, [*conditions, *_beyond(looked, at, forwards=False)])
    is_there = session.exec(select(_number).where(*conditions, _number == at.id)).first() is not None
    return Neighbours(
        earlier + 1 if is_there else 0, total,
        _next(session, looked, at, forwards=False) if earlier else None, _next(session, looked, at, forwards=True),
    )  # fmt: skip


def found_in(session: Session, looked: Looked, application_id: int) -> str:
    """The view in which somebody who looks at a list finds an application that it does not show any more; without its words and filters."""
    views = [looked.view, *(view for view in (NEEDS_WORK, "waiting", "mine", "conditions") if view != looked.view)]
    lists = ((view, sifted(session, Looked(view=view, reader=looked.reader))) for view in views)
    found = (view for view, conditions in lists if session.exec(select(_number).where(*conditions, _number == application_id)).first())
    return next(found, ALL)


def _next(session: Session, looked: Looked, at: Standing, *, forwards: bool) -> Neighbour | None:
    found = next(_following(session, looked, at, forwards=forwards), None)
    columns = (col(Application.reference_number), col(Application.company_name))  # of 97
    row = None if found is None else session.execute(sa.select(*columns).where(col(Application.id) == found)).first()
    return Neighbour(row.reference_number or "", row.company_name or "") if row else None


def _following(session: Session, looked: Looked, at: Standing, *, forwards: bool) -> Iterator[int]:
    """The first of each part of what comes after this place, or before it. By status it is one status after the other, each in an index:
    together they would be sorted by a figure that no index has."""
    downwards = looked.downwards == forwards
    turn, conditions = (sa.desc if downwards else sa.asc), sifted(session, looked)
    if looked.column == "status":
        parts = [[part] for rank, part in _by_status(at, downwards=downwards) if tuple(S)[rank] in looked.within]
        orders = [turn(_number)]
    else:
        parts, orders = [_beyond(looked, at, forwards=forwards)], [turn(SORTS[looked.column]), turn(_number)]
    for part in parts:
        yield from session.exec(select(_number).where(*conditions, *part).order_by(*orders).limit(1))


def _by_status(at: Standing, *, downwards: bool) -> Iterator[tuple[int, Any]]:
    """The rank of each status from this place on, and what is of it there."""
    for rank, status in sorted(enumerate(S), reverse=downwards):
        if rank == at.key:
            yield rank, sa.and_(_status == status, _number < at.id if downwards else _number > at.id)
        elif rank < at.key if downwards else rank > at.key:
            yield rank, _status == status


def _beyond(looked: Looked, at: Standing, *, forwards: bool) -> list[Any]:
    """All that comes after this place, or before it: the same two conditions as for the pages of the list, which an index answers."""
    if looked.column == "status":
        return [sa.or_(sa.false(), *(part for _rank, part in _by_status(at, downwards=looked.downwards == forwards)))]
    key = SORTS[looked.column]
    if looked.downwards == forwards:
        return [key <= at.key, sa.or_(key < at.key, _number < at.id)]
    return [key >= at.key, sa.or_(key > at.key, _number > at.id)]


def _counted(session: Session, conditions: list[Any]) -> int:
    return session.exec(select(sa.func.count()).select_from(QueueEntry).where(*conditions)).one()
