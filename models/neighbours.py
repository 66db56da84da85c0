"""The applications before and after one in the desk's list, found by key and not by counting pages (models/queue.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application
from models.looked import Looked
from models.queue_entry import QueueEntry
from models.sifted import SORTS, sifted

_number = col(QueueEntry.application_id)


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


def _next(session: Session, looked: Looked, at: Standing, *, forwards: bool) -> Neighbour | None:
    turn, key = (sa.desc if looked.downwards == forwards else sa.asc), SORTS[looked.column]
    wanted = select(_number).where(*sifted(session, looked), *_beyond(looked, at, forwards=forwards)).order_by(turn(key), turn(_number))
    found = session.exec(wanted.limit(1)).first()
    row = None if found is None else session.get(Application, found)
    return Neighbour(row.reference_number or "", row.company_name or "") if row else None


def _beyond(looked: Looked, at: Standing, *, forwards: bool) -> list[Any]:
    """All that comes after this place, or before it: the same two conditions as for the pages of the list, which an index answers."""
    key = SORTS[looked.column]
    if looked.downwards == forwards:
        return [key <= at.key, sa.or_(key < at.key, _number < at.id)]
    return [key >= at.key, sa.or_(key > at.key, _number > at.id)]


def _counted(session: Session, conditions: list[Any]) -> int:
    return session.exec(select(sa.func.count()).select_from(QueueEntry).where(*conditions)).one()
