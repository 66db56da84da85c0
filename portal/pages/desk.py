"""The list of applications: what needs work, found by words, tab, order and page, all of it in the address."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import FastAPI, Request
from nicegui import events, ui

from models.errors import Refused
from models.person import Actor, Right
from models.queue import NEEDS_WORK, PAGE, TABS, Found, Looked, Row, look, looked
from models.review import SECTIONS
from portal import staff, words
from portal.frame import frame, static_url

HEADINGS = (
    ("Company", "company"), ("Status", "status"), ("Submitted", "submitted"), ("Works in", ""), ("Capacity", ""),
    ("Sections", ""), ("Flags", ""), ("Deliveries", ""),
)  # fmt: skip
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
    """The desk's own stylesheet and script; every page of it calls this."""
    ui.add_head_html(f'<link rel="stylesheet" href="{static_url("desk.css")}"><script src="{static_url("desk.js")}" defer></script>')


def _page(desk: staff.Desk, actor: Actor, found: Found) -> None:
    style()
    with frame("Applications", actor=actor, here="/review", wide=True):
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

    async def _typed(self, event: events.ValueChangeEventArguments) -> None:
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
    """Tabs, table and pages as HTML; every word from outside is escaped."""
    return _tabs(found) + (_table(found) + _pages(found) if found.rows else _nothing(found))


def _tabs(found: Found) -> str:
    links = (
        f'<a id="tab-{tab}" data-in-place href="{escape(address(found.looked, tab=tab, page=1))}"{" aria-current=true" if tab == found.looked.tab else ""}>'
        f'{label} <span class="count">{found.counts[tab]:,}</span></a>'
        for tab, (label, _) in TABS.items()
    )  # fmt: skip
    return f'<nav class="tabs" aria-label="Status">{"".join(links)}</nav>'


def _table(found: Found) -> str:
    heads = "".join(_heading(found.looked, label, column) for label, column in HEADINGS)
    rows = "".join(map(_row, found.rows))
    return f'<div class="card flush"><table class="grid list"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _heading(wanted: Looked, label: str, column: str) -> str:
    if not column:
        return f'<th scope="col">{label}</th>'
    here = wanted.column == column
    turned = column if here and wanted.downwards else f"-{column}" if here or column == "submitted" else column
    order = f' aria-sort="{"descending" if wanted.downwards else "ascending"}"' if here else ""
    arrow = f'<span aria-hidden="true">{" ↓" if wanted.downwards else " ↑"}</span>' if here else ""
    link = f'<a id="sort-{column}" data-in-place href="{escape(address(wanted, sort=turned, page=1))}">{label}{arrow}</a>'
    return f'<th scope="col"{order}>{link}</th>'


def _row(row: Row) -> str:
    cells = (
        f'<a class="row" href="/review/{escape(row.reference)}">{escape(row.company)}</a><small class="num">{escape(row.reference)}</small>',
        words.status_tag(row.status), words.day_of(row.submitted_at), escape(row.place) or "–", escape(row.capacity) or "–", _sections(row.sections),
        f'<span class="tag warn">{words.counted(row.flags, "flag")}</span>' if row.flags else '<span class="mute">None</span>',
        f'<span class="tag bad">{escape(row.trouble)}</span>' if row.trouble else '<span class="mute">Fine</span>',
    )  # fmt: skip
    return "<tr>" + "".join(f'<td data-label="{label}">{cell}</td>' for (label, _), cell in zip(HEADINGS, cells, strict=True)) + "</tr>"


def _sections(done: int) -> str:
    whole = len(SECTIONS)
    return f'<span class="meter" aria-hidden="true"><i style="width:{done * 100 // whole}%"></i></span> <span class="num">{done} of {whole}</span>'


def _pages(found: Found) -> str:
    first = (found.looked.page - 1) * PAGE + 1
    said = f'<p class="num mute">{first:,} to {first + len(found.rows) - 1:,} of {words.counted(found.total, "application")}</p>'
    return f'<nav class="pages" aria-label="Pages">{said}{_step(found, -1, "Previous")}{_step(found, 1, "Next")}</nav>'


def _step(found: Found, by: int, label: str) -> str:
    page = found.looked.page + by
    if not 1 <= page <= found.pages:
        return ""
    return f'<a class="btn slim" id="page-{label}" data-in-place href="{escape(address(found.looked, page=page))}">{label}</a>'


def _nothing(found: Found) -> str:
    if found.looked.q:
        elsewhere = found.counts["all"]
        way = f'<a data-in-place href="{escape(address(found.looked, tab="all", page=1))}">Look in all {elsewhere:,}</a>' if elsewhere else ""
        hint = f"Under another status, {words.counted(elsewhere, 'application')} would match. {way}" if elsewhere else "Check the spelling, or search for fewer letters."
        return f'<div class="card empty"><h2>Nothing matches “{escape(found.looked.q)}” here</h2><p>{hint}</p></div>'
    if found.looked.tab == NEEDS_WORK:
        return '<div class="card empty"><h2>Nothing waits for you</h2><p>New applications appear here as soon as partners submit them.</p></div>'
    return f'<div class="card empty"><h2>No applications under “{TABS[found.looked.tab][0]}”</h2><p>Choose another status above.</p></div>'
