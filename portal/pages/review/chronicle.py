"""The history of one application: newest first, by who did it, and no more at once than somebody reads."""

from __future__ import annotations

from collections.abc import Iterable

from nicegui import events, ui

from models.event import Event
from models.language import _
from portal.pages.review.story import Line, story
from portal.render import render

#: Entries that show at first, and from how many on one can choose whose.
AT_FIRST, MANY = 30, 12
WHO = {"": "All", "staff": "Staff", "partner": "Partner", "system": "Portal"}
CLICKS = """(event) => {
  const button = event.target.closest("button[data-story]");
  if (button) emit(button.dataset.story, button.id);
}"""


class Chronicle:
    """What the reader has chosen of it stays while it is drawn anew."""

    def __init__(self, history: Iterable[Event]) -> None:
        self.who, self.whole, self.lines = "", False, list[Line]()
        with ui.element("section").classes("card tight").props("aria-labelledby=story-title id=history tabindex=-1"):
            self.drawn = ui.html("", sanitize=False).on("click", self._chosen, js_handler=CLICKS)
        self.show(history)

    def show(self, history: Iterable[Event]) -> None:
        """The history as it is now."""
        self.lines = story(history)
        self._draw()

    def _draw(self) -> None:
        found = [line for line in self.lines if self.who in ("", line.by)]
        shown = found if self.whole else found[:AT_FIRST]
        held = {line.by for line in self.lines}
        kinds = {who: _(words) for who, words in WHO.items() if who in held or not who} if len(self.lines) > MANY else {}
        more = len(found) - len(shown)
        self.drawn.set_content(render("case_story.html", lines=shown, more=more, whole=len(found), kinds=kinds, who=self.who))

    def _chosen(self, event: events.GenericEventArguments) -> None:
        what, pressed = str(event.args[0]), str(event.args[1])
        if what == "whole":
            self.whole, pressed = True, "history"
        elif what in WHO:
            self.who = what
        self._draw()
        ui.run_javascript(f"desk.focus({pressed!r})")
