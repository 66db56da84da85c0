"""Graph tells the portal that a list changed; the worker subscribes, renews, and reads what changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlmodel import select

from integrations.graph import graph as to_graph
from models.database import now, reading, transaction
from models.followed_list import FollowedList, followed
from models.invitation import Invitation
from models.settings import settings
from tests.api import serving
from tests.lists import put, read_so_far
from tests.parts import Graph, Mailbox, environment_of, eventually
from worker.follow import follow
from worker.subscribe import keep_subscribed

ROUTE = "/api/graph-notifications"


@pytest.fixture
def client(database: str, redis_server: object, graph: Graph, mailbox: Mailbox) -> Iterator[httpx.Client]:
    """A portal that Graph can reach; both lists were read and are not due."""
    read_so_far()
    with transaction() as session:
        for row in followed(session):
            row.due_at = now() + timedelta(hours=1)
    told = {"DATABASE_URL": database, "GRAPH_NOTIFICATION_SECRET": "b" * 32}
    with serving() as client, environment_of({**told, "PORTAL_URL": str(client.base_url).rstrip("/")}):
        yield client
        for one in subscriptions():
            to_graph().send("DELETE", f"/subscriptions/{one}")


def rows() -> list[FollowedList]:
    with transaction() as session:
        return followed(session)


def subscriptions() -> list[str]:
    return [str(one["id"]) for one in to_graph().all("/subscriptions")]


def due() -> list[str]:
    return [row.name for row in rows() if row.due_at <= now()]


def a_day_later() -> None:
    with transaction() as session:
        for row in followed(session):
            row.subscribe_at -= timedelta(days=1)


def test_a_change_in_a_list_is_told_at_once_and_taken_in(client: httpx.Client) -> None:
    assert keep_subscribed() and not keep_subscribed()
    assert sorted(subscriptions()) == sorted(str(row.subscription_id) for row in rows()) and len(subscriptions()) == 2
    assert follow()  # what changed before there was a subscription
    item = put("EPC Invitations", "InvitationCode", f"Y{now():%M%S%f}"[:8], Title="Marstack", ContactEmail="rob@marstack.example.com", Status="Active")
    eventually(lambda: due() == ["EPC Invitations"])
    assert follow()
    with reading() as session:
        assert [one.sharepoint_item_id for one in session.exec(select(Invitation))] == [item]


def test_a_subscription_is_renewed_each_day_and_made_anew_where_it_is_gone_or_has_an_older_secret(client: httpx.Client) -> None:
    keep_subscribed()
    before = subscriptions()
    a_day_later()
    assert keep_subscribed() and subscriptions() == before
    to_graph().send("DELETE", f"/subscriptions/{before[0]}")
    a_day_later()
    assert keep_subscribed()
    after = subscriptions()
    assert len(after) == 2 and before[1] in after and before[0] not in after
    a_day_later()
    with environment_of({"DATABASE_URL": settings().database_url, "PORTAL_URL": settings().portal_url, "GRAPH_NOTIFICATION_SECRET": "a" * 32}):
        assert keep_subscribed() and len(subscriptions()) == 2 and not set(subscriptions()) & set(after)


def test_whoever_does_not_know_the_secret_changes_nothing_and_a_new_subscription_is_answered(client: httpx.Client) -> None:
    answer = client.post(ROUTE, params={"validationToken": "<b>Validation: 1+2 &amp;</b>"})
    assert (answer.status_code, answer.text) == (200, "<b>Validation: 1+2 &amp;</b>") and answer.headers["content-type"].startswith("text/plain")
    told = [{"subscriptionId": "1", "clientState": state} for state in ("", None, "guessed", "\u00e9")]
    for body in ({"value": told}, {"value": "x"}, {}, [1]):
        assert client.post(ROUTE, json=body).status_code == 401
    assert client.post(ROUTE, content=b"{").status_code == 401 and due() == []
    right = {"subscriptionId": "1", "clientState": settings().graph_notification_secret.get_secret_value()}
    assert client.post(ROUTE, json={"value": [*told, right]}).status_code == 202
    assert len(due()) == 2
