"""The list of applications: saved views, words, filters, order, columns and page, all of it in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import FastAPI, Request
from nicegui import events, ui
from sqlmodel import Session

from models.assignment import Reviewer, reviewers
from models.columns import COLUMNS, COMPANY, DEFAULT, deliveries_said, own_columns
from models.language import _
from models.looked import ALL, NEEDS_WORK, PLAIN, SORTABLE, UNFILTERED, VIEWS, Looked, Place, looked, said
from models.person import Actor, Right
from models.queue import Found, Row, look, mark
from models.request import label_of
from models.review import SECTIONS
from models.sifted import TRIGRAM
from portal import listing, staff, words
from portal.frame import frame, page, static_url
from portal.listing import Kind, Listing
from portal.pages import export
from portal.pages.assigning import Ticked
from portal.pages.choosing import Columns
from portal.pages.sifting import chips, panel
from portal.render import render


def install(__: FastAPI) -> None:
    """Register /review."""

    @page("/review")
    async def applications(request: Request) -> None:
        desk, wanted = staff.at_desk(request), dict(request.query_params)
        opening = await desk.read(Right.READ, lambda session, actor: _open(session, actor, wanted))
        with frame(_("Applications"), actor=opening.actor, here="/review", wide=True):
            style()
            for script in ("queue.js", "columns.js"):
                ui.add_head_html(f'<script src="{static_url(script)}" defer></script>')
            Applications(desk, opening)


def style() -> None:
    """The desk's own stylesheet and script; every page of it calls this, inside its frame."""
    ui.add_head_html(f'<link rel="stylesheet" href="{static_url("desk.css")}"><script src="{static_url("desk.js")}" defer></script>')


@dataclass(frozen=True)
class Opening:
    """What the page opens with. `own` are the reader's columns, `marked` tells whether something has happened since."""

    actor: Actor
    own: tuple[str, ...]
    found: Found
    able: list[Reviewer]
    marked: tuple[int, int]


def _open(session: Session, actor: Actor, wanted: Mapping[str, str]) -> Opening:
    own = own_columns(session, actor)
    return Opening(actor, own, look(session, looked(wanted, actor.user_id, own)), reviewers(session), mark(session))


class Applications:
    """The page. It asks every few seconds whether anything has changed, and only then looks again."""

    def __init__(self, desk: staff.Desk, opening: Opening) -> None:
        self.desk, self.actor, self.marked, able, found = desk, opening.actor, opening.marked, opening.able, opening.found
        actor = self.actor
        self.listing = Listing(desk, kind(actor, {one.id: one.name for one in able}), found)
        with ui.element("div").classes("title"):
            ui.html(f"<h1>{escape(_('Applications'))}</h1>", sanitize=False)
            ui.element("div").classes("grow")
            ui.html(render("keys.html", title=_("Keys for this list"), offered=_keys(actor)), sanitize=False)
        with ui.element("div").classes("toolbar"):
            self.listing.search_field(_("Search applications"), _("Company, reference, code, contact, email, VAT or registration number"))
            ui.html(f'<button type="button" class="btn slim" id="sift" aria-expanded="false" aria-controls="sifting">'
                    f'{escape(_("Filters"))}</button>', sanitize=False)  # fmt: skip
            Columns(desk, self.listing)
        ui.html(panel(found.looked, able), sanitize=False).classes("results")
        self.listing.results()
        Ticked(desk, actor, self.listing, able)
        ui.on("desk-sift", self._sift)
        ui.on("desk-look", self._look)

    async def _sift(self, event: events.GenericEventArguments) -> None:
        """Other filters were chosen in the panel; view, words, order and columns stay."""
        kept = {name: value for name, value in self.listing.params.items() if name in ("q", "view", "sort", "columns")}
        if await self.listing.look_for({**kept, **dict(parse_qsl(str(event.args)))}):
            self.listing.status.set_content(escape(words.applications(self.listing.found.total)))

    async def _look(self, __: events.GenericEventArguments) -> None:
        """The page is being looked at: what has come in or was done meanwhile appears."""
        marked = await self.desk.read(Right.READ, lambda session, __: mark(session))
        if marked != self.marked:
            self.marked = marked
            await self.listing.again(quietly=True)


def opened(wanted: Looked) -> str:
    """What the address of an application says of the list from which it is opened (portal/pages/review/around.py)."""
    return urlencode({name: value for name, value in said(wanted).items() if name == "view" or value != PLAIN.get(name, "")})


def _keys(actor: Actor) -> list[tuple[str, str]]:
    keys = [("j", _("Next application")), ("k", _("Previous application")), ("Enter", _("Open the application"))]
    keys += [("a", _("Assign the application, or all that are selected, to me"))] if actor.may(Right.REVIEW) else []
    return [*keys, ("/", _("Search"))]


def address(wanted: Looked, **changes: Any) -> str:
    """The address of a list of applications."""
    return listing.address("/review", said(replace(wanted, **changes)), PLAIN)


def kind(actor: Actor, names: Mapping[int, str] | None = None) -> Kind[Found]:
    """The list as this reader sees it; `names` are those of the reviewers by their number."""
    return Kind(
        Right.READ,
        lambda session, asked: look(session, looked(asked, actor.user_id)),
        partial(_draw, names or {}),
        lambda found: address(found.looked),
        lambda found: words.applications(found.total),
    )


def _draw(names: Mapping[int, str], found: Found) -> str:
    headings = {"company": COMPANY.label, **{name: COLUMNS[name].label for name in found.looked.columns}}
    return render(
        "applications.html", found=found, views=VIEWS, headings=headings, sorts=SORTABLE, whole=len(SECTIONS),
        label_of=label_of, deliveries_said=deliveries_said,
        last=found.number + len(found.rows) - 1, address=partial(address, found.looked), turned=partial(_turned, found.looked),
        place=place, work=NEEDS_WORK, everything=ALL, start=Place(), end=Place("last"), unfiltered=UNFILTERED,
        chips=[(text, address(found.looked, place=Place(), **changes)) for text, changes in chips(found.looked, names)],
        asked=said(found.looked), few=0 < len(found.looked.q) < TRIGRAM, opened=opened(found.looked), export=partial(_export, found.looked),
    )  # fmt: skip


def _export(wanted: Looked, form: str, shown: bool) -> str:
    """Where the list is taken away: every column of the applications, or those that it shows."""
    columns = {"shown": ",".join(wanted.columns)} if shown else {}
    named = said(replace(wanted, place=Place(), columns=DEFAULT)) | columns
    return export.address(listing.address("/review", named, PLAIN), form)


def place(row: Row) -> str:
    """Where the company works: the whole UK, or the first region and how many more."""
    if row.nationwide:
        return _("Whole UK")
    first, more = _(row.regions[0]) if row.regions else "", len(row.regions) - 1
    return _("{region} and {count} more").format(region=first, count=words.number(more)) if more > 0 else first


def _turned(wanted: Looked, column: str) -> str:
    """The order a heading's link asks for: the other way round on the column it is sorted by; the newest first at once."""
    if wanted.column == column:
        return column if wanted.downwards else f"-{column}"
    return "-submitted" if column == "submitted" else column
