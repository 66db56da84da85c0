"""Erasing what is past its period: first the objects, then the rows, so that a crash in between repeats safely.

What goes and when stands in `models/retention.py`. Nothing counts as erased before the store has answered that it is gone (FACTS 50).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import structlog

from integrations.failures import Failure, Passing
from integrations.storage import storage
from models.database import reading, transaction
from models.retention import PERIODS, Due, due, erased, known_keys
from models.settings import settings

#: All documents' keys begin with this.
PREFIX = "uploads/"
#: More orphans than this, and more than this share of the store, look like a wrong or restored database, not like rubbish.
PLAUSIBLE, PLAUSIBLE_SHARE = 20, 0.1
log = structlog.get_logger()


@dataclass(frozen=True)
class Cleaned:
    """What a run found past its period, and what of it could not be erased, with the reason."""

    found: tuple[Due, ...]
    kept: tuple[tuple[Due, str], ...] = ()


def clean_up(dry_run: bool = False) -> Cleaned:
    """Erase everything that is past its period, or with `dry_run` only say what that is. A failure of one keeps no other back."""
    with reading() as session:
        found = due(session)
    found += _orphans()
    if dry_run:
        return Cleaned(tuple(found))
    kept = tuple((one, reason) for one in found if (reason := _erased(one)))
    log.info("retention", found=len(found), kept=len(kept))
    return Cleaned(tuple(found), kept)


def report(cleaned: Cleaned, dry_run: bool) -> str:
    """The table of periods with what each one takes, then each thing by name, as plain text."""
    lines = [f"{'Period':8} {'after':>9}  {'counted from':32} {'due':>5}  what"]
    for name, period in PERIODS.items():
        count = sum(one.rows or len(one.objects) for one in cleaned.found if one.period == name)
        lines.append(f"{name:8} {period.length(settings()):>9}  {period.counted_from:32} {count:>5}  {period.what}")
    verb = "Would erase" if dry_run else "Erased"
    kept = dict(cleaned.kept)
    lines += [f"{verb}: {one.what} ({_extent(one)})" for one in cleaned.found if one not in kept]
    lines += [f"Could not erase: {one.what}. {reason}" for one, reason in cleaned.kept]
    return "\n".join(lines)


def _extent(one: Due) -> str:
    parts = [f"{len(one.objects)} in the store"] if one.objects else []
    return ", ".join([*parts, *([f"{one.rows} in the database"] if one.rows else [])])


def _erased(one: Due) -> str:
    """Erase one; the sentence why not, or an empty one."""
    try:
        for key, _ in one.objects:
            _remove(key)
    except Failure as failure:
        log.warning("not erased", period=one.period, what=one.what)
        return failure.reason
    with transaction() as session:
        erased(session, one)
    return ""


def _remove(key: str) -> None:
    storage().delete(key)
    if storage().head(key) is not None:
        raise Passing("The document store took the deletion and still has the object.")


def _orphans() -> list[Due]:
    """Objects that no row knows, and that are old enough not to be on their way in."""
    listed, strange = 0, list[str]()
    for keys in _batches(storage().keys(PREFIX), 500):
        listed += len(keys)
        with reading() as session:
            known = known_keys(session, keys)
        strange += [key for key in keys if key not in known]
    if len(strange) > PLAUSIBLE and len(strange) > listed * PLAUSIBLE_SHARE:
        log.error("too many orphans", orphans=len(strange), objects=listed)
        return []
    return [Due("orphans", "an object that no document knows", ((key, None),)) for key in strange if _old(key)]


def _old(key: str) -> bool:
    found = storage().head(key)
    return found is not None and found.modified is not None and found.modified <= PERIODS["orphans"].cutoff()


def _batches(keys: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(keys)
    while batch := list(islice(rest, size)):
        yield batch
