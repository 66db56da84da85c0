"""A question of the form, and the conditions under which it is asked. Both are plain data; models/steps/ declares the questions.

From a question come its widget, help and error text, its check, its database column, its SharePoint column and its API field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ParamSpec

from sqlmodel import Field

from models import loose
from models.kinds import NONE, Answers, Kind
from models.language import _

Declared = ParamSpec("Declared")


@dataclass(frozen=True)
class Condition:
    """When something is asked: `field` passes `test` with `value`. Reads raw, half-typed and wrongly typed answers and never raises."""

    field: str
    test: str
    value: Any = None
    otherwise: Condition | None = None  # or else when this holds

    def holds(self, answers: Answers) -> bool:
        """Whether it holds for these answers."""
        met = _TESTS[self.test](answers.get(self.field), self.value)
        return met or (self.otherwise is not None and self.otherwise.holds(answers))

    @property
    def fields(self) -> tuple[str, ...]:
        """The questions it depends on."""
        return (self.field, *(self.otherwise.fields if self.otherwise else ()))

    @property
    def words(self) -> str:
        """The condition in words: "services offered includes Other"."""
        value = ", ".join(self.value) if isinstance(self.value, tuple) else self.value
        said = f"{self.field.replace('_', ' ')} {_WORDS[self.test].format(value)}"
        return f"{said}, or {self.otherwise.words}" if self.otherwise else said


def yes(field: str) -> Condition:
    """Answered Yes."""
    return Condition(field, "yes")


def no(field: str) -> Condition:
    """Answered No; not when nothing is answered yet."""
    return Condition(field, "no")


def above(field: str, limit: int) -> Condition:
    """A number greater than `limit`."""
    return Condition(field, "above", limit)


def includes(field: str, choice: str) -> Condition:
    """`choice` is ticked."""
    return Condition(field, "includes", choice)


def filled(field: str) -> Condition:
    """Anything is answered."""
    return Condition(field, "filled")


def not_one_of(field: str, *values: str) -> Condition:
    """None of `values` is chosen; also while nothing is."""
    return Condition(field, "not one of", values)


def other_than_none(field: str) -> Condition:
    """Something is ticked besides None."""
    return Condition(field, "other than none")


def either(first: Condition, second: Condition) -> Condition:
    """At least one of two."""
    return Condition(first.field, first.test, first.value, otherwise=second)


def _above(raw: object, limit: Any) -> bool:
    value = loose.number(raw)
    return value is not None and value > limit


_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "yes": lambda raw, _: loose.truth(raw) is True,
    "no": lambda raw, _: loose.truth(raw) is False,
    "above": _above,
    "includes": lambda raw, choice: choice in (loose.items(raw) or ()),
    "filled": lambda raw, _: not loose.blank(raw),
    "not one of": lambda raw, values: loose.text(raw) not in values,
    "other than none": lambda raw, _: any(item != NONE for item in loose.items(raw) or ()),
}
_WORDS: Mapping[str, str] = {
    "yes": "is Yes",
    "no": "is No",
    "above": "is above {}",
    "includes": "includes {}",
    "filled": "is filled in",
    "not one of": "is none of: {}",
    "other than none": "is other than None",
}


@dataclass(frozen=True)
class Question:
    """One field of the form. `name`, `step` and, until the next heading, `section` come from where it is declared."""

    kind: Kind
    label: str
    _: KW_ONLY
    column: str  # in SharePoint's list
    name: str = ""
    step: int = 0
    section: str = ""  # the heading it stands under
    called: str = ""  # its name in the middle of a sentence: "company telephone number"; from the label where not given
    missing: str = ""  # the sentence for one left out, saying what to do; the kind has one where none is given
    required: bool = True  # whenever it is asked
    when: Condition | None = None  # it is asked only when this holds
    help: str = ""
    autocomplete: str = ""  # the browser's token for filling it in
    default: Any = None
    example: Any = None
    same_as: str = ""  # the question whose answer a button copies
    must_be_true: bool = False
    agreement: bool = False  # to a text whose version and time are stored; it must be true
    box: bool = False  # one box to tick, not Yes and No

    def __post_init__(self) -> None:
        derived: dict[str, Any] = {"called": self.called or self.label[:1].lower() + self.label[1:]}
        derived |= {"must_be_true": True, "box": True} if self.agreement else {}
        for name, value in derived.items():
            object.__setattr__(self, name, value)  # the dataclass is frozen for everybody else

    def asked(self, answers: Answers) -> bool:
        """Whether the form asks it, given the other answers."""
        return self.when is None or self.when.holds(answers)

    @property
    def left_out(self) -> str:
        """What to do when it is left out, in the reader's words."""
        return _(self.missing) if self.missing else _(self.kind.missing).format(called=_(self.called))

    def clean(self, raw: object, answers: Answers) -> Any:
        """The value to store, None for no answer; ValueError carries the reader's sentence."""
        given = self.default if self.kind.is_empty(raw) else raw
        return None if given is None else self.kind.clean(given, answers, _(self.called))


def _as_field(declare: Callable[Declared, Question]) -> Callable[Declared, Any]:
    def field(*args: Declared.args, **kwargs: Declared.kwargs) -> Any:
        question = declare(*args, **kwargs)
        carried = {"json_schema_extra": {"question": question}}
        return Field(default=None, sa_type=question.kind.column_type, nullable=True, schema_extra=carried)

    return field


asked = _as_field(Question)
"""Declares a question as a field of a step: `company_name: str | None = asked(Text(2, 200), "Registered company name", column="Title")`.

It takes what Question takes. Columns are nullable even for what must be answered: a draft's row has no answers yet, a question
that is added later has none in older rows, and the code before it must still be able to write (FACTS 40).
"""
