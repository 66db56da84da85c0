"""What a browser may load, run and send on our pages: the Content-Security-Policy. Why each line is as it is stands in THREATS.md.

NiceGUI's own pages need `'unsafe-eval'`, since Vue compiles its templates in the browser: without it nothing is drawn (FACTS 95). The
partners' pages are plain HTML and do without. Inline scripts run by a nonce, which a script of NiceGUI's template is given as the
template is read, and ours where they are written; markup that somebody smuggles into a page has none.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any

from jinja2 import BaseLoader, Environment
from nicegui import client as of_nicegui

from models.settings import settings

_nonce: ContextVar[str] = ContextVar("nonce", default="")
#: The API's own description is a page of Swagger's, with a script of its own and nothing of anybody's in it.
DESCRIBED = "/docs"


def renew_nonce() -> None:
    """A nonce for the answer that is being made now."""
    _nonce.set(secrets.token_urlsafe(16))


def nonce() -> str:
    """The nonce that an inline script of this answer carries; empty outside of one."""
    return _nonce.get()


def policy_of(path: str, headers: Mapping[bytes, bytes]) -> str:
    """The policy for an answer with these headers: one for pages, and for anything else that nobody frames it."""
    if not headers.get(b"content-type", b"").startswith(b"text/html"):
        return "frame-ancestors 'none'"
    if path.startswith(DESCRIBED):
        return _of_pages().format(scripts="'unsafe-inline'")
    evaluates = " 'unsafe-eval'" if b"x-nicegui-content" in headers else ""
    return _of_pages().format(scripts=f"'nonce-{nonce()}'{evaluates}")


def for_page() -> dict[str, str]:
    """The header of a page that is made outside of the guard, where an error is answered that nobody expected."""
    return {"content-security-policy": _of_pages().format(scripts=f"'nonce-{nonce()}'")}


def sign_scripts() -> None:
    """Give the inline scripts of NiceGUI's own template the nonce, and no other script that may stand in a page."""
    environment: Environment = of_nicegui.templates.env
    if environment.loader is not None and not isinstance(environment.loader, _Signed):
        environment.loader = _Signed(environment.loader)
        environment.globals["nonce"] = nonce


class _Signed(BaseLoader):
    """Reads templates of another loader, and writes the nonce into each script that stands in them."""

    def __init__(self, inner: BaseLoader) -> None:
        self.inner = inner

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, *more = self.inner.get_source(environment, template)
        found: Any = (source.replace("<script", '<script nonce="{{ nonce() }}"'), *more)
        return found  # type: ignore[no-any-return]


def _of_pages() -> str:
    found = settings()
    # A form that signs out is sent on to Entra, and browsers hold redirects against form-action too. On one machine its page has any port.
    return _page(found.portal_url, found.s3_endpoint, "http://localhost:* http://127.0.0.1:*" if found.local else found.entra_authority)


@cache
def _page(portal: str, store: str, sign_in: str) -> str:
    """The policy of a page, but for what scripts are allowed besides our own files."""
    socket = portal.replace("http", "ws", 1)  # older Safaris do not take 'self' for a socket
    return "; ".join((
        "default-src 'none'", "script-src 'self' {scripts}",
        "style-src 'self' 'unsafe-inline'",  # Quasar places and sizes what it draws by style attributes
        "img-src 'self' data:", "font-src 'self' data:", f"connect-src 'self' {socket} {store}", "frame-src 'self'",
        f"form-action 'self' {sign_in}", "manifest-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "object-src 'none'",
    ))  # fmt: skip
