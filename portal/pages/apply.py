"""The entrance to the form, and the addresses of its pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import FastAPI, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from models.application import of_invitation
from models.database import reading, transaction
from models.device import has_saved
from models.earlier import begin_with_what_is_known
from models.errors import SignInNeeded
from models.invitation import Invitation, note_opened
from models.language import _
from models.sheet import usual_minutes
from models.steps import STEPS, Step
from models.visit import Ended
from portal import presence, visiting
from portal.api.partner import admit, is_person, visitor
from portal.auth import refuse_other_sites
from portal.frame import NAME, page, plain_page
from portal.language import remember_choice
from portal.pages import apply_check, apply_colleagues, apply_device, apply_devices, apply_edition, apply_help, apply_renew
from portal.pages.apply_folder import Folder, folder_of, read_folder
from portal.pages.apply_step import StepPage
from portal.render import render
from portal.visits import colleague_id, forget_visitor, is_known, let_partner_in, visit, why_ended

REFUSED = "This code cannot be used. Check it against your invitation, or ask {name} for a new one."
#: Why somebody is let in no more on this device, where that is news to them.
OVER = {
    Ended.FROM_ELSEWHERE: "You were signed out on this device from another one. To go on here, open the link from your invitation or enter "
                          "its code.",
    Ended.BY_STAFF: "We have signed you out on all devices. To go on, open the link from your invitation or enter its code.",
}  # fmt: skip
SPAN = 60  # a code is 8 characters; whatever is much longer is no mistyped code


def install(app: FastAPI) -> None:
    """The entrance and what is posted stand on the API's app (FACTS 77), the pages among NiceGUI's."""
    app.add_api_route("/apply", entrance, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/apply", knock, methods=["POST"], include_in_schema=False)
    app.add_api_route("/apply/continue", go_on, methods=["GET"], include_in_schema=False)
    app.add_api_route("/apply/leave", leave, methods=["POST"], include_in_schema=False)
    app.add_api_route("/apply/submit", apply_check.send, methods=["POST"], include_in_schema=False)
    for part in (apply_check, apply_edition, apply_device, apply_devices, apply_colleagues, apply_help, apply_renew):
        part.install(app)

    for step in STEPS:
        _install_step(step)

    @page("/apply/check")
    async def check_page(request: Request, missing: bool = False) -> Response | None:
        return await _draw(request, "", lambda folder: apply_check.draw(folder, missing=missing))


def _install_step(step: Step) -> None:
    @page(f"/apply/{step.name}")
    async def step_page(request: Request, check: bool = False, after: str = "", back: bool = False) -> Response | None:
        return await _draw(request, step.name, lambda folder: StepPage(step, folder, check=check, back=back).draw(folder, after))


async def entrance(request: Request, code: str = "") -> Response:
    """With a code: in, and on to where the partner left off. Without: the page that asks for it."""
    if code:
        return await _enter(request, code, counts=is_person(request))
    if request.session.pop("refused", ""):
        return _page(error=_refused())
    here = await run_in_threadpool(_known_here, request)
    why = None if here else await run_in_threadpool(why_ended, request)
    return _page(here=here, over=_(OVER[why]) if why in OVER else "")


async def knock(request: Request, code: Annotated[str, Form()] = "") -> Response:
    """The form of the entrance; it works without JavaScript."""
    refuse_other_sites(request)
    if not code.strip():
        return _page(422, error=_("Enter the invitation code from your email."))
    return await _enter(request, code, counts=True)


def go_on(request: Request) -> Response:
    """Where this browser's partner left off."""
    return RedirectResponse(read_folder(admit(request, None)).next_place(), 303)


async def leave(request: Request) -> Response:
    """Forget who was let in on this device; what was saved stays in the portal."""
    refuse_other_sites(request)
    here = await run_in_threadpool(visit, request)
    await run_in_threadpool(forget_visitor, request)
    visiting.dismiss(here, presence.dismiss(here))
    return RedirectResponse("/apply", 303)


async def _enter(request: Request, code: str, *, counts: bool) -> Response:
    try:
        invitation = await run_in_threadpool(admit, request, code[:SPAN])
    except SignInNeeded:
        request.session["refused"] = "yes"
        return RedirectResponse("/apply", 303)
    if await run_in_threadpool(_is_guarded, request, invitation):
        return apply_device.knock(request, invitation)
    place = await run_in_threadpool(_begin, invitation, counts)
    await run_in_threadpool(remember_choice, request, invitation.code)
    await run_in_threadpool(let_partner_in, request, invitation)
    return RedirectResponse(place, 303)


def _is_guarded(request: Request, invitation: Invitation) -> bool:
    """Whether this device must show a mailed code: it is not known, and something is saved."""
    if is_known(request, invitation):
        return False
    with reading() as session:
        application = of_invitation(session, invitation.code)
        return application is not None and has_saved(session, application)


def _begin(invitation: Invitation, counts: bool) -> str:
    """Begin the application, or find where it was left; answers the address to go on at."""
    with transaction() as session:
        ours = session.get_one(Invitation, invitation.id, with_for_update=True)
        if counts:
            note_opened(session, ours)
        begin_with_what_is_known(session, ours)
        return folder_of(session, ours).next_place()


async def _draw(request: Request, step: str, draw: Callable[[Folder], None]) -> Response | None:
    """A page of the form for whoever is let in, a colleague at their own step alone; once it is sent, the status page instead."""
    try:
        who = await run_in_threadpool(visitor, request)
    except SignInNeeded:
        if not colleague_id(request):
            raise
        return RedirectResponse("/apply/help", 303)  # which says why their link has ended
    if who.step and who.step != step:
        return RedirectResponse(f"/apply/{who.step}", 303)
    folder = await run_in_threadpool(read_folder, who.invitation, who)
    if not folder.application.open_to_partner:
        return RedirectResponse("/apply/status", 303)
    draw(folder)
    return None


def _known_here(request: Request) -> dict[str, str]:
    """Who may go on in this browser: the company, and for a colleague the step that they help with."""
    try:
        found = visitor(request)
    except SignInNeeded:
        return {}
    step = _(found.colleague.helps_with.title) if found.colleague else ""
    return {"company": found.invitation.company_name, "step": step, "place": f"/apply/{found.step or 'continue'}"}


def _refused() -> str:
    return _(REFUSED).format(name=NAME)


def _page(status: int = 200, *, error: str = "", here: dict[str, str] | None = None, over: str = "") -> Response:
    title = _("Apply to become a partner")
    body = render("apply_entrance.html", name=NAME, error=error, minutes=usual_minutes(), here=here, over=over)
    shown = plain_page(_("Error: {title}").format(title=title) if error else title, body, scripts=("entrance.js",), kind="entrance")
    return HTMLResponse(shown, status)
