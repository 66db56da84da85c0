"""A decision as it was made. It waits `DECISION_UNDO_MINUTES` before anything leaves: until then the application stays *reviewed*.

So the lists, the mails, the API and the partner's page say nothing of it, without having to ask. It is made, undone and carried out in
models/deciding.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, func, select

from models.condition import Term, terms_from
from models.database import UtcDateTime, now
from models.errors import Conflict
from models.event import Event, record
from models.language import _
from models.list_item import Subject, write_anew
from models.person import Actor
from models.settings import settings

if TYPE_CHECKING:  # an application that is withdrawn ends its decision
    from models.application import Application


class DecisionKind(StrEnum):
    """What is decided; each has letters of its own."""

    APPROVAL = "approval"
    CONDITIONAL = "conditional_approval"
    REJECTION = "rejection"


#: What the partner sends, and what is done to it in a review.
SENT = ("application.submitted", "application.resubmitted")
REVIEWED = ("application.verdict", "application.reviewed")

_NOT_UNDONE = sa.text("undone_at IS NULL")
_NOT_LEFT = sa.text("undone_at IS NULL AND effective_at IS NULL")


class Decision(SQLModel, table=True):
    """What somebody decided on an application. `takes_effect_at` is when it leaves, `effective_at` when it did.

    `held_at` is when it was found that whoever made it has been cut off: until somebody confirms it, it does not leave.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        # One that was not undone stands for good: the database refuses a second, whoever races.
        sa.Index("uq_decisions_standing", "application_id", unique=True, sqlite_where=_NOT_UNDONE, postgresql_where=_NOT_UNDONE),
        sa.Index("ix_decisions_waiting", "takes_effect_at", sqlite_where=_NOT_LEFT, postgresql_where=_NOT_LEFT),
    )

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="applications.id", index=True)
    kind: str
    message: str
    conditions: list[Any] = Field(default_factory=list, sa_type=sa.JSON)
    made_by: str
    user_id: int | None = Field(default=None, foreign_key="users.id")
    made_at: datetime = Field(sa_type=UtcDateTime)
    takes_effect_at: datetime = Field(sa_type=UtcDateTime)
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    undone_by: str | None = None
    effective_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    held_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def waits(self) -> bool:
        """Whether it can still be undone: nothing has left."""
        return self.undone_at is None and self.effective_at is None

    @property
    def held(self) -> bool:
        """Whether it leaves only once somebody has confirmed it."""
        return self.waits and self.held_at is not None

    @property
    def rejects(self) -> bool:
        """Whether it turns the application down."""
        return self.kind == DecisionKind.REJECTION

    @property
    def terms(self) -> list[Term]:
        """The conditions of the approval."""
        return terms_from(self.conditions)

    @property
    def seconds_left(self) -> int:
        """Until it leaves; 0 where the worker is about to see to it."""
        return max(0, round((self.takes_effect_at - now()).total_seconds()))


#: What holds of a decision that has been made and has not left yet.
WAITING = (col(Decision.undone_at).is_(None), col(Decision.effective_at).is_(None))
#: Of those: what leaves when its time has come, and what somebody has to confirm first.
LEAVING = (*WAITING, col(Decision.held_at).is_(None))
HELD = (*WAITING, col(Decision.held_at).is_not(None))


def waiting_decision(session: Session, application_id: int | None, *, lock: bool = False) -> Decision | None:
    """The decision that has been made and has not left yet; whoever wants to lock it has locked its application first."""
    wanted = select(Decision).where(Decision.application_id == application_id, *WAITING)
    wanted = wanted.with_for_update().execution_options(populate_existing=True) if lock else wanted
    return session.exec(wanted).first()


def must_be_undecided(session: Session, application: Application) -> None:
    """Conflict while a decision waits: it could go by something that is being changed."""
    if found := waiting_decision(session, application.id):
        raise Conflict(already_decided(held=found.held))


def already_decided(*, held: bool = False) -> str:
    """Why the rest has to wait."""
    if held:
        return _("A decision is held, because the account of whoever made it was disabled. Confirm it or undo it first.")
    return _("A decision has been made and leaves soon. Undo it first to change anything.")


def why_somebody_else(actor: Actor, history: Sequence[Event]) -> str:
    """Why this person may not decide: they reviewed a part of it. Empty where they may; `history` is newest first.

    Whoever marks it reviewed is not the only one who reviewed it: each verdict since the partner sent it last counts, also one that another
    has replaced, and of those before each that still stands.
    """
    since = takewhile(lambda event: event.type not in SENT, history)
    standing = {event.detail.get("section"): event for event in reversed(history) if event.type == "application.verdict"}
    reviewers = {event.user_id for event in (*since, *standing.values()) if event.type in REVIEWED}
    if actor.user_id is None or actor.user_id not in reviewers or settings().reviewer_may_decide:
        return ""
    return _("You reviewed a part of this application. Somebody else must decide.")


def stage(history: Iterable[Event]) -> int | None:
    """The event as of which a decider reads the application: it was sent, or marked reviewed. `history` is newest first."""
    return next((event.id for event in history if event.type in (*SENT, "application.reviewed")), None)


def end_waiting(session: Session, application_id: int | None, actor: Actor, why: str = "") -> bool:
    """What was decided will not take effect, which is recorded once; answers whether anything waited. The application must be locked.

    `why` is empty where somebody undid it, else *withdrawn*.
    """
    if not (found := waiting_decision(session, application_id, lock=True)):
        return False
    found.undone_at, found.undone_by = now(), actor.name
    session.add(found)
    record(
        session, "application.decision_undone", actor, application_id=application_id, kind=found.kind, made_by=found.made_by, why=why
    )  # fmt: skip
    if write_anew(session, Subject(application_id=application_id), ("Status",)):  # it was made there, and stands there
        record(session, "sharepoint.ours_kept", actor, application_id=application_id, column="Status")
    return True


def hold_waiting(session: Session, application_id: int | None, actor: Actor) -> bool:
    """What was decided does not leave until somebody else confirms it: whoever made it has been cut off, by `actor` or as the portal found.

    Recorded once; answers whether anything was to be held. The application must be locked.
    """
    found = waiting_decision(session, application_id, lock=True)
    if found is None or found.held:
        return False
    found.held_at = now()
    session.add(found)
    record(session, "application.decision_held", actor, application_id=application_id, kind=found.kind, made_by=found.made_by)
    return True


def next_to_leave(session: Session) -> datetime | None:
    """When the next decision takes effect; a moment that has passed where one is due; None if none waits."""
    return session.exec(select(func.min(Decision.takes_effect_at)).where(*LEAVING)).one()
