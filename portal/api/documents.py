"""Documents: signed for here, sent straight to the object store, then looked at here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from models.document import Document
from models.errors import Invalid, Problem
from models.language import _
from portal import uploads
from portal.api.bodies import Body, Code, Line, Moment, Reply
from portal.api.partner import Visitor, visitor
from portal.looking import in_turn
from portal.problems import documented

router = APIRouter(prefix="/api", tags=["Documents"])
ANY_SLOT = "additional_documents"
KEY = "uploads/C1D94680/document_123.pdf"
Key = Annotated[Line, Field(max_length=1024, description="The document's key, as /api/upload-file gave it", examples=[KEY])]

Once = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255, description="One key never begins two uploads")
]


class Upload(Body):
    """A file that is about to be sent."""

    invitation_code: Code | None = None
    slot: Line = Field(ANY_SLOT, description="Which of the form's documents it is", examples=["public_liability_certificate"])
    file_name: Annotated[Line, Field(max_length=1000)] = Field(examples=["document.pdf"])
    file_type: Line = Field("", description="The name's ending and the real content decide", examples=["application/pdf"])
    file_size: int = Field(description="In bytes", examples=[256789])
    application: int | None = Field(None, description="For the portal's own pages: the application that the page shows")
    replaces: Line = Field("", description="The public id of the document whose place this one takes once it is complete")


class Leg(Reply):
    """One PUT: the file's bytes from `start` to before `end`."""

    start: int = Field(examples=[0])
    end: int = Field(examples=[1048576])
    upload_url: str = Field(examples=["https://…"])
    headers: dict[str, str] = Field(examples=[{"Content-Type": "application/octet-stream"}])


class Signed(Reply):
    """Where to send the bytes: `method` to `uploadUrl` with `headers`, or a large file piece by piece; then …/complete.

    An address takes its bytes once. After a cut, …/resume says what is missing and signs it anew.
    """

    success: bool = True
    upload_url: str = Field(examples=["https://…"])
    r2_key: str = Field(examples=[KEY])
    expires_in: int = Field(description="Seconds", examples=[3600])
    method: str = "PUT"
    headers: dict[str, str] = Field(examples=[{"Content-Type": "application/pdf"}])
    public_id: str
    slot: str
    pieces: list[Leg] = Field(description="For a file over 2 MiB: the pieces that are not there yet; or send it whole")
    arrived: bool = Field(description="Nothing is left to send: complete it")

    @classmethod
    def of(cls, ticket: uploads.Ticket) -> Signed:
        """A ticket as the API tells it."""
        document, whole = ticket.document, ticket.whole
        pieces = [Leg(start=one.start, end=one.end, upload_url=one.url, headers=one.headers) for one in ticket.pieces]
        return cls(
            upload_url=whole.url, headers=whole.headers, expires_in=ticket.expires_in, r2_key=document.r2_key,
            public_id=document.public_id, slot=document.slot, pieces=pieces, arrived=ticket.arrived,
        )  # fmt: skip


class Uploaded(Body):
    """Which upload is meant, by its key or by its public id."""

    invitation_code: Code | None = None
    r2_key: Key | None = None
    public_id: Line | None = None

    @property
    def name(self) -> str:
        """The key or the public id; Invalid if neither was sent."""
        found = self.r2_key or self.public_id
        if not found:
            raise Invalid(_("Say which upload is meant."), [Problem("r2Key", _("Send the r2Key that /api/upload-file gave."))])
        return found


class Complete(Uploaded):
    """The bytes of an upload are sent."""

    replaces: Line = Field("", description="The public id of the document whose place it takes, as /api/upload-file was told")


class Expiring(Uploaded):
    """Until when one document is valid; null where the date is taken back."""

    day: date | None = Field(None, examples=["2027-03-31"])


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
    pages: int | None = Field(None, description="Of a PDF, where they could be counted", examples=[3])
    has_thumbnail: bool = Field(False, description="Whether …/thumbnail after its url shows a small picture")
    expiry_date: date | None = Field(None, description="Until when it is valid, as its uploader says")

    @classmethod
    def of(cls, document: Document) -> StoredFile:
        """A document as the API tells it."""
        return cls(**_told(document))

    @classmethod
    def on_a_page(cls, documents: Iterable[Document]) -> list[dict[str, Any]]:
        """Documents as a page's script knows them. Their keys may hold the invitation's code, which a colleague must not learn."""
        return [cls.of(one).model_dump(mode="json", by_alias=True, exclude={"r2_key", "url"}) for one in documents]


class Completed(StoredFile):
    """The document is stored."""

    success: bool = True
    same_as_sent: bool = Field(False, description="A reviewer asks for it, and it is what they have already: it still counts as open")


class Done(Reply):
    """It is as was asked."""

    success: bool = True


@router.post("/upload-file", responses=documented(400, 401, 403, 409, 413, 422))
def upload_file(request: Request, body: Upload, key: Once = None) -> Signed:
    """Begin an upload: signed addresses for exactly this file, whole or in pieces, which work for an hour.

    The same Idempotency-Key with the same file begins no second one and signs anew; with another file, 422.
    """
    who = visitor(request, body.invitation_code)
    begun = uploads.begin_upload(
        who, body.slot, body.file_name, body.file_size, application=body.application, replaces=body.replaces, once=key or "",
    )  # fmt: skip
    return Signed.of(begun)


@router.post("/upload-file/resume", responses=documented(400, 401, 403, 404, 409, 413, 422))
def resume_upload(request: Request, body: Uploaded) -> Signed:
    """Go on with an upload that was cut off: which pieces are not there yet, and new addresses for them.

    409 if it was taken out or refused meanwhile: begin it anew.
    """
    return Signed.of(uploads.resume_upload(visitor(request, body.invitation_code), body.name))


@router.post("/upload-file/complete", responses=documented(400, 401, 403, 404, 409, 413, 422, 503))
async def complete_upload(request: Request, body: Complete) -> Completed:
    """The bytes are sent: they are looked at and the document is stored, or refused (422) and deleted.

    409 while they have not arrived, 503 while too many others are looked at. Said again, it answers alike.
    """
    who = await run_in_threadpool(visitor, request, body.invitation_code)
    document = await in_turn(partial(uploads.complete_upload, who, body.name, body.replaces))
    return await run_in_threadpool(_completed, document, who)


@router.post("/upload-file/remove", responses=documented(400, 401, 403, 404, 409, 413, 422))
def remove_upload(request: Request, body: Uploaded) -> Done:
    """Take a document out of the application; said again, it answers alike."""
    uploads.remove_upload(visitor(request, body.invitation_code), body.name)
    return Done()


@router.post("/upload-file/restore", responses=documented(400, 401, 403, 404, 409, 413, 422))
def restore_upload(request: Request, body: Uploaded) -> Completed:
    """Put a document back that was taken out or replaced within the last hour."""
    who = visitor(request, body.invitation_code)
    return _completed(uploads.restore_upload(who, body.name), who)


@router.post("/upload-file/expiry", responses=documented(400, 401, 403, 404, 409, 413, 422))
def expire_upload(request: Request, body: Expiring) -> Done:
    """Keep until when a document is valid, where its slot asks for it."""
    uploads.expire_upload(visitor(request, body.invitation_code), body.name, body.day)
    return Done()


def _completed(document: Document, who: Visitor) -> Completed:
    hidden = {"r2_key": ""} if who.colleague else {}  # a key may hold the invitation's code
    return Completed(**{**_told(document), **hidden}, same_as_sent=uploads.is_as_sent(who, document))


def _told(document: Document) -> dict[str, Any]:
    return {
        "public_id": document.public_id, "slot": document.slot, "file_name": document.file_name, "file_type": document.file_type,
        "file_size": document.file_size, "uploaded_at": document.upload_timestamp, "url": document.r2_url, "r2_key": document.r2_key,
        "pages": document.pages, "has_thumbnail": document.has_thumbnail, "expiry_date": document.expiry_date,
    }  # fmt: skip
