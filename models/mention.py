"""Members of staff who are named in a note after an @: they get a mail, and find it at the desk until they have opened the application."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models.application import Application
from models.database import UtcDateTime, now
from models.event import record
from models.person import SUSPENDED, Actor, Right, User


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
    left, found = text.casefold(), list[Colleague]()
    for person in sorted(people, key=lambda one: -len(one.name)):
        named = f"@{person.name.casefold()}"
        same = any(one.name.casefold() == person.name.casefold() for one in found)
        places = [place for place in _places(left, named) if not left[place + len(named) : place + len(named) + 1].isalnum()]
        for place in reversed(places):
            left = left[:place] + " " * len(named) + left[place + len(named) :]
        found += [person] if places or same else []
    return found


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


def _places(text: str, named: str) -> list[int]:
    """Where a name begins in the text; an @ within a word is an address."""
    return [
        place for place in range(len(text)) if text.startswith(named, place) and not text[max(0, place - 1) : place].isalnum()
    ]
