"""Where a partner is signed in, and signing those browsers out from here. It works without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from models.database import now, reading, transaction
from models.errors import NotFound
from models.invitation import Invitation
from models.language import _, ngettext, shown_number
from models.visit import end_elsewhere, end_one, visits
from portal import visiting
from portal.api.partner import admit
from portal.browsers import shown_browser
from portal.frame import plain_page
from portal.pages.apply_help import door_css
from portal.render import render
from portal.visits import visit

HERE = "/apply/devices"
TOLD = "told_device"  # in the session: what has just been done


def install(app: FastAPI) -> None:
    """Plain routes: a list with a button beside each device, and one for all others."""
    app.add_api_route(HERE, show, methods=["GET"], include_in_schema=False)
    app.add_api_route(f"{HERE}/end", end, methods=["POST"], include_in_schema=False)
    app.add_api_route(f"{HERE}/others", end_others, methods=["POST"], include_in_schema=False)


def show(request: Request) -> Response:
    """The list; what has just been done is said once."""
    invitation = admit(request, None)
    with reading() as session:
        found = visits(session, invitation)
    here = visit(request)
    mine = [one for one in found if one.public_id == here]
    body = render(
        "apply_devices.html", here=here, visits=[*mine, *(one for one in found if one not in mine)], browser=shown_browser, seen_at=now(),
        told=str(request.session.pop(TOLD, "")), company=invitation.company_name,
    )  # fmt: skip
    return HTMLResponse(plain_page(_("Where you are signed in"), body, more=door_css(), scripts=("partner.js",), kind="narrow"))


def end(request: Request, device: Annotated[str, Form(max_length=100)] = "") -> Response:
    """Sign another device out; one that is out already is said to be so, as two clicks are one wish."""
    try:
        _change(request, lambda session, invitation: end_one(session, invitation, device))
    except NotFound:
        return _back(request, _("That device was signed out already."))
    return _back(request, _("That device is signed out. What was saved there is kept."))


def end_others(request: Request) -> Response:
    """Sign all others out."""
    here = visit(request)
    ended = _change(request, lambda session, invitation: end_elsewhere(session, invitation, here)) or 0
    said = ngettext("{number} other device is signed out.", "{number} other devices are signed out.", ended)
    return _back(request, said.format(number=shown_number(ended)) if ended else _("You are signed in on this device alone."))


def _change(request: Request, work: Callable[[Session, Invitation], int | None]) -> int | None:
    invitation = admit(request, None)
    with transaction() as session:
        done = work(session, session.get_one(Invitation, invitation.id))
    visiting.look_now()
    return done


def _back(request: Request, told: str) -> Response:
    request.session[TOLD] = told
    return RedirectResponse(HERE, 303)
