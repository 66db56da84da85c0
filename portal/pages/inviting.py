"""What can be done with an invitation: make one, send it again, give more time, take it back; each as a dialog that says what follows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlmodel import Session, select

from models import invitation as verbs
from models import loose
from models.already import invite_anew
from models.application import of_invitation
from models.contacts import correct_address
from models.errors import Invalid, NotFound, Problem
from models.invitation import TITLES, Invitation, InvitationStatus
from models.language import ENGLISH, LANGUAGES, _, ngettext, shown_number
from models.person import Actor, Right
from models.reminder import remind
from models.revocation import restore
from models.settings import settings
from models.visit import end_all
from portal.controls import Ask, Deed, Values
from portal.words import OFFICE, own

Work = Callable[[Session, Actor, dict[str, Any]], Any]
LONGEST = timedelta(days=366)


def inviting(made: Callable[[Invitation], None], known: Callable[[], Collection[str]]) -> Deed:
    """Invite a partner; `made` hears of the invitation before it is committed.

    An address that is invited already is told of, and invited anyway once `known` names the codes of what stands for it.
    """

    def invite(session: Session, actor: Actor, typed: Values) -> None:
        fields = {name: typed[name] or "" for name in ("company_name", "contact_email", "contact_title", "contact_name", "notes")}
        until = _last_moment(fields, typed["expires_on"])
        language = typed["language"] or ENGLISH.code
        made(invite_anew(session, actor, known=known(), **fields, expires_at=until, language=language))

    lead = _("The portal makes a code and sends an email with the link. The form opens with company and email filled in.")
    return Deed(_("Invite a partner"), lead, _("Send the invitation"), _("The invitation is on its way."), invite, _asked())


def _asked() -> tuple[Ask, ...]:
    days = settings().invitation_days
    until = ngettext("{count} day unless you change it.", "{count} days unless you change it.", days).format(count=shown_number(days))
    languages, titles = {one.code: one.name for one in LANGUAGES.values()}, {title: _(title) for title in TITLES}
    return (
        Ask("company_name", _("Company")), Ask("contact_email", _("Email"), "email", _("The invitation goes to this address.")),
        Ask("contact_title", _("Title"), "choice", options=titles, optional=True, half=True),
        Ask("contact_name", _("Contact name"), optional=True, half=True),
        Ask("language", _("Partner's language"), "choice", _("The partner can choose another in the form."), ENGLISH.code, languages,
            half=True),
        Ask("expires_on", _("Open until"), "date", until, half=True),
        Ask("notes", _("Notes"), "long", _("Only staff see them."), optional=True),
    )  # fmt: skip


def resending(one: Invitation) -> Deed:
    """Send the same code again, to a corrected address if need be."""
    return Deed(
        _("Send the invitation again: {company}").format(company=own(one.company_name)),
        _("The same code and link leave once more. If nobody reads the address any more, correct it: codes sent to the old one then end."),
        _("Send again"), _("The invitation is sent again."),
        _on(one.code, _resend),
        (Ask("contact_email", _("Email"), "email", value=one.contact_email),),
    )  # fmt: skip


def _resend(session: Session, actor: Actor, found: Invitation, typed: Values) -> None:
    verbs.resend(session, actor, found, typed["contact_email"].strip(), of_invitation(session, found.code))


def correcting(one: Invitation) -> Deed:
    """Another address in the place of the invitation's, and why; the same code leaves for it, or once it is used what we wait for."""
    used = one.state == InvitationStatus.USED
    lead = _("All emails to the partner go to the new address from now on. What we are waiting for from them is asked there again. "
             "Codes sent to {address} then end.") if used else _(
        "The invitation’s email goes to the new address, with the same code and link. Codes sent to {address} then end.")  # fmt: skip
    said = _("The address is corrected.") if used else _("The address is corrected, and the invitation is sent again.")
    return Deed(
        _("Correct the address: {company}").format(company=own(one.company_name)),
        lead.format(address=own(one.contact_email)), _("Correct") if used else _("Correct and send"), said,
        _on(one.code, lambda session, actor, found, typed: correct_address(session, actor, found, typed["contact_email"], typed["reason"])),
        (Ask("contact_email", _("Email"), "email", value=one.contact_email),
         Ask("reason", _("Reason"), "long", _("It stands in the audit log."))),
    )  # fmt: skip


def extending(one: Invitation) -> Deed:
    """Give more time."""
    return Deed(
        _("Give more time: {company}").format(company=own(one.company_name)),
        _("The code works until the end of that day, and an email tells the new date."),
        _("Extend"), _("The invitation is extended."),
        _on(one.code, lambda session, actor, found, typed: verbs.extend(session, actor, found, end_of(typed["expires_on"]))),
        (Ask("expires_on", _("Open until"), "date", value=as_day(verbs.default_expiry())),),
    )  # fmt: skip


def revoking(one: Invitation) -> Deed:
    """Take the code back."""
    return Deed(
        _("Revoke the invitation: {company}").format(company=own(one.company_name)),
        _("The code opens nothing any more, even if the form was begun. No email is sent. For ten minutes you can take this back."),
        _("Revoke"), _("The invitation is revoked."),
        _on(one.code, lambda session, actor, found, __: verbs.revoke(session, actor, found)), look="danger",
    )  # fmt: skip


def signing_out(one: Invitation) -> Deed:
    """End the visits of the partner and of all colleagues."""
    return Deed(
        _("Sign the partner out: {company}").format(company=own(one.company_name)),
        _("The partner and every colleague who helps are signed out on all devices at once. What was saved stays, and so does the "
          "invitation: its link lets them in again, with a code by email once something is saved."),
        _("Sign out"), _("The partner is signed out on all devices."),
        _on(one.code, lambda session, actor, found, __: end_all(session, actor, found)), look="danger",
    )  # fmt: skip


def reminding(one: Invitation) -> Deed:
    """Remind a partner who has begun."""
    return Deed(
        _("Remind the partner: {company}").format(company=own(one.company_name)),
        _("An email in the partner’s language says which step they are at and how long the rest takes, with the link. "
          "It goes to {address}, and to nobody more than once in three days.").format(address=own(one.contact_email)),
        _("Send the reminder"), _("The reminder is on its way."),
        _on(one.code, lambda session, actor, found, __: remind(session, actor, found)),
    )  # fmt: skip


def remind_one(session: Session, actor: Actor, code: str) -> None:
    """Remind the partner with this code; the errors are those of `remind`, NotFound if there is none."""
    _on(code, lambda session, actor, found, __: remind(session, actor, found))(session, actor, {})


def restore_one(session: Session, actor: Actor, code: str) -> None:
    """Take the revocation of this code back; the errors are those of `restore`, NotFound if there is none."""
    _on(code, lambda session, actor, found, __: restore(session, actor, found))(session, actor, {})


def end_of(typed: str) -> datetime:
    """The last second of a day at the office, in UTC; Invalid if it is no day, has passed, or is too far away."""
    day = loose.day(typed)
    if day is None:
        raise _wrong(_("The date cannot be read."), _("Enter the last day on which the code works, like 31/12/2026."))
    end = datetime.combine(day, time(23, 59, 59), OFFICE).astimezone(UTC)
    if end <= datetime.now(UTC):
        raise _wrong(_("The date has passed."), _("Choose today or a later day."))
    if end > datetime.now(UTC) + LONGEST:
        raise _wrong(_("The date is too far away."), _("Choose a day within a year: an open code is a key that somebody holds."))
    return end


def _wrong(what: str, remedy: str) -> Invalid:
    return Invalid(what, [Problem("expires_on", remedy)])


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
            raise NotFound(_("There is no such invitation any more."))
        work(session, actor, found, typed)

    return locked
