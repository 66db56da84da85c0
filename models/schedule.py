"""Leases: which of several workers does what only one may do, such as the nightly retention (FACTS 30)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, update

from models.database import UtcDateTime, now


class Lease(SQLModel, table=True):
    """A right that one holder has until a moment; after it, anybody may take it."""

    __tablename__ = "leases"

    name: str = Field(primary_key=True)
    holder: str
    until: datetime = Field(sa_type=UtcDateTime)


def take(session: Session, name: str, holder: str, until: datetime) -> bool:
    """Take the lease; False while it is taken. One statement decides, so of two workers at the same moment one gets it."""
    changed = session.exec(update(Lease).where(col(Lease.name) == name, col(Lease.until) <= now()).values(holder=holder, until=until))
    return changed.rowcount == 1 or _made(session, Lease(name=name, holder=holder, until=until))


def rest(session: Session, name: str, holder: str, until: datetime) -> None:
    """The holder has done it: nobody may again before `until`. Nothing happens if the lease was lost meanwhile."""
    session.exec(update(Lease).where(col(Lease.name) == name, col(Lease.holder) == holder).values(until=until))


def _made(session: Session, lease: Lease) -> bool:
    if session.get(Lease, lease.name) is not None:
        return False
    try:
        with session.begin_nested():
            session.add(lease)
    except sa.exc.IntegrityError:  # another worker was first
        return False
    return True
