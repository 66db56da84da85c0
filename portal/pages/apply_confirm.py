"""Below the primary contact's email: the code that lets another address than the invited one be used.

Nothing here is an answer: it stands outside `data-question`, so the journal (static/form.js) never hears of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi.concurrency import run_in_threadpool
from nicegui import Client, ui
from nicegui.events import GenericEventArguments
from sqlmodel import Session

from models.application import Application
from models.confirmation import LIFE, ask_confirmation, comparable, confirm, unconfirmed
from models.database import transaction
from models.errors import Refused
from models.invitation import Invitation
from models.language import _, speaking, spoken
from portal.api.confirmation import WRONG
from portal.api.partner import Visitor, application_of, still_inside
from portal.frame import push
from portal.pages.apply_folder import Folder
from portal.render import render

T = TypeVar("T")
#: What is said in each state of the panel; `{address}` is the one that was typed.
WORDS = {
    "asked": "Decisions go to this address, and it is not the one that we invited. We mail a 6-digit code to it.",
    "sent": "A 6-digit code is on its way to {address}. Enter it here; it works for {minutes} minutes.",
    "confirmed": "✓ Confirmed. Decisions go to {address}.",
}
LENGTH = 40  # of what an open page may send as a code: `maxlength` holds in the browser only (FACTS 95)


class Confirm:
    """The panel. It is open for a valid address that is not the invited one; what it may do, the verbs decide.

    Once an address is confirmed `after` is called with it.
    """

    __slots__ = ("address", "after", "awaited", "busy", "client", "confirmed", "error", "invitation", "language", "visitor")

    def __init__(self, folder: Folder, after: Callable[[str], None]) -> None:
        self.invitation, self.visitor, self.after = folder.invitation, folder.visitor, after
        self.confirmed, self.awaited = set(folder.confirmed), set(folder.awaited)
        self.client: Client = ui.context.client
        self.language = spoken().code
        self.address, self.busy, self.error = "", False, ""

    def html(self) -> str:
        """The panel as it stands; `form.told` changes it from then on (static/form.js)."""
        return render("apply_confirm.html", told=self.state(self.address))

    def listen(self) -> None:
        """Take what the browser sends."""
        ui.on("askcode", self._send)
        ui.on("entercode", self._enter)

    def state(self, address: str) -> dict[str, Any]:
        """What the panel shows for the address that is typed now."""
        if address != self.address:
            self.address, self.error = address, ""
        standing = self.standing
        words = _(WORDS[standing]).format(address=address, minutes=LIFE.seconds // 60) if standing else ""
        again = _("Send a new code") if standing == "sent" else _("Send the code")
        problem = next((one.message for one in unconfirmed(address, self.confirmed)), "") if standing in ("asked", "sent") else ""
        return {"standing": standing, "words": words, "again": again, "error": self.error, "problem": problem}

    @property
    def standing(self) -> str:
        """`asked`, `sent` or `confirmed`; empty while there is nothing to confirm."""
        key = comparable(self.address)
        if not key or key == comparable(self.invitation.contact_email):
            return ""
        return "confirmed" if key in self.confirmed else "sent" if key in self.awaited else "asked"

    async def _send(self) -> None:
        with speaking(self.language):
            address = self.address
            if await self._done(lambda session, application: ask_confirmation(session, application, address)):
                self.awaited.add(comparable(address))
                self._show()
                push(self.client, "form.focus", "confirm-code", "")

    async def _enter(self, event: GenericEventArguments) -> None:
        with speaking(self.language):
            address, code = self.address, str(event.args)[:LENGTH]
            right = await self._done(lambda session, application: confirm(session, application, address, code))
            if right:
                self.confirmed.add(comparable(address))
                self._show()
                self.after(comparable(address))
                push(self.client, "form.focus", "confirm-words")
            elif right is False:
                self._say(_(WRONG))

    async def _done(self, work: Callable[[Session, Application], T]) -> T | None:
        """What a verb answers, or None: it refused, which is said here, or an earlier click is still being done."""
        if self.busy or not self.standing:
            return None
        self.busy = True
        try:
            self._say("")
            return await run_in_threadpool(_work, self.invitation, self.visitor, work)
        except Refused as error:
            self._say(error.detail)
            return None
        finally:
            self.busy = False

    def _say(self, message: str) -> None:
        self.error = message
        self._show()

    def _show(self) -> None:
        push(self.client, "form.told", {"confirm": self.state(self.address)})


def _work(invitation: Invitation, visitor: Visitor | None, work: Callable[[Session, Application], T]) -> T:
    """One verb in one transaction. A page that stands open may outlive its invitation, so that is looked at anew (FACTS 64)."""
    still_inside(visitor or Visitor(invitation))
    with transaction() as session:
        return work(session, application_of(session, invitation))
