"""What the virus scanner says of an upload, put into the state of its document and into words for whoever uploads."""

from __future__ import annotations

from sqlmodel import Session

from integrations.scanner import Look
from models.database import reading
from models.document import Document, DocumentState
from models.errors import Invalid, NotYet, Problem
from models.quarantine import condemn, keep_apart, passed
from models.scan import Scan, Verdict, being_checked, infected
from models.slots import SLOTS


def kept(session: Session, document: Document, look: Look | None, replaces: str, pages: int | None, thumbnail: bool) -> bool:
    """Whether the document goes into quarantine; one that is clean, or where nobody scans, does not."""
    if look is None:
        return False
    if look.clean:
        passed(session, document)
    elif look.found:
        condemn(session, document, look.found)
    else:
        keep_apart(session, document, look.failure, replaces=replaces, pages=pages, thumbnail=thumbnail)
    return not look.clean


def must_be_through(document: Document) -> None:
    """NotYet while the scanner has not looked at the document, Invalid if it found something."""
    if document.state != DocumentState.QUARANTINED:
        return
    with reading() as session:
        scan = session.get_one(Scan, document.id)
    step = SLOTS[document.slot].step
    if scan.verdict == Verdict.FOUND:
        said = infected(document, scan)
        raise Invalid(said, [Problem(document.slot, said, step)])
    said = being_checked(document)
    raise NotYet(said, [Problem(document.slot, said, step)])
