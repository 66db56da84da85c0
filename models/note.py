"""Notes on an application: private ones for the staff, public ones that the partner reads too; whoever is named after an @ hears of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models.application import Application
from models.database import UtcDateTime, now
from models.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from models.event import record
from models.language import _
from models.mention import Mention, call, still_unread
from models.person import Actor, Right

LONGEST_NOTE = 4000
#: How long whoever wrote a private note may change it or delete it, and take the deletion back.
SECOND_THOUGHTS = timedelta(minutes=10)


class Note(SQLModel, table=True):
    """A note of a member of staff (`user_id`; none where it was written before that was kept). The partner sees those that are `public`."""

    __tablename__ = "notes"

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="applications.id", index=True)
    text: str
    written_by: str
    written_at: datetime = Field(sa_type=UtcDateTime)
    public: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    user_id: int | None = Field(default=None, foreign_key="users.id")
    changed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    def open_to(self, user_id: int | None) -> bool:
        """Whether this person may still change or delete it: it is theirs, nobody outside has it, and it is new."""
        return user_id is not None and self.user_id == user_id and not self.public and now() - self.written_at < SECOND_THOUGHTS


@dataclass(frozen=True)
class Unread:
    """A note that somebody is mentioned in and has not opened yet."""

    reference: str
    company: str
    text: str
    written_by: str
    written_at: datetime


def add_note(session: Session, actor: Actor, application: Application, text: str, *, public: bool = False) -> Note:
    """Write a note that the staff see; a `public` one stands on the partner's page too, and is mailed to them at once."""
    actor.must(Right.REVIEW)
    note = Note(
        application_id=application.id or 0, text=_checked(text), written_by=actor.name, written_at=now(), public=public,
        user_id=actor.user_id,
    )  # fmt: skip
    session.add(note)
    session.flush()
    kind = "application.told" if public else "application.noted"
    record(session, kind, actor, application_id=application.id, text=note.text, note=note.id)
    call(session, actor, note.application_id, note.id or 0, note.text)
    return note


def change_note(session: Session, actor: Actor, note_id: int, text: str) -> Note:
    """Put other words into one's own private note. Conflict once it is too late; the words before stay in the history."""
    note = _own(session, actor, note_id)
    if note.removed_at:
        raise Conflict(_("The note was deleted. Take the deletion back first."))
    before, note.text, note.changed_at = note.text, _checked(text), now()
    session.add(note)
    record(session, "application.note_changed", actor, application_id=note.application_id, text=note.text, before=before, note=note.id)
    call(session, actor, note.application_id, note.id or 0, note.text)
    return note


def remove_note(session: Session, actor: Actor, note_id: int) -> Note:
    """Delete one's own private note. Conflict once it is too late; that it was there stays in the history."""
    note = _own(session, actor, note_id)
    if note.removed_at is None:
        note.removed_at = now()
        session.add(note)
        record(session, "application.note_removed", actor, application_id=note.application_id, text=note.text, note=note.id)
    return note


def restore_note(session: Session, actor: Actor, note_id: int) -> Note:
    """Take the deletion back."""
    note = _own(session, actor, note_id)
    if note.removed_at is not None:
        note.removed_at = None
        session.add(note)
        record(session, "application.note_restored", actor, application_id=note.application_id, text=note.text, note=note.id)
    return note


def notes(session: Session, application: Application, *, removed_by: int | None = None) -> list[Note]:
    """The notes, newest first; with `removed_by` also those that this person deleted and may still restore."""
    standing = col(Note.removed_at).is_(None)
    theirs = sa.and_(col(Note.user_id) == removed_by, col(Note.written_at) > now() - SECOND_THOUGHTS)
    shown = standing if removed_by is None else sa.or_(standing, theirs)
    return list(session.exec(select(Note).where(Note.application_id == application.id, shown).order_by(col(Note.id).desc())))


def told_to_partner(session: Session, application: Application) -> list[Note]:
    """What the partner reads, newest first."""
    return [note for note in notes(session, application) if note.public]


def unread(session: Session, actor: Actor) -> list[Unread]:
    """What somebody is mentioned in and has not opened yet, newest first."""
    actor.must(Right.READ)
    wanted = select(Application.reference_number, Application.company_name, Note)
    wanted = wanted.join(Note, col(Note.application_id) == col(Application.id)).join(Mention, col(Mention.note_id) == col(Note.id))
    wanted = wanted.where(*still_unread(actor.user_id), col(Note.removed_at).is_(None)).order_by(col(Note.id).desc())
    return [
        Unread(reference or "", company or "", note.text, note.written_by, note.written_at)
        for reference, company, note in session.exec(wanted)
    ]


def _checked(text: str) -> str:
    if not 1 <= len(text.strip()) <= LONGEST_NOTE:
        raise Invalid(_("The note is empty or too long."), [Problem("text", _("Write a note of up to 4,000 characters."))])
    return text.strip()


def _own(session: Session, actor: Actor, note_id: int) -> Note:
    """The note, locked, if this person may still change it."""
    actor.must(Right.REVIEW)
    note = session.exec(select(Note).where(Note.id == note_id).with_for_update()).first()
    if note is None:
        raise NotFound(_("There is no such note."))
    if actor.user_id is None or note.user_id != actor.user_id:
        raise Forbidden(_("Only whoever wrote a note can change or delete it."))
    if note.public:
        raise Conflict(_("This note has been sent to the partner, so it stays as it is. Write another one to correct it."))
    if not note.open_to(actor.user_id):
        raise Conflict(_("A note can be changed or deleted for ten minutes. Write another one to correct it."))
    return note
