"""A document on its way: signed for, sent by the browser straight to the object store, then looked at before it counts.

A large file may come in pieces, each an object that is written once: after a cut only what is not there yet is sent again, whatever
device or page it began on. When all are there they are put together here, where the bytes are looked at anyway.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import date

import structlog
from sqlmodel import Session

from integrations import scanner
from integrations.failures import Failure, Permanent
from integrations.preview import NOTHING, Preview, look
from integrations.scanner import Look
from integrations.storage import storage
from models.application import Application, of_invitation
from models.database import reading, transaction
from models.document import (
    Document,
    DocumentState,
    Piece,
    accept,
    examine,
    find_by_key,
    give_way,
    refuse,
    remove,
    restore,
    set_expiry,
    too_large,
)
from models.errors import Conflict, Invalid, NotFound, Problem
from models.language import _
from models.reach import must_reach, must_take
from models.request import open_request
from models.resubmission import replaced_slots
from models.slots import SLOTS
from models.upload_once import start_upload_once
from portal import scanning
from portal.api.partner import Visitor, application_of

log = structlog.stdlib.get_logger(__name__)
EXPIRES_IN = 3600  # seconds a signed URL works
#: States in which a document's bytes have been looked at and are good.
COUNTED = (DocumentState.STORED, DocumentState.PROPOSED)
#: States in which all of them are there.
ARRIVED = (*COUNTED, DocumentState.QUARANTINED)
PIECE_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Leg:
    """One PUT: the file's bytes from `start` to before `end`, to `url` with exactly these `headers`."""

    start: int
    end: int
    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Ticket:
    """What an uploader needs: the whole file in one PUT, or a large one in `pieces`; of these only what is not there yet.

    `arrived` says that nothing is left to send. All addresses work for `expires_in` seconds.
    """

    document: Document
    whole: Leg
    pieces: list[Leg]
    arrived: bool = False
    expires_in: int = EXPIRES_IN


def begin_upload(
    visitor: Visitor, slot: str, file_name: str, size: int, *, application: int | None = None, replaces: str = "", once: str = ""
) -> Ticket:
    """A pending document and the signed PUTs for it.

    `application` is the one that a page of ours shows: Conflict if this browser has opened another since. Invalid if the slot does
    not take such a file, Conflict if the application can no longer be changed. `replaces` is the document whose place it will take.
    `once` is the caller's own name for this upload: said again, it goes on with what there is.
    """
    with transaction() as session:
        found = application_of(session, visitor.invitation)
        if application is not None and application != found.id:
            raise Conflict(_("This page is out of date. Reload it, then try again."))
        # A colleague must not learn the code from an address, so what pages upload has the application's number in its key.
        folder = str(found.id) if application or visitor.colleague else ""
        document = start_upload_once(session, found, once, slot, file_name, size, step=visitor.step, folder=folder, replaces=replaces)
    return resume_upload(visitor, document.public_id) if once else _ticket(document)


def resume_upload(visitor: Visitor, key: str) -> Ticket:
    """What is still to be sent of an upload that was begun, with new signatures. Conflict if it was refused or taken out.

    NotFound for a colleague whose partner's program began it: the code stands in its key, and so in its addresses.
    """
    document = _find(visitor, key)
    if visitor.colleague and visitor.invitation.code in document.r2_key:
        raise NotFound(_("There is no such upload."))
    _must_be_wanted(document)
    if document.state in ARRIVED:
        return replace(_ticket(document), pieces=[], arrived=True)
    there = _sound(document, storage().sizes(document.r2_key))
    missing = [leg for leg, piece in zip(_ticket(document).pieces, document.pieces, strict=True) if piece.key not in there]
    arrived = document.r2_key in there or (bool(document.pieces) and not missing)
    return replace(_ticket(document), pieces=missing, arrived=arrived)


def complete_upload(visitor: Visitor, key: str, replaces: str = "") -> Document:
    """The document, once its bytes are in the store and are what was promised; said twice, it answers alike. It `replaces` another.

    Bytes that are not what was promised are refused and deleted (Invalid). While they have not arrived (Conflict) or the
    store is away (Failure) the document stays pending, so the caller may say it again. NotYet while the virus scanner cannot look at
    it, and Invalid if it found something: then it is in quarantine (models/quarantine.py).
    """
    document = _find(visitor, key)
    _must_be_wanted(document)
    if document.state == DocumentState.PENDING:
        document = _judged(visitor, document, replaces)
    scanning.must_be_through(document)
    return document


def _judged(visitor: Visitor, document: Document, replaces: str) -> Document:
    """What becomes of bytes that nobody has looked at yet."""
    try:
        content, in_pieces = _content(document)
        scan = scanner.look(content)
        seen = NOTHING if scan and scan.found else _seen(document, content)
        if in_pieces:
            storage().put(document.r2_key, content, document.file_type)
        return _keep(visitor, document, content, seen, scan, replaces)
    except Invalid:
        _refuse(visitor, document)
        raise


def is_as_sent(visitor: Visitor, document: Document) -> bool:
    """Whether a reviewer asks for this document and, with it, there is what was sent before: then the question is still open."""
    with reading() as session:
        application = _theirs(session, visitor)
        request = open_request(session, application)
        asked = request is not None and request.about(document.slot) is not None
        return asked and document.slot not in replaced_slots(session, application)


def remove_upload(visitor: Visitor, key: str) -> None:
    """Take a document, or an upload that was begun, out of the application; its bytes go with the next sweep."""
    with transaction() as session:
        document, _renews = _locked(session, visitor, key)
        if document.state in (DocumentState.PENDING, *ARRIVED):
            remove(session, document)


def restore_upload(visitor: Visitor, key: str) -> Document:
    """Put a document back that was taken out or replaced a moment ago."""
    with transaction() as session:
        document, renews = _locked(session, visitor, key)
        restore(session, document, renews=renews)
    return document


def expire_upload(visitor: Visitor, key: str, day: date | None) -> Document:
    """Keep the day until which a document is valid; it may be said before the document has arrived."""
    with transaction() as session:
        document, _renews = _locked(session, visitor, key)
        _must_be_wanted(document)
        set_expiry(session, document, day)
    return document


def _ticket(document: Document) -> Ticket:
    url, headers = storage().sign_put(document.r2_key, document.file_type, document.file_size, EXPIRES_IN)
    return Ticket(document, Leg(0, document.file_size, url, headers), [_leg(piece) for piece in document.pieces])


def _leg(piece: Piece) -> Leg:
    return Leg(piece.start, piece.end, *storage().sign_put(piece.key, PIECE_TYPE, piece.size, EXPIRES_IN))


def _sound(document: Document, found: dict[str, int]) -> set[str]:
    """The keys that hold what they should; what a cut left too short goes, since a key is written only once."""
    promised = {document.r2_key: document.file_size, **{piece.key: piece.size for piece in document.pieces}}
    for key in (key for key, size in promised.items() if found.get(key, size) != size):
        storage().delete(key)
    return {key for key, size in promised.items() if found.get(key) == size}


def _must_be_wanted(document: Document) -> None:
    if document.state == DocumentState.REFUSED:
        raise Conflict(_("“{name}” has been refused. Upload it again from the beginning.").format(name=document.file_name))
    if document.state == DocumentState.REMOVED:
        raise Conflict(_("“{name}” has been removed. Upload it again from the beginning.").format(name=document.file_name))


def _content(document: Document) -> tuple[bytes, bool]:
    """The file's bytes, checked, and whether they are in pieces. No more is read than the slot takes, whatever the store holds."""
    slot, found = SLOTS[document.slot], storage().head(document.r2_key)
    limit = slot.max_mb * 1_000_000
    if found is not None and found.size > limit:
        wrong, content = too_large(slot, document.file_name), b""
    else:
        content = storage().read(document.r2_key, limit) if found else _joined(document)
        wrong = examine(document, content) or ""
    if wrong:
        raise Invalid(wrong, [Problem(slot.name, wrong, slot.step)])
    return content, found is None


def _joined(document: Document) -> bytes:
    """The file from its pieces, which is as long as was promised or not there at all."""
    try:
        content = b"".join(storage().read(piece.key, piece.size) for piece in document.pieces)
    except Permanent:  # one of them is missing
        content = b""
    if not content:
        words = _("“{name}” has not arrived yet. Send its bytes to the upload address, then say so again.")
        raise Conflict(words.format(name=document.file_name))
    return content


def _seen(document: Document, content: bytes) -> Preview:
    """What it looks like; Invalid if nobody can open it without a password that we do not have."""
    seen = look(document.extension, content)
    if seen.locked:
        words = _("“{name}” asks for a password, so our reviewers cannot read it. Save it without a password and upload it again.")
        words = words.format(name=document.file_name)
        raise Invalid(words, [Problem(document.slot, words, SLOTS[document.slot].step)])
    return seen


def _keep(visitor: Visitor, document: Document, content: bytes, seen: Preview, scan: Look | None, replaces: str) -> Document:
    """Accept what is in the store as it should be, or put it into quarantine, unless somebody else did or took it out meanwhile."""
    thumbnail = bool(seen.picture) and _put_thumbnail(document, seen.picture)
    with transaction() as session:
        current, renews = _locked(session, visitor, document.r2_key)
        _must_be_wanted(current)
        if current.state == DocumentState.PENDING and not scanning.kept(session, current, scan, replaces, seen.pages, thumbnail):
            give_way(session, current, replaces, renews=renews)
            accept(session, current, content, pages=seen.pages, thumbnail=thumbnail, renews=renews)
    with contextlib.suppress(Failure):  # pieces that stay go with the document
        for piece in document.pieces:
            storage().delete(piece.key)
    return current


def _put_thumbnail(document: Document, picture: bytes) -> bool:
    """Whether it is kept: a document is as good without."""
    try:
        storage().put(document.thumbnail_key, picture, "image/jpeg")
    except Failure as error:
        log.warning("no thumbnail", reason=error.reason)
        return False
    return True


def _refuse(visitor: Visitor, document: Document) -> None:
    with transaction() as session:
        current, _renews = _locked(session, visitor, document.r2_key)
        if current.state != DocumentState.PENDING:  # somebody else completed it, or took it out
            return
        refuse(session, current)
    with contextlib.suppress(Failure):  # the sweep of refused uploads deletes what stays behind
        for key in storage().sizes(document.r2_key):
            storage().delete(key)
    log.info("a document was refused and deleted", slot=document.slot, size=document.file_size)


def _find(visitor: Visitor, key: str) -> Document:
    with reading() as session:
        application = _theirs(session, visitor)
        document = find_by_key(session, application, key)
        if visitor.step:  # a colleague sees nothing of the other steps
            must_reach(session, application, [document.slot], visitor.step)
        return document


def _locked(session: Session, visitor: Visitor, key: str) -> tuple[Document, bool]:
    """The document, which may be changed now, and whether it is for a renewal: then what stands is left alone."""
    application = _theirs(session, visitor, lock=True)
    document = find_by_key(session, application, key)
    renews = must_take(session, application, document.slot, visitor.step)
    if renews and document.state == DocumentState.STORED:
        raise Conflict(_("“{name}” stays until the renewal is approved.").format(name=document.file_name))
    return document, renews


def _theirs(session: Session, visitor: Visitor, *, lock: bool = False) -> Application:
    found = of_invitation(session, visitor.invitation.code, lock=lock)
    if found is None:
        raise NotFound(_("There is no such upload."))
    return found
