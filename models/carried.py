"""That an application was taken from one edition of the form to another while its partner was at work (models/editions.py)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UtcDateTime


class CarriedOver(SQLModel, table=True):
    """One application taken from one edition to another; `seen_at` is when the partner said that they have seen what changed."""

    __tablename__ = "carried_over"

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="applications.id", index=True)
    from_version: str
    to_version: str
    agree_again: list[str] = Field(default_factory=list, sa_type=sa.JSON, nullable=False)
    carried_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def not_seen(session: Session, application_id: int | None) -> list[CarriedOver]:
    """The carryings-over that the partner has not said they have seen, the oldest first."""
    waiting = select(CarriedOver).where(CarriedOver.application_id == application_id, col(CarriedOver.seen_at).is_(None))
    return list(session.exec(waiting.order_by(col(CarriedOver.id))))


def to_agree_again(session: Session, application_id: int | None, since: datetime) -> frozenset[str]:
    """The agreements whose texts have changed since then, so that they must be agreed to again."""
    rows = session.exec(select(CarriedOver).where(CarriedOver.application_id == application_id, CarriedOver.carried_at >= since))
    return frozenset(name for row in rows for name in row.agree_again)
