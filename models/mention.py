"""Members of staff who are named in a note after an @: they get a mail, and find it at the desk until they have opened the application."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models.application import Application
from models.database import UtcDateTime, now
from models.event import record
from models.person import SUSPENDED, Actor, Right, User

_WORD = re.compile(r"(?<!\w)@\w[\w’'-]*")  # an @ within a word is an address


class Mention(SQLModel, table=True):
    """One person named in one note; `read_at` is when they opened the application afterwards."""

    __tablename__ = "mentions"
    __table_args__ = (
        sa.UniqueConstraint("note_id", "user_id", name="uq_mentions_note_id_user_id"), sa.Index("ix_mentions_unread", "user_id", "read_at"),
    )  # fmt: skip

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="applications.id", index=True)
    note_id: int = Field(foreign_key="notes.id", ondelete="CASCADE")
    user_id: int = Field(foreign_key="users.id")
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@dataclass(frozen=True)
class Colleague:
    """Somebody of the staff who can be mentioned."""

    id: int
    name: str


def mentionable(session: Session) -> list[Colleague]:
    """All staff who may sign in, by name: everybody of the staff reads applications."""
    wanted = select(User).where(col(User.oid).is_not(None), User.status != SUSPENDED).order_by(sa.func.lower(User.name), col(User.id))
    return [Colleague(user.id or 0, user.name) for user in session.exec(wanted)]


def mentioned_in(text: str, people: Iterable[Colleague]) -> list[Colleague]:
    """Those whose whole name stands after an @ in the text, in any case.

    "@Ann Lee Smith" names Ann Lee Smith and not Ann Lee; two people of one name are both meant, as nobody can tell them apart.
    """
    return _told_apart(text, people)[0]


def unknown_in(text: str, people: Iterable[Colleague]) -> list[str]:
    """The words after an @ with which nobody's whole name begins there, each once: "@Rosa" where only a Rosa Reyes is known."""
    return list(dict.fromkeys(_WORD.findall(_told_apart(text, people)[1])))


def perhaps(word: str, people: Iterable[Colleague]) -> list[str]:
    """The names a part of which such a word is."""
    part = word.removeprefix("@").casefold()
    return [one.name for one in people if any(piece.startswith(part) for piece in one.name.casefold().split())]


def _told_apart(text: str, people: Iterable[Colleague]) -> tuple[list[Colleague], str]:
    """Who is named, and the text with blanks in the place of their names."""
    left, found = text, list[Colleague]()
    for person in sorted(people, key=lambda one: -len(one.name)):
        named, same = re.compile(rf"(?<!\w)@{re.escape(person.name)}(?!\w)", re.I), any(_alike(one, person) for one in found)
        found += [person] if named.search(left) or same else []
        left = named.sub(lambda name: " " * len(name[0]), left)
    return found, left


def _alike(one: Colleague, other: Colleague) -> bool:
    return one.name.casefold() == other.name.casefold()


def call(session: Session, actor: Actor, application_id: int, note_id: int, text: str) -> None:
    """Tell everybody who is named in a note's text and was not before, but whoever wrote it."""
    known = set(session.exec(select(Mention.user_id).where(Mention.note_id == note_id)))
    for person in mentioned_in(text, mentionable(session) if "@" in text else ()):
        if person.id not in {actor.user_id, *known}:
            session.add(Mention(application_id=application_id, note_id=note_id, user_id=person.id))
            record(
                session, "application.mentioned", actor, application_id=application_id, note=note_id, person=person.id, name=person.name
            )


def have_read(session: Session, actor: Actor, application: Application) -> int:
    """Somebody opens the application: what they are mentioned in there is read. Answers how many that were."""
    actor.must(Right.READ)
    read = sa.update(Mention).where(*still_unread(actor.user_id), col(Mention.application_id) == application.id).values(read_at=now())
    return int(session.execute(read.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]


def still_unread(user_id: int | None) -> Sequence[sa.ColumnElement[bool]]:
    """The conditions of what a person is mentioned in and has not opened yet."""
    return col(Mention.user_id) == user_id, col(Mention.read_at).is_(None)
