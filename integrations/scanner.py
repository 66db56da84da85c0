"""A virus scanner: clamd, spoken to over TCP or a Unix socket by its INSTREAM command. Off where CLAMD_ADDRESS is empty.

clamd calls clean what it did not look at for its size, unless its AlertExceedsMax is on; then it says so by a name of its own
(FACTS 24). Only a plain OK for the whole stream, in time, counts as clean here: everything else means that nobody has looked.
Of the clients on PyPI, the one that is kept for threads is GPL, and the other knows no Unix socket: the protocol is one command.
"""

from __future__ import annotations

import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from integrations.failures import Configuration, Failure, Passing, Permanent, calling
from models.settings import settings

NAME = "The virus scanner"
CHUNK = 64 * 1024
LONGEST = 4096  # bytes of an answer
#: Names by which clamd says that it stopped looking: nothing was found, and nothing was ruled out.
LIMITS = "Heuristics.Limits.Exceeded"


@dataclass(frozen=True)
class Look:
    """What came of a look: clean, `found` names what was found, or `failure` says why nobody could look."""

    found: str = ""
    failure: str = ""

    @property
    def clean(self) -> bool:
        """Whether somebody has looked and found nothing."""
        return not self.found and not self.failure


def look(content: bytes) -> Look | None:
    """What the scanner says of these bytes; None where no scanner is configured. Never raises."""
    if not settings().clamd_address:
        return None
    try:
        return Look(found=scan(content))
    except Failure as error:
        return Look(failure=error.reason)


def scan(content: bytes) -> str:
    """The name of what was found, empty if the bytes are clean. A `Failure` if nobody has looked at all of them."""
    with calling(NAME):
        return _understood(_asked(content, time.monotonic() + settings().clamd_seconds))


def _asked(content: bytes, until: float) -> str:
    """clamd's one line. The time is for all of it, not for each piece."""
    with _connected(until) as clamd:
        try:
            clamd.sendall(b"zINSTREAM\0")
            for start in range(0, len(content), CHUNK):
                piece = content[start : start + CHUNK]
                clamd.settimeout(_left(until))
                clamd.sendall(struct.pack("!I", len(piece)) + piece)
            clamd.sendall(struct.pack("!I", 0))
        except (BrokenPipeError, ConnectionResetError):  # it closes when it has had enough, and may have said why
            with suppress(OSError):
                if said := _line(clamd, until):
                    return said
            raise
        return _line(clamd, until)


def _connected(until: float) -> socket.socket:
    address = settings().clamd_address
    if address.startswith(("/", "unix:")):
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        found.settimeout(_left(until))
        try:
            found.connect("/" + address.removeprefix("unix:").lstrip("/"))
        except OSError:
            found.close()
            raise
        return found
    where = urlsplit(f"tcp://{address}")
    return socket.create_connection((where.hostname or "", where.port or 3310), _left(until))


def _line(clamd: socket.socket, until: float) -> str:
    """What it says until it closes or ends its line; a line that is not ended is none."""
    said = b""
    while b"\0" not in said and len(said) < LONGEST:
        clamd.settimeout(_left(until))
        if not (more := clamd.recv(LONGEST)):
            break
        said += more
    line, end, _ = said.partition(b"\0")
    return line.decode("utf-8", "replace").strip() if end else ""


def _left(until: float) -> float:
    if (left := until - time.monotonic()) <= 0:
        raise TimeoutError
    return left


def _understood(said: str) -> str:
    words = said.removeprefix("stream: ")
    if said == "stream: OK":
        return ""
    if words.startswith(LIMITS) or "size limit exceeded" in words:
        limited = "{system} does not look at all of a file of this size ({answer}): raise its limits."
        raise Configuration(limited, system=NAME, answer=said[:200])
    if said.startswith("stream: ") and words.endswith(" FOUND") and words != " FOUND":
        return words.removesuffix(" FOUND")[:200]
    if not said:
        raise Passing("{system} broke the connection off.", system=NAME)
    raise Permanent("{system} could not look at the file ({answer}).", system=NAME, answer=said[:200])
