"""What somebody of the staff wrote into the review columns of an application's item in SharePoint, done by the very verbs of the desk.

All of it, or nothing: what the verbs refuse (the right, the order of a review, who decides is not who reviewed) is shown as a conflict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import SHAREPOINT_STATUS, Application, ApplicationStatus
from models.errors import Conflict, Forbidden
from models.event import record
from models.language import _
from models.list_item import Subject, write_anew
from models.list_trouble import ListTrouble, conflict_of
from models.note import add_note
from models.person import ACTIVE, Actor, Right, Role, SignIn, User
from models.review import approve, reject, start_review

#: A line of the notes that begins so is what the partner of a rejected application reads. Nothing else written there is for them.
REASON = "reason:"


def staff_with(session: Session, email: str) -> Actor | None:
    """The one member of staff with this address, with the roles they signed in with last; None where the account is not active."""
    found = [] if not email else session.exec(select(User).where(sa.func.lower(User.email) == email.lower(), User.status == ACTIVE)).all()
    if len(found) != 1:
        return None
    newest = select(SignIn.roles).where(SignIn.user_id == found[0].id).order_by(col(SignIn.id).desc()).limit(1)
    roles = session.exec(newest).first() or []
    held = frozenset(Role(role) for role in roles if role in list(Role))
    return Actor(name=found[0].name, kind="staff", roles=held, user_id=found[0].id, email=found[0].email)


def follow_edit(session: Session, by: str, application: Application, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Actor:
    """Do what whoever has the address `by` said in SharePoint, and answer who it is; `Refused` says why not.

    `theirs` are the columns that they edited, `ours` what the portal says in them. The application's row must be locked.
    """
    actor = staff_with(session, by)
    if actor is None:
        raise Forbidden(_("Whoever edited it is not known to have an active account in the portal."))
    if str(theirs.get("ReviewedByEmail", actor.email)).lower() != actor.email.lower():
        raise Conflict(_("Who reviewed is what happened in the portal. It cannot be entered for somebody else."))
    words, reason = _added(theirs, ours)
    if words:
        add_note(session, actor, application, words)
    if "Status" in theirs:
        _decide(session, actor, application, str(theirs["Status"] or ""), reason)
    record(session, "sharepoint.followed", actor, application_id=application.id, column=", ".join(sorted(theirs)), by=actor.name)
    return actor


def keep_ours(session: Session, actor: Actor, application: Application) -> None:
    """What the portal says is written over what somebody wrote in SharePoint and the portal did not follow. Conflict if that is over."""
    actor.must(Right.OPERATE)
    found = conflict_of(session, application.id)
    if found is None:
        raise Conflict(_("This is settled: SharePoint and the portal say the same, or somebody has kept ours."))
    write_anew(session, Subject(application_id=application.id), found.theirs)
    columns = ", ".join(sorted(found.theirs))
    record(session, "sharepoint.ours_kept", actor, application_id=application.id, column=columns, theirs=shown(found))
    session.delete(found)


def shown(found: ListTrouble) -> str:
    """What stands in the columns, for a person."""
    return "\n".join(f"{name}: {value}" for name, value in sorted(found.theirs.items()))


def _decide(session: Session, actor: Actor, application: Application, status: str, reason: str) -> None:
    if status == SHAREPOINT_STATUS[ApplicationStatus.APPROVED]:
        approve(session, actor, application)
    elif status == SHAREPOINT_STATUS[ApplicationStatus.REJECTED]:
        _must_have_a_reason(reason)
        reject(session, actor, application, reason)
    elif status == SHAREPOINT_STATUS[ApplicationStatus.UNDER_REVIEW] and application.state == ApplicationStatus.SUBMITTED:
        start_review(session, actor, application)
    else:
        said = _("This status cannot be set in SharePoint now. Status of the application: {status}.")
        raise Conflict(said.format(status=_(application.state.label)))


def _must_have_a_reason(reason: str) -> None:
    if not reason:
        raise Conflict(_("A rejection needs a reason that the partner reads: a line in ReviewNotes that begins with “Reason:”."))


def _added(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> tuple[str, str]:
    """The lines that they added to our notes: what is for the staff, and the reason for the partner."""
    if "ReviewNotes" not in theirs:
        return "", ""
    before = {line.strip() for line in str(ours.get("ReviewNotes") or "").splitlines()}
    added = [line.strip() for line in str(theirs["ReviewNotes"] or "").splitlines() if line.strip() and line.strip() not in before]
    if not added:
        raise Conflict(_("The notes were shortened in SharePoint. They tell what stands in the portal: change it there."))
    reasons = [line[len(REASON) :].strip() for line in added if line.lower().startswith(REASON)]
    return "\n".join(line for line in added if not line.lower().startswith(REASON)), "\n".join(reasons)
