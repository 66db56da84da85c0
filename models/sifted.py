"""How the desk's list is sifted: each view, filter and search as a condition on the entries of the queue, and what it is sorted by."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import ApplicationStatus
from models.assignment import working_days_ago
from models.database import now
from models.event import Delivery, DeliveryState
from models.looked import NO_VERDICT, NOBODY, SHOWN, WORK, Looked, begins
from models.queue_entry import QueueEntry
from models.review import Verdict
from models.settings import settings
from models.steps.capabilities import UK_REGIONS

S = ApplicationStatus
#: Days before a request's date from which it counts as due, and before an expiry from which it shows.
DUE_SOON, EXPIRES_SOON = 3, 60
#: A trigram index knows nothing of fewer letters.
TRIGRAM = 3

_entry = QueueEntry
_id, _status, _submitted = col(_entry.application_id), col(_entry.status), col(_entry.submitted_at)
SORTS: dict[str, Any] = {
    "submitted": _submitted,
    "company": col(_entry.company),
    "status": sa.case({status.value: number for number, status in enumerate(S)}, value=_status),
    "reference": col(_entry.reference),
}


def sifted(session: Session, looked: Looked) -> list[Any]:
    """The conditions of everything that `looked` says: view, filters and words."""
    return [*view_of(looked), *_filters(looked), *_words(session, looked.q)]


def view_of(looked: Looked) -> list[Any]:
    """The conditions of a saved view and of the statuses that are looked through."""
    within = [] if set(looked.within) == set(SHOWN) else [_status.in_(looked.within)]
    if looked.view == "mine":
        return [*within, col(_entry.reviewer_id) == looked.reader]
    if looked.view == "unassigned":
        return [*within, col(_entry.reviewer_id).is_(None)]
    if looked.view == "due":
        return [*within, _due()]
    return [*within, _expires_within(EXPIRES_SOON)] if looked.view == "expiring" else within


def _due() -> Any:
    """The partner's answer is late or soon to come, or the review takes longer than the status page told the partner."""
    answer = sa.and_(_status == S.INFORMATION_REQUIRED, col(_entry.due_on) <= now().date() + timedelta(days=DUE_SOON))
    days = settings().review_days  # 0: nothing was told
    return sa.or_(answer, sa.and_(_status.in_(WORK), _submitted < begins(working_days_ago(days)))) if days else answer


def _expires_within(days: int) -> Any:
    return col(_entry.expires_on) <= now().date() + timedelta(days=days)


def _filters(looked: Looked) -> Iterator[Any]:
    if looked.reviewer:
        mine = col(_entry.reviewer_id)
        yield mine.is_(None) if looked.reviewer == NOBODY else mine == int(looked.reviewer)
    if looked.since:
        yield _submitted >= begins(looked.since)
    if looked.until:
        yield _submitted < begins(looked.until + timedelta(days=1))
    if looked.expiring:
        yield _expires_within(looked.expiring)
    if looked.failed:
        yield _id.in_(select(Delivery.application_id).where(Delivery.state == DeliveryState.FAILED))
    yield from (_verdict(section, ruling) for section, ruling in looked.sections)
    if looked.region:
        yield _works_in(looked.region)
    if looked.capacity:
        yield col(_entry.capacity) == looked.capacity


def _verdict(section: str, ruling: str) -> Any:
    given = select(Verdict.application_id).where(Verdict.section == section)
    return _id.not_in(given) if ruling == NO_VERDICT else _id.in_(given.where(Verdict.ruling == ruling))


def _works_in(region: str) -> Any:
    """Who works there: it is named, or it is in the UK and they work in all of it."""
    named = col(_entry.places).contains(json.dumps(region), autoescape=True)
    return sa.or_(named, col(_entry.places).startswith('"UK"')) if region in UK_REGIONS else named


def _words(session: Session, q: str) -> list[Any]:
    """Any part of a name, address, reference or code; numbers are found however they are spaced."""
    if not q:
        return []
    told, number = q.lower(), re.sub(r"[\s\-]", "", q.lower())
    number = number if len(number) >= TRIGRAM else ""
    if session.get_bind().dialect.name == "sqlite" and len(told) >= TRIGRAM:
        return _by_trigrams(told, number)
    # SQLite's lower() knows ASCII alone, so a capital with an accent is kept as it was typed.
    tests = [col(_entry.words).contains(one, autoescape=True) for one in {told, q}]
    return [sa.or_(*tests, *([col(_entry.numbers).contains(number, autoescape=True)] if number else []))]


def _by_trigrams(told: str, number: str) -> list[Any]:
    """SQLite's own index: a phrase in quotation marks is found wherever its letters follow each other.

    It is joined, not asked whether it holds a row: what it finds are few, what a status or day finds are many.
    """
    phrases = [f"{column} : {_quoted(text)}" for column, text in (("words", told), ("numbers", number)) if text]
    matches: Any = sa.literal_column("queue_search").op("MATCH")(" OR ".join(phrases))
    return [sa.table("queue_search", sa.column("rowid")).c.rowid == _id, matches]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
