"""A document for whoever may see it: its partner, a colleague who helps with its step, and staff.

The bytes come from the store through the portal, which sets the headers.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from integrations.storage import storage
from models import person
from models.application import of_invitation
from models.database import reading
from models.document import Document, DocumentState, find_document
from models.errors import NotFound, SignInNeeded
from models.language import _
from models.person import Right
from models.reach import of_step
from portal import auth
from portal.api.partner import visitor
from portal.handing import SAFE, headers_of

#: What a browser shows by itself without running anything of it; all else is handed over to be saved.
SHOWN = ("application/pdf", "image/png", "image/jpeg")
THUMBNAIL_BYTES = 1_000_000


def install(app: FastAPI) -> None:
    """Plain routes: NiceGUI has no part in them."""
    app.add_api_route("/documents/{public_id}", show, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/documents/{public_id}/thumbnail", thumbnail, methods=["GET"], include_in_schema=False)


def show(request: Request, public_id: str, download: bool = False) -> Response:
    """The file, shown in the browser where that is safe; NotFound for anybody who may not see it, whether it exists or not."""
    document = _visible(request, public_id)
    headers = headers_of(document, inline=document.file_type in SHOWN and not download)
    body = iter(()) if request.method == "HEAD" else storage().stream(document.r2_key)
    return StreamingResponse(body, media_type=document.file_type, headers=headers)


def thumbnail(request: Request, public_id: str) -> Response:
    """A small picture of the first page, by the same right as the document; NotFound where it has none."""
    document = _visible(request, public_id)
    if not document.has_thumbnail:
        raise _not_found()
    content = storage().read(document.thumbnail_key, THUMBNAIL_BYTES)
    return Response(content, media_type="image/jpeg", headers={**SAFE, "cache-control": "private, max-age=3600"})


def _visible(request: Request, public_id: str) -> Document:
    with reading() as session:
        document = find_document(session, public_id)
    if document.state in (DocumentState.STORED, DocumentState.PROPOSED) and (_is_theirs(request, document) or _is_staff(request)):
        return document
    raise _not_found()


def _is_theirs(request: Request, document: Document) -> bool:
    try:
        who = visitor(request)
    except SignInNeeded:
        return False
    with reading() as session:
        application = of_invitation(session, who.invitation.code)
    if application is None or application.id != document.application_id:
        return False
    return not who.step or document.slot in of_step(who.step)


def _is_staff(request: Request) -> bool:
    token = request.session.get(auth.STAFF)
    try:
        with reading() as session:
            return person.actor_of(session, token).may(Right.READ)
    except SignInNeeded:
        return False


def _not_found() -> NotFound:
    return NotFound(_("There is no such document."))
