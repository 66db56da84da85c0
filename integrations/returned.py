"""Reports of mail servers that a mail could not be delivered: RFC 3464, as they arrive in the sender's mailbox.

The structure is the same everywhere; what differs is what comes with it. Most servers send the original back whole or its headers
alone (RFC 6522), some nothing, and then its Message-ID stands in the report's own In-Reply-To or References.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.message import Message

#: The parts that say what became of the mail, and those that bring the original or its headers back (the second of each: RFC 6533).
STATUS = ("message/delivery-status", "message/global-delivery-status")
ORIGINAL = ("message/rfc822", "message/global")
HEADERS = ("text/rfc822-headers", "message/global-headers")
UNDELIVERED, ON_ITS_WAY = "failed", "delayed"
LONGEST = 500  # characters of a reason
_ID = re.compile(r"<[^<>\s]+>")


class NoReport(ValueError):
    """The mail is none that tells what became of another."""


@dataclass(frozen=True)
class Report:
    """What a mail server says became of one mail: `action` is failed, delayed, delivered, relayed or expanded."""

    message_id: str
    recipient: str
    action: str
    reason: str
    permanent: bool


def read_report(raw: bytes) -> Report:
    """The report in a mail. NoReport if it is another mail, such as somebody's answer; never any other error, whatever is sent."""
    mail = message_from_bytes(raw)
    told = [block for part in mail.walk() if part.get_content_type() in STATUS for block in _blocks(part)]
    by_recipient = [block for block in told if block["Action"]]
    if not by_recipient:
        raise NoReport
    worst = min(by_recipient, key=_gravity)
    status, code = _said(worst, "Status"), _typed(worst, "Diagnostic-Code")
    return Report(
        _original_id(mail), _typed(worst, "Original-Recipient") or _typed(worst, "Final-Recipient"), _action(worst),
        (code or f"Status {status}".strip())[:LONGEST], not (status or code).startswith("4"),
    )  # fmt: skip


def _blocks(part: Message) -> Iterator[Message]:
    """The groups of fields, one for the mail and one for each recipient; Python takes the newer form for a mail with a text."""
    held = part.get_payload()
    for block in held if isinstance(held, list) else [message_from_string(str(held))]:
        if isinstance(block, Message):
            yield block
            text = block.get_payload()
            yield from (message_from_string(group) for group in re.split(r"\r?\n\r?\n", text) if group) if isinstance(text, str) else ()


def _gravity(block: Message) -> int:
    order = (UNDELIVERED, ON_ITS_WAY)
    return order.index(_action(block)) if _action(block) in order else len(order)


def _original_id(mail: Message) -> str:
    """The original's Message-ID as it was sent, in angle brackets; empty if nothing says it."""
    for part in mail.walk():
        if part is not mail and part.get_content_type() in (*ORIGINAL, *HEADERS) and (found := _ids(_inner(part), "Message-ID")):
            return found[0]
    answered = _ids(mail, "In-Reply-To") or _ids(mail, "References")
    return answered[-1] if answered else ""


def _inner(part: Message) -> Message:
    held = part.get_payload()
    if isinstance(held, list):
        return next((one for one in held if isinstance(one, Message)), Message())
    decoded = part.get_payload(decode=True)
    return message_from_bytes(decoded) if isinstance(decoded, bytes) else Message()


def _ids(message: Message, name: str) -> list[str]:
    return _ID.findall(_said(message, name))


def _action(block: Message) -> str:
    return _said(block, "Action").lower()


def _typed(block: Message, name: str) -> str:
    """The value of a field that begins with its type: "rfc822; ada@example.com", "smtp; 550 5.1.1 unknown"."""
    return _said(block, name).partition(";")[2].strip()


def _said(message: Message, name: str) -> str:
    """A field in one line, without what no database takes."""
    return " ".join(str(message[name] or "").replace("\0", "").encode("utf-8", "replace").decode().split())
