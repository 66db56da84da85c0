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
from models.condition import overdue
from models.database import now
from models.delivery import Delivery, DeliveryState
from models.flagging import FLAGGABLE
from models.looked import FLAGGED, NO_VERDICT, NOBODY, SHOWN, UNFLAGGED, WORK, Looked, begins
from models.queue_entry import QueueEntry
from models.renewal import RenewalState
from models.review import Verdict
from models.settings import settings
from models.steps.capabilities import UK_REGIONS

S = ApplicationStatus
#: Days before a request's date from which it counts as due, and before an expiry from which it shows.
DUE_SOON, EXPIRES_SOON = 3, 60
#: A trigram index knows nothing of fewer letters.
TRIGRAM = 3
LAST = "\U0010ffff"

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
    if looked.view == "renewals":
        return [*within, col(_entry.renewal) == RenewalState.SENT]
    if looked.view == "conditions":
        return [*within, _id.in_(overdue())]
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
    if looked.overdue:
        yield _id.in_(overdue())
    if looked.flag:
        yield _flagged(looked.flag)
    yield from (_verdict(section, ruling) for section, ruling in looked.sections)
    if looked.region:
        yield _works_in(looked.region)
    if looked.capacity:
        yield col(_entry.capacity) == looked.capacity


def _verdict(section: str, ruling: str) -> Any:
    """A verdict that holds: one that is outdated is none."""
    given = select(Verdict.application_id).where(Verdict.section == section, ~col(Verdict.outdated))
    return _id.not_in(given) if ruling == NO_VERDICT else _id.in_(given.where(Verdict.ruling == ruling))


def _flagged(flag: str) -> Any:
    """Any flag, none, or one on a question, a document, or anything of a section."""
    if flag == UNFLAGGED:
        return col(_entry.flags) == 0
    some = col(_entry.flags) > 0
    names = [] if flag == FLAGGED else FLAGGABLE.get(flag, (flag,))
    return sa.and_(some, sa.or_(*(col(_entry.flagged).contains(json.dumps(name), autoescape=True) for name in names))) if names else some


def _works_in(region: str) -> Any:
    """Who works there: it is named, or it is in the UK and they work in all of it."""
    named = col(_entry.places).contains(json.dumps(region), autoescape=True)
    return sa.or_(named, col(_entry.places).startswith('"UK"')) if region in UK_REGIONS else named


def _words(session: Session, q: str) -> list[Any]:
    """Any part of a name, address, reference or code; numbers are found however they are spaced.

    Of fewer letters than a trigram has no index knows where they stand, so they begin a company's name.
    """
    if not q:
        return []
    if len(q) < TRIGRAM:
        return [_begins_with(q, sqlite=session.get_bind().dialect.name == "sqlite")]
    told, number = q.lower(), re.sub(r"[\s\-]", "", q.lower())
    number = number if len(number) >= TRIGRAM else ""
    if session.get_bind().dialect.name == "sqlite":
        return _by_trigrams(told, number)
    # SQLite's lower() knows ASCII alone, so a capital with an accent is kept as it was typed.
    tests = [col(_entry.words).contains(one, autoescape=True) for one in {told, q}]
    return [sa.or_(*tests, *([col(_entry.numbers).contains(number, autoescape=True)] if number else []))]


def _begins_with(q: str, *, sqlite: bool) -> Any:
    """As a range on SQLite, whose LIKE uses no index; its lower() knows ASCII alone, so a capital with an accent may stand as typed."""
    company, beginnings = col(_entry.company), sorted({q.lower(), q})
    if sqlite:
        return sa.or_(*(sa.and_(company >= one, company < one + LAST) for one in beginnings))
    return sa.or_(*(company.like(re.sub(r"([\\%_])", r"\\\1", one) + "%") for one in beginnings))


def _by_trigrams(told: str, number: str) -> list[Any]:
    """SQLite's own index: a phrase in quotation marks is found wherever its letters follow each other.

    It is read once and joined: SQLite would else now and then read it again for each row of a status, a hundred times as slow.
    """
    phrases = [f"{column} : {_quoted(text)}" for column, text in (("words", told), ("numbers", number)) if text]
    matches: Any = sa.literal_column("queue_search").op("MATCH")(" OR ".join(phrases))
    found: Any = sa.select(sa.column("rowid")).select_from(sa.table("queue_search")).where(matches)
    return [_id == found.cte("found").prefix_with("MATERIALIZED").c.rowid]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
