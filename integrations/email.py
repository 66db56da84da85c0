"""Mail that leaves: by SMTP, or by Graph from a mailbox of the organisation (FACTS 43)."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Any, Protocol
from urllib.parse import quote

import requests
from urllib3.exceptions import NewConnectionError

from integrations.failures import Passing, Permanent, Unclear, calling, from_response
from integrations.graph import graph
from integrations.identity import app_token
from models.settings import settings

NAME = "The mail server"
SENDER = "Saber Renewable Energy"
PERHAPS = (
    "The connection broke off while the mail was handed over, so it may have been sent. "
    "Ask the recipient or look into the mail server's log; if it did not arrive, retry."
)


@dataclass(frozen=True)
class Email:
    """One mail to one person. `message_id` is the caller's (`<…@…>`), the same at every attempt, so that a doubled mail is seen as one."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str
    reply_to: str | None = None


class Transport(Protocol):
    """A way for mail to leave; raises a `Failure`."""

    def send(self, email: Email) -> None: ...


def send(email: Email) -> None:
    """Send `email` by the transport of the settings. A header with a line break is `Permanent` before anything leaves (FACTS 45, 54)."""
    _refuse_line_breaks(email)
    transport: Transport = ByGraph() if settings().mail_transport == "graph" else BySmtp()
    transport.send(email)


class BySmtp:
    """A mail server, spoken to with the encryption of the settings."""

    def send(self, email: Email) -> None:
        """Hand the mail over; returns when the server has accepted it."""
        message = message_of(email)
        with calling(NAME):
            server = _server()
            try:
                _sign_in(server)
                server.send_message(message)
            finally:
                _hang_up(server)


class ByGraph:
    """Graph's sendMail from MAIL_FROM's mailbox. It answers 202 without an id, so a repeat may send twice (FACTS 13)."""

    def send(self, email: Email) -> None:
        """Hand the mail over; it is kept in the mailbox's Sent Items."""
        app_token()  # first, so that a failed sign-in is not taken for a mail that may have left
        body = {"message": graph_message(email), "saveToSentItems": True}
        try:
            response = graph().ask("POST", f"/users/{quote(settings().mail_from)}/sendMail", json=body)
        except Passing as error:
            raise (error if _never_connected(error.__cause__) else Unclear(PERHAPS)) from error
        if response.status_code in (500, 502, 504):
            raise Unclear(PERHAPS)
        if response.status_code >= 400:
            raise from_response(NAME, response)


def message_of(email: Email) -> EmailMessage:
    """The mail as RFC 5322 text with an HTML alternative."""
    message = EmailMessage()
    headers = {"From": formataddr((SENDER, settings().mail_from)), "To": email.to, "Subject": email.subject, "Message-ID": email.message_id}
    headers |= {"Reply-To": email.reply_to} if email.reply_to else {}
    headers["Date"] = format_datetime(datetime.now(UTC))
    headers["Auto-Submitted"] = "auto-generated"  # so that nobody's holiday reply answers it (RFC 3834)
    try:
        for name, value in headers.items():
            message[name] = value
    except (ValueError, IndexError) as error:
        raise Permanent("The mail has an address or a subject that no mail server accepts: check the address.") from error
    message.set_content(email.text)
    message.add_alternative(email.html, subtype="html")
    return message


def graph_message(email: Email) -> dict[str, Any]:
    """The mail as Graph's `message`."""
    message = {
        "subject": email.subject, "body": {"contentType": "html", "content": email.html}, "toRecipients": [_recipient(email.to)],
        "internetMessageId": email.message_id,
    }
    return message | ({"replyTo": [_recipient(email.reply_to)]} if email.reply_to else {})


def _refuse_line_breaks(email: Email) -> None:
    for value in (email.to, email.subject, email.message_id, email.reply_to or "", settings().mail_from):
        if "\r" in value or "\n" in value:
            raise Permanent("The mail was not sent: its address or subject contains a line break. Correct it and try again.")


def _recipient(address: str) -> dict[str, Any]:
    return {"emailAddress": {"address": address}}


class _Careful(smtplib.SMTP):
    """From DATA to the server's answer, a lost connection leaves it open whether the mail was taken (FACTS 13)."""

    def data(self, msg: Any) -> tuple[int, bytes]:
        """As in smtplib; `Unclear` when the connection is lost."""
        try:
            return super().data(msg)
        except smtplib.SMTPResponseException:
            raise
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise Unclear(PERHAPS) from error


class _CarefulTls(_Careful, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""


def _server() -> smtplib.SMTP:
    found = settings()
    if found.smtp_security == "tls":
        return _CarefulTls(found.smtp_host, found.smtp_port, timeout=found.call_timeout_seconds, context=ssl.create_default_context())
    server = _Careful(found.smtp_host, found.smtp_port, timeout=found.call_timeout_seconds)
    if found.smtp_security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except (smtplib.SMTPException, OSError):
            server.close()
            raise
    return server


def _sign_in(server: smtplib.SMTP) -> None:
    if settings().smtp_user:
        server.login(settings().smtp_user, settings().smtp_password.get_secret_value())


def _hang_up(server: smtplib.SMTP) -> None:
    """The mail is taken or refused by now: how the conversation ends must not make a second one of it."""
    with suppress(smtplib.SMTPException, OSError):
        server.quit()
    server.close()


def _never_connected(cause: BaseException | None) -> bool:
    wrapped = cause.args[0] if isinstance(cause, requests.ConnectionError) and cause.args else None
    return isinstance(cause, requests.ConnectTimeout) or isinstance(getattr(wrapped, "reason", None), NewConnectionError)
