"""Cursors: where the next page of a list begins, as a text that only we read. It is bound to what was asked for with it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from models.errors import Invalid, Problem
from models.language import _
from models.settings import settings

MARK = 16  # characters of the signature


def written(place: list[str | int], asked: dict[str, Any]) -> str:
    """A cursor for `place`, which continues what was `asked`."""
    text = base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")
    return f"{_mark(text, asked)}{text}"


def read(cursor: str, asked: dict[str, Any]) -> list[Any]:
    """The place; Invalid for what we have not written, or have written for another question."""
    mark, text = cursor[:MARK], cursor[MARK:]
    if not text.isascii() or not hmac.compare_digest(mark.encode(), _mark(text, asked).encode()):
        said = _("Send the nextCursor of the page before, with the same filters, or no cursor to begin anew.")
        raise Invalid(_("The cursor does not belong to this question."), [Problem("cursor", said)])
    place: list[Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))  # we signed it, so it is ours
    return place


def _mark(text: str, asked: dict[str, Any]) -> str:
    key, told = settings().secret_key.get_secret_value().encode(), json.dumps([text, asked], sort_keys=True, default=str)
    return hmac.new(key, b"cursor:" + told.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:MARK]
