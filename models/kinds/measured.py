"""The kinds of answer that are counted or dated: whole numbers, exact numbers, yes or no, days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal as Exact
from typing import Any, ClassVar, Literal

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from models import loose, units
from models.kinds.kind import Answers, Kind
from models.language import _, ngettext, shown_date, shown_number


@dataclass(frozen=True)
class Integer(Kind):
    """A whole number from `least` to `most`, both included, of `unit` (models/units.py): "14 years" is 14."""

    least: int
    most: int
    unit: str = ""
    widget: ClassVar[str] = "integer"
    column_type: ClassVar[TypeEngine[Any]] = sa.Integer()
    input: ClassVar[Mapping[str, str]] = {"inputmode": "numeric"}

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> int:
        _must_have_one_reading(raw, self.unit, called, self.example)
        value = units.measured(raw, self.unit, whole=True)
        if value is None or not self.least <= value <= self.most or value != int(value):
            said = _("Enter the {called} as a whole number from {least} to {most}")
            raise ValueError(said.format(called=called, least=shown_number(self.least), most=shown_number(self.most)))
        return int(value)

    def show(self, value: Any) -> str:
        return shown_number(value) if isinstance(value, int) else Kind.show(self, value)

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    @property
    def example(self) -> int:
        return max(self.least, min(self.most, 12))


@dataclass(frozen=True)
class Pounds(Integer):
    """A whole amount of pounds, also written in short: "£5m", "250k". The page shows it in full once its box is left."""

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> int:
        example = shown_number(5_000_000)
        if loose.is_ambiguous(raw):
            raise _two_readings(raw, called, example)
        value = loose.pounds(raw)
        if value is None:
            raise ValueError(_("Enter the {called} in figures, like {example} or £5m").format(called=called, example=example))
        return Integer.clean(self, value, answers, called)


@dataclass(frozen=True)
class Decimal(Kind):
    """An exact number from `least` to `most` with at most `places` decimals, of `unit` (models/units.py): "500 kWp" are 0.5 MWp."""

    least: int
    most: int
    places: int
    unit: str = ""
    widget: ClassVar[str] = "decimal"
    column_type: ClassVar[TypeEngine[Any]] = sa.Numeric(12, 3)
    input: ClassVar[Mapping[str, str]] = {"inputmode": "decimal"}

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> Exact:
        _must_have_one_reading(raw, self.unit, called, self.example)
        value = units.measured(raw, self.unit)
        if value is None or not self.least <= value <= self.most:
            said = _("Enter the {called} as a number from {least} to {most}, like {example}")
            example = shown_number(Exact("2.5"))
            raise ValueError(said.format(called=called, least=shown_number(self.least), most=shown_number(self.most), example=example))
        rounded = value.quantize(Exact(1).scaleb(-self.places))
        if rounded != value:
            said = ngettext("Enter the {called} with one decimal at most", "Enter the {called} with {places} decimals at most", self.places)
            raise ValueError(said.format(called=called, places=self.places))
        return abs(rounded) if rounded == 0 else rounded  # -0.0 is 0

    def show(self, value: Any) -> str:
        return shown_number(value) if isinstance(value, Exact) else Kind.show(self, value)

    def to_json(self, value: Any) -> Any:
        """A JSON number: with twelve digits nothing is lost in it."""
        return value if value is None else float(value)

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.least, "maximum": self.most}

    @property
    def example(self) -> float:
        return 2.5


@dataclass(frozen=True)
class YesNo(Kind):
    """True or False."""

    widget: ClassVar[str] = "yesno"
    column_type: ClassVar[TypeEngine[Any]] = sa.Boolean()
    missing: ClassVar[str] = "Answer Yes or No: {called}"

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> bool:
        value = loose.truth(raw)
        if value is None:
            raise ValueError(_("Answer Yes or No: {called}").format(called=called))
        return value

    def show(self, value: Any) -> str:
        return (_("Yes") if value else _("No")) if isinstance(value, bool) else Kind.show(self, value)

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}

    @property
    def example(self) -> bool:
        return True


@dataclass(frozen=True)
class Date(Kind):
    """A day. `side` says on which side of today it lies at submission; models/rules.py holds it to that."""

    side: Literal["past", "future"]
    widget: ClassVar[str] = "date"
    column_type: ClassVar[TypeEngine[Any]] = sa.Date()
    input: ClassVar[Mapping[str, str]] = {"type": "date"}

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> date:
        value = loose.day(raw)
        if value is None:
            said = _("Enter the {called}, as day, month and year, like {example}")
            raise ValueError(said.format(called=called, example=shown_date(date(2026, 3, 3))))
        if not 1990 <= value.year <= 2100:
            raise ValueError(_("Check the year of the {called}: {year} cannot be right").format(called=called, year=value.year))
        return value

    def show(self, value: Any) -> str:
        return shown_date(value) if isinstance(value, date) else Kind.show(self, value)

    def to_json(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else value

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date"}

    @property
    def example(self) -> str:
        return "2026-03-03"


def _must_have_one_reading(raw: object, unit: str, called: str, example: float) -> None:
    if unit and units.is_ambiguous(raw, unit):
        raise _two_readings(raw, called, shown_number(Exact(str(example))))


def _two_readings(raw: object, called: str, example: str) -> ValueError:
    said = _("Write the {called} out in full, like {example}: “{typed}” can be read in two ways")
    return ValueError(said.format(called=called, example=example, typed=loose.text(raw)))
