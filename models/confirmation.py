"""A code that is mailed: to a changed contact address, since decisions go there (form catalogue, step 2), or to let in a new device.

A code is good for its own purpose alone: one that confirms an address opens no device, and the other way round.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Set
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import bindparam
from sqlmodel import Field, Session, SQLModel, col, select

from models import identifiers
from models.database import UtcDateTime, now
from models.errors import Invalid, Problem, TooMany
from models.event import record
from models.invitation import Invitation
from models.language import _
from models.person import partner
from models.reach import must_reach
from models.settings import settings

if TYPE_CHECKING:  # an application asks here before it is submitted
    from models.application import Application

LIFE, TRIES, AN_HOUR = timedelta(minutes=10), 5, 6  # a code lives 10 minutes (FACTS 47); 6 codes an hour may be asked for
FIELD = "primary_contact_email"


class Purpose(StrEnum):
    """What a code is for."""

    ADDRESS = "address"
    DEVICE = "device"


class Outcome(StrEnum):
    """What became of a code that was entered. `spent`: after five tries."""

    RIGHT = "right"
    WRONG = "wrong"
    RUN_OUT = "run out"
    SPENT = "spent"


class Confirmation(SQLModel, table=True):
    """One code that was mailed. The code itself is not kept: it follows from the row and the portal's secret."""

    __tablename__ = "email_confirmations"

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="applications.id", index=True)
    purpose: str = Field(default=Purpose.ADDRESS, sa_column_kwargs={"server_default": Purpose.ADDRESS.value})
    email: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    tries: int = 0
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def code(self) -> str:
        """The six digits."""
        said = f"email confirmation:{self.purpose}:{self.id}:{self.application_id}:{self.email}:{int(self.asked_at.timestamp())}"
        mac = hmac.new(settings().secret_key.get_secret_value().encode(), said.encode(), hashlib.sha256).digest()
        return f"{int.from_bytes(mac[:8], 'big') % 1_000_000:06}"

    @property
    def live(self) -> bool:
        """Whether the code is young enough to be entered."""
        return self.asked_at >= now() - LIFE

    @property
    def left(self) -> int:
        """How many tries are left."""
        return max(0, TRIES - self.tries)


_ASKED = (
    select(Confirmation)
    .where(Confirmation.application_id == bindparam("application"), Confirmation.purpose == Purpose.ADDRESS)
    .order_by(col(Confirmation.id))
)


def ask_confirmation(session: Session, application: Application, email: str) -> Confirmation:
    """Mail a new code to the address, which ends the life of an older one. Invalid unless it is one; TooMany after six in an hour."""
    must_reach(session, application, [FIELD])
    made = new_code(session, application, _normal(email), Purpose.ADDRESS)
    who = partner(application.company_name or "")
    record(session, "application.confirmation_asked", who, application_id=application.id, confirmation=made.id)
    return made


def confirm(session: Session, application: Application, email: str, code: str) -> bool:
    """Whether the code is right; each try counts, and after five none is. Commit in either case, or the count is lost."""
    must_reach(session, application, [FIELD])
    latest = latest_of(session, application, email)
    if latest is None:
        return False
    known = latest.confirmed_at is not None
    if enter(session, latest, code) != Outcome.RIGHT:
        return False
    if not known:
        who = partner(application.company_name or "")
        record(session, "application.address_confirmed", who, application_id=application.id, email=latest.email)
    return True


def new_code(session: Session, application: Application, email: str, purpose: Purpose) -> Confirmation:
    """A new code for the address; the caller records the event by which its mail leaves. TooMany after six in an hour."""
    if len(_asked_since(session, application, now() - timedelta(hours=1), purpose)) >= AN_HOUR:
        raise TooMany(_("Too many codes were asked for. Wait an hour, then ask again."), retry_after=3600)
    made = Confirmation(application_id=application.id or 0, purpose=purpose, email=email, asked_at=now().replace(microsecond=0))
    session.add(made)
    session.flush()
    return made


def enter(session: Session, one: Confirmation, code: str) -> Outcome:
    """What becomes of these digits; each try counts. Commit in any case, or the count is lost."""
    if not one.live:
        return Outcome.RUN_OUT
    if not one.left:
        return Outcome.SPENT
    one.tries += 1
    session.add(one)
    if not hmac.compare_digest(one.code.encode(), re.sub(r"[\s\-]", "", code).encode(errors="replace")):
        return Outcome.WRONG if one.left else Outcome.SPENT
    one.confirmed_at = one.confirmed_at or now()
    return Outcome.RIGHT


def latest_of(session: Session, application: Application, email: str) -> Confirmation | None:
    """The newest code that was asked for to confirm this address, in whatever case it is written."""
    asked = _asked_since(session, application, now() - timedelta(hours=1), Purpose.ADDRESS)
    return next((one for one in asked if comparable(one.email) == comparable(email)), None)


def confirmed_addresses(session: Session, application: Application) -> frozenset[str]:
    """Where decisions may go without a code, `comparable`: the invited address (as staff have corrected it), the one that an
    earlier submission was taken with, and those whose code was entered."""
    return standing(session, application)[0]


def standing(session: Session, application: Application, invited: str | None = None) -> tuple[frozenset[str], frozenset[str]]:
    """The confirmed addresses, and those whose code may still be entered; all `comparable`. `invited` is read unless it is given."""
    if invited is None:
        invited = session.exec(select(Invitation.contact_email).where(Invitation.code == application.invitation_code)).first()
    asked = session.exec(_ASKED, params={"application": application.id}).all()
    known = [invited, *(one.email for one in asked if one.confirmed_at), application.primary_contact_email]
    newest = {comparable(one.email): one for one in asked}
    awaited = (address for address, one in newest.items() if one.live and one.tries < TRIES)
    return frozenset(comparable(address) for address in known if address), frozenset(awaited)


def unconfirmed(email: str | None, confirmed: Set[str]) -> list[Problem]:
    """The problem that stops submission while a valid address is not among the confirmed; empty otherwise."""
    if not email or comparable(email) in confirmed:
        return []
    return [Problem(FIELD, _("Confirm the primary contact's email with the code that we mail to it"), 2)]


def comparable(email: str) -> str:
    """An address as it is compared: no mail server in use tells upper from lower case, whatever RFC 5321 allows."""
    try:
        return identifiers.email(email.strip()).casefold()
    except ValueError:  # an invitation may have an address that the form does not take
        return email.strip().casefold()


def _normal(email: str) -> str:
    try:
        return identifiers.email(email.strip())
    except ValueError as error:
        raise Invalid(str(error), [Problem(FIELD, str(error), 2)]) from error


def _asked_since(session: Session, application: Application, moment: datetime, purpose: Purpose) -> list[Confirmation]:
    wanted = select(Confirmation).where(
        Confirmation.application_id == application.id, Confirmation.purpose == purpose, Confirmation.asked_at >= moment
    )
    return list(session.exec(wanted.order_by(col(Confirmation.id).desc())))
