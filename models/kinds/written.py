"""The kinds of answer that are written: names, texts, addresses and numbers that identify."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal, cast

import phonenumbers

from models import identifiers, loose
from models.kinds.kind import NONE, Answers, Kind, country_of
from models.language import LANGUAGES, _, catalogue, shown_number


@dataclass(frozen=True)
class Text(Kind):
    """One line of `least` to `most` characters; `form` names a rule of models/identifiers.py or a set of allowed signs."""

    least: int = 0
    most: int = 200
    form: Literal["", "company_number", "vat_number", "postcode", "certificate"] = ""
    widget: ClassVar[str] = "text"

    @property
    def by_country(self) -> bool:
        """Whether the company's country decides what is right."""
        return self.form in ("company_number", "vat_number", "postcode")

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> str:
        value = _bounded(loose.text(raw), self.least, self.most, called)
        if self.form == "certificate":
            if not all(sign.isascii() and (sign.isalnum() or sign in "/-") for sign in value):
                raise ValueError(_("Enter the {called} with letters, digits, / and - only").format(called=called))
        elif self.form:
            value = cast("str", getattr(identifiers, self.form)(value, country_of(answers)))
        return value

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": self.least, "maxLength": self.most}


@dataclass(frozen=True)
class LongText(Kind):
    """Several lines; with `none` the single word None, in any of our languages, is an answer too, stored as "None"."""

    least: int = 0
    most: int = 2000
    none: bool = False
    widget: ClassVar[str] = "textarea"

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> str:
        value = loose.paragraphs(raw)
        if self.none and value is not None and value.casefold() in _words_for_none():
            return NONE
        return _bounded(value, self.least, self.most, called)

    def show(self, value: Any) -> str:
        return _(NONE) if self.none and value == NONE else Kind.show(self, value)

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": min(self.least, len(NONE)) if self.none else self.least, "maxLength": self.most}


@dataclass(frozen=True)
class Email(Kind):
    """An address that mail can be sent to."""

    widget: ClassVar[str] = "email"
    input: ClassVar[Mapping[str, str]] = {"type": "email", "inputmode": "email", "autocapitalize": "off", "spellcheck": "false"}

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> str:
        return identifiers.email(_bounded(loose.text(raw), 0, 254, called))

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "email", "maxLength": 254}

    @property
    def example(self) -> str:
        return "name@example.co.uk"


@dataclass(frozen=True)
class Telephone(Kind):
    """A number that can be dialled, stored as E.164 (with its extension as RFC 3966 has it), read with the company's country in mind."""

    widget: ClassVar[str] = "tel"
    input: ClassVar[Mapping[str, str]] = {"type": "tel", "inputmode": "tel"}

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> str:
        return identifiers.telephone(loose.western(_bounded(loose.text(raw), 0, 40, called)), country_of(answers))

    def show(self, value: Any) -> str:
        if value is None:
            return ""
        try:
            number = phonenumbers.parse(value)
        except phonenumbers.NumberParseException:  # a half-typed draft is shown as it stands
            return str(value)
        extension, number.extension = number.extension, None
        shown = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        return _("{number} ext. {extension}").format(number=shown, extension=extension) if extension else shown

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": 40}

    @property
    def example(self) -> str:
        return "020 7946 0958"


@dataclass(frozen=True)
class Url(Kind):
    """A public web address, stored with its scheme."""

    widget: ClassVar[str] = "url"
    # Not type=url: a browser would refuse an address without https://, which we add.
    input: ClassVar[Mapping[str, str]] = {"inputmode": "url", "autocapitalize": "off", "spellcheck": "false"}

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> str:
        return identifiers.url(_bounded(loose.text(raw), 0, 300, called))

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": 300}

    @property
    def example(self) -> str:
        return "https://www.example.co.uk/"


def _bounded(value: str | None, least: int, most: int, called: str) -> str:
    if value is None:
        raise ValueError(_("Enter the {called} as text").format(called=called))
    if least <= len(value) <= most:
        return value
    short = _("{called} must be at least {least} characters: this has {length}")
    said = short if len(value) < least else _("{called} must be {most} characters or fewer: this has {length}")
    told = {"least": shown_number(least), "most": shown_number(most), "length": shown_number(len(value))}
    raise ValueError(said.format(called=_first_upper(called), **told))


@cache
def _words_for_none() -> frozenset[str]:
    """None as a reader of any of our languages writes it: drafts are read again in another one."""
    return frozenset({NONE.casefold(), *(catalogue(code).gettext(NONE).casefold() for code in LANGUAGES)})


def _first_upper(words: str) -> str:
    return words[:1].upper() + words[1:]
