"""A column of a SharePoint list: what kind it is, as Graph's columnDefinition says it and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LINE = 255  # characters of a text of one line (FACTS 3)


@dataclass(frozen=True)
class Column:
    """One column by its internal name, which never changes, whatever people call it.

    `kind` is Graph's word (text, choice, number, boolean, dateTime, personOrGroup …), or one of two of ours: note is a text of many
    lines, date a dateTime that shows its day alone. `label` says in words what stands in it.
    """

    name: str
    kind: str = "text"
    choices: tuple[str, ...] = ()
    unique: bool = False
    indexed: bool = False
    longest: int = LINE
    label: str = ""


#: In the order in which they are looked for: a definition has the facet of its kind alone.
FACETS = (
    "choice", "number", "boolean", "dateTime", "personOrGroup", "hyperlinkOrPicture", "currency", "lookup", "calculated", "term",
    "thumbnail", "geolocation", "contentApprovalStatus", "text",
)  # fmt: skip


def definition(column: Column) -> dict[str, Any]:
    """What Graph is sent to make the column. Texts are plain: HTML would come back where a text was written."""
    kinds: dict[str, Any] = {
        "text": {"text": {"maxLength": column.longest}},
        "note": {"text": {"allowMultipleLines": True, "textType": "plain", "linesForEditing": 6}},
        "choice": {"choice": {"choices": list(column.choices), "allowTextEntry": False, "displayAs": "dropDownMenu"}},
        "date": {"dateTime": {"format": "dateOnly"}},
        "dateTime": {"dateTime": {"format": "dateTime"}},
        "personOrGroup": {"personOrGroup": {"allowMultipleSelection": False, "chooseFromType": "peopleOnly"}},
    }
    named = {"name": column.name, "displayName": column.name, "description": column.label}
    return {**named, "indexed": column.indexed, "enforceUniqueValues": column.unique, **kinds.get(column.kind, {column.kind: {}})}


def column_of(told: dict[str, Any]) -> Column:
    """The column that a columnDefinition of Graph's describes."""
    facet = next((name for name in FACETS if told.get(name) is not None), "")
    text, choice = told.get("text") or {}, told.get("choice") or {}
    kind = {"text": "note" if text.get("allowMultipleLines") else "text"}.get(facet, facet)
    if facet == "dateTime" and told["dateTime"].get("format") == "dateOnly":
        kind = "date"
    return Column(
        str(told.get("name") or ""), kind, tuple(choice.get("choices") or ()), bool(told.get("enforceUniqueValues")),
        bool(told.get("indexed")), text.get("maxLength") or LINE, told.get("description") or "",
    )  # fmt: skip
