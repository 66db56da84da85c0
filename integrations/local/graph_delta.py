"""What changed in a list of the local Graph since a link that it gave before (FACTS 8).

A token is `latest`, `all-N-M` (all items after number N, begun when change M was the last) or `since-M` (the changes after M).
"""

from __future__ import annotations

import re

from integrations.local.graph_call import Call
from integrations.local.graph_lists import GraphError, Lists, Row
from integrations.local.graph_shapes import item_of

PAGE = 50


def delta(lists: Lists, call: Call, list_id: str) -> Row:
    """One page: the items, and the link to the next page or for the next time."""
    token = call.query.get("token", f"all-0-{lists.latest()}")
    if token == "latest":  # noqa: S105 — Graph's word
        return {"value": [], "@odata.deltaLink": _link(call, f"since-{lists.latest()}")}
    match = re.fullmatch(r"(all|since)-(\d+)(?:-(\d+))?", token)
    if not match:
        raise GraphError(410, "resyncRequired", "Resync required. Replace any local items with the server's version.")
    return _all(lists, call, list_id, int(match[2]), int(match[3])) if match[1] == "all" else _since(lists, call, list_id, int(match[2]))


def _all(lists: Lists, call: Call, list_id: str, after: int, begun: int) -> Row:
    found = lists.items(list_id, None, False, after, PAGE)
    shown = [_shown(call, item) for item in found]
    if len(found) == PAGE:
        return {"value": shown, "@odata.nextLink": _link(call, f"all-{found[-1]['number']}-{begun}")}
    return {"value": shown, "@odata.deltaLink": _link(call, f"since-{begun}")}


def _since(lists: Lists, call: Call, list_id: str, after: int) -> Row:
    found = lists.changes(list_id, after, PAGE)
    last = found[-1][0] if found else after
    link = "@odata.nextLink" if len(found) == PAGE else "@odata.deltaLink"
    return {"value": [_shown(call, item) for _, item in found], link: _link(call, f"since-{last}")}


def _shown(call: Call, item: Row) -> Row:
    if "deleted" in item:
        return item
    wanted = re.search(r"fields\(\$select=([^)]*)\)", call.query.get("$expand", ""))
    names = wanted[1].split(",") if wanted else list(item["fields"])
    return item_of({**item, "fields": {name: value for name, value in item["fields"].items() if name in (*names, "id")}}, call.wants_fields)


def _link(call: Call, token: str) -> str:
    return str(call.request.url.include_query_params(token=token))
