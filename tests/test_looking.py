"""Documents are looked at by threads of their own, so that nobody who types or reads waits behind them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest
from anyio import create_task_group, run, sleep

from integrations.preview import AT_ONCE
from models.settings import settings
from portal.looking import WAITING, _threads, in_turn
from tests.api import app, on_one_database
from tests.partners import invited


@on_one_database
@pytest.mark.usefixtures("redis_server", "s3")
def test_while_documents_are_looked_at_all_else_goes_on_and_beyond_a_queue_the_browser_is_told_to_ask_again(database: str) -> None:
    with ThreadPoolExecutor(1) as thread:  # the browser's tests leave an event loop in this one
        thread.submit(run, _scenario, invited().code).result(120)


async def _scenario(code: str) -> None:
    go_on = threading.Event()
    transport = httpx.ASGITransport(app())
    async with httpx.AsyncClient(transport=transport, base_url=settings().portal_url, timeout=60) as client, create_task_group() as group:
        for _ in range(AT_ONCE + WAITING):
            group.start_soon(in_turn, partial(go_on.wait, 60))
        while _threads.statistics().tasks_waiting < WAITING:
            await sleep(0.01)
        try:
            busy = await client.post("/api/upload-file/complete", json={"invitationCode": code, "publicId": "any"})
            typing = await client.post("/api/validate-invitation", json={"invitationCode": code})
        finally:
            go_on.set()
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "5") and "Many documents are being looked at" in busy.json()["detail"]
    assert typing.json()["valid"] is True
