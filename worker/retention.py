"""Erasing what is past its period: first the object, then the rows, so that a crash in between repeats safely.

What goes and when stands in `models/retention.py`. Each thing has a transaction of its own, which locks it and looks again whether
it is still due. Nothing counts as erased before the store has answered that it is gone (FACTS 50). A copy in SharePoint's library is
taken out by a delivery after that, which records the proof (worker/evidence.py): SharePoint may be away for as long as it likes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import NamedTuple

import structlog

from integrations.failures import Failure, Passing
from integrations.storage import storage
from models.database import now, reading, transaction
from models.document import known_keys
from models.errors import Refused
from models.retention import PERIODS, Due, copy_of, due, erased, orphan, still_due, still_in_library
from models.settings import settings
from models.stray import seen
from worker.logs import where

#: All documents' keys begin with this.
PREFIX = "uploads/"
#: More orphans than this, and more than this share of the store, look like a wrong or restored database, not like rubbish.
PLAUSIBLE, PLAUSIBLE_SHARE = 20, 0.1
LEFT = "The settings leave documents in SharePoint when the portal erases them (SHAREPOINT_KEEPS_FILES)."
UNASKED = "Check that the database is the right one, then erase them with `python -m worker retention --orphans`."
TOO_MANY = "There are too many of them: the database looks like a wrong or a restored one."
log = structlog.get_logger()


class Kept(NamedTuple):
    """What is past its period and still there, why, and whether that is a failure that somebody must look at."""

    one: Due
    reason: str
    failed: bool = True


@dataclass(frozen=True)
class Cleaned:
    """What a run found past its period, and what of it is still there."""

    found: tuple[Due, ...]
    kept: tuple[Kept, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether something could not be erased; what nobody asked to erase, or is due no more, is no failure."""
        return any(kept.failed for kept in self.kept)


def clean_up(dry_run: bool = False, orphans: bool = False, stopped: Callable[[], bool] = lambda: False) -> Cleaned:
    """Erase everything that is past its period, or with `dry_run` only say what that is. A failure of one keeps no other back.

    Objects that no document knows are erased with `orphans`, or after ORPHAN_DAYS: after a restore, they may be documents. Once it is
    `stopped`, the rest is left to the next run.
    """
    with reading() as session:
        found = due(session)
    going, staying, reason = _orphans(orphans)
    kept = [Kept(one, reason, reason != UNASKED) for one in staying]
    if not dry_run:
        left = takewhile(lambda _one: not stopped(), (*found, *going))
        kept += [stayed for one in left if (stayed := erase(one))]
    log.info("retention", dry_run=dry_run, found=len(found), orphans=len(going) + len(staying), kept=len(kept))
    return Cleaned((*found, *going, *staying), tuple(kept))


def erase(one: Due) -> Kept | None:
    """Erase one thing if it is still due; what kept it, if anything did."""
    try:
        for key, _ in one.objects:
            storage().head(key)  # a store that is away says so before anything is locked
        with transaction() as session:
            found = still_due(session, one)
            if found is None:
                return Kept(one, "It is not due any more.", failed=False)
            for key, _ in found.objects:
                _remove(key)
            if stays := settings().sharepoint_keeps_files and copy_of(session, found):
                still_in_library(session, found, stays, LEFT)
            erased(session, found, "" if stays else copy_of(session, found))
    except Exception as error:  # whatever it is, the others are still to be erased
        log.error("not erased", period=one.period, what=one.what, **where(error))
        return Kept(one, _reason(error))
    return None


def report(cleaned: Cleaned, dry_run: bool) -> str:
    """The table of periods with what each one takes, then each thing by name, as plain text."""
    lines = [f"{'Period':8} {'after':>9}  {'counted from':32} {'due':>5}  what"]
    for name, period in PERIODS.items():
        count = sum(one.rows or len(one.objects) for one in cleaned.found if one.period == name)
        lines.append(f"{name:8} {period.length(settings()):>9}  {period.counted_from:32} {count:>5}  {period.what}")
    verb = "Would erase" if dry_run else "Erased"
    stayed = {kept.one for kept in cleaned.kept}
    said = [f"{verb}: {one.what} ({_extent(one)})" for one in cleaned.found if one not in stayed]
    said += [f"{'Could not erase' if kept.failed else 'Not erased'}: {kept.one.what}. {kept.reason}" for kept in cleaned.kept]
    lines += [f"{line} ({times} times)" if times > 1 else line for line, times in Counter(said).items()]
    return "\n".join(lines)


def _extent(one: Due) -> str:
    parts = [f"{len(one.objects)} in the store"] if one.objects else []
    return ", ".join([*parts, *([f"{one.rows} in the database"] if one.rows else [])])


def _reason(error: Exception) -> str:
    if isinstance(error, Failure):
        return error.reason
    return error.detail if isinstance(error, Refused) else f"It failed ({type(error).__name__}): the log says where."


def _remove(key: str) -> None:
    """The object, and what belongs to it: a document's thumbnail and pieces have its key and a dot before their own name."""
    for one in (key, *storage().keys(f"{key}.")):
        storage().delete(one)
    if storage().head(key) is not None or any(storage().keys(f"{key}.")):
        raise Passing("The document store took the deletion and still has the object.")


def _orphans(asked: bool) -> tuple[list[Due], list[Due], str]:
    """Objects that no row knows, old enough not to be on their way in: those that go, those that stay, and why these do."""
    try:
        listed, strange = _strange()
        if len(strange) > PLAUSIBLE and len(strange) > listed * PLAUSIBLE_SHARE:
            log.error("too many orphans", orphans=len(strange), objects=listed)
            return [], [orphan(key) for key in strange], TOO_MANY
        old = [key for key in strange if _older(key, PERIODS["orphans"].cutoff())]
        going = old if asked else _past_hope(old)
    except Exception as error:  # the rest of the clean-up goes on
        log.error("no look for orphans", **where(error))
        return [], [Due("orphans", "objects that no document knows")], _reason(error)
    if old:
        log.warning("orphans", orphans=len(old), objects=listed)
    return [orphan(key) for key in going], [orphan(key) for key in old if key not in going], UNASKED


def _strange() -> tuple[int, list[str]]:
    """How many objects there are, and the keys that no row knows."""
    listed, strange = 0, list[str]()
    for keys in _batches(storage().keys(PREFIX), 500):
        listed += len(keys)
        with reading() as session:
            known = known_keys(session, keys)
        strange += [key for key in keys if key not in known]
    return listed, strange


def _past_hope(keys: list[str]) -> list[str]:
    """Those that go by themselves: they have been strays for so long that a wrong or restored database would have been noticed."""
    with transaction() as session:
        since = seen(session, keys)
    days = settings().orphan_days
    return [key for key in keys if days and since[key] <= now() - timedelta(days=days)]


def _older(key: str, than: datetime) -> bool:
    found = storage().head(key)
    return found is not None and found.modified is not None and found.modified <= than


def _batches(keys: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(keys)
    while batch := list(islice(rest, size)):
        yield batch
