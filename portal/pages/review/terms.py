"""The conditions of an approval while they are typed: each a sentence and a day, in rows that are added and removed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import escape
from itertools import count

from nicegui import ui
from nicegui.element import Element

from models import loose
from models.condition import Term
from models.errors import Invalid, Problem
from models.language import _
from portal.controls import Ask, Field, button
from portal.unsent import Typed, Unsent

_numbers = count(1)


@dataclass
class Row:
    """One condition with its two fields; `name` is how the browser keeps what is typed into it (portal/unsent.py)."""

    name: str
    place: Element
    text: Field
    due: Field


class Terms:
    """The rows. `changed` follows each change, `offer` the first row and the last: with conditions it is another decision."""

    def __init__(self, unsent: Unsent, changed: Callable[[], None], offer: Callable[[], Awaitable[None]]) -> None:
        self.unsent, self.changed, self.offer, self.rows = unsent, changed, offer, list[Row]()

    def draw(self) -> None:
        """The heading, the list, and the button that adds to it."""
        with ui.element("section").classes("conditions"):
            ui.html(escape(_("Conditions")), sanitize=False, tag="h3")
            self.list = ui.element("ul")
            self.adding = f"add-condition-{next(_numbers)}"
            button(_("Add a condition"), self._add, "slim", id=self.adding)

    @property
    def fields(self) -> list[Field]:
        """Every field, in order."""
        return [field for row in self.rows for field in (row.text, row.due)]

    def read(self) -> list[Term]:
        """The conditions as they are typed. Invalid where a day cannot be read."""
        if bad := [number for number, row in enumerate(self.rows) if row.due.value and not loose.day(row.due.value)]:
            told = _("Enter the due date like 31/12/2026.")
            raise Invalid(told, [Problem(f"conditions.{number}.due_on", told) for number in bad])
        return [Term(row.text.value, loose.day(row.due.value)) for row in self.rows]

    def refuse(self, said: dict[str, str]) -> None:
        """Each problem beside its field; what has found its place is taken out of `said`."""
        for number, row in enumerate(self.rows):
            row.text.say(said.pop(f"conditions.{number}", ""))
            row.due.say(said.pop(f"conditions.{number}.due_on", ""))

    async def put_back(self, kept: Typed) -> None:
        """The rows that the browser kept, under the names that they had."""
        for name in [one.removesuffix(".text") for one in kept if one.endswith(".text")]:
            row = self._row(name)
            row.text.set(kept[f"{name}.text"])
            row.due.set(kept.get(f"{name}.due_on", ""))
        if self.rows:
            await self.offer()

    async def _add(self) -> None:
        taken = [int(row.name.removeprefix("conditions.")) for row in self.rows]
        row = self._row(f"conditions.{max(taken, default=0) + 1}")
        self.unsent.keep(f"{row.name}.text", "")
        self.changed()
        row.text.focus()
        if len(self.rows) == 1:
            await self.offer()

    def _row(self, name: str) -> Row:
        with self.list, ui.element("li").classes("one") as place:
            text = Field(Ask("condition", _("Condition"), "long", _("A sentence that says what the partner has to do.")))
            due = Field(Ask("condition-due", _("Due date"), "date", optional=True))
            row = Row(name, place, text, due)
            button(_("Remove"), lambda: self._drop(row), "slim", aria_label=_("Remove this condition"))
        for one, part in ((text, "text"), (due, "due_on")):
            one.control.on_value_change(lambda __: self.changed())
            self.unsent.mark(one.place, f"{name}.{part}")
        self.rows.append(row)
        return row

    async def _drop(self, row: Row) -> None:
        self.unsent.forget(row.name)
        self.rows.remove(row)
        row.place.delete()
        self.changed()
        ui.run_javascript(f"desk.focus({self.adding!r})")
        if not self.rows:
            await self.offer()
