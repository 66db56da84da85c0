"""Documents that count and that no virus scanner ever looked at: they came before one was set up. It looks at them by and by.

They go on counting meanwhile, as they did, but nobody calls them clean: `clean` is only what the scanner has looked at (FACTS 24).
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from models.application import Application
from models.database import now, one_at_a_time
from models.document import Document, DocumentState
from models.event import record
from models.person import PORTAL
from models.quarantine import TAKEN, condemn
from models.scan import Scan, Verdict
from models.settings import settings

COUNTING = (DocumentState.STORED, DocumentState.PROPOSED)
#: A document that the scanner could not look at is asked about again after this: its reason is mostly one that a person must change.
AGAIN = timedelta(hours=20)
RECALLED = "document.recalled"
COUNT_HOLDS = 120  # seconds
_counted: dict[str, tuple[float, tuple[int, str]]] = {}  # by database


def never_scanned(session: Session) -> tuple[int, str]:
    """How many there are, and why the scanner could not look at one where it was asked; 0 where none is configured."""
    if not settings().clamd_address:
        return 0, ""
    count, why = session.execute(_unlooked(sa.func.count(), sa.func.max(col(Scan.last_error)))).one()
    return int(count), why or ""


def lately_never_scanned(session: Session) -> tuple[int, str]:
    """`never_scanned` as it was up to COUNT_HOLDS ago: to count them walks through all documents."""
    if not settings().clamd_address:
        return 0, ""
    key = str(session.get_bind().engine.url)
    known = _counted.get(key)
    if known is None or time.monotonic() - known[0] > COUNT_HOLDS:
        known = _counted[key] = time.monotonic(), never_scanned(session)
    return known[1]


def forget() -> None:
    """Count anew at the next look."""
    _counted.clear()


def take_never_scanned(session: Session, limit: int) -> list[Document]:
    """Some that are to be looked at now, the oldest first, kept from other workers for as long as TAKEN."""
    one_at_a_time(session, "never scanned")
    due = sa.or_(col(Scan.due_at).is_(None), col(Scan.due_at) <= now())
    found = list(session.scalars(_unlooked(Document).where(due).order_by(col(Document.id)).limit(limit)))
    for document in found:
        scan = _scan_of(session, document)
        scan.due_at = now() + TAKEN
    return found


def looked_at(session: Session, document_id: int | None, *, found: str = "", failure: str = "") -> None:
    """What the scanner said. Nothing happens if the document was taken out or erased meanwhile.

    One in which something was found counts no more, opens for nobody and leaves SharePoint; its application's history says so.
    """
    document = session.get(Document, document_id)
    application = session.get(Application, document.application_id, with_for_update=True) if document else None
    document = session.get(Document, document_id, populate_existing=True)
    if document is None or application is None or document.state not in COUNTING:
        return
    scan = _scan_of(session, document)
    if failure:
        scan.last_error, scan.due_at, scan.attempts = failure, now() + AGAIN, scan.attempts + 1
    elif found:
        _recall(session, application, document, found)
    else:
        scan.verdict, scan.scanned_at, scan.due_at, scan.last_error = Verdict.CLEAN, now(), None, ""


def _recall(session: Session, application: Application, document: Document, found: str) -> None:
    """Without its hash, nothing puts it among those that count again; the event keeps it. Whoever reads what changed hears of it."""
    sha256, document.sha256 = document.sha256, None
    condemn(session, document, found)
    application.updated_at = now()
    if application.submitted_at is not None:
        record(session, RECALLED, PORTAL, application_id=application.id, document=document.public_id, sha256=sha256, reason=found)


def _scan_of(session: Session, document: Document) -> Scan:
    scan = session.get(Scan, document.id) or Scan(document_id=document.id or 0, verdict=Verdict.WAITING, begun_at=now())
    session.add(scan)
    return scan


def _unlooked(*columns: Any) -> Any:
    found = sa.select(*columns).select_from(Document).outerjoin(Scan, col(Scan.document_id) == col(Document.id))
    waits = sa.or_(col(Scan.document_id).is_(None), col(Scan.verdict) == Verdict.WAITING)
    return found.where(col(Document.state).in_(COUNTING), col(Document.erased_at).is_(None), waits)
