"""Below the primary contact's email: the code that lets another address than the invited one be used.

Nothing here is an answer: it stands outside `data-question`, so the journal (static/form.js) never hears of it.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TypeVar

from nicegui import run, ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments
from sqlmodel import Session

from models.application import Application
from models.confirmation import FIELD, LIFE, ask_confirmation, comparable, confirm
from models.database import transaction
from models.errors import Refused, SignInNeeded
from models.invitation import Invitation
from models.kinds import Answers
from models.rules import settle
from portal.api.confirmation import WRONG
from portal.api.partner import REFUSED, application_of, opened_by
from portal.pages.apply_folder import Folder

T = TypeVar("T")
#: What is said in each state of the panel; `{address}` is the one that was typed.
WORDS = {
    "asked": "Decisions go to this address, and it is not the one that we invited. We mail a 6-digit code to it.",
    "sent": "A 6-digit code is on its way to <strong>{address}</strong>. Enter it here; it works for {minutes} minutes.",
    "confirmed": "<strong>✓ Confirmed.</strong> Decisions go to <strong>{address}</strong>.",
}
LENGTH = 40  # of what an open page may send as a code: `maxlength` holds in the browser only (FACTS 95)


class Confirm:
    """The panel. It is open for a valid address that is not the invited one; what it may do, the verbs decide.

    Once an address is confirmed it stands in `folder.confirmed`, and `after` is called.
    """

    def __init__(self, folder: Folder, after: Callable[[], None]) -> None:
        self.folder, self.after = folder, after
        self.address, self.busy = "", False
        with ui.element("div").classes("confirm appear closed").props("id=confirm") as self.place:
            self.words = ui.html("", sanitize=False, tag="p").props("id=confirm-words role=status tabindex=-1")
            with ui.element("form").classes("field").props("novalidate") as self.form:
                self.control = _code_box()
            self.error = ui.html("", sanitize=False, tag="p").classes("error").props("id=confirm-error role=alert")
            self.again = ui.html("", sanitize=False, tag="button").classes("btn slim").props("type=button aria-describedby=confirm-words")
        self.again.on("click", self._send)
        # `submit` is the Enter key as well as the button; what was typed stays in the browser until then.
        self.form.on("submit", self._enter, js_handler="(event) => { event.preventDefault(); emit(event.target.elements.code.value); }")

    def show(self, answers: Answers) -> None:
        """Open, change or close it, as the answers stand."""
        address = settle(answers, (FIELD,))[FIELD] or ""
        if address != self.address:
            self.address = address
            self._say("")
        self._draw()

    @property
    def state(self) -> str:
        """`asked`, `sent` or `confirmed`; empty while there is nothing to confirm."""
        key = comparable(self.address)
        if not key or key == comparable(self.folder.invitation.contact_email):
            return ""
        return "confirmed" if key in self.folder.confirmed else "sent" if key in self.folder.awaited else "asked"

    def _draw(self) -> None:
        state = self.state
        _set(self.place, "closed", not state)
        _set(self.place, "good", state == "confirmed")
        _set(self.form, "closed", state != "sent")
        _set(self.again, "closed", state == "confirmed")
        self.again.set_content("Send a new code" if state == "sent" else "Send the code")
        self.words.set_content(WORDS.get(state, "").format(address=escape(self.address), minutes=LIFE.seconds // 60))

    async def _send(self) -> None:
        address = self.address
        if await self._done(lambda session, application: ask_confirmation(session, application, address)):
            self.folder.awaited.add(comparable(address))
            self._draw()
            ui.run_javascript("document.getElementById('confirm-code').value = ''; document.getElementById('confirm-code').focus()")

    async def _enter(self, event: GenericEventArguments) -> None:
        address, code = self.address, str(event.args)[:LENGTH]
        right = await self._done(lambda session, application: confirm(session, application, address, code))
        if right:
            self.folder.confirmed.add(comparable(address))
            self.after()
            ui.run_javascript("document.getElementById('confirm-words').focus()")
        elif right is False:
            self._say(WRONG)

    async def _done(self, work: Callable[[Session, Application], T]) -> T | None:
        """What a verb answers, or None: it refused, which is said here, or an earlier click is still being done."""
        if self.busy or not self.state:
            return None
        self.busy = True
        try:
            self._say("")
            return await run.io_bound(_work, self.folder.invitation, work)
        except Refused as error:
            self._say(error.detail)
            return None
        finally:
            self.busy = False

    def _say(self, message: str) -> None:
        self.error.set_content(escape(message))
        _set(self.form, "invalid", bool(message))
        self.control.props["aria-invalid"] = "true" if message else "false"


def _work(invitation: Invitation, work: Callable[[Session, Application], T]) -> T:
    """One verb in one transaction. A page that stands open may outlive its invitation, so that is looked at anew (FACTS 64)."""
    if opened_by(invitation.code) is None:
        raise SignInNeeded(REFUSED)
    with transaction() as session:
        return work(session, application_of(session, invitation))


def _code_box() -> Element:
    """Label, box and button, as one form."""
    ui.html('<label for="confirm-code">6-digit code</label>', sanitize=False).classes("head")
    with ui.element("div").classes("add"):
        box = ui.element("input").props("type=text inputmode=numeric autocomplete=one-time-code maxlength=6 name=code id=confirm-code")
        box.props["aria-describedby"] = "confirm-words confirm-error"
        ui.html("Confirm", sanitize=False, tag="button").classes("btn go").props("type=submit")
    return box


def _set(place: Element, name: str, on: bool) -> None:
    if on != (name in place.classes):
        place.classes(**{"add" if on else "remove": name})
