"""A look at an untrusted file: how many pages a PDF has, and a small picture of its first page or of the photo.

Parsers of PDFs and images have bugs, and partners' files come from anywhere. So each is parsed in a process of its own, which lives
for seconds, has little memory, none of our environment and nothing of ours imported: whatever a file does to it, the portal only
sees that no picture came back. Loading the parsers costs many times what looking does, so a process that has them loaded and parses
nothing itself is forked for each file. This file is that process's program too (`_serve`), so it imports nothing of ours.
"""

from __future__ import annotations

import importlib
import io
import json
import logging
import os
import queue
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

log = logging.getLogger(__name__)
PROGRAM = Path(__file__).resolve()
SECONDS, MEMORY = 5, 768 * 1024 * 1024  # of CPU, and bytes of address space: pdfium maps much more than it uses
PATIENCE = 20  # seconds on the clock: on a busy machine a process gets its CPU late
WIDTH, HEIGHT = 320, 320  # pixels: twice what is shown, for dense screens
MOST_PIXELS = 120_000_000  # beyond what any camera takes; a bomb claims more
MOST_POINTS = 14_400  # PDF's own limit for the side of a page
KINDS = frozenset({"pdf", "jpg", "png"})
MOST_BYTES = 500_000  # of a picture
AT_ONCE = 2  # each takes a core for a moment


@dataclass(frozen=True)
class Preview:
    """What could be seen. `pages` is None where the kind has none or it could not be read, `picture` a JPEG or empty.

    `locked` says that the file asks for a password.
    """

    pages: int | None = None
    picture: bytes = b""
    locked: bool = False


NOTHING = Preview()


def look(kind: str, content: bytes) -> Preview:
    """What the file `content`, by its ending a `kind`, looks like; NOTHING where it cannot be seen, for whatever reason. Never raises."""
    if kind not in KINDS:
        return NOTHING
    try:
        reader = _readers.get(timeout=PATIENCE)
    except queue.Empty:
        return NOTHING
    try:
        return reader.look(kind, content)
    finally:
        _readers.put(reader)


class Reader:
    """A process that has the parsers loaded, started when it is first needed and again after it was ended."""

    def __init__(self, program: Path = PROGRAM) -> None:
        self._command = [sys.executable, "-I", "-B", str(program), "serve"]
        self._process: subprocess.Popen[bytes] | None = None

    def look(self, kind: str, content: bytes, patience: float = PATIENCE) -> Preview:
        """What the process's child makes of the file; NOTHING, and an end with both of them, after `patience` seconds."""
        try:
            process = self._alive()
        except OSError:
            return NOTHING
        watch = Timer(patience, _end, [process])
        watch.daemon = True
        watch.start()
        try:
            return _understood(_asked(process, kind, content))
        except (OSError, ValueError):
            log.warning("A document could not be looked at: the process that looks ended or took too long.")
            _end(process)
            return NOTHING
        finally:
            watch.cancel()

    def _alive(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(  # noqa: S603
                self._command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env={}, cwd="/", start_new_session=True
            )
        return self._process


_readers: queue.Queue[Reader] = queue.Queue()
for _ in range(AT_ONCE):
    _readers.put(Reader())


def _asked(process: subprocess.Popen[bytes], kind: str, content: bytes) -> bytes:
    """The answer as the child gave it; ValueError if it is none."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("no pipes")
    process.stdin.write(b"%s %d\n" % (kind.encode(), len(content)) + content)
    process.stdin.flush()
    length = int(process.stdout.readline(12))
    if not 0 <= length <= MOST_BYTES * 2:
        raise ValueError("an answer of that size is none")
    return process.stdout.read(length)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _understood(output: bytes) -> Preview:
    """The process may have been taken over by what it read: of its answer only what has the right shape is believed."""
    head, _, picture = output.partition(b"\n")
    try:
        told = json.loads(head)
        pages, locked = told.get("pages"), told.get("locked") is True
    except (ValueError, AttributeError):
        return NOTHING
    sound = picture if picture.startswith(b"\xff\xd8\xff") and len(picture) < MOST_BYTES else b""
    return Preview(pages if type(pages) is int and 0 < pages < 100_000 else None, sound, locked)


def _serve() -> None:
    """Fork for each file that comes in: `kind length`, a line, then the file. Back goes a length and what the child said."""
    for parser in ("PIL.ImageOps", "PIL.JpegImagePlugin", "PIL.PngImagePlugin", "pypdfium2", "pypdfium2.raw"):
        importlib.import_module(parser)  # once, for all children

    while line := sys.stdin.buffer.readline():
        kind, length = line.split()
        said = _in_child(kind.decode(), sys.stdin.buffer.read(int(length)))
        sys.stdout.buffer.write(b"%d\n" % len(said) + said)
        sys.stdout.buffer.flush()


def _in_child(kind: str, content: bytes) -> bytes:
    """What a child says of the file. It holds neither end of the pipes to the portal; if it writes without end, it loses its reader."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _child(kind, content, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as out:
        said = out.read(MOST_BYTES * 2)
    os.waitpid(child, 0)
    return said


def _child(kind: str, content: bytes, writing: int) -> None:
    try:
        os.dup2(writing, 1)
        os.closerange(3, 256)
        os.close(0)
        _limit()
        told, picture = _pdf(content) if kind == "pdf" else ({}, _image(content))
        os.write(1, json.dumps(told).encode() + b"\n")
        with os.fdopen(1, "wb") as out:
            out.write(picture)
    finally:
        os._exit(0)


def _limit() -> None:
    import resource

    os.nice(10)  # whoever waits for the portal goes first

    limits = ((resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0))
    for limit, most in limits:
        with suppress(ValueError, OSError):  # macOS knows no limit of address space; time is limited all the same
            resource.setrlimit(limit, (most, most))


def _pdf(content: bytes) -> tuple[dict[str, Any], bytes]:
    import pypdfium2  # type: ignore[import-untyped]  # it brings no types
    from pypdfium2.raw import FPDF_ERR_PASSWORD  # type: ignore[import-untyped]

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        return {"locked": error.err_code == FPDF_ERR_PASSWORD}, b""
    try:
        picture = _first_page(document)
    except (pypdfium2.PdfiumError, MemoryError, ValueError):
        picture = b""  # its pages can be counted all the same
    return {"pages": len(document)}, picture


def _first_page(document: Any) -> bytes:
    page = document[0]
    width, height = page.get_size()
    if not (0 < width <= MOST_POINTS and 0 < height <= MOST_POINTS):
        return b""
    return _jpeg(page.render(scale=min(WIDTH / width, HEIGHT / height), may_draw_forms=False).to_pil())


def _image(content: bytes) -> bytes:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # the limit below is ours, and is no warning
    found = Image.open(io.BytesIO(content), formats=("JPEG", "PNG"))
    if found.width * found.height > MOST_PIXELS:
        return b""
    found.draft("RGB", (WIDTH * 2, HEIGHT * 2))  # a JPEG is read no larger than is needed
    found.thumbnail((WIDTH, HEIGHT))
    return _jpeg(ImageOps.exif_transpose(found))


def _jpeg(picture: Any) -> bytes:
    from PIL import Image

    paper = Image.new("RGB", picture.size, "white")  # a logo may be transparent
    seen = picture.convert("RGBA")
    paper.paste(seen, mask=seen.getchannel("A"))
    out = io.BytesIO()
    paper.save(out, "JPEG", quality=80, optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    _serve()
