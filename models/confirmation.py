"""A changed contact address is confirmed by a code mailed to it: decisions and reminders go there (form catalogue, step 2)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Set
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlmodel import Field, Session, SQLModel, col, select

from models import identifiers
from models.database import UtcDateTime, now
from models.errors import Conflict, Invalid, Problem, TooMany
from models.event import record
from models.invitation import Invitation
from models.person import partner
from models.settings import settings

if TYPE_CHECKING:  # an application asks here before it is submitted
    from models.application import Application

LIFE, TRIES, AN_HOUR = timedelta(minutes=10), 5, 6  # a code lives 10 minutes (FACTS 47); 6 codes an hour may be asked for
FIELD = "primary_contact_email"


class Confirmation(SQLModel, table=True):
    """One code that was mailed. The code itself is not kept: it follows from the row and the portal's secret."""

    __tablename__ = "email_confirmations"

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="applications.id", index=True)
    email: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    tries: int = 0
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def code(self) -> str:
        """The six digits."""
        said = f"email confirmation:{self.id}:{self.application_id}:{self.email}:{int(self.asked_at.timestamp())}"
        mac = hmac.new(settings().secret_key.get_secret_value().encode(), said.encode(), hashlib.sha256).digest()
        return f"{int.from_bytes(mac[:8], 'big') % 1_000_000:06}"

    @property
    def live(self) -> bool:
        """Whether the code is young enough to be entered."""
        return self.asked_at >= now() - LIFE


def ask_confirmation(session: Session, application: Application, email: str) -> Confirmation:
    """Mail a new code to the address, which ends the life of an older one. Invalid unless it is one; TooMany after six in an hour."""
    _must_be_open(application)
    address = _normal(email)
    if len(_asked_since(session, application, now() - timedelta(hours=1))) >= AN_HOUR:
        raise TooMany("Too many codes were asked for. Wait an hour, then ask again.", retry_after=3600)
    made = Confirmation(application_id=application.id or 0, email=address, asked_at=now().replace(microsecond=0))
    session.add(made)
    session.flush()
    who = partner(application.company_name or "")
    record(session, "application.confirmation_asked", who, application_id=application.id, confirmation=made.id)
    return made


def confirm(session: Session, application: Application, email: str, code: str) -> bool:
    """Whether the code is right; each try counts, and after five none is. Commit in either case, or the count is lost."""
    _must_be_open(application)
    latest = latest_of(session, application, email)
    if latest is None or not latest.live or latest.tries >= TRIES:
        return False
    latest.tries += 1
    session.add(latest)
    if not hmac.compare_digest(latest.code.encode(), re.sub(r"[\s\-]", "", code).encode(errors="replace")):
        return False
    if latest.confirmed_at is None:
        latest.confirmed_at = now()
        who = partner(application.company_name or "")
        record(session, "application.address_confirmed", who, application_id=application.id, email=latest.email)
    return True


def latest_of(session: Session, application: Application, email: str) -> Confirmation | None:
    """The newest code that was asked for this address, in whatever case it is written."""
    asked = _asked_since(session, application, now() - timedelta(hours=1))
    return next((one for one in asked if comparable(one.email) == comparable(email)), None)


def confirmed_addresses(session: Session, application: Application) -> frozenset[str]:
    """Where decisions may go without a code, `comparable`: the invited address (as staff have corrected it), the one that an
    earlier submission was taken with, and those whose code was entered."""
    invited = session.exec(select(Invitation.contact_email).where(Invitation.code == application.invitation_code)).all()
    entered = select(Confirmation.email).where(Confirmation.application_id == application.id, col(Confirmation.confirmed_at).is_not(None))
    known = [*invited, *session.exec(entered), application.primary_contact_email]
    return frozenset(comparable(address) for address in known if address)


def awaited_addresses(session: Session, application: Application) -> frozenset[str]:
    """The addresses, `comparable`, whose code may still be entered."""
    asked = _asked_since(session, application, now() - LIFE)
    newest = {comparable(one.email): one for one in reversed(asked)}
    return frozenset(address for address, one in newest.items() if one.tries < TRIES)


def unconfirmed(email: str | None, confirmed: Set[str]) -> list[Problem]:
    """The problem that stops submission while a valid address is not among the confirmed; empty otherwise."""
    if not email or comparable(email) in confirmed:
        return []
    return [Problem(FIELD, "Confirm the primary contact's email with the code that we mail to it", 2)]


def comparable(email: str) -> str:
    """An address as it is compared: no mail server in use tells upper from lower case, whatever RFC 5321 allows."""
    try:
        return identifiers.email(email.strip()).casefold()
    except ValueError:  # an invitation may have an address that the form does not take
        return email.strip().casefold()


def _must_be_open(application: Application) -> None:
    if not application.open_to_partner:
        raise Conflict("This application has been submitted and can no longer be changed.")


def _normal(email: str) -> str:
    try:
        return identifiers.email(email.strip())
    except ValueError as error:
        raise Invalid(str(error), [Problem(FIELD, str(error), 2)]) from error


def _asked_since(session: Session, application: Application, moment: datetime) -> list[Confirmation]:
    wanted = select(Confirmation).where(Confirmation.application_id == application.id, Confirmation.asked_at >= moment)
    return list(session.exec(wanted.order_by(col(Confirmation.id).desc())))
