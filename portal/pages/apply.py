"""The entrance to the form, and the addresses of its pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from fastapi import FastAPI, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from nicegui import ui

from models.application import begin
from models.database import reading, transaction
from models.errors import Forbidden, SignInNeeded
from models.invitation import Invitation, InvitationStatus, find, note_opened
from models.settings import settings
from models.steps import STEPS, Step
from portal import autosave
from portal.api.partner import admit
from portal.auth import PARTNER, partner_code, remember_partner
from portal.frame import NAME, THEME_BUTTON, brand, head, static_url
from portal.pages import apply_check, apply_documents
from portal.pages.apply_folder import Folder, folder_of, read_folder
from portal.pages.apply_step import StepPage
from portal.render import render

REFUSED = f"This code cannot be used. Check it against your invitation, or ask {NAME} for a new one."
SPAN = 60  # a code is 8 characters; whatever is much longer is no mistyped code
#: Programs that fetch a link for its preview. Nobody has opened anything then.
PREVIEWS = re.compile(r"bot\b|preview|facebookexternalhit|whatsapp|slack|skype|teams|ms-office|outlook", re.IGNORECASE)


def install(app: FastAPI) -> None:
    """The entrance and what is posted stand on the API's app (FACTS 77), the pages among NiceGUI's."""
    app.add_api_route("/apply", entrance, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/apply", knock, methods=["POST"], include_in_schema=False)
    app.add_api_route("/apply/continue", go_on, methods=["GET"], include_in_schema=False)
    app.add_api_route("/apply/leave", leave, methods=["POST"], include_in_schema=False)
    app.add_api_route("/apply/submit", apply_check.send, methods=["POST"], include_in_schema=False)
    autosave.install(app)
    apply_documents.install(app)

    for step in STEPS:
        _install_step(step)

    @ui.page("/apply/check", response_timeout=20)
    async def check_page(request: Request, missing: bool = False) -> Response | None:
        return await _draw(request, lambda folder: apply_check.draw(folder, missing=missing))


def _install_step(step: Step) -> None:
    @ui.page(f"/apply/{step.name}", response_timeout=20)
    async def step_page(request: Request, check: bool = False) -> Response | None:
        return await _draw(request, lambda folder: StepPage(step, folder, check=check).draw())


async def entrance(request: Request, code: str = "") -> Response:
    """With a code: in, and on to where the partner left off. Without: the page that asks for it."""
    if code:
        return await _enter(request, code, counts=_is_person(request))
    if request.session.pop("refused", ""):
        return HTMLResponse(_page(error=REFUSED))
    return HTMLResponse(_page(going_on=await run_in_threadpool(_company, partner_code(request))))


async def knock(request: Request, code: Annotated[str, Form()] = "") -> Response:
    """The form of the entrance; it works without JavaScript."""
    _from_here(request)
    if not code.strip():
        return HTMLResponse(_page(error="Enter the invitation code from your email."), 422)
    return await _enter(request, code, counts=True)


def go_on(request: Request) -> Response:
    """Where this browser's partner left off."""
    return RedirectResponse(read_folder(admit(request, None)).next_place(), 303)


async def leave(request: Request) -> Response:
    """Forget the code on this device; what was saved stays in the portal."""
    _from_here(request)
    request.session.pop(PARTNER, None)
    return RedirectResponse("/apply", 303)


async def _enter(request: Request, code: str, *, counts: bool) -> Response:
    try:
        invitation = await run_in_threadpool(admit, request, code[:SPAN])
    except SignInNeeded:
        request.session["refused"] = "yes"
        return RedirectResponse("/apply", 303)
    place = await run_in_threadpool(_begin, invitation, counts)
    remember_partner(request, invitation.code)
    return RedirectResponse(place, 303)


def _begin(invitation: Invitation, counts: bool) -> str:
    """Begin the application, or find where it was left; answers the address to go on at."""
    with transaction() as session:
        ours = session.get_one(Invitation, invitation.id, with_for_update=True)
        if counts:
            note_opened(session, ours)
        begin(session, ours)
        return folder_of(session, ours).next_place()


async def _draw(request: Request, draw: Callable[[Folder], None]) -> Response | None:
    """A page of the form for whoever holds a code; once the application is sent, the status page instead."""
    invitation = await run_in_threadpool(admit, request, None)
    folder = await run_in_threadpool(read_folder, invitation)
    if not folder.application.open_to_partner:
        return RedirectResponse("/apply/status", 303)
    draw(folder)
    return None


def _company(code: str) -> str:
    """The company that this browser's code stands for, if it still opens something."""
    with reading() as session:
        invitation = find(session, code) if code else None
        open_ = invitation and invitation.state in (InvitationStatus.ACTIVE, InvitationStatus.USED)
        return invitation.company_name if invitation and open_ else ""


def _is_person(request: Request) -> bool:
    """Whether somebody opened the link: not a HEAD, not a prefetch, not a program that looks at links."""
    ahead = request.headers.get("sec-purpose", "") + request.headers.get("purpose", "") + request.headers.get("x-moz", "")
    navigates = request.headers.get("sec-fetch-mode", "navigate") == "navigate"
    return request.method == "GET" and navigates and not ahead and not PREVIEWS.search(request.headers.get("user-agent", ""))


def _from_here(request: Request) -> None:
    """Forbidden if another site's page sent this: it must not put its own code into somebody's browser."""
    if request.headers.get("origin", settings().portal_url) != settings().portal_url:
        raise Forbidden("This was sent from another site, so it was not accepted. Open the portal and try again.")


def _page(*, error: str = "", going_on: str = "") -> str:
    return render("apply_entrance.html", name=NAME, head=head(), brand=brand("/apply"), theme=THEME_BUTTON, css=static_url("form.css"),
                  script=static_url("entrance.js"), error=error, going_on=going_on)  # fmt: skip
