"""Who is at the browser: staff signed in through Entra, or a partner who holds a code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
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
#: What the form's visitors have in the session: who is let in, who still knocks, and for which invitations this device is known.
PARTNER, COLLEAGUE, KNOCKING, KNOWN = "invitation", "colleague", "knocking", "known"
VISIT = "visit"  # a name for one letting-in, by which its open pages are found when it ends
REMEMBERED = 8  # invitations that one device is known for
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
    token = await run_in_threadpool(_open_session, who, browser_of(request.headers.get("user-agent", "")))
    request.session.clear()
    request.session[STAFF] = token
    return RedirectResponse(local_path(to), 303)


def staff(request: Request) -> Actor:
    """The member of staff at this browser, looked up afresh at each call; SignInNeeded if there is none."""
    with reading() as session:
        return person.actor_of(session, request.session.get(STAFF))


def let_partner_in(request: Request, code: str) -> None:
    """Exchange a code for the session, so that it does not stay in the address bar (FACTS 47); the device is known from now on."""
    marks = [_mark(code), *(mark for mark in _marks(request) if mark != _mark(code))]
    _renew(request, {PARTNER: code, KNOWN: marks[:REMEMBERED]})


def let_colleague_in(request: Request, public_id: str) -> None:
    """Exchange a colleague's link for the session. The cookie is signed and not secret, so it holds neither token nor code."""
    _renew(request, {COLLEAGUE: public_id, KNOWN: _marks(request)})


def forget_visitor(request: Request) -> None:
    """Nobody is let in on this device any more, and it is known for nothing."""
    _renew(request, {})


def is_known(request: Request, code: str) -> bool:
    """Whether this device has been let in with this code before."""
    return code == partner_code(request) or _mark(code) in _marks(request)


def partner_code(request: Request) -> str:
    """The code this browser was let in with, or an empty string."""
    return str(request.session.get(PARTNER, "")) if "session" in request.scope else ""


def colleague_id(request: Request) -> str:
    """The public id of the colleague who was let in by their link, or an empty string."""
    return str(request.session.get(COLLEAGUE, "")) if "session" in request.scope else ""


def visit(request: Request) -> str:
    """The name of the letting-in by which this browser is here; empty if nobody was let in."""
    return str(request.session.get(VISIT, "")) if "session" in request.scope else ""


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


def _renew(request: Request, contents: dict[str, Any]) -> None:
    """New contents at each letting-in: nothing of the visitor before stays. Who works at the desk in this browser goes on there."""
    staff_token, same = request.session.get(STAFF), all(request.session.get(who) == contents.get(who) for who in (PARTNER, COLLEAGUE))
    here = request.session.get(VISIT) if same else ""  # whoever comes in again by the same link still has the pages of before
    request.session.clear()
    request.session.update(contents | {VISIT: here or secrets.token_urlsafe(8)} | ({STAFF: staff_token} if staff_token else {}))


def _marks(request: Request) -> list[str]:
    return [str(mark) for mark in request.session.get(KNOWN, [])]


def _mark(code: str) -> str:
    """A code as a device remembers it: whoever reads the cookie cannot tell which code it was."""
    key = settings().secret_key.get_secret_value().encode()
    return hmac.new(key, f"known device:{code}".encode(), hashlib.sha256).hexdigest()[:32]


def _open_session(who: identity.Identity, browser: str = "") -> str:
    with transaction() as session:
        token = person.sign_in(session, oid=who.oid, name=who.name, email=who.email, roles=list(who.roles), browser=browser)
        record(session, "person.signed_in", person.actor_of(session, token))
    return token


def _callback_url() -> str:
    return f"{settings().portal_url}/auth/callback"


def _seal(flow: dict[str, Any]) -> str:
    """The flow holds the PKCE verifier, so it travels encrypted: the cookie itself is only signed."""
    return _fernet().encrypt(json.dumps(flow).encode()).decode()


def _unseal(sealed: str) -> dict[str, Any]:
    try:
        flow: dict[str, Any] = json.loads(_fernet().decrypt(sealed.encode(), ttl=900))
    except InvalidToken as error:
        raise SignInNeeded(_("This sign-in took too long or was begun in another browser. Sign in again.")) from error
    return flow


def _fernet() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(settings().secret_key.get_secret_value().encode()).digest()))
