"""What was probably meant: an address a letter or two off, a whole address in one box, a number with its unit, a telephone's extension."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.address import Address, split
from models.language import speaking
from models.meant import COMMON, SHORT, meant
from models.steps import QUESTIONS
from models.units import UNITS
from tests.test_form_kinds import CALM, refused, stored

LETTERS = st.sampled_from("abcdefghijklmnopqrstuvwxyz")
OWN = "brightfieldsolar.co.uk"


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("ann@gmial.com", "ann@gmail.com"), ("ann@gmail.co", "ann@gmail.com"), ("ann@hotmial.co.uk", "ann@hotmail.co.uk"),
        ("ann@outlok.com", "ann@outlook.com"), ("ann@btinternt.com", "ann@btinternet.com"), ("ann@web.d", "ann@web.de"), ("ann@gmail.com", ""),
        ("ann@harlowfoods.co.uk", ""), ("ann@brightfeildsolar.co.uk", f"ann@{OWN}"), (f"ann@mail.{OWN}", ""), ("ann", ""), ("", ""),
        ("Ann@GMIAL.com", "Ann@gmail.com"), ("ann@gmx.at", ""), ("ann@sme.com", ""),
    ],
)  # fmt: skip
def test_a_domain_that_is_nearly_a_known_one_is_asked_about(typed: str, asked: str) -> None:
    assert meant(typed, [OWN]) == asked


@CALM
@given(st.sampled_from(sorted(one for one in COMMON if len(one) >= SHORT)), st.integers(1, 40), LETTERS, st.sampled_from(["in", "out", "other", "swap"]))
def test_whatever_one_letter_is_wrong_a_known_domain_is_meant(known: str, at: int, letter: str, slip: str) -> None:
    at = 1 + at % (known.index(".") - 1)  # in the name, after its first letter
    swapped = known[: at - 1] + known[at] + known[at - 1] + known[at + 1 :] if at > 1 else known
    wrong = {"in": known[:at] + letter + known[at:], "out": known[:at] + known[at + 1 :], "other": known[:at] + letter + known[at + 1 :]}
    typed = wrong.get(slip, swapped)
    assume(typed not in COMMON)
    assert meant(f"ann@{typed}") in {f"ann@{one}" for one in COMMON}


@CALM
@given(st.emails(), st.lists(st.sampled_from([OWN, "gmx.at", ""])))
def test_what_is_offered_is_an_address_that_is_not_asked_about_again(typed: str, own: list[str]) -> None:
    offered = meant(typed, own)
    assert offered != typed and meant(offered, own) == ""


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("12 High Street, Leeds, LS1 4AB", Address("12 High Street", "Leeds", "", "LS1 4AB")),
        ("Unit 4, Kennet Mill\nMill Lane\nReading\nBerkshire rg18ls\nUK", Address("Unit 4\nKennet Mill\nMill Lane", "Reading", "Berkshire", "RG1 8LS")),
        ("1 Mill Lane, Leeds LS1 4DY, England", Address("1 Mill Lane", "Leeds", "", "LS1 4DY")),
        ("Unit 4, Mill Lane", None), ("12 High Street LS1 4AB", None), ("LS1 4AB", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_a_whole_address_is_taken_apart(typed: object, parts: Address | None) -> None:
    assert split(typed) == parts


NAMES = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz '-"), min_size=3, max_size=20).map(str.strip).filter(lambda one: len(one) > 2)


@CALM
@given(NAMES, NAMES, st.from_regex(r"[A-Z]{1,2}[0-9]{1,2} [0-9][A-Z]{2}", fullmatch=True), st.sampled_from([", ", "\n", ",\n"]))
def test_nothing_of_an_address_is_lost_when_it_is_taken_apart(street: str, town: str, code: str, between: str) -> None:
    found = split(between.join((f"1 {street}", town, code)))
    assume(found is not None)
    assert found is not None and {f"1 {street}", town, code} == {found.street, found.town, found.postcode}


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("years_trading", "14 years", 14), ("experience_years", "14 Jahre", 14), ("experience_years", "١٤ سنة", 14), ("team_size", "15 people", 15),
        ("team_size", "1,500 employees", 1500), ("internal_staff_percentage", "80 per cent", 80), ("internal_staff_percentage", "80 %", 80),
        ("max_project_size_kwp", "2.5 MW", 2500), ("max_project_size_kwp", "2,5 MWp", 2500), ("max_project_size_kwp", "1.250 kWp", 1250),
        ("installed_mwp_3y", "38.25 MWp", Decimal("38.25")), ("installed_mwp_3y", "500 kW", Decimal("0.5")),
        ("projects_per_month", "7.5 a month", Decimal("7.5")), ("riddor_incident_count", "2 incidents", 2), ("projects_completed_3y", "12 Projekte", 12),
    ],
)  # fmt: skip
def test_a_number_is_understood_with_its_unit(name: str, typed: str, value: object) -> None:
    assert stored(name, typed) == value


@pytest.mark.parametrize(("name", "typed"), [("max_project_size_kwp", "1.250 MW"), ("max_project_size_kwp", "1,250MW"), ("installed_mwp_3y", "1.250 kWp")])
def test_a_power_that_can_be_read_in_two_ways_is_refused_with_what_was_typed(name: str, typed: str) -> None:
    assert refused(name, typed).endswith(f"“{typed}” can be read in two ways")


@pytest.mark.parametrize(
    ("name", "typed"), [("team_size", "14 years"), ("years_trading", "14 months"), ("years_trading", "about 14 years"), ("team_size", "14-15 people"),
                        ("max_project_size_kwp", "2.5m"), ("years_trading", "years")]
)  # fmt: skip
def test_a_number_of_something_else_is_told_what_to_enter(name: str, typed: str) -> None:
    assert refused(name, typed).startswith("Enter the ")


@CALM
@given(st.sampled_from([name for name, q in QUESTIONS.items() if getattr(q.kind, "unit", "")]), st.data())
def test_a_number_means_the_same_with_its_own_unit_as_without(name: str, data: st.DataObject) -> None:
    kind = QUESTIONS[name].kind
    least, most, unit = kind.least, kind.most, kind.unit  # type: ignore[attr-defined]
    number = data.draw(st.integers(least, min(most, 999)))
    word = data.draw(st.sampled_from([word for word, times in UNITS[unit].items() if times == 1]))
    assert stored(name, f"{number} {word}") == stored(name, str(number)) == number


@pytest.mark.parametrize(
    "typed", ["020 7946 0958 ext 12", "020 7946 0958 x12", "02079460958 ext. 12", "020 7946 0958, extension 12", "020 7946 0958 Durchwahl 12",
              "02079460958 تحويلة 12", "+442079460958;ext=12", "٠٢٠ ٧٩٤٦ ٠٩٥٨ ext ١٢"]
)  # fmt: skip
def test_a_telephone_keeps_its_extension_and_shows_it(typed: str) -> None:
    kind, found = QUESTIONS["company_phone"].kind, stored("company_phone", typed)
    assert found == "+442079460958;ext=12" and kind.show(found) == "+44 20 7946 0958 ext. 12"
    for language in ("en", "de", "ar"):
        with speaking(language):
            assert kind.clean(kind.show(found), {}) == found
