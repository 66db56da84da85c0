"""The views that a reader keeps for themselves: tabs of the list of applications, and the dialogs that save, change and delete them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from html import escape
from typing import Any

from nicegui import events, ui
from sqlmodel import Session

from models.errors import Refused
from models.language import _
from models.looked import PLAIN, VIEWS, Looked, Place, said
from models.person import Actor, Right
from models.queue import Found
from models.saved_view import (
    SavedView,
    change_view,
    counts_of,
    delete_view,
    looked_for,
    rename_view,
    restore_view,
    save_view,
    saved_view,
    saved_views,
)
from portal import listing, words
from portal.controls import Ask, Deed, Sheet, Values, button
from portal.listing import CLICKS, Listing
from portal.pages.sifting import chips
from portal.render import render
from portal.staff import Desk, Work, attempt


@dataclass(frozen=True)
class Tab:
    """One of the reader's views above the list. `count` is None until it is known."""

    id: int
    name: str
    href: str
    current: bool
    count: int | None


@dataclass
class Own:
    """The reader's views on one open page, and how many applications each finds, as far as that is known."""

    views: list[SavedView]
    counts: Mapping[int, int]

    def tabs(self, found: Found) -> list[Tab]:
        """What stands above the list. What the list shows now has been counted with it."""
        return [self._tab(view, found) for view in self.views]

    def _tab(self, view: SavedView, found: Found) -> Tab:
        number, here = view.id or 0, is_shown(view, found.looked)
        address = listing.address("/review", said(looked_for(view)), PLAIN)
        return Tab(number, view.name, address, here, found.total if here else self.counts.get(number))

    def commands(self) -> list[dict[str, str]]:
        """What the palette offers (static/palette.js)."""
        named = _("{page}: {view}")
        return [{"id": f"own-{view.id}", "words": named.format(page=_("Applications"), view=words.own(view.name))} for view in self.views]


class OwnViews:
    """The button that saves a view, and the dialog in which all of them are looked after."""

    def __init__(self, desk: Desk, listing: Listing[Found], own: Own, names: Mapping[int, str]) -> None:
        self.desk, self.listing, self.own, self.names = desk, listing, own, names
        self.undo: Work[Any] | None = None
        self.renaming: Sheet | None = None
        self.client, self.place = ui.context.client, ui.context.slot
        self.saving = Sheet(desk, self._saving(), self._changed)
        button(_("Save this view"), self.saving.open, "slim", id="view-save", aria_haspopup="dialog")
        if own.views:
            ui.timer(0.05, self.count, once=True)  # after the page is there: ten counts may take longer than it

    def open(self, __: str = "") -> None:
        """The dialog with all of them; the list calls it."""
        self.undo = None
        self.news.set_content("")
        self._draw()
        self.dialog.open()

    async def count(self) -> None:
        """Count them again where it is time to, and show what came of it. Whoever is signed out by now is not told of it here."""
        with suppress(Refused):
            self.own.views, self.own.counts = await self.desk.read(Right.READ, _counted)
            self.listing.draw_again()

    @cached_property
    def dialog(self) -> ui.dialog:
        """Made when it is first opened."""
        with self.place:
            made = ui.dialog().props('aria-labelledby="own-title" transition-duration=120')
        made.on("hide", lambda: self.client.run_javascript('desk.focus("own-edit")'))
        return made

    @cached_property
    def shown(self) -> ui.html:
        """Where the views stand in the dialog, which is drawn when it is first opened."""
        with self.dialog, ui.element("div").classes("sheet q-card"):  # Quasar lets only a div in a dialog take the pointer
            ui.html(escape(_("My views")), sanitize=False, tag="h2").props("id=own-title tabindex=-1")
            ui.html(escape(_("Nobody else sees them.")), sanitize=False, tag="p").classes("mute")
            self._news = ui.html("", sanitize=False).props("role=status")
            made = ui.html("", sanitize=False)
            with ui.element("div").classes("ends"):
                button(_("Close"), self.dialog.close)
        for part in (self._news, made):
            part.on("click", self._clicked, js_handler=CLICKS)
        return made

    @property
    def news(self) -> ui.html:
        """What was just done in the dialog, and how it is undone."""
        return self.shown and self._news

    def _draw(self) -> None:
        now = self.listing.found.looked
        views = [(view, self._told(looked_for(view)), is_shown(view, now)) for view in self.own.views]
        self.shown.set_content(render("own_views.html", views=views))

    def _told(self, wanted: Looked) -> list[str]:
        """What a view shows, in words."""
        searched = [_("“{searched}”").format(searched=words.own(wanted.q))] if wanted.q else []
        return [_(VIEWS[wanted.view][0]), *searched, *(text for text, __ in chips(wanted, self.names))]

    async def _clicked(self, event: events.GenericEventArguments) -> None:
        act, number = (str(part) for part in event.args[1:3]) if event.args[0] == "act" else ("", "")
        view = next((one for one in self.own.views if str(one.id) == number), None)
        if act == "undo" and self.undo:
            await self._do(self.undo, _("It is as it was before."), "")
        elif view and act == "rename":
            self._rename(view)
        elif view and act == "change":
            await self._change(view)
        elif view and act == "delete":
            news = _("The view “{name}” is deleted.")
            await self._do(_on(view, delete_view), _("The view is deleted."), news, view, _on(view, restore_view))

    def _rename(self, view: SavedView) -> None:
        title = _("Rename the view: {name}").format(name=words.own(view.name))
        deed = Deed(
            title, _("Nobody else sees it."), _("Rename"), _("The view is renamed."),
            lambda session, actor, typed: rename_view(session, actor, saved_view(session, actor, view.id or 0), typed["name"]),
            (_name(view.name),),
        )  # fmt: skip
        if self.renaming:  # not while it fades out: what is taken away then may stay on the page
            self.renaming.dialog.delete()
        with self.client.content:
            self.renaming = Sheet(self.desk, deed, partial(self._renamed, view.id))
        self.renaming.open()

    async def _renamed(self, number: int | None) -> None:
        self._say("")
        await self._changed()
        self.client.run_javascript(f'desk.focus("rename-{number}")')

    async def _change(self, view: SavedView) -> None:
        now, before = replace(self.listing.found.looked, place=Place()), looked_for(view)
        await self._do(
            _on(view, partial(_changed_to, now)), _("The view is updated."), _("The view “{name}” now holds what the list shows."), view,
            _on(view, partial(_changed_to, before)),
        )  # fmt: skip

    async def _do(self, work: Work[Any], done: str, news: str, view: SavedView | None = None, undo: Work[Any] | None = None) -> None:
        """Do it, and say above the views how it is undone."""
        if not await attempt(self.desk, work, done=done):
            return await self._changed()  # another page of the same reader was faster
        self.undo = undo
        self._say(news.format(name=words.own(view.name)) if view else "")
        await self._changed()
        self.client.run_javascript(f'desk.focus("{"own-undo" if undo else "own-title"}")')

    def _say(self, news: str) -> None:
        self.news.set_content(render("own_views_news.html", news=news, undo=self.undo is not None) if news else "")

    async def _changed(self) -> None:
        await self.count()
        if "shown" in self.__dict__:
            self._draw()

    def _saving(self) -> Deed:
        def save(session: Session, actor: Actor, typed: Values) -> Any:
            return save_view(session, actor, typed["name"], self.listing.found.looked)

        lead = _("What the list shows now stays as a view of your own: its words, filters, order and columns.")
        return Deed(_("Save this view"), lead, _("Save"), _("The view is saved."), save, (_name(),))


def is_shown(view: SavedView, wanted: Looked) -> bool:
    """Whether the list shows just what the view holds, on whichever page."""
    return looked_for(view) == replace(wanted, place=Place())


def _name(value: str = "") -> Ask:
    return Ask("name", _("Name of the view"), value=value)


def _counted(session: Session, actor: Actor) -> tuple[list[SavedView], Mapping[int, int]]:
    views = saved_views(session, actor)
    return views, counts_of(session, views)


def _on(view: SavedView, verb: Callable[[Session, Actor, SavedView], Any]) -> Work[Any]:
    """`verb` with the view looked up afresh and locked."""
    return lambda session, actor: verb(session, actor, saved_view(session, actor, view.id or 0))


def _changed_to(wanted: Looked, session: Session, actor: Actor, view: SavedView) -> None:
    change_view(session, actor, view, wanted)
