"""How each kind of question looks, from the declaration alone: what the templates draw (templates/question.html).

The controls are the browser's own, so that a telephone brings its wheel, its keyboard and its autofill, and so that they can be
filled in before any script is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from models import loose
from models.advice import ADVISED
from models.kinds import NONE, Choice, Date, Email, LongText, MultiChoice, Tags, Telephone, Text, Url
from models.language import _, shown_date
from models.question import Question
from models.request import Wanted

LONGEST = "20000"  # far beyond every rule, so that what is too long is kept and told; what is pasted beyond it fits no request
RADIOS = 8  # more options than this become a list to open
WIDE = ("textarea", "yesno", "multichoice", "tags")
GROUPED = ("radios", "yesno", "boxes")
#: Questions whose help has more in it than words: the template that draws it.
HELPED: Mapping[str, str] = {"received_contract_pack": "apply_pack.html"}
#: What is written in Latin letters from left to right in every language.
LEFT_TO_RIGHT = (Email, Telephone, Url)


@dataclass(slots=True)
class Field:
    """One question as a page draws it. `raw` is the answer as it was typed, `wanted` what a reviewer asked about it."""

    question: Question
    raw: object
    asked: bool = True
    message: str = ""
    locked: bool = False
    shown: str = ""  # the answer for reading, where it is locked
    wanted: Wanted | None = None
    due: date | None = None
    below: str = ""  # HTML that stands right below it
    advice: str = ""  # what a reviewer will come back to, though it is not wrong
    stands: str = ""  # what it is to take the place of, for reading; and the same as JSON
    stands_as: str = ""
    widget: str = field(init=False)

    def __post_init__(self) -> None:
        self.widget = widget(self.question)

    @property
    def grouped(self) -> bool:
        """Whether it is several controls under one legend."""
        return self.widget in GROUPED

    @property
    def kind(self) -> str:
        """The reader and writer of static/form.js that it needs."""
        return {"input": "text", "textarea": "text", "select": "text"}.get(self.widget, self.widget)

    @property
    def wide(self) -> bool:
        """Whether it takes both columns."""
        return self.question.kind.widget in WIDE or self.widget in ("radios", "box")

    @property
    def text(self) -> str:
        """The answer as a text box holds it."""
        return as_typed(self.question, self.raw)

    @property
    def day(self) -> str:
        """The answer as a calendar holds it; empty if it is no day."""
        found = loose.day(self.raw)
        return found.isoformat() if found else ""

    @property
    def options(self) -> Mapping[str, str]:
        """What can be chosen, value → words."""
        if self.widget == "yesno":
            return {"yes": _("Yes"), "no": _("No")}
        return cast("Choice | MultiChoice", self.question.kind).options

    @property
    def chosen(self) -> set[str]:
        """What is chosen or ticked."""
        truth = loose.truth(self.raw)
        if self.widget == "yesno":
            return set() if truth is None else {"yes" if truth else "no"}
        return {"yes"} if self.widget == "box" and truth else set() if self.widget == "box" else _chosen(self.question, self.raw)

    @property
    def tags(self) -> list[str]:
        """The words that were added."""
        return loose.items(self.raw, separators=";,\n") or []

    @property
    def described(self) -> str:
        """The ids of all that is said about it."""
        name = self.question.name
        help_there = self.question.help or self.helped
        parts = (("asked", self.wanted), ("stands", self.stands), ("help", help_there), ("error", True), ("advice", self.advised))
        return " ".join(f"{name}-{part}" for part, there in parts if there)

    @property
    def helped(self) -> str:
        """The template of its help, where that has more in it than words; empty otherwise."""
        return HELPED.get(self.question.name, "")

    @property
    def advised(self) -> bool:
        """Whether something may have to be said of an answer that is right."""
        return self.question.name in ADVISED

    @property
    def suggestions(self) -> tuple[str, ...]:
        """What is offered while a tag is typed."""
        return cast("Tags", self.question.kind).suggestions

    @property
    def until(self) -> str:
        """The reviewer's date, in words."""
        return until(self.due)

    @property
    def attributes(self) -> dict[str, str]:
        """What its control carries besides its name."""
        return attributes(self.question)


def widget(question: Question) -> str:
    """input, date, textarea, select, tags, radios, yesno, boxes or box."""
    kind = question.kind
    if isinstance(kind, Choice):
        return "radios" if len(kind.values) <= RADIOS else "select"
    if question.box:
        return "box"
    return {"multichoice": "boxes", "textarea": "textarea", "tags": "tags", "yesno": "yesno", "date": "date"}.get(kind.widget, "input")


def attributes(question: Question) -> dict[str, str]:
    """Type, keyboard, autofill and direction of a written answer, so that a telephone brings what is needed and no more."""
    kind = question.kind
    told = {"type": "text", "maxlength": LONGEST, "autocomplete": question.autocomplete or "off", "enterkeyhint": "next", **kind.input}
    if isinstance(kind, Date):
        told |= {"type": "text", "autocapitalize": "off", "spellcheck": "false"}
    if isinstance(kind, Text) and kind.form:
        told |= {"autocapitalize": "characters", "spellcheck": "false"}
    if question.autocomplete in ("name", "organization") or question.name.endswith("_name"):
        told |= {"autocapitalize": "words", "spellcheck": "false"}
    if isinstance(kind, LongText):
        told = {name: value for name, value in told.items() if name not in ("type", "enterkeyhint")}
    told["dir"] = "ltr" if isinstance(kind, LEFT_TO_RIGHT) or "inputmode" in told or (isinstance(kind, Text) and kind.form) else "auto"
    return told


def as_typed(question: Question, raw: object) -> str:
    """An answer as a text box holds it: what was typed, or what an API sent, in the form that people write."""
    if isinstance(question.kind, Date) and (day := loose.day(raw)):
        return shown_date(day)
    if isinstance(raw, str):
        return question.kind.show(raw) if raw == NONE else raw
    if isinstance(raw, list):
        return "; ".join(str(one) for one in raw)
    return "" if raw is None or isinstance(raw, bool) else str(question.kind.to_json(raw))


def same_buttons(questions: tuple[Question, ...]) -> list[tuple[str, dict[str, Any]]]:
    """The buttons of a card that copy: their words, and question → where it comes from."""
    pairs = {question.name: question.same_as for question in questions if question.same_as}
    people = {name: source for name, source in pairs.items() if source.startswith("primary_contact")}
    office = {name: [source, "company_city", "company_postal"] for name, source in pairs.items() if source == "company_address"}
    found: list[tuple[str, dict[str, Any]]] = [(_("Same as primary contact"), dict(people)), (_("Same as registered office"), dict(office))]
    return [(words, told) for words, told in found if told]


def until(due: date | None) -> str:
    """ "Answer by 3 March 2026."; empty where there is no date."""
    return _("Answer by {day}.").format(day=shown_date(due)) if due else ""


def _chosen(question: Question, raw: object) -> set[str]:
    """The options that a raw answer names, in whatever case; what is no option cannot be shown as one."""
    kind = cast("Choice | MultiChoice", question.kind)
    if isinstance(kind, Choice):
        found = kind.chosen(loose.text(raw) or "")
        return {found} if found else set()
    said = {one.casefold() for one in loose.items(raw) or ()}
    return {value for value in kind.values if value.casefold() in said}
