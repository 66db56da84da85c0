"""A Maildir as the mailbox of everyone on this machine."""

from __future__ import annotations

import mailbox
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP, default
from email.utils import format_datetime
from pathlib import Path
from typing import Any


def keep(folder: Path, content: bytes) -> str:
    """Store a mail; answers its key. Maildir writes a whole file and then moves it, so kill -9 leaves no half mail."""
    return mailbox.Maildir(folder, create=True).add(content)


def mails(folder: Path) -> list[tuple[str, EmailMessage]]:
    """All mails with their keys, newest first."""
    box = mailbox.Maildir(folder, create=True)
    return sorted(((key, _parsed(box.get_bytes(key))) for key in box.iterkeys()), key=lambda found: _age(folder, found[0]))


def mail(folder: Path, key: str) -> EmailMessage | None:
    """One mail, or None."""
    box = mailbox.Maildir(folder, create=True)
    return _parsed(box.get_bytes(key)) if key in box else None


def part_of(message: EmailMessage, kind: str) -> str:
    """The text of the mail's `plain` or `html` part, or nothing."""
    found = message.get_body((kind,))
    return str(found.get_content()).replace("\r\n", "\n") if found else ""


def mail_of(message: dict[str, Any], sender: str) -> bytes:
    """A Graph `message` as RFC 5322 text."""
    made = EmailMessage()
    made["From"], made["Subject"] = sender, message.get("subject") or ""
    made["Date"] = format_datetime(datetime.now(UTC))
    made["To"] = ", ".join(_addresses(message, "toRecipients"))
    if message.get("internetMessageId"):
        made["Message-ID"] = message["internetMessageId"]
    if message.get("replyTo"):
        made["Reply-To"] = ", ".join(_addresses(message, "replyTo"))
    body = message.get("body") or {}
    made.set_content(body.get("content") or "", subtype="html" if str(body.get("contentType")).lower() == "html" else "plain")
    return made.as_bytes(policy=SMTP)


def _addresses(message: dict[str, Any], field: str) -> list[str]:
    return [found["emailAddress"]["address"] for found in message.get(field) or ()]


def _age(folder: Path, key: str) -> tuple[float, str]:
    paths = [folder / part / key for part in ("new", "cur")]
    return -max((path.stat().st_mtime_ns for path in paths if path.exists()), default=0), key


def _parsed(content: bytes) -> EmailMessage:
    return BytesParser(EmailMessage, policy=default).parsebytes(content)
