"""A mail server that keeps everything it is given, and an inbox page without script.

Run by `python -m integrations.local.mailbox SMTP_PORT PAGE_PORT MAILDIR`. Anyone's mail arrives in the one Maildir.
"""

from __future__ import annotations

import asyncio
import re
import sys
from email.message import EmailMessage
from html import escape
from pathlib import Path
from typing import Any

import uvicorn
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from integrations.local import only_local
from integrations.local.faults import Faults
from integrations.local.look import page
from integrations.local.maildir import keep, mail, mails, part_of
from models.settings import settings

ADDRESS = r"https?://[^\s<>\"')\]]+[^\s<>\"')\].,;:]"  # a full stop after an address is not part of it
SHOWN = ("From", "To", "Subject", "Date", "Reply-To", "Message-ID", "X-Envelope-To")


class Receiver:
    """Takes every mail; a fault whose path matches the recipient answers its status instead."""

    def __init__(self, folder: Path, faults: Faults) -> None:
        self.folder, self.faults = folder, faults

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802 — aiosmtpd's name
        """Refuse a recipient as a fault says."""
        if fault := self.faults.take(address, "RCPT"):
            await asyncio.sleep(fault.delay)
            return f"{fault.status} {'Try again later' if fault.status < 500 else 'No such mailbox here'}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        """Store the mail, then say so."""
        fault = self.faults.take(", ".join(envelope.rcpt_tos), "DATA")
        await asyncio.sleep(fault.delay if fault else 0)
        if fault and not fault.after:
            return f"{fault.status} The mail was not taken"
        head = f"X-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n".encode()
        keep(self.folder, head + (envelope.original_content or b""))
        return f"{fault.status} The answer was lost" if fault else "250 Kept"


class Inbox:
    """The pages of the mailbox."""

    def __init__(self, folder: Path, faults: Faults) -> None:
        self.folder, self.faults = folder, faults

    async def index(self, _: Request) -> Response:
        """All mails, newest first."""
        rows = "".join(_line(key, message) for key, message in mails(self.folder))
        head = "<tr><th>Subject</th><th>To</th><th>Sent</th></tr>"
        return HTMLResponse(page("Mailbox of this machine", _listed(head + rows) if rows else "<p class=quiet>No mail yet.</p>"))

    async def one(self, request: Request) -> Response:
        """One mail: its headers, its text with links, its HTML in a frame that runs nothing."""
        found = mail(self.folder, request.path_params["key"])
        if found is None:
            return HTMLResponse(page("There is no such mail", '<p><a href="/">All mail</a></p>'), 404)
        return HTMLResponse(page(str(found["Subject"]), _headers(found) + _text(part_of(found, "plain")) + _frame(part_of(found, "html"))))

    async def messages(self, _: Request) -> Response:
        """The same as JSON, for scripts."""
        return JSONResponse([_summary(key, found) for key, found in mails(self.folder)])


def inbox(folder: Path, faults: Faults) -> Starlette:
    """The inbox as an ASGI application."""
    pages = Inbox(folder, faults)
    return Starlette(routes=[
        Route("/", pages.index), Route("/messages.json", pages.messages),
        Route("/_faults", faults.route, methods=["GET", "POST", "DELETE"]), Route("/{key}", pages.one),
    ])


def controller(folder: Path, faults: Faults, port: int) -> Controller:
    """The mail server on `port`; it asks for the user and password of the settings."""
    options: dict[str, Any] = {"auth_required": True, "auth_require_tls": False, "authenticator": _may_send} if settings().smtp_user else {}
    return Controller(Receiver(folder, faults), hostname="127.0.0.1", port=port, enable_SMTPUTF8=True, **options)


def _may_send(_: SMTP, __: Session, ___: Envelope, ____: str, given: Any) -> AuthResult:
    known = settings().smtp_user.encode(), settings().smtp_password.get_secret_value().encode()
    good = isinstance(given, LoginPassword) and (given.login, given.password) == known
    return AuthResult(success=good, handled=good)  # not handled: aiosmtpd answers 535 by itself


def _listed(rows: str) -> str:
    return f'<div class="wide"><table>{rows}</table></div>'


def _line(key: str, message: EmailMessage) -> str:
    link = f'<a href="/{escape(key)}">{escape(str(message["Subject"]))}</a>'
    return f"<tr><td>{link}</td><td>{escape(str(message['To']))}</td><td>{escape(str(message['Date'] or ''))}</td></tr>"


def _headers(message: EmailMessage) -> str:
    rows = "".join(f"<tr><th scope=row>{name}</th><td>{escape(str(message[name]))}</td></tr>" for name in SHOWN if message[name])
    return f'<p><a href="/">All mail</a></p><table>{rows}</table>'


def _text(text: str) -> str:
    """The text part, its addresses as links."""
    linked = re.sub(ADDRESS, lambda found: f'<a href="{found[0]}">{found[0]}</a>', escape(text, quote=False))
    return f"<h2>As text</h2><pre>{linked}</pre>" if text else ""


def _frame(html: str) -> str:
    return f'<h2>As HTML</h2><iframe title="The mail as HTML" sandbox srcdoc="{escape(html)}"></iframe>' if html else ""


def _summary(key: str, message: EmailMessage) -> dict[str, str]:
    headers = {name.lower(): str(message[name] or "") for name in SHOWN}
    return {"key": key, **headers, "text": part_of(message, "plain"), "html": part_of(message, "html")}


def main(smtp_port: int, page_port: int, folder: str) -> None:
    """Serve until told to stop."""
    only_local("The local mailbox")
    faults = Faults()
    server = controller(Path(folder), faults, smtp_port)
    server.start()
    try:
        uvicorn.run(inbox(Path(folder), faults), host="127.0.0.1", port=page_port, log_level="warning", access_log=False)
    finally:
        server.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
