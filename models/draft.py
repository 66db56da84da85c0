"""A draft: the partner's answers before submission, one JSON row a step. Lenient: anything may be half-typed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, delete, select

from models.application import Application, must_be_open
from models.database import UtcDateTime, now
from models.errors import Conflict, Invalid, Problem
from models.steps import STEPS, Step, step_of


class Draft(SQLModel, table=True):
    """One step's answers as typed. `sequences` holds, per answer, the number of the change that wrote it (FACTS 88)."""

    __tablename__ = "draft_data"
    __table_args__ = (sa.UniqueConstraint("invitation_code", "step_number"), sa.Index("idx_draft_invitation", "invitation_code"))

    id: int | None = Field(default=None, primary_key=True)
    invitation_code: str = Field(foreign_key="invitations.code")
    step_number: int
    form_data: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON, nullable=False)
    last_updated: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs={"server_default": sa.func.now()})
    revision: int = 0
    sequences: dict[str, int] = Field(default_factory=dict, sa_type=sa.JSON, nullable=False)


class Behind(Conflict):
    """The caller's revision is not the stored one; `draft` is what is stored."""

    def __init__(self, draft: Draft) -> None:
        super().__init__("Somebody saved this step after you read it. Read it again, then save.")
        self.draft = draft


@dataclass(frozen=True)
class Answer:
    """One changed answer. `sequence` grows with every change in a browser: microseconds since 1970."""

    name: str
    value: Any
    sequence: int


def save_answers(session: Session, application: Application, changes: list[Answer]) -> datetime:
    """Merge changed answers into their steps; an older change never overwrites a newer one. Answers when it was saved."""
    must_be_open(application)
    for step in STEPS:
        mine = [change for change in changes if step_of(change.name) is step]
        if mine:
            _merge(_locked(session, application.invitation_code, step.number), mine, session)
    _refuse_strangers(changes)
    return _touch(session, application)


def save_step(session: Session, application: Application, step: Step, answers: dict[str, Any], revision: int | None = None) -> Draft:
    """Replace one step's answers. `Behind` unless `revision` is the stored one (None: whatever it is)."""
    must_be_open(application)
    check_names(step, answers)
    draft = _locked(session, application.invitation_code, step.number)
    if revision is not None and revision != draft.revision:
        if draft in session:
            session.expunge(draft)  # it is read after this transaction has been rolled back
        raise Behind(draft)
    sequence = time.time_ns() // 1000
    draft.form_data, draft.sequences = dict(answers), dict.fromkeys(answers, sequence)
    _stamp(session, draft)
    _touch(session, application)
    return draft


def drafts(session: Session, code: str) -> dict[int, Draft]:
    """The saved steps by number."""
    rows = session.exec(select(Draft).where(Draft.invitation_code == code).order_by(col(Draft.step_number)))
    return {row.step_number: row for row in rows}


def answers_of(session: Session, code: str) -> dict[str, Any]:
    """All answers of an invitation in one mapping, as typed."""
    return {name: value for draft in drafts(session, code).values() for name, value in draft.form_data.items()}


def clear(session: Session, application: Application) -> None:
    """Throw the answers away; the documents stay."""
    must_be_open(application)
    session.exec(delete(Draft).where(col(Draft.invitation_code) == application.invitation_code))


def check_names(step: Step, answers: dict[str, Any]) -> None:
    """Invalid if an answer is not one of the step's questions: nothing unknown is ever stored."""
    strangers = [name for name in answers if step_of(name) is not step]
    if strangers:
        raise Invalid(
            "The draft has fields that this step does not have.",
            [Problem(n, f"Step {step.number} has no field “{n}”.", step.number) for n in strangers],
        )


def _locked(session: Session, code: str, number: int) -> Draft:
    wanted = select(Draft).where(Draft.invitation_code == code, Draft.step_number == number)
    return session.exec(wanted.with_for_update()).first() or Draft(invitation_code=code, step_number=number, last_updated=now())


def _merge(draft: Draft, changes: list[Answer], session: Session) -> None:
    newest = [c for c in changes if c.sequence >= draft.sequences.get(c.name, 0)]
    # New dicts: JSON edited in place is not saved (FACTS 34).
    draft.form_data = {**draft.form_data, **{c.name: c.value for c in newest}}
    draft.sequences = {**draft.sequences, **{c.name: c.sequence for c in newest}}
    _stamp(session, draft)


def _stamp(session: Session, draft: Draft) -> None:
    draft.revision, draft.last_updated = draft.revision + 1, now()
    session.add(draft)
    session.flush()


def _refuse_strangers(changes: list[Answer]) -> None:
    if strangers := [c.name for c in changes if step_of(c.name) is None]:
        raise Invalid("The form has no such question.", [Problem(name, f"The form has no question “{name}”.") for name in strangers])


def _touch(session: Session, application: Application) -> datetime:
    application.updated_at = now()
    session.add(application)
    return application.updated_at
