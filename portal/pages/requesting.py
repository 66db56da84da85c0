"""*Request information* from the list: the dialog of an application's page (review/asking.py), for the row that its reader is at."""

from __future__ import annotations

from functools import partial

from nicegui import events, ui
from sqlmodel import Session

from models.application import Application
from models.errors import NotFound, Refused, SignInNeeded
from models.language import _
from models.person import Actor, Right
from models.possible import Action
from models.queue import Found
from portal import words
from portal.listing import Listing
from portal.pages.apply_printed import STYLE
from portal.pages.review.asking import Asking
from portal.pages.review.case import Case, load
from portal.staff import SIGNED_OUT, Desk, tell
from portal.unsent import listen


class Requesting:
    """Opens the dialog for the application that the browser names (queue.js). What is typed for each stays until it is sent."""

    def __init__(self, desk: Desk, listing: Listing[Found]) -> None:
        self.desk, self.listing, self.client = desk, listing, ui.context.client
        self.dialogs: dict[int, Asking] = {}
        ui.add_head_html(STYLE)
        listen(self.client)
        ui.on("desk-request", self._ask)

    async def _ask(self, event: events.GenericEventArguments) -> None:
        number = event.args if isinstance(event.args, int) and 0 < event.args < 2**31 else 0
        try:
            case = await self.desk.read(Right.READ, partial(_case, number))
        except SignInNeeded:
            return tell(_(SIGNED_OUT), "negative")
        except Refused as error:
            return tell(error.detail, "negative")
        if why := case.why_not(Action.REQUEST):
            company = words.own(case.application.company_name)
            return tell(_("{company}: {why}").format(company=company, why=why), "negative")
        self._dialog(number, case).open()

    def _dialog(self, number: int, case: Case) -> Asking:
        if number not in self.dialogs:
            with self.client.content:
                self.dialogs[number] = Asking(self.desk, case, partial(self._asked, number))
        self.dialogs[number].show(case)
        return self.dialogs[number]

    async def _asked(self, number: int) -> None:
        """The partner has it now, and the list shows that."""
        asking = self.dialogs.pop(number)
        asking.dialog.on("hide", asking.dialog.delete)
        await self.listing.again()
        self.client.run_javascript("desk.back()")


def _case(number: int, session: Session, actor: Actor) -> Case:
    found = session.get(Application, number)
    if found is None or not found.reference_number:
        raise NotFound(_("There is no application with this reference."))
    return load(session, actor, found.reference_number)
