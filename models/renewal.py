"""A renewal: what of an approved partner's file runs out, and what the partner puts in its place.

Until it is approved nothing of it stands in the application: the answers are here, the documents wait beside the standing ones
(`DocumentState.PROPOSED`). The verbs are in models/renewing.py (the partner's), models/renewal_review.py (the staff's) and
models/keeping.py (the portal's own, every night).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select, update

from models.database import UtcDateTime
from models.lapsing import Ending
from models.queue_entry import QueueEntry
from models.rules import dependents
from models.slots import SLOTS

#: Answers that no question asks: why a document with a day of its own is not renewed, by its slot.
WHY = "why-"


class RenewalState(StrEnum):
    """`closed`: nothing runs out any more, or the application is no longer approved."""

    OPEN = "open"
    SENT = "sent"
    RETURNED = "returned"
    APPROVED = "approved"
    CLOSED = "closed"


R = RenewalState
LIVE = (R.OPEN, R.SENT, R.RETURNED)
WITH_PARTNER = (R.OPEN, R.RETURNED)
_IS_LIVE = sa.text("state IN ('open', 'sent', 'returned')")


class Renewal(SQLModel, table=True):
    """One renewal of one application; at most one of them is live.

    `items` are Endings, `ends_on` is the first of their days. `answers` are what the partner typed and nothing else, `marks` who typed it
    (models/merge.py). `reminded` is the stage of models/keeping.py that the last reminder went out for, `reminded_for` the day of
    which it was said; each ending knows its own.
    """

    __tablename__ = "renewals"
    __table_args__ = (
        sa.Index("uq_renewals_live", "application_id", unique=True, sqlite_where=_IS_LIVE, postgresql_where=_IS_LIVE),
        sa.Index("ix_renewals_application_id", "application_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="applications.id")
    state: str = RenewalState.OPEN
    items: list[Any] = Field(default_factory=list, sa_type=sa.JSON)
    ends_on: date | None = None
    answers: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON, nullable=False)
    marks: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON, nullable=False)
    saved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    message: str = ""
    opened_by: str
    opened_at: datetime = Field(sa_type=UtcDateTime)
    reminded: int | None = None
    reminded_for: date | None = None
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: str = ""
    reason: str = ""

    @property
    def standing(self) -> RenewalState:
        """The state as its type."""
        return RenewalState(self.state)

    @property
    def endings(self) -> list[Ending]:
        """What it asks for, in its order."""
        return [Ending.read(told) for told in self.items if told["slot"] in SLOTS]

    @property
    def with_partner(self) -> bool:
        """Whether the partner may change it now."""
        return self.state in WITH_PARTNER

    @property
    def questions(self) -> tuple[str, ...]:
        """The questions that it asks anew."""
        return tuple(dict.fromkeys(name for one in self.endings for name in one.questions))

    @property
    def slots(self) -> tuple[str, ...]:
        """The documents that it asks anew."""
        return tuple(one.slot for one in self.endings)

    @property
    def following(self) -> tuple[str, ...]:
        """Questions elsewhere that a changed answer may make wrong: they are asked along once that is so."""
        own = self.questions
        return tuple(dict.fromkeys(other for name in own for other in dependents(name) if other not in own))

    @property
    def reach(self) -> frozenset[str]:
        """Every question, document and reason that the partner may change in it."""
        return frozenset((*self.questions, *self.following, *self.slots, *(f"{WHY}{slot}" for slot in self.explainable)))

    @property
    def explainable(self) -> tuple[str, ...]:
        """The documents that may be left out with a reason: a certificate may be given up, an insurance is answered with No."""
        return tuple(slot for slot in self.slots if SLOTS[slot].asks_expiry)

    def why(self, slot: str) -> str:
        """The partner's reason for not renewing a document; empty where none is given."""
        said = self.answers.get(f"{WHY}{slot}")
        return said.strip() if isinstance(said, str) and slot in self.explainable else ""


def live_renewal(session: Session, application_id: int | None, *, lock: bool = False) -> Renewal | None:
    """The renewal that is under way; None if nothing is."""
    wanted = select(Renewal).where(Renewal.application_id == application_id, col(Renewal.state).in_(LIVE))
    return session.exec(wanted.with_for_update() if lock else wanted).first()


def latest_renewal(session: Session, application_id: int | None) -> Renewal | None:
    """The newest renewal, whatever became of it."""
    return session.exec(select(Renewal).where(Renewal.application_id == application_id).order_by(col(Renewal.id).desc())).first()


def keep(session: Session, renewal: Renewal, state: RenewalState | None = None) -> None:
    """Store it, in another state where one is given; the desk's list shows the state of a live one."""
    renewal.state = state or renewal.state
    session.add(renewal)
    session.flush()
    shown = renewal.state if renewal.state in LIVE else None
    session.exec(update(QueueEntry).where(col(QueueEntry.application_id) == renewal.application_id).values(renewal=shown))


def first_end(endings: Iterable[Ending]) -> date | None:
    """The first day on which one of them ends."""
    return min((one.ends for one in endings if one.ends), default=None)


def joined(found: Sequence[Ending], before: Sequence[Ending]) -> list[Ending]:
    """What runs out now, and what a reviewer asked for by hand; of one document what runs out now is told.

    Another day of the same document begins its reminders anew.
    """
    asked = [one for one in before if one.by_hand and one.slot not in {other.slot for other in found}]
    by_hand, told = {one.slot for one in before if one.by_hand}, {(one.slot, one.ends): one.reminded for one in before}
    return [*(Ending(one.slot, one.ends, one.documents, one.slot in by_hand, told.get((one.slot, one.ends))) for one in found), *asked]
