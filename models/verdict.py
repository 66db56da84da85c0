"""The standing verdict on a section, that a second writer knows of the first, and when it is outdated. It is given in models/review.py.

A verdict is outdated from when the partner changes what it was about until it is given anew, and counts as none: on an application's page,
in the desk's list, its filters and its export. Answers are marked when they are sent again; documents by triggers (migration 0019), as
they come and go in several places.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UtcDateTime
from models.errors import Conflict
from models.language import _
from models.steps import step_of

if TYPE_CHECKING:  # an application marks its verdicts when it is sent again
    from models.application import Application


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
        sa.Index("ix_verdicts_section", "section", "ruling", "outdated", "application_id"),  # the desk's list is filtered by it
    )

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="applications.id", index=True)
    section: str
    ruling: str
    reason: str = ""
    given_by: str
    given_at: datetime = Field(sa_type=UtcDateTime)
    outdated: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})


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


def outdated(session: Session, application: Application) -> set[str]:
    """The sections whose answers or documents the partner changed after their verdict, to be looked at again; none once it is decided."""
    if application.state.decided:
        return set()
    return {name for name, verdict in verdicts(session, application).items() if verdict.outdated}


def mark_outdated(session: Session, application: Application, changed: Iterable[str]) -> None:
    """The partner has sent other answers to these questions: what was said of their sections holds no more."""
    sections = {step.name for name in changed if (step := step_of(name))}
    theirs = (col(Verdict.application_id) == application.id, col(Verdict.section).in_(sections))
    session.exec(sa.update(Verdict).where(*theirs).values(outdated=True))
