"""What one answer fills in elsewhere, as if it had been typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from models import loose, units
from models.kinds import Answers
from models.steps.capabilities import UK_REGIONS


def fills(changed: Answers, before: Answers) -> dict[str, Any]:
    """What follows from changed answers, for questions that were not changed themselves. `before` are the answers until now."""
    after = {**before, **changed}
    found = {other: value for name in changed if name in FILLS for other, value in FILLS[name](after, before).items()}
    return {other: value for other, value in found.items() if other not in changed and value != before.get(other)}


def _rest(name: str, other: str, after: Answers, before: Answers) -> dict[str, Any]:
    """The other percentage: what is left of 100. What we filled in for "11" goes again when it becomes "110"."""
    share, was, rest = (units.measured(raw, "%") for raw in (after.get(name), before.get(name), before.get(other)))
    if share is not None and 0 <= share <= 100 and share == int(share):
        return {other: str(100 - int(share))}
    ours = was is not None and rest is not None and was + rest == 100
    return {other: ""} if share is not None and ours else {}


def _regions(after: Answers, _before: Answers) -> dict[str, Any]:
    """Who works across the whole UK covers its twelve regions."""
    if loose.truth(after.get("nationwide_coverage")) is not True:
        return {}
    ticked = loose.items(after.get("geographic_coverage")) or []
    return {"geographic_coverage": [*UK_REGIONS, *(one for one in ticked if one not in UK_REGIONS)]}


FILLS: Mapping[str, Callable[[Answers, Answers], dict[str, Any]]] = {
    "internal_staff_percentage": partial(_rest, "internal_staff_percentage", "subcontract_percentage"),
    "subcontract_percentage": partial(_rest, "subcontract_percentage", "internal_staff_percentage"),
    "nationwide_coverage": _regions,
}
