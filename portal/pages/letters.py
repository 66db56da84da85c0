"""Letters: the words that a decision's mail begins with. The staff write their own beside those that are built in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

from fastapi import FastAPI, Request
from nicegui import events, ui
from sqlmodel import Session

from models.decision import DecisionKind
from models.language import LANGUAGES, _, shown_list, spoken
from models.letter_template import (
    BUILT_IN,
    PLACEHOLDERS,
    BuiltIn,
    LetterTemplate,
    add_template,
    change_template,
    delete_template,
    restore_template,
    template,
    templates,
)
from models.person import Actor, Right
from portal import staff, words
from portal.controls import Ask, Deed, Sheet, Values, button
from portal.frame import frame, page, static_url
from portal.listing import Kind, Listing, Params
from portal.pages.desk_style import style
from portal.render import render

#: What a letter is for.
KINDS: dict[str, str] = {
    DecisionKind.APPROVAL: "Approval", DecisionKind.CONDITIONAL: "Approval with conditions", DecisionKind.REJECTION: "Rejection",
}  # fmt: skip
LEAD = "The email greets the contact before these words, and says after them what happens next."
#: What is said above the list may hold a button.
TAKE_BACK = """(event) => { const one = event.target.closest("button[data-act=restore]"); if (one) emit(one.dataset.value); }"""


@dataclass(frozen=True)
class Found:
    """The letters that the staff wrote."""

    written: tuple[LetterTemplate, ...]


def install(__: FastAPI) -> None:
    """Register /letters."""

    @page("/letters")
    async def letters(request: Request) -> None:
        desk = staff.at_desk(request)
        actor, found = await desk.read(Right.DECIDE, lambda session, actor: (actor, _look(session, {})))
        with frame(_("Letters"), actor=actor, here="/letters", wide=True):
            style()
            ui.add_head_html(f'<link rel="stylesheet" href="{static_url("deciding.css")}">')
            Letters(desk, found)


class Letters:
    """The page: the staff's own letters, each to be changed or deleted, and the built-in ones, which can be copied."""

    def __init__(self, desk: staff.Desk, found: Found) -> None:
        self.desk = desk
        acts = {"change": self._change, "delete": self._delete, "copy": self._copy}
        self.listing = Listing(desk, Kind(Right.DECIDE, _look, _draw, lambda __: "/letters", _said, acts), found)
        self.adding = Sheet(desk, _writing(), self.listing.again)
        with ui.element("div").classes("title"):
            ui.html(f"<h1>{escape(_('Letters'))}</h1>", sanitize=False)
            ui.element("div").classes("grow")
            button(_("Write a letter"), self.adding.open, "go slim", id="write-letter")
        lead = _("Whoever decides on an application can begin with one of these, in the partner’s language, and change its words.")
        ui.html(escape(lead), sanitize=False, tag="p").classes("mute")
        self.news = ui.html("", sanitize=False).props("role=status").classes("results")
        self.news.on("click", self._restore, js_handler=TAKE_BACK)
        self.listing.results()

    async def _change(self, number: str) -> None:
        """A dialog about one of them, with its words as they stand now; it is gone once it is closed."""
        await self.listing.again()
        if one := self._written(number):
            self._about(_changing(one))

    def _copy(self, name: str) -> None:
        """A built-in letter as the beginning of one's own."""
        if one := next((one for one in BUILT_IN if one.name == name), None):
            self._about(_writing(one))

    def _about(self, deed: Deed) -> None:
        with self.listing.table.client.content:
            sheet = Sheet(self.desk, deed, self.listing.again)
        sheet.dialog.on("hide", sheet.dialog.delete)
        sheet.open()

    async def _delete(self, number: str) -> None:
        one = self._written(number)
        if one is None:
            return
        done, work = _("The letter is deleted."), partial(_with, partial(delete_template, seen=one.changed_at), int(number))
        if await staff.attempt(self.desk, work, done=done):
            self.news.set_content(render("letter_deleted.html", one=one))
            await self.listing.again()
            self.news.client.run_javascript('desk.focus("take-back")')
        else:
            await self.listing.again()  # somebody was faster: the next look is at what they left

    async def _restore(self, event: events.GenericEventArguments) -> None:
        number, done = int(event.args), _("The letter is there again.")
        if await staff.attempt(self.desk, partial(_with, restore_template, number), done=done):
            self.news.set_content("")
            await self.listing.again()
            self.news.client.run_javascript(f'desk.focus("change-{number}")')

    def _written(self, number: str) -> LetterTemplate | None:
        return next((one for one in self.listing.found.written if str(one.id) == number), None)


def _look(session: Session, __: Params) -> Found:
    return Found(tuple(templates(session)))


def _draw(found: Found) -> str:
    names = {code: one.name for code, one in LANGUAGES.items()}
    return render("letters.html", found=found, kinds=KINDS, built_in=BUILT_IN, language_names=names)


def _said(found: Found) -> str:
    return words.number(len(found.written))


def _with(verb: Callable[[Session, Actor, LetterTemplate], None], number: int, session: Session, actor: Actor) -> None:
    verb(session, actor, template(session, number))


def _writing(like: BuiltIn | None = None) -> Deed:
    asks = (
        Ask("kind", _("What it is for"), "choice", "", like.kind if like else None, {name: _(label) for name, label in KINDS.items()}),
        Ask("language", _("Language"), "choice", _("Partners with this language are offered it."), spoken().code,
            {code: one.name for code, one in LANGUAGES.items()}),
        *_words(_(like.title) if like else "", _(like.text) if like else ""),
    )  # fmt: skip
    return Deed(_("Write a letter"), _(LEAD), _("Save the letter"), _("The letter is saved."), _add, asks)


def _changing(one: LetterTemplate) -> Deed:
    def change(session: Session, actor: Actor, typed: Values) -> Any:
        change_template(session, actor, template(session, one.id or 0), typed["title"], typed["text"], seen=one.changed_at)

    title = _("Change the letter: {title}").format(title=words.own(one.title))
    return Deed(title, _(LEAD), _("Save the letter"), _("The letter is saved."), change, _words(one.title, one.text))


def _words(title: str, text: str) -> tuple[Ask, ...]:
    return Ask("title", _("Title"), "text", _("Only staff see it."), title), Ask("text", _("Words"), "long", _help(), text)


def _help() -> str:
    known = [f"{{{name}}} ({_(meaning)})" for name, meaning in PLACEHOLDERS.items()]
    return _("You can use {placeholders}.").format(placeholders=shown_list(known))


def _add(session: Session, actor: Actor, typed: Values) -> Any:
    return add_template(session, actor, typed["kind"], typed["language"], typed["title"], typed["text"])
