"""How each kind of question looks: one builder a widget, from the declaration alone.

The controls are the browser's own, so that a telephone brings its wheel, its keyboard and its autofill. Vue must never own what
is typed (it would write an old value back when the page is patched), so a control gets its first value as `defaultValue` and
static/form.js reads it from then on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, cast

from nicegui import ui
from nicegui.element import Element

from models import loose
from models.agreement import TEXTS
from models.kinds import Choice, LongText, MultiChoice, Tags
from models.question import Question

LONGEST = "20000"  # far beyond every rule, so that what is too long is kept and told; what is pasted beyond it fits no request
RADIOS = 8  # more options than this become a list to open
WIDE = ("textarea", "yesno", "multichoice", "tags")


@dataclass
class Field:
    """One question on the page. What it shows beside the control is the server's; what stands in the control is the browser's."""

    question: Question
    place: Element
    control: Element
    error: ui.html
    asked: bool = True
    message: str = ""

    def show(self, asked: bool) -> None:
        """Open or close it; a closed question keeps its answer."""
        if asked != self.asked:
            self.asked = asked
            self.place.classes(**{"remove" if asked else "add": "closed"})

    def say(self, message: str) -> None:
        """Show what is wrong beside the control, or nothing."""
        if message == self.message:
            return
        self.message = message
        self.error.set_content(escape(message))
        self.place.classes(**{"add" if message else "remove": "invalid"})
        if self.judged is not None:
            self.judged.props["aria-invalid"] = "true" if message else "false"


    @property
    def judged(self) -> Element | None:
        """The element that may be called invalid: the control, or a radio group; a group of checkboxes has no such state."""
        widget = _widget(self.question)
        return None if widget == "boxes" else self.place if widget in ("radios", "yesno") else self.control


def field(question: Question, raw: object, *, asked: bool) -> Field:
    """A question with its label, help, control and place for an error; `raw` is the answer as it was typed."""
    grouped = _widget(question) in ("radios", "yesno", "boxes")
    with _place(question, grouped) as place:
        if question.agreement:
            ui.html(agreement_text(question.name), sanitize=False)
        _head(question, grouped)
        with ui.element("div").classes("control"):
            control = BUILDERS[_widget(question)](question, raw)
            _aside(question)
        error = ui.html("", sanitize=False, tag="p").classes("error").props(f'id={question.name}-error role=alert')
    made = Field(question, place, control, error)
    made.show(asked)
    return made


def agreement_text(name: str) -> str:
    """The text that is agreed to, in full, with its version, as HTML."""
    text = TEXTS[name]
    words = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in text.paragraphs)
    return (
        f'<div class="terms" role="region" tabindex="0" aria-label="{escape(text.title)}">'
        f'<h3>{escape(text.title)} <small>version {escape(text.version)}</small></h3>{words}</div>'
    )


def as_typed(question: Question, raw: object) -> str:
    """An answer as a text box holds it: what was typed, or what an API sent, in the form that people write."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, list):
        return "; ".join(str(one) for one in raw)
    return "" if raw is None or isinstance(raw, bool) else str(question.kind.to_json(raw))


def _widget(question: Question) -> str:
    kind = question.kind
    if isinstance(kind, Choice):
        return "radios" if len(kind.values) <= RADIOS else "select"
    if question.box:
        return "box"
    return {"multichoice": "boxes", "textarea": "textarea", "tags": "tags", "yesno": "yesno"}.get(kind.widget, "input")


def _place(question: Question, grouped: bool) -> Element:
    widget = _widget(question)
    place = ui.element("fieldset" if grouped else "div").classes("field appear")
    place.props["data-question"] = question.name
    place.props["data-kind"] = {"input": "text", "textarea": "text", "select": "text"}.get(widget, widget)
    if isinstance(question.kind, LongText):
        place.props["data-most"] = str(question.kind.most)
    if question.kind.widget in WIDE or widget in ("radios", "box"):
        place.classes("wide")
    if grouped:
        place.props["id"] = question.name
        place.props["role"] = "group" if widget == "boxes" else "radiogroup"
        place.props["aria-describedby"] = _described(question)
    return place


def _head(question: Question, grouped: bool) -> None:
    """Label and help; of a group the label is its legend, which must stand alone."""
    name, optional = question.name, "" if question.required else " <em>(optional)</em>"
    words = f"{escape(question.label)}{optional}"
    told = f'<p class="help" id="{name}-help">{escape(question.help)}</p>' if question.help else ""
    if grouped:
        ui.html(words, sanitize=False, tag="legend")
        if told:
            ui.html(told, sanitize=False)
    elif question.box:  # its label stands beside the box
        ui.html(told, sanitize=False).classes("head")
    else:
        ui.html(f'<label for="{name}" id="{name}-label">{words}</label>{told}', sanitize=False).classes("head")


def _aside(question: Question) -> None:
    """What stands below the control: the None button and the count of characters."""
    if isinstance(question.kind, LongText):
        none = f'<button type="button" class="btn slim" data-fill="None" aria-describedby="{question.name}-label">None</button>'
        room = '<span class="room small mute" aria-live="polite"></span>'
        ui.html(f"{none if question.kind.none else ''}{room}", sanitize=False).classes("below")


def _input(question: Question, raw: object) -> Element:
    made = _described_control("input", question)
    for name, value in {"type": "text", "maxlength": LONGEST, **question.kind.input}.items():
        made.props[name] = value
    if question.kind.widget == "date":
        day = loose.day(raw)
        made.props.update({"min": "1990-01-01", "max": "2100-12-31", "defaultValue": day.isoformat() if day else ""})
    else:
        made.props["defaultValue"] = as_typed(question, raw)
    return made


def _textarea(question: Question, raw: object) -> Element:
    made = _described_control("textarea", question)
    made.props.update({"rows": "3", "maxlength": LONGEST, "defaultValue": as_typed(question, raw)})
    return made


def _select(question: Question, raw: object) -> Element:
    chosen, options = _chosen(question, raw), cast("Choice", question.kind).options
    rows = "".join(f'<option value="{escape(v)}"{" selected" if v in chosen else ""}>{escape(w)}</option>' for v, w in options.items())
    made = ui.html(f'<option value=""></option>{rows}', sanitize=False, tag="select")
    return _describe(made, question)


def _radios(question: Question, raw: object) -> Element:
    options = cast("Choice", question.kind).options
    return _options(question, "radio", options, _chosen(question, raw)).classes("options")


def _yes_no(question: Question, raw: object) -> Element:
    truth = loose.truth(raw)
    chosen = set() if truth is None else {"yes" if truth else "no"}
    return _options(question, "radio", {"yes": "Yes", "no": "No"}, chosen).classes("options pair")


def _boxes(question: Question, raw: object) -> Element:
    return _options(question, "checkbox", cast("MultiChoice", question.kind).options, _chosen(question, raw)).classes("options columns")


def _box(question: Question, raw: object) -> Element:
    optional = "" if question.required else " <em>(optional)</em>"
    with ui.element("label").classes("option"):
        made = _described_control("input", question)
        made.props.update({"type": "checkbox", "defaultChecked": bool(loose.truth(raw))})
        ui.html(f"{escape(question.label)}{optional}", sanitize=False, tag="span")
    return made


def _tags(question: Question, raw: object) -> Element:
    kind = cast("Tags", question.kind)
    chosen = loose.items(raw, separators=";,\n") or []
    items = "".join(
        f'<li data-tag="{escape(tag)}"><button type="button" data-untag="" aria-label="Remove {escape(tag)}">'
        f'<span>{escape(tag)}</span><span aria-hidden="true">×</span></button></li>' for tag in chosen
    )  # fmt: skip
    ui.html(items, sanitize=False, tag="ul").classes("tags")
    with ui.element("div").classes("add"):
        made = _described_control("input", question)
        made.props.update({"list": f"{question.name}-list", "data-aside": "", "autocomplete": "off", "enterkeyhint": "done"})
        ui.html("Add", sanitize=False, tag="button").classes("btn").props('type=button data-add-tag=""')
    offered = "".join(f'<option value="{escape(one)}">' for one in kind.suggestions)
    ui.html(offered, sanitize=False, tag="datalist").props(f"id={question.name}-list")
    return made


BUILDERS: Mapping[str, Callable[[Question, object], Element]] = {
    "input": _input, "textarea": _textarea, "select": _select, "tags": _tags,
    "radios": _radios, "yesno": _yes_no, "boxes": _boxes, "box": _box,
}  # fmt: skip


def copy_button(questions: tuple[Question, ...]) -> None:
    """A button that copies the primary contact into the questions that may be the same."""
    pairs = {question.name: question.same_as for question in questions if question.same_as}
    if pairs:
        told = escape(json.dumps(pairs))
        ui.html(f'<button type="button" class="btn slim" data-copy="{told}">Same as primary contact</button>', sanitize=False)


def _options(question: Question, type: str, options: Mapping[str, str], chosen: set[str]) -> Element:
    def option(number: int, value: str, words: str) -> str:
        named = f'type="{type}" name="{question.name}" id="{question.name}-{number}" value="{escape(value)}"'
        return f'<label class="option"><input {named}{" checked" if value in chosen else ""}><span>{escape(words)}</span></label>'

    return ui.html("".join(option(number, *pair) for number, pair in enumerate(options.items())), sanitize=False)


def _chosen(question: Question, raw: object) -> set[str]:
    """The options that a raw answer names, in whatever case; what is no option cannot be shown as one."""
    kind = cast("Choice | MultiChoice", question.kind)
    said = {one.casefold() for one in (loose.items(raw) if isinstance(kind, MultiChoice) else [loose.text(raw)]) or () if one}
    return {value for value, words in kind.options.items() if {value.casefold(), words.casefold()} & said}


def _described_control(tag: str, question: Question) -> Element:
    return _describe(ui.element(tag), question)


def _describe(made: Element, question: Question) -> Element:
    told: dict[str, Any] = {"id": question.name, "name": question.name, "aria-describedby": _described(question)}
    if question.required:
        told["aria-required"] = "true"
    if question.autocomplete:
        told["autocomplete"] = question.autocomplete
    made.props.update(told)
    return made


def _described(question: Question) -> str:
    return f"{question.name}-help {question.name}-error" if question.help else f"{question.name}-error"

