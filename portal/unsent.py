"""What staff typed and have not sent: their browser's tab keeps it (static/unsent.js), and it is put back when its form is there again.

A form is named by what it is about ("note APP-2026-0001"), a field by its name in it; those of a row have a dot ("items.vat_number").
It is put back as typed text, never as an act: whoever typed it looks at it and sends it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from html import escape

from nicegui import Client, events, ui
from nicegui.element import Element

from models.language import _

Typed = Mapping[str, str]
HEARD = "unsent"
#: What a browser could tell beyond this was never typed into a form of ours.
MOST, LONGEST = 200, 100_000

#: A button within the line throws it away.
THROWN = '(event) => { if (event.target.closest("button")) emit(); }'


class Unsent:
    """One form of an open page. Made while the page is; `put` fills in what was kept, `clear` empties the form again."""

    def __init__(self, form: str, put: Callable[[Typed], Awaitable[None] | None], clear: Callable[[], None]) -> None:
        self.form, self.put, self.clear, self.client = form, put, clear, ui.context.client
        self.place: ui.html | None = None
        listen(self.client)

    def line(self) -> None:
        """Where it is said that something was kept; empty until it is so."""
        self.place = ui.html("", sanitize=False).classes("unsent").props("role=status").on("click", self._throw, js_handler=THROWN)

    def mark(self, place: Element, name: str) -> None:
        """What is typed into `place`, which holds a control, is kept under `name`."""
        place.props["data-unsent"], place.props["data-unsent-name"] = self.form, name

    def wait(self) -> None:
        """The form stands on the page from its start: the browser tells by itself what it kept."""
        self.client.storage[HEARD].forms[self.form] = self

    def ask(self) -> None:
        """The form has just been drawn: what was kept is put into it in a moment."""
        self.wait()
        self._call("tell")

    async def heard(self, kept: Typed) -> None:
        """The browser has kept this."""
        if (further := self.put(kept)) is not None:
            await further

    def say(self) -> None:
        """Say that what stands in the form was kept from before; `put` calls it where it has put something."""
        words, throw = escape(_("Kept from before, not sent.")), escape(_("Throw it away"))
        if self.place:
            self.place.set_content(f'<span>{words}</span> <button type="button" class="btn slim">{throw}</button>')

    def keep(self, name: str, value: str) -> None:
        """Something was chosen that no control holds as text."""
        self._call("keep", name, value)

    def forget(self, name: str) -> None:
        """A field, or a row with all of its fields, was taken away."""
        self._call("forget", name)

    def sent(self) -> None:
        """It has arrived, or nobody wants it any more: nothing of it stays in the browser."""
        if self.place and not self.place.is_deleted:
            self.place.set_content("")
        self._call("gone")

    def _throw(self) -> None:
        self.sent()
        self.clear()

    def _call(self, deed: str, *values: str) -> None:
        given = ", ".join(json.dumps(value) for value in (self.form, *values))
        self.client.run_javascript(f"unsent.{deed}({given})")


@dataclass
class Waiting:
    """The forms of a page that wait for what the browser kept, by their names. (A client's storage copies a dict that is put into it.)"""

    forms: dict[str, Unsent] = field(default_factory=dict)


def listen(client: Client) -> None:
    """The page hears what its browser kept; called while the page is made, as forms that are drawn later need it too."""
    if HEARD in client.storage:
        return
    waiting = client.storage[HEARD] = Waiting()

    async def hear(event: events.GenericEventArguments) -> None:
        for form, kept in _read(event.args).items():
            if form in waiting.forms:
                await waiting.forms.pop(form).heard(kept)

    ui.on("desk-unsent", hear)


def _read(told: object) -> dict[str, dict[str, str]]:
    """Form → field → text, as far as it can be that: a browser may tell anything."""
    forms = told if isinstance(told, dict) else {}
    return {str(form): _fields(kept) for form, kept in list(forms.items())[:MOST] if isinstance(kept, dict)}


def _fields(kept: dict[object, object]) -> dict[str, str]:
    return {str(name): text[:LONGEST] for name, text in list(kept.items())[:MOST] if isinstance(text, str)}
