"""The steps as the API speaks them: camelCase JSON, documented from the questions, lenient in its values as a draft is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.alias_generators import to_camel as _camel

from models.errors import Invalid, Problem
from models.language import _
from models.question import Question
from models.steps import QUESTIONS, STEPS, Step


def from_camel(step: Step, body: Mapping[str, Any]) -> dict[str, Any]:
    """A step's answers by question name, values untouched; Invalid names every field that the step does not have.

    The question's own name and another camelCase (installedMwp3y, installedMwp3Y) are taken too.
    """
    spelled = {_bare(question.name): question.name for question in step.questions}
    strangers = [field for field in body if _bare(field) not in spelled]
    names = [spelled[_bare(field)] for field in body if _bare(field) in spelled]
    twice = [_camel(name) for name in dict.fromkeys(names) if names.count(name) > 1]
    if strangers or twice:
        problems = [_stranger(step, field) for field in strangers]
        problems += [Problem(field, _("Give “{field}” only once").format(field=field), step.number) for field in twice]
        raise Invalid(_("There are fields that this step does not have or that are given twice."), problems)
    return dict(zip(names, body.values(), strict=True))


def to_camel(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Answers by their names in the API, dates and decimals as JSON."""
    return {_camel(name): QUESTIONS[name].kind.to_json(value) if name in QUESTIONS else value for name, value in answers.items()}


def _bare(field: str) -> str:
    return field.replace("_", "").casefold()


def _stranger(step: Step, field: str) -> Problem:
    shown = field if len(field) <= 40 else f"{field[:40]}…"
    return Problem(field, _("Step {number} has no field “{field}”").format(number=step.number, field=shown), step.number)


def _api_model(step: Step) -> type[BaseModel]:
    """The model of one step: any value is taken, no unknown field is."""
    config = ConfigDict(extra="forbid", alias_generator=_camel, populate_by_name=True, title=f"Step {step.number}: {step.title}")
    fields: dict[str, Any] = {question.name: (Any, _documented(question)) for question in step.questions}
    return create_model(f"{step.name.capitalize()}Answers", __config__=config, __doc__=step.lead, **fields)


def _documented(question: Question) -> Any:
    example = question.kind.example if question.example is None else question.example
    return Field(None, title=question.label, description=_description(question), examples=[example], json_schema_extra=question.kind.schema)


def _description(question: Question) -> str:
    need = "Required" if question.required else "Optional"
    told = f"{need}{f'; asked only when {question.when.words}' if question.when else ''}"
    return f"{question.help}. {told}" if question.help else told


API_MODELS: dict[int, type[BaseModel]] = {step.number: _api_model(step) for step in STEPS}
