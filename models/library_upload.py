"""The portal's files in SharePoint's library: what lies there as far as we know, and the upload that is under way.

What lies there is a reading of the events: each file that arrived and each that was taken out is one, with its drive item.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UtcDateTime, now
from models.event import Event

PUBLISHED, WITHDRAWN = MOVED = ("document.published", "document.withdrawn")
#: The whole form as a file, where it does not fit into its column.
FORM_STORED, FORM_REMOVED = "application.form_stored", "application.form_removed"


class LibraryUpload(SQLModel, table=True):
    """The session of one document. Its address is the right to write that one file, for some days: it goes with the upload's end."""

    __tablename__ = "library_uploads"

    document_id: int = Field(primary_key=True, foreign_key="application_files.id", ondelete="CASCADE")
    address: str
    begun_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


def begin(session: Session, document_id: int, address: str) -> None:
    """A session was begun; an earlier one of the document is over."""
    session.merge(LibraryUpload(document_id=document_id, address=address))


def address_of(session: Session, document_id: int) -> str:
    """Where the document's upload goes on; empty if none was begun."""
    found = session.get(LibraryUpload, document_id)
    return found.address if found else ""


def end(session: Session, document_id: int) -> None:
    """The document has arrived."""
    if found := session.get(LibraryUpload, document_id):
        session.delete(found)


def lying(session: Session, application_id: int | None = None) -> dict[str, str]:
    """The documents in the library by public id, each with its drive item: of one application, or of all."""
    moved = select(Event.detail, Event.type).where(col(Event.type).in_(MOVED)).order_by(col(Event.id))
    moved = moved if application_id is None else moved.where(Event.application_id == application_id)
    found: dict[str, str] = {}
    for detail, kind in session.exec(moved):
        found[detail["document"]] = detail["item"] if kind == PUBLISHED else ""
    return {document: item for document, item in found.items() if item}


def listed_elsewhere(session: Session, application_id: int | None, item_id: str) -> dict[str, str]:
    """Those of the application's documents in the library, each with its drive item, that say they belong to another item of the list."""
    told = select(Event.detail).where(Event.application_id == application_id, Event.type == PUBLISHED).order_by(col(Event.id))
    last = {detail["document"]: detail.get("listed", item_id) for detail in session.exec(told)}
    return {document: item for document, item in lying(session, application_id).items() if last[document] != item_id}


def form_file(session: Session, application_id: int | None) -> str:
    """The drive item of the application's whole form in the library; empty where it has none."""
    told = select(Event).where(Event.application_id == application_id, col(Event.type).in_((FORM_STORED, FORM_REMOVED)))
    last = session.exec(told.order_by(col(Event.id).desc())).first()
    return str(last.detail["item"]) if last and last.type == FORM_STORED else ""
