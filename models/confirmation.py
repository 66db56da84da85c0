"""A changed contact address is confirmed by a code mailed to it: decisions and reminders go there (form catalogue, step 2)."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from email_validator import EmailNotValidError, validate_email
from sqlmodel import Field, Session, SQLModel, col, select

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
        said = f"{self.id}:{self.application_id}:{self.email}:{int(self.asked_at.timestamp())}"
        mac = hmac.new(settings().secret_key.get_secret_value().encode(), said.encode(), hashlib.sha256).digest()
        return f"{int.from_bytes(mac[:8], 'big') % 1_000_000:06}"


def ask_confirmation(session: Session, application: Application, email: str) -> Confirmation:
    """Mail a new code to the address. Invalid unless it is one; TooMany after six in an hour."""
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
    """Whether the code is right; a wrong one counts. Commit in either case, or the count is lost."""
    _must_be_open(application)
    address = _normal(email)
    latest = next((c for c in _asked_since(session, application, now() - LIFE) if c.email == address), None)
    if latest is None or latest.tries >= TRIES:
        return False
    latest.tries += 1
    if hmac.compare_digest(latest.code, "".join(code.split())):
        latest.confirmed_at = now()
        who = partner(application.company_name or "")
        record(session, "application.address_confirmed", who, application_id=application.id, email=address)
    session.add(latest)
    return latest.confirmed_at is not None


def is_confirmed(session: Session, application: Application, email: str | None) -> bool:
    """Whether decisions may go to this address: it is the invited one, or its code was entered."""
    invited = session.exec(select(Invitation.contact_email).where(Invitation.code == application.invitation_code)).first()
    if not email or email.casefold() == (invited or "").casefold():
        return True
    entered = col(Confirmation.confirmed_at).is_not(None)
    rows = session.exec(select(Confirmation).where(Confirmation.application_id == application.id, entered))
    return email.casefold() in {row.email.casefold() for row in rows}


def unconfirmed(session: Session, application: Application, email: str | None) -> list[Problem]:
    """The problem that stops submission while the address is not confirmed; empty otherwise."""
    if is_confirmed(session, application, email):
        return []
    return [Problem(FIELD, "Confirm the primary contact's email with the code that we mail to it", 2)]


def _must_be_open(application: Application) -> None:
    if not application.open_to_partner:
        raise Conflict("This application has been submitted and can no longer be changed.")


def _normal(email: str) -> str:
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        sentence = "Enter an email address like name@example.com"
        raise Invalid(sentence, [Problem(FIELD, sentence, 2)]) from error


def _asked_since(session: Session, application: Application, moment: datetime) -> list[Confirmation]:
    wanted = select(Confirmation).where(Confirmation.application_id == application.id, Confirmation.asked_at >= moment)
    return list(session.exec(wanted.order_by(col(Confirmation.id).desc())))
