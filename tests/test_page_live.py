"""What an open page is told over its socket, and what is left of it when it is gone."""

from __future__ import annotations

import gc
import json
import re
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

import pytest
from nicegui import Client, core
from websockets.sync.client import ClientConnection, connect

from models.settings import settings
from portal.auth import PARTNER
from portal.frame import push
from portal.postbox import Postbox
from tests.api import on_one_database
from tests.pages import address, browser, cookie
from tests.partners import begun
from tests.parts import eventually

pytestmark = [pytest.mark.usefixtures("redis_server", "s3"), on_one_database]


def opened() -> tuple[Client, dict[str, Any]]:
    """A partner's page, and what it says of its socket."""
    client = browser()
    client.cookies.set("portal", cookie({PARTNER: begun(()).invitation_code}))
    html = client.get("/apply/company").text
    live = json.loads(unescape(re.search(r"data-live=[\"']([^\"']*)[\"']", html)[1]))  # type: ignore[index]
    return Client.instances[live["client"]], live


@contextmanager
def socket(live: dict[str, Any], heard: int = 0) -> Iterator[ClientConnection]:
    """The page's socket, as static/live.js opens it; `heard` is the number of the message that comes next."""
    query = f"client_id={live['client']}&next_message_id={heard}&implicit_handshake=true&document_id=d&tab_id=t&old_tab_id=&EIO=4&transport=websocket"
    with connect(f"{address().replace('http', 'ws', 1)}{live['path']}/?{query}", origin=settings().portal_url) as made:  # type: ignore[arg-type]
        made.recv(5)
        made.send("40")
        yield made


def told(made: ClientConnection, many: int) -> list[Any]:
    """The arguments of the next calls, in the order in which they come."""
    found: list[Any] = []
    while len(found) < many:
        said = str(made.recv(5))
        if said.startswith("42") and (event := json.loads(said[2:]))[0] == "call":
            found += event[1]["args"]
    return found


def tell(client: Client, *what: int) -> None:
    """Say something to the page, from the portal's own loop."""
    assert core.loop
    for one in what:
        core.loop.call_soon_threadsafe(push, client, "test.heard", one)


def test_what_a_page_is_told_before_its_socket_is_there_and_after_a_cut_arrives_in_order(database: str) -> None:
    client, live = opened()
    tell(client, *range(5))
    with socket(live) as made:
        assert told(made, 5) == [0, 1, 2, 3, 4]
        tell(client, 5)
        assert told(made, 1) == [5]
    assert eventually(lambda: not client.has_socket_connection)
    tell(client, 6, 7)
    with socket(live, client.outbox.next_message_id) as made:
        assert told(made, 2) == [6, 7]


def test_a_page_that_comes_back_hears_again_what_it_has_missed(database: str) -> None:
    client, live = opened()
    with socket(live) as made:
        tell(client, *range(4))
        assert told(made, 4) == [0, 1, 2, 3]
        number = client.outbox.next_message_id
    assert eventually(lambda: not client.has_socket_connection)
    with socket(live, number - 2) as made:
        assert told(made, 2) == [2, 3]


def test_a_page_waits_without_a_task_of_its_own_and_is_freed_when_it_is_gone_without_the_garbage_collector(database: str) -> None:
    page = seen_and_left()
    gc.collect()
    gc.disable()
    try:
        left = weakref.ref(Client.instances[page])
        assert core.loop
        core.loop.call_soon_threadsafe(give_up, page)
        assert eventually(lambda: page not in Client.instances and left() is None)
    finally:
        gc.enable()


def give_up(page: str) -> None:
    """What NiceGUI does with a page whose browser has not come back, a quarter of a minute earlier."""
    for waiting in Client.instances[page]._delete_tasks.values():
        waiting.cancel()
    Client.instances[page].delete()


def seen_and_left() -> str:
    """The id of a page whose socket was there and is gone."""
    client, live = opened()
    assert isinstance(client.outbox, Postbox)
    with socket(live):
        assert eventually(lambda: client.has_socket_connection)
    assert eventually(lambda: not client.has_socket_connection)
    return client.id

