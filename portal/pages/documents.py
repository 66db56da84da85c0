"""A document for whoever may see it: its partner, and staff. The bytes come from the store through the portal, which sets the headers."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from integrations.storage import storage
from models import person
from models.application import of_invitation
from models.database import reading
from models.document import Document, DocumentState, find_document
from models.errors import NotFound, SignInNeeded
from models.person import Right
from portal import auth
from portal.api.partner import admit

#: What a browser shows by itself without running anything of it; all else is handed over to be saved.
SHOWN = ("application/pdf", "image/png", "image/jpeg")

#: Nothing of a document may run, load or be framed elsewhere. Chromium's viewer of PDFs works in this sandbox, in a frame too [tried].
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"


def install(app: FastAPI) -> None:
    """A plain route: NiceGUI has no part in it."""
    app.add_api_route("/documents/{public_id}", show, methods=["GET", "HEAD"], include_in_schema=False)


def show(request: Request, public_id: str, download: bool = False) -> Response:
    """The file, shown in the browser where that is safe; NotFound for anybody who may not see it, whether it exists or not."""
    document = _visible(request, public_id)
    headers = _headers(document, inline=document.file_type in SHOWN and not download)
    body = iter(()) if request.method == "HEAD" else storage().stream(document.r2_key)
    return StreamingResponse(body, media_type=document.file_type, headers=headers)


def _visible(request: Request, public_id: str) -> Document:
    with reading() as session:
        document = find_document(session, public_id)
    if document.state == DocumentState.STORED and (_is_theirs(request, document) or _is_staff(request)):
        return document
    raise NotFound("There is no such document.")


def _is_theirs(request: Request, document: Document) -> bool:
    try:
        invitation = admit(request, None)
    except SignInNeeded:
        return False
    with reading() as session:
        application = of_invitation(session, invitation.code)
    return application is not None and application.id == document.application_id


def _is_staff(request: Request) -> bool:
    token = request.session.get(auth.STAFF)
    try:
        with reading() as session:
            return person.actor_of(session, token).may(Right.READ)
    except SignInNeeded:
        return False


def _headers(document: Document, *, inline: bool) -> dict[str, str]:
    """The tightest policy that still shows a document; a file name of any letters by RFC 6266."""
    name = quote(document.file_name, safe="")
    plain = "".join(sign if sign.isascii() and sign.isprintable() and sign not in '"\\%' else "_" for sign in document.file_name)
    return {
        "content-disposition": f"{'inline' if inline else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{name}",
        "content-length": str(document.file_size),
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
        "cross-origin-resource-policy": "same-origin",
    }
