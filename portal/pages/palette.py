"""What the command palette asks for while somebody types, and the page of the mentions that its reader has not opened yet."""

from __future__ import annotations

from html import escape
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response
from nicegui import ui

from models.language import _
from models.note import Unread, unread
from models.person import Actor, Right
from models.shortlist import MOST, Found, known, shortlist
from portal import staff, words
from portal.frame import frame, page
from portal.pages.desk_style import style
from portal.render import render


def install(app: FastAPI) -> None:
    """Register /palette, which scripts read, and /mentions."""
    app.add_api_route("/palette", answer, methods=["GET"], include_in_schema=False)

    @page("/mentions")
    async def mentions(request: Request) -> None:
        desk = staff.at_desk(request)
        found = await desk.read(Right.READ, lambda session, actor: (actor, unread(session, actor)))
        draw(*found)


async def answer(
    request: Request, q: Annotated[str, Query(max_length=200)] = "", recent: Annotated[str, Query(max_length=400)] = ""
) -> Response:
    """The applications that the words find, those that the browser remembers by reference, and how many mentions are unread."""
    references = [one for one in recent.split(",") if one][:MOST]
    found, last, mentioned = await staff.at_desk(request).read(
        Right.READ, lambda session, actor: (shortlist(session, q), known(session, references), len(unread(session, actor)))
    )
    told = {"applications": [_told(one) for one in found], "recent": [_told(one) for one in last], "mentions": mentioned}
    return JSONResponse(told, headers={"cache-control": "no-store"})


def draw(actor: Actor, found: list[Unread]) -> None:
    """The page: each mention leads to its application, and is read by then."""
    with frame(_("Mentions"), actor=actor, here="/mentions"):
        style()
        ui.html(f"<h1>{escape(_('Mentions'))}</h1>", sanitize=False).classes("title")
        ui.html(render("mentions.html", found=found), sanitize=False).classes("results")


def _told(one: Found) -> dict[str, Any]:
    return {"reference": one.reference, "company": one.company, "status": words.status_words(one.status)}
