"""The documents in SharePoint's library: what counts lies in the folder of its application, once, and what counts no more leaves it.

What a partner replaced is taken out rather than marked, so that who looks for the insurance certificate never finds two. SharePoint keeps
it in the site's recycle bin, and the portal as long as it keeps files at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from sqlmodel import Session, col, select

from integrations.failures import Failure, Passing, Permanent
from integrations.sharepoint import sharepoint
from integrations.storage import storage
from models.application import Application, ApplicationStatus
from models.database import reading, transaction
from models.document import Document, DocumentState, stored
from models.event import Delivery, Event, held, record
from models.library_upload import address_of, begin, end
from models.person import PORTAL
from models.settings import settings
from models.slots import SLOTS
from worker.lists import library_columns
from worker.outcome import Done

MOVED = ("document.published", "document.withdrawn")


def documents(delivery: Delivery) -> Done:
    """Put every stored document into the library, in a folder named by the reference number, and take out what was replaced.

    Each one that arrived is recorded at once, so that another attempt goes on from there. One that can never arrive does
    not keep the others back: its failure is raised at the end, and what it was to replace stays.
    """
    reference, waiting, leaving = _standing(delivery)
    name = settings().sharepoint_applications_list
    item = sharepoint().find_item(name, "ReferenceNumber", reference) if waiting else None
    if waiting and item is None:
        raise Passing(f"Application {reference} is not in the list {name} yet, and its documents wait for it.")
    failures = [failure for document in waiting if item and (failure := _hand_in(delivery, document, reference, item.id))]
    if failures:
        raise failures[0]
    for public_id, drive_item in leaving.items():
        _take_out(delivery, public_id, drive_item)
    return Done(item.id if item else None)


def _standing(delivery: Delivery) -> tuple[str, list[Document], dict[str, str]]:
    """The reference number, the stored documents that are not in the library yet, and what is there and counts no more."""
    with reading() as session:
        application = session.get_one(Application, delivery.application_id)
        there, counting = _there(session, delivery.application_id), stored(session, delivery.application_id)
    waiting = [document for document in counting if document.public_id not in there]
    # While the partner works on an answer, what they take out is no more than a draft.
    settled = application.state != ApplicationStatus.INFORMATION_REQUIRED
    standing = {document.public_id for document in counting}
    leaving = {public_id: drive_item for public_id, drive_item in there.items() if settled and public_id not in standing}
    return application.reference_number or "", waiting, leaving


def _there(session: Session, application_id: int | None) -> dict[str, str]:
    """The documents in the library by public id, each with its drive item."""
    moved = select(Event).where(Event.application_id == application_id, col(Event.type).in_(MOVED)).order_by(col(Event.id))
    last = {event.detail["document"]: event for event in session.exec(moved)}
    return {public_id: event.detail["item"] for public_id, event in last.items() if event.type == "document.published"}


def handed_in(session: Session) -> Iterator[tuple[str, str]]:
    """The public ids of all documents that lie in the library as far as we know, with their names there."""
    last: dict[str, str] = {}
    for detail, kind in session.exec(select(Event.detail, Event.type).where(col(Event.type).in_(MOVED)).order_by(col(Event.id))):
        last[detail["document"]] = kind
    counting = select(Document).where(Document.state == DocumentState.STORED).execution_options(yield_per=500)
    yield from ((one.public_id, _file_name(one)) for one in session.exec(counting) if last.get(one.public_id) == "document.published")


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
        record(session, "document.published", PORTAL, application_id=document.application_id, document=document.public_id, item=drive_item)
    return None


def _take_out(delivery: Delivery, public_id: str, drive_item: str) -> None:
    sharepoint().remove_document(drive_item)
    with transaction() as session:
        held(session, delivery)
        record(session, "document.withdrawn", PORTAL, application_id=delivery.application_id, document=public_id, item=drive_item)


def _upload(delivery: Delivery, document: Document, reference: str, item_id: str) -> str:
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
