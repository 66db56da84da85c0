"""Who asks as a partner: whoever holds an invitation code, in the request or in the session of the form's page."""

from __future__ import annotations

import re

from fastapi import Request
from sqlmodel import Session

from models.application import Application, begin, of_invitation
from models.database import reading
from models.errors import Forbidden, SignInNeeded
from models.invitation import Invitation, InvitationStatus, find, normal_code
from models.settings import settings
from portal.auth import partner_code
from portal.limits import count_failure, refuse_guesser

REFUSED = "Invalid or expired invitation code"


def admit(request: Request, given: str | None) -> Invitation:
    """The invitation that lets this request in; SignInNeeded, in the same words for unknown, revoked and expired codes.

    `given` is the code in the request, None or empty for the one in the browser's session. A used code still opens the
    application that was sent with it: what may be changed there is for the verbs to say.
    """
    if given:
        return _by_code(request, given)
    if request.method == "POST":
        _refuse_other_sites(request)
    if not (code := partner_code(request)):
        raise SignInNeeded("Send your invitation code, or open the portal by the link in your invitation.")
    if found := opened_by(code):
        return found
    raise SignInNeeded(REFUSED)


def usable(request: Request, code: str) -> Invitation | None:
    """The invitation if an application can be begun with it; a code that cannot is counted against the address that sent it."""
    refuse_guesser(request)
    found = opened_by(code)
    if found is not None and found.state == InvitationStatus.ACTIVE:
        return found
    count_failure(request)
    return None


def application_of(session: Session, invitation: Invitation) -> Application:
    """The invitation's application, begun if there is none yet, and locked until the transaction ends."""
    found = of_invitation(session, invitation.code, lock=True)
    if found:
        return found
    # Two first requests at once wait for each other here, and the second finds what the first began.
    return begin(session, session.get_one(Invitation, invitation.id, with_for_update={"key_share": True}))


def _by_code(request: Request, code: str) -> Invitation:
    refuse_guesser(request)
    if found := opened_by(code):
        return found
    count_failure(request)
    raise SignInNeeded(REFUSED)


def opened_by(code: str) -> Invitation | None:
    """The invitation of a code that opens something, be it only the application that used it. An open page asks this anew."""
    if not re.fullmatch(r"[0-9A-Z]{1,20}", normal_code(code)):
        return None
    with reading() as session:
        found = find(session, code)
        if found is None or found.state == InvitationStatus.ACTIVE:
            return found
        sent = of_invitation(session, found.code) if found.state == InvitationStatus.USED else None
        return found if sent is not None and sent.submitted_at is not None else None


def _refuse_other_sites(request: Request) -> None:
    """A browser sends the session's cookie by itself, so a change must come from a page of ours; browsers say where from."""
    origin = request.headers.get("origin") or ("" if request.headers.get("sec-fetch-site", "same-origin") == "same-origin" else "elsewhere")
    if origin not in ("", settings().portal_url):
        raise Forbidden("This was sent from another site, so it was not accepted. Open the portal and try again.")
