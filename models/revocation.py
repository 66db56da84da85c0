"""A revocation that was a slip: taken back within ten minutes, before SharePoint's list has been told of it."""

from __future__ import annotations

from sqlmodel import Session, col, select

from models.database import now
from models.delivery import Delivery, DeliveryState, retry, settle
from models.errors import Conflict
from models.event import Event, record
from models.invitation import REVOKED, UNDO, Invitation, InvitationStatus, must_be, told_of
from models.language import _
from models.person import Actor, Right

TAKEN_BACK = "The revocation was taken back before the list was told."


def restore(session: Session, actor: Actor, invitation: Invitation) -> None:
    """Take a revocation back: the code works again, until the day it had. Conflict once SharePoint's list has been told of it."""
    actor.must(Right.INVITE)
    must_be(session, invitation, InvitationStatus.REVOKED)
    last = select(Event).where(Event.invitation_id == invitation.id, Event.type == REVOKED).order_by(col(Event.id).desc())
    event = session.exec(last).first()
    told = told_of(session, event) if event else []
    if event is None or event.at + UNDO <= now() or not told or any(one.state != DeliveryState.WAITING or one.attempts for one in told):
        raise Conflict(_("The time to take this back is over. Invite the company again."))
    for one in told:
        settle(session, one, TAKEN_BACK)
    invitation.status = InvitationStatus.ACTIVE
    session.add(invitation)
    record(session, "invitation.restored", actor, invitation_id=invitation.id)
    _send_what_was_withheld(session, invitation)


def _send_what_was_withheld(session: Session, invitation: Invitation) -> None:
    """The worker closes the mail of a revoked invitation: one that never left must leave now."""
    mails = select(Delivery).where(Delivery.invitation_id == invitation.id, Delivery.target == "email.invitation")
    newest = session.exec(mails.order_by(col(Delivery.id).desc())).first()
    if newest is not None and newest.state == DeliveryState.SETTLED and invitation.sent_at is None:
        retry(session, newest)
