"""Programs: the tokens with which other systems ask the API. A token is shown once, here, when it is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from html import escape
from typing import Any

from fastapi import FastAPI, Request
from nicegui import ui
from sqlmodel import Session

from models import loose, person
from models.database import now, today
from models.language import _, ngettext, shown_number
from models.person import Actor, Right
from models.token import SCOPES, USUAL, Listed, Token, make_token, revoke_token, tokens
from portal import staff, words
from portal.controls import Ask, Deed, Sheet, Values, button
from portal.frame import page
from portal.listing import Kind, Listing, Params
from portal.pages.people_frame import people_head, people_page
from portal.render import render

PATH = "/people/programs"
#: A token that ends within so many days is marked.
SOON = timedelta(days=14)
#: What is said above the list holds buttons of its own.
PUT_AWAY = """(event) => { if (event.target.closest("button[data-act=put-away]")) emit(); }"""


@dataclass(frozen=True)
class Found:
    """All tokens, those that work first."""

    tokens: tuple[Listed, ...]


def install(__: FastAPI) -> None:
    """Register the page."""

    @page(PATH)
    async def programs(request: Request) -> None:
        desk = staff.at_desk(request)
        actor, found = await desk.read(Right.PEOPLE, lambda session, actor: (actor, Found(tuple(tokens(session, actor)))))
        with people_page(_("Programs"), actor):
            Programs(desk, actor, found)


class Programs:
    """The page: what a token is, the one that was just made, and the list."""

    def __init__(self, desk: staff.Desk, actor: Actor, found: Found) -> None:
        self.desk = desk
        self.listing = Listing(desk, Kind(Right.PEOPLE, self._look, _draw, lambda __: PATH, _said, {"revoke": self._revoke}), found)
        self.making = Sheet(desk, self._making(), self._made)
        self.written: tuple[Token, str] | None = None
        people_head(PATH, actor, lambda: button(_("Make a token"), self.making.open, "go slim", id="make-token"))
        lead = _("A token lets another system of ours read or invite over the API, which is described at {address}.")
        link = '<a href="/docs">/docs</a>'
        ui.html(escape(lead).format(address=link), sanitize=False, tag="p").classes("mute")
        self.news = ui.html("", sanitize=False).classes("results")  # the focus goes there: a token is not read out letter by letter
        self.news.on("click", self._put_away, js_handler=PUT_AWAY)
        self.listing.results()

    def _look(self, session: Session, __: Params) -> Found:
        return Found(tuple(tokens(session, person.actor_of(session, self.desk.token))))

    def _making(self) -> Deed:
        def make(session: Session, actor: Actor, typed: Values) -> None:
            until = loose.day(typed["expires_on"])
            self.written = make_token(session, actor, name=str(typed["name"]), scopes=typed["scopes"], expires_on=until)

        scopes = {scope.value: _(label) for scope, (label, __) in SCOPES.items()}
        days = _("It ends with this day, which lies within a year.")
        asks = (
            Ask("name", _("Name of the program"), "text", _("So that everybody knows what stops when it is revoked.")),
            Ask("scopes", _("What it may do"), "many", "", None, scopes),
            Ask("expires_on", _("Works until"), "date", days, (today() + USUAL).isoformat()),
        )
        lead = _("The token is shown once, right after this. Whoever holds it can do what you choose here, without signing in.")
        return Deed(_("Make a token"), lead, _("Make the token"), _("The token is made. Copy it now."), make, asks)

    async def _made(self) -> None:
        """The one time that it is shown."""
        if self.written is None:
            return
        (token, written), self.written = self.written, None
        self.news.set_content(render("program_token.html", token=token, written=written))
        await self.listing.again()
        self.news.client.run_javascript('desk.focus("copy-token")')

    def _put_away(self) -> None:
        self.news.set_content("")
        self.news.client.run_javascript('desk.focus("make-token")')

    def _revoke(self, number: str) -> None:
        """A dialog about one of them; it is gone once it is closed."""
        one = next((one.token for one in self.listing.found.tokens if str(one.token.id) == number), None)
        if one is None:
            return
        with self.listing.table.client.content:
            sheet = Sheet(self.desk, _revoking(one), self.listing.again)
        sheet.dialog.on("hide", sheet.dialog.delete)
        sheet.open()


def _revoking(one: Token) -> Deed:
    def revoke(session: Session, actor: Actor, __: Values) -> Any:
        return revoke_token(session, actor, one.id or 0)

    title = _("Revoke the token of {program}").format(program=words.own(one.name))
    lead = _("From its next request on the program is refused. This cannot be taken back; make a new token instead.")
    return Deed(title, lead, _("Revoke the token"), _("The token is revoked."), revoke, look="danger")


def _draw(found: Found) -> str:
    moment = now()
    scopes = {scope.value: label for scope, (label, __) in SCOPES.items()}
    return render("programs.html", found=found, seen_at=moment, scopes=scopes, state=partial(_state, moment), until=_until)


def _state(moment: datetime, one: Token) -> tuple[str, str]:
    """How a token stands, in words and its colour."""
    if one.revoked_at is not None:
        return _("Token revoked"), "bad"
    if one.expires_at <= moment:
        return _("Run out"), "bad"
    return (_("Ends soon"), "warn") if one.expires_at <= moment + SOON else (_("Works"), "good")


def _until(one: Token) -> str:
    """The last day on which it works."""
    return words.day_of(one.expires_at - timedelta(seconds=1))


def _said(found: Found) -> str:
    count = len(found.tokens)
    return ngettext("{count} token", "{count} tokens", count).format(count=shown_number(count))
