"""A document on its way: signed for, sent by the browser straight to the object store, then looked at before it counts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlmodel import Session

from integrations.failures import Failure
from integrations.storage import storage
from models.application import Application, must_be_open, of_invitation
from models.database import reading, transaction
from models.document import Document, DocumentState, accept, examine, find_by_key, refuse, remove, start_upload, too_large
from models.errors import Conflict, Invalid, NotFound, Problem
from models.invitation import Invitation
from models.slots import SLOTS

log = structlog.stdlib.get_logger(__name__)
EXPIRES_IN = 3600  # seconds a signed URL works


@dataclass(frozen=True)
class Ticket:
    """What an uploader needs: PUT the file's bytes to `url` with exactly these `headers`, within `expires_in` seconds."""

    document: Document
    url: str
    headers: dict[str, str]
    expires_in: int = EXPIRES_IN


def begin_upload(application_of: Callable[[Session], Application], slot: str, file_name: str, size: int) -> Ticket:
    """A pending document and the signed PUT for it; `application_of` finds the application, locked, in our transaction.

    Invalid if the slot does not take such a file, Conflict if the application can no longer be changed.
    """
    with transaction() as session:
        document = start_upload(session, application_of(session), slot, file_name, size)
    url, headers = storage().sign_put(document.r2_key, document.file_type, document.file_size, EXPIRES_IN)
    return Ticket(document, url, headers)


def complete_upload(invitation: Invitation, key: str) -> Document:
    """The document, once its bytes are in the store and are what was promised; said twice, it answers alike.

    Bytes that are not what was promised are refused and deleted (Invalid). While they have not arrived (Conflict) or the
    store is away (Failure) the document stays pending, so the caller may say it again.
    """
    document = _find(invitation, key)
    if document.state == DocumentState.STORED:
        return document
    if document.state != DocumentState.PENDING:
        raise Conflict(f"“{document.file_name}” has been {document.state}. Upload it again from the beginning.")
    try:
        content = _content(document)
    except Invalid:
        _refuse(invitation, document)
        raise
    with transaction() as session:
        current = _locked(session, invitation, key)
        if current.state == DocumentState.PENDING:
            accept(session, current, content)
    return current


def remove_upload(invitation: Invitation, key: str) -> None:
    """Take a document, or an upload that was begun, out of the application; its bytes go with the next sweep."""
    with transaction() as session:
        document = _locked(session, invitation, key)
        if document.state in (DocumentState.PENDING, DocumentState.STORED):
            remove(session, document)


def _content(document: Document) -> bytes:
    """The object's bytes, checked. No more of it is read than the slot takes, whatever the store holds."""
    slot, found = SLOTS[document.slot], storage().head(document.r2_key)
    limit = slot.max_mb * 1_000_000
    if found is None:
        raise Conflict(f"“{document.file_name}” has not arrived yet. Send its bytes to the upload address, then say so again.")
    content = storage().read(document.r2_key, limit) if found.size <= limit else b""
    wrong = examine(document, content) if found.size <= limit else too_large(slot, document.file_name)
    if wrong:
        raise Invalid(wrong, [Problem(slot.name, wrong, slot.step)])
    return content


def _refuse(invitation: Invitation, document: Document) -> None:
    with transaction() as session:
        refuse(session, _locked(session, invitation, document.r2_key))
    with contextlib.suppress(Failure):  # the sweep of refused uploads deletes what stays behind
        storage().delete(document.r2_key)
    log.info("a document was refused and deleted", slot=document.slot, size=document.file_size)


def _find(invitation: Invitation, key: str) -> Document:
    with reading() as session:
        return find_by_key(session, _theirs(session, invitation), key)


def _locked(session: Session, invitation: Invitation, key: str) -> Document:
    application = _theirs(session, invitation, lock=True)
    must_be_open(application)
    return find_by_key(session, application, key)


def _theirs(session: Session, invitation: Invitation, *, lock: bool = False) -> Application:
    found = of_invitation(session, invitation.code, lock=lock)
    if found is None:
        raise NotFound("There is no such upload.")
    return found
