"""Partners who type all at once, as their browsers would: a page with its socket, a post for each change, a new page now and then.

`python -m tests.performance.crowd PORTAL CODES SECONDS` is a process of its own, so that the crowd's work is not the portal's.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
import uuid
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import aiohttp

STEPS = ("company", "contact", "capabilities", "roles", "insurance", "compliance")
EVERY, STAY = 2.0, 45.0  # seconds between two changes of one partner, and between two pages
AT_THE_DOOR = 4  # partners who open a page at the same time while the crowd gathers
TEXT = re.compile(r'data-question="(\w+)" data-kind="text"')
JOURNAL, LIVE = re.compile(r"<script[^>]*journal\.js[^>]*>"), re.compile(r"data-live=[\"']([^\"']*)[\"']")


@dataclass
class Taken:
    """Milliseconds of each save, each page and each look at the health route while all typed."""

    saves: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


class Partner:
    """One browser: cookies of its own, an address of its own, one open page, connections of its own that it keeps."""

    def __init__(self, portal: str, code: str, number: int) -> None:
        self.portal, self.code, self.number = portal, code, number
        self.browser = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit_per_host=6, keepalive_timeout=60), cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=aiohttp.ClientTimeout(total=60),
            headers={"X-Forwarded-For": f"10.{number // 65536 % 256}.{number // 256 % 256}.{number % 256}", "Origin": portal},
        )  # fmt: skip
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self.reading: asyncio.Task[None] | None = None

    async def open(self, path: str) -> float:
        """A page and its socket; answers how many milliseconds the page took."""
        await self.close_page()
        began = time.perf_counter()
        async with self.browser.get(self.portal + path) as answer:
            answer.raise_for_status()
            html = await answer.text()
        took = (time.perf_counter() - began) * 1000
        journal = {name: unescape(value) for name, value in re.findall(r' data-(\w+)="([^"]*)"', JOURNAL.search(html)[0])}  # type: ignore[index]
        self.application, self.step, self.seen, self.page = (int(journal["draft"]), int(journal["step"]), int(journal["seen"]), journal["page"])
        self.live = json.loads(unescape(LIVE.search(html)[1]))  # type: ignore[index]
        self.texts = TEXT.findall(html)
        self.listener = dict(self.live["listeners"]).get("answers", "")
        await self._connect()
        return took

    async def type(self, taken: Taken) -> None:
        """One change of one answer: posted by the journal, and told to the page."""
        name, value = random.choice(self.texts), f"Reading {random.randrange(10**6)}"
        sequence = time.time_ns() // 1000
        item = {"name": name, "value": value, "sequence": sequence, "base": self.seen, "writer": self.page}
        post = {"application": self.application, "page": self.page, "step": self.step, "seen": self.seen, "items": [item]}
        began = time.perf_counter()
        async with self.browser.post(f"{self.portal}/apply/answers", json=post) as answer:
            said = await answer.json()
            taken.saves.append((time.perf_counter() - began) * 1000)
            if answer.status != 200 or not said["saved"]:
                taken.failed.append(f"{answer.status}: {said}")
        self.seen = max(self.seen, said["version"])
        await self._tell({"answers": {name: value}, "upto": len(taken.saves)})

    async def close(self) -> None:
        """Close the browser."""
        await self.close_page()
        await self.browser.close()

    async def close_page(self) -> None:
        """Close the page's socket, as leaving it does."""
        if self.reading:
            self.reading.cancel()
        if self.socket:
            await self.socket.close()

    async def _connect(self) -> None:
        query = (f"client_id={self.live['client']}&next_message_id={self.live['next']}&implicit_handshake=true&document_id={uuid.uuid4()}&tab_id={uuid.uuid4()}"
                 "&old_tab_id=&EIO=4&transport=websocket")  # fmt: skip
        address = self.portal.replace("http", "ws", 1) + f"{self.live['path']}/?{query}"
        self.socket = await self.browser.ws_connect(address, max_msg_size=0, compress=0)
        await self.socket.receive()
        await self.socket.send_str("40")
        await self.socket.receive()
        self.reading = asyncio.create_task(self._read(self.socket))

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.data == "2":
                await socket.send_str("3")

    async def _tell(self, told: dict[str, Any]) -> None:
        if self.socket and not self.socket.closed and self.listener:
            event = {"id": 0, "client_id": self.live["client"], "listener_id": self.listener, "args": [json.dumps(told)]}
            await self.socket.send_str("42" + json.dumps(["event", event]))


async def crowd(portal: str, codes: list[str], seconds: float) -> None:
    """All of them at work for so many seconds; prints `gathered`, then what was taken."""
    partners = [Partner(portal, code, number) for number, code in enumerate(codes)]
    door = asyncio.Semaphore(AT_THE_DOOR)

    async def gather(partner: Partner) -> None:
        async with door:
            await partner.open(f"/apply?code={partner.code}")

    await asyncio.gather(*map(gather, partners))
    await asyncio.sleep(3)
    print("gathered", flush=True)
    sys.stdin.readline()  # the other side looks at memory and clocks first
    taken, until = Taken(), time.perf_counter() + seconds
    wandering = [asyncio.create_task(_wander(one, taken, until)) for one in partners]
    await asyncio.gather(*(_type(one, taken, until) for one in partners), _look(partners[0], taken, until))
    for one in wandering:
        one.cancel()  # who sleeps until the next page would keep the other side's clock running
    print(json.dumps(vars(taken)), flush=True)
    await asyncio.gather(*(partner.close() for partner in partners))


async def _type(partner: Partner, taken: Taken, until: float) -> None:
    await asyncio.sleep(random.random() * EVERY)
    while (began := time.perf_counter()) < until:
        try:
            await partner.type(taken)
        except (aiohttp.ClientError, TimeoutError) as error:
            taken.failed.append(repr(error))
        await asyncio.sleep(max(0, random.uniform(0.6, 1.4) * EVERY - (time.perf_counter() - began)))


async def _wander(partner: Partner, taken: Taken, until: float) -> None:
    await asyncio.sleep(random.random() * STAY)
    while time.perf_counter() < until:
        try:
            taken.pages.append(await partner.open(f"/apply/{random.choice(STEPS)}"))
        except (aiohttp.ClientError, TimeoutError, TypeError, ConnectionError) as error:
            taken.failed.append(f"page: {error!r}")
        await asyncio.sleep(STAY * random.uniform(0.7, 1.3))


async def _look(partner: Partner, taken: Taken, until: float) -> None:
    """What the process answers to somebody who asks for nothing."""
    while time.perf_counter() < until:
        began = time.perf_counter()
        async with partner.browser.get(f"{partner.portal}/healthz") as answer:
            await answer.read()
        taken.health.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(0.25)


if __name__ == "__main__":
    asyncio.run(crowd(sys.argv[1], sys.argv[2].split(","), float(sys.argv[3])))
