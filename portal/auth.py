"""Who is at the browser: staff signed in through Entra, or a partner who holds a code."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from integrations import identity
from models import person
from models.database import reading, transaction
from models.errors import Forbidden, SignInNeeded
from models.event import record
from models.language import _
from models.person import Actor
from models.settings import settings
from portal.browsers import browser_of

STAFF, FLOW, RETURN = "staff", "flow", "return_to"
#: What cookies of before there were visits held of whoever was let in (portal/visits.py).
PARTNER, COLLEAGUE = "invitation", "colleague"
KNOCKING = "knocking"  # who still stands before the form, on a device that is not known
router = APIRouter(prefix="/auth", include_in_schema=False)


@router.get("/sign-in")
async def sign_in(request: Request, to: str = "/review") -> Response:
    """Send the browser to Entra; it comes back to the callback and then to `to`, a path of ours."""
    flow = await run_in_threadpool(identity.begin, _callback_url())
    request.session[FLOW], request.session[RETURN] = _seal(flow), local_path(to)
    return RedirectResponse(flow["auth_uri"], 303)


@router.get("/callback")
async def callback(request: Request) -> Response:
    """Entra answers with a code; a session opens under a new id, whatever stood in the cookie before."""
    flow, to = _unseal(request.session.pop(FLOW, "")), request.session.pop(RETURN, "/review")
    who = await run_in_threadpool(identity.finish, flow, dict(request.query_params))
    before = str(request.session.get(STAFF, ""))
    token = await run_in_threadpool(_open_session, who, browser_of(request.headers.get("user-agent", "")), before)
    request.session.clear()
    request.session[STAFF] = token
    return RedirectResponse(local_path(to), 303)


def staff(request: Request) -> Actor:
    """The member of staff at this browser, looked up afresh at each call; SignInNeeded if there is none."""
    with reading() as session:
        return person.actor_of(session, request.session.get(STAFF))


def refuse_other_sites(request: Request) -> None:
    """A browser sends the session's cookie by itself, so a change must come from a page of ours; browsers say where from."""
    origin = request.headers.get("origin") or ("" if request.headers.get("sec-fetch-site", "same-origin") == "same-origin" else "elsewhere")
    if origin not in ("", settings().portal_url):
        raise Forbidden(_("This was sent from another site, so it was not accepted. Open the portal and try again."))


def local_path(to: str) -> str:
    """`to` if it is a path of ours, else the review desk: nobody is sent elsewhere (FACTS 65)."""
    parts = urlsplit(to)
    safe = to.startswith("/") and not to.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return to if safe and "\\" not in to else "/review"


def _open_session(who: identity.Identity, browser: str = "", before: str = "") -> str:
    """A new session, and the end of the one that this browser had before."""
    with transaction() as session:
        person.sign_out(session, before)
        token = person.sign_in(session, oid=who.oid, name=who.name, email=who.email, roles=list(who.roles), browser=browser)
        record(session, "person.signed_in", person.actor_of(session, token))
    return token


def _callback_url() -> str:
    return f"{settings().portal_url}/auth/callback"


def sealed(held: dict[str, Any]) -> str:
    """What a cookie holds and nobody may read there: the cookie itself is only signed."""
    return _fernet().encrypt(json.dumps(held).encode()).decode()


def opened(held: str) -> dict[str, Any]:
    """What `sealed` has sealed; empty if it is none of ours."""
    try:
        found: dict[str, Any] = json.loads(_fernet().decrypt(held.encode()))
    except InvalidToken:
        return {}
    return found


def _seal(flow: dict[str, Any]) -> str:
    """The flow holds the PKCE verifier, so it travels encrypted: the cookie itself is only signed."""
    return sealed(flow)


def _unseal(sealed: str) -> dict[str, Any]:
    try:
        flow: dict[str, Any] = json.loads(_fernet().decrypt(sealed.encode(), ttl=900))
    except InvalidToken as error:
        raise SignInNeeded(_("This sign-in took too long or was begun in another browser. Sign in again.")) from error
    return flow


def _fernet() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(settings().secret_key.get_secret_value().encode()).digest()))
