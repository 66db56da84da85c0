"""A large file into an upload session: in pieces, in order, and taken up where it stopped (FACTS 11)."""

from __future__ import annotations

from typing import Any

from integrations import pace
from integrations.failures import Missing, Passing, calling, from_response
from integrations.web import WebSession

NAME = "SharePoint"
PIECE = 16 * 320 * 1024  # a multiple of 320 KiB, as sessions demand
BREAKS = 3  # connections that may break in one attempt before the delivery waits


class Expired(Passing):
    """The session is over; what was sent into it is gone."""


def send(url: str, content: bytes, start: int = 0) -> dict[str, Any]:
    """Send the bytes from `start` into the session; answers the drive item. Passing if it breaks again and again, Expired if it is over."""
    breaks, answer = 0, dict[str, Any]()
    while start < len(content):
        try:
            answer = _piece(url, content, start)
            start += PIECE
        except Passing as broken:
            breaks += 1
            if broken.retry_after or breaks > BREAKS:
                raise
            start = expected(url)  # what arrived counts, whatever was answered
    return answer


def expected(url: str) -> int:
    """The first byte that the session waits for; Expired if it waits for none."""
    try:
        told = _asked("GET", url)
    except Missing as gone:
        raise Expired("The upload to SharePoint took too long and begins anew.") from gone
    ranges = told.get("nextExpectedRanges") or []
    if not ranges:
        raise Expired("The upload to SharePoint is over and begins anew.")
    return int(str(ranges[0]).split("-")[0])


def _piece(url: str, content: bytes, start: int) -> dict[str, Any]:
    piece = content[start : start + PIECE]
    headers = {"Content-Range": f"bytes {start}-{start + len(piece) - 1}/{len(content)}"}
    try:
        return _asked("PUT", url, data=piece, headers=headers)
    except Missing as gone:
        raise Expired("The upload to SharePoint took too long and begins anew.") from gone


def _asked(method: str, url: str, **options: Any) -> dict[str, Any]:
    """Without the bearer token: the URL itself is the right to write."""
    pace.wait(pace.READ if method == "GET" else pace.WRITE)
    with calling(NAME), WebSession() as web:
        response = web.request(method, url, **options)
    pace.heard(response)
    if response.status_code == 416:  # the piece is there, and its answer was lost
        raise Passing("{system} has this piece already.", None, system=NAME)
    if response.status_code >= 400:
        raise from_response(NAME, response)
    answer: dict[str, Any] = response.json()
    return answer
