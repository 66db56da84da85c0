"""The mailbox that MAIL_FROM names, read through Graph for mails that came back: it needs Mail.ReadWrite, scoped to that mailbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from urllib.parse import quote

from integrations.failures import from_response
from integrations.graph import NAME, graph
from models.settings import settings

#: A report comes within days, and nobody wants all that was never read looked through again and again.
SINCE, MOST = timedelta(days=7), 500


def unread() -> Iterator[str]:
    """The ids of the inbox's unread mails of the last days, a page at a time; MOST at most. Raises a `Failure`."""
    since = datetime.now(UTC) - SINCE
    asked = {"$filter": f"receivedDateTime ge {since:%Y-%m-%dT%H:%M:%SZ} and isRead eq false", "$select": "id", "$top": "50"}
    yield from (str(found["id"]) for found in islice(graph().all(f"{_mailbox()}/mailFolders/inbox/messages", params=asked), MOST))


def raw(message: str) -> bytes:
    """A mail as it arrived (RFC 5322)."""
    response = graph().ask("GET", f"{_mailbox()}/messages/{quote(message, safe='')}/$value")
    if response.status_code >= 400:
        raise from_response(NAME, response)
    return response.content


def mark_read(message: str) -> None:
    """Nobody needs to look at it any more."""
    graph().send("PATCH", f"{_mailbox()}/messages/{quote(message, safe='')}", {"isRead": True})


def _mailbox() -> str:
    return f"/users/{quote(settings().mail_from)}"
