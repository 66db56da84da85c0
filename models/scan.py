"""What the virus scanner said of a document, and, while it could not look, when it is asked again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UtcDateTime, now
from models.document import Document, DocumentState
from models.errors import Invalid, Problem
from models.language import _
from models.slots import SLOTS

#: A look at a document takes seconds: after this, somebody should see to the scanner.
LATE = timedelta(minutes=10)


class Verdict(StrEnum):
    """`waiting` until the scanner could look; only what is `clean` was ever let through."""

    WAITING = "waiting"
    CLEAN = "clean"
    FOUND = "found"


class Scan(SQLModel, table=True):
    """The scanner's word on one document; `found` is the name of what it found. `replaces` is whose place its upload asked for."""

    __tablename__ = "scans"
    __table_args__ = (sa.Index("ix_scans_due", "verdict", "due_at"),)

    document_id: int = Field(primary_key=True, foreign_key="application_files.id", ondelete="CASCADE")
    verdict: str
    found: str = ""
    replaces: str = ""
    attempts: int = 0
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    begun_at: datetime = Field(sa_type=UtcDateTime)
    scanned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_error: str = ""


Apart = tuple[Document, Scan]


def apart(session: Session, application_id: int | None) -> list[Apart]:
    """The documents of an application that are in quarantine, oldest first."""
    wanted = select(Document, Scan).join(Scan, col(Scan.document_id) == col(Document.id))
    wanted = wanted.where(Document.application_id == application_id, Document.state == DocumentState.QUARANTINED)
    return [(document, scan) for document, scan in session.exec(wanted.order_by(col(Document.id)))]


def scanned(session: Session, application_id: int | None) -> set[int]:
    """The numbers of the documents of an application that the scanner has let through."""
    wanted = select(Scan.document_id).join(Document, col(Document.id) == col(Scan.document_id))
    return set(session.exec(wanted.where(Document.application_id == application_id, Scan.verdict == Verdict.CLEAN)))


def unscanned(session: Session) -> tuple[int, str]:
    """How many documents the scanner could not look at for longer than LATE, and why the last time; 0 if none."""
    late = select(Scan).join(Document, col(Document.id) == col(Scan.document_id))
    late = late.where(Scan.verdict == Verdict.WAITING, Document.state == DocumentState.QUARANTINED, col(Scan.begun_at) < now() - LATE)
    found = session.exec(late.order_by(col(Scan.begun_at).desc())).all()
    return len(found), found[0].last_error if found else ""


def must_have_been_scanned(session: Session, application_id: int | None, slots: Sequence[str] = ()) -> None:
    """Invalid while a document (of `slots`, if any are named) waits for the scanner: nobody sends something that is not there yet."""
    late = [one for one, scan in apart(session, application_id) if scan.verdict == Verdict.WAITING and (not slots or one.slot in slots)]
    if late:
        problems = [Problem(one.slot, being_checked(one), SLOTS[one.slot].step) for one in late if one.slot in SLOTS]
        raise Invalid(_("A document is still being checked for viruses. Send it when that is done, or take the document out."), problems)


def why_apart(document: Document, scan: Scan) -> str:
    """What became of a document in quarantine, and what is to be done."""
    return infected(document, scan) if scan.verdict == Verdict.FOUND else being_checked(document)


def being_checked(document: Document) -> str:
    """The sentence for a document that waits."""
    said = _("“{name}” is being checked for viruses. It counts as soon as that is done; you can go on meanwhile.")
    return said.format(name=document.file_name)


def infected(document: Document, scan: Scan) -> str:
    """The sentence for a document in which something was found."""
    said = _("A virus was found in “{name}” ({found}), so nobody can open it and it does not count. Upload a clean file.")
    return said.format(name=document.file_name, found=scan.found)
