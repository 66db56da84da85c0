"""Webhooks: other systems that hear of what happens, each at its own address. What is sent to them are deliveries like all others.

The verbs stand in models/subscribing.py: `record` (models/event.py) asks here who listens.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import BigId, UtcDateTime, now

#: Begins the targets of their deliveries: `webhook.7`.
SYSTEM = "webhook"
#: So many are in the air to one webhook at a time: one that hangs must not take all of the worker's places.
LANES = 4
TESTED = "webhook.tested"
#: Type of an event that can be heard of → what people read.
KINDS: Mapping[str, str] = {
    "application.submitted": "Application submitted",
    "application.resubmitted": "Application sent again",
    "application.information_required": "Information required",
    "application.approved": "Application approved",
    "application.rejected": "Application rejected",
    "application.withdrawn": "Application withdrawn",
    "application.suspended": "Approval suspended",
    "application.reinstated": "Suspension ended",
    "application.renewed": "Renewal approved",
    "invitation.opened": "Invitation opened",
    "invitation.used": "Invitation used",
    "invitation.expired": "Invitation expired",
}


class Webhook(SQLModel, table=True):
    """One address, what is told to it, and the secret that signs. While `before_until` lies ahead, the secret before signs too.

    Both secrets stand here encrypted (models/sealed.py). Ids are not used again: deliveries are told apart by them.
    """

    __tablename__ = "webhooks"
    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, primary_key=True)
    name: str
    url: str
    kinds: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    secret: str
    secret_before: str | None = None
    before_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    made_by: int | None = Field(default=None, foreign_key="users.id")
    made_at: datetime = Field(sa_type=UtcDateTime)

    @property
    def target(self) -> str:
        """What its deliveries are told apart by."""
        return f"{SYSTEM}.{self.id}"

    @property
    def sealed(self) -> tuple[str, ...]:
        """The secrets that sign now, the newest first."""
        return (self.secret, self.secret_before) if self.secret_before and self.overlaps else (self.secret,)

    @property
    def overlaps(self) -> bool:
        """Whether the secret before still signs."""
        return self.before_until is not None and self.before_until > now()


class Attempt(SQLModel, table=True):
    """One time that something was sent: what was answered, or why nothing was. The newest of each webhook are kept."""

    __tablename__ = "webhook_attempts"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    webhook_id: int = Field(foreign_key="webhooks.id", ondelete="CASCADE", index=True)
    delivery_id: int = Field(foreign_key="deliveries.id", ondelete="CASCADE", sa_type=BigId, index=True)
    kind: str
    reference: str = ""
    at: datetime = Field(sa_type=UtcDateTime)
    status: int | None = None
    milliseconds: int = 0
    error: str = ""
    answered: str = ""  # how the answer began, where it was a refusal

    @property
    def arrived(self) -> bool:
        """Whether the other system took it."""
        return self.status is not None and 200 <= self.status < 300


def number_of(target: str) -> int | None:
    """The id of the webhook whose target this is; None if it is no webhook's."""
    system, _, number = target.partition(".")
    return int(number) if system == SYSTEM and number.isascii() and number.isdigit() and len(number) < 10 else None


def hooked(session: Session, kind: str) -> list[str]:
    """The targets of those that hear of events of this kind."""
    if kind not in KINDS:
        return []
    return [one.target for one in session.exec(select(Webhook).order_by(col(Webhook.id))) if kind in one.kinds]
