"""Graph's subscriptions: it tells the portal that something changed in a list, not what (FACTS 9)."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from integrations.failures import Missing
from integrations.graph import graph
from integrations.sharepoint import list_id
from models.settings import settings

#: As long as Graph keeps one of a list, less what clocks may differ.
LONGEST = timedelta(minutes=42_300) - timedelta(hours=1)
ROUTE = "/api/graph-notifications"


def subscribe(list_name: str) -> str:
    """Have Graph tell the portal of changes in the list, with the secret; answers the subscription's id. Raises a `Failure`.

    Graph asks the portal whether it wants that before it answers.
    """
    site = settings().sharepoint_site
    body = {
        "changeType": "updated", "notificationUrl": settings().portal_url + ROUTE, "expirationDateTime": _until(),
        "resource": f"sites/{site}/lists/{list_id(graph(), f'/sites/{site}', list_name)}",
        "clientState": settings().graph_notification_secret.get_secret_value(),
    }  # fmt: skip
    return str(graph().send("POST", "/subscriptions", body)["id"])


def renew(subscription: str) -> None:
    """Keep it for as long again; `Missing` if Graph has it no more."""
    graph().send("PATCH", _at(subscription), {"expirationDateTime": _until()})


def unsubscribe(subscription: str) -> None:
    """Hear no more of it; one that is gone is no failure."""
    with suppress(Missing):
        graph().send("DELETE", _at(subscription))


def _at(subscription: str) -> str:
    return f"/subscriptions/{quote(subscription, safe='')}"


def _until() -> str:
    return f"{datetime.now(UTC) + LONGEST:%Y-%m-%dT%H:%M:%SZ}"
