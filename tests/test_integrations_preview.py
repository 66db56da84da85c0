"""The look at untrusted files: pages are counted and drawn, and nothing that a file does reaches the portal."""

from __future__ import annotations

import io
import os
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image

from integrations.preview import NOTHING, Reader, look
from tests.papers import pdf


def pages(number: int) -> bytes:
    made = FPDF()
    for _ in range(number):
        made.add_page()
    return bytes(made.output())


def locked(**passwords: str) -> bytes:
    made = FPDF()
    made.set_encryption(**passwords)
    made.add_page()
    return bytes(made.output())


def picture(kind: str, size: tuple[int, int], mode: str = "RGB", colour: object = "red", orientation: int = 1) -> bytes:
    out, made = io.BytesIO(), Image.new(mode, size, colour)  # type: ignore[arg-type]
    exif = made.getexif()
    exif[0x112] = orientation
    made.save(out, kind, exif=exif)
    return out.getvalue()


def seen(content: bytes) -> Image.Image:
    found = Image.open(io.BytesIO(content))
    assert found.format == "JPEG" and max(found.size) <= 320
    return found


def stream_bomb() -> bytes:
    """A PDF of one page whose drawing unpacks to a gigabyte of commands."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b"0 0 m 500 500 l S " * 1_000_000) for _ in range(60)) + packer.flush()
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
               b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R>>",
               b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed)]  # fmt: skip
    body = b"%PDF-1.7\n" + b"".join(b"%d 0 obj%s endobj\n" % (number, one) for number, one in enumerate(objects, 1))
    return body + b"trailer<</Root 1 0 R/Size 5>>\n%%EOF"


def test_the_pages_of_a_pdf_are_counted_and_its_first_is_drawn() -> None:
    found = look("pdf", pdf("Certificate of incorporation"))
    assert found.pages == 1 and not found.locked
    colours = seen(found.picture).convert("L").getextrema()
    assert colours[0] < 100 < 250 < colours[1]  # type: ignore[operator]  # there is ink on white paper


def test_a_long_pdf_is_counted_all_the_same() -> None:
    assert look("pdf", pages(5000)).pages == 5000


def test_a_pdf_that_asks_for_a_password_is_told_apart_from_one_that_only_forbids_printing() -> None:
    assert look("pdf", locked(owner_password="o", user_password="u")).locked is True
    forbids = look("pdf", locked(owner_password="o"))
    assert (forbids.locked, forbids.pages) == (False, 1)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"%PDF-1.7\n" + os.urandom(5000), b"\x89PNG\r\n\x1a\n" + os.urandom(100), b"MZ"])
@pytest.mark.parametrize("kind", ["pdf", "png", "jpg", "docx"])
def test_what_cannot_be_read_is_nothing_and_no_error(kind: str, content: bytes) -> None:
    assert look(kind, content) == NOTHING


def test_a_photo_is_turned_the_way_it_was_held() -> None:
    assert seen(look("jpg", picture("JPEG", (1200, 600))).picture).size == (320, 160)
    assert seen(look("jpg", picture("JPEG", (1200, 600), orientation=6)).picture).size == (160, 320)


def test_a_transparent_logo_stands_on_white() -> None:
    found = look("png", picture("PNG", (200, 100), "RGBA", (0, 0, 0, 0)))
    assert found.pages is None and seen(found.picture).getpixel((50, 50)) == (255, 255, 255)


def test_bombs_bring_no_picture_and_take_no_memory_of_ours() -> None:
    assert look("png", picture("PNG", (30_000, 30_000), "1", 0)) == NOTHING
    assert look("pdf", stream_bomb()).picture == b""


def test_a_file_that_never_ends_is_given_up(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("while True: pass")
    begun = time.monotonic()
    assert Reader(program).look("pdf", pdf(), patience=1) == NOTHING
    assert time.monotonic() - begun < 10


def test_a_process_that_was_taken_over_sees_no_secret_and_is_not_believed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET_KEY", "a secret of the portal")
    program = tmp_path / "program.py"
    program.write_text(f"import os, sys; open({str(tmp_path / 'seen')!r}, 'w').write(str(dict(os.environ))); "
                       "print('{\"pages\": \"<b>9</b>\", \"locked\": \"yes\"}'); sys.stdout.write('<script>')")  # fmt: skip
    assert Reader(program).look("pdf", pdf()) == NOTHING
    assert "secret" not in (tmp_path / "seen").read_text()


def test_a_reader_that_ended_is_started_again() -> None:
    reader = Reader()
    assert reader.look("pdf", pages(2)).pages == 2
    first = reader._process
    assert first is not None
    first.kill()
    first.wait()
    assert reader.look("pdf", pages(3)).pages == 3 and reader._process is not first


def test_many_files_at_once_are_all_looked_at() -> None:
    with ThreadPoolExecutor(8) as pool:
        assert [found.pages for found in pool.map(lambda number: look("pdf", pages(number)), range(1, 17))] == list(range(1, 17))
