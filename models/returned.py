"""A mail that came back: what its recipient's mail server told hours after ours had handed it over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application
from models.database import now
from models.delivery import Delivery, DeliveryState, give_up
from models.errors import Invalid, NotFound, Problem
from models.event import Event, record
from models.invitation import Invitation, normal_code
from models.language import _
from models.person import PORTAL, Actor
from models.settings import settings

RETURNED = "delivery.returned"
UNREAD, READ_AGAIN = "delivery.returns_unread", "delivery.returns_read"
MAIL = Actor(name="The mail system", kind="system")
LONGEST = 500  # characters of a reason
#: As worker/notify.py writes it: the number finds the delivery, and the whole must be the same.
_OURS = re.compile(r"<delivery-(\d{1,18})\.[0-9a-f]+@[^<>\s]+>")


@dataclass(frozen=True)
class Returned:
    """What is told of a mail: by its Message-ID, or by its recipient and the reference or code it was about."""

    message_id: str = ""
    recipient: str = ""
    reference: str = ""
    reason: str = ""
    permanent: bool = True


def returned(session: Session, told: Returned) -> tuple[Delivery, bool]:
    """Mark the mail as failed, with the reason; answers its delivery and whether that was new.

    NotFound if we sent no such mail, Invalid if none is named. The same told again changes nothing, also after the mail was sent anew;
    that it will never arrive is told after a mere "not now". What a person has settled by hand stays settled.
    """
    message_id, delivery = _named(session, told)
    if _is_known(session, delivery, message_id, told.permanent):
        return delivery, False
    if delivery.external_id != message_id:
        raise _unknown()
    recipient, reason = delivery.recipient or told.recipient, " ".join(told.reason.replace("\0", "").split())[:LONGEST]
    if delivery.state != DeliveryState.SETTLED:
        delivery.returned_at = now()
        give_up(session, delivery, "permanent" if told.permanent else "", _words(recipient, reason, told.permanent))
    about = {"invitation_id": delivery.invitation_id, "application_id": delivery.application_id}
    record(
        session, RETURNED, MAIL, **about, target=delivery.target, delivery=delivery.id, message_id=message_id, email=recipient,
        reason=reason, permanent=told.permanent,
    )  # fmt: skip
    return delivery, True


def is_ours(message_id: str) -> bool:
    """Whether a Message-ID has the form of ours."""
    return _OURS.fullmatch(message_id) is not None


def note_look(session: Session, failure: str) -> None:
    """Write down that the mailbox with returned mail refuses us, or that it does no more: once for each change."""
    before = unread_because(session)
    if failure and failure != before:
        record(session, UNREAD, PORTAL, reason=failure)
    elif before and not failure:
        record(session, READ_AGAIN, PORTAL)


def unread_because(session: Session) -> str:
    """Why the mailbox with returned mail cannot be read since some look; empty if it can, or nobody looks."""
    last = session.exec(select(Event).where(col(Event.type).in_((UNREAD, READ_AGAIN))).order_by(col(Event.id).desc()).limit(1)).first()
    return str(last.detail["reason"]) if last and last.type == UNREAD and settings().mail_returns_minutes else ""


def _named(session: Session, told: Returned) -> tuple[str, Delivery]:
    if told.message_id:
        message_id = f"<{told.message_id.strip().strip('<>')}>"
        ours = _OURS.fullmatch(message_id)
        found = session.get(Delivery, int(ours[1]), with_for_update=True) if ours else None
    elif told.recipient and told.reference:
        found = _last_to(session, told.recipient, told.reference)
        message_id = (found.external_id if found else "") or ""
    else:
        missing = _("Send the Message-ID of the mail, or its recipient and reference.")
        raise Invalid(_("Nothing says which mail came back."), [Problem("message_id", missing)])
    if found is None:
        raise _unknown()
    return message_id, found


def _last_to(session: Session, recipient: str, reference: str) -> Delivery | None:
    """The newest mail that left for this address about an application (by its reference) or an invitation (by its code)."""
    code = normal_code(reference)
    joined = select(Invitation.id, Application.id).outerjoin(Application, col(Application.invitation_code) == col(Invitation.code))
    meant = (col(Invitation.code) == code) | (col(Application.reference_number) == reference.strip().upper())
    about = session.exec(joined.where(meant)).first()
    if about is None:
        return None
    left = select(Delivery).where(_of(Delivery, *about), col(Delivery.target).startswith("email."), col(Delivery.external_id).is_not(None))
    found = session.exec(left.order_by(col(Delivery.id).desc()).with_for_update()).all()
    return next((one for one in found if (one.recipient or "").casefold() == recipient.strip().casefold()), None)


def _is_known(session: Session, delivery: Delivery, message_id: str, permanent: bool) -> bool:
    mine = _of(Event, delivery.invitation_id, delivery.application_id)
    before = session.exec(select(Event.detail).where(Event.type == RETURNED, mine)).all()
    return any(one.get("message_id") == message_id and (one.get("permanent") or not permanent) for one in before)


def _of(table: type[Event] | type[Delivery], invitation_id: int | None, application_id: int | None) -> Any:
    """What is about the one or the other; both names are of rows that exist."""
    ours = [col(table.invitation_id) == invitation_id] if invitation_id is not None else []
    return sa.or_(sa.false(), *ours, *([col(table.application_id) == application_id] if application_id is not None else []))


def _words(recipient: str, reason: str, permanent: bool) -> str:
    """English, as all that is stored."""
    what = "came back." if permanent else "came back, for now: it may arrive if it is sent again later."
    return f"The mail to {recipient} {what} {reason}".strip()


def _unknown() -> NotFound:
    return NotFound(_("The portal has sent no such mail. Check the Message-ID, or the recipient and the reference."))
