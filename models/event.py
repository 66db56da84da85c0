"""What happened. An Event is written in the same transaction as the change and never changed afterwards.

Each has one Delivery (models/delivery.py) for everybody who must still hear of it: `CONSEQUENCES`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import BigId, UtcDateTime, now
from models.delivery import deliver
from models.person import Actor
from models.webhook import hooked

#: Event type → who must hear of it. `worker/consumers.py` says what each of them does.
CONSEQUENCES: dict[str, tuple[str, ...]] = {
    "invitation.created": ("sharepoint.invitation", "email.invitation"),
    "invitation.synced": ("sharepoint.invitation", "email.invitation"),
    "invitation.taken_over": ("sharepoint.invitation",),
    "invitation.updated": ("sharepoint.invitation",),
    "invitation.resent": ("email.invitation",),
    "invitation.extended": ("sharepoint.invitation", "email.invitation"),
    "invitation.revoked": ("sharepoint.invitation",),
    "invitation.restored": ("sharepoint.invitation",),
    "invitation.reminded": ("email.reminder",),
    "invitation.expired": ("sharepoint.invitation",),
    "application.confirmation_asked": ("email.confirmation",),
    "application.device_asked": ("email.device",),
    "application.colleague_asked": ("email.colleague",),
    "application.colleague_done": ("email.colleague_done",),
    "application.submitted": (
        "sharepoint.application",
        "sharepoint.documents",
        "sharepoint.invitation",
        "email.received",
        "email.operations",
    ),
    "application.resubmitted": ("sharepoint.application", "sharepoint.documents", "email.received", "email.operations"),
    "application.review_started": ("sharepoint.application",),
    "application.information_required": ("sharepoint.application", "email.information_required"),
    "application.reminded": ("email.request_reminder",),
    "application.reviewed": ("sharepoint.application",),
    "application.approved": ("sharepoint.application", "email.approved"),
    "application.rejected": ("sharepoint.application", "email.rejected"),
    "application.withdrawn": ("sharepoint.application", "email.withdrawn", "email.withdrawn_office", "email.withdrawn_reviewer"),
    "application.decision_held": ("email.decision_held",),
    "application.condition_met": ("sharepoint.application",),
    "application.condition_reopened": ("sharepoint.application",),
    "application.condition_reminded": ("email.condition_reminder",),
    "application.renewal_asked": ("email.renewal",),
    "application.renewal_reminded": ("email.renewal",),
    "application.renewal_sent": ("email.renewal_received", "email.renewal_office"),
    "application.renewal_returned": ("email.renewal",),
    "application.renewed": ("sharepoint.application", "sharepoint.documents", "email.renewed"),
    "application.suspended": ("sharepoint.application", "email.suspended", "email.renewal_office"),
    "application.reinstated": ("sharepoint.application", "email.reinstated"),
    "application.noted": ("sharepoint.application",),
    "application.note_changed": ("sharepoint.application",),
    "application.note_removed": ("sharepoint.application",),
    "application.note_restored": ("sharepoint.application",),
    "application.told": ("sharepoint.application", "email.note"),
    "application.mentioned": ("email.mention",),
    "document.recalled": ("sharepoint.application", "sharepoint.documents"),
    "sharepoint.ours_kept": ("sharepoint.application",),
    "sharepoint.application_differs": ("sharepoint.application",),
    "sharepoint.invitation_differs": ("sharepoint.invitation",),
    "delivery.digest": ("email.digest",),
}


class Event(SQLModel, table=True):
    """One thing that happened: type, moment, actor, subject, and what changed (JSON)."""

    __tablename__ = "events"
    __table_args__ = (sa.Index("ix_events_person", "user_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    type: str = Field(index=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    actor: str
    actor_kind: str
    user_id: int | None = Field(default=None, foreign_key="users.id")
    invitation_id: int | None = Field(default=None, foreign_key="invitations.id", index=True)
    application_id: int | None = Field(default=None, foreign_key="applications.id", index=True)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)


def record(
    session: Session, type: str, actor: Actor, *, invitation_id: int | None = None, application_id: int | None = None, **detail: Any
) -> Event:
    """Write that `type` happened, with one waiting Delivery per consumer, in the caller's transaction."""
    event = Event(
        type=type, at=now(), actor=actor.name, actor_kind=actor.kind, user_id=actor.user_id,
        invitation_id=invitation_id, application_id=application_id, detail=detail,
    )  # fmt: skip
    session.add(event)
    session.flush()
    for target in (*CONSEQUENCES.get(type, ()), *hooked(session, type)):
        deliver(session, event, target)
    return event


def last_of(session: Session, type: str, subject: Any, ids: Sequence[int | None]) -> dict[int | None, datetime]:
    """When this happened last to each of these: `subject` is the event's column of what the ids are of. Without those it never did."""
    told = select(subject, sa.func.max(Event.at)).where(Event.type == type, col(subject).in_(ids))
    return dict(session.exec(told.group_by(col(subject))).all())
