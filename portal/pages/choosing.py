"""The dialog in which a reader chooses the columns of the list of applications, and their order."""

from __future__ import annotations

from nicegui import events, ui

from models.columns import COLUMNS, COMPANY, DEFAULT, columns_of, keep_columns
from models.errors import Refused, SignInNeeded
from models.language import _
from models.queue import Found
from portal.listing import Listing
from portal.render import kept, render
from portal.staff import SIGNED_OUT, Desk, tell


class Columns:
    """The button and the dialog. What is chosen is kept for its reader, and stands in the address for whoever gets it."""

    def __init__(self, desk: Desk, listing: Listing[Found]) -> None:
        self.desk, self.listing = desk, listing
        ui.html(_dialog(), sanitize=False)
        ui.on("desk-columns", self._choose)

    async def _choose(self, event: events.GenericEventArguments) -> None:
        chosen = columns_of(str(event.args)) or DEFAULT
        try:
            await self.desk.change(lambda session, actor: keep_columns(session, actor, [] if chosen == DEFAULT else chosen))
        except SignInNeeded:
            return tell(_(SIGNED_OUT), "negative")
        except Refused as error:
            return tell(error.detail, "negative")
        await self.listing.look_for({**self.listing.params, "columns": ",".join(chosen)}, history="pushState")


@kept
def _dialog() -> str:
    return render("columns.html", columns=COLUMNS, first=COMPANY, usual=",".join(DEFAULT))
