"""What people edit in the review columns of EPC Onboarding: done in the portal as theirs, or shown as a conflict, never twice.

A column counts as edited while it says neither what the portal says nor what the portal wrote there last (models/list_item.py), so what
we write ourselves never comes back as an edit.
"""

from __future__ import annotations

from typing import Any

import structlog
from sqlmodel import Session, select

from integrations.sharepoint import Item, sharepoint
from models.application import Application
from models.database import reading, transaction
from models.decision import waiting_decision
from models.errors import Conflict, Refused
from models.language import _
from models.list_decision import follow_edit, staff_with
from models.list_item import NEVER, Columns, ListItem, Subject, its_own, mark, of_list_item, of_subject
from models.list_trouble import new_trouble, note_trouble, of_item, put_right
from models.settings import settings
from worker.publish import REVIEW, review_columns, visitor

COLUMNS = ("Title", "ReferenceNumber", *sorted(REVIEW))
log = structlog.get_logger()


def application_item(item: Item) -> None:
    """An item of the list of applications that changed. Raises a `Failure`."""
    name = settings().sharepoint_applications_list
    with reading() as session:
        known = its_own(of_list_item(session, item.id, invitations=False), item.etag)
    if known is None:  # nobody's: the nightly comparison tells of it
        return
    ours = {} if item.deleted or known.is_as_written(item.etag) else review_columns(known.application_id)
    edited, again = _edited(known, item, ours) if ours else ({}, {})
    if edited:
        _take_in(known, item, edited, again, ours)
    elif not again:
        with transaction() as session:
            put_right(session, name, item.id)


def _edited(known: ListItem, item: Item, ours: Columns) -> tuple[Columns, Columns]:
    """What somebody wrote since the last look, and what was told of as a conflict and still stands."""
    found = {name: item.fields.get(name) for name, value in ours.items() if mark(item.fields.get(name)) != mark(value)}
    found = {name: there for name, there in found.items() if not known.is_ours(name, there)}
    with reading() as session:
        told = of_item(session, settings().sharepoint_applications_list, item.id)
    again = {name: there for name, there in found.items() if told and name in told.theirs and known.edited.get(name) == mark(there)}
    return {name: there for name, there in found.items() if name not in again}, again


def _take_in(known: ListItem, item: Item, edited: Columns, again: Columns, ours: Columns) -> None:
    """By whoever wrote it. What they wrote of themselves as the reviewer goes with it."""
    by = ""
    try:
        by = _who(item, edited)
        said = _said(by, edited)
        with transaction() as session:
            follow_edit(session, by, _locked(session, known), said, ours)
            _remember(session, known, edited)
            if not again:
                put_right(session, settings().sharepoint_applications_list, item.id)
    except Refused as refused:
        _conflict(known, item, {**again, **edited}, ours, by, refused)


def _who(item: Item, edited: Columns) -> str:
    """Who wrote these columns: not always who changed the item last."""
    names = sharepoint().editors(settings().sharepoint_applications_list, item.id, edited)
    if len(names) > 1:
        raise Conflict(_("Several people edited it one after the other: {names}.").format(names=", ".join(sorted(filter(None, names)))))
    return names.pop() if names else ""


def _said(by: str, edited: Columns) -> Columns:
    """The person column names somebody by a number: their own says the same as their address."""
    if "ReviewedByLookupId" not in edited:
        return edited
    with reading() as session:
        person = staff_with(session, by)
    own = visitor(person.email) if person else None
    number = edited.get("ReviewedByLookupId")
    rest = {name: value for name, value in edited.items() if name != "ReviewedByLookupId"}
    if person is None or own is None or str(number) != own:
        return {**rest, "ReviewedByEmail": str(number)}  # nobody's address: refused
    return rest or {"ReviewedByEmail": person.email}


def _remember(session: Session, known: ListItem, edited: Columns) -> None:
    """Our next word stands in the place of theirs; but a decision's status is left alone until it leaves or is undone."""
    row = of_subject(session, Subject(application_id=known.application_id))
    if row is None:
        return
    row.taken_in(edited, NEVER)
    if "Status" in edited and waiting_decision(session, known.application_id):
        row.taken_in({"Status": edited["Status"]}, mark(review_columns(known.application_id)["Status"]))
    session.add(row)


def _conflict(known: ListItem, item: Item, theirs: Columns, ours: Columns, by: str, refused: Refused) -> None:
    title = f"{item.fields.get('Title') or ''} ({item.fields.get('ReferenceNumber') or ''})"
    found = new_trouble(settings().sharepoint_applications_list, item.id, title, refused.words, by, theirs, known.application_id)
    with transaction() as session:
        row = of_subject(session, Subject(application_id=known.application_id))
        if row is not None:
            row.edited = {**row.edited, **{name: mark(value) for name, value in theirs.items()}}
            session.add(row)
        both = {"theirs": _told(theirs), "ours": _told({name: ours[name] for name in theirs})}
        note_trouble(session, found, column=", ".join(sorted(theirs)), **both)


def _told(columns: Columns) -> str:
    return "\n".join(f"{name}: {value if value is not None else ''}" for name, value in sorted(columns.items()))


def _locked(session: Session, known: ListItem) -> Application:
    wanted: Any = select(Application).where(Application.id == known.application_id)
    found: Application = session.exec(wanted.with_for_update()).one()
    return found
