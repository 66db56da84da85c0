"""The six steps as the API speaks them."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from models.errors import Invalid, NotFound
from models.forms_api import API_MODELS, from_camel, to_camel
from models.rules import clean
from models.steps import QUESTIONS, STEPS, step_numbered
from tests.sample_form import COMPLETE, api_steps, today


def test_the_form_survives_the_way_to_the_api_and_back() -> None:
    values, _ = clean(COMPLETE, today())
    bodies = json.loads(json.dumps(api_steps(values)))
    back = {name: raw for step in STEPS for name, raw in from_camel(step, bodies[f"step{step.number}"]).items()}
    assert clean(back, today()) == (values, [])


def test_names_are_camel_case_and_other_spellings_are_understood() -> None:
    assert list(to_camel({"company_name": "B", "installed_mwp_3y": None})) == ["companyName", "installedMwp3Y"]
    assert from_camel(STEPS[3], {"installedMwp3y": 1, "mcs_approved": True, "isoStandards": []}) == {
        "installed_mwp_3y": 1, "mcs_approved": True, "iso_standards": [],
    }  # fmt: skip


@pytest.mark.parametrize("field", ["status", "id", "invitationCode", "companyPhone", "x" * 5000, "", "__class__"])
def test_a_field_that_the_step_does_not_have_is_named(field: str) -> None:
    with pytest.raises(Invalid) as refused:
        from_camel(STEPS[1], {"primaryContactName": "Helen Marsh", field: "x"})
    (problem,) = refused.value.problems
    assert (problem.field, problem.step) == (field, 2)
    assert len(problem.message) < 80


def test_a_field_given_twice_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        from_camel(STEPS[0], {"companyName": "A", "company_name": "B"})
    assert refused.value.problems[0].message == "Give “companyName” only once"


def test_there_is_no_step_7() -> None:
    assert step_numbered(6).title == "Declarations"
    for number in (0, 7, -1):
        with pytest.raises(NotFound, match="The form has steps 1 to 6"):
            step_numbered(number)


def test_the_models_take_anything_half_typed_and_nothing_unknown() -> None:
    assert API_MODELS[1].model_validate({"companyPhone": {"half": "typed"}}).model_dump(exclude_unset=True) == {
        "company_phone": {"half": "typed"}
    }
    with pytest.raises(ValidationError):
        API_MODELS[1].model_validate({"status": "approved"})


def test_the_documentation_describes_every_question() -> None:
    described = {name: field for model in API_MODELS.values() for name, field in model.model_json_schema()["properties"].items()}
    assert len(described) == len(QUESTIONS)
    assert all(field["title"] and field["description"] and field["examples"] for field in described.values())
    assert described["companyType"]["enum"][0] == "Private limited company (Ltd)"
    assert described["mcsNumber"]["description"] == "Required; asked only when mcs approved is Yes"
