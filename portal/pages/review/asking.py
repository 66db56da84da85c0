"""*Request information*: the reviewer names questions and documents, each with words and a date, and sees what the partner will."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from html import escape
from itertools import count
from typing import Any

from nicegui import ui
from nicegui.element import Element
from sqlmodel import Session

from models import loose, review
from models.application import by_reference
from models.errors import Invalid, Problem, Refused
from models.language import _
from models.person import Actor
from models.request import Wanted, label_of
from models.slots import SLOTS
from models.steps import QUESTIONS, STEPS
from portal.controls import Ask, Field, button, focus_wrong
from portal.pages.apply_printed import STYLE
from portal.pages.review.case import Case
from portal.render import render
from portal.staff import Desk, attempt
from portal.unsent import Typed, Unsent

_numbers = count(1)


@dataclass
class Row:
    """One named question or document with its two fields."""

    place: Element
    words: Field
    due: Field


class Asking:
    """The dialog. Closed and opened again it still holds what was typed; once the request is sent it is empty."""

    options: Mapping[str, str]
    picker: Field

    def __init__(self, desk: Desk, case: Case, after: Callable[[], Awaitable[None]]) -> None:
        self.desk, self.case, self.after, self.busy = desk, case, after, False
        self.name, self.drawn = f"asking-{next(_numbers)}", False
        ui.add_head_html(STYLE)
        self.dialog = ui.dialog().props(f"aria-labelledby={self.name} transition-duration=120")
        self.unsent = Unsent(f"request {case.application.reference_number}", self._put_back, self._thrown)

    def open(self) -> None:
        """Show it. It is drawn when it is first opened, as a sheet is (portal/controls.py), and anew once it was sent."""
        if not self.drawn:
            self._draw()
            self.unsent.ask()
        self.dialog.open()

    def show(self, case: Case) -> None:
        """The application as it is now: whom the request goes to, and what can be asked about. What was typed stays."""
        self.case = case
        if self.drawn:
            self.lead.set_content(escape(self._lead()))
        if self.drawn and (offered := options(case)) != self.options:
            self.options = offered
            self.picker.control.set_options(offered)

    def _draw(self) -> None:
        self.rows: dict[str, Row] = {}
        self.dialog.clear()
        with self.dialog, ui.element("div").classes("sheet asking q-card"):  # Quasar lets only a div in a dialog take the pointer
            ui.html(escape(_("Ask the partner for information")), sanitize=False, tag="h2").props(f"id={self.name}")
            self.lead = ui.html(escape(self._lead()), sanitize=False, tag="p").classes("mute")
            self.unsent.line()
            self._fields()
            with ui.element("div").classes("ends"):
                button(_("Cancel"), self.dialog.close)
                button(_("Send the request"), self._send, "go")
        self.drawn = True

    def _lead(self) -> str:
        told = _(
            "The form opens again for {company}, and an email goes to {address}. What you name below can be changed, everything else "
            "is locked; if you name nothing, all is open. The decision waits until they send it again."
        )
        address = self.case.application.primary_contact_email or _("the primary contact")
        return told.format(company=self.case.application.company_name, address=address)

    def _fields(self) -> None:
        self.options = options(self.case)
        read = _("The partner reads this in the email and above the form.")
        with ui.element("div").classes("stack"):
            self.message = Field(Ask("message", _("What is needed"), "long", read))
            self.due = Field(Ask("due_on", _("Due date"), "date", optional=True))
            find = _("Type to search. Each becomes a link for the partner, with your words beside it.")
            self.picker = Field(Ask("items", _("Questions and documents it is about"), "choice", find, options=self.options, optional=True))
            self.list = ui.element("ul").classes("asked")
            with ui.element("section").classes("preview") as self.seen:
                ui.html(escape(_("What the partner will see")), sanitize=False, tag="h3")
                self.preview = ui.html("", sanitize=False)
            self.line = ui.html("", sanitize=False, tag="p").classes("error").props("role=alert")
        self.picker.control.on_value_change(lambda event: self._name(event.value))
        for one in (self.message, self.due):
            one.control.on_value_change(self._show)
            self.unsent.mark(one.place, one.ask.name)
        self.due.control.on_value_change(self._other_due)
        self._show()

    def _name(self, name: str | None) -> None:
        """A question or document was chosen: it gets a row, and the box is free for the next."""
        if not name or name in self.rows:
            return
        self._row(name)
        self.unsent.keep(f"items.{name}", "")
        self.picker.set(None)
        self.picker.control.run_method("updateInputValue", "")  # Quasar leaves the words of what was chosen in the box
        self.picker.control.run_method("hidePopup")  # and may open its list again for the empty box, over what comes below
        self._show()
        self.rows[name].words.focus()

    def _row(self, name: str) -> None:
        with self.list, ui.element("li").classes("one") as place:
            ui.html(escape(self.options[name]), sanitize=False, tag="h3")
            words = Field(Ask(f"words-{name}", _("Words about it"), "long", optional=True))
            due = Field(Ask(f"due-{name}", _("Its own due date"), "date", optional=True))
            label = _("Do not ask about {label}").format(label=self.options[name])
            button(_("Remove"), lambda: self._drop(name), "slim", aria_label=label)
        self.rows[name] = Row(place, words, due)
        for one, field in ((words, f"items.{name}"), (due, f"items.{name}.due_on")):
            one.control.on_value_change(self._show)
            self.unsent.mark(one.place, field)

    def _put_back(self, kept: Typed) -> None:
        """What was typed before, with its rows: those of questions that are not asked any more are left out."""
        names = [field.removeprefix("items.") for field in kept if field.startswith("items.") and not field.endswith(".due_on")]
        for name in [one for one in names if one in self.options and one not in self.rows]:
            self._row(name)
            self.rows[name].words.set(kept[f"items.{name}"])
            self.rows[name].due.set(kept.get(f"items.{name}.due_on", ""))
        self.message.set(kept.get("message", ""))
        self.due.set(kept.get("due_on", ""))
        self._show()
        self.unsent.say()

    def _thrown(self) -> None:
        for name in list(self.rows):
            self.rows.pop(name).place.delete()
        for one in (self.message, self.due):
            one.set("")
        self._show()
        self.message.focus()

    def _drop(self, name: str) -> None:
        self.unsent.forget(f"items.{name}")
        self.rows.pop(name).place.delete()
        self.picker.focus()
        self._show()

    def _show(self, *_: Any) -> None:
        """Bring the preview up to date, once there is something to see; a date that is half typed is left out of it."""
        wanted = [Wanted(name, row.words.value, loose.day(row.due.value)) for name, row in self.rows.items()]
        message, due = self.message.value.strip(), loose.day(self.due.value)
        self.preview.set_content(render("request_preview.html", message=message, wanted=wanted, due_on=due))
        self.seen.set_visibility(bool(message or wanted or due))

    def _other_due(self, *_: Any) -> None:
        """The due date of the whole is changed: what was said of the others against it holds no more."""
        for one in [row.due for row in self.rows.values() if row.due.wrong]:
            one.say("")

    async def _send(self) -> None:
        if self.busy:  # a second click while the first is being done
            return
        self.busy = True
        try:
            done = _("The partner has been asked for information.")
            if await attempt(self.desk, self._work(), done=done, refused=self._refused):
                self.dialog.close()
                self.drawn = False
                self.unsent.sent()
                await self.after()
        finally:
            self.busy = False

    def _work(self) -> Callable[[Session, Actor], Any]:
        """The one transaction, with what is typed now and the application looked up afresh and locked."""
        message, due = self.message.value, self.due.value
        rows = [(name, row.words.value, row.due.value) for name, row in self.rows.items()]
        reference = self.case.application.reference_number or ""

        def work(session: Session, actor: Actor) -> None:
            wanted = [Wanted(name, words.strip(), read_day(day, f"items.{name}.due_on")) for name, words, day in rows]
            application = by_reference(session, reference, lock=True)
            review.request_information(session, actor, application, message, wanted, read_day(due, "due_on"))

        return work

    def _refused(self, error: Refused) -> None:
        """Each problem beside its field, the rest below."""
        said = {problem.field: problem.message for problem in error.problems}
        self.message.say(said.pop("message", ""))
        self.due.say(said.pop("due_on", ""))
        for name, row in self.rows.items():
            row.words.say(said.pop(f"items.{name}", ""))
            row.due.say(said.pop(f"items.{name}.due_on", ""))
        self.line.set_content(escape(" ".join(said.values()) if error.problems else error.detail))
        focus_wrong([self.message, self.due, *(field for row in self.rows.values() for field in (row.words, row.due))])


def options(case: Case) -> Mapping[str, str]:
    """What this partner may be asked about, under its step's title: what these answers do not ask for cannot be answered."""
    values = case.application.answers()
    names = [name for name, question in QUESTIONS.items() if question.asked(values)]
    titles = {name: _(STEPS[QUESTIONS[name].step - 1].title) for name in names}
    names += [name for name, slot in SLOTS.items() if slot.offered(values)]
    return {name: f"{titles.get(name) or _('Document')}: {_(label_of(name))}" for name in names}


def read_day(typed: str, field: str) -> Any:
    """A day as it was typed, None where nothing was; Invalid if it cannot be read."""
    day = loose.day(typed)
    if typed and day is None:
        told = _("Enter the due date like 31/12/2026.")
        raise Invalid(told, [Problem(field, told)])
    return day
