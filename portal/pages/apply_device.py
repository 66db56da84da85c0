"""A new device: what was saved is shown there once a code that was mailed to the contact is entered. It works without JavaScript."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup

from models.application import Application, of_invitation
from models.confirmation import LIFE, TRIES, Confirmation, Outcome
from models.database import now, reading, transaction
from models.device import addresses, ask_device_code, asked_code, enter_device_code, is_among, masked
from models.errors import Refused, SignInNeeded, TooMany
from models.invitation import Invitation, is_correctable
from models.language import _, ngettext
from models.settings import settings
from portal.api.partner import opened_by
from portal.auth import KNOCKING, opened, refuse_other_sites, sealed
from portal.frame import plain_page
from portal.language import remember_choice
from portal.limits import count_failure, refuse_guesser
from portal.pages.apply_folder import read_folder
from portal.pages.apply_help import door_css
from portal.render import render
from portal.visits import let_partner_in

HERE = "/apply/device"
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Door:
    """Who knocks on this device: with which invitation, where a code may go, and the code that it has asked for last.

    `can_correct` says that staff may correct the invited address.
    """

    invitation: Invitation
    can_correct: bool
    addresses: list[str]
    asked: Confirmation | None

    @property
    def open_code(self) -> Confirmation | None:
        """The code that may still be entered."""
        return self.asked if self.asked and self.asked.live and self.asked.left and not self.asked.confirmed_at else None


def install(app: FastAPI) -> None:
    """Plain routes: an entrance must not need a script."""
    app.add_api_route(HERE, show, methods=["GET"], include_in_schema=False)
    app.add_api_route(HERE, enter, methods=["POST"], include_in_schema=False)
    app.add_api_route(f"{HERE}/code", send, methods=["POST"], include_in_schema=False)


def knock(request: Request, invitation: Invitation) -> Response:
    """Send a device that is not known to the page that asks for a code. No mail leaves by itself: programs open links, too."""
    request.session[KNOCKING] = sealed({"code": invitation.code, "asked": _asked(request, invitation.code)})
    return RedirectResponse(HERE, 303)


def show(request: Request) -> Response:
    """Where a code can be sent, or the box for the one that was."""
    door = _door(request)
    return _page(door, _ended(door)) if door else RedirectResponse("/apply", 303)


def send(request: Request, to: Annotated[int, Form()] = 0) -> Response:
    """Mail a new code."""
    refuse_other_sites(request)
    code = _code(request)
    try:
        with transaction() as session:
            invitation, application = _knocker(code), of_invitation(session, code, lock=True)
            made = ask_device_code(session, _begun(application), invitation, to)
    except SignInNeeded:
        return RedirectResponse("/apply", 303)
    except TooMany:
        return _refusal(request, _("Six codes were sent within an hour, and there are no more for now. Wait an hour, then ask again."), 429)
    request.session[KNOCKING] = sealed({"code": code, "asked": made.id})
    return RedirectResponse(HERE, 303)


def enter(request: Request, digits: Annotated[str, Form(max_length=40)] = "") -> Response:
    """The code from the mail. A wrong one counts, for this code and for the address that sends it."""
    refuse_other_sites(request)
    code = _code(request)
    if not digits.strip():
        return _refusal(request, _("Enter the 6 digits from the email."), 422)
    try:
        refuse_guesser(request)
        invitation = _knocker(code)
        with transaction() as session:  # it commits in any case: a wrong try counts
            outcome = enter_device_code(session, _begun(of_invitation(session, code, lock=True)), _asked(request, code), digits)
    except SignInNeeded:
        return RedirectResponse("/apply", 303)
    except Refused as error:
        return _refusal(request, error.detail, error.status)
    if outcome != Outcome.RIGHT:
        return _wrong(request, outcome)
    remember_choice(request, code)
    let_partner_in(request, invitation)
    return RedirectResponse(read_folder(invitation).next_place(), 303)


def _wrong(request: Request, outcome: Outcome) -> Response:
    if outcome == Outcome.WRONG:
        count_failure(request)
    door = _door(request)
    left = door.asked.left if door and door.asked else 0
    wrong = ngettext(
        "This is not the code. You can try {number} more time.", "This is not the code. You can try {number} more times.", left
    ).format(number=left)
    return _refusal(request, wrong if outcome == Outcome.WRONG else _words(outcome), 422)


def _words(outcome: Outcome) -> str:
    if outcome == Outcome.SPENT:
        return _("This code cannot be tried any more. Send a new one.")
    return _("This code has run out: a code works for {minutes} minutes. Send a new one.").format(minutes=LIFE // MINUTE)


def _ended(door: Door) -> str:
    """What to say of a code that ended while the page was away."""
    if door.asked is None or door.open_code:
        return ""
    return _words(Outcome.SPENT if door.asked.live else Outcome.RUN_OUT)


def _refusal(request: Request, error: str, status: int) -> Response:
    door = _door(request)
    return _page(door, error, status) if door else RedirectResponse("/apply", 303)


def _door(request: Request) -> Door | None:
    """Who knocks; None if nobody does, or if the invitation opens nothing any more."""
    invitation = opened_by(code) if (code := _code(request)) else None
    if invitation is None:
        return None
    with reading() as session:
        application = of_invitation(session, code)
        if application is None:
            return None
        known, asked = addresses(session, application, invitation), asked_code(session, application, _asked(request, code))
        asked = asked if asked and is_among(known, asked.email) else None  # the address has been corrected since
        return Door(invitation, is_correctable(invitation, application), known, asked)


def _knocker(code: str) -> Invitation:
    if found := opened_by(code):
        return found
    raise SignInNeeded(_("Enter your invitation code to begin."))


def _begun(application: Application | None) -> Application:
    if application is None:
        raise SignInNeeded(_("Enter your invitation code to begin."))
    return application


def _code(request: Request) -> str:
    return str(_knocking(request).get("code", ""))


def _asked(request: Request, code: str) -> int:
    """The id of the code that this device asked for, with this invitation."""
    return int(_knocking(request).get("asked", 0)) if _code(request) == code else 0


def _knocking(request: Request) -> dict[str, Any]:
    return opened(str(request.session.get(KNOCKING, "")))


def _page(door: Door, error: str = "", status: int = 200) -> Response:
    waits = door.open_code
    body = render(
        "apply_device.html", error=error, waits=waits, to=_shown(waits.email) if waits else "", minutes=_minutes(waits),
        life=LIFE // MINUTE, tries=TRIES, addresses=[_shown(one) for one in door.addresses], office=mail_link(settings().mail_operations),
        can_correct=door.can_correct,
    )  # fmt: skip
    title = _("Enter the code from your email") if waits else _("Confirm that it is you")
    title = _("Error: {title}").format(title=title) if error else title
    return HTMLResponse(plain_page(title, body, scripts=("entrance.js",), more=door_css(), kind="narrow"), status)


def mail_link(address: str) -> Markup:
    """An address to write to; it reads from left to right in every language."""
    return Markup('<a href="mailto:{0}"><bdi dir="ltr">{0}</bdi></a>').format(address)


def _shown(address: str) -> Markup:
    return Markup('<bdi dir="ltr">{}</bdi>').format(masked(address))


def _minutes(waits: Confirmation | None) -> int:
    """How many minutes the code still works, begun ones counted: at once as many as its mail says."""
    return max(1, -((now() - waits.asked_at - LIFE) // MINUTE)) if waits else 0
