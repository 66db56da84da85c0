"""Lists, columns and items as Graph shows them."""

from __future__ import annotations

from typing import Any

from integrations.local.graph_lists import Row
from integrations.local.lists import Column

COLUMN_KINDS = ("choice", "number", "boolean", "dateTime", "hyperlinkOrPicture", "personOrGroup", "text")


def list_of(row: Row, base: str) -> Row:
    """A list."""
    kind = {"template": row["template"], "hidden": False}
    return {"id": row["id"], "name": row["name"], "displayName": row["name"], "webUrl": base, "list": kind}


def item_of(item: Row, with_fields: bool) -> Row:
    """A listItem, with its columns where they were asked for."""
    shown = {name: value for name, value in item.items() if name not in ("number", "fields")}
    return shown | ({"fields": item["fields"]} if with_fields else {})


def column_of(column: Column) -> Row:
    """A columnDefinition."""
    kinds: dict[str, Any] = {"note": {"text": {"allowMultipleLines": True}}, "choice": {"choice": {"choices": list(column.choices)}}}
    named = {"id": column.name, "name": column.name, "displayName": column.name}
    return {**named, "indexed": column.indexed, "enforceUniqueValues": column.unique, **kinds.get(column.kind, {column.kind: {}})}


def declared(body: Row) -> Column:
    """A column from Graph's columnDefinition."""
    kind = next((kind for kind in COLUMN_KINDS if kind in body), "text")
    kind = "note" if (body.get("text") or {}).get("allowMultipleLines") else kind
    choices = tuple((body.get("choice") or {}).get("choices", ()))
    return Column(body["name"], kind, choices, bool(body.get("enforceUniqueValues")), bool(body.get("indexed")))
