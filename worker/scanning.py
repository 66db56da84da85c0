"""Documents that the virus scanner could not look at when they came: it is asked again until it could.

At night it is also asked about those that came before there was a scanner, for as long as no upload waits for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from integrations.failures import Failure
from integrations.scanner import Look, look
from integrations.storage import storage
from models.database import now, transaction
from models.document import Document
from models.never_scanned import looked_at, take_never_scanned
from models.quarantine import condemn, is_one_due, postpone, release, take_due, waiting
from models.settings import settings
from models.slots import SLOTS
from worker.deliver import WORKER, stopping
from worker.turn import in_turn

SWITCHED_OFF = "No virus scanner is configured here any more, so nobody can look: set CLAMD_ADDRESS for the worker too."
NIGHT = range(1, 6)  # hours, UTC
#: Of the documents of before so many are taken at a time, one turn after the other for so long: then it is the turn of the other work.
AT_ONCE, TURN = 10, timedelta(minutes=1)
#: While uploads wait, or the scanner looks at nothing, it rests for so long; and when none is left.
BREAK, NONE_LEFT = timedelta(minutes=1), timedelta(hours=1)
LONGEST = timedelta(minutes=30)
log = structlog.get_logger()


def scan_again() -> int:
    """Ask the scanner about each document that is due, one after the other; answers how many it could look at."""
    with transaction() as session:
        due = take_due(session)
    return sum(_asked(document) for document in due)


def scan_what_was_there() -> bool:
    """At night, by one of all workers: some of the documents that came before the scanner was set up. Whether it was this one."""
    night = bool(settings().clamd_address) and now().hour in NIGHT
    return night and in_turn("never scanned", WORKER, LONGEST, scan_some)


def scan_some() -> datetime:
    """Ask about one after the other for a TURN; answers when it goes on."""
    until = now() + TURN
    while now() < until and not stopping.is_set():
        with transaction() as session:
            waits, due = is_one_due(session), take_never_scanned(session, AT_ONCE)
        if not due:
            return now() + NONE_LEFT
        looked = [_at_last(document) for document in due if not stopping.is_set()]
        if waits or not any(looked):
            return now() + BREAK
    return now()


def _at_last(document: Document) -> bool:
    """Whether the scanner could look."""
    _, said = _looked(document)
    with transaction() as session:
        looked_at(session, document.id, found=said.found, failure=said.failure)
    log.info("scanned at last", document=document.id, looked=not said.failure, found=bool(said.found))
    return not said.failure


def _looked(document: Document) -> tuple[bytes, Look]:
    """The bytes and what the scanner says of them; where none is configured any more, nobody has looked."""
    try:
        content = storage().read(document.r2_key, SLOTS[document.slot].max_mb * 1_000_000)
        return content, look(content) or Look(failure=SWITCHED_OFF)
    except Failure as error:
        return b"", Look(failure=error.reason)


def _asked(document: Document) -> bool:
    """Whether the scanner could look; if not, the document stays apart."""
    content, said = _looked(document)
    _write(document, content, said)
    log.info("scanned again", document=document.id, looked=not said.failure, found=bool(said.found))
    return not said.failure


def _write(document: Document, content: bytes, said: Look) -> None:
    with transaction() as session:
        found = waiting(session, document.id)
        if found is None:
            return
        if said.clean:
            release(session, *found, content)
        elif said.found:
            condemn(session, found[0], said.found)
        else:
            postpone(session, found[1], said.failure)
