"""What stands in SharePoint, in its library and in the mailbox, beside the database: every difference is explained, or it is a fault of ours.

The stand-ins' own files are read, not their answers.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from integrations.local.maildir import mails
from integrations.sharepoint import permitted
from models.application import Application, ApplicationStatus
from models.database import reading
from models.delivery import OPEN, Delivery
from models.document import Document, stored
from models.invitation import Invitation
from models.library_upload import form_file
from models.list_item import ListItem, mark
from models.settings import settings
from models.slots import SLOTS
from tests.parts import Local
from worker import evidence, publish
from worker.lists import library_columns
from worker.notify import INTERRUPTED

#: The domain of those whom the mail server refuses for good.
REFUSED = "@refused.example"
Columns = dict[str, Any]


@dataclass
class Told:
    """What is as it should be, what is not and why that is right, and what nobody can explain."""

    right: Counter[str] = field(default_factory=Counter)
    explained: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The table."""
        said = [f"  as it should be: {count:,} {what}" for what, count in self.right.items()]
        said += [f"  explained: {count:,} {why}" for why, count in self.explained.items()]
        return [*said, f"  UNEXPLAINED: {len(self.unexplained):,}", *(f"    {one}" for one in self.unexplained[:30])]


def differences(local: Local, alone: bool = False) -> Told:
    """Everything compared. `alone` where nobody but this database has written there, so that what nobody knows is a difference too;
    the mailbox must be its own in any case."""
    told = Told()
    with closing(sqlite3.connect(local.outside.folder / "graph" / "graph.db")) as site:
        site.row_factory = sqlite3.Row
        with reading() as session:
            _open_ones(session, told)
            _list(session, site, told, _invitations, alone)
            _list(session, site, told, _applications, alone)
            _library(session, site, told, local.outside.folder / "graph" / "files", alone)
            _mails(session, told, local.outside.maildir)
    return told


def _open_ones(session: Session, told: Told) -> None:
    for one in session.exec(select(Delivery).where(col(Delivery.state).in_(OPEN))):
        told.unexplained.append(f"{one.target} of delivery {one.id} is still {one.state}: {one.last_error}")
    failed = select(Delivery).where(Delivery.state == "failed", ~col(Delivery.target).startswith("email."))
    for one in session.exec(failed):
        told.unexplained.append(f"{one.target} of delivery {one.id} failed: {one.last_error}")


Expected = Iterator[tuple[str, Columns]]


def _invitations(session: Session) -> tuple[str, str, Expected]:
    ids = session.exec(select(Invitation.code, Invitation.id)).all()
    return settings().sharepoint_invitations_list, "InvitationCode", ((code, publish.invitation_columns(number)) for code, number in ids)


def _applications(session: Session) -> tuple[str, str, Expected]:
    ids = session.exec(select(Application.reference_number, Application.id).where(col(Application.reference_number).is_not(None))).all()
    return settings().sharepoint_applications_list, "ReferenceNumber", ((key or "", publish.application_columns(number)) for key, number in ids)


def _list(session: Session, site: sqlite3.Connection, told: Told, expected: Callable[[Session], tuple[str, str, Expected]], alone: bool) -> None:
    """One item for each of ours, and every column of it."""
    name, key, ours = expected(session)
    there: dict[str, list[Columns]] = {}
    for row in site.execute("select fields from items where list = (select id from lists where name = ?)", (name,)):
        fields = json.loads(row["fields"])
        there.setdefault(str(fields.get(key) or "").upper(), []).append(fields)
    for value, columns in ours:
        items = there.pop(value.upper(), [])
        if len(items) != 1:
            told.unexplained.append(f"{name} has {len(items)} items with {key} {value}")
            continue
        wrong = [column for column, said in columns.items() if mark(said) != mark(items[0].get(column))]
        told.right[f"items of {name}, with {len(columns)} columns each"] += not wrong
        told.unexplained += [f"{name}, {value}: {column} is {items[0].get(column)!r}, not {columns[column]!r}"[:300] for column in wrong]
    told.unexplained += [f"{name} has an item that nobody knows: {value}" for value in there if alone]


def _library(session: Session, site: sqlite3.Connection, told: Told, folder: Path, alone: bool) -> None:
    """Each document that counts lies there once, with the bytes that were looked at and the columns that name its application."""
    folders = {row["name"]: row["id"] for row in site.execute("select id, name from files where folder")}
    sent = col(Application.status).not_in([ApplicationStatus.DRAFT])
    for application in session.exec(select(Application).where(sent)).all():
        reference = application.reference_number or ""
        found = {row["name"]: row for row in site.execute("select * from files where parent = ?", (folders.pop(reference, ""),))}
        item = session.exec(select(ListItem.item_id).where(ListItem.application_id == application.id)).first() or ""
        for document in stored(session, application.id):
            wrong = _document(site, found.pop(permitted(evidence._file_name(document)), None), folder, document, item)
            told.right["documents in the library, by their hash"] += not wrong
            told.unexplained += [f"{reference}, {document.slot}: {wrong}"] if wrong else []
        whole = form_file(session, application.id)
        told.unexplained += [f"{reference}: {name} lies in the library, and nobody knows why" for name, row in found.items() if row["id"] != whole]
    told.unexplained += [f"The library has a folder that nobody knows: {name}" for name in folders if alone]


def _document(site: sqlite3.Connection, row: Any, folder: Path, document: Document, item: str) -> str:
    """What is wrong with it; nothing if it is right."""
    if row is None:
        return "it is not in the library"
    if hashlib.sha256((folder / re.sub(r"\W", "", row["id"])).read_bytes()).hexdigest() != document.sha256:
        return "its bytes are others"
    inside = "list = (select id from lists where name = ?) and id = ?"
    fields = json.loads(site.execute(f"select fields from items where {inside}", (settings().sharepoint_library, row["item"])).fetchone()["fields"])
    wanted = library_columns(item, SLOTS[document.slot].section)
    return "; ".join(f"{name} is {fields.get(name)!r}, not {value!r}" for name, value in wanted.items() if fields.get(name) != value)


def _mails(session: Session, told: Told, folder: Path) -> None:
    """Each left once, to the one who was meant. Where nobody can know whether it left, it is shown to a person (FACTS 13)."""
    there: dict[str, list[str]] = {}
    for _, message in mails(folder):
        there.setdefault(str(message["Message-ID"]), []).append(str(message["To"]))
    for one in session.exec(select(Delivery).where(col(Delivery.target).startswith("email."))):
        to = there.pop(one.external_id or "", [])
        if len(to) > 1:
            told.unexplained.append(f"{one.target} of delivery {one.id} left {len(to)} times")
        elif one.state == "done" and to == [one.recipient]:
            told.right["mails, each once"] += 1
        elif why := _why(one, to):
            told.explained[why] += 1
        elif one.state not in OPEN:  # those are told already
            told.unexplained.append(f"{one.target} of delivery {one.id} is {one.state}, and left {len(to)} times: {one.last_error}")
    told.unexplained += [f"A mail that nobody knows: {number}" for number in there]


def _why(mail: Delivery, to: list[str]) -> str:
    """Why it is right that the mail did not leave once; nothing if it is not."""
    left = "it had left" if to else "it had not left"
    if mail.state == "failed" and mail.failure == "unclear":
        cause = "the worker died" if mail.last_error == INTERRUPTED else "the connection broke"
        return f"mails shown at /deliveries, as {cause} while it was handed over ({left})"
    if mail.state == "failed" and mail.failure == "permanent" and (mail.recipient or "").endswith(REFUSED) and not to:
        return "mails to addresses that the mail server refuses for good"
    return "mails that were not needed any more" if mail.state == "settled" and not to else ""
