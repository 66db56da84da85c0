"""What pydantic finds wrong with a request, in sentences for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from models.language import _

DATE = "{label} must be a date like 2026-12-31, or a moment like 2026-12-31T17:00:00Z."
LONGEST = 80  # of a name that somebody else chose and that we echo
#: pydantic's kind of error → what to do; `{label}` is the field in words, the rest is pydantic's own context.
SENTENCES: Mapping[str, str] = {
    "missing": "{label} is missing.",
    "string_type": "{label} must be text.",
    "int_type": "{label} must be a whole number.",
    "int_parsing": "{label} must be a whole number.",
    "int_from_float": "{label} must be a whole number.",
    "list_type": "{label} must be a list.",
    "dict_type": "{label} must be an object with fields.",
    "model_type": "{label} must be an object with fields.",
    "model_attributes_type": "{label} must be an object with fields.",
    "string_too_short": "{label} must have {min_length} characters or more.",
    "string_too_long": "{label} must have {max_length} characters or fewer.",
    "too_long": "{label} may hold {max_length} at most.",
    "greater_than": "{label} must be more than {gt}.",
    "greater_than_equal": "{label} must be {ge} or more.",
    "less_than_equal": "{label} must be {le} or less.",
    "datetime_type": DATE,
    "datetime_parsing": DATE,
    "datetime_from_date_parsing": DATE,
}
NO_OBJECT = "The body is not a JSON object. Send one, with the header Content-Type: application/json."


def sentence(found: Mapping[str, Any]) -> dict[str, Any]:
    """`{"field", "message"}` for one error of pydantic's; an empty field means that the body as a whole cannot be read."""
    place = [str(part) for part in found["loc"][1:]]
    if found["type"] == "json_invalid":
        said = _("The body is not valid JSON: {error} at character {place}.").format(error=found["ctx"]["error"], place=place[0])
        return {"field": "", "message": said}
    if not place:
        return {"field": "", "message": _(NO_OBJECT)}
    return {"field": ".".join(place)[:LONGEST], "message": _words(found, place[-1][:LONGEST])}


def label(name: str) -> str:
    """A field's name as the start of a sentence: `invitationCode` → "Invitation code"."""
    words = re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f" {found[1].lower()}", name)
    return words[:1].upper() + words[1:]


def _words(found: Mapping[str, Any], name: str) -> str:
    kind, context = found["type"], found.get("ctx", {})
    if kind == "extra_forbidden":
        return _("There is no field “{name}” here. Leave it out.").format(name=name)
    if kind == "value_error":
        return str(context["error"])
    pattern = SENTENCES.get(kind)
    said, facts = (_(pattern), context) if pattern else (_("{label} is not valid: {error}."), {"error": found["msg"].lower()})
    return said.format(label=label(name), **facts)
