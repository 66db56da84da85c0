"""Looking at a page as many people do: a page is opened once, and then shown light and dark, wide, narrow and enlarged.

With SHOTS=folder each look is kept there as a picture, so that the same run is what a person looks at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page

from e2e.person import barriers, wider

#: What can differ between two looks at the same document, which only its style tells apart. What a narrow page hides or shows is
#: found all the same: one language is examined in full on a desk's screen, another on a telephone.
LAYOUT = ("target-size", "scrollable-region-focusable")
COLOURS = ("color-contrast", "link-in-text-block", *LAYOUT)


@dataclass(frozen=True)
class View:
    """One way to look. `rules` are axe's, None is all of them, and with none only the width is measured."""

    name: str
    width: int
    height: int
    colours: Literal["light", "dark"]
    rules: tuple[str, ...] | None
    touch: bool = False


#: The first view of a language is the screen on which its pages are opened. At 200 % a window of 1280 pixels is 640 wide.
VIEWS: dict[str, tuple[View, ...]] = {
    "en": (
        View("desk", 1280, 900, "light", None),
        View("dark telephone", 375, 780, "dark", COLOURS, touch=True),
        View("200 percent", 640, 450, "light", LAYOUT),
    ),
    "ar": (View("telephone", 375, 780, "light", None, touch=True), View("dark desk", 1280, 900, "dark", COLOURS)),
    "de": (View("telephone", 375, 780, "light", (), touch=True), View("dark desk", 1280, 900, "dark", ())),
}

#: What a state is called, and, where the rest of its page has been looked at before, the part that has changed since.
State = str | tuple[str, str]


class Look:
    """Shows an open page in all views of a language; `wrong` gathers what axe finds, and what is wider than the screen."""

    def __init__(self, page: Page, language: str, what: str) -> None:
        self.page, self.language, self.what, self.wrong = page, language, what, list[str]()
        self.hand = page.context.new_cdp_session(page)
        self.show(VIEWS[language][0])

    def show(self, view: View) -> None:
        """Bring the page onto another screen."""
        self.page.set_viewport_size({"width": view.width, "height": view.height})
        self.page.emulate_media(color_scheme=view.colours, reduced_motion="reduce")  # nothing has to be waited for
        self.hand.send("Emulation.setTouchEmulationEnabled", {"enabled": view.touch, "maxTouchPoints": 1})

    def __call__(self, state: str, part: str = "") -> None:
        """Look at what is shown now, all of it or a part (a selector); the page ends on the screen on which it began."""
        first, *others = VIEWS[self.language]
        for view in (first, *others):
            self.show(view)
            name = f"{self.what}, {state}, {self.language}, {view.name}"
            self.wrong += wider(self.page, name) if view.rules == () else barriers(self.page, name, view.rules, part)
            self._keep(name)
        self.show(first)

    def each(self, states: Iterable[State]) -> list[str]:
        """Look at one state after another, as they are opened; answers what is wrong."""
        for state in states:
            self(*([state] if isinstance(state, str) else state))
        return self.wrong

    def _keep(self, name: str) -> None:
        if folder := os.environ.get("SHOTS"):
            dialog = self.page.locator("dialog[open], .q-dialog__inner").count() > 0  # which a picture of the whole page would cut
            path = Path(folder) / f"{re.sub('[^a-z0-9, =-]', ' ', name, flags=re.I)}.png"
            self.page.screenshot(path=path, full_page=not dialog)


@contextmanager
def looking(browser: Browser, language: str, what: str, memory: Any = None) -> Iterator[Look]:
    """A page of somebody with this language, let in by what their browser remembers."""
    context = browser.new_context(locale={"en": "en-GB"}.get(language, language), storage_state=memory, timezone_id="Europe/London")
    try:
        yield Look(context.new_page(), language, what)
    finally:
        context.close()
