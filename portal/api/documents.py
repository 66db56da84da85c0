"""Documents: signed for here, sent straight to the object store, then looked at here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from models.document import Document
from portal import uploads
from portal.api.bodies import Body, Code, Line, Moment, Reply
from portal.api.partner import admit, application_of
from portal.problems import documented

router = APIRouter(prefix="/api", tags=["Documents"])
ANY_SLOT = "additional_documents"
KEY = "uploads/C1D94680/document_123.pdf"
Key = Annotated[Line, Field(max_length=1024, description="The document's key, as /api/upload-file gave it", examples=[KEY])]


class Upload(Body):
    """A file that is about to be sent."""

    invitation_code: Code | None = None
    slot: Line = Field(ANY_SLOT, description="Which of the form's documents it is", examples=["public_liability_certificate"])
    file_name: Annotated[Line, Field(max_length=1000)] = Field(examples=["document.pdf"])
    file_type: Line = Field("", description="The name's ending and the real content decide", examples=["application/pdf"])
    file_size: int = Field(description="In bytes", examples=[256789])


class Signed(Reply):
    """Where to send the bytes: `method` to `uploadUrl` with `headers`, then POST /api/upload-file/complete."""

    success: bool = True
    upload_url: str = Field(examples=["https://…"])
    r2_key: str = Field(examples=[KEY])
    expires_in: int = Field(description="Seconds", examples=[3600])
    method: str = "PUT"
    headers: dict[str, str] = Field(examples=[{"Content-Type": "application/pdf"}])
    public_id: str
    slot: str


class Uploaded(Body):
    """Which upload has been sent, or is to be taken out."""

    invitation_code: Code | None = None
    r2_key: Key


class StoredFile(Reply):
    """A document that counts. `url` is the portal's own page for it."""

    public_id: str
    slot: str = Field(examples=["public_liability_certificate"])
    file_name: str = Field(examples=["document.pdf"])
    file_type: str = Field(examples=["application/pdf"])
    file_size: int = Field(examples=[256789])
    uploaded_at: Moment
    url: str
    r2_key: str

    @classmethod
    def of(cls, document: Document) -> StoredFile:
        """A document as the API tells it."""
        return cls(
            public_id=document.public_id, slot=document.slot, file_name=document.file_name, file_type=document.file_type,
            file_size=document.file_size, uploaded_at=document.upload_timestamp, url=document.r2_url, r2_key=document.r2_key,
        )  # fmt: skip


class Completed(StoredFile):
    """The document is stored."""

    success: bool = True


class Removed(Reply):
    """It no longer counts."""

    success: bool = True


@router.post("/upload-file", responses=documented(400, 401, 403, 409, 413, 422))
def upload_file(request: Request, body: Upload) -> Signed:
    """Begin an upload: a signed address for one PUT of exactly this file, which works for an hour."""
    invitation = admit(request, body.invitation_code)
    ticket = uploads.begin_upload(lambda session: application_of(session, invitation), body.slot, body.file_name, body.file_size)
    document = ticket.document
    return Signed(
        upload_url=ticket.url, headers=ticket.headers, expires_in=ticket.expires_in,
        r2_key=document.r2_key, public_id=document.public_id, slot=document.slot,
    )  # fmt: skip


@router.post("/upload-file/complete", responses=documented(400, 401, 403, 404, 409, 413, 422))
def complete_upload(request: Request, body: Uploaded) -> Completed:
    """The bytes are sent: they are looked at and the document is stored, or refused (422) and deleted.

    409 while they have not arrived. Said again, it answers alike.
    """
    document = uploads.complete_upload(admit(request, body.invitation_code), body.r2_key)
    return Completed(**StoredFile.of(document).model_dump(exclude={"uploaded_at"}), uploaded_at=document.upload_timestamp)


@router.post("/upload-file/remove", responses=documented(400, 401, 403, 404, 409, 413, 422))
def remove_upload(request: Request, body: Uploaded) -> Removed:
    """Take a document out of the application; said again, it answers alike."""
    uploads.remove_upload(admit(request, body.invitation_code), body.r2_key)
    return Removed()
