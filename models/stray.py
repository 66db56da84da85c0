"""Objects of the store that no document knows, and since when: counted from the day on which they were first found so.

An object's own age says nothing. Under a database that was restored from an old copy all that came since is old and unknown at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, delete, select

from models.database import UtcDateTime, now


class Stray(SQLModel, table=True):
    """An object, by its key, and when it was first found that no document knows it."""

    __tablename__ = "strays"

    key: str = Field(primary_key=True)
    first_seen: datetime = Field(default_factory=now, sa_type=UtcDateTime)


def seen(session: Session, keys: Sequence[str]) -> Mapping[str, datetime]:
    """Since when each of these is known to be a stray, from now on for a new one; those that are none any more are forgotten."""
    there = {one.key: one for one in session.exec(select(Stray))}
    gone = [key for key in there if key not in set(keys)]
    session.exec(delete(Stray).where(col(Stray.key).in_(gone)))
    new = [Stray(key=key) for key in keys if key not in there]
    session.add_all(new)
    return {one.key: one.first_seen for one in (*there.values(), *new) if one.key not in gone}
