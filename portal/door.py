"""Who is let in with a code: the one answer for the entrance, the form's pages, autosave and the partner's documents."""

from __future__ import annotations

from fastapi import Request
from sqlmodel import Session

from models import application as applications
from models.application import Application, ApplicationStatus
from models.errors import Forbidden, SignInNeeded
from models.invitation import Invitation, InvitationStatus, find
from models.settings import settings
from portal.auth import partner_code

CLOSED = "This code cannot be used. Check it against your invitation, or ask Saber Renewable Energy for a new one."


def let_in(session: Session, code: str) -> Invitation:
    """The invitation of a code that opens something; SignInNeeded, always in the same words, for every other.

    A used code still opens the application that used it, so that the same link follows it to the decision.
    """
    invitation = find(session, code) if code else None
    if invitation and invitation.state == InvitationStatus.ACTIVE:
        return invitation
    if invitation and invitation.state == InvitationStatus.USED and _was_sent(session, invitation.code):
        return invitation
    raise SignInNeeded(CLOSED)


def application_of(session: Session, code: str, *, lock: bool = False) -> Application:
    """The application that a code of this browser stands for now; SignInNeeded if the code no longer opens it (FACTS 64)."""
    found = applications.of_invitation(session, let_in(session, code).code, lock=lock)
    if found is None:
        raise SignInNeeded(CLOSED)
    return found


def holder(request: Request) -> str:
    """The code this browser holds; SignInNeeded if it holds none."""
    if code := partner_code(request):
        return code
    raise SignInNeeded("Enter your invitation code to go on.")


def same_site(request: Request) -> None:
    """Forbidden if another site's page sent this: the session cookie alone is no proof of the partner's will."""
    origin = request.headers.get("origin", "")
    if origin != settings().portal_url and (origin or request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")):
        raise Forbidden("This was sent from another site, so it was not accepted.")


def _was_sent(session: Session, code: str) -> bool:
    found = applications.of_invitation(session, code)
    return found is not None and found.state != ApplicationStatus.DRAFT
