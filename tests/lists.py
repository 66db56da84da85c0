"""An item of a list as a test wants it."""

from __future__ import annotations

from typing import Any

from integrations.sharepoint import sharepoint
from models.database import transaction
from models.followed_list import FollowedList
from worker.follow import lists


def put(list_name: str, key: str, value: str, **fields: Any) -> str:
    """Write `fields` to the item whose `key` is `value`, or to a new one; answers its id."""
    if found := sharepoint().find_item(list_name, key, value):
        return sharepoint().change_item(list_name, found.id, fields, found.etag).id
    return sharepoint().add_item(list_name, key, {key: value, **fields}).id


def read_so_far() -> None:
    """As if the portal had read both lists: they are the whole session's, and what other tests left in them is not this test's."""
    for name, (columns, _) in lists().items():
        _, link = sharepoint().changes(name, "", columns)
        with transaction() as session:
            session.add(FollowedList(name=name, link=link))
