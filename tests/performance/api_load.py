"""Callers of the API, as many connections as are asked for, in a process of its own: `python -m tests.performance.api_load`.

Reads a list of plans as JSON from its input, carries them out side by side, and prints what was taken for each. An HTTP client of a library
costs more than the servers that are measured; this one writes bytes that are nearly ready and reads no more than status and length.
"""

from __future__ import annotations

import asyncio
import gc
import json
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Any

#: The code and the registration number that stand in a plan's body; each request has others in their place.
CODE, REGISTRATION = b"Q0000000", b"00000000"
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_addresses = count(1)


@dataclass
class Plan:
    """`body` posted to `path` with one of `codes` after another, by so many `connections`, for so many `seconds`.

    Each answer must have this `status` and contain these words. `once`: no code is sent twice, and the last one ends it. `rate`: so many a
    second in all instead of as many as are answered.
    """

    host: str
    port: int
    path: str
    body: str
    codes: list[str]
    connections: int
    seconds: float
    status: int
    says: str
    once: bool = False
    rate: float = 0.0
    token: str = ""


@dataclass
class Taken:
    """Milliseconds of each answer, what was answered otherwise, and how long all of it took."""

    each: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class Caller(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, load: Load, number: int) -> None:
        self.load, self.number, self.waiting, self.asked = load, number, bytearray(), False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        pause = self.load.pause
        asyncio.get_running_loop().call_later(pause * self.number / self.load.plan.connections, self.ask)

    def ask(self) -> None:
        request = self.load.next_request()
        if request is None:
            self.transport.close()
            return
        self.began, self.asked = time.perf_counter(), True
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        if (head := self.waiting.find(b"\r\n\r\n")) < 0:
            return
        found = LENGTH.search(self.waiting, 0, head)
        size = int(found[1]) if found else 0
        if len(self.waiting) >= head + 4 + size:
            self.asked = False
            self.load.note(self.began, bytes(self.waiting[: head + 4 + size]))
            del self.waiting[: head + 4 + size]
            self.go_on()

    def go_on(self) -> None:
        later = self.began + self.load.pause - time.perf_counter()
        if self.load.pause and later > 0:
            asyncio.get_running_loop().call_later(later, self.ask)
        else:
            self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        if error or self.asked:
            self.load.taken.failed[f"connection lost: {error!r}"] += 1
        if not self.done.done():
            self.done.set_result(None)


class Load:
    """A plan as it is carried out."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.taken, self.pause = plan, Taken(), plan.connections / plan.rate if plan.rate else 0.0
        self.codes = iter(plan.codes) if plan.once else cycle(plan.codes)
        self.status, self.says, body = str(plan.status).encode(), plan.says.encode(), plan.body.encode()
        more = f"Authorization: Bearer {plan.token}\r\n" if plan.token else ""
        self.head = (
            f"POST {plan.path} HTTP/1.1\r\nHost: {plan.host}:{plan.port}\r\nContent-Type: application/json\r\n{more}"
            f"Content-Length: {len(body)}\r\nX-Forwarded-For: "
        ).encode()
        self.body = body

    def next_request(self) -> bytes | None:
        """The next request, from an address of its own, as many partners have; None when it is over."""
        if time.perf_counter() >= self.until or (code := next(self.codes, None)) is None:
            return None
        number, given = next(_addresses), code.encode()
        address = b"10.%d.%d.%d" % (number >> 16 & 255, number >> 8 & 255, number & 255)
        body = self.body.replace(CODE, given).replace(REGISTRATION, b"0" + given[1:])
        return b"".join((self.head, address, b"\r\n\r\n", body))

    def note(self, began: float, answer: bytes) -> None:
        """An answer has come."""
        self.taken.each.append((time.perf_counter() - began) * 1000)
        if answer[9:12] != self.status or self.says not in answer:
            self.taken.failed[answer[9:12].decode() + " " + answer.partition(b"\r\n\r\n")[2][:200].decode(errors="replace")] += 1

    async def carry_out(self) -> dict[str, Any]:
        """All of it."""
        began = time.perf_counter()
        self.until = began + self.plan.seconds
        loop = asyncio.get_running_loop()
        opened = [loop.create_connection(lambda number=number: Caller(self, number), self.plan.host, self.plan.port) for number in range(self.plan.connections)]
        await asyncio.gather(*(caller.done for _, caller in await asyncio.gather(*opened)))
        self.taken.seconds = time.perf_counter() - began
        return {"each": self.taken.each, "failed": dict(self.taken.failed), "seconds": self.taken.seconds}


async def main(plans: list[Plan]) -> None:
    """Carry all out side by side and print what was taken, and how much of a core this process itself had."""
    began, worked = time.perf_counter(), time.process_time()
    taken = await asyncio.gather(*(Load(plan).carry_out() for plan in plans))
    print(json.dumps({"taken": taken, "own": (time.process_time() - worked) / (time.perf_counter() - began)}))


if __name__ == "__main__":
    gc.disable()  # what is kept is numbers
    asyncio.run(main([Plan(**plan) for plan in json.load(sys.stdin)]))
