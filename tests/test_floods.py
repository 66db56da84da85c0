"""A flood is held off where it comes from, and leaves everybody else served: sockets, and requests of one kind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, WebSocket
from limits import RateLimitItemPerHour
from starlette.types import ASGIApp
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from portal.sockets import Sockets
from tests.parts import environment_of, eventually

pytestmark = pytest.mark.usefixtures("redis_server")


@pytest.fixture(autouse=True)
def _behind_a_proxy(local: object) -> Iterator[None]:
    with environment_of({"TRUSTED_PROXIES": "1"}):
        yield


def test_one_address_opens_its_share_of_sockets_and_all_together_no_more_than_there_is_room_for() -> None:
    with served(Sockets(echoing(), of_one=2, over_all=3)) as url, ExitStack() as open_now:
        first = open_now.enter_context(socket(url, "192.0.2.1"))
        open_now.enter_context(socket(url, "192.0.2.1"))
        assert refused(url, "192.0.2.1") and refused(url, "203.0.113.9, 192.0.2.1"), "whatever it writes before"
        with socket(url, "192.0.2.2") as other:
            assert refused(url, "192.0.2.3"), "there is no room for anybody"
            other.send("still")
            assert other.recv(10) == "still"
        assert eventually(lambda: not refused(url, "192.0.2.3"))
        first.close()
        assert eventually(lambda: not refused(url, "192.0.2.1")), "what is closed makes room"


def test_sessions_that_are_polled_are_counted_too_whatever_is_written_beside() -> None:
    with served(Sockets(echoing(), opened=RateLimitItemPerHour(3))) as url:
        many = [asked(url, "/_nicegui_ws/socket.io/?EIO=4&transport=polling&xsid=1", "192.0.2.7") for _ in range(4)]
        assert many == [404, 404, 404, 503]  # no such page here, and then not even that
        assert asked(url, "/_nicegui_ws/socket.io/?EIO=4&sid=abc", "192.0.2.7") == 404, "a session that is open goes on"
        assert asked(url, "/_nicegui_ws/socket.io/?EIO=4&transport=polling", "192.0.2.8") == 404


def echoing() -> FastAPI:
    """Says back what it is told."""
    made = FastAPI()

    @made.websocket("/talk")
    async def talk(place: WebSocket) -> None:
        await place.accept()
        async for said in place.iter_text():
            await place.send_text(said)

    return made


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, proxy_headers=False, ws="websockets-sansio"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{eventually(lambda: server.started and server.servers[0].sockets[0].getsockname()[1])}"
    finally:
        server.should_exit = True
        thread.join(20)


def socket(url: str, address: str) -> Any:
    return connect(f"{url.replace('http', 'ws', 1)}/talk", additional_headers={"X-Forwarded-For": address}, open_timeout=30)


def refused(url: str, address: str) -> bool:
    try:
        with socket(url, address):
            return False
    except InvalidStatus:
        return True


def asked(url: str, path: str, address: str, seconds: float = 30) -> int:
    return httpx.get(f"{url}{path}", headers={"X-Forwarded-For": address}, timeout=seconds).status_code
