"""Real documents for tests: PDFs with words on them, an image, an office file."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

from fpdf import FPDF
from PIL import Image

from models.slots import SLOTS

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"


def pdf(words: str = "Certificate") -> bytes:
    """A PDF of one page that says `words`."""
    made = FPDF()
    made.add_page()
    made.set_font("helvetica", size=16)
    made.multi_cell(w=0, text=words)
    return bytes(made.output())


def large_pdf(megabytes: float) -> bytes:
    """A real PDF of about that size: a page with a picture of noise, which nothing packs smaller."""
    picture = io.BytesIO()
    Image.frombytes("RGB", (1000, int(megabytes * 333)), os.urandom(3000 * int(megabytes * 333))).save(picture, "PNG")
    made = FPDF()
    made.add_page()
    made.image(picture, w=100, h=100)
    return bytes(made.output())


def locked_pdf() -> bytes:
    """A PDF that nobody opens without its password."""
    made = FPDF()
    made.set_encryption(owner_password="owner", user_password="user")
    made.add_page()
    return bytes(made.output())


def archive(**parts: bytes) -> bytes:
    """A zip file; `word__document_xml` becomes `word/document.xml`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


DOCX = archive(word__document_xml=b"<w:document/>", **{"[Content_Types]_xml": b"<Types/>"})


def paper(slot: str) -> tuple[str, bytes]:
    """A real file that the slot takes: its name and its bytes."""
    if "pdf" in SLOTS[slot].extensions:
        return f"{slot}.pdf", pdf(f"Brightfield Solar Ltd\n{SLOTS[slot].label}")
    return f"{slot}.png", PNG


def papers(folder: Path, slots: list[str]) -> dict[str, Path]:
    """The same as files on disk, by slot."""
    made = {}
    for slot in slots:
        name, content = paper(slot)
        made[slot] = folder / name
        made[slot].write_bytes(content)
    return made
