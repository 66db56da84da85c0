"""What bodies of the API have in common: camelCase, no unknown field, and values that can be stored and given back."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from models.forms_api import API_MODELS
from models.invitation import normal_code
from models.language import _
from models.steps import STEPS

T = TypeVar("T")
DEEPEST = 6  # an answer is a text, a number or a list; a half-typed one is hardly more
UNSTORABLE = "This holds characters, numbers or nesting that cannot be stored. Type it again."


class Body(BaseModel):
    """A request: a field that is not described is refused, so that nothing is lost by a misspelling."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Reply(BaseModel):
    """An answer."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


def _code(given: str) -> str:
    code = normal_code(given)
    if not re.fullmatch(r"[0-9A-Z]{8}", code):
        raise ValueError(_("Enter the 8 letters and digits of the invitation code, like C1D94680."))
    return code


def _step(number: int) -> int:
    if not 1 <= number <= len(STEPS):
        raise ValueError(_("The form has steps 1 to {last}, and no step {number}.").format(last=len(STEPS), number=str(number)[:20]))
    return number


def _storable(given: T) -> T:
    """JSON knows neither NaN nor half a surrogate pair, and PostgreSQL no NUL; Python's parser lets all of them in."""
    if not _plain(given, 0):
        raise ValueError(_(UNSTORABLE))
    return given


def _plain(value: Any, depth: int) -> bool:
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return depth < DEEPEST and all(_plain(part, depth + 1) for pair in value.items() for part in pair)
    return not isinstance(value, list) or (depth < DEEPEST and all(_plain(held, depth + 1) for held in value))


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


Code = Annotated[str, AfterValidator(_code), Field(description="The invitation code of 8 characters, in any case", examples=["C1D94680"])]
StepNumber = Annotated[int, AfterValidator(_step), Field(description="The step, 1 to 6", examples=[1])]
Moment = Annotated[datetime, PlainSerializer(_written, return_type=str)]
Line = Annotated[str, AfterValidator(_storable)]
#: A step's answers as they come: lenient, with the names checked by `models.forms_api.from_camel`.
Answers = Annotated[dict[str, Any], AfterValidator(_storable)]


def documented_step(number: int) -> Any:
    """For a field's schema: the questions of a step, so that /docs lists them all."""
    return WithJsonSchema(API_MODELS[number].model_json_schema())
