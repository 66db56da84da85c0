"""What every kind of answer does: read it, check it, show it, store it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from models import loose

Answers = Mapping[str, Any]
NONE = "None"  # as a choice it excludes the others; as a text it says that there was nothing to report


class Kind(Protocol):
    """What every kind answers. The bodies here are those of a kind whose value is a string."""

    widget: ClassVar[str]
    column_type: ClassVar[TypeEngine[Any]] = sa.Text()
    missing: ClassVar[str] = "Enter the {called}"  # in English; `Question.left_out` says it to the reader
    input: ClassVar[Mapping[str, str]] = {}

    def clean(self, raw: object, answers: Answers, called: str = "answer") -> Any:
        """The normalised value; ValueError carries the sentence. `called` is in the reader's language."""
        ...

    @property
    def schema(self) -> dict[str, Any]:
        """Its JSON schema, for the API's documentation."""
        return {"type": "string"}

    @property
    def example(self) -> Any:
        """A JSON value that could be an answer."""
        return "As typed"

    def is_empty(self, raw: object) -> bool:
        """Whether nothing was answered."""
        return loose.blank(raw)

    def show(self, value: Any) -> str:
        """The value for people; empty for None."""
        return "" if value is None else str(value)

    def to_json(self, value: Any) -> Any:
        """The value as JSON knows it; `clean` takes it back."""
        return value


def country_of(answers: Answers) -> str:
    """The company's country as an ISO code: GB unless another one is chosen."""
    found = (loose.text(answers.get("company_country")) or "").upper()
    return found if len(found) == 2 and found.isascii() and found.isalpha() else "GB"
