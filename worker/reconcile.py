"""The nightly comparison: both lists and the library as they stand, beside what the portal says (FACTS 14).

What is ours is repaired by deliveries, as any change of ours is written (worker/items.py). What came from people and was missed comes in
by the verbs that follow the lists (worker/follow.py). The rest, which only a person can put right, is told: in one event, and by mail.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from typing import Any

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, select

from integrations.failures import Failure
from integrations.sharepoint import Item, permitted, sharepoint
from models.application import Application
from models.database import now, reading, transaction
from models.delivery import OPEN, Delivery
from models.document import Document
from models.event import record
from models.followed_list import begin_look, was_looked_through
from models.list_item import ListItem, compare, its_own
from models.list_report import keep_report
from models.person import PORTAL
from models.settings import settings
from worker import edits, evidence, publish
from worker.deliver import WORKER, stopping
from worker.follow import take_invitation
from worker.turn import in_turn

HOURS = 4  # of the night
LONGEST = timedelta(hours=3)
#: So many of one kind are named; of more, only how many there are.
NAMED = 20
#: So many documents are asked for by their own ids in one night: each is a call.
ASKED = 500
log = structlog.get_logger()


@dataclass
class Found:
    """What a comparison found: what is made or written again, and what only a person can put right, each as a sentence."""

    seen: int = 0
    again: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unasked: str = ""

    @property
    def theirs(self) -> list[str]:
        """What needs a person."""
        return [*_some(self.doubled), *_some(self.unknown), *_some(self.missing), *([self.unasked] if self.unasked else [])]

    def lines(self, dry_run: bool) -> list[str]:
        """All of it, for a person."""
        would = "would be " if dry_run else ""
        said = [f"Items compared: {self.seen}"]
        said += [f"{would}made again: {one}" for one in _some(self.again)] + [f"{would}put right: {one}" for one in _some(self.repaired)]
        return said + [f"edited: {one}" for one in _some(self.edited)] + [f"SEE TO THIS: {one}" for one in self.theirs]


@dataclass(frozen=True)
class Kind:
    """One of both lists: how an item of ours is known there, what the portal says in it, and what becomes of a person's edit."""

    name: str
    key: str
    number: str  # of a ListItem: whose it is
    target: str
    event: str
    people: frozenset[str]
    says: Callable[[int | None], dict[str, Any]]
    take: Callable[[Item], None]
    theirs: bool  # people make items here too


def compare_at_night() -> bool:
    """Once a night, from SHAREPOINT_COMPARE_HOUR on, by one of all workers; whether it was this one."""
    first = settings().sharepoint_compare_hour
    return first < 24 and (now().hour - first) % 24 < HOURS and in_turn("sharepoint comparison", WORKER, LONGEST, _compared)


def reconcile(dry_run: bool = False) -> Found:
    """Compare both lists and the library with the portal, and repair what is ours unless it is a `dry_run`. Raises a `Failure`."""
    found = Found()
    for kind in _kinds():
        _list(kind, found, dry_run)
    _library(found)
    if not dry_run and not stopping.is_set():
        with transaction() as session:
            keep_report(session, found.theirs, "\n".join(found.lines(dry_run)), found.again or found.repaired)
    return found


def _compared() -> Any:
    """When it is due again: a failure that passes does not cost the whole night."""
    try:
        found = reconcile()
        counts = {"again": len(found.again), "repaired": len(found.repaired), "theirs": len(found.theirs)}
        log.info("compared with sharepoint", seen=found.seen, **counts)
    except Failure as failure:
        log.warning("not compared with sharepoint", reason=failure.reason)
        return now() + timedelta(minutes=15)
    return now() if stopping.is_set() else now() + timedelta(hours=20)  # what was broken off is another worker's


def _kinds() -> tuple[Kind, Kind]:
    names = settings()
    return (
        Kind(names.sharepoint_invitations_list, "InvitationCode", "invitation_id", "sharepoint.invitation", "sharepoint.invitation_differs",
             publish.INVITING, publish.invitation_columns, take_invitation, theirs=True),
        Kind(names.sharepoint_applications_list, "ReferenceNumber", "application_id", "sharepoint.application",
             "sharepoint.application_differs", publish.REVIEW, publish.application_columns, edits.application_item, theirs=False),
    )  # fmt: skip


def _list(kind: Kind, found: Found, dry_run: bool) -> None:
    if kind.theirs and not dry_run:
        with transaction() as session:
            begin_look(session, kind.name)
    with reading() as session:  # before the list is read: what is made meanwhile is not missed
        known, busy = _known(session, kind), _busy(session, kind)
    seen, keys = set[int | None](), Counter[str]()
    for item in sharepoint().items(kind.name):
        if stopping.is_set():
            return
        keys[str(item.fields.get(kind.key) or "").upper()] += 1
        found.seen += 1
        row = its_own(known.get(item.id, ()), item.etag)  # of a list that was made again, another may have this number
        seen.add(row.id if row else None)
        if row is None:
            _unknown(kind, item, found, dry_run)
        elif getattr(row, kind.number) not in busy:
            _beside(kind, row, item, found, dry_run)
    if kind.theirs and not dry_run:
        with transaction() as session:
            was_looked_through(session, kind.name)
    for row in chain.from_iterable(known.values()):
        if row.id not in seen and getattr(row, kind.number) not in busy:
            _ask(kind, row, found.again, f"{kind.name}, item {row.item_id}", dry_run)
    found.doubled += [f"{kind.name} has {count} items with {kind.key} {key}" for key, count in keys.items() if key and count > 1]


def _beside(kind: Kind, row: ListItem, item: Item, found: Found, dry_run: bool) -> None:
    """Our columns that say something else are written; a person's word in theirs comes in as it would have at once."""
    compared = compare(row, kind.says(getattr(row, kind.number)), item.fields, kind.people)
    if left := [edit.column for edit in compared.edits if edit.left]:
        found.edited.append(f"{kind.name}, item {item.id}: {', '.join(left)}{f' by {item.by}' if item.by else ''}")
        if not dry_run:
            kind.take(item)
    if compared.write:
        _ask(kind, row, found.repaired, f"{kind.name}, item {item.id}: {', '.join(sorted(compared.write))}", dry_run)


def _unknown(kind: Kind, item: Item, found: Found, dry_run: bool) -> None:
    """An invitation that was missed is taken in; an item that people made where only the portal makes them is told of."""
    if not kind.theirs:
        title = item.fields.get("Title") or "no title"
        found.unknown.append(f"{kind.name} has an item that the portal does not know: {item.id} ({title})")
    elif not dry_run:
        kind.take(item)


def _ask(kind: Kind, row: ListItem, told: list[str], what: str, dry_run: bool) -> None:
    told.append(what)
    if not dry_run:
        with transaction() as session:
            record(session, kind.event, PORTAL, invitation_id=row.invitation_id, application_id=row.application_id)


def _known(session: Session, kind: Kind) -> dict[str, list[ListItem]]:
    """All whose item has had a number, by that number: more than one where the list was made again and not all have their new one."""
    found = defaultdict[str, list[ListItem]](list)
    for row in session.exec(select(ListItem).where(getattr(ListItem, kind.number).is_not(None))):
        found[row.item_id].append(row)
    return found


def _busy(session: Session, kind: Kind) -> set[int | None]:
    """Whose deliveries are still on their way: those will say it."""
    whose = getattr(Delivery, kind.number)
    return set(session.exec(select(whose).where(Delivery.target == kind.target, col(Delivery.state).in_(OPEN))))


def _library(found: Found) -> None:
    """Documents that were handed in and are not in the library any more: a person took them out, so a person is told."""
    with reading() as session:
        handed_in = list(evidence.handed_in(session))
    if not handed_in:
        return
    items = sharepoint().items(settings().sharepoint_library, ("FileLeafRef",))
    there = {str(item.fields.get("FileLeafRef") or "").lower() for item in items}
    unseen = [one for one in handed_in if permitted(one[1]).lower() not in there]
    gone, unasked = _gone(unseen)
    with reading() as session:
        found.missing += _named(session, gone)
    if unasked:
        found.unasked = f"{unasked} more are not in {settings().sharepoint_library} by their names, and were not asked for one by one"


def _gone(unseen: Sequence[tuple[str, str, str]]) -> tuple[dict[str, str], int]:
    """Somebody may have renamed it: what is not there by its name is asked for by its own id.

    Of a library that was emptied or moved, not each one: answers the names of those that are gone, and how many were not asked for.
    """
    gone: dict[str, str] = {}
    for asked, (public_id, name, drive_item) in enumerate(unseen):
        if stopping.is_set() or len(gone) >= NAMED or asked >= ASKED:
            return gone, len(unseen) - asked
        if not sharepoint().has_document(drive_item):
            gone[public_id] = name
    return gone, 0


def _named(session: Session, gone: Mapping[str, str]) -> Iterator[str]:
    about = sa.select(col(Document.public_id), col(Application.reference_number))
    about = about.join(Application, col(Application.id) == col(Document.application_id)).where(col(Document.public_id).in_([*gone][:NAMED]))
    references = {row[0]: row[1] for row in session.execute(about)}
    for public_id, name in gone.items():
        yield f"{settings().sharepoint_library} lacks {name} of {references.get(public_id, 'an application')}"


def _some(lines: list[str]) -> list[str]:
    return [*lines[:NAMED], *([f"and {len(lines) - NAMED} more like this"] if len(lines) > NAMED else [])]
