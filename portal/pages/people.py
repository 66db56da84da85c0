"""People: the staff who have signed in, with what an administrator can do about each, and what everybody can about their own sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from nicegui import ui
from sqlmodel import Session

from models.database import now
from models.language import _, ngettext, shown_number
from models.loose import searched
from models.people import Person, disable, enable, end_sessions, people, sign_out_elsewhere
from models.person import Actor, Right
from portal import attendance, listing, staff, words
from portal.browsers import shown_browser
from portal.controls import Ask, Deed, Sheet, button
from portal.frame import page
from portal.listing import Kind, Listing, Params
from portal.pages import contacts, programs, webhooks
from portal.pages.people_frame import people_head, people_page
from portal.render import render

MOST_BROWSERS = 3  # of one person that are listed


@dataclass(frozen=True)
class Found:
    """The staff whose name or address contains `q`, as `actor` may see them."""

    actor: Actor
    q: str
    people: tuple[Person, ...]


def install(app: FastAPI) -> None:
    """Register /people and what is below it."""
    contacts.install(app)
    programs.install(app)
    webhooks.install(app)

    @page("/people")
    async def staff_list(request: Request) -> None:
        desk, asked = staff.at_desk(request), dict(request.query_params)
        found = await desk.read(Right.READ, lambda session, actor: _look(actor, session, asked))
        with people_page(_("People"), found.actor):
            People(desk, found)


class People:
    """The page: a way out of all other devices, and the list with an administrator's buttons."""

    def __init__(self, desk: staff.Desk, found: Found) -> None:
        self.desk = desk
        self.listing = Listing(desk, self._kind(found.actor), found)
        self.elsewhere = Sheet(desk, _leaving(desk.token), self._cut_off)
        people_head("/people", found.actor, lambda: button(_("Sign out everywhere else"), self.elsewhere.open, "slim"))
        with ui.element("div").classes("toolbar"):
            self.listing.search_field(_("Search people"), _("Name or email"))
        self.listing.results()

    def _kind(self, actor: Actor) -> Kind[Found]:
        acts: dict[str, Callable[[str], Any]] = {
            "disable": partial(self._about, _disabling), "end": partial(self._about, _ending), "enable": self._enable,
        }  # fmt: skip
        return Kind(Right.READ, partial(_look, actor), _draw, _address, lambda found: words.people(len(found.people)), acts)

    async def _enable(self, number: str) -> None:
        done = _("The account is enabled: its holder can sign in again.")
        if await staff.attempt(self.desk, lambda session, actor: enable(session, actor, int(number)), done=done):
            await self.listing.again()

    async def _cut_off(self) -> None:
        """Sessions have ended: their open pages are closed now, and not only at the next look."""
        attendance.look_now()
        await self.listing.again()

    def _about(self, deed: Callable[[Person], Deed], number: str) -> None:
        """A dialog about one person; it is gone once it is closed."""
        one = next((one for one in self.listing.found.people if str(one.user.id) == number), None)
        if one is None:
            return
        with self.listing.table.client.content:
            sheet = Sheet(self.desk, deed(one), self._cut_off)
        sheet.dialog.on("hide", sheet.dialog.delete)
        sheet.open()


def _leaving(token: str) -> Deed:
    return Deed(
        _("Sign out everywhere else"), _("All your other sessions end at once, on every device. You stay signed in here."),
        _("Sign out"), _("You are signed out everywhere else."),
        lambda session, actor, __: sign_out_elsewhere(session, actor, token),
    )  # fmt: skip


def _disabling(one: Person) -> Deed:
    return Deed(
        _("Disable the account: {person}").format(person=words.own(one.user.name)),
        _("Every session ends at once, and nobody can sign in with this account until it is enabled again. "
          "The role in Microsoft Entra stays: take it away there too if the person has left."),
        _("Disable"), _disabled,
        lambda session, actor, typed: disable(session, actor, one.user.id or 0, typed["reason"]),
        (Ask("reason", _("Reason"), "long", _("It stands in the audit log."), optional=True),), look="danger",
    )  # fmt: skip


def _disabled(held: int) -> str:
    if not held:
        return _("The account is disabled.")
    told = ngettext(
        "The account is disabled. {count} decision of theirs that had not left yet is held until somebody confirms or undoes it.",
        "The account is disabled. {count} decisions of theirs that had not left yet are held until somebody confirms or undoes them.", held,
    )  # fmt: skip
    return told.format(count=shown_number(held))


def _ending(one: Person) -> Deed:
    return Deed(
        _("Sign out on all devices: {person}").format(person=words.own(one.user.name)),
        _("Every session of this person ends at once. They can sign in again."),
        _("Sign out"), _("All sessions of this person have ended."),
        lambda session, actor, __: end_sessions(session, actor, one.user.id or 0), look="danger",
    )  # fmt: skip


def _look(actor: Actor, session: Session, asked: Params) -> Found:
    q = searched(asked.get("q", ""))
    return Found(actor, q, tuple(people(session, actor, q)))


def _draw(found: Found) -> str:
    manages = found.actor.may(Right.PEOPLE)
    return render("people.html", found=found, manages=manages, seen_at=now(), browser=shown_browser, most=MOST_BROWSERS)


def _address(found: Found) -> str:
    return listing.address("/people", {"q": found.q}, {})
