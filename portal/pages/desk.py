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
from models.columns import COLUMNS, COMPANY, DEFAULT, own_columns
from models.language import _
from models.looked import ALL, NEEDS_WORK, PLAIN, SORTABLE, UNFILTERED, VIEWS, Looked, Place, looked, said
from models.person import Actor, Right
from models.queue import Found, look, mark
from models.saved_view import SavedView, known_counts, saved_views
from models.sifted import TRIGRAM
from portal import listing, staff, words
from portal.cells import lines
from portal.frame import frame, page, static_url
from portal.listing import Kind, Listing
from portal.pages import export
from portal.pages.assigning import Ticked
from portal.pages.choosing import Columns
from portal.pages.desk_style import style
from portal.pages.own_views import Own, OwnViews
from portal.pages.requesting import Requesting
from portal.pages.sifting import chips, panel
from portal.render import kept, render


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


@dataclass(frozen=True)
class Opening:
    """What the page opens with. `own` are the reader's columns.

    `views` are those that the reader keeps, and `counts` what is known of them by now.
    """

    actor: Actor
    own: tuple[str, ...]
    found: Found
    able: list[Reviewer]
    views: list[SavedView]
    counts: Mapping[int, int]


def _open(session: Session, actor: Actor, wanted: Mapping[str, str]) -> Opening:
    own, views = own_columns(session, actor), saved_views(session, actor)
    found = look(session, looked(wanted, actor.user_id, own))
    return Opening(actor, own, found, reviewers(session), views, known_counts(session, views))


class Applications:
    """The page. It asks every few seconds whether anything has changed, and only then looks again."""

    def __init__(self, desk: staff.Desk, opening: Opening) -> None:
        self.desk, self.actor, self.marked, able, found = desk, opening.actor, opening.found.marked, opening.able, opening.found
        actor = self.actor
        names, own = {one.id: one.name for one in able}, Own(opening.views, opening.counts)
        self.listing = Listing(desk, kind(actor, names, own), found)
        ui.html(_title(actor.may(Right.REVIEW)), sanitize=False).classes("title")
        with ui.element("div").classes("toolbar"):
            self.listing.search_field(_("Search applications"), _("Company, reference, code, contact, email, VAT or registration number"))
            ui.html(f'<button type="button" class="btn slim" id="sift" aria-expanded="false" aria-controls="sifting">'
                    f'{escape(_("Filters"))}</button>', sanitize=False)  # fmt: skip
            Columns(desk, self.listing)
            self.views = OwnViews(desk, self.listing, own, names)
            self.listing.acts["own"] = self.views.open
        ui.html(panel(tuple(able)), sanitize=False).classes("results")
        self.listing.results()
        Ticked(desk, actor, self.listing, able)
        Requesting(desk, self.listing)
        ui.on("desk-sift", self._sift)
        ui.on("desk-look", self._look)

    async def _sift(self, event: events.GenericEventArguments) -> None:
        """Other filters were chosen in the panel; view, words, order and columns stay."""
        kept = {name: value for name, value in self.listing.params.items() if name in ("q", "view", "sort", "columns")}
        if await self.listing.look_for({**kept, **dict(parse_qsl(str(event.args)))}, history="pushState"):
            self.listing.status.set_content(escape(words.applications(self.listing.found.total)))

    async def _look(self, __: events.GenericEventArguments) -> None:
        """The page is being looked at: what has come in or was done meanwhile appears."""
        marked = await self.desk.read(Right.READ, lambda session, __: mark(session))
        if marked != self.marked:
            self.marked = marked
            await self.listing.again(quietly=True)
            await self.views.count()


def opened(wanted: Looked) -> str:
    """What the address of an application says of the list from which it is opened (portal/pages/review/around.py)."""
    return urlencode({name: value for name, value in said(wanted).items() if name == "view" or value != PLAIN.get(name, "")})


@kept
def _title(reviews: bool) -> str:
    keys = [("j", _("Next application")), ("k", _("Previous application")), ("Enter", _("Open the application"))]
    if reviews:
        keys += [("a", _("Assign the application, or all that are selected, to me")), ("r", _("Request information from the partner"))]
    return render("desk_title.html", title=_("Applications"), keys=_("Keys for this list"), offered=[*keys, ("/", _("Search"))])


def address(wanted: Looked, **changes: Any) -> str:
    """The address of a list of applications."""
    return listing.address("/review", said(replace(wanted, **changes)), PLAIN)


def kind(actor: Actor, names: Mapping[int, str] | None = None, own: Own | None = None) -> Kind[Found]:
    """The list as this reader sees it; `names` are those of the reviewers by their number, `own` are the reader's views."""
    return Kind(
        Right.READ,
        lambda session, asked: look(session, looked(asked, actor.user_id)),
        partial(_draw, names or {}, own or Own([], {})),
        lambda found: address(found.looked),
        lambda found: words.applications(found.total),
    )


def _draw(names: Mapping[int, str], own: Own, found: Found) -> str:
    columns = {name: _(COLUMNS[name].label) for name in found.looked.columns}
    return render(
        "applications.html", found=found, views=VIEWS, own=own.tabs(found), commands=own.commands(), sorts=SORTABLE,
        headings={"company": _(COMPANY.label), **columns},
        lines=lines(found.rows, columns, opened(found.looked)),
        last=found.number + len(found.rows) - 1, address=partial(address, found.looked), turned=partial(_turned, found.looked),
        work=NEEDS_WORK, everything=ALL, start=Place(), end=Place("last"), unfiltered=UNFILTERED,
        chips=[(text, address(found.looked, place=Place(), **changes)) for text, changes in chips(found.looked, names)],
        asked=said(found.looked), few=0 < len(found.looked.q) < TRIGRAM, export=partial(_export, found.looked),
    )  # fmt: skip


def _export(wanted: Looked, form: str, shown: bool) -> str:
    """Where the list is taken away: every column of the applications, or those that it shows."""
    columns = {"shown": ",".join(wanted.columns)} if shown else {}
    named = said(replace(wanted, place=Place(), columns=DEFAULT)) | columns
    return export.address(listing.address("/review", named, PLAIN), form)


def _turned(wanted: Looked, column: str) -> str:
    """The order a heading's link asks for: the other way round on the column it is sorted by; the newest first at once."""
    if wanted.column == column:
        return column if wanted.downwards else f"-{column}"
    return "-submitted" if column == "submitted" else column
