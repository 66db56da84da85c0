"""What SharePoint is told: the invitation, the application, its documents.

Each handler writes what stands now, whatever event led to it, so that any order and any repetition end alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import structlog
from sqlmodel import Session, select

from integrations.failures import Failure, Passing, Permanent
from integrations.sharepoint import sharepoint
from integrations.storage import storage
from models.application import SHAREPOINT_STATUS, Application
from models.database import reading, transaction
from models.document import Document, stored
from models.event import Delivery, Event, held, record
from models.invitation import Invitation, InvitationStatus
from models.person import PORTAL
from models.settings import settings
from models.slots import SLOTS
from worker.outcome import Done
from worker.record import application_data, document_links, review_notes, reviewer

#: Our states in the words of EPC Invitations. `Cancelled` is what `/api/sync-invitation` reads back as revoked: with
#: `Expired` the list's own flow would turn a revoked invitation into an expired one, which staff may extend.
INVITATION_STATUS: dict[InvitationStatus, str] = {
    InvitationStatus.ACTIVE: "Active",
    InvitationStatus.USED: "Used",
    InvitationStatus.EXPIRED: "Expired",
    InvitationStatus.REVOKED: "Cancelled",
}
#: A column of many lines ends at about 63,999 characters; what is longer becomes a file (FACTS 3).
LONGEST = 60_000
Fields = dict[str, Any]
log = structlog.get_logger()


def invitation(delivery: Delivery) -> Done:
    """Write the invitation to EPC Invitations. Where the list made the item, the code is written back to it."""
    item_id = _until_it_stands(lambda: _invitation_fields(delivery.invitation_id), lambda fields: _place(delivery.invitation_id, fields))

    def keep_item(session: Session) -> None:
        found = session.get_one(Invitation, delivery.invitation_id)
        found.sharepoint_item_id = item_id
        session.add(found)

    return Done(item_id, keep_item)


def application(delivery: Delivery) -> Done:
    """Write the application to EPC Onboarding, found again by its reference number."""
    return Done(_until_it_stands(lambda: _application_fields(delivery.application_id), _place_application))


def documents(delivery: Delivery) -> Done:
    """Put every stored document into the library, in a folder named by the reference number.

    Each one that arrived is recorded at once, so that another attempt goes on from there. One that can never arrive does
    not keep the others back: its failure is raised at the end.
    """
    reference, waiting = _unpublished(delivery)
    name = settings().sharepoint_applications_list
    item = sharepoint().find_item(name, "ReferenceNumber", reference) if waiting else None
    if waiting and item is None:
        raise Passing(f"Application {reference} is not in the list {name} yet, and its documents wait for it.")
    failures = [failure for document in waiting if item and (failure := _hand_in(delivery, document, reference, item.id))]
    if failures:
        raise failures[0]
    return Done(item.id if item else None)


def _until_it_stands(read: Callable[[], Fields], write: Callable[[Fields], str]) -> str:
    """Write until what was written is still what stands: a change that came meanwhile must not be overwritten by an older state."""
    fields = read()
    while True:
        item_id = write(fields)
        after = read()
        if after == fields:
            return item_id
        fields = after


def _invitation_fields(invitation_id: int | None) -> Fields:
    with reading() as session:
        found = session.get_one(Invitation, invitation_id)
    return {
        "Title": found.company_name,
        "InvitationCode": found.code,
        "ContactEmail": found.contact_email,
        "ContactTitle": found.contact_title or None,
        "Status": INVITATION_STATUS[found.state],
        "ExpiryDate": f"{found.expires_at:%Y-%m-%dT%H:%M:%SZ}" if found.expires_at else None,
        "Notes": found.notes or "",
    }


def _place(invitation_id: int | None, fields: Fields) -> str:
    """Into the item that is known, else into the one with this code, else into a new one; answers its id."""
    name = settings().sharepoint_invitations_list
    with reading() as session:
        item_id = session.get_one(Invitation, invitation_id).sharepoint_item_id
    if item_id:
        try:
            sharepoint().update_item(name, item_id, fields)
            return item_id
        except Permanent:  # somebody deleted the item: it is found by its code, or made again
            log.warning("item not found by its id", invitation=invitation_id)
    return sharepoint().upsert_item(name, "InvitationCode", fields["InvitationCode"], fields)


def _application_fields(application_id: int | None) -> Fields:
    with reading() as session:
        found, files = session.get_one(Application, application_id), stored(session, application_id)
        return {
            "Title": found.company_name,
            "ReferenceNumber": found.reference_number,
            "InvitationCode": found.invitation_code,
            "ContactName": found.primary_contact_name,
            "ContactEmail": found.primary_contact_email,
            "ApplicationData": application_data(found, files),
            "Status": SHAREPOINT_STATUS[found.state],
            "SubmittedDate": f"{found.submitted_at:%Y-%m-%dT%H:%M:%SZ}" if found.submitted_at else None,
            # ReviewedBy is a person column, which wants an id that only visitors of the site have: the address instead (FACTS 5).
            "ReviewedByEmail": reviewer(session, found),
            "ReviewNotes": review_notes(session, found, LONGEST),
            "DocumentLinks": document_links(found, files, LONGEST),
        }


def _place_application(fields: Fields) -> str:
    name, reference, full = settings().sharepoint_applications_list, fields["ReferenceNumber"], fields["ApplicationData"]
    fits = len(full.encode("utf-16-le")) // 2 <= LONGEST  # SharePoint counts UTF-16 units
    file = f"{reference}-application.json"
    link = f"Too long for this column: {settings().sharepoint_library}/{reference}/{file}\n{settings().portal_url}/review/{reference}"
    item_id = sharepoint().upsert_item(name, "ReferenceNumber", reference, fields if fits else {**fields, "ApplicationData": link})
    if not fits:
        sharepoint().upload_document(reference, file, full.encode(), "application/json", _columns(item_id, "Legal"))
    return item_id


def _unpublished(delivery: Delivery) -> tuple[str, list[Document]]:
    """The reference number, and the stored documents that are not in the library yet."""
    with reading() as session:
        reference = session.get_one(Application, delivery.application_id).reference_number or ""
        events = session.exec(select(Event).where(Event.application_id == delivery.application_id, Event.type == "document.published"))
        there = {event.detail["document"] for event in events}
        return reference, [document for document in stored(session, delivery.application_id) if document.public_id not in there]


def _hand_in(delivery: Delivery, document: Document, reference: str, item_id: str) -> Failure | None:
    try:
        web_id = _upload(document, reference, item_id)
    except Passing:
        raise  # the store or SharePoint is away: the others would fail alike
    except Failure as failure:
        return failure
    with transaction() as session:
        held(session, delivery)
        record(session, "document.published", PORTAL, application_id=document.application_id, document=document.public_id, item=web_id)
    return None


def _upload(document: Document, reference: str, item_id: str) -> str:
    slot = SLOTS[document.slot]
    content = storage().read(document.r2_key, slot.max_mb * 1_000_000)
    if document.sha256 and hashlib.sha256(content).hexdigest() != document.sha256:
        raise Permanent(f"“{document.file_name}” in the document store is not the file that was checked: ask the partner for it again.")
    return sharepoint().upload_document(reference, _file_name(document), content, document.file_type, _columns(item_id, slot.section))


def _file_name(document: Document) -> str:
    """The same at every attempt, and no other document's: SharePoint's paths know no case, so the number makes the difference."""
    return f"{document.slot}-{document.id}-{document.file_name}"


def _columns(item_id: str, section: str) -> Fields:
    return {"EpcItemId": item_id, "EvidenceSection": section}


