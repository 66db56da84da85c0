"""Idempotency keys: which submission a caller's key stands for, so that a repeated request is never a second submission."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel

from models.application import Application
from models.database import UtcDateTime, now
from models.errors import Conflict
from models.language import _


class IdempotencyKey(SQLModel, table=True):
    """One key that was used. What was answered is not kept: it is read from the application again, so there is one truth."""

    __tablename__ = "idempotency_keys"

    application_id: int = Field(foreign_key="applications.id", primary_key=True)
    key: str = Field(primary_key=True)
    used_at: datetime = Field(sa_type=UtcDateTime, index=True)


def submitted_before(session: Session, key: str | None, application: Application) -> bool:
    """Whether this key has submitted this application. Keys are the caller's own, so two partners may choose the same."""
    return bool(key) and session.get(IdempotencyKey, (application.id, key)) is not None


def remember(session: Session, key: str | None, application: Application) -> None:
    """The key has submitted the application, in the same transaction; Conflict if another request has just used it."""
    if not key:
        return
    session.add(IdempotencyKey(key=key, application_id=application.id or 0, used_at=now()))
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(_("This Idempotency-Key is being used by another request. Send a new one for each application.")) from error
