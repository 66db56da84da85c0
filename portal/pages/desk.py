"""The list of applications: what needs work, found by words, tab, order and page, all of it in the address."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import FastAPI, Request
from nicegui import events, ui

from models.errors import Refused
from models.person import Actor, Right
from models.queue import NEEDS_WORK, PAGE, TABS, Found, Looked, look, looked
from models.review import SECTIONS
from portal import staff, words
from portal.frame import frame, static_url
from portal.render import render

HEADINGS = (("Company", "company"), ("Status", "status"), ("Submitted", "submitted"), ("Works in", ""), ("Capacity", ""), ("Review", ""))
#: Links of the list change it in place; with a modifier key they open a tab, as links do.
IN_PLACE = """(event) => {
  const link = event.target.closest("a[data-in-place]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  emit(link.getAttribute("href"), link.id);
}"""


def install(_: FastAPI) -> None:
    """Register /review."""

    @ui.page("/review")
    async def applications(request: Request, q: str = "", status: str = "", sort: str = "", page: str = "") -> None:
        desk = staff.at_desk(request)
        actor, found = await desk.read(Right.READ, lambda session, actor: (actor, look(session, looked(q, status, sort, page))))
        _page(desk, actor, found)


def style() -> None:
    """The desk's own stylesheet and script; every page of it calls this, inside its frame."""
    ui.add_head_html(f'<link rel="stylesheet" href="{static_url("desk.css")}"><script src="{static_url("desk.js")}" defer></script>')


def _page(desk: staff.Desk, actor: Actor, found: Found) -> None:
    with frame("Applications", actor=actor, here="/review", wide=True):
        style()
        ui.html('<div class="title"><h1>Applications</h1></div>', sanitize=False)
        listing = Listing(desk, found)
        with ui.element("div").classes("toolbar"):
            listing.search_field()
        listing.results()


class Listing:
    """The list on one open page: what is looked for, and the part of the page that shows it."""

    def __init__(self, desk: staff.Desk, found: Found) -> None:
        self.desk, self.found, self.generation = desk, found, 0

    def search_field(self) -> None:
        """Searches as one types; it stands outside of what is redrawn, so it keeps the focus (FACTS 61)."""
        field = ui.input(value=self.found.looked.q, placeholder="Company, reference, code, contact, email, VAT or registration number")
        field.props('outlined dense clearable debounce=250 type=search aria-label="Search applications"').classes("search")
        field.on_value_change(self._typed)

    def results(self) -> None:
        """The count for screen readers, and the tabs, table and pages."""
        self.status = ui.html("", sanitize=False).classes("sr").props('role="status"')
        self.table = ui.html(results(self.found), sanitize=False).classes("results")
        self.table.on("click", self._followed, js_handler=IN_PLACE)

    async def _typed(self, event: events.ValueChangeEventArguments[str | None]) -> None:
        await self._show(replace(looked(q=event.value or ""), tab=self.found.looked.tab, sort=self.found.looked.sort))

    async def _followed(self, event: events.GenericEventArguments) -> None:
        href, link = event.args
        asked = {name: values[-1] for name, values in parse_qs(urlsplit(str(href)).query).items()}
        if await self._show(looked(asked.get("q", ""), asked.get("status", ""), asked.get("sort", ""), asked.get("page", ""))):
            ui.run_javascript(f"desk.focus({str(link)!r})")

    async def _show(self, wanted: Looked) -> bool:
        """Look again and redraw, unless something newer was asked for meanwhile (FACTS 93)."""
        self.generation += 1
        mine = self.generation
        try:
            found = await self.desk.read(Right.READ, lambda session, _: look(session, wanted))
        except Refused as error:
            ui.notify(error.detail, type="negative")
            return False
        if mine == self.generation:
            self.found = found
            self.table.set_content(results(found))
            self.status.set_content(words.counted(found.total, "application"))
            ui.navigate.history.replace(address(found.looked))
        return mine == self.generation


def address(wanted: Looked, **changes: Any) -> str:
    """The address of a list; what is as it opens is left out."""
    wanted = replace(wanted, **changes)
    said = {"q": wanted.q, "status": wanted.tab, "sort": wanted.sort, "page": wanted.page}
    plain = {"q": "", "status": NEEDS_WORK, "sort": "-submitted", "page": 1}
    query = urlencode({name: value for name, value in said.items() if value != plain[name]})
    return f"/review?{query}" if query else "/review"


def results(found: Found) -> str:
    """Tabs, table and pages as HTML."""
    first = (found.looked.page - 1) * PAGE + 1
    return render(
        "applications.html", found=found, tabs=TABS, headings=HEADINGS, whole=len(SECTIONS), first=first,
        last=first + len(found.rows) - 1, address=partial(address, found.looked), turned=partial(_turned, found.looked),
    )  # fmt: skip


def _turned(wanted: Looked, column: str) -> str:
    """The order a heading's link asks for: the other way round on the column it is sorted by; the newest first at once."""
    if wanted.column == column:
        return column if wanted.downwards else f"-{column}"
    return "-submitted" if column == "submitted" else column
