"""What stands in a list and needs a person: an item that cannot be taken in, or an edit that the portal does not follow.

Each is kept until it is put right, and told once as an event, not at every look.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import BigId, UtcDateTime, now
from models.event import record
from models.person import PORTAL

UNREADABLE, CONFLICT = "sharepoint.unreadable", "sharepoint.conflict"


class ListTrouble(SQLModel, table=True):
    """One item. `theirs` is what stands in it, by column; `by` who changed it last; an `application_id` makes it a conflict."""

    __tablename__ = "list_troubles"
    __table_args__ = (sa.UniqueConstraint("list_name", "item_id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    list_name: str
    item_id: str
    title: str
    why: str
    by: str = ""
    theirs: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    application_id: int | None = Field(default=None, foreign_key="applications.id", index=True, ondelete="CASCADE")
    found_at: datetime = Field(sa_type=UtcDateTime)


def note_trouble(session: Session, found: ListTrouble, **detail: Any) -> bool:
    """Keep it, and record it as an event with `detail`; nothing happens if the very same is known. Whether it was new."""
    known = of_item(session, found.list_name, found.item_id)
    if known and (known.theirs, known.why) == (found.theirs, found.why):
        return False
    if known:
        session.delete(known)
        session.flush()
    session.add(found)
    told = {"list": found.list_name, "item": found.item_id, "title": found.title, "why": found.why, "by": found.by, **detail}
    record(session, CONFLICT if found.application_id else UNREADABLE, PORTAL, application_id=found.application_id, **told)
    return True


def put_right(session: Session, list_name: str, item_id: str) -> None:
    """There is nothing wrong with the item any more."""
    if known := of_item(session, list_name, item_id):
        session.delete(known)


def of_item(session: Session, list_name: str, item_id: str) -> ListTrouble | None:
    """What is wrong with an item."""
    return session.exec(select(ListTrouble).where(ListTrouble.list_name == list_name, ListTrouble.item_id == item_id)).first()


def conflict_of(session: Session, application_id: int | None) -> ListTrouble | None:
    """The edit of the application's item that the portal did not follow, if there is one."""
    return session.exec(select(ListTrouble).where(ListTrouble.application_id == application_id)).first() if application_id else None


def troubles(session: Session, most: int) -> tuple[list[ListTrouble], int]:
    """The newest, and how many there are in all."""
    count = session.exec(select(sa.func.count()).select_from(ListTrouble)).one()
    return list(session.exec(select(ListTrouble).order_by(col(ListTrouble.id).desc()).limit(most))), count


def new_trouble(
    list_name: str, item_id: str, title: str, why: str, by: str, theirs: dict[str, Any], application_id: int | None = None
) -> ListTrouble:
    """A row as it is found now, with what stands in the item cut to what a person reads."""
    shown = {name: value[:2000] if isinstance(value, str) else value for name, value in theirs.items()}
    return ListTrouble(
        list_name=list_name, item_id=item_id, title=title[:200], why=why, by=by, theirs=shown, application_id=application_id,
        found_at=now(),
    )  # fmt: skip
