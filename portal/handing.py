"""Handing a document over: the headers that go with its bytes, wherever they are asked for."""

from __future__ import annotations

from urllib.parse import quote

from models.document import Document

#: Nothing of a document may run, load or be framed elsewhere. Chromium's viewer of PDFs works in this sandbox, in a frame too [tried].
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
SAFE = {"content-security-policy": POLICY, "x-content-type-options": "nosniff", "cross-origin-resource-policy": "same-origin",
        "x-frame-options": "SAMEORIGIN"}  # fmt: skip  # our own viewer frames it


def headers_of(document: Document, *, inline: bool) -> dict[str, str]:
    """The tightest policy that still shows a document; a file name of any letters by RFC 6266."""
    name = quote(document.file_name, safe="")
    plain = "".join(sign if sign.isascii() and sign.isprintable() and sign not in '"\\%' else "_" for sign in document.file_name)
    return {
        "content-disposition": f"{'inline' if inline else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{name}",
        "content-length": str(document.file_size),
        "cache-control": "private, no-store",
        **SAFE,
    }
