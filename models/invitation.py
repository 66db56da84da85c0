"""An invitation: the code that lets one company apply, and what staff do with it."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UtcDateTime, horizon, now
from models.delivery import Delivery
from models.errors import Conflict, Invalid, Problem
from models.event import Event, record
from models.language import ENGLISH, LANGUAGES, _
from models.person import PORTAL, Actor, Right, partner
from models.settings import settings

if TYPE_CHECKING:  # an application is begun with an invitation
    from models.application import Application

#: Crockford's base 32: no I, L, O or U, so a code survives being read aloud; 8 of them are 40 bits (FACTS 46).
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOOKALIKES = str.maketrans("OIL", "011")
FIELDS = ("company_name", "contact_email", "contact_name", "contact_title", "notes")
TITLES = ("Mr", "Ms", "Mrs", "Dr", "Prof", "Eng", "Other")


class InvitationStatus(StrEnum):
    """`active → used`, `expired`, `revoked`."""

    ACTIVE = "active"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


#: Why nothing can be done with an invitation any more.
NO_LONGER = {
    InvitationStatus.ACTIVE: "This invitation is active again, so this is not needed.",
    InvitationStatus.USED: "This invitation has been used, so this can no longer be done.",
    InvitationStatus.EXPIRED: "This invitation has expired, so this can no longer be done.",
    InvitationStatus.REVOKED: "This invitation has been revoked, so this can no longer be done.",
}


#: So long a revocation can be taken back. SharePoint's list hears of it only then: its flow would hand an old "Cancelled" to us again.
UNDO = timedelta(minutes=10)
REVOKED = "invitation.revoked"
#: Under this name, and their codes, what is told of invitations is kept in the cache (integrations/cache.py).
KIND = "invitation"

#: Events that tell of another address: one from the desk, one from SharePoint's list.
CORRECTED = ("invitation.updated", "invitation.changed")
#: The statuses of an application that is decided and still hears from us (models/keeping.py).
KEPT = ("approved", "suspended")


class Invitation(SQLModel, table=True):
    """One company's invitation. `code` is the key that the partner holds."""

    __tablename__ = "invitations"
    __table_args__ = (
        sa.Index("idx_invitations_code", "code"), sa.Index("idx_invitations_status", "status"),
        sa.Index("ix_invitations_address", sa.text("lower(contact_email)")),
    )  # fmt: skip

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
    listed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # when its item was last changed, as far as we know
    language: str = Field(default=ENGLISH.code, sa_column_kwargs={"server_default": ENGLISH.code})  # of the mails to the partner

    @property
    def state(self) -> InvitationStatus:
        """The status as of this moment: an active one past its date is expired, swept or not."""
        late = self.status == InvitationStatus.ACTIVE and self.expires_at is not None and self.expires_at <= now()
        return InvitationStatus.EXPIRED if late else InvitationStatus(self.status)

    @property
    def greeting(self) -> str:
        """How a mail addresses the contact in the spoken language: "Dr Ada Byron", or the company where no name is known."""
        title = _(self.contact_title) if self.contact_title and self.contact_title not in ("Other", "Eng") else ""
        return " ".join(part for part in (title, self.contact_name) if part) if self.contact_name else self.company_name


def invite(
    session: Session, actor: Actor, *, company_name: str, contact_email: str, contact_name: str = "", contact_title: str = "",
    notes: str = "", expires_at: datetime | None = None, language: str = ENGLISH.code,
) -> Invitation:  # fmt: skip
    """Make an invitation with a new code; its mail leaves through the worker, in `language`. Invalid names every wrong field."""
    actor.must(Right.INVITE)
    fields = checked(
        company_name=company_name, contact_email=contact_email, contact_name=contact_name, contact_title=contact_title, notes=notes
    )
    if expires_at:
        must_be_sensible(expires_at)
    made = Invitation(
        **fields,
        code=new_code(session),
        created_at=now(),
        expires_at=expires_at or default_expiry(),
        source="portal",
        created_by=actor.name,
        language=_ours(language),
    )
    session.add(made)
    session.flush()
    record(session, "invitation.created", actor, invitation_id=made.id, company=made.company_name, email=made.contact_email)
    return made


def resend(
    session: Session, actor: Actor, invitation: Invitation, contact_email: str | None = None, application: Application | None = None,
    reason: str = "",
) -> None:  # fmt: skip
    """Send the same code again, to a corrected address if one is given, and why; codes that went to the older one work no more.

    Conflict unless the partner may still send something with it (`is_in_use`): `application` is the invitation's, if one was begun.
    """
    actor.must(Right.INVITE)
    session.refresh(invitation, with_for_update=True)
    if not is_in_use(invitation, application):
        raise Conflict(_(NO_LONGER[invitation.state]))
    if contact_email is not None and contact_email != invitation.contact_email:
        _correct(session, actor, invitation, contact_email, reason)
    _sent_again(session, actor, invitation)


def redirect(session: Session, actor: Actor, invitation: Invitation, application: Application, contact_email: str, reason: str) -> None:
    """All that an approved partner is sent goes to another address from now on, also what went to the application's own contact.

    What it waits for, a renewal, leaves again (worker/notify.py); the invitation's mail does not. Conflict unless it is approved.
    """
    actor.must(Right.INVITE)
    session.refresh(invitation, with_for_update=True)
    if not is_correctable(invitation, application):
        raise Conflict(_(NO_LONGER[invitation.state]))
    _correct(session, actor, invitation, contact_email, reason, application.primary_contact_email or "")
    _sent_again(session, actor, invitation)


def _correct(session: Session, actor: Actor, invitation: Invitation, contact_email: str, reason: str, other: str = "") -> None:
    """Of two addresses that the new one stands in the place of, the event tells the `other` as well."""
    after = checked(company_name=invitation.company_name, contact_email=contact_email)["contact_email"]
    before = other if other and after == invitation.contact_email else invitation.contact_email
    invitation.contact_email = after
    session.add(invitation)
    why: dict[str, Any] = {name: said for name, said in (("reason", reason), ("instead_of", other)) if said}
    record(session, "invitation.updated", actor, invitation_id=invitation.id, email=[before, after], **why)


def _sent_again(session: Session, actor: Actor, invitation: Invitation) -> None:
    record(session, "invitation.resent", actor, invitation_id=invitation.id, email=invitation.contact_email)


def is_in_use(invitation: Invitation, application: Application | None) -> bool:
    """Whether the partner may still send something with it: it is active, or a reviewer waits for what the used one's application lacks."""
    asked = invitation.state == InvitationStatus.USED and application is not None and application.awaits_partner
    return invitation.state == InvitationStatus.ACTIVE or asked


def is_correctable(invitation: Invitation, application: Application | None) -> bool:
    """Whether its address can be corrected: it is in use, or the partner is approved and hears of what runs out, suspended or not."""
    kept = application is not None and application.status in KEPT
    return is_in_use(invitation, application) or (invitation.state == InvitationStatus.USED and kept)


def former_addresses(session: Session, invitation: Invitation) -> frozenset[str]:
    """The addresses that staff have put another in the place of, as they were written."""
    told = session.exec(select(Event.detail).where(Event.invitation_id == invitation.id, col(Event.type).in_(CORRECTED))).all()
    changes = [detail.get("email") or detail.get("changed", {}).get("contact_email") for detail in told]
    others = (detail["instead_of"] for detail in told if "instead_of" in detail)
    return frozenset((*(change[0] for change in changes if change), *others)) - {invitation.contact_email}


def revoke(session: Session, actor: Actor, invitation: Invitation) -> None:
    """Take the code back: from now on it opens nothing. Conflict once it is used. A person may `restore` it for ten minutes."""
    actor.must(Right.INVITE)
    must_be(session, invitation, InvitationStatus.ACTIVE, InvitationStatus.EXPIRED)
    invitation.status = InvitationStatus.REVOKED
    session.add(invitation)
    event = record(session, REVOKED, actor, invitation_id=invitation.id)
    if actor.user_id is not None:
        for told in told_of(session, event):
            told.due_at = event.at + UNDO
            session.add(told)


def told_of(session: Session, event: Event) -> list[Delivery]:
    """What follows from a revocation, locked."""
    session.flush()
    return list(session.exec(select(Delivery).where(Delivery.event_id == event.id).with_for_update()))


def extend(session: Session, actor: Actor, invitation: Invitation, expires_at: datetime) -> None:
    """Give more time, also to an expired one; the mail is sent again with the new date."""
    actor.must(Right.INVITE)
    must_be(session, invitation, InvitationStatus.ACTIVE, InvitationStatus.EXPIRED)
    must_be_sensible(expires_at)
    invitation.status, invitation.expires_at = InvitationStatus.ACTIVE, expires_at
    session.add(invitation)
    record(session, "invitation.extended", actor, invitation_id=invitation.id, expires_at=expires_at.isoformat())


def speak(session: Session, invitation: Invitation, language: str) -> None:
    """The partner reads in this language from now on, so their mails are written in it. Nothing happens if it is so already."""
    if language != invitation.language:
        before, invitation.language = invitation.language, _ours(language)
        session.add(invitation)
        who = partner(invitation.company_name)
        record(session, "invitation.language_chosen", who, invitation_id=invitation.id, language=[before, language])


def note_opened(session: Session, invitation: Invitation) -> None:
    """The partner has opened it; only the first time counts."""
    if invitation.opened_at is None:
        invitation.opened_at = now()
        session.add(invitation)
        record(session, "invitation.opened", PORTAL, invitation_id=invitation.id)


#: Made once: to put a statement together takes longer than to ask it, and these are asked with nearly every request.
_WITH_CODES = select(Invitation).where(col(Invitation.code).in_(sa.bindparam("codes", expanding=True)))


def find(session: Session, code: str) -> Invitation | None:
    """The invitation with this code in any state, typed in any case and with spaces or dashes, and O, I and L read as the digits
    that our codes have for them, where no code is written so (Crockford's base 32)."""
    written = normal_code(code)
    found = session.exec(_WITH_CODES, params={"codes": list({written, written.translate(LOOKALIKES)})}).all()
    return next((one for one in found if one.code == written), next(iter(found), None))


def expire_due(session: Session) -> int:
    """Mark what has passed its date as expired; answers how many."""
    late = select(Invitation).where(Invitation.status == InvitationStatus.ACTIVE, col(Invitation.expires_at) <= now())
    due = session.exec(late.with_for_update(skip_locked=True)).all()  # whoever holds one is using or extending it
    for invitation in due:
        invitation.status = InvitationStatus.EXPIRED
        session.add(invitation)
        record(session, "invitation.expired", PORTAL, invitation_id=invitation.id)
    return len(due)


def checked(*, company_name: str, contact_email: str, contact_name: str = "", contact_title: str = "", notes: str = "") -> dict[str, Any]:
    """The fields of an invitation, trimmed; Invalid with a sentence for each that is wrong."""
    fields = {
        "company_name": company_name,
        "contact_email": contact_email,
        "contact_name": contact_name,
        "contact_title": contact_title,
        "notes": notes,
    }
    fields = {name: tidy(name, value) for name, value in fields.items()}
    problems = [problem for problem in _wrong(fields) if problem]
    if problems:
        raise Invalid(_("The invitation is not complete."), problems)
    return {**fields, "contact_email": validate_email(fields["contact_email"], check_deliverability=False).normalized}


def tidy(name: str, value: str) -> str:
    """A field without the white space around it; only notes have lines."""
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
    title = _("Choose one of these: {titles}.").format(titles=", ".join(TITLES))
    return [
        None if 2 <= len(fields["company_name"]) <= 200 else Problem("company_name", _("Enter the company's name, 2 to 200 characters.")),
        _email_problem(fields["contact_email"]),
        None if len(fields["contact_name"]) <= 120 else Problem("contact_name", _("Shorten the contact's name to 120 characters.")),
        None if fields["contact_title"] in ("", *TITLES) else Problem("contact_title", title),
        None if len(fields["notes"]) <= 2000 else Problem("notes", _("Shorten the notes to 2,000 characters.")),
    ]


def must_be_sensible(expires_at: datetime, *, ahead: bool = True) -> None:
    """Invalid if the date is further away than any invitation is open or, where it must lie `ahead`, if it has passed."""
    if ahead and expires_at <= now():
        raise Invalid(_("The expiry date has passed."), [Problem("expires_at", _("Choose an expiry date in the future."))])
    if expires_at > horizon():
        raise Invalid(_("The expiry date is too far away."), [Problem("expires_at", _("Choose an expiry date within five years."))])


def _ours(language: str) -> str:
    if language not in LANGUAGES:
        raise Invalid(_("This language is not known."), [Problem("language", _("Choose one of the languages offered."))])
    return language


def _email_problem(address: str) -> Problem | None:
    try:
        validate_email(address, check_deliverability=False)  # the check asks DNS; off in forms (FACTS 45)
    except EmailNotValidError:
        return Problem("contact_email", _("Enter an email address like name@example.com."))
    return None


def must_be(session: Session, invitation: Invitation, *states: InvitationStatus) -> None:
    """Lock it; Conflict unless it is in one of these states now."""
    session.refresh(invitation, with_for_update=True)  # it may have been used or revoked since it was looked up
    if invitation.state not in states:
        raise Conflict(_(NO_LONGER[invitation.state]))
