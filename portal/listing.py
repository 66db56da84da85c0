"""A list of the desk that is searched, filtered and paged in place; what it shows stands in the address, to be sent to a colleague."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from nicegui import events, ui
from sqlmodel import Session

from models.errors import Refused
from models.language import _
from models.person import Right
from portal.staff import SIGNED_OUT, Desk, tell

F = TypeVar("F")
Params = Mapping[str, str]

#: Links of the list change it in place; with a modifier key they open a tab, as links do. Buttons name what they do.
CLICKS = """(event) => {
  const button = event.target.closest("button[data-act]");
  if (button) return emit("act", button.dataset.act, button.dataset.value || "");
  const link = event.target.closest("a[data-in-place]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  emit("go", link.getAttribute("href"), link.id);
}"""


@dataclass(frozen=True)
class Kind(Generic[F]):
    """What a list is: who may see it, how it is looked up from the address, drawn, and written back into the address."""

    right: Right
    look: Callable[[Session, Params], F]
    draw: Callable[[F], str]
    address: Callable[[F], str]
    said: Callable[[F], str]
    acts: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)


class Listing(Generic[F]):
    """One list on one open page: what was found, and the part of the page that shows it."""

    def __init__(self, desk: Desk, kind: Kind[F], found: F) -> None:
        self.desk, self.kind, self.found, self.generation, self.drawn = desk, kind, found, 0, ""
        self.asked: Params = self.params  # by whom reads it; what is shown is older while the answer to this is on its way
        self.on_its_way = 0
        self.search: ui.input | None = None
        self.acts = dict(kind.acts)  # a page may add what needs the list itself

    def search_field(self, label: str, placeholder: str) -> None:
        """Searches as one types; it stands outside of what is redrawn, so it keeps the focus (FACTS 61)."""
        made = ui.input(value=self.params.get("q", ""), placeholder=placeholder)
        made.props("outlined dense clearable debounce=250 type=search dir=auto").classes("search").props["aria-label"] = label
        made.on_value_change(self._typed)
        self.search = made

    def results(self) -> None:
        """The count for screen readers, and the list itself."""
        self.status = ui.html("", sanitize=False).classes("sr").props("role=status")
        self.drawn = self.kind.draw(self.found)
        self.table = ui.html(self.drawn, sanitize=False).classes("results")
        self.table.on("click", self._clicked, js_handler=CLICKS)
        self.table.props("data-list")  # static/desk.js tells of the browser's Back and Forward
        ui.on("desk-back", self._back)

    @property
    def params(self) -> Params:
        """What the address asks for now."""
        return dict(parse_qsl(urlsplit(self.kind.address(self.found)).query))

    async def again(self, *, quietly: bool = False) -> None:
        """Look for the same once more; the reader's place and focus stay. `quietly`: by itself, so it waits for what a person asked for."""
        if quietly and self.on_its_way:
            return
        if await self.look_for(self.asked, quietly=quietly):
            self.table.client.run_javascript("desk.keep()")

    def draw_again(self) -> None:
        """Something that stands in the list besides what was found is another now."""
        if self._redraw(self.found):
            self.table.client.run_javascript("desk.keep()")

    async def _typed(self, event: events.ValueChangeEventArguments[str | None]) -> None:
        if (event.value or "") == self.asked.get("q", ""):  # it was put there, not typed
            return
        kept = {name: value for name, value in self.asked.items() if name not in ("q", "page")}
        if await self.look_for({**kept, "q": event.value or ""}):
            self.status.set_content(self.kind.said(self.found))

    async def _clicked(self, event: events.GenericEventArguments) -> None:
        what, value, more = (str(part) for part in event.args)
        if what == "act" and value in self.acts:
            done = self.acts[value](more)
            await done if done is not None else None
        elif what == "go" and await self.look_for(dict(parse_qsl(urlsplit(value).query)), history="pushState"):
            self.status.set_content(self.kind.said(self.found))
            self.table.client.run_javascript(f"desk.focus({json.dumps(more)})")

    async def _back(self, event: events.GenericEventArguments) -> None:
        """The browser went back or forward, and its address says to what; the words of that time stand in the field again."""
        wanted = dict(parse_qsl(str(event.args)))
        if not await self.look_for(wanted, history=""):
            return
        if self.search and self.search.value != wanted.get("q", ""):
            self.search.set_value(wanted.get("q", ""))
        self.status.set_content(self.kind.said(self.found))
        self.table.client.run_javascript("desk.keep()")

    async def look_for(self, wanted: Params, *, quietly: bool = False, history: str = "replaceState") -> bool:
        """Look again and redraw, unless something newer was asked for meanwhile (FACTS 93). Answers whether it was redrawn.

        `history` is what is done with the address: pushState where the browser's *Back* is to lead here again, which is for another view,
        filter, order or page and not for each letter of a search; nothing where the browser has come here by itself.
        """
        self.generation += 1
        self.on_its_way += 1
        mine, self.asked = self.generation, wanted
        try:
            found = await self.desk.read(self.kind.right, lambda session, __: self.kind.look(session, wanted))
        except Refused as error:
            self.asked = self.params if mine == self.generation else self.asked
            if not quietly:
                tell(_(SIGNED_OUT) if error.status == 401 else error.detail, "negative")
            return False
        finally:
            self.on_its_way -= 1
        return mine == self.generation and self._redraw(found, history)

    def _redraw(self, found: F, history: str = "replaceState") -> bool:
        before, self.found = self.kind.address(self.found), found
        self.asked = self.params  # as it was understood: a page beyond the last is the last
        if (drawn := self.kind.draw(found)) != self.drawn:
            self.drawn = drawn
            self.table.set_content(drawn)
        if history and (now := self.kind.address(found)) != before:
            self.table.client.run_javascript(f"history.{history}(null, '', {json.dumps(now)}); desk.other()")
        return True


def address(path: str, said: Params, plain: Params) -> str:
    """The address of a list; what is as it opens is left out."""
    query = urlencode({name: value for name, value in said.items() if value != plain.get(name, "")})
    return f"{path}?{query}" if query else path
