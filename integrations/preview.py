"""A look at an untrusted file: how many pages a PDF has, and a small picture of its first page or of the photo.

Parsers of PDFs and images have bugs, and partners' files come from anywhere. So they are parsed in a process of their own, which
lives for seconds, has little memory, none of our environment and nothing of ours imported: whatever a file does to it, the portal
only sees that no picture came back. This file is that process's program too (`_main`), so it imports nothing of ours.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

SECONDS, MEMORY = 5, 768 * 1024 * 1024  # of CPU, and bytes of address space: pdfium maps much more than it uses
PATIENCE = 20  # seconds on the clock: on a busy machine a process gets its CPU late
WIDTH, HEIGHT = 320, 320  # pixels: twice what is shown, for dense screens
MOST_PIXELS = 120_000_000  # beyond what any camera takes; a bomb claims more
MOST_POINTS = 14_400  # PDF's own limit for the side of a page
LOCKED = "locked"
KINDS = frozenset({"pdf", "jpg", "png"})
_at_once = BoundedSemaphore(2)  # each takes a core for a moment


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
    if kind not in KINDS or not _at_once.acquire(timeout=PATIENCE):
        return NOTHING
    try:
        return look_apart(Path(__file__).resolve(), kind, content)
    finally:
        _at_once.release()


def look_apart(program: Path, kind: str, content: bytes, patience: float = PATIENCE) -> Preview:
    """What `program`, in a process of its own, makes of the file within `patience` seconds."""
    command = [sys.executable, "-I", "-B", str(program), kind]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=patience, env={}, check=True, cwd="/")  # noqa: S603
    except (subprocess.SubprocessError, OSError):
        return NOTHING
    return _understood(done.stdout)


def _understood(output: bytes) -> Preview:
    """The process may have been taken over by what it read: of its answer only what has the right shape is believed."""
    head, _, picture = output.partition(b"\n")
    try:
        told = json.loads(head)
        pages, locked = told.get("pages"), told.get("locked") is True
    except (ValueError, AttributeError):
        return NOTHING
    sound = picture if picture.startswith(b"\xff\xd8\xff") and len(picture) < 500_000 else b""
    return Preview(pages if type(pages) is int and 0 < pages < 100_000 else None, sound, locked)


def _main(kind: str) -> None:
    _limit()
    told, picture = _pdf(sys.stdin.buffer.read()) if kind == "pdf" else ({}, _image(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + picture)


def _limit() -> None:
    import os
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
    _main(sys.argv[1])
