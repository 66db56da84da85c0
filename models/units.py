"""Numbers with what people write behind them: "14 years", "15 people", "80 %", "2.5 MW" where kilowatts are asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from models import loose

#: A number and the word or sign behind it, without white space: "2.5mw", "7.5/month", "80%".
_WITH_UNIT = re.compile(r"(?P<number>[+-]?[0-9][0-9.,]*)(?P<word>[^0-9.,].*?)\.?")
_ONE, _THOUSAND, _MILLION = Decimal(1), Decimal(1_000), Decimal(1_000_000)


def _each(words: str, times: Decimal = _ONE) -> dict[str, Decimal]:
    return dict.fromkeys((word.replace("_", "") for word in words.split()), times)


#: What is asked for → each word for it, in our languages, with how many of it that word means. No white space is written in them: "_" here.
UNITS: Mapping[str, Mapping[str, Decimal]] = {
    "years": _each("y yr yrs year years full_years j jahr jahre jahren volle_jahre سنة سنوات سنين عام عاما عامًا أعوام"),
    "people": _each(
        "person persons people employee employees staff member_of_staff members_of_staff worker workers installers ma mitarbeiter "
        "mitarbeitende beschäftigte personen leute شخص أشخاص موظف موظفا موظفًا موظفين موظفون عامل عمال"
    ),
    "projects": _each("project projects installation installations job jobs projekt projekte anlagen مشروع مشروعا مشروعًا مشاريع"),
    "a month": _each(
        "a_month per_month /month pm p.m project_a_month projects_a_month project_per_month projects_per_month projects/month project "
        "projects pro_monat im_monat /monat projekte_pro_monat projekte_im_monat projekte شهريا شهريًا في_الشهر مشاريع مشاريع_في_الشهر"
    ),
    "incidents": _each("incident incidents accident accidents report reports vorfall vorfälle unfall unfälle حادث حوادث"),
    "%": _each("% ٪ percent per_cent pc prozent بالمئة بالمائة في_المئة في_المائة"),
    "kWp": _each("kw kwp ك.و كيلوواط") | _each("mw mwp م.و ميغاواط ميجاواط megawatt megawatts", _THOUSAND) | _each("gw gwp", _MILLION),
    "MWp": _each("mw mwp م.و ميغاواط ميجاواط megawatt megawatts") | _each("kw kwp ك.و كيلوواط", 1 / _THOUSAND) | _each("gw gwp", _THOUSAND),
}


def measured(raw: object, unit: str, *, whole: bool = False) -> Decimal | None:
    """Like `loose.number`, or `loose.whole`, with the words of `unit` behind it; a power is brought to the one that is asked for.

    None for what is no such number, and for what can be read in two ways (`is_ambiguous`).
    """
    read = loose.whole if whole else loose.number
    if (plain := read(raw)) is not None or not isinstance(raw, str):
        return plain
    number, times = _parts(raw, unit)
    if not times or is_ambiguous(raw, unit):
        return None
    found = (read if times == _ONE else loose.number)(number)
    return None if found is None else found * times


def is_worded(raw: object) -> bool:
    """Whether a word or a sign stands behind the number."""
    return isinstance(raw, str) and bool(_WITH_UNIT.fullmatch(loose.joined(raw)))


def is_ambiguous(raw: object, unit: str) -> bool:
    """Whether the power is told in another unit and its number can be read in two ways: "1.250 MW" is 1.25 or 1,250 of them."""
    number, times = _parts(raw, unit)
    return times not in (None, _ONE) and loose.has_two_readings(number)


def _parts(raw: object, unit: str) -> tuple[str, Decimal | None]:
    """The number as it was typed, and how many of `unit` each is; None where the word is none for it."""
    found = _WITH_UNIT.fullmatch(loose.joined(raw)) if isinstance(raw, str) else None
    return (found["number"], UNITS.get(unit, {}).get(found["word"].casefold())) if found else ("", None)
