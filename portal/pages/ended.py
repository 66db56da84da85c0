"""What stands in place of a page whose reader was signed out from elsewhere or cut off."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from models import person
from models.database import reading
from models.errors import SignInNeeded
from models.language import _
from models.person import Ended
from portal import auth
from portal.attendance import OVER
from portal.frame import plain_page
from portal.render import render

#: Why → heading and sentence.
WORDS: Mapping[Ended, tuple[str, str]] = {
    Ended.DISABLED: ("Your account is disabled", "An administrator has cut it off. If this is a mistake, ask an administrator."),
    Ended.BY_ADMINISTRATOR: ("You are signed out", "An administrator has signed you out on all devices. You can sign in again."),
    Ended.FROM_ELSEWHERE: ("You are signed out", "You signed out on all other devices, and this was one of them. You can sign in again."),
}


def install(app: FastAPI) -> None:
    """Register the page."""
    app.add_api_route(OVER, ended, methods=["GET"], include_in_schema=False)


async def ended(request: Request, to: str = "/review") -> Response:
    """Why nothing more is shown, and the way to sign in; whoever has signed in again meanwhile goes back to where they were."""
    token = str(request.session.get(auth.STAFF, ""))
    why = await run_in_threadpool(_why, token)
    if why is None:
        return RedirectResponse(auth.local_path(to), 303)
    request.session.pop(auth.STAFF, None)
    title, sentence = (_(words) for words in WORDS[why])
    body = render("ended.html", title=title, sentence=sentence, again=why != Ended.DISABLED)
    return HTMLResponse(plain_page(title, body, home="/review"), headers={"cache-control": "no-store"})


def _why(token: str) -> Ended | None:
    with reading() as session:
        try:
            person.actor_of(session, token)
        except SignInNeeded:
            return person.cut_off(session, {token}).get(token)
    return None
