"""The documents in SharePoint's library: what counts lies in the folder of its application, once, and what counts no more leaves it.

What a partner replaced is taken out rather than marked, so that who looks for the insurance certificate never finds two. SharePoint keeps
it in the site's recycle bin, and the portal as long as it keeps files at all.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from integrations.failures import Failure, Missing, NotAsked, Passing, Permanent
from integrations.sharepoint import sharepoint
from integrations.storage import storage
from models.application import Application, ApplicationStatus
from models.database import now, reading, transaction
from models.delivery import Delivery, held
from models.document import Document, DocumentState, stored
from models.event import record
from models.library_upload import PUBLISHED, WITHDRAWN, address_of, begin, end, listed_elsewhere, lying
from models.pause import covers, pauses
from models.person import PORTAL
from models.settings import settings
from models.slots import SLOTS
from worker.lists import library_columns
from worker.outcome import Done

#: Documents that this process holds in memory at a time, each of up to 10 MB (models/slots.py).
IN_MEMORY = threading.BoundedSemaphore(16)


def documents(delivery: Delivery) -> Done:
    """Put every stored document into the library, in a folder named by the reference number, and take out what was replaced.

    Each one that arrived is recorded at once, so that another attempt goes on from there. One that can never arrive does
    not keep the others back: its failure is raised at the end, and what it was to replace stays.
    """
    reference, waiting, leaving, at_once = _standing(delivery)
    for public_id in at_once & leaving.keys():  # whatever becomes of the others
        _take_out(delivery, public_id, leaving.pop(public_id))
    name = settings().sharepoint_applications_list
    item = sharepoint().find_item(name, "ReferenceNumber", reference) if waiting else None
    if waiting and item is None:
        raise _not_yet(reference, name)
    failures = [failure for document in waiting if item and (failure := _hand_in(delivery, document, reference, item.id))]
    if failures:
        raise failures[0]
    for public_id, drive_item in leaving.items():
        _take_out(delivery, public_id, drive_item)
    return Done(item.id if item else None)


def list_under(delivery: Delivery, item_id: str) -> None:
    """Tell the documents in the library which item is their application's now: another one, where somebody deleted the first."""
    with reading() as session:
        moved = listed_elsewhere(session, delivery.application_id, item_id)
        found = session.exec(select(Document).where(col(Document.public_id).in_(moved))).all()
    for document in found:
        drive_item = moved[document.public_id]
        with suppress(Missing):  # somebody took it out: the comparison at night tells of it
            sharepoint().describe_document(drive_item, library_columns(item_id, SLOTS[document.slot].section))
        with transaction() as session:
            held(session, delivery)
            record(session, PUBLISHED, PORTAL, application_id=delivery.application_id, document=document.public_id, item=drive_item,
                   listed=item_id)


def _not_yet(reference: str, name: str) -> Passing:
    """Waiting for what an operator has stopped is no attempt: it must not use up those of the documents."""
    with reading() as session:
        stopped = any(covers(one.target, "sharepoint.application") for one in pauses(session))
    if stopped:
        return NotAsked(f"Application {reference} is not in the list {name} yet, as that is stopped, and its documents wait for it.", 60)
    return Passing(f"Application {reference} is not in the list {name} yet, and its documents wait for it.")


class Standing(NamedTuple):
    """The reference number, the stored documents that are not in the library yet, what is there and counts no more, each with its drive
    item, and the public ids of those that leave at once: in which a virus was found, or which were erased here."""

    reference: str
    waiting: list[Document]
    leaving: dict[str, str]
    at_once: set[str]


def _standing(delivery: Delivery) -> Standing:
    with reading() as session:
        application = session.get_one(Application, delivery.application_id)
        there, counting = lying(session, delivery.application_id), stored(session, delivery.application_id)
        others = session.exec(select(Document).where(Document.application_id == delivery.application_id)).all()
    erased = there.keys() - {one.public_id for one in others if not one.erased_at}
    infected = {one.public_id for one in others if one.state == DocumentState.QUARANTINED}
    kept = {one.public_id for one in others if one.erased_at and settings().sharepoint_keeps_files}
    waiting = [document for document in counting if document.public_id not in there]
    # While the partner works on an answer, what they take out is no more than a draft.
    settled = application.state != ApplicationStatus.INFORMATION_REQUIRED
    standing = {document.public_id for document in counting}
    leaving = {public_id: drive_item for public_id, drive_item in there.items() if public_id not in standing}
    goes = infected | ((leaving.keys() if settled else erased) - kept)
    leaving = {one: drive_item for one, drive_item in leaving.items() if one in goes}
    return Standing(application.reference_number or "", waiting, leaving, infected | erased)


def handed_in(session: Session) -> Iterator[tuple[str, str, str]]:
    """All documents that lie in the library as far as we know: the public id, the name there and the drive item."""
    there = lying(session)
    counting = select(Document).where(Document.state == DocumentState.STORED).execution_options(yield_per=500)
    yield from ((one.public_id, _file_name(one), there[one.public_id]) for one in session.exec(counting) if one.public_id in there)


def _hand_in(delivery: Delivery, document: Document, reference: str, item_id: str) -> Failure | None:
    try:
        drive_item = _upload(delivery, document, reference, item_id)
    except Passing:
        raise  # the store or SharePoint is away: the others would fail alike
    except Failure as failure:
        return failure
    with transaction() as session:
        held(session, delivery)
        end(session, document.id or 0)
        record(session, PUBLISHED, PORTAL, application_id=document.application_id, document=document.public_id, item=drive_item,
               listed=item_id)
    return None


def _take_out(delivery: Delivery, public_id: str, drive_item: str) -> None:
    """It counts as gone once nobody finds it there any more (FACTS 50); the site's recycle bin keeps it for as long as that is set to."""
    sharepoint().remove_document(drive_item)
    if sharepoint().has_document(drive_item):
        raise Passing("SharePoint took the deletion and still has the document.")
    proof: dict[str, Any] = {"document": public_id, "item": drive_item, "gone_at": now().isoformat(), "get": 404}
    with transaction() as session:
        held(session, delivery)
        record(session, WITHDRAWN, PORTAL, application_id=delivery.application_id, **proof)


def _upload(delivery: Delivery, document: Document, reference: str, item_id: str) -> str:
    with IN_MEMORY:
        return _read_and_sent(delivery, document, reference, item_id)


def _read_and_sent(delivery: Delivery, document: Document, reference: str, item_id: str) -> str:
    slot = SLOTS[document.slot]
    content = storage().read(document.r2_key, slot.max_mb * 1_000_000)
    if document.sha256 and hashlib.sha256(content).hexdigest() != document.sha256:
        raise Permanent(f"“{document.file_name}” in the document store is not the file that was checked: ask the partner for it again.")
    columns, session = library_columns(item_id, slot.section), Kept(delivery, document.id or 0)
    return sharepoint().upload_document(reference, _file_name(document), content, document.file_type, columns, session)


class Kept:
    """The address of a document's upload session, in the database."""

    def __init__(self, delivery: Delivery, document_id: int) -> None:
        self.delivery, self.document_id = delivery, document_id

    def address(self) -> str:
        """Where an earlier attempt stopped; empty if none did."""
        with reading() as session:
            return address_of(session, self.document_id)

    def keep(self, address: str) -> None:
        """Where this attempt writes."""
        with transaction() as session:
            held(session, self.delivery)
            begin(session, self.document_id, address)


def _file_name(document: Document) -> str:
    """The same at every attempt, and no other document's: SharePoint's paths know no case, so the number makes the difference."""
    return f"{document.slot}-{document.id}-{document.file_name}"
