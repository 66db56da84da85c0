"""A stand-in for clamd that speaks its INSTREAM command over a real socket: it knows one signature, EICAR's, and can be told to misbehave."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: The test file of the European Institute for Computer Antivirus Research, in two pieces so that no scanner takes this file for it.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + rb"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Clamd:
    """One scanner. `says` replaces its verdict, `limit` is its StreamMaxLength in bytes, `waits` seconds go by before it answers.

    `hangs_up` closes without a word once it has the stream. `seen` are the streams that it took whole.
    """

    def __init__(self, listening: socket.socket, address: str) -> None:
        self.listening, self.address = listening, address
        self.says, self.limit, self.waits, self.hangs_up, self.seen = "", 25_000_000, 0.0, False, list[bytes]()

    def serve(self) -> None:
        """Answer until the socket is closed."""
        with suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                threading.Thread(target=self._served, args=(connection,), daemon=True).start()

    def _served(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as sent:
            command = b""
            while not command.endswith(b"\0"):
                command += sent.read(1)
            answer = self._answer(sent) if command == b"zINSTREAM\0" else "UNKNOWN COMMAND"
            time.sleep(self.waits)
            if answer is not None:
                connection.sendall(answer.encode() + b"\0")

    def _answer(self, sent: object) -> str | None:
        stream = b""
        while length := struct.unpack("!I", sent.read(4))[0]:  # type: ignore[attr-defined]
            if len(stream) + length > self.limit:
                return "INSTREAM size limit exceeded. ERROR"
            stream += sent.read(length)  # type: ignore[attr-defined]
        self.seen.append(stream)
        if self.hangs_up:
            return None
        return self.says or f"stream: {'Win.Test.EICAR_HDB-1 FOUND' if EICAR in stream else 'OK'}"


@contextmanager
def clamd(folder: Path | None = None) -> Iterator[Clamd]:
    """A running stand-in, on TCP or with a socket in `folder`."""
    if folder is None:
        listening = socket.create_server(("127.0.0.1", 0))
        address = f"127.0.0.1:{listening.getsockname()[1]}"
    else:
        listening, address = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), str(folder / "clamd.sock")
        listening.bind(address)
        listening.listen()
    found = Clamd(listening, address)
    threading.Thread(target=found.serve, daemon=True).start()
    try:
        yield found
    finally:
        listening.close()
