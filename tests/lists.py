"""An item of a list as a test wants it."""

from __future__ import annotations

from typing import Any

from integrations.sharepoint import sharepoint


def put(list_name: str, key: str, value: str, **fields: Any) -> str:
    """Write `fields` to the item whose `key` is `value`, or to a new one; answers its id."""
    if found := sharepoint().find_item(list_name, key, value):
        return sharepoint().change_item(list_name, found.id, fields, found.etag).id
    return sharepoint().add_item(list_name, key, {key: value, **fields}).id
