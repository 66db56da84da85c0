"""Who is let in at a browser, as a partner or a colleague: its cookie holds the random token of a visit (models/visit.py), and no code.

Each request looks its visit up once. When it was used last is written down at most once a minute, for all visits in one statement, and
no request waits for that.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError

from models import visit as verbs
from models.colleague import Colleague
from models.database import reading, transaction
from models.invitation import Invitation
from models.person import hash_of
from models.visit import Ended, Inside
from portal.auth import COLLEAGUE, PARTNER, STAFF
from portal.browsers import browser_of

#: In the cookie: the token of the visit, and those of visits that were left for another invitation's, by which the device is known.
VISITOR, PAST = "visitor", "past"
REMEMBERED = 8  # invitations that one device is known for
NOTED = 60.0  # seconds between two notes of who is there
FOUND = "portal.inside"  # in a request's scope: what was looked up for it

log = structlog.stdlib.get_logger(__name__)
_used: set[str] = set()
_lock = threading.Lock()
_due: threading.Timer | None = None


def partner_code(request: Request) -> str:
    """The code this browser was let in with, or an empty string."""
    found = inside(request)
    return found.code if found and not found.colleague else ""


def colleague_id(request: Request) -> str:
    """The public id of the colleague who was let in by their link, or an empty string."""
    found = inside(request)
    return found.colleague if found else ""


def visit(request: Request) -> str:
    """The public id of the visit by which this browser is here; empty if nobody is let in."""
    found = inside(request)
    return found.visit if found else ""


def inside(request: Request) -> Inside | None:
    """Who is let in, looked up at the first asking of a request: one indexed read, so ask from a thread first."""
    if "session" not in request.scope:
        return None
    if FOUND not in request.scope:
        request.scope[FOUND] = _look_up(request)
    found: Inside | None = request.scope[FOUND]
    return found


def token_mark(request: Request) -> str:
    """The visit as the database knows it, without asking the database; empty if the cookie has none."""
    token = _token(request)
    return hash_of(token) if token else ""


def used(request: Request) -> None:
    """Somebody is there now; it is written down within a minute."""
    global _due
    if not (token := _token(request)):
        return
    with _lock:
        _used.add(token)
        if _due is None or not _due.is_alive():
            _due = threading.Timer(NOTED, note_used)
            _due.daemon = True
            _due.start()


def note_used() -> None:
    """Write down who has been there; never raises, as the next minute comes anyway."""
    global _due
    with _lock:
        tokens, _due = set(_used), None
        _used.clear()
    try:
        with transaction() as session:
            verbs.note_seen(session, tokens)
    except SQLAlchemyError as error:
        log.warning("Who has been there was not noted", reason=type(error).__name__)


def let_partner_in(request: Request, invitation: Invitation) -> None:
    """Exchange a code for a visit, so that it does not stay in the address bar (FACTS 47); the device is known from now on."""
    _let_in(request, invitation, None)


def let_colleague_in(request: Request, invitation: Invitation, colleague: Colleague) -> None:
    """Exchange a colleague's link for a visit."""
    _let_in(request, invitation, colleague)


def forget_visitor(request: Request) -> None:
    """Nobody is let in on this device any more, and it is known for nothing."""
    if token := _token(request):
        with transaction() as session:
            verbs.leave(session, token)
    _renew(request, "", ())


def is_known(request: Request, invitation: Invitation) -> bool:
    """Whether this device has been let in with this invitation before, and nobody has signed it out since."""
    inside(request)  # a cookie of the older kind is exchanged for a visit
    with reading() as session:
        return verbs.is_known(session, invitation, [token for token in (_token(request), *_past(request)) if token])


def why_ended(request: Request) -> Ended | None:
    """Why this browser's visit is over, if it is; the cookie then forgets it, so that it is said once."""
    if not (token := _token(request)):
        return None
    with reading() as session:
        why = verbs.why_ended(session, token)
    if why:
        request.session.pop(VISITOR, None)
    return why


def _look_up(request: Request) -> Inside | None:
    if not _token(request):
        _carry_over(request)
    if not (token := _token(request)):
        return None
    with reading() as session:
        found = verbs.inside(session, token)
    if found:
        used(request)
    return found


def _carry_over(request: Request) -> None:
    """A cookie of before there were visits holds a code or a colleague's id: nobody loses a half-filled form for that."""
    old = request.session
    code, colleague = str(old.get(PARTNER, "")), str(old.get(COLLEAGUE, ""))
    if not (code or colleague):
        return
    with transaction() as session:
        token = verbs.carried_over(session, str(old.get("visit", "")), code, colleague, _browser(request))
    for name in (PARTNER, COLLEAGUE, "visit", "known"):
        old.pop(name, None)
    if token:
        old[VISITOR] = token


def _let_in(request: Request, invitation: Invitation, colleague: Colleague | None) -> None:
    before = inside(request)
    with transaction() as session:
        token, public_id = verbs.let_in(session, invitation, colleague, browser=_browser(request), before=_token(request))
    same = before is not None and before.visit == public_id
    _renew(request, token, () if same or not _token(request) else (_token(request),))


def _renew(request: Request, token: str, left: Sequence[str]) -> None:
    """New contents at each letting-in: nothing of the visitor before stays. Who works at the desk in this browser goes on there."""
    staff_token, past = request.session.get(STAFF), [*left, *_past(request)][:REMEMBERED]
    contents: dict[str, Any] = {VISITOR: token, PAST: past} if token else {}
    request.session.clear()
    request.session.update(contents | ({STAFF: staff_token} if staff_token else {}))
    request.scope.pop(FOUND, None)


def _token(request: Request) -> str:
    return str(request.session.get(VISITOR, "")) if "session" in request.scope else ""


def _past(request: Request) -> list[str]:
    return [str(token) for token in request.session.get(PAST, [])]


def _browser(request: Request) -> str:
    return browser_of(request.headers.get("user-agent", ""))
