"""The language that is spoken now: each request, mail and open page has its own. English is the source, the others are catalogues.

`_("Enter the {called}")` in a function answers in the spoken language. What is declared when a module is imported (a question's
label, a table of words) stands there in English, and is handed to `_` where it is shown.
"""

from __future__ import annotations

import gettext as catalogues
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, cached_property, lru_cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

CATALOGUES = Path(__file__).parent / "languages"


@dataclass(frozen=True)
class Language:
    """One language of the product. `tag` is what a page's `lang` says, `name` is written in the language itself."""

    code: str
    name: str
    tag: str
    direction: str = "ltr"

    @cached_property
    def locale(self) -> Locale:
        """How dates, numbers and names of countries are written."""
        return Locale.parse(self.tag, sep="-")


ENGLISH = Language("en", "English", "en-GB")
LANGUAGES = {one.code: one for one in (ENGLISH, Language("de", "Deutsch", "de"), Language("ar", "العربية", "ar", "rtl"))}
_spoken: ContextVar[Language] = ContextVar("language", default=ENGLISH)


def spoken() -> Language:
    """The language of this request, mail or page."""
    return _spoken.get()


@contextmanager
def speaking(code: str) -> Iterator[Language]:
    """Speak another language for a while; English where it is none of ours."""
    before = _spoken.set(LANGUAGES.get(code, ENGLISH))
    try:
        yield _spoken.get()
    finally:
        _spoken.reset(before)


def _(text: str) -> str:
    """The text in the spoken language; as it stands where the catalogue has none."""
    return catalogue(spoken().code).gettext(text) if text else ""


def ngettext(one: str, many: str, number: int) -> str:
    """The text for this number in the spoken language."""
    return catalogue(spoken().code).ngettext(one, many, number)


def shown_date(day: date, form: str = "long") -> str:
    """A day as it is written in the spoken language: 3 March 2026. `form` is one of CLDR's, "medium" is 3 Mar 2026, or a pattern."""
    return format_date(day, form, locale=spoken().locale)


def shown_number(number: int | Decimal) -> str:
    """A number with the spoken language's separators and up to three decimals: 5,000 or 1,038.25."""
    return _number(number, spoken().code)


@lru_cache(maxsize=2048)  # the small ones stand in every page, and are told anew with every key: Babel takes 50 µs for each
def _number(number: int | Decimal, code: str) -> str:
    return format_decimal(number, locale=LANGUAGES[code].locale)


def shown_list(words: Sequence[str]) -> str:
    """Words in one sentence: "Company, Contacts and Insurance"."""
    return format_list(words, locale=spoken().locale)


@cache
def months() -> dict[str, int]:
    """The names of months in all our languages, in full and short, without case: a draft may be read again in another language."""
    widths = [one.locale.months["format"][width] for one in LANGUAGES.values() for width in ("wide", "abbreviated")]
    return {name.removesuffix(".").casefold(): number for names in widths for number, name in names.items()}


@cache
def catalogue(code: str) -> catalogues.NullTranslations:
    """The texts of a language, compiled when they are first needed, so that nothing compiled is kept in the repository."""
    compiled = io.BytesIO()
    write_mo(compiled, read(code))
    compiled.seek(0)
    return catalogues.GNUTranslations(compiled) if code != ENGLISH.code else catalogues.NullTranslations()


@cache
def read(code: str) -> Catalog:
    """What is translated into a language, with the places of each text; nothing for English, the source."""
    source = CATALOGUES / f"{code}.po"
    if not source.exists():
        return Catalog(locale=code)
    with source.open("rb") as written:
        found = read_po(written, locale=code)
    for text in list(found):
        if text.id and not all([text.string] if isinstance(text.string, str) else text.string or [""]):
            found.delete(text.id)  # else a plural without its forms would be shown as nothing
    return found
