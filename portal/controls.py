"""Buttons, labelled fields and dialogs of the desk: what is typed stays until it is done, and a refusal stands beside its field."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from html import escape
from itertools import count
from typing import Any

from nicegui import events, ui
from nicegui.elements.mixins.text_element import TextElement
from sqlmodel import Session

from models.errors import Refused
from models.language import _
from models.meant import meant
from models.person import Actor
from portal.staff import Desk, attempt
from portal.unsent import Typed, Unsent

Values = Mapping[str, Any]
_numbers = count(1)
#: What is read of a date that stands half typed in its field: a verb then says that it cannot be read, instead of going without.
NO_DAY = "?"


@dataclass(frozen=True)
class Ask:
    """One field of a dialog. `kind` is text, email, long, date, choice or many; the last two need `options`.

    Two that are `half` share a line. `marks` are attributes that a script of the page looks for.
    """

    name: str
    label: str
    kind: str = "text"
    help: str = ""
    value: Any = None
    options: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False
    half: bool = False
    marks: Mapping[str, str] = field(default_factory=dict)


def button(words: str, act: Callable[[], Any], look: str = "", **props: str) -> TextElement:
    """A button of ours; `look` is its classes (go, danger, slim), `props` its attributes with _ for -."""
    made = TextElement(tag="button", text=words).classes(f"btn {look}")
    made.props.update({"type": "button", **{name.replace("_", "-"): value for name, value in props.items()}})
    made.on("click", lambda __: act())
    return made


class Field:
    """A labelled control with its help and its error, linked so that a screen reader says them with it."""

    def __init__(self, ask: Ask) -> None:
        self.ask, self.id, self.wrong, self.half_typed = ask, f"{ask.name}-{next(_numbers)}", False, False
        with ui.element("div").classes("field half" if ask.half else "field wide") as self.place:
            self.place.props.update(ask.marks)
            optional = f" <em>{escape(_('(optional)'))}</em>" if ask.optional else ""
            ui.html(escape(ask.label) + optional, sanitize=False, tag="label").props(f"for={self.id}")
            if ask.help:
                ui.html(escape(ask.help), sanitize=False, tag="p").classes("help").props(f"id={self.id}-help")
            self.control = _CONTROLS[ask.kind](ask)
            self.error = ui.html("", sanitize=False, tag="p").classes("error").props(f"id={self.id}-error role=alert")
            self.offer = ui.element("div").classes("offer").props("role=status") if ask.kind == "email" else None
        self.control.props("outlined dense no-error-icon hide-bottom-space").classes("w-full")
        described = f"{self.id}-help {self.id}-error" if ask.help else f"{self.id}-error"
        self.control.props.update({"for": self.id, "aria-describedby": described})
        self.control.on_value_change(self._typed)
        if self.offer:
            self.control.on("blur", self._suggest)
        if ask.kind == "date":
            self.control.on("focusout", self._left, js_handler="(event) => emit(event.target.validity.badInput)")

    @property
    def value(self) -> Any:
        """What stands in it: text, or a list where several are chosen; of a day that there is not, words that are none."""
        if self.half_typed and not self.control.value:
            return NO_DAY
        return self.control.value if self.control.value is not None else ([] if self.ask.kind == "many" else "")

    def set(self, value: Any) -> None:
        """Put a value into it and take the error away."""
        self.half_typed = False
        self.control.set_value(value)
        self.say("")

    def say(self, message: str) -> None:
        """Show what is wrong, or nothing."""
        self.error.set_content(escape(message))
        self.place.classes(**{"add" if message else "remove": "invalid"})
        self.control.props["aria-invalid"] = "true" if message else "false"
        self.wrong = bool(message)

    def focus(self) -> None:
        """Bring the reader to it."""
        self.control.run_method("focus")

    def amend(self) -> None:
        """Bring the reader to it, and what is wrong into sight: below a long text it may be far from where the text is read."""
        self.focus()
        ui.run_javascript(f"desk.wrong('{self.id}-error')")

    def _typed(self, *_: Any) -> None:
        """What was wrong is being put right: the error does not stand beside the new words."""
        if self.offer:
            self.offer.clear()
        if self.wrong:
            self.say("")

    def _left(self, event: events.GenericEventArguments) -> None:
        """A browser shows 31 February or half a date as it was typed, and tells us that the field is empty."""
        self.half_typed = bool(event.args)

    def _suggest(self) -> None:
        """Ask about an address that looks mistyped (models/meant.py); it is taken as it is where nobody presses the button."""
        if not self.offer:
            return
        self.offer.clear()
        if not (found := meant(str(self.value).strip())):
            return
        with self.offer:
            ui.html(escape(_("Did you mean {address}?").format(address=found)), sanitize=False, tag="span")
            button(_("Yes, use it"), lambda: self._take(found), "slim")

    def _take(self, found: str) -> None:
        self.set(found)
        self.focus()


class Fields:
    """The fields of one form, and the line for what belongs to none of them."""

    def __init__(self, asks: tuple[Ask, ...]) -> None:
        with ui.element("div").classes("stack"):
            self.fields = {ask.name: Field(ask) for ask in asks}
        self.line = ui.html("", sanitize=False, tag="p").classes("error").props("role=alert")

    @property
    def values(self) -> dict[str, Any]:
        """Name → what stands in it."""
        return {name: one.value for name, one in self.fields.items()}

    def refuse(self, error: Refused) -> None:
        """Each problem beside its field, the rest below."""
        said = {problem.field: problem.message for problem in error.problems}
        for name, one in self.fields.items():
            one.say(said.get(name, ""))
        elsewhere = [message for name, message in said.items() if name not in self.fields]
        self.line.set_content(escape(" ".join(elsewhere) if said else error.detail))
        focus_wrong(self.fields.values())

    def fill(self, values: Values | None = None) -> None:
        """Back to how the form opens, or to `values` where given."""
        for name, one in self.fields.items():
            one.set((values or {}).get(name, one.ask.value))
        self.line.set_content("")

    @property
    def first(self) -> Field:
        """The field that the form begins with."""
        return next(iter(self.fields.values()))

    def mark(self, unsent: Unsent) -> None:
        """What is typed or chosen is kept by the browser. The words that a list is searched with are not what is chosen."""
        for name, one in self.fields.items():
            if one.ask.kind in ("choice", "many"):
                one.control.on_value_change(partial(_keep_choice, unsent, one))
            else:
                unsent.mark(one.place, name)

    def put(self, kept: Typed) -> bool:
        """Put back what the browser kept; answers whether that is anything that did not stand there."""
        said = {name: _as_value(self.fields[name].ask, text) for name, text in kept.items() if name in self.fields and text.strip()}
        new = {name: value for name, value in said.items() if value and value != self.fields[name].value}
        for name, value in new.items():
            self.fields[name].set(value)
        return bool(new)


def _keep_choice(unsent: Unsent, one: Field, _event: object) -> None:
    chosen = one.value if one.ask.kind == "many" else [one.value]
    if text := "\n".join(chosen):
        unsent.keep(one.ask.name, text)
    else:
        unsent.forget(one.ask.name)


def _as_value(ask: Ask, text: str) -> str | list[str]:
    """What the browser kept, as the field holds it: of a list only what is still offered."""
    if ask.kind == "many":
        return [one for one in text.split("\n") if one in ask.options]
    return text if ask.kind != "choice" or text in ask.options else ""


def focus_wrong(fields: Iterable[Field]) -> None:
    """Bring the reader to the first field with an error: in a long dialog it may be out of sight."""
    if first := next((one for one in fields if one.wrong), None):
        first.amend()


@dataclass(frozen=True)
class Deed:
    """What a dialog does: its words, its fields, and `work` in one transaction, given what was typed; `done` may depend on its answer.

    `form` names what is typed into it where the browser is to keep it until it is sent (portal/unsent.py).
    """

    title: str
    lead: str
    go: str
    done: str | Callable[[Any], str]
    work: Callable[[Session, Actor, dict[str, Any]], Any]
    asks: tuple[Ask, ...] = ()
    look: str = "go"
    form: str = ""


class Sheet:
    """The dialog of a deed. Closed and opened again it still holds what was typed; once it is done it is empty."""

    def __init__(self, desk: Desk, deed: Deed, after: Callable[[], Awaitable[None]]) -> None:
        self.desk, self.deed, self.after, self.busy, self.fresh = desk, deed, after, False, False
        self.name = f"sheet-{next(_numbers)}"
        self.place = ui.context.slot
        self.values: Values | None = None
        self.unsent = self._kept_as(deed.form)

    @cached_property
    def dialog(self) -> ui.dialog:
        """Made when it is first needed, where the sheet was made."""
        with self.place:
            return ui.dialog().props(f"aria-labelledby={self.name} transition-duration=120")

    @cached_property
    def form(self) -> Fields:
        """Its fields. It is drawn when it is first opened: a page has many sheets, and each element costs the page time."""
        with self.dialog, ui.element("div").classes("sheet q-card"):  # Quasar lets only a div in a dialog take the pointer
            ui.html(escape(self.deed.title), sanitize=False, tag="h2").props(f"id={self.name}")
            ui.html(escape(self.deed.lead), sanitize=False, tag="p").classes("mute")
            if self.unsent:
                self.unsent.line()
            made = Fields(self.deed.asks)
            self.below(made)
            with ui.element("div").classes("ends"):
                button(_("Cancel"), self.dialog.close)
                button(self.deed.go, self._do, self.deed.look)
        return made

    def open(self, values: Values | None = None, form: str = "") -> None:
        """Show it, with `values` in its fields where given; `form` names what is typed then, where it is about another thing each time."""
        self.unsent = self._kept_as(form) if form else self.unsent
        if self.fresh or values is not None:
            self._clear()
        drawn, self.values = "form" in self.__dict__, values
        form_now = self.form  # drawn now if it was not
        if values is not None:
            form_now.fill(values)
        if self.unsent and not drawn:
            form_now.mark(self.unsent)
            self.unsent.ask()
        self.dialog.open()

    def below(self, made: Fields) -> None:
        """What a dialog of another kind draws between its fields and its buttons."""

    def refused(self, error: Refused) -> None:
        """Say why nothing was done, where the reader is."""
        self.form.refuse(error)

    def _kept_as(self, form: str) -> Unsent | None:
        return Unsent(form, self._put_back, self._empty) if form else None

    def _put_back(self, kept: Typed) -> None:
        if self.form.put(kept) and self.unsent:
            self.unsent.say()

    def _empty(self) -> None:
        self.form.fill(self.values)
        self.form.first.focus()

    def _clear(self) -> None:
        """Drawn anew when it opens next: a field that was emptied out of sight would show its old text again."""
        self.dialog.clear()
        self.__dict__.pop("form", None)
        self.fresh = False

    async def _do(self) -> None:
        if self.busy:  # a second click while the first is being done
            return
        self.busy = True
        try:
            typed = self.form.values
            if await attempt(self.desk, lambda s, actor: self.deed.work(s, actor, typed), done=self.deed.done, refused=self.refused):
                self.dialog.close()
                self.fresh = True
                if self.unsent:
                    self.unsent.sent()
                await self.after()
        finally:
            self.busy = False


def _choice(ask: Ask) -> Any:
    # with_input puts label and error on a real input; without it they stand on a div (FACTS 97).
    made = ui.select(dict(ask.options), value=ask.value or None, with_input=True)
    made.on("filter", js_handler=f"(typed, update) => desk.sift(getElement({made.id}), typed, update)")
    return made


def _many(ask: Ask) -> Any:
    return ui.select(dict(ask.options), value=ask.value or [], multiple=True, with_input=True).props("use-chips")


_CONTROLS: Mapping[str, Callable[[Ask], Any]] = {
    "text": lambda ask: ui.input(value=ask.value or "").props("dir=auto"),
    "email": lambda ask: ui.input(value=ask.value or "").props("type=email"),
    "date": lambda ask: ui.input(value=ask.value or "").props("type=date"),
    "long": lambda ask: ui.textarea(value=ask.value or "").props("autogrow dir=auto"),
    "choice": _choice,
    "many": _many,
}
