"""Amounts of pounds, as people write them: in full, in short, with a sign, in our languages; what can be read in two ways is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.language import speaking
from models.steps import QUESTIONS
from tests.test_form_kinds import CALM, refused, stored


@pytest.mark.parametrize(
    "typed",
    ["5000000", "5,000,000", "£5m", "£ 5 M", "5 million", "5 million pounds", "GBP 5m", "5m GBP", "5.0m", "5000k", "£5,000,000.00",
     "5.000.000", "5 Mio.", "5 Millionen", "5 ملايين", "٥ مليون", 5_000_000, 5_000_000.0],
)  # fmt: skip
def test_an_amount_of_pounds_is_understood_as_people_write_it(typed: object) -> None:
    assert stored("public_liability_cover", typed) == 5_000_000


@pytest.mark.parametrize(("typed", "value"), [("250k", 250_000), ("£2.5m", 2_500_000), ("2,5m", 2_500_000), ("1,250,000.00", 1_250_000)])
def test_an_amount_in_short_may_have_decimals(typed: str, value: int) -> None:
    assert stored("public_liability_cover", typed) == value


@pytest.mark.parametrize("typed", ["1.250m", "1,250m", "£1.250k", "10,000 thousand"])
def test_an_amount_that_can_be_read_in_two_ways_is_refused_with_what_was_typed(typed: str) -> None:
    said = f"Write the public liability cover in pounds out in full, like 5,000,000: “{typed}” can be read in two ways"
    assert refused("public_liability_cover", typed) == said


@pytest.mark.parametrize(
    "typed", ["€5m", "5m-10m", "five million", "5bn", "5 Billionen", "£10m each claim", "5mm", "£", "m", True, ["5m"], {}]
)
def test_what_is_no_amount_of_pounds_is_told_how_to_write_one(typed: object) -> None:
    assert refused("public_liability_cover", typed) == "Enter the public liability cover in pounds in figures, like 5,000,000 or £5m"


@pytest.mark.parametrize("typed", ["0", "-5m", "£5.50", "1.2345678m", "2000m"])
def test_an_amount_must_be_whole_pounds_within_its_bounds(typed: str) -> None:
    assert refused("public_liability_cover", typed).endswith("as a whole number from 1 to 1,000,000,000")


@given(st.integers(1, 1_000_000_000), st.sampled_from(["en", "de", "ar"]), st.sampled_from(["{}", "£{}", "£ {}", "GBP {}", "{} pounds"]))
@CALM
def test_an_amount_shown_in_any_language_is_read_as_the_same(amount: int, language: str, around: str) -> None:
    kind = QUESTIONS["public_liability_cover"].kind
    with speaking(language):
        shown = kind.show(amount)
        assert kind.clean(around.format(shown), {}) == amount
    assert kind.clean(shown, {}) == amount  # whatever language it is read in later


@given(st.decimals(0, 1000, places=2), st.sampled_from([("k", 1_000), (" thousand", 1_000), ("m", 1_000_000), (" million", 1_000_000)]))
@CALM
def test_an_amount_in_short_is_its_number_so_many_times_or_refused(number: Decimal, short: tuple[str, int]) -> None:
    exact = number * short[1]
    if 1 <= exact <= 1_000_000_000:
        assert stored("public_liability_cover", f"£{number}{short[0]}") == exact
    else:
        refused("public_liability_cover", f"£{number}{short[0]}")
