"""The documents of a step: a place for each, offered as the answers ask for it. The bytes are static/uploads.js's business.

That is a small module on XMLHttpRequest and not QUploader: it needs the browser's own file input for the keyboard and for
telephones, says the server's sentence beside the file, and a failed file must not be sent again by adding another (FACTS 80, 92).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from models.document import Document, kinds_of
from models.language import _, spoken
from models.scan import Verdict, being_checked, infected
from models.sheet import Sheet
from models.slots import SLOTS, Slot
from models.steps import Step
from portal.api.documents import StoredFile
from portal.pages.apply_folder import Folder
from portal.render import render
from portal.widgets import until

#: The public id of a document in quarantine, what is said of it, and whether something was found in it.
Notice = tuple[str, str, bool]


def documents_card(step: Step, folder: Folder, *, lacking: bool) -> str:
    """The card with a step's slots as HTML; `lacking` says from the start which documents are missing."""
    slots = [_drawn(slot, folder, lacking) for slot in step.slots]
    return render("apply_documents.html", slots=slots, shown=any(not slot["state"].startswith("closed") for slot in slots))


def slot_state(slot: Slot, sheet: Sheet, *, lacking: bool) -> str:
    """The classes of a slot's place: offered as the answers ask for it, and always while it holds something."""
    wanted, has = slot.wanted(sheet.values), bool(sheet.held.get(slot.name))
    states = {"closed": not (slot.offered(sheet.values) or has), "optional": not wanted, "lacking": lacking and wanted and not has}
    return " ".join(name for name, on in states.items() if on)


def _drawn(slot: Slot, folder: Folder, lacking: bool) -> dict[str, Any]:
    """What the template shows of a slot; one that is locked shows its files and nothing to change them with."""
    files = [document for document in folder.documents if document.slot == slot.name]
    request = folder.request
    wanted = request.about(slot.name) if request else None
    locked = not folder.reach.holds(slot.name)
    html = render("apply_slot_locked.html", slot=slot, files=files) if locked else slot_html(slot, files, _notices(slot, files, folder))
    return {
        "name": slot.name, "state": slot_state(slot, folder.sheet, lacking=lacking), "html": html, "wanted": wanted,
        "until": until(request.due(slot.name)) if request and wanted else "",
    }  # fmt: skip


def slot_html(slot: Slot, files: list[Document], notices: Sequence[Notice] = ()) -> str:
    """One slot: what is wanted and why, what it takes, and its files: as links, and as JSON for the script, which draws them anew."""
    return _filled(slot, files, notices) if files or notices else _empty(spoken().code, slot.name)


def _notices(slot: Slot, files: list[Document], folder: Folder) -> list[Notice]:
    """What is said of the documents of a slot that are in quarantine; of a bad one no more once a good one is there."""
    mine = [(document, scan) for document, scan in folder.apart if document.slot == slot.name]
    waiting = [(document.public_id, being_checked(document), False) for document, scan in mine if scan.verdict == Verdict.WAITING]
    bad = [(document.public_id, infected(document, scan), True) for document, scan in mine if scan.verdict == Verdict.FOUND]
    return [*waiting, *([] if files else bad[-1:])]


@cache
def _empty(_language: str, name: str) -> str:
    """A slot without files, which is the same for everybody who reads one language."""
    return _filled(SLOTS[name], [], ())


def _filled(slot: Slot, files: list[Document], notices: Sequence[Notice]) -> str:
    told = json.dumps(StoredFile.on_a_page(files))
    return render("apply_slot.html", slot=slot, kinds=kinds_of(slot), takes=takes(slot), files=told, listed=files, notices=notices)


def takes(slot: Slot) -> str:
    """ "PDF, JPG or PNG, up to 10 MB", "PDF, or photos of the pages, up to 10 MB"."""
    if slot.binds_photos:
        several, one = _("{kinds}, or photos of the pages, up to {limit} MB each"), _("{kinds}, or photos of the pages, up to {limit} MB")
    else:
        several, one = _("{kinds}, up to {limit} MB each"), _("{kinds}, up to {limit} MB")
    words = several if slot.multiple else one
    return words.format(kinds=kinds_of(slot), limit=slot.max_mb)
