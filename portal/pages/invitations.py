"""Invitations: who was invited and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any

from fastapi import FastAPI, Request
from nicegui import ui
from sqlmodel import Session

from models.invitation import Invitation, default_expiry
from models.invited import PAGE, TABS, Invited, Wanted, look, wanted
from models.language import _
from models.person import Right
from models.settings import settings
from portal import listing, staff, words
from portal.controls import Deed, Sheet, button
from portal.frame import frame
from portal.listing import Kind, Listing, Params
from portal.pages.desk import style
from portal.pages.inviting import as_day, extending, inviting, resending, revoking
from portal.render import render

#: A row's buttons → the dialogs they open.
DEEDS: Mapping[str, Callable[[Invitation], Deed]] = {"resend": resending, "extend": extending, "revoke": revoking}


def install(__: FastAPI) -> None:
    """Register /invitations."""

    @ui.page("/invitations")
    async def invitations(request: Request) -> None:
        desk, asked = staff.at_desk(request), dict(request.query_params)
        actor, found = await desk.read(Right.INVITE, lambda session, actor: (actor, _look(session, asked)))
        with frame(_("Invitations"), actor=actor, here="/invitations", wide=True):
            style()
            Invitations(desk, found)


class Invitations:
    """The page: a button to invite, the code of what was just made, and the list."""

    def __init__(self, desk: staff.Desk, found: Invited) -> None:
        self.desk, self.made = desk, list[Invitation]()
        self.listing = Listing(desk, self._kind(), found)
        self.invite = Sheet(desk, inviting(self.made.append), self._invited)
        with ui.element("div").classes("title"):
            ui.html(f"<h1>{escape(_('Invitations'))}</h1>", sanitize=False)
            ui.element("div").classes("grow")
            button(_("Invite a partner"), self._open, "go slim")
        self.news = ui.html("", sanitize=False).props("role=status").classes("results")
        with ui.element("div").classes("toolbar"):
            self.listing.search_field(_("Search invitations"), _("Company, contact, email or code"))
        self.listing.results()

    def _kind(self) -> Kind[Invited]:
        acts = {act: partial(self._about, deed) for act, deed in DEEDS.items()}
        return Kind(Right.INVITE, _look, _draw, lambda found: address(found.wanted), _said, acts)

    def _open(self) -> None:
        """The expiry is counted from the day the dialog opens, not from the day the page was."""
        self.news.set_content("")
        typed = self.invite.form.values
        self.invite.open({**typed, "expires_on": typed["expires_on"] or as_day(default_expiry())})

    async def _invited(self) -> None:
        made = self.made[-1]
        link = f"{settings().portal_url}/apply?code={made.code}"
        self.news.set_content(render("invited.html", made=made, link=link))
        await self.listing.again()

    async def _changed(self) -> None:
        """Something else was done: what was said of the invitation made before may not be true any more."""
        self.news.set_content("")
        await self.listing.again()

    def _about(self, deed: Callable[[Invitation], Deed], code: str) -> None:
        """A dialog about one row of the list; it is gone once it is closed."""
        one = next((line.invitation for line in self.listing.found.lines if line.invitation.code == code), None)
        if one is None:
            return
        with self.news.client.content:
            sheet = Sheet(self.desk, deed(one), self._changed)
        sheet.dialog.on("hide", sheet.dialog.delete)
        sheet.open()


def address(found: Wanted, **changes: Any) -> str:
    """The address of a list of invitations."""
    found = replace(found, **changes)
    said = {"q": found.q, "status": found.tab, "page": str(found.page)}
    return listing.address("/invitations", said, {"status": "all" if found.q else "active", "page": "1"})


def _look(session: Session, asked: Params) -> Invited:
    return look(session, wanted(asked.get("q", ""), asked.get("status", ""), asked.get("page", "")))


def _draw(found: Invited) -> str:
    first = (found.wanted.page - 1) * PAGE + 1
    return render("invitations.html", found=found, tabs=TABS, first=first, address=partial(address, found.wanted))


def _said(found: Invited) -> str:
    return words.invitations(found.total)
