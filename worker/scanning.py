"""Documents that the virus scanner could not look at when they came: it is asked again until it could."""

from __future__ import annotations

import structlog

from integrations.failures import Failure
from integrations.scanner import Look, look
from integrations.storage import storage
from models.database import transaction
from models.document import Document
from models.quarantine import condemn, postpone, release, take_due, waiting
from models.slots import SLOTS

SWITCHED_OFF = "No virus scanner is configured here any more, so nobody can look: set CLAMD_ADDRESS for the worker too."
log = structlog.get_logger()


def scan_again() -> int:
    """Ask the scanner about each document that is due, one after the other; answers how many it could look at."""
    with transaction() as session:
        due = take_due(session)
    return sum(_asked(document) for document in due)


def _asked(document: Document) -> bool:
    """Whether the scanner could look. Where none is configured any more, nobody has looked, and the document stays apart."""
    try:
        content = storage().read(document.r2_key, SLOTS[document.slot].max_mb * 1_000_000)
        said = look(content) or Look(failure=SWITCHED_OFF)
    except Failure as error:
        content, said = b"", Look(failure=error.reason)
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
