"""The declaration of the form against the catalogue it was made from (form_catalogue.csv, form_documents.csv)."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from models.application import Application
from models.kinds import Choice, MultiChoice, Tags
from models.slots import SLOTS
from models.steps import FORM_VERSION, QUESTIONS, STEPS, step_of
from models.steps.capabilities import company_size
from tests.sample_form import form

HERE = Path(__file__).parent
CATALOGUE = list(csv.DictReader((HERE / "form_catalogue.csv").read_text().splitlines()))
ASKED = [row for row in CATALOGUE if row["step"] != "0"]
DOCUMENTS = list(csv.DictReader((HERE / "form_documents.csv").read_text().splitlines()))
COLUMN_TYPES = {
    "integer": sa.Integer,
    "decimal": sa.Numeric,
    "boolean": sa.Boolean,
    "date": sa.Date,
    "multichoice": sa.JSON,
    "tags": sa.JSON,
}


def test_an_application_has_exactly_the_97_columns_of_the_catalogue() -> None:
    assert len(CATALOGUE) == 97
    assert {column.name for column in sa.inspect(Application).columns} == {row["name"] for row in CATALOGUE}


def test_the_questions_are_those_of_the_catalogue_in_its_order() -> None:
    assert list(QUESTIONS) == [row["name"] for row in ASKED]
    assert [step.name for step in STEPS] == ["company", "contact", "capabilities", "roles", "insurance", "compliance"]
    assert re.fullmatch(r"[0-9]{4}-[0-9]{2}", FORM_VERSION)


@pytest.mark.parametrize("row", ASKED, ids=lambda row: row["name"])
def test_a_question_is_declared_as_the_catalogue_has_it(row: dict[str, str]) -> None:
    question = QUESTIONS[row["name"]]
    widget = {"boolean": "yesno"}.get(row["type"], row["type"])
    assert (str(question.step), question.label, question.column) == (row["step"], row["label"], row["sharepoint_column"])
    assert question.kind.widget == widget
    assert question.required == (row["required"] != "no")
    assert (question.when is not None) == row["required"].startswith("if ")
    assert isinstance(question.kind.column_type, COLUMN_TYPES.get(row["type"], sa.Text))


@pytest.mark.parametrize("row", [row for row in ASKED if row["choices"]], ids=lambda row: row["name"])
def test_the_choices_are_those_of_the_catalogue(row: dict[str, str]) -> None:
    kind = QUESTIONS[row["name"]].kind
    assert isinstance(kind, Choice | MultiChoice | Tags)
    offered = kind.suggestions if isinstance(kind, Tags) else kind.values
    assert sorted(offered) == sorted(row["choices"].split("|"))


CONDITIONS = {
    "if company_type not in (Sole trader, Partnership)": (form(company_type="Sole trader"), form(company_type="Other")),
    "if secondary_contact_name filled": (form(secondary_contact_name=" "), form(secondary_contact_name="Priya Nair")),
    "if services_offered contains Other": (form(services_offered=["EPC"]), form(services_offered=["EPC", "Other"])),
    "if principal_contractor=true": (form(principal_contractor=False), form(principal_contractor=True)),
    "if principal_designer=true": (form(principal_designer=False), form(principal_designer="yes")),
    "if mcs_approved=true": (form(mcs_approved=None), form(mcs_approved=True)),
    "if projects_completed_3y>0": (form(projects_completed_3y=0), form(projects_completed_3y="1")),
    "if public_liability_insurance=true": (form(public_liability_insurance=False), form(public_liability_insurance=True)),
    "if employers_liability_insurance=true": (form(employers_liability_insurance=""), form(employers_liability_insurance=True)),
    "if professional_indemnity_insurance=true": (form(professional_indemnity_insurance=False), form(professional_indemnity_insurance=True)),
    "if riddor_incident_count>0": (form(riddor_incident_count="none"), form(riddor_incident_count=2)),
    "if contracts_reviewed=false": (form(contracts_reviewed=None), form(contracts_reviewed=False)),
    "if company_registration filled": (form(company_registration=""), form(company_registration="1")),
    "if subcontract_percentage>0": (form(subcontract_percentage=0), form(subcontract_percentage=5)),
    "if iso_standards != None": (form(iso_standards=["None"]), form(iso_standards=["ISO 9001"])),
    "if construction_schemes != None": (form(construction_schemes=["None"]), form(construction_schemes=["CHAS"])),
    "if niceic_contractor=true": (form(niceic_contractor=False), form(niceic_contractor=True)),
}


@pytest.mark.parametrize("row", [row for row in ASKED if row["required"].startswith("if ")], ids=lambda row: row["name"])
def test_a_question_is_asked_when_the_catalogue_says_so(row: dict[str, str]) -> None:
    without, with_it = CONDITIONS[row["required"]]
    assert (QUESTIONS[row["name"]].asked(without), QUESTIONS[row["name"]].asked(with_it)) == (False, True)


def test_conditions_depend_only_on_questions_that_are_always_asked() -> None:
    fields = {field for thing in (*QUESTIONS.values(), *SLOTS.values()) if thing.when for field in thing.when.fields}
    assert [field for field in fields if QUESTIONS[field].when and field != "company_registration"] == []
    questions_only = {field for question in QUESTIONS.values() if question.when for field in question.when.fields}
    assert [field for field in questions_only if QUESTIONS[field].when] == []


@pytest.mark.parametrize("row", DOCUMENTS, ids=lambda row: row["slot"])
def test_a_document_slot_is_declared_as_the_catalogue_has_it(row: dict[str, str]) -> None:
    slot = SLOTS[row["slot"]]
    assert (str(slot.step), slot.label, slot.section, str(slot.max_mb)) == (
        row["step"],
        row["label"],
        row["sharepoint_evidence_section"],
        row["max_mb"],
    )
    assert "|".join(slot.extensions) == row["extensions"]
    assert slot.multiple == (row["multiple"] == "yes")
    assert slot.expiry_from == row["expiry_from"]
    answers = CONDITIONS.get(row["required"], (form(), form()))
    wanted = {"yes": (True, True), "no": (False, False)}.get(row["required"], (False, True))
    assert (slot.wanted(answers[0]), slot.wanted(answers[1])) == wanted


def test_there_are_the_25_slots_and_each_stands_in_its_step() -> None:
    assert list(SLOTS) == [row["slot"] for row in DOCUMENTS]
    assert [slot for step in STEPS for slot in step.slots] == list(SLOTS.values())


def test_every_question_stands_under_a_heading_and_can_be_found_by_its_step() -> None:
    for question in QUESTIONS.values():
        step = step_of(question.name)
        assert step is not None and question.section and question in step.sections[question.section]
    assert step_of("status") is None


def test_what_is_agreed_to_is_marked() -> None:
    assert [q.name for q in QUESTIONS.values() if q.agreement] == ["agree_to_terms", "agree_to_codes", "data_processing_consent"]
    assert [q.name for q in QUESTIONS.values() if q.must_be_true and not q.agreement] == ["received_contract_pack"]


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=lambda question: question.name)
def test_the_example_of_a_question_is_a_right_answer(question) -> None:  # type: ignore[no-untyped-def]
    example = question.kind.example if question.example is None else question.example
    assert question.clean(example, {}) is not None


@pytest.mark.parametrize(
    ("people", "size"), [(1, "Startup"), (10, "Startup"), (11, "Small"), (51, "Medium"), (200, "Medium"), (201, "Large")]
)
def test_the_size_class_for_sharepoint(people: int, size: str) -> None:
    assert company_size(people) == size


def test_decimals_come_back_from_the_database_as_they_went_in() -> None:
    engine = sa.create_engine("sqlite://")
    table = sa.Table("t", sa.MetaData(), sa.Column("v", QUESTIONS["installed_mwp_3y"].kind.column_type))
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(table.insert().values(v=Decimal("9999.999")))
        assert connection.execute(sa.select(table.c.v)).scalar_one() == Decimal("9999.999")
