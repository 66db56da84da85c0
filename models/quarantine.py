"""Documents that the virus scanner has not let through: nobody opens them, they count nowhere, and they leave for nowhere.

Such a document has no hash, so nothing else can put it among those that count: only `release` does, when the scanner has looked.
"""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session, col, select

from models.application import Application
from models.database import now
from models.document import Document, DocumentState, accept, give_way, remove
from models.errors import Conflict, Forbidden, Invalid
from models.event import record
from models.language import _
from models.person import PORTAL
from models.reach import must_take
from models.scan import Apart, Scan, Verdict
from models.slots import SLOTS

#: Waits between two attempts while the scanner cannot look, in seconds; the last one repeats.
WAITS = (15, 30, 60, 300)
#: What a worker has taken to scan is another's after this.
TAKEN = timedelta(minutes=5)
INFECTED = "document.infected"
#: What stands in a slot, or waits to.
IN_PLACE = (DocumentState.STORED, DocumentState.PROPOSED, DocumentState.QUARANTINED)


def passed(session: Session, document: Document) -> None:
    """The scanner has looked at the document and found nothing."""
    _keep(session, document, Verdict.CLEAN).scanned_at = now()


def keep_apart(
    session: Session, document: Document, reason: str, *, replaces: str = "", pages: int | None = None, thumbnail: bool = False
) -> None:
    """The scanner could not look: the document waits, and is looked at again by the worker."""
    document.state, document.pages, document.has_thumbnail = DocumentState.QUARANTINED, pages, thumbnail
    scan = _keep(session, document, Verdict.WAITING)
    scan.replaces = replaces
    postpone(session, scan, reason)


def condemn(session: Session, document: Document, found: str) -> None:
    """The scanner found something: the document stays apart for good, and its application's history says so."""
    document.state = DocumentState.QUARANTINED
    scan = _keep(session, document, Verdict.FOUND)
    scan.found, scan.scanned_at, scan.due_at = found, now(), None
    record(session, INFECTED, PORTAL, application_id=document.application_id, slot=document.slot, name=document.file_name, reason=found)


def postpone(session: Session, scan: Scan, reason: str) -> None:
    """Not yet: when it is tried again, and why."""
    scan.due_at, scan.last_error = now() + timedelta(seconds=WAITS[min(scan.attempts, len(WAITS) - 1)]), reason
    scan.attempts += 1
    session.add(scan)


def take_due(session: Session, limit: int = 10) -> list[Document]:
    """Documents that are to be scanned again now, kept from other workers for as long as TAKEN."""
    due = select(Scan, Document).join(Document, col(Document.id) == col(Scan.document_id))
    due = due.where(Scan.verdict == Verdict.WAITING, Document.state == DocumentState.QUARANTINED, col(Scan.due_at) <= now())
    found = session.exec(due.order_by(col(Scan.due_at)).limit(limit).with_for_update(skip_locked=True, of=Scan)).all()
    for scan, _document in found:
        scan.due_at = now() + TAKEN
        session.add(scan)
    return [document for _scan, document in found]


def is_one_due(session: Session) -> bool:
    """Whether an upload waits for the scanner now."""
    due = select(Scan.document_id).join(Document, col(Document.id) == col(Scan.document_id))
    due = due.where(Scan.verdict == Verdict.WAITING, Document.state == DocumentState.QUARANTINED, col(Scan.due_at) <= now())
    return session.exec(due.limit(1)).first() is not None


def waiting(session: Session, document_id: int | None) -> Apart | None:
    """A document that still waits for the scanner, with its application locked; None if it was taken out or let through meanwhile."""
    document = session.get(Document, document_id)
    if document is None:
        return None
    session.get(Application, document.application_id, with_for_update=True)
    session.refresh(document)
    scan = session.get(Scan, document_id, with_for_update=True)
    is_waiting = document.state == DocumentState.QUARANTINED and scan is not None and scan.verdict == Verdict.WAITING
    return (document, scan) if is_waiting and scan is not None else None


def release(session: Session, document: Document, scan: Scan, content: bytes) -> bool:
    """The scanner has looked at last: the document counts, as it would have when it was uploaded. False if there is no place for it now.

    Then it is taken out: the partner has sent the application without it, or filled its place with another.
    """
    scan.verdict, scan.scanned_at, scan.due_at, scan.last_error = Verdict.CLEAN, now(), None, ""
    session.add(scan)
    application = session.get_one(Application, document.application_id)
    try:
        _must_be_newest(session, document)
        renews = must_take(session, application, document.slot)
        give_way(session, document, scan.replaces, renews=renews)
        accept(session, document, content, pages=document.pages, thumbnail=document.has_thumbnail, renews=renews)
    except (Conflict, Forbidden, Invalid):
        remove(session, document)
        return False
    return True


def _must_be_newest(session: Session, document: Document) -> None:
    """Conflict if a later file has taken the place meanwhile, or waits for it: what came first must not come last."""
    if SLOTS[document.slot].multiple:
        return
    same_slot = Document.application_id == document.application_id, Document.slot == document.slot
    later = select(Document.id).where(*same_slot, col(Document.id) > document.id, col(Document.state).in_(IN_PLACE))
    if session.exec(later).first() is not None:
        raise Conflict(_("A newer file has taken its place."))


def _keep(session: Session, document: Document, verdict: Verdict) -> Scan:
    session.add(document)
    session.flush()
    scan = session.get(Scan, document.id) or Scan(document_id=document.id or 0, verdict=verdict, begun_at=now())
    scan.verdict = verdict
    session.add(scan)
    return scan
