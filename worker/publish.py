"""What SharePoint's lists are told: the invitation and the application. The documents are told by worker/evidence.py.

Each handler writes what stands now, whatever event led to it, so that any order and any repetition end alike.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import structlog
from sqlmodel import Session, col, select

from integrations.failures import Configuration, Permanent
from integrations.sharepoint import sharepoint
from models.application import SHAREPOINT_STATUS, Application
from models.database import reading, transaction
from models.delivery import Delivery, held
from models.document import stored
from models.event import Event, record
from models.invitation import Invitation
from models.library_upload import FORM_REMOVED, FORM_STORED, form_file
from models.list_item import Subject, moment
from models.person import PORTAL, User
from models.settings import settings
from worker import lists
from worker.evidence import list_under
from worker.items import Place, put
from worker.lists import INVITATION_STATUS, LONGEST, Fields, library_columns
from worker.outcome import Done
from worker.record import application_data, document_links, review_notes, reviewer

#: Columns that people may edit in SharePoint: what they wrote there stands until ours changes. Their edits of an invitation come to us by
#: `/api/sync-invitation`, and must not be undone before they do.
REVIEW = frozenset({"Status", "ReviewedByLookupId", "ReviewedByEmail", "ReviewNotes"})
INVITING = frozenset({"Title", "ContactEmail", "ContactTitle", "Status", "ExpiryDate", "Notes"})
_visitors: dict[str, tuple[float, str | None]] = {}  # the few who review, for an hour
log = structlog.get_logger()


def invitation(delivery: Delivery) -> Done:
    """Write the invitation to EPC Invitations. Where the list made the item, the code is written back to it."""
    def told() -> str | None:
        with reading() as session:
            return session.get_one(Invitation, delivery.invitation_id).sharepoint_item_id

    subject, name = Subject(invitation_id=delivery.invitation_id), settings().sharepoint_invitations_list
    item_id = put(Place(name, "InvitationCode", subject, INVITING, told=told), lambda: invitation_columns(delivery.invitation_id))

    def keep_item(session: Session) -> None:
        found = session.get_one(Invitation, delivery.invitation_id)
        found.sharepoint_item_id = item_id
        session.add(found)

    return Done(item_id, keep_item)


def application(delivery: Delivery) -> Done:
    """Write the application to EPC Onboarding, found again by its reference number."""
    subject = Subject(application_id=delivery.application_id)
    place = Place(settings().sharepoint_applications_list, "ReferenceNumber", subject, REVIEW, made_here=True)
    said: list[Form] = []

    def read() -> Fields:
        said[:] = [_form(delivery.application_id)]
        return said[0].columns

    item_id = put(place, read)
    _keep_file(delivery, said[0], item_id)
    list_under(delivery, item_id)
    return Done(item_id)


@dataclass(frozen=True)
class Form:
    """What the portal says of an application at one moment: by column, and the complete form as JSON, which may be too long for one."""

    reference: str
    columns: Fields
    full: str


def _keep_file(delivery: Delivery, form: Form, item_id: str) -> None:
    """What does not fit into its column lies in the library; once it fits again, what we put there goes."""
    with reading() as session:
        there = form_file(session, delivery.application_id)
    if _fits(form.full):
        if there:
            sharepoint().remove_document(there)
            _note_file(delivery, FORM_REMOVED, there)
        return
    columns = library_columns(item_id, "Legal")
    item = sharepoint().upload_document(form.reference, _full_name(form.reference), form.full.encode(), "application/json", columns)
    if item != there:
        _note_file(delivery, FORM_STORED, item)


def _note_file(delivery: Delivery, kind: str, item: str) -> None:
    with transaction() as session:
        held(session, delivery)
        record(session, kind, PORTAL, application_id=delivery.application_id, item=item)


def review_columns(application_id: int | None) -> Fields:
    """What the portal says in the columns that people may edit."""
    return {name: value for name, value in application_columns(application_id).items() if name in REVIEW}


def invitation_columns(invitation_id: int | None) -> Fields:
    """What the portal says of an invitation, by column."""
    with reading() as session:
        found = session.get_one(Invitation, invitation_id)
        invited_by = _who(session, "invitation.created", Event.invitation_id == invitation_id)
    return {
        "Title": found.company_name,
        "InvitationCode": found.code,
        "ContactEmail": found.contact_email,
        "ContactTitle": found.contact_title or None,
        "Status": INVITATION_STATUS[found.state],
        "ExpiryDate": moment(found.expires_at),
        "InvitedBy": invited_by,
        "Notes": found.notes or "",
    }


def application_columns(application_id: int | None) -> Fields:
    """What the portal says of an application, by column."""
    return _form(application_id).columns


def _form(application_id: int | None) -> Form:
    with reading() as session:
        found, files = session.get_one(Application, application_id), stored(session, application_id)
        reference, full, by = found.reference_number or "", application_data(found, files), reviewer(session, found)
        system = {
            "ReferenceNumber": reference,
            "InvitationCode": found.invitation_code,
            "FormVersion": found.form_version,
            "ContactName": found.primary_contact_name,
            "ContactEmail": found.primary_contact_email,
            "ApplicationData": full if _fits(full) else _instead(reference),
            "Status": SHAREPOINT_STATUS[found.state],
            "SubmittedDate": moment(found.submitted_at),
            "ReviewedByEmail": by,
            "ReviewNotes": review_notes(session, found, LONGEST),
            "DocumentLinks": document_links(found, files, LONGEST),
        }
    # A person column wants a number that only visitors of the site have: the address stands beside it in any case (FACTS 5).
    return Form(reference, lists.answers(found) | system | {"ReviewedByLookupId": visitor(by)}, full)


def _fits(full: str) -> bool:
    return len(full.encode("utf-16-le")) // 2 <= LONGEST  # SharePoint counts UTF-16 units


def _instead(reference: str) -> str:
    """What stands in the column when the form is too long for it."""
    place = f"{settings().sharepoint_library}/{reference}/{_full_name(reference)}"
    return f"Too long for this column: {place}\n{settings().portal_url}/review/{reference}"


def _full_name(reference: str) -> str:
    return f"{reference}-application.json"


def _who(session: Session, type: str, about: Any) -> str:
    """The address, or where none is known the name, of who did this first."""
    first = session.exec(select(Event).where(Event.type == type, about).order_by(col(Event.id))).first()
    user = session.get(User, first.user_id) if first and first.user_id else None
    return user.email if user else (first.actor if first else "")


def visitor(email: str) -> str | None:
    """Somebody's number in the site; None for who was never there, or where the site does not let us look."""
    if "@" not in email:
        return None
    until, number = _visitors.get(email, (0.0, None))
    if until < time.monotonic():
        number = _looked_up(email)
        _visitors[email] = time.monotonic() + 3600, number
    return number


def _looked_up(email: str) -> str | None:
    try:
        return sharepoint().visitor(email)
    except (Permanent, Configuration) as failure:
        log.warning("no look at the site's people", reason=failure.reason)
        return None
