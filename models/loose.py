"""Reading what people type or send: each function gives a value or None, whatever it is given, and never raises.

Kinds and conditions read half-typed drafts and foreign JSON through these, so both always see the same thing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal

from models.language import months

# Marks that reverse the reading direction can disguise a name; the last two are not allowed in XML, and so not in a spreadsheet.
_UNWANTED = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ufffe\uffff")
_NUMBER = re.compile(r"[+-]?([0-9]{1,3}(,[0-9]{3})+|[0-9]{1,15})(\.[0-9]{1,9})?")
#: As most of Europe writes numbers, where that cannot be mistaken for ours: 5.000.000 or 1.234,5 or 12,5, but neither 1.200 nor 1,200.
_CONTINENTAL = re.compile(
    r"[+-]?([0-9]{1,3}(\.[0-9]{3}){2,}(,[0-9]{1,9})?|[0-9]{1,3}\.[0-9]{3},[0-9]{1,9}|[0-9]{1,15},([0-9]{1,2}|[0-9]{4,9}))"
)
_POINTED = re.compile(r"[+-]?[0-9]{1,3}\.[0-9]{3}")
#: Amounts in short: "5m", "5 million", "250k". Where the number has one separator and three digits after it ("1.250m"), nobody can tell
#: whether that is its decimals. A billion is left out: it is a thousand times more in German.
_SHORT = re.compile(r"(?P<number>[+-]?[0-9.,]+)(?P<word>[^\W\d_]+)\.?", re.IGNORECASE)
_TWO_WAYS = re.compile(r"[+-]?[0-9]{1,3}[.,][0-9]{3}")
_TIMES: Mapping[str, int] = {
    **dict.fromkeys(("k", "thousand", "tsd", "tausend", "ألف", "الف", "آلاف"), 1_000),
    **dict.fromkeys(("m", "mn", "mio", "mil", "mill", "million", "millions", "millionen", "مليون", "ملايين"), 1_000_000),
}
_POUNDS = re.compile(r"^(£|gbp)|(£|gbp|pounds?|pounds?sterling|pfund|جنيه|جنيه[إا]سترليني)$", re.IGNORECASE)
_DAY = re.compile(r"([0-9]{1,2})\.? ([^\W\d_]+)\.?,? ([0-9]{4})")
#: The digits and separators of Arabic and Persian, as ours.
_WESTERN = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫٬", "01234567890123456789.,")
_YES, _NO = frozenset({"yes", "true"}), frozenset({"no", "false"})


def text(raw: object) -> str | None:
    """One trimmed line in NFC without control characters; None if `raw` is no string."""
    return " ".join(_visible(raw).split()) if isinstance(raw, str) else None


def paragraphs(raw: object) -> str | None:
    """Like `text`, but line ends stay, as a plain line feed."""
    if not isinstance(raw, str):
        return None
    return "\n".join(line.rstrip() for line in _visible(raw).replace("\u2028", "\n").replace("\u2029", "\n").split("\n")).strip()


def truth(raw: object) -> bool | None:
    """True or False for a bool, or for yes, no, true or false in any case."""
    if isinstance(raw, bool):
        return raw
    word = (text(raw) or "").casefold()
    return True if word in _YES else False if word in _NO else None


def number(raw: object) -> Decimal | None:
    """An exact number from a number or from digits as people write them: "1,200", "£5,000,000", "12.5", "12,5" or "٥٠٠"."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int | Decimal):
        return Decimal(raw) if Decimal(raw).is_finite() else None
    if isinstance(raw, float):
        return Decimal(repr(raw)) if Decimal(repr(raw)).is_finite() else None
    digits = _digits(raw)
    if _CONTINENTAL.fullmatch(digits) and not _NUMBER.fullmatch(digits):
        return Decimal(digits.replace(".", "").replace(",", "."))
    return Decimal(digits.replace(",", "")) if _NUMBER.fullmatch(digits) else None


def searched(raw: str) -> str:
    """The words that somebody looks for, from an address: in one line, without what no database stores, 100 characters at most."""
    return " ".join(raw.replace("\0", "").split())[:100]


def row_number(raw: str, most: int = 2**31 - 1) -> int:
    """A row's number in an address, from 1; 0 where it is none or beyond what its column holds, which PostgreSQL refuses to compare."""
    found = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 20 else 0
    return found if found <= most else 0


def whole(raw: object) -> Decimal | None:
    """Like `number`, for what can only be whole: 1.200 is then the German way to write 1,200."""
    return Decimal(_digits(raw).replace(".", "")) if _POINTED.fullmatch(_digits(raw)) else number(raw)


def pounds(raw: object) -> Decimal | None:
    """Like `whole`, for an amount of pounds, in short too: "£5m", "5 million", "250k" or "£1,250,000.00"; None for what is no amount.

    None also for what can be read in two ways (`is_ambiguous`).
    """
    written = _amount(raw)
    short = _SHORT.fullmatch(written)
    if short is None:
        return whole(raw if not isinstance(raw, str) else written)
    times, found = _TIMES.get(short["word"].casefold()), number(short["number"])
    return None if times is None or found is None or is_ambiguous(raw) else found * times


def is_ambiguous(raw: object) -> bool:
    """Whether an amount in short can be read in two ways: "1.250m" is 1.25 million in one country and 1,250 million in another."""
    short = _SHORT.fullmatch(_amount(raw))
    return bool(short and short["word"].casefold() in _TIMES and has_two_readings(short["number"]))


def has_two_readings(digits: str) -> bool:
    """Whether one separator has three digits after it: decimals in one country, thousands in another."""
    return bool(_TWO_WAYS.fullmatch(digits))


def joined(raw: object) -> str:
    """What was typed without any white space, with the digits of an English keyboard; empty if it is no text."""
    return re.sub(r"\s", "", western(text(raw) or ""))


def western(typed: str) -> str:
    """With the digits that are also on an English keyboard."""
    return typed.translate(_WESTERN)


def day(raw: object) -> date | None:
    """A day from a date, from 2026-03-03 (a time after it is dropped), 03/03/2026, 3.3.2026, or 3 March 2026 in any of our languages."""
    if isinstance(raw, date):
        return raw.date() if isinstance(raw, datetime) else raw
    written = western(text(raw) or "")
    iso = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(T.*)?", written)
    readings = ((iso[1] if iso else "", "%Y-%m-%d"), (written, "%d/%m/%Y"), (written, "%d.%m.%Y"), (_numbered(written), "%d %m %Y"))
    for words, pattern in readings:
        with suppress(ValueError):
            return datetime.strptime(words, pattern).date()  # noqa: DTZ007 (a day has no zone)
    return None


def items(raw: object, separators: str = ";\n") -> list[str] | None:
    """Trimmed, non-empty lines from a list of strings, or from one string with separators; None for anything else."""
    if isinstance(raw, str):
        raw = re.split(f"[{re.escape(separators)}]", raw)
    if not isinstance(raw, list | tuple | set | frozenset) or not all(isinstance(one, str) for one in raw):
        return None
    return [line for one in raw if (line := text(one))]


def blank(raw: object) -> bool:
    """Whether nothing was answered: None, only white space, or a list of nothing. False and 0 are answers."""
    if isinstance(raw, str):
        return not text(raw)
    return raw is None or (isinstance(raw, list | tuple | set | frozenset) and all(blank(one) for one in raw))


def _digits(raw: object) -> str:
    return joined(raw).removeprefix("£").removesuffix("%")


def _amount(raw: object) -> str:
    """An amount without white space and without its pounds."""
    return _POUNDS.sub("", joined(raw))


def _numbered(written: str) -> str:
    """A day with its month's name as a number; empty if that is no month."""
    found = _DAY.fullmatch(written)
    month = months().get(found[2].casefold()) if found else None
    return f"{found[1]} {month} {found[3]}" if found and month else ""


def _visible(raw: str) -> str:
    if raw.isascii() and raw.isprintable():  # nearly always, and then there is nothing to do
        return raw
    ended = raw.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    kept = (sign for sign in ended if sign == "\n" or (sign not in _UNWANTED and unicodedata.category(sign) not in ("Cc", "Cs")))
    return unicodedata.normalize("NFC", "".join(kept))
