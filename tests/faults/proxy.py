"""A way to a system outside on which connections break, stall, or end after so many bytes."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Trouble:
    """What becomes of one connection: `seconds` of silence before anything passes, and a reset when `after` bytes went the one way.

    `sent` says which way is counted: what the product sends, or what it is answered. None: it is not cut.
    """

    after: int | None = None
    sent: bool = True
    seconds: float = 0


class Proxy:
    """Passes on to a port of this machine, in a thread of its own; each trouble meets one connection."""

    def __init__(self, to: int) -> None:
        self.to, self.coming, self.met = to, deque[Trouble](), 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self._run, name=f"proxy to {to}", daemon=True).start()

    def calm(self) -> None:
        """No more troubles."""
        self.coming.clear()

    def end(self) -> None:
        """Take no more connections."""
        self.loop.call_soon_threadsafe(self.loop.stop)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(asyncio.start_server(self._pass, sock=self.socket))
        self.loop.run_forever()

    async def _pass(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        trouble = self.coming.popleft() if self.coming else Trouble()
        self.met += trouble != Trouble()
        await asyncio.sleep(trouble.seconds)
        try:
            answers, onward = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            return _reset(back)
        ways = [_copy(here, onward, trouble.after if trouble.sent else None), _copy(answers, back, None if trouble.sent else trouble.after)]
        cut = any(await asyncio.gather(*ways))
        for writer in (back, onward):
            _reset(writer) if cut else writer.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter, most: int | None) -> bool:
    """Until one side ends; whether it was cut. What is cut takes the other way with it."""
    try:
        while piece := await source.read(65_536):
            if most is not None and len(piece) >= most:
                sink.write(piece[:most])
                _reset(sink)
                return True
            most = None if most is None else most - len(piece)
            sink.write(piece)
            await sink.drain()
        sink.close()
    except (OSError, RuntimeError):
        sink.close()
    return False


def _reset(writer: asyncio.StreamWriter) -> None:
    """RST, not FIN: as when a firewall or a machine in between has died."""
    with suppress(OSError):  # it is closed already
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
