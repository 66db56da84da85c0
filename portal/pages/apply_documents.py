"""The documents of a step: a place for each, offered as the answers ask for it. The bytes are static/uploads.js's business.

That is a small module on XMLHttpRequest and not QUploader: it needs the browser's own file input for the keyboard and for
telephones, says the server's sentence beside the file, and a failed file must not be sent again by adding another (FACTS 80, 92).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from fastapi import FastAPI, Request
from nicegui import ui
from nicegui.element import Element
from pydantic import BaseModel

from models.application import must_be_open
from models.database import transaction
from models.document import Document, DocumentState, find_document, set_expiry
from models.errors import NotFound
from models.kinds import Answers
from models.slots import Slot
from models.steps import Step
from portal.api.documents import StoredFile
from portal.api.partner import admit, application_of
from portal.pages.apply_folder import Folder
from portal.render import render


class Expiry(BaseModel):
    """Until when one document is valid; null where the date is taken back."""

    document: str
    day: date | None


def install(app: FastAPI) -> None:
    """The date that the uploader is asked for; the upload itself is the API's."""
    app.add_api_route("/apply/expiry", keep_expiry, methods=["POST"], include_in_schema=False)


def keep_expiry(expiry: Expiry, request: Request) -> dict[str, bool]:
    """Keep a document's expiry date; NotFound if it is not one of this partner's."""
    invitation = admit(request, None)
    with transaction() as session:
        application, document = application_of(session, invitation), find_document(session, expiry.document)
        if document.application_id != application.id or document.state != DocumentState.STORED:
            raise NotFound("There is no such document.")
        must_be_open(application)
        set_expiry(session, document, expiry.day)
    return {"success": True}


class Documents:
    """The card with a step's slots; `lacking` says from the start which documents are missing."""

    def __init__(self, step: Step, folder: Folder, *, lacking: bool) -> None:
        self.lacking = lacking
        self.places: dict[str, Element] = {}
        with ui.element("section").classes("card documents") as self.card:
            ui.html("Documents", sanitize=False, tag="h2")
            for slot in step.slots:
                files = [document for document in folder.documents if document.slot == slot.name]
                self.places[slot.name] = ui.html(slot_html(slot, files), sanitize=False).classes("slot-place appear")
        self.step = step

    def show(self, values: Answers, held: Mapping[str, int]) -> None:
        """Offer what the settled answers ask for; a slot that holds something is always shown."""
        for slot in self.step.slots:
            place, wanted, has = self.places[slot.name], slot.wanted(values), bool(held.get(slot.name))
            _set(place, "closed", not (slot.offered(values) or has))
            _set(place, "optional", not wanted)
            _set(place, "lacking", self.lacking and wanted and not has)
        _set(self.card, "closed", not any(slot.offered(values) or held.get(slot.name) for slot in self.step.slots))


def slot_html(slot: Slot, files: list[Document]) -> str:
    """One slot: what is wanted and why, what it takes, and its files as JSON, which the script draws."""
    told = json.dumps([told_file(document) for document in files])
    return render("apply_slot.html", slot=slot, takes=takes(slot), files=told, limit=slot.max_mb * 1_000_000)


def takes(slot: Slot) -> str:
    """ "PDF, JPG or PNG, up to 10 MB"."""
    names = [extension.upper() for extension in slot.extensions]
    kinds = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    return f"{kinds}, up to {slot.max_mb} MB{' each' if slot.multiple else ''}"


def told_file(document: Document) -> dict[str, Any]:
    """A stored document as the page's script knows it, in the API's own words."""
    expires = document.expiry_date.isoformat() if document.expiry_date else ""
    return {**StoredFile.of(document).model_dump(mode="json", by_alias=True), "expiryDate": expires}


def _set(place: Element, name: str, on: bool) -> None:
    if on != (name in place.classes):
        place.classes(**{"add" if on else "remove": name})
