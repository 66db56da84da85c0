"""Who asks as a partner: whoever holds an invitation code, in the request or in the session of the form's page."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from fastapi import Request
from sqlmodel import Session, col, select

from models.application import OPEN_TO_PARTNER, Application, ApplicationStatus, begin, of_invitation
from models.colleague import Colleague, ended_words, note_seen
from models.database import reading, transaction
from models.errors import Forbidden, SignInNeeded
from models.invitation import Invitation, InvitationStatus, find, normal_code
from models.language import _
from models.visit import cut_off
from portal.auth import refuse_other_sites
from portal.limits import count_failure, refuse_guesser
from portal.visits import inside

#: Programs that fetch a link for its preview. Nobody has opened anything then.
PREVIEWS = re.compile(r"bot\b|preview|facebookexternalhit|whatsapp|slack|skype|teams|ms-office|outlook", re.IGNORECASE)
REFUSED = "Invalid or expired invitation code"


@dataclass(frozen=True)
class Visitor:
    """Whoever is at the form: the partner, or a colleague who helps with one step. `visit` is empty for whoever brings the code along."""

    invitation: Invitation
    colleague: Colleague | None = None
    visit: str = ""

    @property
    def step(self) -> str:
        """The one step that a colleague helps with; empty for the partner, who may do everything."""
        return self.colleague.step if self.colleague else ""

    @property
    def name(self) -> str:
        """How others on the same application see them."""
        return self.colleague.name if self.colleague else self.invitation.contact_name or self.invitation.company_name


def visitor(request: Request, given: str | None = None) -> Visitor:
    """Who sends this, a partner or a colleague; SignInNeeded if nobody who is let in. What they may change, `must_reach` decides.

    `given` is an invitation code in the request, None or empty for whom the browser's session knows.
    """
    if given:
        return Visitor(_by_code(request, given))
    if request.method == "POST":
        refuse_other_sites(request)
    who = inside(request)
    if who is None:
        raise SignInNeeded(_("Send your invitation code, or open the portal by the link in your invitation."))
    if who.colleague:
        return replace(helper(who.colleague), visit=who.visit)
    if found := opened_by(who.code):
        return Visitor(found, visit=who.visit)
    raise SignInNeeded(_(REFUSED))


def still_inside(who: Visitor) -> None:
    """SignInNeeded once whoever has a page open is let in no more; an open page asks this before each change (FACTS 64)."""
    with reading() as session:
        if who.visit and cut_off(session, [who.visit]):
            raise SignInNeeded(_("You have been signed out on this device. Enter your code, or open the link from your email again."))
    if who.colleague:
        helper(who.colleague.public_id)
    elif opened_by(who.invitation.code) is None:
        raise SignInNeeded(_(REFUSED))


def admit(request: Request, given: str | None) -> Invitation:
    """The invitation that lets this request in; SignInNeeded, in the same words for unknown, revoked and expired codes.

    For what only the partner may do: Forbidden for a colleague. A used code still opens the application that was sent with it: what
    may be changed there is for the verbs to say.
    """
    found = visitor(request, given)
    if found.colleague:
        raise Forbidden(_("You were asked to help with one step. Only the person who asked you can do this."))
    return found.invitation


def helper(public_id: str) -> Visitor:
    """The colleague with this id; SignInNeeded, with the reason, once their link has ended. An open page asks this anew."""
    with reading() as session:
        wanted = select(Colleague, Invitation, Application.status).where(Colleague.public_id == public_id)
        wanted = wanted.join(Application, col(Application.id) == col(Colleague.application_id))
        found = session.exec(wanted.join(Invitation, col(Invitation.code) == col(Application.invitation_code))).first()
    if found is None:
        raise SignInNeeded(_("This link opens nothing any more. Ask the person who sent it to you."))
    colleague, invitation, status = found
    usable = invitation.state in (InvitationStatus.ACTIVE, InvitationStatus.USED)
    if not colleague.live or not usable or ApplicationStatus(status) not in OPEN_TO_PARTNER:
        raise SignInNeeded(ended_words(colleague))
    if colleague.is_back:
        with transaction() as session:
            note_seen(session, session.get_one(Colleague, colleague.id))
    return Visitor(invitation, colleague)


def is_person(request: Request) -> bool:
    """Whether somebody opened the link: not a HEAD, not a prefetch, not a program that looks at links."""
    ahead = request.headers.get("sec-purpose", "") + request.headers.get("purpose", "") + request.headers.get("x-moz", "")
    navigates = request.headers.get("sec-fetch-mode", "navigate") == "navigate"
    return request.method == "GET" and navigates and not ahead and not PREVIEWS.search(request.headers.get("user-agent", ""))


def usable(request: Request, code: str) -> Invitation | None:
    """The invitation if an application can be begun with it; a code that cannot is counted against the address that sent it.

    Whether that address has guessed too often already is for the caller to ask (limits.refuse_guesser).
    """
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
    raise SignInNeeded(_(REFUSED))


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
