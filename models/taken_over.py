"""Invitations that stood in SharePoint's list before the portal followed it: known from its first look, and mailed to nobody by itself.

Their partners have had a mail of the flow that came before, and must not have another. Somebody of the staff sends it to those who have
not been here yet, or says that none is needed; until then operations see how many they are.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.database import now, one_at_a_time
from models.event import CONSEQUENCES, Event, record
from models.invitation import Invitation, InvitationStatus
from models.person import Actor, Right

#: Of each such invitation, and of what was said about all of them.
TAKEN_OVER, SEEN_TO = "invitation.taken_over", "sharepoint.taken_over_seen_to"
#: What sends an invitation's mail.
MAILED = tuple(kind for kind, targets in CONSEQUENCES.items() if "email.invitation" in targets)


def taken_over(session: Session) -> tuple[int, datetime | None]:
    """How many wait for a word of the staff, and since when; 0 and None if none does."""
    count, since = session.execute(_waiting(sa.func.count(), sa.func.min(col(Event.at)))).one()
    return int(count), since


def invite_taken_over(session: Session, actor: Actor) -> int:
    """Send the invitation to everybody who waits for it; answers to how many."""
    actor.must(Right.INVITE)
    one_at_a_time(session, TAKEN_OVER)
    waiting = session.execute(_waiting(col(Invitation.id), col(Invitation.contact_email))).all()
    for invitation_id, email in waiting:
        record(session, "invitation.resent", actor, invitation_id=invitation_id, email=email)
    return _see_to(session, actor, len(waiting), sent=True)


def leave_taken_over(session: Session, actor: Actor) -> int:
    """They have their mail, so none is sent; answers how many were meant. A single one can be sent again all the same."""
    actor.must(Right.INVITE)
    one_at_a_time(session, TAKEN_OVER)
    return _see_to(session, actor, taken_over(session)[0], sent=False)


def _see_to(session: Session, actor: Actor, count: int, *, sent: bool) -> int:
    if count:
        record(session, SEEN_TO, actor, count=count, sent=sent)
    return count


def _waiting(*columns: Any) -> Any:
    """Active, never opened, never mailed by the portal, and nobody has said anything since it was taken over."""
    said = sa.select(sa.func.coalesce(sa.func.max(col(Event.id)), 0)).where(col(Event.type) == SEEN_TO).scalar_subquery()
    event = aliased(Event)  # not the deliveries: they are erased after LOG_DAYS
    mailed = sa.exists().where(col(event.invitation_id) == col(Invitation.id), col(event.type).in_(MAILED))
    found = sa.select(*columns).select_from(Event).join(Invitation, col(Invitation.id) == col(Event.invitation_id))
    live = (col(Invitation.status) == InvitationStatus.ACTIVE, col(Invitation.opened_at).is_(None), col(Invitation.expires_at) > now())
    return found.where(col(Event.type) == TAKEN_OVER, col(Event.id) > said, *live, ~mailed)
