"""*Check your answers*: all that was asked and answered, what is missing, what a reviewer asked and what has changed, and *Submit*."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from models.advice import ADVISED
from models.application import COMMENT, reply, submit
from models.database import transaction
from models.errors import Conflict, Invalid, NotFound
from models.language import _
from models.request import step_name_of
from models.resubmission import Filed, unanswered
from models.rules import settle
from models.slots import SLOTS
from models.steps import QUESTIONS, STEPS
from portal.api.partner import admit
from portal.pages.apply_chapters import Reading, compared
from portal.pages.apply_edition import edition_notice
from portal.pages.apply_folder import Folder, folder_of
from portal.pages.apply_frame import form_page
from portal.pages.apply_printed import PRINTED, printed_head
from portal.render import render
from portal.widgets import as_typed

WHY = "why-"  # how the boxes of the plain form are called, one for each thing that was asked for


class Replies(BaseModel):
    """What the partner writes to the reviewer, as it is typed: by what was asked for."""

    application: int
    replies: dict[str, str] = Field(max_length=200)


def install(app: FastAPI) -> None:
    """Where static/reply.js keeps what is written to the reviewer."""
    app.add_api_route("/apply/reply", keep_replies, methods=["POST"], include_in_schema=False)


def draw(folder: Folder, *, missing: bool = False) -> None:
    """The page; with `missing` the reader comes from *Submit*, so what is missing gets the focus."""
    shown = body(folder, missing=missing)
    form_page(_("Check your answers"), folder, shown, stale="reload", scripts=("reply.js", "sending.js"), more=PRINTED)


def body(folder: Folder, *, missing: bool = False) -> str:
    """The page's HTML."""
    problems, asked = folder.problems(), _asked(folder, missing=missing)
    shown: dict[str, Any] = {
        "chapters": reading(folder).chapters(), "problems": problems, "steps": STEPS, "focus": missing, "application": folder.application,
        "declarant": as_typed(QUESTIONS["declarant_name"], folder.answers.get("declarant_name")), "locks": folder.reach.names is not None,
        "edition": edition_notice(folder.changes), "changes": compared(folder.differs),
        "slots": SLOTS, "undated": undated(folder),
        "printed": printed_head(folder.application, _("Not sent yet") if not folder.request else _("Not sent again yet")),
    }  # fmt: skip
    return render("apply_check.html", **shown, **asked)


def undated(folder: Folder) -> list[tuple[str, str, str]]:
    """Label, file name and address of each document whose place asks until when it is valid, where that is not said and still can be."""
    open_still = [one for one in folder.documents if one.slot in SLOTS and folder.reach.holds(one.slot) and not one.expiry_date]
    asks = [(one, SLOTS[one.slot]) for one in open_still if SLOTS[one.slot].asks_expiry]
    return [(_(slot.label), one.file_name, f"/apply/{step_name_of(slot.name)}?back=1#{slot.name}") for one, slot in asks]


def reading(folder: Folder) -> Reading:
    """The draft for reading, with what is wrong and what has changed since it was sent."""
    wrong = {problem.field: problem.message for problem in folder.problems()}
    files = tuple(Filed.of(document) for document in folder.documents)
    advice = {name: folder.sheet.advice(name) for name in ADVISED}
    return Reading(folder.answers, settle(folder.answers), files, wrong, folder.differs, folder.reach, advice)


def _asked(folder: Folder, *, missing: bool) -> dict[str, Any]:
    """What the reviewer asked, and how far it is answered. `judge` makes a step say at once what is wrong in it: not while somebody
    asks for something, before the partner has tried to send it again.
    """
    request = folder.request
    wanted = request.wanted if request else []
    left = [one.name for one in unanswered(request, folder.differs)] if request else []
    judge = "check=1&" if missing or request is None else ""
    places = {one.name: f"/apply/{step_name_of(one.name)}?{judge}back=1#{one.name}" for one in wanted}
    changed = [one.name for one in wanted if one.name in folder.differs]
    told = {"asked": request, "wanted": wanted, "left": left, "places": places, "changed": changed, "comment": COMMENT, "why": WHY}
    return told | {"replies": request.replies if request else {}, "judge": judge}


async def send(request: Request) -> Response:
    """Submit what is stored, once: a second click finds it sent. A plain route, so that it needs no open socket.

    `application` is the one that was read on the page: another may have been opened in this browser since.
    """
    form = await request.form()
    given = {name: str(value) for name, value in form.items()}
    return RedirectResponse(await run_in_threadpool(_send, request, given), 303)


def _send(request: Request, given: dict[str, str]) -> str:
    """Keep what is written to the reviewer, then submit; answers where to go. The words are kept also when something is missing."""
    invitation = admit(request, None)
    words = {name.removeprefix(WHY): value for name, value in given.items() if name.startswith(WHY)}
    try:
        for deed in (_reply, _submit) if words else (_submit,):
            with transaction() as session:
                folder = folder_of(session, invitation, lock=True)
                if str(folder.application.id) != given.get("application"):
                    return "/apply/check"
                deed(session, folder, words)
    except Invalid:
        return "/apply/check?missing=1"
    except Conflict:
        pass  # sent already, by the first of two clicks or by a colleague: the status page says so
    return "/apply/status"


def _reply(session: Any, folder: Folder, words: dict[str, str]) -> None:
    reply(session, folder.application, words)


def _submit(session: Any, folder: Folder, _words: dict[str, str]) -> None:
    submit(session, folder.application, folder.answers, folder.held)


def keep_replies(request: Request, said: Replies) -> dict[str, bool]:
    """Keep what is being written to the reviewer."""
    invitation = admit(request, None)
    with transaction() as session:
        folder = folder_of(session, invitation, lock=True)
        if folder.application.id != said.application:
            raise NotFound(_("Another application has been opened in this browser. Enter this one's code again."))
        reply(session, folder.application, said.replies)
    return {"kept": True}
