"""The rules between answers, the whole form, its documents and the reviewer's flags."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.flags import Flag, flags
from models.rules import check_answer, check_step, clean, dependents, missing_documents
from models.settings import Settings
from models.sheet import Sheet
from models.slots import SLOTS
from models.steps import QUESTIONS, STEPS
from models.steps.capabilities import UK_REGIONS
from tests.sample_form import COMPLETE, form, today, wanted_documents
from tests.test_form_kinds import CALM, JSON

TODAY = today()


def problems(**changes: Any) -> dict[str, str]:
    return {problem.field: problem.message for problem in clean(form(**changes), TODAY)[1]}


def sound(**changes: Any) -> dict[str, Any]:
    """The complete form with nothing that a reviewer would stop at, but for the changes."""
    return form(**{"contracts_reviewed": True, **changes})


def test_the_complete_form_has_no_problem_and_no_flag() -> None:
    values, found = clean(COMPLETE, TODAY)
    assert found == []
    assert flags(clean(sound(), TODAY)[0], TODAY, Settings()) == []
    assert (values["company_registration"], values["vat_number"], values["company_postal"]) == ("07654321", "GB980780684", "RG1 8LS")
    assert missing_documents(COMPLETE, wanted_documents()) == []


def test_an_empty_form_asks_for_everything_that_is_always_required() -> None:
    values, found = clean({}, TODAY)
    always = [q.name for q in QUESTIONS.values() if q.required and q.when is None and q.name != "company_country"]
    assert [problem.field for problem in found] == sorted([*always, "company_registration"], key=list(QUESTIONS).index)
    assert all(problem.step == QUESTIONS[problem.field].step for problem in found)
    assert {name: value for name, value in values.items() if value is not None} == {"company_country": "GB", "marketing_consent": False}


@pytest.mark.parametrize("name", [q.name for q in QUESTIONS.values() if q.required and q.name != "company_country"])
def test_a_required_answer_left_out_is_asked_for_in_its_own_words(name: str) -> None:
    assert problems(**{name: " "}).get(name) == QUESTIONS[name].left_out


FAR, PAST = (TODAY + timedelta(days=300)).isoformat(), (TODAY - timedelta(days=1)).isoformat()
BREAKS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "secondary_contact_email",
        {"secondary_contact_email": "HELEN.marsh@brightfieldsolar.co.uk"},
        {"secondary_contact_email": "office@brightfieldsolar.co.uk"},
    ),
    (
        "geographic_coverage",
        {"geographic_coverage": list(UK_REGIONS[1:])},
        {"geographic_coverage": ["Wales"], "nationwide_coverage": False},
    ),
    ("subcontract_percentage", {"subcontract_percentage": 30}, {"subcontract_percentage": 30, "internal_staff_percentage": "70"}),
    ("niceic_contractor", {"certifications": ["MCS"]}, {"certifications": ["MCS"], "niceic_contractor": False}),
    ("mcs_approved", {"certifications": ["NICEIC"]}, {"certifications": ["NICEIC"], "mcs_approved": False}),
    ("installed_mwp_3y", {"projects_completed_3y": 0}, {"projects_completed_3y": 0, "installed_mwp_3y": 0}),
    ("client_reference_email", {"client_reference_email": "x@brightfieldsolar.co.uk"}, {"client_reference_email": ""}),
    (
        "client_reference_email",
        {"client_reference_email": "x@solar.example.com", "company_website": "https://www.solar.example.com"},
        {"client_reference_email": "x@solar.example.com"},
    ),
    ("employers_liability_cover", {"employers_liability_cover": 4_999_999}, {"employers_liability_cover": 5_000_000}),
    (
        "additional_information",
        {"employers_liability_insurance": False, "additional_information": " "},
        {"employers_liability_insurance": False, "additional_information": "Family members only, so the duty does not apply."},
    ),
    ("legal_clarifications", {"legal_clarifications": ""}, {"legal_clarifications": "", "contracts_reviewed": True}),
    ("public_liability_expiry", {"public_liability_expiry": TODAY.isoformat()}, {"public_liability_expiry": FAR}),
    ("employers_liability_expiry", {"employers_liability_expiry": PAST}, {"employers_liability_expiry": FAR}),
    ("professional_indemnity_expiry", {"professional_indemnity_expiry": PAST}, {"professional_indemnity_expiry": FAR}),
    ("health_safety_policy_date", {"health_safety_policy_date": FAR}, {"health_safety_policy_date": TODAY.isoformat()}),
    ("environmental_policy_date", {"environmental_policy_date": FAR}, {"environmental_policy_date": PAST}),
    ("modern_slavery_policy_date", {"modern_slavery_policy_date": FAR}, {"modern_slavery_policy_date": PAST}),
    ("substance_misuse_policy_date", {"substance_misuse_policy_date": FAR}, {"substance_misuse_policy_date": PAST}),
    ("gdpr_policy_date", {"gdpr_policy_date": FAR}, {"gdpr_policy_date": PAST}),
    ("received_contract_pack", {"received_contract_pack": False}, {"received_contract_pack": "yes"}),
    ("agree_to_terms", {"agree_to_terms": False}, {"agree_to_terms": True}),
    ("agree_to_codes", {"agree_to_codes": "no"}, {"agree_to_codes": True}),
    ("data_processing_consent", {"data_processing_consent": False}, {"data_processing_consent": True}),
    ("certifications", {"certifications": ["MCS", "NICEIC", "None"]}, {"certifications": ["MCS", "NICEIC"]}),
]


@pytest.mark.parametrize(("field", "breaking", "keeping"), BREAKS, ids=[f"{field}-{n}" for n, (field, _, _) in enumerate(BREAKS)])
def test_a_rule_stops_what_breaks_it_and_lets_the_rest_pass(field: str, breaking: dict[str, Any], keeping: dict[str, Any]) -> None:
    assert list(problems(**breaking)) == [field]
    assert problems(**keeping) == {}
    answers = form(**breaking)
    beside = check_answer(QUESTIONS[field], answers[field], answers, TODAY)
    assert beside is not None and beside.message == problems(**breaking)[field], "the page says what the submission says"


def test_the_rules_of_the_united_kingdom_hold_there_only() -> None:
    german = {
        "company_country": "DE", "company_registration": "HRB 12345", "vat_number": "DE136695976", "company_postal": "10115",
        "company_phone": "030 123456", "company_type": "EU/EEA company",
    }  # fmt: skip
    assert problems(**german, employers_liability_cover=3_000_000) == {}
    assert problems(**german, employers_liability_insurance=False, additional_information="") == {}


def test_one_person_alone_need_not_explain_why_there_is_no_employers_liability() -> None:
    assert problems(employers_liability_insurance=False, additional_information="", team_size=1) == {}


def test_what_is_not_asked_is_not_stored_and_not_wrong() -> None:
    answers = form(
        principal_designer=False, principal_designer_scale="x", company_type="Sole trader", company_registration="?", mcs_approved=False
    )
    values, found = clean(answers, TODAY)
    assert found == []
    unasked = ("principal_designer_scale", "named_principal_designer", "company_registration", "mcs_number")
    assert [values[name] for name in unasked] == [None] * 4


def test_a_mistake_in_one_answer_is_said_once() -> None:
    assert list(problems(subcontract_percentage="a fifth")) == ["subcontract_percentage"]
    assert list(problems(internal_staff_percentage=130)) == ["internal_staff_percentage"]


def test_a_step_is_checked_with_the_answers_of_the_others() -> None:
    roles = STEPS[3]
    assert check_step(roles, form(), TODAY) == []
    assert [problem.field for problem in check_step(roles, form(certifications=["NICEIC"]), TODAY)] == ["mcs_approved"]


def test_the_check_on_the_page_sees_what_is_being_typed_before_what_is_stored() -> None:
    assert check_answer(QUESTIONS["subcontract_percentage"], 30, form(), TODAY) is not None
    assert check_answer(QUESTIONS["subcontract_percentage"], 20, form(subcontract_percentage=99), TODAY) is None


def test_what_must_be_checked_again_when_an_answer_changes() -> None:
    assert dependents("company_country")[:3] == ("company_registration", "vat_number", "company_postal")
    assert "subcontract_percentage" in dependents("internal_staff_percentage")
    assert {"mcs_approved", "niceic_contractor"} <= set(dependents("certifications"))
    assert "named_principal_designer" in dependents("principal_designer")
    assert dependents("declarant_name") == ()


def test_missing_documents_are_named_with_their_step() -> None:
    found = {
        problem.field: problem for problem in missing_documents(form(riddor_incident_count=0), {"capability_statement": 1, "team_cvs": 0})
    }
    assert found["team_cvs"].message == "Upload the CVs of key people"
    assert found["iso_certificates"].message == "Upload the ISO certificates"
    assert found["principal_designer_evidence"].message == "Upload the Principal Designer qualifications"
    assert found["public_liability_certificate"].step == 5
    assert not {"capability_statement", "partner_logo", "riddor_reports", "additional_documents"} & set(found)


def test_a_certificate_that_was_ticked_is_offered_a_place_before_it_is_wanted() -> None:
    answers = {"certifications": ["NICEIC", "TrustMark"], "construction_schemes": ["None"], "niceic_contractor": False}
    slots = [SLOTS[name] for name in ("niceic_certificate", "scheme_certificates", "mcs_certificate")]
    assert [(slot.offered(answers), slot.wanted(answers)) for slot in slots] == [
        (True, False), (True, False), (False, False),
    ]  # fmt: skip


def test_a_slot_takes_files_by_the_end_of_their_name() -> None:
    slot = SLOTS["iso_certificates"]
    assert slot.accept == ".pdf,.jpg,.png,.jpeg"
    assert [slot.takes(name) for name in ("A.PDF", "scan.jpeg", "a.pdf.exe", "pdf", "a.docx")] == [True, True, False, False, False]
    assert slot.media_types == ("application/pdf", "image/jpeg", "image/png")


def test_a_document_expires_by_its_answer_its_policy_or_its_own_date() -> None:
    values = {"public_liability_expiry": date(2027, 3, 3), "gdpr_policy_date": date(2024, 2, 29)}
    own = date(2028, 1, 1)
    assert SLOTS["public_liability_certificate"].expiry(values, own) == date(2027, 3, 3)
    assert SLOTS["gdpr_policy"].expiry(values) == date(2025, 2, 28)
    assert (SLOTS["mcs_certificate"].expiry(values, own), SLOTS["mcs_certificate"].asks_expiry) == (own, True)
    assert SLOTS["team_cvs"].expiry(values, own) is None
    assert SLOTS["environmental_policy"].expiry(values) is None


FLAGS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("years_trading", {"years_trading": 1, "experience_years": 6}, {"years_trading": 2, "experience_years": 7}, "(full years: 1)"),
    ("experience_years", {"experience_years": 18}, {"experience_years": 17}, "18 years of experience, but only 12 years trading"),
    (
        "public_liability_cover",
        {"public_liability_cover": 4_999_999},
        {"public_liability_cover": 5_000_000},
        "£4,999,999 is below the minimum of £5,000,000",
    ),
    (
        "professional_indemnity_cover",
        {"professional_indemnity_cover": 999_999},
        {"professional_indemnity_cover": 1_000_000},
        "£999,999 is below the minimum of £1,000,000",
    ),
    (
        "professional_indemnity_insurance",
        {"professional_indemnity_insurance": False, "principal_designer": False},
        {"principal_designer": False, "services_offered": ["EPC"]},
        "although the company designs",
    ),
    (
        "professional_indemnity_insurance",
        {"professional_indemnity_insurance": False, "services_offered": ["EPC"]},
        {"services_offered": ["EPC"], "principal_designer": False},
        "Principal Designer",
    ),
    (
        "employers_liability_insurance",
        {"employers_liability_insurance": False},
        {"employers_liability_insurance": False, "team_size": 1},
        "64 employees",
    ),
    *[
        (
            f"{kind}_expiry",
            {f"{kind}_expiry": TODAY + timedelta(days=30)},
            {f"{kind}_expiry": TODAY + timedelta(days=31)},
            "ask for the renewal",
        )
        for kind in ("public_liability", "employers_liability", "professional_indemnity")
    ],
    *[
        (
            f"{kind}_policy_date",
            {f"{kind}_policy_date": TODAY - timedelta(days=367)},
            {f"{kind}_policy_date": TODAY - timedelta(days=364)},
            "newer copy",
        )
        for kind in ("health_safety", "environmental", "modern_slavery", "substance_misuse", "gdpr")
    ],
    ("professional_indemnity_insurance",
     {"professional_indemnity_insurance": False, "principal_designer": False, "services_offered": ["EPC"]}, {}, "designs nothing"),
    ("niceic_contractor", {"niceic_contractor": False}, {"certifications": ["MCS"], "niceic_contractor": False}, "the answer is No"),
    ("mcs_approved", {"mcs_approved": False}, {"certifications": ["NICEIC"], "mcs_approved": False}, "the answer is No"),
    ("public_liability_insurance", {"public_liability_insurance": False}, {}, "No public and product liability"),
    ("public_liability_indemnity", {"public_liability_indemnity": False}, {}, "no 'Indemnity to Principal' clause"),
    ("hse_notices_last_5_years", {"hse_notices_last_5_years": "An improvement notice in 2024"}, {}, "There were HSE notices"),
    ("pending_prosecutions", {"pending_prosecutions": "One, after a fall in 2025"}, {}, "There are pending prosecutions"),
    ("contracts_reviewed", {"contracts_reviewed": False}, {}, "has not reviewed"),
]


@pytest.mark.parametrize(("field", "odd", "usual", "words"), FLAGS, ids=[f"{flag[0]}-{n}" for n, flag in enumerate(FLAGS)])
def test_a_flag_is_raised_and_stops_nothing(field: str, odd: dict[str, Any], usual: dict[str, Any], words: str) -> None:
    values, found = clean(sound(**odd), TODAY)
    assert found == []
    (flag,) = flags(values, TODAY, Settings())
    assert (flag.field, words in flag.message, flag.section) == (field, True, STEPS[QUESTIONS[field].step - 1].name)
    assert flags(clean(sound(**usual), TODAY)[0], TODAY, Settings()) == []


def test_the_minimum_cover_is_a_setting() -> None:
    values, _ = clean(sound(), TODAY)
    (flag,) = flags(values, TODAY, Settings(public_liability_minimum=20_000_000))
    assert flag.message == "Public liability cover of £10,000,000 is below the minimum of £20,000,000"


@dataclass
class Held:
    slot: str
    expiry_date: date | None
    sha256: str | None = None
    file_name: str = "paper.pdf"


def test_a_file_that_stands_in_several_places_is_flagged_once_with_all_of_them() -> None:
    held = [Held("gdpr_policy", None, "a"), Held("environmental_policy", None, "a"), Held("team_cvs", None, "b"), Held("team_cvs", None, "b")]
    (flag,) = [flag for flag in flags({}, TODAY, Settings(), held) if flag.section == "documents"]
    assert flag.field == "gdpr_policy"
    assert flag.message == "“paper.pdf” is one and the same file in several places: Data protection policy and Environmental policy"


@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ({"public_liability_cover": 4_999_999}, "public_liability_cover", "We ask for £5,000,000 or more"),
        ({"professional_indemnity_cover": 999_999}, "professional_indemnity_cover", "We ask for £1,000,000 or more"),
        ({"public_liability_insurance": False}, "public_liability_insurance", "We ask for cover of £5,000,000"),
        ({"public_liability_indemnity": False}, "public_liability_indemnity", "We ask for this clause"),
        ({"professional_indemnity_insurance": False}, "professional_indemnity_insurance", "we ask designers"),
        ({"niceic_contractor": False}, "niceic_contractor", "You ticked NICEIC under Trade certifications"),
    ],
)
def test_a_weak_answer_is_said_beside_it_to_the_partner_and_flagged_to_the_reviewer(changes: dict[str, Any], name: str, words: str) -> None:
    sheet = Sheet(sound(**changes))
    assert sheet.problem(name) is None and words in sheet.advice(name)
    assert name in [flag.field for flag in flags(sheet.values, TODAY, Settings())]
    assert Sheet(sound()).advice(name) == ""


def test_a_certificate_that_has_expired_or_soon_will_is_flagged() -> None:
    values, _ = clean(COMPLETE, TODAY)
    held = [Held("mcs_certificate", date(2026, 3, 3)), Held("iso_certificates", date(2027, 3, 3)), Held("team_cvs", None)]
    assert flags(values, date(2026, 3, 3), Settings(), held[:1])[-1] == Flag(
        "mcs_certificate", "documents", "MCS certificate: one expired on 3 March 2026"
    )
    soon = [flag.message for flag in flags(values, date(2026, 2, 10), Settings(), held) if flag.section == "documents"]
    assert soon == ["MCS certificate: one expires on 3 March 2026"]


def test_flags_of_a_half_empty_form_are_none() -> None:
    assert flags(clean({}, TODAY)[0], TODAY, Settings()) == []


@CALM
@given(st.dictionaries(st.sampled_from(list(QUESTIONS)), JSON, max_size=12))
def test_any_form_is_cleaned_without_an_error_and_cleaning_twice_changes_nothing(changes: dict[str, Any]) -> None:
    values, found = clean(form(**changes), TODAY)
    assert set(values) == set(QUESTIONS)
    # A wrong answer is stored as none, and where none is given the question's default stands.
    expected = {name: QUESTIONS[name].default if value is None else value for name, value in values.items()}
    assert clean(values, TODAY)[0] == expected
    assert {problem.field for problem in found} <= set(QUESTIONS)
    flags(values, TODAY, Settings())


@CALM
@given(st.dictionaries(st.sampled_from(list(QUESTIONS)), JSON, max_size=12))
def test_the_page_and_the_submission_say_the_same(changes: dict[str, Any]) -> None:
    answers = form(**changes)
    beside = [check_answer(question, answers[name], answers, TODAY) for name, question in QUESTIONS.items()]
    assert [problem for problem in beside if problem] == clean(answers, TODAY)[1]
    assert [problem for step in STEPS for problem in check_step(step, answers, TODAY)] == clean(answers, TODAY)[1]
