"""The kinds of answer that pick from a list: one, several, or tags with suggestions."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pycountry
import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from models import loose
from models.kinds.kind import NONE, Answers, Kind
from models.language import ENGLISH, _, shown_number, spoken


@dataclass(frozen=True)
class Choice(Kind):
    """One of `values`; `labels` says in English what people read instead, where that differs."""

    values: tuple[str, ...]
    labels: Mapping[str, str] | None = None
    widget: ClassVar[str] = "choice"
    missing: ClassVar[str] = "Choose the {called}"

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> str:
        found = self.chosen(loose.text(raw) or "")
        if found is None:
            raise ValueError(_("Choose the {called} from the list").format(called=called))
        return found

    def chosen(self, typed: str) -> str | None:
        """The value that is meant by a value or by its English label, in any case."""
        meant = typed.casefold()
        return next((value for value in self.values if meant in (value.casefold(), (self.labels or {}).get(value, value).casefold())), None)

    def label(self, value: str) -> str:
        """What people read for a value, in the spoken language."""
        return _((self.labels or {}).get(value, value))

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
    missing: ClassVar[str] = "Tick at least one of the {called}"

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> list[str]:
        typed = loose.items(raw)
        ticked = {one.casefold() for one in typed or ()}
        unknown = ticked - {value.casefold() for value in self.values}
        if typed is None or not ticked or unknown:
            raise ValueError(_("Tick the {called} in the list; nothing else can be given here").format(called=called))
        if NONE.casefold() in ticked and len(ticked) > 1:
            raise ValueError(_("Tick either None or the {called}, not both").format(called=called))
        return [value for value in self.values if value.casefold() in ticked]

    def settled(self, before: Sequence[str], after: Sequence[str]) -> list[str]:
        """What stays ticked when `before` became `after`: a newly ticked None clears the others, any other clears None."""
        if NONE in after and len(after) > 1:
            return [NONE] if NONE not in before else [value for value in after if value != NONE]
        return list(after)

    @property
    def options(self) -> dict[str, str]:
        """Value → label, in the order they are offered."""
        return {value: _(value) for value in self.values}

    def show(self, value: Any) -> str:
        return _listed([_(one) for one in value]) if isinstance(value, list) else Kind.show(self, value)

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
    missing: ClassVar[str] = "Add at least one of the {called}"

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> list[str]:
        typed = loose.items(raw, separators=";,\n")
        if not typed:
            raise ValueError(_("Enter the {called} as a list of names").format(called=called))
        if wrong := next((tag for tag in typed if not 2 <= len(tag) <= 60), None):
            said = _("Each of the {called} must have 2 to 60 characters: “{tag}” has {length}")
            raise ValueError(said.format(called=called, tag=wrong[:20], length=shown_number(len(wrong))))
        known = {one.casefold(): one for one in self.suggestions}
        kept: dict[str, str] = {}
        for tag in typed:
            kept.setdefault(tag.casefold(), known.get(tag.casefold(), tag))
        if len(kept) > self.most:
            said = _("Name the {most} most important of the {called}: these are {number}")
            raise ValueError(said.format(most=self.most, called=called, number=shown_number(len(kept))))
        return list(kept.values())

    def show(self, value: Any) -> str:
        return _listed(value) if isinstance(value, list) else Kind.show(self, value)

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


@dataclass(frozen=True)
class Country(Choice):
    """A country by its ISO code. Its names in other languages are the Unicode consortium's (CLDR), not our catalogues'."""

    def label(self, value: str) -> str:
        return Choice.label(self, value) if spoken() is ENGLISH else str(spoken().locale.territories.get(value, value))

    @property
    def options(self) -> dict[str, str]:
        """Code → name: the first two, then the others as the spoken language sorts them."""
        names = {value: self.label(value) for value in self.values}
        return names if spoken() is ENGLISH else {value: names[value] for value in (*self.values[:2], *_sorted(self.values[2:], names))}


def _country_choice() -> Country:
    """The UK and the EU/EEA by ISO code, with the United Kingdom and Ireland first and the rest by name."""
    names = {country.alpha_2: country.name for country in pycountry.countries if country.alpha_2 in _COUNTRY_CODES}
    return Country((*_COUNTRY_CODES[:2], *sorted(_COUNTRY_CODES[2:], key=names.__getitem__)), names)


def _sorted(values: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """By name, with Ö beside O."""
    return sorted(values, key=lambda value: unicodedata.normalize("NFKD", names[value]).casefold())


def _listed(words: Sequence[str]) -> str:
    """Several answers in one line. A semicolon separates them, as some have commas of their own."""
    return _("; ").join(words)


COUNTRIES = _country_choice()
