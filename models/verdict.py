"""The standing verdict on a section, and that a second writer knows of the first. It is given in models/review.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, select

from models.application import Application
from models.database import UtcDateTime
from models.errors import Conflict
from models.language import _


class Ruling(StrEnum):
    """What a reviewer says of one section."""

    PASSED = "passed"
    CONCERN = "concern"
    FAILED = "failed"


class Verdict(SQLModel, table=True):
    """The standing verdict on one section of one application."""

    __tablename__ = "verdicts"
    __table_args__ = (
        sa.UniqueConstraint("application_id", "section"),
        sa.Index("ix_verdicts_section", "section", "ruling", "application_id"),  # the desk's list is filtered by it
    )

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="applications.id", index=True)
    section: str
    ruling: str
    reason: str = ""
    given_by: str
    given_at: datetime = Field(sa_type=UtcDateTime)


@dataclass(frozen=True)
class Seen:
    """Which verdict stood on the page when somebody began to judge: the moment it was given; None where there was none."""

    given_at: datetime | None = None


class Overtaken(Conflict):
    """Somebody else gave a verdict meanwhile: who said what when. These are its words alone: the refusal ends the row's transaction."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(_("{person} has given a verdict on this section since you looked.").format(person=verdict.given_by))
        self.given_by, self.ruling, self.reason, self.given_at = verdict.given_by, Ruling(verdict.ruling), verdict.reason, verdict.given_at


def verdicts(session: Session, application: Application) -> dict[str, Verdict]:
    """The standing verdicts by section."""
    return {verdict.section: verdict for verdict in session.exec(select(Verdict).where(Verdict.application_id == application.id))}
