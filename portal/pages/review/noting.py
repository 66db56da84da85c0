"""The notes of one application: what has been written, and a field for the next, for the staff alone or for the partner too."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from html import escape

from markupsafe import Markup
from nicegui import events, ui
from sqlmodel import Session

from models.application import by_reference
from models.language import _, shown_list
from models.mention import Colleague, mentionable, perhaps, unknown_in
from models.note import add_note, change_note, remove_note, restore_note
from models.person import Actor
from models.possible import Action
from portal.controls import Ask, Deed, Fields, Sheet, Values, button
from portal.pages.review.case import Case
from portal.render import render
from portal.staff import Desk, attempt
from portal.unsent import Typed, Unsent
from portal.words import own

#: A word after an @ that names nobody, and the names it may stand for.
Unknown = list[tuple[str, str]]

#: Buttons beside a note name what they do and its number.
ACTS = """(event) => {
  const button = event.target.closest("button[data-note]");
  if (button) emit(button.dataset.note, Number(button.dataset.number));
}"""


class Noting:
    """Drawn once and then only changed, so a note half typed survives what others do."""

    def __init__(self, desk: Desk, case: Case, people: Sequence[Colleague], after: Callable[[], Awaitable[None]]) -> None:
        self.desk, self.case, self.people, self.after, self.public, self.number, self.busy = desk, case, people, after, False, 0, False
        self.marks = {"data-people": json.dumps([one.name for one in people], ensure_ascii=False)}  # static/noting.js offers them
        self.help = _("Type @ and a name to tell a colleague.") if people else ""
        with ui.element("section").classes("card tight").props("aria-labelledby=notes-title"):
            ui.html(escape(_("Notes")), sanitize=False, tag="h2").props("id=notes-title")
            if case.may(Action.NOTE):
                self._composer()
            self.unknown = ui.html("", sanitize=False).props("role=status id=note-unknown")
            self.written = ui.html("", sanitize=False).on("click", self._acted, js_handler=ACTS)
        ask = Ask("text", _("Note"), "long", self.help, marks=self.marks)
        lead = _("Only staff see it. What stood there before stays in the history.")
        deed = Deed(_("Change the note"), lead, _("Save"), partial(self._done, _("The note is changed."), False), self._change, (ask,))
        self.change = Sheet(desk, deed, after)
        self.show(case)

    def show(self, case: Case) -> None:
        """What has been written so far."""
        self.case = case
        shown = render("case_notes.html", notes=case.notes, me=case.actor.user_id, marked=partial(marked, self.people))
        self.written.set_content(shown)

    def _composer(self) -> None:
        self.unsent = Unsent(f"note {self.case.application.reference_number}", self._put_back, self._thrown)
        with ui.element("div").classes("composer") as self.place:
            self.unsent.line()
            self.form = Fields((Ask("text", _("New note"), "long", self.help, marks=self.marks),))
            write = {"id": self.form.fields["text"].id, "words": _("Write a note")}
            self.place.props["data-commands"] = json.dumps([write], ensure_ascii=False)
            with ui.element("div").classes("rulings").props("role=group") as group:
                group.props["aria-label"] = _("Who reads it")
                self.choices = {
                    public: button(words, partial(self._address, public), "slim", id=f"note-{name}")
                    for public, name, words in ((False, "private", _("Staff only")), (True, "public", _("The partner too")))
                }
            self.told = ui.html("", sanitize=False).props("role=status").classes("readers small")
            self.add = {False: button(_("Add the note"), self._add, "slim", id="note-add"),
                        True: button(_("Send to the partner"), self._add, "slim go", id="note-send")}  # fmt: skip
        self.form.mark(self.unsent)
        self.unsent.wait()
        self._address(False)

    def _put_back(self, kept: Typed) -> None:
        """What was typed before stands there again, for the staff alone until its writer says otherwise."""
        if self.form.put(kept):
            self.unsent.say()

    def _thrown(self) -> None:
        self.form.fill()
        self.form.first.focus()

    def _address(self, public: bool) -> None:
        """Who is to read it is chosen; that the partner will is said before it is sent."""
        self.public = public
        for one, made in self.choices.items():
            made.props["aria-pressed"] = str(one == public).lower()
            self.add[one].set_visibility(one == public)
        self.place.classes(**{"add" if public else "remove": "to-partner"})
        to = own(self.case.application.primary_contact_email) or _("the primary contact")
        warning = _("The partner will read this: it stands on their page, and an email goes to {address}. It cannot be taken back.")
        self.told.set_content(escape(warning.format(address=to) if public else _("Only staff see it.")))

    async def _add(self) -> None:
        if self.busy:  # a second click while the first is being done
            return
        self.busy = True
        try:
            write = partial(_write, self.case.application.reference_number or "", self.form.values["text"], self.public)
            said = _("The note is sent to the partner.") if self.public else _("The note is saved.")
            done = partial(self._done, said, self.public)
            if await attempt(self.desk, write, done=done, refused=self.form.refuse):
                self.form.fill()
                self.unsent.sent()
                self._address(False)
                await self.after()
                ui.run_javascript("desk.focus('note-private')")
        finally:
            self.busy = False

    def _done(self, said: str, public: bool, unknown: Unknown) -> str:
        """What is said of a saved note; who was meant and is nobody stands there until the next is saved."""
        self.unknown.set_content(render("case_unknown.html", unknown=unknown, public=public) if unknown else "")
        return said

    async def _acted(self, event: events.GenericEventArguments) -> None:
        """A note of one's own is changed, deleted, or restored."""
        act, self.number = str(event.args[0]), int(event.args[1])
        if act == "change":
            text = next((note.text for note in self.case.notes if note.id == self.number), "")
            self.change.open({"text": text}, f"note {self.number}")
        elif act in _ACTS:
            verb, done = _ACTS[act], _("The note is deleted.") if act == "remove" else _("The note is restored.")
            if await attempt(self.desk, lambda session, actor: verb(session, actor, self.number), done=done):
                await self.after()
                ui.run_javascript(f"desk.focus('note-{self.number}-{'restore' if act == 'remove' else 'change'}')")

    def _change(self, session: Session, actor: Actor, typed: Values) -> Unknown:
        return _unknown(session, change_note(session, actor, self.number, typed["text"]).text)


def marked(people: Sequence[Colleague], text: str) -> Markup:
    """A note's text with the names after an @ set apart."""
    names = "|".join(re.escape(str(escape("@" + name))) for name in sorted((one.name for one in people), key=len, reverse=True))
    plain = escape(text)
    return Markup(re.sub(f"({names})", r'<strong class="mention">\1</strong>', plain, flags=re.I) if names else plain)  # noqa: S704 — escaped


_ACTS = {"remove": remove_note, "restore": restore_note}


def _write(reference: str, text: str, public: bool, session: Session, actor: Actor) -> Unknown:
    return _unknown(session, add_note(session, actor, by_reference(session, reference), text, public=public).text)


def _unknown(session: Session, text: str) -> Unknown:
    people = mentionable(session) if "@" in text else []
    return [(word, shown_list(perhaps(word, people))) for word in unknown_in(text, people)]
