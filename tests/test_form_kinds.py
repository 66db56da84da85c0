"""Kinds of answers: what is taken, how it is stored and shown, and what a wrong one is told."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import identifiers
from models.kinds import NONE
from models.steps import QUESTIONS
from models.steps.roles import ISO_STANDARDS

TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too: JSON can carry them
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXT
    | st.sampled_from(["None", "GB", "yes", "2026-03-03", "07700 900123", "1,000"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
#: A busy machine is slow without being wrong.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANY_QUESTION = st.sampled_from(list(QUESTIONS.values()))


def stored(name: str, raw: object, **answers: Any) -> Any:
    return QUESTIONS[name].clean(raw, answers)


def refused(name: str, raw: object, **answers: Any) -> str:
    with pytest.raises(ValueError) as wrong:
        QUESTIONS[name].clean(raw, answers)
    return str(wrong.value)


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("company_name", "  Brightfield\t Solar\x00  Ltd\n", "Brightfield Solar Ltd"),
        ("company_name", "Cafe\u0301 Solaire", "Café Solaire"),
        ("company_name", "Ltd\u202eevil", "Ltdevil"),
        ("company_name", "Sun \ud800 Ltd", "Sun Ltd"),
        ("company_address", "Unit 4 \r\nMill Lane\r\n", "Unit 4\nMill Lane"),
        ("company_type", "sole TRADER", "Sole trader"),
        ("company_country", "Ireland", "IE"),
        ("company_country", "", "GB"),
        ("years_trading", "12", 12),
        ("years_trading", 12.0, 12),
        ("max_project_size_kwp", " 4,500 ", 4500),
        ("public_liability_cover", "£5,000,000", 5_000_000),
        ("projects_per_month", "7.5", Decimal("7.5")),
        ("installed_mwp_3y", 38.25, Decimal("38.250")),
        ("principal_contractor", "Yes", True),
        ("principal_contractor", False, False),
        ("marketing_consent", None, False),
        ("gdpr_policy_date", "2026-03-03", date(2026, 3, 3)),
        ("gdpr_policy_date", "2026-03-03T00:00:00.000Z", date(2026, 3, 3)),
        ("gdpr_policy_date", "3/3/2026", date(2026, 3, 3)),
        ("gdpr_policy_date", "3 March 2026", date(2026, 3, 3)),
        ("gdpr_policy_date", datetime(2026, 3, 3, 12), date(2026, 3, 3)),
        ("services_offered", ["Design", "EPC", "Design"], ["EPC", "Design"]),
        ("services_offered", "EPC; O&M", ["EPC", "O&M"]),
        ("equipment_brands", ["sma", "SMA", " Own Brand ", ""], ["SMA", "Own Brand"]),
        ("hse_notices_last_5_years", "none", NONE),
        ("company_website", "Brightfield.co.uk/solar", "https://brightfield.co.uk/solar"),
        ("primary_contact_email", "Helen.Marsh@Brightfield.CO.UK", "Helen.Marsh@brightfield.co.uk"),
        ("mcs_number", "NIC/482-13", "NIC/482-13"),
        ("trading_name", " ", None),
    ],
)
def test_an_answer_is_stored_in_its_normal_form(name: str, raw: object, value: object) -> None:
    assert stored(name, raw) == value


@pytest.mark.parametrize(
    ("country", "raw", "number"),
    [
        ("GB", "GB 980 7806 84", "GB980780684"),
        ("GB", "980780684", "GB980780684"),
        ("GB", "980780684001", "GB980780684001"),
        ("GB", "GD001", "GBGD001"),
        ("GB", "HA500", "GBHA500"),
        ("GB", "XI 980 7806 84", "XI980780684"),
        ("DE", "136,695 976".replace(",", ""), "DE136695976"),
        ("IE", "IE 6433435F", "IE6433435F"),
        ("GR", "023456780", "EL023456780"),
        ("FR", "40303265045", "FR40303265045"),
        ("LI", "CHE-107.787.577 MWST", "CHE107787577MWST"),
        ("GB", "DE136695976", "DE136695976"),
    ],
)
def test_a_right_vat_number_is_stored_with_its_prefix(country: str, raw: str, number: str) -> None:
    assert stored("vat_number", raw, company_country=country) == number
    assert stored("vat_number", number, company_country=country) == number


def test_a_vat_number_with_wrong_check_digits_is_told_so() -> None:
    assert refused("vat_number", "GB980780685") == "This VAT number's check digits are wrong: compare it with your VAT certificate"
    assert refused("vat_number", "136695970", company_country="DE").startswith("This VAT number's check digits are wrong")
    assert refused("vat_number", "GB12345").startswith("Enter a VAT number with 9 or 12 digits")


@pytest.mark.parametrize(
    ("country", "raw", "number"),
    [("GB", "7654321", "07654321"), ("GB", "sc 123456", "SC123456"), ("GB", "IP12345R", "IP12345R"), ("DE", "hrb 12345 b", "HRB12345B")],
)
def test_a_registration_number_is_stored_as_its_register_writes_it(country: str, raw: str, number: str) -> None:
    assert stored("company_registration", raw, company_country=country) == number


@pytest.mark.parametrize(("country", "raw"), [("GB", "123456789"), ("GB", "S1234567"), ("DE", "1"), ("DE", "1" * 31)])
def test_a_wrong_registration_number_is_refused(country: str, raw: str) -> None:
    assert refused("company_registration", raw, company_country=country).startswith("Enter the")


@pytest.mark.parametrize(
    ("country", "raw", "code"),
    [
        ("GB", "rg18ls", "RG1 8LS"),
        ("GB", "SW1A  1AA", "SW1A 1AA"),
        ("IE", "d02x285", "D02 X285"),
        ("IE", "D6W XY00", "D6W XY00"),
        ("DE", "10115", "10115"),
    ],
)
def test_a_postcode_is_stored_with_its_space(country: str, raw: str, code: str) -> None:
    assert stored("company_postal", raw, company_country=country) == code


@pytest.mark.parametrize(("country", "raw"), [("GB", "RG1"), ("GB", "10115"), ("IE", "B02 X285"), ("DE", "1" * 13)])
def test_a_wrong_postcode_is_refused(country: str, raw: str) -> None:
    assert refused("company_postal", raw, company_country=country).startswith("Enter")


@pytest.mark.parametrize(
    ("country", "raw", "number"),
    [
        ("GB", "020 7946 0958", "+442079460958"),
        ("GB", "+44 (0)20 7946 0958", "+442079460958"),
        ("GB", "07700 900123", "+447700900123"),
        ("DE", "030 123456", "+4930123456"),
        ("GB", "+353 1 234 5678", "+35312345678"),
    ],
)
def test_a_telephone_number_is_stored_as_e164_read_by_country(country: str, raw: str, number: str) -> None:
    assert stored("company_phone", raw, company_country=country) == number


def test_an_emoji_in_a_telephone_number_is_told_what_to_do() -> None:
    sentence = "Enter a telephone number in digits, with the extension at the end if there is one: 020 7946 0958 ext 12"
    assert refused("company_phone", "020 7946 0958 😀") == sentence
    assert refused("company_phone", "0800 FLOWERS") == sentence
    assert refused("company_phone", "12345") == "Enter a telephone number with its area code, like 020 7946 0958"
    assert refused("company_phone", "+999 1234567890").startswith("Enter a telephone number with its area code")


def test_a_company_name_of_ten_thousand_characters_is_told_its_length() -> None:
    assert refused("company_name", "B" * 10_000) == "Registered company name must be 200 characters or fewer: this has 10,000"
    assert refused("company_name", "B") == "Registered company name must be at least 2 characters: this has 1"
    assert refused("company_name", {"name": "Brightfield"}) == "Enter the registered company name as text"


@pytest.mark.parametrize(
    "raw",
    [
        "javascript:alert(1)", "javascript://example.com/%0aalert(1)", "data:text/html,x", "ftp://example.com", "mailto:a@b.com",
        "https://user:secret@example.com", "localhost", "http://127.0.0.1/", "http://[::1]/", "two words",
        "https://" + "a" * 60 + ".com/" + "b" * 240,
    ],
)  # fmt: skip
def test_a_web_address_that_is_not_public_http_is_refused(raw: str) -> None:
    assert refused("company_website", raw).startswith(("Enter a web address", "Company website must be"))


@pytest.mark.parametrize(
    "raw", ["helen", "helen@", "a b@example.com", "helen@localhost", "x@example.com\r\nBcc: y@example.com", "😀@example.com"]
)
def test_a_wrong_email_address_is_refused(raw: str) -> None:
    assert refused("primary_contact_email", raw) == "Enter an email address like name@example.co.uk"


@pytest.mark.parametrize(
    ("name", "raw", "sentence"),
    [
        ("years_trading", 201, "Enter the number of full years you have traded as a whole number from 0 to 200"),
        ("years_trading", "twelve", "Enter the number of full years you have traded as a whole number from 0 to 200"),
        ("years_trading", True, "Enter the number of full years you have traded as a whole number from 0 to 200"),
        ("years_trading", 1.5, "Enter the number of full years you have traded as a whole number from 0 to 200"),
        ("years_trading", float("nan"), "Enter the number of full years you have traded as a whole number from 0 to 200"),
        ("projects_per_month", "7.55", "Enter the average number of projects per month with one decimal at most"),
        ("projects_per_month", "7,5,0", "Enter the average number of projects per month as a number from 0 to 1,000, like 2.5"),
        ("company_type", "Charity", "Choose the company type from the list"),
        ("company_country", "US", "Choose the country from the list"),
        ("certifications", ["None", "MCS"], "Tick either None or the trade certifications, not both"),
        ("services_offered", ["EPC", "Magic"], "Tick the services you provide in the list; nothing else can be given here"),
        ("services_offered", [1], "Tick the services you provide in the list; nothing else can be given here"),
        ("equipment_brands", [f"Brand {n}" for n in range(31)], "Name the 30 most important of the equipment brands: these are 31"),
        ("equipment_brands", ["X"], "Each of the equipment brands must have 2 to 60 characters: “X” has 1"),
        ("principal_designer", "perhaps", "Answer Yes or No: do you act as Principal Designer?"),
        (
            "gdpr_policy_date",
            "31/02/2026",
            "Enter the date on which the data protection policy was signed, as day, month and year, like 3 March 2026",
        ),
        ("gdpr_policy_date", "0026-03-03", "Check the year of the date on which the data protection policy was signed: 26 cannot be right"),
        ("mcs_number", "NIC 48213", "Enter the MCS certificate number with letters, digits, / and - only"),
        ("hse_notices_last_5_years", "No", "Description of the notices must be at least 10 characters: this has 2"),
    ],
)
def test_a_wrong_answer_is_told_what_to_do(name: str, raw: object, sentence: str) -> None:
    assert refused(name, raw) == sentence


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("gdpr_policy_date", date(2026, 3, 3), "3 March 2026"),
        ("public_liability_cover", 5_000_000, "5,000,000"),
        ("installed_mwp_3y", Decimal("1038.250"), "1,038.25"),
        ("installed_mwp_3y", Decimal("100.000"), "100"),
        ("installed_mwp_3y", Decimal("100"), "100"),
        ("principal_contractor", False, "No"),
        ("company_country", "GB", "United Kingdom"),
        ("services_offered", ["EPC", "O&M"], "EPC; O&M"),
        ("company_phone", "+442079460958", "+44 20 7946 0958"),
        ("company_phone", "half-typed", "half-typed"),
        ("trading_name", None, ""),
    ],
)
def test_a_value_is_shown_as_people_read_it(name: str, value: object, shown: str) -> None:
    assert QUESTIONS[name].kind.show(value) == shown


def test_the_countries_begin_with_the_united_kingdom_and_follow_by_name() -> None:
    labels = list(QUESTIONS["company_country"].kind.options.values())  # type: ignore[attr-defined]
    assert labels[:3] == ["United Kingdom", "Ireland", "Austria"]
    assert labels[2:] == sorted(labels[2:])


def test_ticking_none_clears_the_others_and_ticking_another_clears_none() -> None:
    kind = QUESTIONS["iso_standards"].kind
    assert kind.settled(["ISO 9001"], ["ISO 9001", NONE]) == [NONE]  # type: ignore[attr-defined]
    assert kind.settled([NONE], [NONE, "ISO 9001"]) == ["ISO 9001"]  # type: ignore[attr-defined]
    assert kind.settled([], list(ISO_STANDARDS[:2])) == list(ISO_STANDARDS[:2])  # type: ignore[attr-defined]


@CALM
@given(ANY_QUESTION, JSON, JSON)
def test_any_json_is_either_stored_or_refused_with_a_sentence_and_what_is_stored_stays(question, raw, country) -> None:  # type: ignore[no-untyped-def]
    answers = {"company_country": country}
    try:
        value = question.clean(raw, answers)
    except ValueError as wrong:
        assert str(wrong)[0].isupper() and not str(wrong).endswith(".")
        return
    assert question.clean(value, answers) == value
    assert question.clean(question.kind.to_json(value), answers) == value
    assert isinstance(question.kind.show(value), str)


@CALM
@given(st.sampled_from(["company_name", "company_address", "mcs_number", "company_postal", "company_registration"]), TEXT)
def test_no_stored_text_holds_what_a_database_or_a_spreadsheet_cannot(name: str, raw: str) -> None:
    try:
        value = QUESTIONS[name].clean(raw, {"company_country": "DE"}) or ""
    except ValueError:
        return
    assert value.encode().decode() == value  # no half of a surrogate pair
    assert not set(value) & {chr(code) for code in (*range(10), *range(11, 32), 127, 0xFFFE, 0xFFFF)}


@CALM
@given(st.integers(0, 999_999_9), st.sampled_from(["GB", "XI", ""]))
def test_of_all_check_digits_few_are_right_and_those_are_kept(stem: int, prefix: str) -> None:
    def right(check: int) -> bool:
        try:
            return bool(identifiers.vat_number(f"{prefix}{stem:07}{check:02}", "GB"))
        except ValueError:
            return False

    assert sum(map(right, range(97))) <= 3


@CALM
@given(JSON)
def test_a_condition_never_fails_on_what_it_is_given(raw) -> None:  # type: ignore[no-untyped-def]
    for question in QUESTIONS.values():
        if question.when:
            assert question.when.holds(dict.fromkeys(question.when.fields, raw)) in (True, False)
            assert question.when.words
