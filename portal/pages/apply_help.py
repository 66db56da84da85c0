"""A colleague who was asked to help: their link is exchanged for a session, they see one step, and say when they are done."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from models.colleague import Colleague, by_token, note_seen, say_done
from models.database import reading, transaction
from models.errors import SignInNeeded
from models.language import _
from portal.api.partner import Visitor, helper, is_person, visitor
from portal.frame import plain_page, static_url
from portal.limits import count_failure, refuse_guesser
from portal.render import render
from portal.visits import colleague_id, let_colleague_in, partner_code

HERE, DONE = "/apply/help", "/apply/help/done"
LENGTH = 100  # a token is 43 characters; whatever is much longer is none of ours
REFUSED = "refused_link"


def install(app: FastAPI) -> None:
    """Plain routes; the step itself is the form's own page (apply.py)."""
    app.add_api_route(HERE, come, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route(DONE, done, methods=["POST"], include_in_schema=False)
    app.add_api_route(DONE, thanks, methods=["GET"], include_in_schema=False)


def come(request: Request, key: str = "") -> Response:
    """With the key of a link: in, and on to the step. Without: on to the step, or why the link has ended."""
    if key:
        return _exchange(request, key[:LENGTH])
    if refused := request.session.pop(REFUSED, ""):
        return _ended(_why(str(refused)))
    try:
        return RedirectResponse(f"/apply/{helper(colleague_id(request)).step}", 303)
    except SignInNeeded as error:
        return _ended(error.detail)


def done(request: Request) -> Response:
    """The colleague is done; whoever asked hears of it. The link goes on working until it ends."""
    found = visitor(request)
    if not found.colleague:
        return RedirectResponse("/apply/continue", 303)
    with transaction() as session:
        say_done(session, session.get_one(Colleague, found.colleague.id, with_for_update=True))
    return RedirectResponse(DONE, 303)


def thanks(request: Request) -> Response:
    """What a colleague reads once they are done."""
    try:
        found = helper(colleague_id(request))
    except SignInNeeded as error:
        return _ended(error.detail)
    return HTMLResponse(_page(_("Thank you"), "apply_thanks.html", who=found.colleague, company=found.invitation.company_name))


def door_css() -> str:
    """The stylesheet of the pages that stand before the form or beside it."""
    return f'<link rel="stylesheet" href="{static_url("door.css")}">'


def _exchange(request: Request, key: str) -> Response:
    """The key does not stay in the address bar (FACTS 47). Who is in as the partner already stays that, and sees the same step."""
    refuse_guesser(request)
    with reading() as session:
        colleague = by_token(session, key)
    if colleague is None:
        count_failure(request)
    try:
        found = helper(colleague.public_id if colleague else "")
    except SignInNeeded:
        request.session[REFUSED] = colleague.public_id if colleague else "unknown"
        return RedirectResponse(HERE, 303)
    if partner_code(request) != found.invitation.code:
        _let_in(request, found)
    return RedirectResponse(f"/apply/{found.step}", 303)


def _let_in(request: Request, found: Visitor) -> None:
    if found.colleague is None:
        return
    if is_person(request):
        with transaction() as session:
            note_seen(session, session.get_one(Colleague, found.colleague.id))
    let_colleague_in(request, found.invitation, found.colleague)


def _why(public_id: str) -> str:
    try:
        helper(public_id)
    except SignInNeeded as error:
        return error.detail
    return _("This link works again. Open it once more from the email.")


def _ended(words: str) -> Response:
    return HTMLResponse(_page(_("This link has ended"), "apply_ended.html", words=words), 410)


def _page(title: str, template: str, **shown: object) -> str:
    return plain_page(title, render(template, title=title, **shown), scripts=("partner.js",), more=door_css(), kind="narrow")
