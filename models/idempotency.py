"""Idempotency keys: which submission a caller's key stands for, so that a repeated request is never a second submission."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel

from models.application import Application
from models.database import UtcDateTime, now
from models.errors import Conflict, Invalid, Problem


class IdempotencyKey(SQLModel, table=True):
    """One key that was used. What was answered is not kept: it is read from the application again, so there is one truth."""

    __tablename__ = "idempotency_keys"

    key: str = Field(primary_key=True)
    application_id: int = Field(foreign_key="applications.id", index=True)
    used_at: datetime = Field(sa_type=UtcDateTime, index=True)


def submitted_before(session: Session, key: str | None, application: Application) -> bool:
    """Whether this key has submitted this application; Invalid if it has submitted another.

    A key with another request behind it is 422 in the IETF's draft "The Idempotency-Key HTTP Header Field", section 2.7.
    """
    found = session.get(IdempotencyKey, key) if key else None
    if found is not None and found.application_id != application.id:
        wrong = "This Idempotency-Key belongs to another application. Send a new one for each application."
        raise Invalid(wrong, [Problem("Idempotency-Key", wrong)])
    return found is not None


def remember(session: Session, key: str | None, application: Application) -> None:
    """The key has submitted the application, in the same transaction; Conflict if another request has just used it."""
    if not key:
        return
    session.add(IdempotencyKey(key=key, application_id=application.id or 0, used_at=now()))
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict("This Idempotency-Key is being used by another request. Send a new one for each application.") from error
