"""The dialog that invites a partner, and what it says of an address that is invited already."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from models.already import Already, AlreadyInvited
from models.errors import Refused
from models.invitation import Invitation
from models.invited import TABS
from portal.controls import Fields, Sheet
from portal.pages.inviting import inviting
from portal.render import render
from portal.staff import Desk

ANYWAY = """(event) => { if (event.target.closest("button[data-act=anyway]")) emit(); }"""

#: All of it in sight, above the dialog's buttons, before its heading gets the focus.
SHOW = """setTimeout(() => {
  const head = document.getElementById("already");
  head?.parentElement.scrollIntoView({ block: "nearest", behavior: "instant" });
  head?.focus({ preventScroll: true });
}, 50)"""


class InviteSheet(Sheet):
    """Nothing is sent until its reader has seen what stands for the address, with links to it, and says that they want to anyway."""

    told: ui.html

    def __init__(self, desk: Desk, made: Callable[[Invitation], None], after: Callable[[], Awaitable[None]]) -> None:
        super().__init__(desk, inviting(made, lambda: self.known), after)
        self.found, self.known = tuple[Already, ...](), frozenset[str]()

    def below(self, made: Fields) -> None:
        """Where it is said; it goes once there is another address."""
        self.told = ui.html("", sanitize=False).props("role=alert").classes("already")
        self.told.on("click", self._anyway, js_handler=ANYWAY)
        made.fields["contact_email"].control.on_value_change(lambda _: self._say(()))
        self.found, self.known = (), frozenset()

    def refused(self, error: Refused) -> None:
        """What is wrong stands beside its field; what stands already is told below all of them."""
        super().refused(Refused("") if isinstance(error, AlreadyInvited) else error)
        if isinstance(error, AlreadyInvited):
            self._say(error.found, error.address)
            ui.run_javascript(SHOW)
        else:
            self._say(())

    def _say(self, found: tuple[Already, ...], address: str = "") -> None:
        self.found = found
        self.told.set_content(render("invited_already.html", address=address, found=found, tabs=TABS) if found else "")

    async def _anyway(self) -> None:
        """What was told of stands in the way no more; what somebody else has done since does."""
        self.known = frozenset(one.code for one in self.found)
        await self._do()
