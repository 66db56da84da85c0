"""A draft: the partner's answers before submission, one JSON row a step. Lenient: anything may be half-typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, delete, select

from models.application import Application
from models.database import UtcDateTime, now
from models.errors import Conflict, Invalid, Problem
from models.language import _
from models.merge import Answer, Mark, Merge, Outcome, Stored, marks_of
from models.reach import must_be_open, must_reach
from models.steps import QUESTIONS, STEPS, Step, step_of

__all__ = [
    "Answer", "Behind", "Draft", "Outcome", "Stored", "answers_of", "changed_at", "check_names", "clear", "drafts", "merging", "plain",
    "save_answers", "save_step", "save_steps", "versions",
]  # fmt: skip


class Draft(SQLModel, table=True):
    """One step's answers as typed. `sequences` holds, per answer, who stored it and when: a Mark of models/merge.py (FACTS 88)."""

    __tablename__ = "draft_data"
    __table_args__ = (sa.UniqueConstraint("invitation_code", "step_number"), sa.Index("idx_draft_invitation", "invitation_code"))

    id: int | None = Field(default=None, primary_key=True)
    invitation_code: str = Field(foreign_key="invitations.code")
    step_number: int
    form_data: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON, nullable=False)
    last_updated: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs={"server_default": sa.func.now()})
    revision: int = 0
    sequences: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON, nullable=False)


class Behind(Conflict):
    """The caller's revision is not the stored one; `draft` is what is stored."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(_("Somebody saved this step after you read it. Read it again, then save."))
        self.draft = draft


def save_answers(session: Session, application: Application, changes: Sequence[Answer], by: str = "", step: str = "") -> Outcome:
    """Merge changed answers into their steps and say what became of each (models/merge.py).

    `by` is who changed them, `step` the one step that a colleague helps with. Invalid for a question that the form does not have,
    Conflict or Forbidden for one that may not be changed now; then nothing is stored.
    """
    must_reach(session, application, [change.name for change in changes], step)
    _refuse_strangers(changes)
    outcome = Outcome()
    for one in STEPS:
        if mine := [change for change in changes if step_of(change.name) is one]:
            draft = _locked(session, application.invitation_code, one.number)
            merge = merging(draft)
            merge.take(mine, by, outcome)
            store(session, draft, merge)
    return outcome


def save_step(
    session: Session, application: Application, step: Step, answers: dict[str, Any], revision: int | None = None, by: str = ""
) -> Draft:
    """Replace one step's answers. `Behind` unless `revision` is the stored one (None: whatever it is).

    A writer of its own among the windows of browsers: what it changes is new to each of them, and what they had not seen of it
    they cannot overwrite.
    """
    check_names(step, answers)
    must_be_open(application)
    draft = _locked(session, application.invitation_code, step.number)
    if revision is not None and revision != draft.revision:
        if draft in session:
            session.expunge(draft)  # it is read after this transaction has been rolled back
        raise Behind(draft)
    merge, changed = _replaced(draft, answers, by)
    must_reach(session, application, changed)
    store(session, draft, merge)
    return draft


def save_steps(session: Session, application: Application, steps: Sequence[tuple[Step, dict[str, Any]]]) -> None:
    """`save_step` for several at once, whatever is stored of them: asked and written together, as a whole application is sent."""
    for step, answers in steps:
        check_names(step, answers)
    must_be_open(application)
    code = application.invitation_code
    held = {row.step_number: row for row in session.exec(_STEPS_LOCKED, params={"code": code})}
    laid = [(held.get(step.number) or _empty(code, step.number), answers) for step, answers in steps]
    merges = [(draft, *_replaced(draft, answers)) for draft, answers in laid]
    must_reach(session, application, [name for _draft, _merge, changed in merges for name in changed])
    for draft, merge, _changed in merges:
        lay(session, draft, merge)
    session.flush()


def _replaced(draft: Draft, answers: dict[str, Any], by: str = "") -> tuple[Merge, list[str]]:
    """The step with these answers in place of all that it had, and the names of those that are others now."""
    merge = merging(draft)
    gone = {name: value for name, value in draft.form_data.items() if step_of(name) is None}  # of an older edition: kept, never sent
    return merge, [one.name for one in merge.replace({**gone, **answers}, by)]


#: Made once, as models/invitation.py has it.
_OF_CODE = select(Draft).where(col(Draft.invitation_code) == sa.bindparam("code"))
_STEPS = _OF_CODE.order_by(col(Draft.step_number))
_STEPS_LOCKED = _STEPS.with_for_update()
_STEP = _OF_CODE.where(col(Draft.step_number) == sa.bindparam("number")).with_for_update()


def drafts(session: Session, code: str) -> dict[int, Draft]:
    """The saved steps by number."""
    return {row.step_number: row for row in session.exec(_STEPS, params={"code": code})}


def answers_of(session: Session, code: str) -> dict[str, Any]:
    """All answers of an invitation in one mapping, as typed."""
    return {name: value for draft in drafts(session, code).values() for name, value in draft.form_data.items()}


def changed_at(session: Session, application: Application) -> datetime:
    """When something last happened: a change of state, or while the partner may type, of an answer."""
    typed = select(sa.func.max(Draft.last_updated)).where(Draft.invitation_code == application.invitation_code)
    last = session.exec(typed).one() if application.open_to_partner else None
    return max(application.updated_at, last) if last else application.updated_at


def versions(session: Session, code: str) -> dict[int, int]:
    """The newest version in each saved step by number: what a page that shows them has seen."""
    return {number: merging(draft).newest for number, draft in drafts(session, code).items()}


def clear(session: Session, application: Application) -> None:
    """Throw the answers away; the documents stay. Conflict while a reviewer's request has locked some of them."""
    must_reach(session, application, QUESTIONS)
    session.exec(delete(Draft).where(col(Draft.invitation_code) == application.invitation_code))


def check_names(step: Step, answers: dict[str, Any]) -> None:
    """Invalid if an answer is not one of the step's questions: nothing unknown is ever stored."""
    strangers = [name for name in answers if step_of(name) is not step]
    if strangers:
        raise Invalid(
            _("The draft has fields that this step does not have."),
            [Problem(n, _("Step {number} has no field “{name}”.").format(number=step.number, name=n), step.number) for n in strangers],
        )


def _locked(session: Session, code: str, number: int) -> Draft:
    held = session.exec(_STEP, params={"code": code, "number": number}).first()
    return held or _empty(code, number)


def _empty(code: str, number: int) -> Draft:
    return Draft(invitation_code=code, step_number=number, last_updated=now())


def merging(draft: Draft) -> Merge:
    """A stored step with changes to be laid over it. New dicts: JSON edited in place is not saved (FACTS 34)."""
    return Merge(dict(draft.form_data), marks_of(draft.sequences))


def plain(marks: Mapping[str, Mark]) -> dict[str, list[Any]]:
    """Marks as the column holds them."""
    return {name: list(mark) for name, mark in marks.items()}


def store(session: Session, draft: Draft, merge: Merge) -> None:
    """Write a step as the merge left it, if it changed anything."""
    if lay(session, draft, merge):
        session.flush()


def lay(session: Session, draft: Draft, merge: Merge) -> bool:
    """Put into a step what the merge left, if it changed anything; whether it did."""
    if merge.dirty:
        draft.form_data, draft.sequences = merge.answers, plain(merge.marks)
        draft.revision, draft.last_updated = draft.revision + 1, now()
        session.add(draft)
    return merge.dirty


def _refuse_strangers(changes: Sequence[Answer]) -> None:
    if strangers := [c.name for c in changes if step_of(c.name) is None]:
        problems = [Problem(name, _("The form has no question “{name}”.").format(name=name)) for name in strangers]
        raise Invalid(_("The form has no such question."), problems)
