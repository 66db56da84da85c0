"""The audit log for auditors and administrators: what everybody did, found by a form whose answers stand in the address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from nicegui import ui

from models import audit, person
from models.audit import KINDS_OF_ACTOR, Asked, Entry, Log, asked
from models.database import reading
from models.export import CHUNK, Row
from models.language import _
from models.person import Right
from portal import listing, staff, words
from portal.frame import frame, page, static_url
from portal.listing import Kind, Listing
from portal.pages.desk_style import style
from portal.pages.export import CSV, download
from portal.pages.review.story import HAPPENED, tell, what_happened
from portal.render import render
from portal.words import OFFICE

PATH = "/audit"
#: The columns of the file.
COLUMNS = ("Moment (UTC)", "Person", "What happened", "In their words", "Company", "Reference", "Type", "Number")
#: Of these an application's own page shows the words; while there is none, as of a draft, the log shows none either.
PRIVATE = ("application.", "document.")


def install(app: FastAPI) -> None:
    """Register /audit and its file."""
    app.add_api_route(f"{PATH}/export.csv", export, methods=["GET"], include_in_schema=False)

    @page(PATH)
    async def log(request: Request) -> Response | None:
        desk, given = staff.at_desk(request), dict(request.query_params)
        if "" in given.values():  # the form sends its empty fields too: an address to send on says only what was chosen
            return RedirectResponse(address(asked(given)), 303)
        actor, found = await desk.read(Right.AUDIT, lambda session, actor: (actor, audit.look(session, actor, asked(given), OFFICE)))
        with frame(_("Audit log"), actor=actor, here=PATH, wide=True):
            style()
            ui.add_head_html(f'<link rel="stylesheet" href="{static_url("people.css")}">')
            ui.html(f'<div class="title"><h1>{escape(_("Audit log"))}</h1></div>', sanitize=False)
            Listing(desk, _kind(desk), found).results()
        return None


async def export(request: Request) -> Response:
    """What the page of this address finds, on all its pages, as CSV; taking it away is an entry of the log too."""
    desk, wanted = staff.at_desk(request), asked(dict(request.query_params))
    newest = await desk.change(lambda session, actor: audit.export(session, actor, wanted, OFFICE))
    return download("audit-log", CSV, _("Audit log"), [_(column) for column in COLUMNS], _batches(desk.token, wanted, newest + 1))


def address(found: Asked, path: str = PATH, **changes: Any) -> str:
    """The address of what somebody looks for."""
    one = replace(found, **changes)
    said = {
        "q": one.q, "who": one.who, "type": one.kind, "about": one.about,
        "from": one.since.isoformat() if one.since else "", "to": one.until.isoformat() if one.until else "",
        "before": str(one.before or ""), "after": str(one.after or ""),
    }  # fmt: skip
    return listing.address(path, said, {})


def quote(entry: Entry) -> str:
    """What somebody wrote, as far as the application's own page shows it."""
    hidden = entry.event.type.startswith(PRIVATE) and not entry.reference
    return "" if hidden else tell(entry.event).quote


def _kind(desk: staff.Desk) -> Kind[Log]:
    def look(session: Any, given: Mapping[str, str]) -> Log:
        return audit.look(session, person.actor_of(session, desk.token), asked(given), OFFICE)

    return Kind(Right.AUDIT, look, _draw, lambda found: address(found.asked), lambda found: words.entries(len(found.entries)))


def _draw(found: Log) -> str:
    kinds = sorted(((kind, what_happened(kind)) for kind in HAPPENED), key=lambda pair: pair[1].casefold())
    return render(
        "audit.html", found=found, asked=found.asked, kinds=kinds, others=KINDS_OF_ACTOR, tell=tell, quote=quote,
        here=PATH, address=partial(address, found.asked), file=address(found.asked, f"{PATH}/export.csv", before=0, after=0),
    )  # fmt: skip


def _batches(token: str, wanted: Asked, before: int) -> Iterator[list[Row]]:
    """Whoever is cut off meanwhile gets no further entry; what happens meanwhile is not in the file."""
    while before:
        with reading() as session:
            person.actor_of(session, token).must(Right.AUDIT)
            found = audit.behind(session, wanted, OFFICE, before, CHUNK)
        yield [_row(entry) for entry in found]
        before = found[-1].event.id or 0 if len(found) == CHUNK else 0


def _row(entry: Entry) -> Row:
    event = entry.event
    said = tell(event).sentence
    return (f"{event.at:%Y-%m-%d %H:%M:%S}", event.actor, said, quote(entry), entry.company, entry.reference, event.type, event.id)
