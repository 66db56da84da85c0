"""The list of applications: what needs work, found by words, tab, order and page, all of it in the address."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from html import escape
from typing import Any

from fastapi import FastAPI, Request
from nicegui import ui

from models.language import _
from models.person import Actor, Right
from models.queue import NEEDS_WORK, PAGE, SORTS, TABS, Found, Looked, Row, look, looked
from models.review import SECTIONS
from portal import listing, staff, words
from portal.frame import frame, static_url
from portal.listing import Kind, Listing
from portal.render import render

#: The table's columns; those of SORTS can be sorted by.
HEADINGS = {
    "company": "Company", "status": "Status", "submitted": "Submitted", "place": "Works in", "capacity": "Capacity", "review": "Review",
}  # fmt: skip
_PLAIN = {"status": NEEDS_WORK, "sort": "-submitted", "page": "1"}


def install(__: FastAPI) -> None:
    """Register /review."""

    @ui.page("/review")
    async def applications(request: Request) -> None:
        desk, wanted = staff.at_desk(request), dict(request.query_params)
        actor, found = await desk.read(Right.READ, lambda session, actor: (actor, KIND.look(session, wanted)))
        _page(desk, actor, found)


def style() -> None:
    """The desk's own stylesheet and script; every page of it calls this, inside its frame."""
    ui.add_head_html(f'<link rel="stylesheet" href="{static_url("desk.css")}"><script src="{static_url("desk.js")}" defer></script>')


def address(wanted: Looked, **changes: Any) -> str:
    """The address of a list of applications."""
    wanted = replace(wanted, **changes)
    said = {"q": wanted.q, "status": wanted.tab, "sort": wanted.sort, "page": str(wanted.page)}
    return listing.address("/review", said, _PLAIN)


def _page(desk: staff.Desk, actor: Actor, found: Found) -> None:
    with frame(_("Applications"), actor=actor, here="/review", wide=True):
        style()
        ui.html(f'<div class="title"><h1>{escape(_("Applications"))}</h1></div>', sanitize=False)
        made = Listing(desk, KIND, found)
        with ui.element("div").classes("toolbar"):
            made.search_field(_("Search applications"), _("Company, reference, code, contact, email, VAT or registration number"))
        made.results()


def _draw(found: Found) -> str:
    first = (found.looked.page - 1) * PAGE + 1
    return render(
        "applications.html", found=found, tabs=TABS, headings=HEADINGS, sorts=SORTS, whole=len(SECTIONS), first=first,
        last=first + len(found.rows) - 1, address=partial(address, found.looked), turned=partial(_turned, found.looked), place=place,
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


KIND: Kind[Found] = Kind(
    Right.READ,
    lambda session, asked: look(session, looked(asked.get("q", ""), asked.get("status", ""), asked.get("sort", ""), asked.get("page", ""))),
    _draw,
    lambda found: address(found.looked),
    lambda found: words.applications(found.total),
)
