"""Applications for programs: the list that the desk shows, page by page, one application with its answers, and its documents."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import AfterValidator, Field
from sqlmodel import Session

from integrations.storage import storage
from models.application import Application, ApplicationStatus, by_reference
from models.document import Document, DocumentState, find_document, stored
from models.errors import Invalid, NotFound, Problem
from models.forms_api import to_camel
from models.language import _
from models.looked import ALL, SHOWN, Looked, Place
from models.queue import Row, onward
from models.scan import Verdict, apart, scanned
from models.settings import settings
from models.slots import MEDIA_TYPES
from models.token import Scope
from portal.api import cursor as cursors
from portal.api.bodies import Line, Moment, Reply
from portal.api.conditional import NOT_CHANGED, Conditional, conditional
from portal.api.program import Asks
from portal.api.status import Decided, decided
from portal.handing import headers_of
from portal.problems import documented

router = APIRouter(prefix="/api", tags=["Programs"], route_class=Conditional)
MOST, USUAL = 100, 50
REFERENCE = r"^[0-9A-Za-z-]{1,40}$"


def with_zone(at: datetime | None) -> datetime | None:
    """A moment in UTC; ValueError in words if it says no zone, or a day that no calendar has."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError(_("Give the moment with its zone, like 2026-12-31T17:00:00Z."))
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError(_("This moment is outside the calendar.")) from None


Cursor = Annotated[
    Line | None,
    Query(max_length=400, description="The `nextCursor` of the page before, asked with the same filters; left out, the list begins"),
]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most")]
Since = Annotated[
    datetime | None, AfterValidator(with_zone),
    Query(alias="changedSince", examples=["2026-11-22T09:30:00Z"],
          description="Only what was sent, decided, renewed or given another status, or in whose documents a virus was found afterwards, "
                      "at this moment or since. Ask for a minute before your last reading began: what is written while you read may stand "
                      "on a page that you have left"),
]  # fmt: skip
Reference = Annotated[str, Path(pattern=REFERENCE, description="The application's reference number", examples=["EPC-2026-7K3M9Q"])]


class Summary(Reply):
    """One application in the list."""

    reference: str = Field(examples=["EPC-2026-7K3M9Q"])
    status: ApplicationStatus = Field(examples=["under_review"])
    company_name: str = Field(examples=["Brightfield Solar Ltd"])
    company_registration: str = Field(examples=["12345678"])
    contact_name: str = Field(examples=["Owen Price"])
    contact_email: str = Field(examples=["owen.price@brightfield.example"])
    reviewer: str = Field(description="Who reviews it; empty while nobody does", examples=["Rhea Reviewer"])
    flags: int = Field(description="How many answers and documents the portal's own checks have marked", examples=[2])
    submitted_at: Moment | None
    updated_at: Moment = Field(description="When it was last sent, decided, renewed or given another status, or lost a document to a virus")
    due_on: date | None = Field(description="The first day that the request to the partner names, while one is open")
    expires_on: date | None = Field(description="The first day on which a document or an insurance ends")
    url: str = Field(description="The application itself, for a program", examples=["https://…/api/applications/EPC-2026-7K3M9Q"])


class Applications(Reply):
    """A page of applications, those that were sent first before the others."""

    applications: list[Summary]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last")


class FiledDocument(Reply):
    """A document of an application. `url` gives its bytes to the same token, as an attachment."""

    public_id: str
    slot: str = Field(examples=["public_liability_certificate"])
    file_name: str = Field(examples=["certificate.pdf"])
    file_type: str = Field(examples=["application/pdf"])
    file_size: int = Field(description="In bytes", examples=[256789])
    sha256: str | None = Field(description="Of the bytes, in hex")
    scan: str = Field(description="clean: the virus scanner let it through; waiting: it has not looked yet; found: it found something, and "
                      "the document is kept apart; none: no scanner was set up when it came", examples=["clean"])  # fmt: skip
    uploaded_at: Moment
    expiry_date: date | None = Field(description="Until when it is valid, as its uploader says")
    url: str | None = Field(description="null while it is kept apart")


class Filed(Reply):
    """An application: the answers as its partner last sent them, and the documents that count now, of an answer under way too."""

    reference: str = Field(examples=["EPC-2026-7K3M9Q"])
    status: ApplicationStatus = Field(examples=["under_review"])
    submitted_at: Moment | None
    updated_at: Moment
    form_version: str
    answers: dict[str, Any] = Field(
        description="Every question of the form, by its name in /api/epc-application; null where nothing was said",
        examples=[{"companyName": "Brightfield Solar Ltd", "yearsTrading": 12}],
    )
    documents: list[FiledDocument]
    decision: Decided | None


@router.get("/applications", responses={**NOT_CHANGED, **documented(401, 403, 422)})
def list_applications(
    asks: Asks,
    status: Annotated[list[ApplicationStatus] | None, Query(description="Only these; may be given several times")] = None,
    since: Since = None,
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Applications:
    """The applications that were sent, oldest first, `limit` at a time. Drafts are the partner's own and are not among them.

    What is sent while you read comes at the end, so no page shifts. Needs the scope `applications:read`.
    """
    statuses = _shown(status or [])
    asked = {"status": statuses, "since": since}
    place = Place("after", *cursors.read(cursor, asked)) if cursor is not None else Place()
    looked = Looked(view=ALL, statuses=tuple(statuses), sort="submitted", place=place)
    rows, after = asks.read(Scope.READ_APPLICATIONS, lambda session: onward(session, looked, limit, since))
    told = [_summary(row) for row in rows]
    return Applications(applications=told, next_cursor=cursors.written([after.key, after.id], asked) if after else None)


@router.get("/applications/{reference}", responses={**NOT_CHANGED, **documented(401, 403, 404, 422)})
def read_application(asks: Asks, reference: Reference) -> Filed:
    """One application: its answers as they were last sent, its documents and its decision. Needs the scope `applications:read`."""
    return asks.read(Scope.READ_APPLICATIONS, lambda session: _filed(session, by_reference(session, reference)))


@router.get(
    "/applications/{reference}/documents/{publicId}",
    response_class=Response,
    responses={200: {"description": "The bytes, as an attachment", "content": {kind: {} for kind in sorted(set(MEDIA_TYPES.values()))}},
               **NOT_CHANGED, **documented(401, 403, 404, 422)},
)  # fmt: skip
def read_document(
    request: Request, asks: Asks, reference: Reference, public_id: Annotated[Line, Path(alias="publicId", max_length=100)]
) -> Response:
    """A document's bytes. 404 for one that is kept apart by the virus scanner, taken out or erased. Needs the scope `applications:read`."""
    document = asks.read(Scope.READ_APPLICATIONS, lambda session: _document(session, reference, public_id))
    answer = StreamingResponse(
        storage().stream(document.r2_key), media_type=document.file_type, headers=headers_of(document, inline=False)
    )
    return conditional(request, answer, document.sha256 or document.public_id)


def _shown(statuses: list[ApplicationStatus]) -> list[ApplicationStatus]:
    if ApplicationStatus.DRAFT in statuses:
        said = _("A draft is the partner’s own until it is sent. Choose among {statuses}.").format(statuses=", ".join(SHOWN))
        raise Invalid(said, [Problem("status", said)])
    return [status for status in SHOWN if status in statuses]


def _summary(row: Row) -> Summary:
    return Summary(
        reference=row.reference, status=row.status, company_name=row.company, company_registration=row.registration,
        contact_name=row.contact, contact_email=row.email, reviewer=row.reviewer, flags=row.flags, submitted_at=row.submitted_at,
        updated_at=row.updated_at, due_on=row.due_on, expires_on=row.expires_on, url=_address(row.reference),
    )  # fmt: skip


def _filed(session: Session, application: Application) -> Filed:
    return Filed(
        reference=application.reference_number or "", status=application.state, submitted_at=application.submitted_at,
        updated_at=application.updated_at, form_version=application.form_version, answers=to_camel(application.answers()),
        documents=_documents(session, application), decision=decided(session, application),
    )  # fmt: skip


def _documents(session: Session, application: Application) -> list[FiledDocument]:
    """Those that count, and those that the virus scanner keeps apart."""
    clean, reference = scanned(session, application.id), application.reference_number or ""
    held = [_told(one, Verdict.CLEAN if one.id in clean else "none", reference) for one in stored(session, application.id)]
    return held + [_told(one, scan.verdict, "") for one, scan in apart(session, application.id)]


def _told(document: Document, scan: str, reference: str) -> FiledDocument:
    return FiledDocument(
        public_id=document.public_id, slot=document.slot, file_name=document.file_name, file_type=document.file_type,
        file_size=document.file_size, sha256=document.sha256, scan=scan, uploaded_at=document.upload_timestamp,
        expiry_date=document.expiry_date, url=f"{_address(reference)}/documents/{document.public_id}" if reference else None,
    )  # fmt: skip


def _document(session: Session, reference: str, public_id: str) -> Document:
    application, document = by_reference(session, reference), find_document(session, public_id)
    if document.application_id != application.id or document.state != DocumentState.STORED:
        raise NotFound(_("There is no such document."))
    return document


def _address(reference: str) -> str:
    return f"{settings().portal_url}/api/applications/{reference}"
