"""A document: a file in one slot of an application. Its bytes are in the object store, its truth is here."""

from __future__ import annotations

import hashlib
import io
import secrets
import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import puremagic
import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UtcDateTime, now
from models.errors import Invalid, NotFound, Problem
from models.reach import must_reach
from models.settings import settings
from models.slots import MEDIA_TYPES, SLOTS, Slot

if TYPE_CHECKING:  # an application looks at its documents when it is sent
    from models.application import Application

PER_SLOT = 20
#: An archive may unpack to this many times its size, or to 50 MB, before it counts as a bomb (FACTS 54).
UNPACKED_RATIO, UNPACKED_FLOOR = 100, 50_000_000

OFFICE_PART = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}


class DocumentState(StrEnum):
    """`pending` until the server has looked at the bytes; `removed` covers replaced ones."""

    PENDING = "pending"
    STORED = "stored"
    REFUSED = "refused"
    REMOVED = "removed"


class Document(SQLModel, table=True):
    """One file. `public_id` is its unguessable name in URLs, `r2_key` its key in the object store."""

    __tablename__ = "application_files"

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="applications.id", index=True)
    file_name: str
    file_type: str
    file_size: int
    r2_key: str = Field(unique=True)
    r2_url: str
    upload_timestamp: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs={"server_default": sa.func.now()})
    slot: str
    public_id: str = Field(unique=True)
    state: str = Field(default=DocumentState.PENDING, index=True)
    sha256: str | None = None
    expiry_date: date | None = None
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def extension(self) -> str:
        """Lower case, without the dot; `jpeg` counts as `jpg`."""
        return extension_of(self.file_name)


def start_upload(session: Session, application: Application, slot_name: str, file_name: str, size: int) -> Document:
    """A pending document with its key in the store. Invalid if the slot does not take such a file."""
    must_reach(session, application, [slot_name])
    slot = SLOTS.get(slot_name)
    if slot is None:
        raise Invalid("There is no such document.", [Problem("slot", f"The form has no document “{slot_name}”.")])
    name = clean_name(file_name)
    _check_promise(session, application, slot, name, size)
    public_id = secrets.token_urlsafe(16)
    document = Document(
        application_id=application.id or 0, file_name=name, file_type=MEDIA_TYPES[extension_of(name)], file_size=size, slot=slot.name,
        public_id=public_id, r2_key=f"uploads/{application.invitation_code}/{public_id}.{extension_of(name)}",
        r2_url=f"{settings().portal_url}/documents/{public_id}", upload_timestamp=now(),
    )  # fmt: skip
    session.add(document)
    session.flush()
    return document


def examine(document: Document, content: bytes) -> str | None:
    """Why the stored bytes must be refused, in the partner's words; None if they are what was promised."""
    slot, kind = SLOTS[document.slot], document.extension
    if not content:
        return f"“{document.file_name}” is empty. Choose the file again."
    if len(content) > slot.max_mb * 1_000_000:
        return too_large(slot, document.file_name)
    if len(content) != document.file_size:
        return f"“{document.file_name}” did not arrive whole. Upload it again."
    if not _is_really(kind, content):
        return f"“{document.file_name}” is not a real {kind.upper()} file. Save it as {kind.upper()} and upload it again."
    return None


def accept(session: Session, document: Document, content: bytes) -> None:
    """The bytes are good: keep their hash; in a slot for one file the earlier one is replaced."""
    document.state, document.sha256, document.upload_timestamp = DocumentState.STORED, hashlib.sha256(content).hexdigest(), now()
    session.add(document)
    twins = (other for other in stored(session, document.application_id) if other.slot == document.slot and other.id != document.id)
    for other in twins:
        if not SLOTS[document.slot].multiple or (other.sha256, other.file_name) == (document.sha256, document.file_name):
            remove(session, other)


def refuse(session: Session, document: Document) -> None:
    """The bytes are not what was promised; the caller deletes them from the store."""
    document.state = DocumentState.REFUSED
    session.add(document)


def remove(session: Session, document: Document) -> None:
    """The partner takes a document out; its bytes go with the clean-up, or stay as long as files do if it was part of a submission."""
    document.state, document.removed_at = DocumentState.REMOVED, now()
    session.add(document)


def set_expiry(session: Session, document: Document, day: date | None) -> None:
    """Until when the document is valid, as its uploader says. Invalid if its slot asks for no such date."""
    slot = SLOTS[document.slot]
    if not slot.asks_expiry:
        raise Invalid("This document has no expiry date.", [Problem(slot.name, f"“{slot.label}” has no expiry date.", slot.step)])
    document.expiry_date = day
    session.add(document)


def stored(session: Session, application_id: int | None) -> list[Document]:
    """The documents that count, oldest first."""
    wanted = select(Document).where(Document.application_id == application_id, Document.state == DocumentState.STORED)
    return list(session.exec(wanted.order_by(col(Document.id))))


def find_document(session: Session, public_id: str) -> Document:
    """By the name in its URL; NotFound if there is none."""
    found = session.exec(select(Document).where(Document.public_id == public_id)).first()
    if found is None:
        raise NotFound("There is no such document.")
    return found


def find_by_key(session: Session, application: Application, key: str) -> Document:
    """By its key in the store, among this application's only; NotFound otherwise."""
    found = session.exec(select(Document).where(Document.r2_key == key, Document.application_id == application.id)).first()
    if found is None:
        raise NotFound("There is no such upload.")
    return found


def counts(documents: Iterable[Document]) -> dict[str, int]:
    """How many documents each slot holds."""
    held: dict[str, int] = {}
    for document in documents:
        held[document.slot] = held.get(document.slot, 0) + 1
    return held


def extension_of(name: str) -> str:
    """`Certificate.JPEG` → `jpg`."""
    found = PurePosixPath(name).suffix.lower().lstrip(".")
    return "jpg" if found == "jpeg" else found


def clean_name(name: str) -> str:
    """A name for people: no folders, no control characters, 150 characters at most with its ending kept."""
    base = PurePosixPath(name.replace("\\", "/")).name
    base = "".join(c for c in base if c.isprintable()).strip()
    if not base.strip(". "):  # "." and ".." are folders
        return "document"
    ending = PurePosixPath(base).suffix
    return base if len(base) <= 150 else f"{base[: 150 - len(ending)].rstrip()}{ending}"


def too_large(slot: Slot, name: str) -> str:
    """The sentence for a file over the slot's limit."""
    return (
        f"“{name}” is larger than {slot.max_mb} MB. Make it smaller, for example by saving it at a lower resolution, and upload it again."
    )


def _check_promise(session: Session, application: Application, slot: Slot, name: str, size: int) -> None:
    problem = ""
    if not slot.takes(name):
        problem = f"“{name}” cannot be used here. Choose a {_either(slot.extensions)} file."
    elif size <= 0:
        problem = f"“{name}” is empty. Choose the file again."
    elif size > slot.max_mb * 1_000_000:
        problem = too_large(slot, name)
    elif slot.multiple and counts(stored(session, application.id)).get(slot.name, 0) >= PER_SLOT:
        problem = f"“{slot.label}” already holds {PER_SLOT} files. Remove one first."
    if problem:
        raise Invalid(problem, [Problem(slot.name, problem, slot.step)])


def _either(extensions: tuple[str, ...]) -> str:
    names = [kind.upper() for kind in extensions]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _is_really(kind: str, content: bytes) -> bool:
    if kind in OFFICE_PART:
        return _is_office(kind, content)
    if kind == "csv":
        return _is_text(content)
    try:
        found = {match.extension for match in puremagic.magic_string(content[:65_536])}
    except (puremagic.PureError, ValueError):
        return False
    return bool({f".{kind}"} & found or (kind == "jpg" and {".jpeg", ".jpg"} & found)) and _begins_right(kind, content)


def _begins_right(kind: str, content: bytes) -> bool:
    """The format's own first bytes; puremagic also guesses from what stands later."""
    return (
        content.lstrip()[:5] == b"%PDF-"
        if kind == "pdf"
        else content.startswith(b"\x89PNG\r\n\x1a\n" if kind == "png" else b"\xff\xd8\xff")
    )


def _is_text(content: bytes) -> bool:
    try:
        return "\x00" not in content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return b"\x00" not in content and not content.startswith((b"%PDF", b"PK", b"MZ"))


def _is_office(kind: str, content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile:
        return False
    unpacked = sum(part.file_size for part in parts)
    return OFFICE_PART[kind] in {part.filename for part in parts} and unpacked <= max(UNPACKED_FLOOR, UNPACKED_RATIO * len(content))
