"""What is said where somebody else gave a verdict meanwhile: who said what when, and whether it is to stand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import count

from nicegui import ui

from models.language import _
from models.verdict import Overtaken
from portal.controls import button
from portal.render import render

_numbers = count(1)


class Notice:
    """Stands below a section's verdict, hidden until it is needed."""

    def __init__(self, keep: Callable[[], Awaitable[None]], replace: Callable[[], Awaitable[None]]) -> None:
        self.keep, self.replace, self.shown, self.first = keep, replace, False, f"keep-theirs-{next(_numbers)}"
        self.place = ui.element("div").classes("overtaken")
        self.hide()

    def show(self, theirs: Overtaken, ruling: str) -> None:
        """Say what they said; the reader is brought to it."""
        self.shown = True
        self.place.clear()
        with self.place:
            ui.html(render("overtaken.html", verdict=theirs, ruling=ruling), sanitize=False).props("role=alert")
            with ui.element("div").classes("ends"):
                button(_("Keep theirs"), self.keep, "slim", id=self.first)
                button(_("Replace by mine"), self.replace, "slim go")
        self.place.set_visibility(True)
        ui.run_javascript(f"desk.focus({self.first!r})")

    def hide(self) -> None:
        """It has been answered."""
        self.shown = False
        self.place.set_visibility(False)
