"""The conditions of an approval: what the partner still has to do, until when, and whether they have done it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UtcDateTime, now, today
from models.errors import Conflict, NotFound, Problem
from models.event import record
from models.language import _, shown_number
from models.person import Actor, Right
from models.request import is_too_far

SHORTEST, LONGEST, MOST = 5, 500, 20
_NOT_MET = sa.text("met_at IS NULL")


@dataclass(frozen=True)
class Term:
    """A condition as it is typed, before anything is approved under it."""

    text: str
    due_on: date | None = None

    def as_json(self) -> dict[str, str]:
        """As a decision and its event keep it."""
        return {"text": self.text, "due_on": self.due_on.isoformat() if self.due_on else ""}


class Condition(SQLModel, table=True):
    """One condition of an approval that is in effect."""

    __tablename__ = "conditions"
    __table_args__ = (sa.Index("ix_conditions_unmet", "due_on", "application_id", sqlite_where=_NOT_MET, postgresql_where=_NOT_MET),)

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="applications.id", index=True)
    text: str
    due_on: date | None = None
    met_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    met_by: str | None = None

    @property
    def overdue(self) -> bool:
        """Whether its day has passed, and it is not met."""
        return self.met_at is None and self.due_on is not None and self.due_on < today()


def conditions(session: Session, application_id: int | None) -> list[Condition]:
    """The conditions of an application's approval, in the order in which they were made."""
    return list(session.exec(select(Condition).where(Condition.application_id == application_id).order_by(col(Condition.id))))


def unmet(session: Session, application_id: int | None) -> list[Condition]:
    """Those that the partner still has to meet."""
    return [one for one in conditions(session, application_id) if one.met_at is None]


def overdue() -> Any:
    """A select of the applications that have a condition whose day has passed unmet."""
    return select(Condition.application_id).where(col(Condition.met_at).is_(None), col(Condition.due_on) < today())


def has_time_left(session: Session, application_id: int | None, day: date) -> bool:
    """Whether a condition stands whose due day has not passed on `day`: until then the approval was given in spite of what is missing."""
    return any(one.due_on is not None and one.due_on >= day for one in unmet(session, application_id))


def condition(session: Session, application_id: int | None, number: int) -> Condition:
    """One of them, locked; NotFound if it is none of this application's."""
    wanted = select(Condition).where(Condition.application_id == application_id, Condition.id == number)
    found = session.exec(wanted.with_for_update().execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound(_("There is no such condition."))
    return found


def mark_met(session: Session, actor: Actor, condition: Condition) -> None:
    """The partner has done it. Conflict if that was said already."""
    _mark(session, actor, condition, met=True)


def mark_not_met(session: Session, actor: Actor, condition: Condition) -> None:
    """It was a slip, or holds no more: the condition stands again. Conflict if it stands already."""
    _mark(session, actor, condition, met=False)


def terms_from(items: Sequence[Any]) -> list[Term]:
    """What a decision or its event keeps, as it was typed."""
    return [Term(one["text"], date.fromisoformat(one["due_on"]) if one.get("due_on") else None) for one in items]


def wrong(terms: Sequence[Term]) -> Iterator[Problem]:
    """What is wrong with conditions that somebody wants to approve under; fields are `conditions.0` and `conditions.0.due_on`."""
    if len(terms) > MOST:
        yield Problem("conditions", _("Make it {count} conditions at most.").format(count=shown_number(MOST)))
    for number, term in enumerate(terms):
        if not SHORTEST <= len(term.text.strip()) <= LONGEST:
            said = _("Write the condition in {least} to {most} characters.")
            yield Problem(f"conditions.{number}", said.format(least=shown_number(SHORTEST), most=shown_number(LONGEST)))
        if term.due_on and term.due_on <= today():
            yield Problem(f"conditions.{number}.due_on", _("Choose a due date in the future."))
        elif term.due_on and is_too_far(term.due_on):
            yield Problem(f"conditions.{number}.due_on", _("Choose a due date within five years."))


def _mark(session: Session, actor: Actor, condition: Condition, *, met: bool) -> None:
    actor.must(Right.DECIDE)
    if (condition.met_at is not None) == met:
        raise Conflict(_("Somebody has said so already.") if met else _("It is not marked as met."))
    condition.met_at, condition.met_by = (now(), actor.name) if met else (None, None)
    session.add(condition)
    kind = "application.condition_met" if met else "application.condition_reopened"
    record(session, kind, actor, application_id=condition.application_id, text=condition.text, condition=condition.id)
