"""Partners' contacts: whom to write to and call at each partner, found as one types, and taken away as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal

from fastapi import FastAPI, Request
from fastapi.responses import Response
from nicegui import ui
from sqlmodel import Session, select

from models import contacts, person
from models.contacts import Asked, Book, Contact, Partner, asked
from models.database import reading
from models.errors import Invalid
from models.export import CHUNK, Row
from models.invitation import Invitation
from models.language import _, shown_list, shown_number
from models.person import Actor, Right
from models.steps import QUESTIONS, STEPS
from portal import listing, staff, words
from portal.controls import Sheet
from portal.frame import page
from portal.listing import Kind, Listing, Params
from portal.pages.export import XLSX, download
from portal.pages.inviting import correcting
from portal.pages.people_frame import people_head, people_page
from portal.render import render

PATH = "/people/contacts"
#: The columns of the file.
COLUMNS = ("Company", "Reference", "Status", "Name", "Position", "Role", "Email", "Telephone")
MOST_A_PARTNER = 6  # people: only how far the filter of an Excel sheet reaches depends on it
EXCEL_ROWS = 1_048_575


def install(app: FastAPI) -> None:
    """Register the page and its file."""
    app.add_api_route(f"{PATH}/export.{{form}}", export, methods=["GET"], include_in_schema=False)

    @page(PATH)
    async def book(request: Request) -> None:
        desk, given = staff.at_desk(request), dict(request.query_params)
        actor, found = await desk.read(Right.READ, lambda session, actor: (actor, contacts.look(session, actor, asked(given))))
        with people_page(_("Partners’ contacts"), actor):
            Contacts(desk, actor, found)


class Contacts:
    """The page: what is searched, and each partner's people."""

    def __init__(self, desk: staff.Desk, actor: Actor, found: Book) -> None:
        self.desk, self.actor = desk, actor
        self.listing = Listing(desk, self._kind(), found)
        people_head(PATH, actor)
        with ui.element("div").classes("toolbar"):
            self.listing.search_field(_("Search contacts"), _("Company, name, email, telephone, reference or code"))
        self.listing.results()

    def _kind(self) -> Kind[Book]:
        def look(session: Session, given: Params) -> Book:
            return contacts.look(session, person.actor_of(session, self.desk.token), asked(given))

        return Kind(Right.READ, look, partial(_draw, self.actor), lambda found: address(found.asked), _said, {"correct": self._correct})

    async def _correct(self, code: str) -> None:
        """A dialog about one invitation; it is gone once it is closed."""
        wanted = select(Invitation).where(Invitation.code == code)
        one = await self.desk.read(Right.INVITE, lambda session, __: session.exec(wanted).first())
        if one is None:
            return
        with self.listing.table.client.content:
            sheet = Sheet(self.desk, correcting(one), self.listing.again)
        sheet.dialog.on("hide", sheet.dialog.delete)
        sheet.open()


async def export(request: Request, form: Literal["csv", "xlsx"]) -> Response:
    """The people of all partners that the page of this address finds; each download leaves an event."""
    desk, wanted = staff.at_desk(request), asked(dict(request.query_params))
    ids = await desk.read(Right.READ, lambda session, actor: contacts.find(session, actor, wanted))
    height = len(ids) * MOST_A_PARTNER
    if form == XLSX and height > EXCEL_ROWS:
        said = _("Excel takes the contacts of {most} partners at most. Narrow the list down, or take it as CSV.")
        raise Invalid(said.format(most=shown_number(EXCEL_ROWS // MOST_A_PARTNER)))
    await desk.change(lambda session, actor: contacts.exported(session, actor, form, len(ids)))
    header = [_(column) for column in COLUMNS]
    return download("contacts", form, _("Partners’ contacts"), header, _batches(desk.token, ids, wanted), height)


def address(found: Asked, path: str = PATH, before: int | None = None, after: int | None = None) -> str:
    """The address of a page of contacts."""
    place = (found.before, found.after) if before is None and after is None else (before or 0, after or 0)
    said = {"q": found.q, "before": str(place[0] or ""), "after": str(place[1] or "")}
    return listing.address(path, said, {})


def roles(one: Contact) -> str:
    """What somebody is for the partner, in one line."""
    asked_for = [(number, step) for number, step in enumerate(STEPS, 1) if step.name in one.steps]
    steps = [_("step {number}: {step}").format(number=shown_number(number), step=_(step.title)) for number, step in asked_for]
    said = _("; ").join(_(part.value) for part in one.parts)
    return _("{first}, {second}").format(first=said, second=shown_list(steps)) if steps else said


def status(one: Partner) -> str:
    """How far the partner is, in plain text: as the application says it, or the invitation while there is none."""
    return words.status_words(one.status) if one.status else _(words.INVITATION_WORDS[one.invitation])


def tone(one: Partner) -> str:
    """The colour of the status."""
    return words.TONES.get(one.status or one.invitation, "")


def telephone(one: Contact) -> str:
    """A number as people read it."""
    return QUESTIONS["primary_contact_phone"].kind.show(one.phone) if one.phone else ""


def _draw(actor: Actor, found: Book) -> str:
    return render(
        "contacts.html", found=found, address=partial(address, found.asked), corrects=actor.may(Right.INVITE), roles=roles,
        telephone=telephone, status=status, tone=tone, invited=contacts.Part.INVITED,
        export=lambda form: address(found.asked, f"{PATH}/export.{form}", 0, 0),
    )  # fmt: skip


def _said(found: Book) -> str:
    return words.partners(len(found.partners))


def _batches(token: str, ids: Sequence[int], wanted: Asked) -> Iterator[list[Row]]:
    """Whoever is cut off meanwhile gets no further row."""
    for start in range(0, len(ids), CHUNK):
        with reading() as session:
            person.actor_of(session, token).must(Right.READ)
            found = contacts.partners(session, ids[start : start + CHUNK], wanted)
        yield [_row(partner, one) for partner in found for one in partner.contacts]


def _row(partner: Partner, one: Contact) -> Row:
    return (partner.company, partner.reference, status(partner), one.name, one.position, roles(one), one.email, telephone(one))
