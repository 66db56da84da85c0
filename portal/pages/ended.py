"""How a sign-in ends: signing out, and what stands in place of the pages of whoever did, or was signed out or cut off from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from integrations import identity
from models import person
from models.database import reading, transaction
from models.errors import SignInNeeded
from models.event import record
from models.language import _
from models.person import Ended
from models.settings import settings
from portal import auth
from portal.attendance import OVER, look_now
from portal.frame import plain_page
from portal.render import render

#: Why → heading and sentence.
WORDS: Mapping[Ended, tuple[str, str]] = {
    Ended.DISABLED: ("Your account is disabled", "An administrator has cut it off. If this is a mistake, ask an administrator."),
    Ended.BY_ADMINISTRATOR: ("You are signed out", "An administrator has signed you out on all devices. You can sign in again."),
    Ended.FROM_ELSEWHERE: ("You are signed out", "You signed out on all other devices, and this was one of them. You can sign in again."),
    Ended.SIGNED_OUT: ("You are signed out", "The desk is closed in all tabs of this browser, and what was typed and not sent is gone."),
}


def install(app: FastAPI) -> None:
    """Register the page and the way to it."""
    app.add_api_route(OVER, ended, methods=["GET"], include_in_schema=False)
    app.add_api_route("/auth/sign-out", sign_out, methods=["POST"], include_in_schema=False)


async def sign_out(request: Request) -> Response:
    """End the session here and at Entra; what is open in the browser's other tabs is closed at once."""
    auth.refuse_other_sites(request)
    token = request.session.pop(auth.STAFF, "")
    await run_in_threadpool(_close, token)
    look_now()
    url = await run_in_threadpool(identity.sign_out_url, f"{settings().portal_url}{OVER}")
    return RedirectResponse(url, 303)


async def ended(request: Request, to: str = "/review") -> Response:
    """Why nothing more is shown, and the way to sign in; whoever has signed in again meanwhile goes back to where they were."""
    token = str(request.session.get(auth.STAFF, ""))
    why = await run_in_threadpool(_why, token) if token else Ended.SIGNED_OUT
    if why is None:
        return RedirectResponse(auth.local_path(to), 303)
    request.session.pop(auth.STAFF, None)
    title, sentence = (_(words) for words in WORDS[why])
    body = render("ended.html", title=title, sentence=sentence, again=why != Ended.DISABLED)
    page = plain_page(title, body, home="/review", scripts=("unsent.js",))  # nobody is signed in: it empties what was kept
    return HTMLResponse(page, headers={"cache-control": "no-store"})


def _close(token: str) -> None:
    with suppress(SignInNeeded), transaction() as session:  # it may be over already
        record(session, "person.signed_out", person.actor_of(session, token))
        person.sign_out(session, token)


def _why(token: str) -> Ended | None:
    with reading() as session:
        try:
            person.actor_of(session, token)
        except SignInNeeded:
            return person.cut_off(session, {token}).get(token)
    return None
