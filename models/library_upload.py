"""An upload of a document to SharePoint's library that is under way, so that another attempt goes on from where one stopped."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, Session, SQLModel

from models.database import UtcDateTime, now


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
