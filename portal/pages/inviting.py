"""What can be done with an invitation: make one, send it again, give more time, take it back; each as a dialog that says what follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any

from sqlmodel import Session, select

from models import invitation as verbs
from models import loose
from models.errors import Invalid, NotFound, Problem
from models.invitation import TITLES, Invitation
from models.person import Actor, Right
from models.settings import settings
from portal.controls import Ask, Deed, Values
from portal.words import OFFICE

Work = Callable[[Session, Actor, dict[str, Any]], Any]


def inviting(made: Callable[[Invitation], None]) -> Deed:
    """Invite a partner; `made` hears of the invitation before it is committed."""
    asks = (
        Ask("company_name", "Company"), Ask("contact_email", "Email", "email", "The invitation goes to this address."),
        Ask("contact_title", "Title", "choice", options={title: title for title in TITLES}, optional=True),
        Ask("contact_name", "Contact name", optional=True),
        Ask("expires_on", "Open until", "date", f"{settings().invitation_days} days unless you change it."),
        Ask("notes", "Notes", "long", "Only staff see them.", optional=True),
    )  # fmt: skip

    def invite(session: Session, actor: Actor, typed: Values) -> None:
        fields = {name: typed[name] or "" for name in ("company_name", "contact_email", "contact_title", "contact_name", "notes")}
        made(verbs.invite(session, actor, **fields, expires_at=_last_moment(fields, typed["expires_on"])))

    lead = "The portal makes a code and sends an email with the link. The form opens with company and email filled in."
    return Deed("Invite a partner", lead, "Send the invitation", "The invitation is on its way.", invite, asks)


def resending(one: Invitation) -> Deed:
    """Send the same code again, to a corrected address if need be."""
    return Deed(
        f"Send the invitation to {one.company_name} again",
        "The same code and link leave once more. Correct the address if it was wrong.",
        "Send again", "The invitation is sent again.",
        _on(one.code, lambda session, actor, found, typed: verbs.resend(session, actor, found, typed["contact_email"].strip())),
        (Ask("contact_email", "Email", "email", value=one.contact_email),),
    )  # fmt: skip


def extending(one: Invitation) -> Deed:
    """Give more time."""
    return Deed(
        f"Give {one.company_name} more time", "The code works until the end of that day, and an email tells the new date.",
        "Extend", "The invitation is extended.",
        _on(one.code, lambda session, actor, found, typed: verbs.extend(session, actor, found, end_of(typed["expires_on"]))),
        (Ask("expires_on", "Open until", "date", value=as_day(verbs.default_expiry())),),
    )  # fmt: skip


def revoking(one: Invitation) -> Deed:
    """Take the code back."""
    return Deed(
        f"Revoke the invitation of {one.company_name}",
        "The code opens nothing any more, even if the form was begun. No email is sent.",
        "Revoke", "The invitation is revoked.",
        _on(one.code, lambda session, actor, found, _: verbs.revoke(session, actor, found)), look="danger",
    )  # fmt: skip


def end_of(typed: str) -> datetime:
    """The last second of a day at the office, in UTC; Invalid if it is no day, or has passed."""
    day = loose.day(typed)
    if day is None:
        raise Invalid("The date cannot be read.", [Problem("expires_on", "Enter the last day on which the code works, like 31/12/2026.")])
    end = datetime.combine(day, time(23, 59, 59), OFFICE).astimezone(UTC)
    if end <= datetime.now(UTC):
        raise Invalid("The date has passed.", [Problem("expires_on", "Choose today or a later day.")])
    return end


def as_day(moment: datetime) -> str:
    """A moment's day at the office, as a date field takes it."""
    return moment.astimezone(OFFICE).date().isoformat()


def _last_moment(fields: dict[str, str], typed: str) -> datetime:
    """The expiry. What is wrong with it is said together with what is wrong with the other fields."""
    try:
        return end_of(typed)
    except Invalid as wrong:
        try:
            verbs.checked(**fields)
        except Invalid as others:
            raise Invalid(others.detail, [*others.problems, *wrong.problems]) from others
        raise


def _on(code: str, work: Callable[[Session, Actor, Invitation, Values], Any]) -> Work:
    """`work` with the invitation looked up afresh and locked: what the list shows may be old."""

    def locked(session: Session, actor: Actor, typed: dict[str, Any]) -> None:
        actor.must(Right.INVITE)
        found = session.exec(select(Invitation).where(Invitation.code == code).with_for_update()).first()
        if found is None:
            raise NotFound("There is no such invitation any more.")
        work(session, actor, found, typed)

    return locked
