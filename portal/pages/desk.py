"""The list of applications: saved views, words, filters, order and page, all of it in the address; ticked rows are assigned together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request
from nicegui import events, ui

from models.assignment import Reviewer, reviewers
from models.language import _
from models.looked import ALL, NEEDS_WORK, PLAIN, SORTABLE, UNFILTERED, VIEWS, Looked, Place, looked, said
from models.person import Actor, Right
from models.queue import Found, Row, look, mark
from models.review import SECTIONS
from portal import listing, staff, words
from portal.frame import frame, static_url
from portal.listing import Kind, Listing
from portal.pages import export
from portal.pages.assigning import Assigning
from portal.pages.sifting import chips, panel
from portal.render import render

#: The table's columns; those of SORTABLE can be sorted by.
HEADINGS = {
    "company": "Company", "status": "Status", "submitted": "Submitted", "place": "Works in", "capacity": "Capacity",
    "reviewer": "Reviewer", "review": "Review",
}  # fmt: skip


def install(__: FastAPI) -> None:
    """Register /review."""

    @ui.page("/review")
    async def applications(request: Request) -> None:
        desk, wanted = staff.at_desk(request), dict(request.query_params)
        actor, found, able, marked = await desk.read(
            Right.READ,
            lambda session, actor: (actor, look(session, looked(wanted, actor.user_id)), reviewers(session), mark(session)),
        )
        with frame(_("Applications"), actor=actor, here="/review", wide=True):
            style()
            ui.add_head_html(f'<script src="{static_url("queue.js")}" defer></script>')
            Applications(desk, actor, found, able, marked)


def style() -> None:
    """The desk's own stylesheet and script; every page of it calls this, inside its frame."""
    ui.add_head_html(f'<link rel="stylesheet" href="{static_url("desk.css")}"><script src="{static_url("desk.js")}" defer></script>')


class Applications:
    """The page. It asks every few seconds whether anything has changed, and only then looks again."""

    def __init__(self, desk: staff.Desk, actor: Actor, found: Found, able: list[Reviewer], marked: tuple[int, int]) -> None:
        self.desk, self.actor, self.marked, self.able = desk, actor, marked, able
        self.listing = Listing(desk, kind(actor, {one.id: one.name for one in able}), found)
        with ui.element("div").classes("title"):
            ui.html(f"<h1>{escape(_('Applications'))}</h1>", sanitize=False)
            ui.element("div").classes("grow")
            ui.html(render("desk_keys.html", assigns=actor.may(Right.REVIEW)), sanitize=False)
        with ui.element("div").classes("toolbar"):
            self.listing.search_field(_("Search applications"), _("Company, reference, code, contact, email, VAT or registration number"))
            ui.html(f'<button type="button" class="btn slim" id="sift" aria-expanded="false" aria-controls="sifting">'
                    f'{escape(_("Filters"))}</button>', sanitize=False)  # fmt: skip
        ui.html(panel(found.looked, able), sanitize=False).classes("results")
        self.listing.results()
        if actor.may(Right.REVIEW):
            Assigning(desk, actor, self.listing, able)
        ui.on("desk-sift", self._sift)
        ui.on("desk-look", self._look)

    async def _sift(self, event: events.GenericEventArguments) -> None:
        """Other filters were chosen in the panel; view, words and order stay."""
        kept = {name: value for name, value in self.listing.params.items() if name in ("q", "view", "sort")}
        if await self.listing.look_for({**kept, **dict(parse_qsl(str(event.args)))}):
            self.listing.status.set_content(escape(words.applications(self.listing.found.total)))

    async def _look(self, __: events.GenericEventArguments) -> None:
        """The page is being looked at: what has come in or was done meanwhile appears."""
        marked = await self.desk.read(Right.READ, lambda session, __: mark(session))
        if marked != self.marked:
            self.marked = marked
            await self.listing.again(quietly=True)


def address(wanted: Looked, **changes: Any) -> str:
    """The address of a list of applications."""
    return listing.address("/review", said(replace(wanted, **changes)), PLAIN)


def kind(actor: Actor, names: Mapping[int, str] | None = None) -> Kind[Found]:
    """The list as this reader sees it; `names` are those of the reviewers by their number."""
    return Kind(
        Right.READ,
        lambda session, asked: look(session, looked(asked, actor.user_id)),
        partial(_draw, names or {}, actor.may(Right.REVIEW)),
        lambda found: address(found.looked),
        lambda found: words.applications(found.total),
    )


def _draw(names: Mapping[int, str], ticks: bool, found: Found) -> str:
    return render(
        "applications.html", found=found, views=VIEWS, headings=HEADINGS, sorts=SORTABLE, whole=len(SECTIONS), ticks=ticks,
        last=found.number + len(found.rows) - 1, address=partial(address, found.looked), turned=partial(_turned, found.looked),
        place=place, work=NEEDS_WORK, everything=ALL, start=Place(), end=Place("last"), unfiltered=UNFILTERED,
        chips=[(text, address(found.looked, place=Place(), **changes)) for text, changes in chips(found.looked, names)],
        asked=said(found.looked), export=partial(export.address, address(found.looked, place=Place())),
    )  # fmt: skip


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
