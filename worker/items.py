"""Writes a subject's columns to its item in a SharePoint list, so that nobody's edit there is overwritten unseen.

Only columns that changed on our side are written, and only while the item is the one that we last saw (If-Match). Where it is not,
its columns are compared with what we last wrote (models/list_item.py): a person's edit in a column of theirs is left alone, one in a
column of ours is repaired, and both are recorded as `sharepoint.edited`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from integrations.failures import Changed, Missing, Passing
from integrations.sharepoint import Item, sharepoint
from models.database import reading, transaction
from models.invitation_list import forget
from models.list_item import Columns, Comparison, ListItem, LookAgain, Marks, Subject, compare, keep, mark, note, of_subject

LOOKS = 5  # at an item that others change at the same moment
log = structlog.get_logger()


@dataclass(frozen=True)
class Place:
    """Where a subject's item stands: the list, the column that finds it, and what answers the item's id where another told it to us.

    In the columns `people` a person's word stands until ours changes. In an item that was found without our knowing it, that holds only
    where none but the portal makes items (`made_here`): what people wrote into an item that they made has come to us.
    """

    list_name: str
    key: str
    subject: Subject
    people: frozenset[str]
    made_here: bool = False
    told: Callable[[], str | None] = lambda: None


def put(place: Place, read: Callable[[], Columns]) -> str:
    """Write until what was written is still what stands, as a change may come meanwhile; answers the item's id. Raises a `Failure`."""
    look = False
    for _ in range(LOOKS):
        ours = read()
        with suppress(Changed, LookAgain):
            item_id = _written(place, ours, look)
            if read() == ours:
                return item_id
            continue
        look = True
    raise Passing("The item in the list {list} is being changed by others at this moment.", None, list=place.list_name)


def known_item(subject: Subject) -> ListItem | None:
    """What we know of the subject's item."""
    with reading() as session:
        return of_subject(session, subject)


def _written(place: Place, ours: Columns, look: bool) -> str:
    known = known_item(place.subject)
    if known is None:
        return _found(place, ours)
    changed = known.changed(ours)
    try:
        if changed and known.etag and not known.writing and not look:
            return _unseen(place, known, changed)
        return _compared(place, known, _same(place, known), ours)
    except Missing:  # somebody deleted the item: it is found by its key, or made again
        log.warning("item not found by its id", list=place.list_name, item=known.item_id)
        with transaction() as session:
            forget(session, known)
        return _found(place, ours)


def _same(place: Place, known: ListItem) -> Item:
    """The item as it stands. `Missing` also where the list was made again, and has somebody else's under this number."""
    item = sharepoint().read_item(place.list_name, known.item_id)
    if not known.is_same(item.etag):
        raise Missing("The list {list} has another item under this number by now.", list=place.list_name)
    return item


def _unseen(place: Place, known: ListItem, changed: Columns) -> str:
    """Without a look: If-Match says whether nobody else has written."""
    with transaction() as session:
        note(session, place.subject, known, Comparison(write=changed))
    item = sharepoint().change_item(place.list_name, known.item_id, changed, known.etag)
    _keep(place, known, item, _answered(changed, item))
    return known.item_id


def _compared(place: Place, known: ListItem, item: Item, ours: Columns) -> str:
    theirs = bool(known.marks) or (place.made_here and bool(item.by))
    found = compare(known, ours, item.fields, place.people if theirs else frozenset())
    with transaction() as session:
        note(session, place.subject, known, found, item.by)
    if found.write:
        item = sharepoint().change_item(place.list_name, known.item_id, found.write, item.etag)
    _keep(place, known, item, found.marks | _answered(found.write, item))
    return known.item_id


def _found(place: Place, ours: Columns) -> str:
    """The item that is not known yet: the one that was told to us, else the one with this key, else a new one."""
    item = _there(place, ours)
    if item is None:
        made = sharepoint().add_item(place.list_name, place.key, ours)
        _keep(place, None, made, _answered(ours, made))
        return made.id
    _keep(place, None, item, {})
    known = known_item(place.subject)
    if known is None or known.item_id != item.id:
        raise LookAgain
    return _compared(place, known, item, ours)


def _there(place: Place, ours: Columns) -> Item | None:
    if item_id := place.told():
        with suppress(Missing):
            item = sharepoint().read_item(place.list_name, item_id)
            if str(item.fields.get(place.key) or ours[place.key]).upper() == str(ours[place.key]).upper():
                return item
        log.warning("item not found by its id", list=place.list_name, item=item_id)
    return sharepoint().find_item(place.list_name, place.key, ours[place.key])


def _keep(place: Place, known: ListItem | None, item: Item, marks: Marks) -> None:
    with transaction() as session:
        keep(session, place.subject, known, item.id, item.etag, marks)


def _answered(written: Columns, item: Item) -> Marks:
    """Ours, and what SharePoint made of it."""
    return {name: (mark(value), mark(item.fields.get(name, value))) for name, value in written.items()}
