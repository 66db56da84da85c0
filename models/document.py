"""A document: a file in one slot of an application. Its bytes are in the object store, its truth is here."""

from __future__ import annotations

import hashlib
import io
import secrets
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import puremagic
import sqlalchemy as sa
from babel.lists import format_list
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UtcDateTime, now
from models.errors import Conflict, Invalid, NotFound, Problem
from models.language import _, spoken
from models.reach import must_take
from models.settings import settings
from models.slots import MEDIA_TYPES, SLOTS, Slot

if TYPE_CHECKING:  # an application looks at its documents when it is sent
    from models.application import Application

PER_SLOT = 20
#: Uploads of one slot that are on their way at once. One that has not come within an hour, as long as its address works, is given up.
UNDER_WAY, ON_ITS_WAY = 20, timedelta(hours=1)
#: How long a document that was taken out may be put back; its bytes stay for longer (models/retention.py).
MAY_RETURN = timedelta(hours=1)
#: A file larger than WHOLE may come in pieces of PIECE bytes. S3's own multipart upload has no part under 5 MiB, which is most of
#: an hour on a poor line, hides what was given up, and R2 wants all parts alike: pieces are plain objects, which any store has.
WHOLE, PIECE = 2 * 1024 * 1024, 1024 * 1024
#: An archive may unpack to this many times its size, or to 50 MB, before it counts as a bomb (FACTS 54).
UNPACKED_RATIO, UNPACKED_FLOOR = 100, 50_000_000

OFFICE_PART = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}


class DocumentState(StrEnum):
    """`pending` until the server has looked at the bytes; `removed` covers replaced ones.

    `quarantined` until the virus scanner has let it through (models/quarantine.py).
    `proposed` waits beside the stored ones until a renewal is approved (models/renewal.py), and counts nowhere before.
    """

    PENDING = "pending"
    STORED = "stored"
    REFUSED = "refused"
    REMOVED = "removed"
    PROPOSED = "proposed"
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class Piece:
    """The bytes from `start` to before `end` of a file, as an object of their own until all are there."""

    key: str
    start: int
    end: int

    @property
    def size(self) -> int:
        """In bytes."""
        return self.end - self.start


class Document(SQLModel, table=True):
    """One file. `public_id` is its unguessable name in URLs, `r2_key` its key in the object store.

    What belongs to it there, its thumbnail and the pieces that it came in, has a key that begins with its own and a dot.
    `pages` is None where its kind has none or they could not be counted.
    """

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
    sha256: str | None = Field(default=None, index=True)
    expiry_date: date | None = None
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    pages: int | None = None
    has_thumbnail: bool = Field(default=False, sa_column_kwargs={"server_default": sa.text("false")})

    @property
    def thumbnail_key(self) -> str:
        """Where the picture of its first page is kept, if it has one."""
        return f"{self.r2_key}.thumbnail.jpg"

    @property
    def pieces(self) -> list[Piece]:
        """The pieces in which it may come, in order; none if it is small enough to come whole."""
        if self.file_size <= WHOLE:
            return []
        starts = range(0, self.file_size, PIECE)
        return [Piece(f"{self.r2_key}.piece-{number:03}", at, min(at + PIECE, self.file_size)) for number, at in enumerate(starts)]

    @property
    def extension(self) -> str:
        """Lower case, without the dot; `jpeg` counts as `jpg`."""
        return extension_of(self.file_name)


def start_upload(
    session: Session, application: Application, slot_name: str, file_name: str, size: int, *, step: str = "", folder: str = "",
    replaces: str = "", public_id: str = "",
) -> Document:  # fmt: skip
    """A pending document with its key in the store. Invalid if the slot does not take such a file.

    `step` is the one that a colleague helps with. `folder` stands in the key, where it is not to be the invitation's code. `replaces` is
    the public id of the document whose place it will take (`give_way`), so that a full slot takes it all the same. `public_id` is
    chosen where it must be found again (models/upload_once.py).
    """
    renews = must_take(session, application, slot_name, step)
    slot = SLOTS.get(slot_name)
    if slot is None:
        unknown = _("The form has no document “{name}”.").format(name=slot_name)
        raise Invalid(_("There is no such document."), [Problem("slot", unknown)])
    name = clean_name(file_name)
    _check_promise(session, application, slot, name, size, renews, replaces)
    public_id = public_id or secrets.token_urlsafe(16)
    document = Document(
        application_id=application.id or 0, file_name=name, file_type=MEDIA_TYPES[extension_of(name)], file_size=size, slot=slot.name,
        public_id=public_id, r2_key=f"uploads/{folder or application.invitation_code}/{public_id}.{extension_of(name)}",
        r2_url=f"{settings().portal_url}/documents/{public_id}", upload_timestamp=now(),
    )  # fmt: skip
    session.add(document)
    session.flush()
    return document


def examine(document: Document, content: bytes) -> str | None:
    """Why the stored bytes must be refused, in the partner's words; None if they are what was promised."""
    slot, kind, name = SLOTS[document.slot], document.extension, document.file_name
    if not content:
        return _("“{name}” is empty. Choose the file again.").format(name=name)
    if len(content) > slot.max_mb * 1_000_000:
        return too_large(slot, name)
    if len(content) != document.file_size:
        return _("“{name}” did not arrive whole. Upload it again.").format(name=name)
    if not _is_really(kind, content):
        return _("“{name}” is not a real {kind} file. Save it as {kind} and upload it again.").format(name=name, kind=kind.upper())
    return None


def accept(
    session: Session, document: Document, content: bytes, *, pages: int | None = None, thumbnail: bool = False, renews: bool = False
) -> None:
    """The bytes are good: keep their hash; in a slot for one file the earlier one is replaced. Invalid if the slot is full.

    `pages` were counted, and a `thumbnail` is kept, by who looked at them. With `renews` it waits beside what stands.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    _make_room(session, document, sha256, renews)
    document.state, document.sha256, document.upload_timestamp = _counting(renews), sha256, now()
    document.pages, document.has_thumbnail = pages, thumbnail
    session.add(document)


def _counting(renews: bool) -> DocumentState:
    return DocumentState.PROPOSED if renews else DocumentState.STORED


def _make_room(session: Session, document: Document, sha256: str, renews: bool) -> None:
    slot, there = SLOTS[document.slot], (proposed if renews else stored)(session, document.application_id)
    beside = [other for other in there if other.slot == slot.name and other.id != document.id]
    twins = [other for other in beside if not slot.multiple or (other.sha256, other.file_name) == (sha256, document.file_name)]
    if len(beside) - len(twins) >= (PER_SLOT if slot.multiple else 1):
        raise Invalid(_full(slot), [Problem(slot.name, _full(slot), slot.step)])
    for other in twins:
        remove(session, other)


def give_way(session: Session, document: Document, replaces: str, *, renews: bool = False) -> None:
    """Take out the document whose place `document` takes, if it still stands in the same slot of the same application.

    With `renews` only what was proposed gives way: what stands stays until the renewal is approved, whatever is named.
    """
    named = select(Document).where(Document.public_id == replaces, Document.application_id == document.application_id)
    before = session.exec(named).first()
    if before and before.slot == document.slot and before.state == _counting(renews):
        remove(session, before)
        session.flush()


def refuse(session: Session, document: Document) -> None:
    """The bytes are not what was promised; the caller deletes them from the store."""
    document.state = DocumentState.REFUSED
    session.add(document)


def remove(session: Session, document: Document) -> None:
    """The partner takes a document out; its bytes go with the clean-up, or stay as long as files do if it was part of a submission."""
    document.state, document.removed_at = DocumentState.REMOVED, now()
    session.add(document)


def restore(session: Session, document: Document, *, renews: bool = False) -> None:
    """Put a document back that was taken out or replaced a moment ago. Conflict if it is too late, Invalid if its slot is full."""
    if document.state == _counting(renews):
        return
    if document.removed_at is None or document.sha256 is None or document.erased_at or now() - document.removed_at > MAY_RETURN:
        raise Conflict(_("“{name}” cannot be put back any more. Upload it again.").format(name=document.file_name))
    _make_room(session, document, document.sha256, renews)
    document.state, document.removed_at = _counting(renews), None
    session.add(document)


def set_expiry(session: Session, document: Document, day: date | None) -> None:
    """Until when the document is valid, as its uploader says. Invalid if its slot asks for no such date."""
    slot = SLOTS[document.slot]
    if not slot.asks_expiry:
        words = _("“{label}” has no expiry date.").format(label=_(slot.label))
        raise Invalid(_("This document has no expiry date."), [Problem(slot.name, words, slot.step)])
    document.expiry_date = day
    session.add(document)


def stored(session: Session, application_id: int | None) -> list[Document]:
    """The documents that count, oldest first."""
    wanted = select(Document).where(Document.application_id == application_id, Document.state == DocumentState.STORED)
    return list(session.exec(wanted.order_by(col(Document.id))))


def proposed(session: Session, application_id: int | None) -> list[Document]:
    """The documents that wait for a renewal's approval, oldest first."""
    wanted = select(Document).where(Document.application_id == application_id, Document.state == DocumentState.PROPOSED)
    return list(session.exec(wanted.order_by(col(Document.id))))


def find_document(session: Session, public_id: str) -> Document:
    """By the name in its URL; NotFound if there is none."""
    found = session.exec(select(Document).where(Document.public_id == public_id)).first()
    if found is None:
        raise NotFound(_("There is no such document."))
    return found


def find_by_key(session: Session, application: Application, key: str) -> Document:
    """By its key in the store, or by its public id, among this application's only; NotFound otherwise."""
    named = sa.or_(col(Document.r2_key) == key, col(Document.public_id) == key)
    found = session.exec(select(Document).where(named, Document.application_id == application.id)).first()
    if found is None:
        raise NotFound(_("There is no such upload."))
    return found


def known_keys(session: Session, keys: Iterable[str]) -> set[str]:
    """Which of these keys in the store are a document's, or of something that belongs to one."""
    owners = {key: owner_of(key) for key in keys}
    known = set(session.exec(select(Document.r2_key).where(col(Document.r2_key).in_(set(owners.values())))))
    return {key for key, owner in owners.items() if owner in known}


def owner_of(key: str) -> str:
    """The key of the document to which an object in the store belongs, be it its own, its thumbnail or one of its pieces."""
    folder, slash, name = key.rpartition("/")
    return f"{folder}{slash}{'.'.join(name.split('.')[:2])}"


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
    words = _("“{name}” is larger than {limit} MB. Make it smaller, for example by saving it at a lower resolution, and upload it again.")
    return words.format(name=name, limit=slot.max_mb)


def kinds_of(slot: Slot) -> str:
    """The kinds of file that a slot takes, in the reader's language: "PDF, JPG or PNG"."""
    return format_list([kind.upper() for kind in slot.extensions], style="or", locale=spoken().locale)


def _check_promise(session: Session, application: Application, slot: Slot, name: str, size: int, renews: bool, replaces: str) -> None:
    problem, there = "", (proposed if renews else stored)(session, application.id)
    if not slot.takes(name):
        problem = _("“{name}” cannot be used here. Choose a {kinds} file.").format(name=name, kinds=kinds_of(slot))
    elif size <= 0:
        problem = _("“{name}” is empty. Choose the file again.").format(name=name)
    elif size > slot.max_mb * 1_000_000:
        problem = too_large(slot, name)
    elif slot.multiple and counts(one for one in there if one.public_id != replaces).get(slot.name, 0) >= PER_SLOT:
        problem = _full(slot)
    elif _under_way(session, application, slot) >= UNDER_WAY:
        problem = _("“{label}” has {number} uploads that are not finished. Let them finish, or try again in an hour.")
        problem = problem.format(label=_(slot.label), number=UNDER_WAY)
    if problem:
        raise Invalid(problem, [Problem(slot.name, problem, slot.step)])


def _under_way(session: Session, application: Application, slot: Slot) -> int:
    begun = select(sa.func.count()).select_from(Document).where(
        Document.application_id == application.id, Document.slot == slot.name,
        col(Document.state).in_((DocumentState.PENDING, DocumentState.QUARANTINED)),
        col(Document.upload_timestamp) > now() - ON_ITS_WAY,
    )  # fmt: skip
    return session.exec(begun).one()


def _full(slot: Slot) -> str:
    return _("“{label}” already holds {number} files. Remove one first.").format(label=_(slot.label), number=PER_SLOT)


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
