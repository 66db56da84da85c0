"""What became of a submission: its deliveries, as the caller is told them."""

from __future__ import annotations

from pydantic import Field
from sqlmodel import Session, col, or_, select

from models.application import Application
from models.delivery import OPEN, Delivery, DeliveryState
from models.event import Event
from models.invitation import Invitation
from models.pause import among
from models.webhook import SYSTEM
from portal import words
from portal.api.bodies import Moment, Reply

SUBMISSIONS = ("application.submitted", "application.resubmitted")
SHAREPOINT = ("sharepoint.application", "sharepoint.documents")


class Followed(Reply):
    """One who must hear of something that happened."""

    name: str = Field(examples=["Email: application received"])
    event: str = Field(description="What it must hear of", examples=["application.submitted"])
    state: str = Field(description="waiting, running, done, failed (a person must act) or settled (closed by a person)", examples=["done"])
    attempts: int
    last_error: str | None = Field(description="Why the last attempt failed, in plain words")
    next_attempt_at: Moment | None
    done_at: Moment | None


class Arrived(Reply):
    """What is true at this moment of the latest submission."""

    sharepoint_synced: bool
    emails_sent: bool
    settled: bool = Field(False, exclude=True)


def deliveries(session: Session, invitation: Invitation, application: Application | None) -> list[Followed]:
    """Every delivery of the invitation and of its application, oldest first, but for those to webhooks."""
    theirs = [col(Delivery.invitation_id) == invitation.id]
    theirs += [col(Delivery.application_id) == application.id] if application else []
    theirs = [or_(*theirs), ~among(col(Delivery.target), [SYSTEM])]  # who else hears of it is not the partner's to know
    wanted = select(Delivery, Event.type).join(Event, col(Event.id) == col(Delivery.event_id)).where(*theirs)
    return [_followed(delivery, event) for delivery, event in session.exec(wanted.order_by(col(Delivery.id)))]


def arrived(session: Session, application_id: int) -> Arrived:
    """Whether the latest submission is in SharePoint with its documents, and whether all its emails have left."""
    wanted = select(Event.id).where(Event.application_id == application_id, col(Event.type).in_(SUBMISSIONS))
    event_id = session.exec(wanted.order_by(col(Event.id).desc())).first()
    told = select(Delivery.target, Delivery.state).where(Delivery.event_id == event_id, ~among(col(Delivery.target), [SYSTEM]))
    found = session.exec(told).all()
    done = {target for target, state in found if state == DeliveryState.DONE}
    emails = {target for target, _ in found if target.startswith("email.")}
    settled = all(state not in OPEN for _, state in found)
    return Arrived(sharepoint_synced=done.issuperset(SHAREPOINT), emails_sent=bool(emails) and emails <= done, settled=settled)


def _followed(delivery: Delivery, event: str) -> Followed:
    waits = delivery.state == DeliveryState.WAITING
    return Followed(
        name=words.target(delivery.target), event=event, state=delivery.state, attempts=delivery.attempts,
        last_error=delivery.last_error, next_attempt_at=delivery.due_at if waits else None, done_at=delivery.done_at,
    )  # fmt: skip
