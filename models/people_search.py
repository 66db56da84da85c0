"""Partners found by any part of what names them or their people, on either database; triggers keep the words (migration 0008)."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

TRIGRAM = 3  # an index by trigrams knows nothing of fewer letters
_DIGITS = 5  # of a telephone number that is looked for however it is written
_words = sa.table("queue_search_people", sa.column("id"), sa.column("rowid"), sa.column("words", sa.String()))


def found_by(session: Session, q: str) -> Any:
    """A select of the numbers of the invitations whose words contain `q`, which is not empty; also as a telephone number's digits."""
    parts = {q.lower(), telephone(q)} - {""}
    if session.get_bind().dialect.name != "sqlite":
        return sa.select(_words.c.id).where(sa.or_(*(_words.c.words.contains(part, autoescape=True) for part in parts)))
    if min(len(part) for part in parts) < TRIGRAM:
        return sa.select(_words.c.rowid).where(sa.or_(*(_words.c.words.contains(part, autoescape=True) for part in parts)))
    phrases = " OR ".join('"' + part.replace('"', '""') + '"' for part in sorted(parts))
    return sa.select(_words.c.rowid).where(sa.literal_column("queue_search_people").op("MATCH")(phrases))


def telephone(q: str) -> str:
    """The digits of a number, without what differs between writing it here and from abroad; empty if it is none."""
    digits = bare(q).removeprefix("00").removeprefix("0")
    return digits if len(digits) >= _DIGITS and re.fullmatch(r"[\d\s()+./-]+", q) else ""


def bare(number: str) -> str:
    """The digits alone."""
    return re.sub(r"\D", "", number)
