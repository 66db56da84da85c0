"""Lists, columns and items as Graph shows them."""

from __future__ import annotations

from integrations.columns import Column, definition
from integrations.local.graph_lists import Row


def list_of(row: Row, base: str) -> Row:
    """A list."""
    kind = {"template": row["template"], "hidden": False}
    return {"id": row["id"], "name": row["name"], "displayName": row["name"], "webUrl": base, "list": kind}


def item_of(item: Row, with_fields: bool) -> Row:
    """A listItem, with its columns where they were asked for."""
    shown = {name: value for name, value in item.items() if name not in ("number", "fields")}
    return shown | ({"fields": item["fields"]} if with_fields else {})


def shown_column(column: Column) -> Row:
    """A columnDefinition."""
    return {"id": column.name, **definition(column)}
