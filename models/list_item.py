"""What the portal last wrote to an item of a SharePoint list, so that a person's edit there is told from our own older word.

Of each column two marks are kept, not the values: of what we wrote, and of what SharePoint answered, which may put it otherwise (a day
as a moment, a text trimmed). A column whose mark there is another one was edited by somebody else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import BigId, UtcDateTime, now
from models.event import record
from models.person import PORTAL

Columns = dict[str, Any]
Marks = dict[str, tuple[str, str]]
NEVER = "never"  # in the place of a mark: no value has it


class ListItem(SQLModel, table=True):
    """The item of one invitation or one application. `etag` is None where it is not known any more.

    `marks` are two a column, ours and theirs; `writing` marks what is on its way and was not answered yet; `edited` marks what a person
    wrote that was seen and left, and has not come into the portal yet.
    """

    __tablename__ = "list_items"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    invitation_id: int | None = Field(default=None, foreign_key="invitations.id", unique=True, ondelete="CASCADE")
    application_id: int | None = Field(default=None, foreign_key="applications.id", unique=True, ondelete="CASCADE")
    item_id: str = Field(index=True)
    etag: str | None = None
    marks: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    writing: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    edited: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON, sa_column_kwargs={"server_default": "{}"})
    written_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)

    def is_as_written(self, etag: str | None) -> bool:
        """Whether nobody has changed the item since we wrote it, and no person's word in it waits to come in."""
        return self.etag == etag and not self.edited

    def is_same(self, etag: str | None) -> bool:
        """Whether what has this eTag is the item that we knew: the list may have been made again, and have another under its number.

        An eTag is the item's GUID, a comma and its version; where either is not known, it counts as the same.
        """
        if not (etag and self.etag and "," in etag and "," in self.etag):
            return True
        return etag.partition(",")[0] == self.etag.partition(",")[0]

    def is_ours(self, name: str, there: Any) -> bool:
        """Whether what stands in the column is a word of ours, perhaps an old one, that only came back to us."""
        told = mark(there)
        return told != self.edited.get(name) and told in (_pair(self.marks, name)[1], self.writing.get(name))

    def taken_in(self, theirs: Columns, ours: str | None = None) -> None:
        """What a person wrote has come into the portal: it is known now. With `ours` as NEVER, our next word stands in its place."""
        self.marks = {**self.marks, **{name: (ours or mark(value), mark(value)) for name, value in theirs.items()}}
        self.edited = {name: told for name, told in self.edited.items() if name not in theirs}
        self.writing = {name: told for name, told in self.writing.items() if name not in theirs}

    def changed(self, ours: Columns) -> Columns:
        """The columns in which we say something else than we last wrote."""
        return {name: value for name, value in ours.items() if mark(value) != _pair(self.marks, name)[0]}


class LookAgain(Exception):
    """Another worker wrote the item meanwhile."""


@dataclass(frozen=True)
class Subject:
    """Whose item it is: one of both."""

    invitation_id: int | None = None
    application_id: int | None = None


@dataclass(frozen=True)
class Edit:
    """A column that somebody edited in SharePoint. `left` says that their word stands; else ours is written again."""

    column: str
    theirs: Any
    ours: Any
    left: bool


@dataclass
class Comparison:
    """What is to be written, what somebody edited, and the marks of the columns as they stand now."""

    write: Columns = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    marks: Marks = field(default_factory=dict)


def of_subject(session: Session, subject: Subject) -> ListItem | None:
    """What we know of the subject's item."""
    same = ListItem.invitation_id == subject.invitation_id, ListItem.application_id == subject.application_id
    return session.exec(select(ListItem).where(*same).with_for_update()).first()


def compare(known: ListItem, ours: Columns, theirs: Columns, people: Set[str]) -> Comparison:
    """Our columns beside those of the item as it stands. What a person edited in a column of `people` is left to them.

    An item without marks was found, not made: what stands in it is a person's word only in the columns of `people`.
    """
    found = Comparison()
    for name, value in ours.items():
        there = theirs.get(name)
        last, before = _pair(known.marks, name)
        if mark(there) == mark(value) or (mark(there), mark(value)) == (before, last):
            found.marks[name] = (mark(value), mark(there))
        elif mark(there) in (before, known.writing.get(name)) or not (known.marks or name in people):
            found.write[name] = value
        else:
            _edited(found, Edit(name, there, value, name in people))
    return found


def of_list_item(session: Session, item_id: str, *, invitations: bool) -> Sequence[ListItem]:
    """Whose item has had this id, in the list of invitations or in that of applications: several once a list was made again."""
    whose = col(ListItem.invitation_id if invitations else ListItem.application_id).is_not(None)
    return session.exec(select(ListItem).where(ListItem.item_id == item_id, whose).order_by(col(ListItem.id))).all()


def its_own(rows: Iterable[ListItem], etag: str | None) -> ListItem | None:
    """Of those whose item has had one number, the one whose item has this eTag; before it counts the one of which ours is not known."""
    return next((row for row in sorted(rows, key=lambda row: not row.etag) if row.is_same(etag)), None)


def note(session: Session, subject: Subject, known: ListItem, found: Comparison, by: str = "") -> None:
    """Before the call: what is about to be written, and what somebody edited, each edit as an event and once.

    `by` is who changed the item last, as SharePoint has it. LookAgain if another worker has kept something newer meanwhile.
    """
    row = of_subject(session, subject)
    if row is None or row.etag != known.etag:
        raise LookAgain
    for edit in found.edits:
        told = {"column": edit.column, "theirs": _told(edit.theirs), "ours": _told(edit.ours), "left": edit.left, "by": by}
        record(session, "sharepoint.edited", PORTAL, invitation_id=subject.invitation_id, application_id=subject.application_id, **told)
    seen = {edit.column: (NEVER, mark(edit.theirs)) for edit in found.edits if not edit.left}  # ours is still to be written
    row.marks = {**row.marks, **found.marks, **seen}
    row.writing = {name: mark(value) for name, value in found.write.items()}
    row.edited = {**row.edited, **{edit.column: mark(edit.theirs) for edit in found.edits if edit.left}}
    session.add(row)


def keep(session: Session, subject: Subject, known: ListItem | None, item_id: str, etag: str | None, marks: Marks) -> None:
    """After the call: what was written and answered. Nothing is kept if another worker has kept something newer meanwhile."""
    row = of_subject(session, subject)
    if (row.etag if row else None) != (known.etag if known else None):
        return
    row = row or ListItem(invitation_id=subject.invitation_id, application_id=subject.application_id, item_id=item_id)
    row.item_id, row.etag, row.marks, row.writing, row.written_at = item_id, etag, {**row.marks, **marks}, {}, now()
    session.add(row)


def write_anew(session: Session, subject: Subject, columns: Iterable[str]) -> bool:
    """What stands in these columns now is written over by the next delivery; whether there is anything to write over."""
    row = of_subject(session, subject)
    found = {name: row.edited.get(name) or _pair(row.marks, name)[1] for name in columns} if row else {}
    if row is None or not any(_pair(row.marks, name)[0] != there for name, there in found.items()):
        return False
    row.marks = {**row.marks, **{name: (NEVER, there) for name, there in found.items()}}
    row.edited = {name: told for name, told in row.edited.items() if name not in found}
    session.add(row)
    return True


def moment(at: datetime | None) -> str | None:
    """A moment as Graph takes it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else None


def mark(value: Any) -> str:
    """A short hash that is the same for a value however SharePoint puts it; empty for nothing at all."""
    told = _plain(value)
    return hashlib.sha256(told.encode()).hexdigest()[:20] if told else ""


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return repr(float(value))
    told = "" if value is None else str(value).replace("\r\n", "\n").strip()
    return _moment(told) if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", told) else told


def _moment(told: str) -> str:
    """Without fractions of a second, which SharePoint adds or drops."""
    return datetime.fromisoformat(told).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _pair(marks: Mapping[str, Any], name: str) -> tuple[str, str]:
    """Ours and theirs; of a column that was never written, an empty one that is not ours."""
    ours, theirs = marks.get(name, (NEVER, ""))
    return ours, theirs


def _edited(found: Comparison, edit: Edit) -> None:
    found.edits.append(edit)
    if edit.left:
        found.marks[edit.column] = (mark(edit.ours), mark(edit.theirs))
    else:
        found.write[edit.column] = edit.ours


def _told(value: Any) -> Any:
    """A value as an event keeps it: whole, since what is written over stands nowhere else."""
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
