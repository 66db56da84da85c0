"""The kinds of answer that are counted or dated: whole numbers, exact numbers, yes or no, days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal as Exact
from typing import Any, ClassVar, Literal

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from models import loose
from models.kinds.kind import Answers, Kind


@dataclass(frozen=True)
class Integer(Kind):
    """A whole number from `least` to `most`, both included."""

    least: int
    most: int
    widget: ClassVar[str] = "integer"
    column_type: ClassVar[TypeEngine[Any]] = sa.Integer()
    input: ClassVar[Mapping[str, str]] = {"inputmode": "numeric"}

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> int:
        value = loose.number(raw)
        if value is None or not self.least <= value <= self.most or value != int(value):
            raise ValueError(f"Enter the {called} as a whole number from {self.least:,} to {self.most:,}")
        return int(value)

    def show(self, value: Any) -> str:
        return f"{value:,}" if isinstance(value, int) else Kind.show(self, value)

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    @property
    def example(self) -> int:
        return max(self.least, min(self.most, 12))


@dataclass(frozen=True)
class Decimal(Kind):
    """An exact number from `least` to `most` with at most `places` decimals."""

    least: int
    most: int
    places: int
    widget: ClassVar[str] = "decimal"
    column_type: ClassVar[TypeEngine[Any]] = sa.Numeric(12, 3)
    input: ClassVar[Mapping[str, str]] = {"inputmode": "decimal"}

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> Exact:
        value = loose.number(raw)
        if value is None or not self.least <= value <= self.most:
            raise ValueError(f"Enter the {called} as a number from {self.least:,} to {self.most:,}, like 2.5")
        rounded = value.quantize(Exact(1).scaleb(-self.places))
        if rounded != value:
            raise ValueError(f"Enter the {called} with {'one decimal' if self.places == 1 else f'{self.places} decimals'} at most")
        return abs(rounded) if rounded == 0 else rounded  # -0.0 is 0

    def show(self, value: Any) -> str:
        return f"{value:,f}".rstrip("0").rstrip(".") if isinstance(value, Exact) and "." in f"{value:f}" else Kind.show(self, value)

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
    missing: ClassVar[str] = "Answer Yes or No: {}"

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> bool:
        value = loose.truth(raw)
        if value is None:
            raise ValueError(f"Answer Yes or No: {called}")
        return value

    def show(self, value: Any) -> str:
        return {True: "Yes", False: "No"}[value] if isinstance(value, bool) else Kind.show(self, value)

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
            raise ValueError(f"Enter the {called}, as day, month and year, like 3 March 2026")
        if not 1990 <= value.year <= 2100:
            raise ValueError(f"Check the year of the {called}: {value.year} cannot be right")
        return value

    def show(self, value: Any) -> str:
        return f"{value.day} {value:%B %Y}" if isinstance(value, date) else Kind.show(self, value)

    def to_json(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else value

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date"}

    @property
    def example(self) -> str:
        return "2026-03-03"
