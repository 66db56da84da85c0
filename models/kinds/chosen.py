"""The kinds of answer that pick from a list: one, several, or tags with suggestions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pycountry
import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from models import loose
from models.kinds.kind import NONE, Answers, Kind


@dataclass(frozen=True)
class Choice(Kind):
    """One of `values`; `labels` says what people read instead, where that differs."""

    values: tuple[str, ...]
    labels: Mapping[str, str] | None = None
    widget: ClassVar[str] = "choice"
    missing: ClassVar[str] = "Choose the {}"

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> str:
        typed = (loose.text(raw) or "").casefold()
        found = next((value for value in self.values if typed in (value.casefold(), self.label(value).casefold())), None)
        if found is None:
            raise ValueError(f"Choose the {called} from the list")
        return found

    def label(self, value: str) -> str:
        """What people read for a value."""
        return (self.labels or {}).get(value, value)

    @property
    def options(self) -> dict[str, str]:
        """Value → label, in the order they are offered."""
        return {value: self.label(value) for value in self.values}

    def show(self, value: Any) -> str:
        return self.label(value) if isinstance(value, str) else Kind.show(self, value)

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.values)}

    @property
    def example(self) -> str:
        return self.values[0]


@dataclass(frozen=True)
class MultiChoice(Kind):
    """Several of `values`, at least one, kept in the order of the list; None, where it is offered, excludes the others."""

    values: tuple[str, ...]
    widget: ClassVar[str] = "multichoice"
    column_type: ClassVar[TypeEngine[Any]] = sa.JSON()
    missing: ClassVar[str] = "Tick at least one of the {}"

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> list[str]:
        typed = loose.items(raw)
        ticked = {one.casefold() for one in typed or ()}
        unknown = ticked - {value.casefold() for value in self.values}
        if typed is None or not ticked or unknown:
            raise ValueError(f"Tick the {called} in the list; nothing else can be given here")
        if NONE.casefold() in ticked and len(ticked) > 1:
            raise ValueError(f"Tick either None or the {called}, not both")
        return [value for value in self.values if value.casefold() in ticked]

    def settled(self, before: Sequence[str], after: Sequence[str]) -> list[str]:
        """What stays ticked when `before` became `after`: a newly ticked None clears the others, any other clears None."""
        if NONE in after and len(after) > 1:
            return [NONE] if NONE not in before else [value for value in after if value != NONE]
        return list(after)

    @property
    def options(self) -> dict[str, str]:
        """Value → label, in the order they are offered."""
        return {value: value for value in self.values}

    def show(self, value: Any) -> str:
        return "; ".join(value) if isinstance(value, list) else Kind.show(self, value)

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string", "enum": list(self.values)}, "minItems": 1}

    @property
    def example(self) -> list[str]:
        return [self.values[0]]


@dataclass(frozen=True)
class Tags(Kind):
    """1 to 30 free words of 2 to 60 characters, each once whatever its case; `suggestions` are offered and lend their spelling."""

    suggestions: tuple[str, ...] = ()
    most: int = 30
    widget: ClassVar[str] = "tags"
    column_type: ClassVar[TypeEngine[Any]] = sa.JSON()
    missing: ClassVar[str] = "Add at least one of the {}"

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> list[str]:
        typed = loose.items(raw, separators=";,\n")
        if not typed:
            raise ValueError(f"Enter the {called} as a list of names")
        if wrong := next((tag for tag in typed if not 2 <= len(tag) <= 60), None):
            raise ValueError(f"Each of the {called} must have 2 to 60 characters: “{wrong[:20]}” has {len(wrong):,}")
        known = {one.casefold(): one for one in self.suggestions}
        kept: dict[str, str] = {}
        for tag in typed:
            kept.setdefault(tag.casefold(), known.get(tag.casefold(), tag))
        if len(kept) > self.most:
            raise ValueError(f"Name the {self.most} most important of the {called}: these are {len(kept):,}")
        return list(kept.values())

    def show(self, value: Any) -> str:
        return "; ".join(value) if isinstance(value, list) else Kind.show(self, value)

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string", "minLength": 2, "maxLength": 60}, "minItems": 1, "maxItems": self.most}

    @property
    def example(self) -> list[str]:
        return list(self.suggestions[:2]) or ["Name"]


_COUNTRY_CODES = (
    "GB", "IE", "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IS", "IT", "LI", "LT", "LU", "LV",
    "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
)  # fmt: skip


def _country_choice() -> Choice:
    """The UK and the EU/EEA by ISO code, with the United Kingdom and Ireland first and the rest by name."""
    names = {country.alpha_2: country.name for country in pycountry.countries if country.alpha_2 in _COUNTRY_CODES}
    return Choice((*_COUNTRY_CODES[:2], *sorted(_COUNTRY_CODES[2:], key=names.__getitem__)), names)


COUNTRIES = _country_choice()
