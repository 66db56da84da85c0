"""What a webhook is told: what happened, when, of which company, and where the API has the rest. No code, no name and no address."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from models.application import Application
from models.event import Event
from models.invitation import Invitation
from models.settings import settings
from models.webhook import TESTED

TEST = "A test from the portal"


class Subject(BaseModel):
    """Whom it is about. Everything else is read over the API, by whoever holds a token for it."""

    model_config = ConfigDict(extra="forbid")

    company: str = Field(description="The partner's company", examples=["Brightfield Solar Ltd"])
    reference: str | None = Field(description="The application's reference, once it was sent", examples=["EPC-2026-7K3M9Q"])
    url: str = Field(description="Where the API has it, for a token", examples=["https://partners.example.com/api/applications/EPC-2026-7K3M9Q"])


class Notice(BaseModel):
    """One thing that happened. The same `id` can come twice: throw the second away."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="Names what happened; also in X-Webhook-Id", examples=["evt_1842"])
    type: str = Field(description="What happened", examples=["application.approved"])
    time: datetime = Field(description="When it happened, in UTC", examples=["2026-11-20T09:30:00Z"])
    data: Subject


def notice_of(session: Session, event: Event) -> Notice:
    """What is told of an event, as things stand now."""
    return Notice(id=f"evt_{event.id}", type=event.type, time=event.at, data=_subject(session, event))


def _subject(session: Session, event: Event) -> Subject:
    application = session.get(Application, event.application_id) if event.application_id else None
    invitation = session.get(Invitation, event.invitation_id) if event.invitation_id else None
    company = (application and application.company_name) or (invitation and invitation.company_name) or ""
    company = TEST if event.type == TESTED else company
    reference = application.reference_number if application else None
    path = f"/api/applications/{reference}" if reference else "/api/invitations" if invitation else "/api/applications"
    return Subject(company=company, reference=reference, url=f"{settings().portal_url}{path}")
