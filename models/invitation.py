"""An invitation: the code that lets one company apply, and what staff do with it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UtcDateTime, now, one_at_a_time
from models.errors import Conflict, Invalid, Problem
from models.event import record
from models.person import PORTAL, POWER_AUTOMATE, Actor, Right
from models.settings import settings

#: Crockford's base 32: no I, L, O or U, so a code survives being read aloud; 8 of them are 40 bits (FACTS 46).
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FIELDS = ("company_name", "contact_email", "contact_name", "contact_title", "notes")
TITLES = ("Mr", "Ms", "Mrs", "Dr", "Prof", "Eng", "Other")


class InvitationStatus(StrEnum):
    """`active → used`, `expired`, `revoked`."""

    ACTIVE = "active"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Invitation(SQLModel, table=True):
    """One company's invitation. `code` is the key that the partner holds."""

    __tablename__ = "invitations"
    __table_args__ = (sa.Index("idx_invitations_code", "code"), sa.Index("idx_invitations_status", "status"))

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    company_name: str
    contact_email: str
    contact_name: str | None = None
    contact_title: str | None = None
    notes: str | None = None
    status: str = Field(default=InvitationStatus.ACTIVE, sa_column_kwargs={"server_default": "active"})
    created_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs={"server_default": sa.func.now()})
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    source: str = Field(default="sharepoint", sa_column_kwargs={"server_default": "sharepoint"})
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sharepoint_item_id: str | None = Field(default=None, index=True)
    created_by: str | None = None

    @property
    def state(self) -> InvitationStatus:
        """The status as of this moment: an active one past its date is expired, swept or not."""
        late = self.status == InvitationStatus.ACTIVE and self.expires_at is not None and self.expires_at <= now()
        return InvitationStatus.EXPIRED if late else InvitationStatus(self.status)

    @property
    def greeting(self) -> str:
        """How a mail addresses the contact: "Dr Ada Byron", or the company where no name is known."""
        title = self.contact_title if self.contact_title not in (None, "", "Other", "Eng") else ""
        return " ".join(part for part in (title, self.contact_name) if part) if self.contact_name else self.company_name


def invite(
    session: Session, actor: Actor, *, company_name: str, contact_email: str, contact_name: str = "", contact_title: str = "",
    notes: str = "", expires_at: datetime | None = None,
) -> Invitation:  # fmt: skip
    """Make an invitation with a new code; its mail leaves through the worker. Invalid names every wrong field."""
    actor.must(Right.INVITE)
    fields = checked(
        company_name=company_name, contact_email=contact_email, contact_name=contact_name, contact_title=contact_title, notes=notes
    )
    if expires_at and expires_at <= now():
        raise Invalid("The expiry date has passed.", [Problem("expires_at", "Choose an expiry date in the future.")])
    made = Invitation(
        **fields,
        code=new_code(session),
        created_at=now(),
        expires_at=expires_at or default_expiry(),
        source="portal",
        created_by=actor.name,
    )
    session.add(made)
    session.flush()
    record(session, "invitation.created", actor, invitation_id=made.id, company=made.company_name, email=made.contact_email)
    return made


def resend(session: Session, actor: Actor, invitation: Invitation, contact_email: str | None = None) -> None:
    """Send the same code again, to a corrected address if one is given. Conflict unless the invitation is active."""
    actor.must(Right.INVITE)
    _must_be(session, invitation, InvitationStatus.ACTIVE)
    before = invitation.contact_email
    if contact_email and contact_email != before:
        invitation.contact_email = checked(company_name=invitation.company_name, contact_email=contact_email)["contact_email"]
        record(session, "invitation.updated", actor, invitation_id=invitation.id, email=[before, invitation.contact_email])
    session.add(invitation)
    record(session, "invitation.resent", actor, invitation_id=invitation.id, email=invitation.contact_email)


def revoke(session: Session, actor: Actor, invitation: Invitation) -> None:
    """Take the code back: from now on it opens nothing. Conflict once it is used."""
    actor.must(Right.INVITE)
    _must_be(session, invitation, InvitationStatus.ACTIVE, InvitationStatus.EXPIRED)
    invitation.status = InvitationStatus.REVOKED
    session.add(invitation)
    record(session, "invitation.revoked", actor, invitation_id=invitation.id)


def extend(session: Session, actor: Actor, invitation: Invitation, expires_at: datetime) -> None:
    """Give more time, also to an expired one; the mail is sent again with the new date."""
    actor.must(Right.INVITE)
    _must_be(session, invitation, InvitationStatus.ACTIVE, InvitationStatus.EXPIRED)
    if expires_at <= now():
        raise Invalid("The expiry date has passed.", [Problem("expires_at", "Choose an expiry date in the future.")])
    invitation.status, invitation.expires_at = InvitationStatus.ACTIVE, expires_at
    session.add(invitation)
    record(session, "invitation.extended", actor, invitation_id=invitation.id, expires_at=expires_at.isoformat())


def note_opened(session: Session, invitation: Invitation) -> None:
    """The partner has opened it; only the first time counts."""
    if invitation.opened_at is None:
        invitation.opened_at = now()
        session.add(invitation)
        record(session, "invitation.opened", PORTAL, invitation_id=invitation.id)


def find(session: Session, code: str) -> Invitation | None:
    """The invitation with this code in any state, typed in any case and with spaces or dashes."""
    return session.exec(select(Invitation).where(Invitation.code == normal_code(code))).first()


def find_active(session: Session, code: str) -> Invitation | None:
    """The invitation with this code if it may still be used; unknown, used, revoked and expired are alike None."""
    found = find(session, code)
    return found if found and found.state == InvitationStatus.ACTIVE else None


def expire_due(session: Session) -> int:
    """Mark what has passed its date as expired; answers how many."""
    late = select(Invitation).where(Invitation.status == InvitationStatus.ACTIVE, col(Invitation.expires_at) <= now())
    due = session.exec(late.with_for_update(skip_locked=True)).all()  # whoever holds one is using or extending it
    for invitation in due:
        invitation.status = InvitationStatus.EXPIRED
        session.add(invitation)
        record(session, "invitation.expired", PORTAL, invitation_id=invitation.id)
    return len(due)


def synced(
    session: Session, *, code: str = "", item_id: str = "", status: str = "", expires_at: datetime | None = None, **sent: str
) -> tuple[Invitation, bool]:
    """Create or update an invitation from the SharePoint list; answers it and whether it is new.

    `sent` are the fields of `checked` that the item has; what it has not stays as it is. An item is found again by its code,
    by its id or, where it has neither, by being the same in all it says, so that sending it twice changes nothing.
    """
    one_at_a_time(session, "synced")
    found = _known(session, normal_code(code), item_id, sent)
    known = {name: getattr(found, name) or "" for name in FIELDS} if found else {}
    fields = checked(**{"company_name": "", "contact_email": "", **known, **sent})
    if found is None:
        return _adopt(session, normal_code(code), item_id, status, expires_at, fields), True
    _update(session, found, {**fields, **_from_list(found, status, expires_at, item_id)})
    return found, False


def checked(*, company_name: str, contact_email: str, contact_name: str = "", contact_title: str = "", notes: str = "") -> dict[str, Any]:
    """The fields of an invitation, trimmed; Invalid with a sentence for each that is wrong."""
    fields = {
        "company_name": company_name,
        "contact_email": contact_email,
        "contact_name": contact_name,
        "contact_title": contact_title,
        "notes": notes,
    }
    fields = {name: _tidy(name, value) for name, value in fields.items()}
    problems = [problem for problem in _wrong(fields) if problem]
    if problems:
        raise Invalid("The invitation is not complete.", problems)
    return {**fields, "contact_email": validate_email(fields["contact_email"], check_deliverability=False).normalized}


def _tidy(name: str, value: str) -> str:
    return value.strip() if name == "notes" else " ".join(value.split())


def new_code(session: Session) -> str:
    """A code nobody has."""
    while find(session, code := "".join(secrets.choice(ALPHABET) for _ in range(8))):
        pass
    return code


def normal_code(code: str) -> str:
    """Upper case, without spaces and dashes."""
    return re.sub(r"[\s\-]", "", code or "").upper()


def default_expiry() -> datetime:
    """INVITATION_DAYS from now."""
    return now() + timedelta(days=settings().invitation_days)


def _wrong(fields: dict[str, str]) -> list[Problem | None]:
    return [
        None if 2 <= len(fields["company_name"]) <= 200 else Problem("company_name", "Enter the company's name, 2 to 200 characters."),
        _email_problem(fields["contact_email"]),
        None if len(fields["contact_name"]) <= 120 else Problem("contact_name", "Shorten the contact's name to 120 characters."),
        None if fields["contact_title"] in ("", *TITLES) else Problem("contact_title", f"Choose one of {', '.join(TITLES)}."),
        None if len(fields["notes"]) <= 2000 else Problem("notes", "Shorten the notes to 2,000 characters."),
    ]


def _email_problem(address: str) -> Problem | None:
    try:
        validate_email(address, check_deliverability=False)  # the check asks DNS; off in forms (FACTS 45)
    except EmailNotValidError:
        return Problem("contact_email", "Enter an email address like name@example.com.")
    return None


def _must_be(session: Session, invitation: Invitation, *states: InvitationStatus) -> None:
    session.refresh(invitation, with_for_update=True)  # it may have been used or revoked since it was looked up
    if invitation.state not in states:
        raise Conflict(f"This invitation is {invitation.state}, so this can no longer be done.")


def _known(session: Session, code: str, item_id: str, sent: Mapping[str, str]) -> Invitation | None:
    keys = [col(Invitation.code) == code] if code else []
    keys += [col(Invitation.sharepoint_item_id) == item_id] if item_id else []
    for key in keys or [_sent_again(sent)]:
        if found := session.exec(select(Invitation).where(key).order_by(col(Invitation.id)).with_for_update()).first():
            return found
    return None


def _sent_again(sent: Mapping[str, str]) -> sa.ColumnElement[bool]:
    """The very item once more, from a flow that had no answer (FACTS 14): all alike, and nobody has opened it yet."""
    alike = [sa.func.coalesce(getattr(Invitation, name), "") == _tidy(name, sent[name]) for name in FIELDS if name in sent]
    fresh = [col(Invitation.status) == InvitationStatus.ACTIVE, col(Invitation.opened_at).is_(None), col(Invitation.source) == "sharepoint"]
    return sa.and_(*alike, *fresh)


def _adopt(session: Session, code: str, item_id: str, status: str, expires_at: datetime | None, fields: dict[str, Any]) -> Invitation:
    if code and not re.fullmatch(r"[A-Z0-9]{8}", code):
        raise Invalid("The code is not valid.", [Problem("AuthCode", "Send a code of 8 letters and digits, or none.")])
    made = Invitation(
        **fields, code=code or new_code(session), created_at=now(), expires_at=expires_at or default_expiry(),
        sharepoint_item_id=item_id or None, source="sharepoint", created_by=POWER_AUTOMATE.name,
        status=_status(status) or InvitationStatus.ACTIVE,
    )  # fmt: skip
    session.add(made)
    session.flush()
    kind = "invitation.synced" if made.state == InvitationStatus.ACTIVE else "invitation.imported"
    record(session, kind, POWER_AUTOMATE, invitation_id=made.id, company=made.company_name, email=made.contact_email, code_made=not code)
    return made


def _from_list(found: Invitation, status: str, expires_at: datetime | None, item_id: str) -> dict[str, object]:
    """What the list may change. Used and revoked stay: an old copy of the item must not open an invitation again."""
    wanted, final = _status(status), (InvitationStatus.USED, InvitationStatus.REVOKED)
    changes: dict[str, object] = {"sharepoint_item_id": item_id} if item_id else {}
    changes |= {"expires_at": expires_at} if expires_at else {}
    return changes | ({"status": wanted} if wanted and found.status not in final else {})


def _update(session: Session, found: Invitation, fields: dict[str, object]) -> None:
    changed = {
        name: [_plain(getattr(found, name)), _plain(value)]
        for name, value in fields.items()
        if (getattr(found, name) or "") != (value or "")
    }
    for name in changed:
        setattr(found, name, fields[name])
    if changed:
        session.add(found)
        record(session, "invitation.changed", POWER_AUTOMATE, invitation_id=found.id, changed=changed)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _status(word: str) -> InvitationStatus | None:
    known = {"active": "active", "used": "used", "expired": "expired", "cancelled": "revoked", "revoked": "revoked"}
    if word and word.lower() not in known:
        raise Invalid("The status is not known.", [Problem("Status", "Send Active, Used, Expired or Cancelled.")])
    return InvitationStatus(known[word.lower()]) if word else None
