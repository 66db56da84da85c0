"""What an operator has stopped: a kind of delivery, or all of one system. What waits there is claimed by nobody until it goes on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UtcDateTime


class Pause(SQLModel, table=True):
    """One stop. `target` is a target of deliveries (`email.invitation`) or a whole system (`email`, `sharepoint`)."""

    __tablename__ = "pauses"

    target: str = Field(primary_key=True)
    why: str
    paused_by: str
    user_id: int | None = Field(default=None, foreign_key="users.id")
    paused_at: datetime = Field(sa_type=UtcDateTime)


def pauses(session: Session) -> list[Pause]:
    """All that is stopped now, the oldest first."""
    return list(session.exec(select(Pause).order_by(col(Pause.paused_at), col(Pause.target))))


def among(target: Any, names: Iterable[str]) -> Any:
    """Whether a column holds one of these targets, or a target of one of these systems."""
    return sa.or_(sa.false(), *(sa.or_(target == name, target.startswith(f"{name}.", autoescape=True)) for name in names))


def covers(name: str, target: str) -> bool:
    """Whether a stop of `name` stops `target`."""
    return target == name or target.startswith(f"{name}.")
