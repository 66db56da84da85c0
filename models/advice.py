"""What a partner is told of a right answer that a reviewer will come back to (models/flags.py). It stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from models.flags import CERTIFIED, is_ticked_and_denied, needs_indemnity
from models.language import _, shown_date, shown_number
from models.rules import EXPIRES_SOON, EXPIRY_DAYS, POLICY_DAYS, is_old
from models.settings import settings

Values = Mapping[str, Any]
Adviser = Callable[[str, Values, date], str]


def advice(name: str, values: Values, today: date) -> str:
    """What is said beside one right answer, given the settled values; empty if nothing. The form can be sent as it is."""
    return ADVISERS[name](name, values, today) if name in ADVISERS and values.get(name) is not None else ""


def _of_policy(name: str, values: Values, today: date) -> str:
    if not is_old(values[name], today):
        return ""
    return _("Signed more than 12 months ago: our reviewer will ask for a newer copy. You can send the form with this one.")


def _of_expiry(name: str, values: Values, today: date) -> str:
    if not today < values[name] <= today + EXPIRES_SOON:
        return ""
    said = _("Runs out on {day}: our reviewer will ask for the renewal. You can send the form with this one.")
    return said.format(day=shown_date(values[name]))


def _of_cover(name: str, values: Values, _today: date) -> str:
    least = getattr(settings(), name.replace("_cover", "_minimum"))
    if values[name] >= least:
        return ""
    return _("We ask for £{minimum} or more: our reviewer will come back to this. You can send the form as it is.").format(
        minimum=shown_number(least)
    )


def _of_liability(name: str, values: Values, _today: date) -> str:
    if values[name]:
        return ""
    said = _("We ask for cover of £{minimum} or more: our reviewer will come back to this. You can send the form as it is.")
    return said.format(minimum=shown_number(settings().public_liability_minimum))


def _of_clause(name: str, values: Values, _today: date) -> str:
    return "" if values[name] else _("We ask for this clause: your insurer can add it. You can send the form as it is.")


def _of_indemnity(name: str, values: Values, _today: date) -> str:
    if values[name] or not needs_indemnity(values):
        return ""
    return _("You design, and we ask designers for this insurance: our reviewer will come back to it. You can send the form as it is.")


def _of_certification(name: str, values: Values, _today: date) -> str:
    if not is_ticked_and_denied(name, values):
        return ""
    said = _("You ticked {certification} under Trade certifications held in step 3. Correct one of the two, or our reviewer will ask.")
    return said.format(certification=CERTIFIED[name])


#: Question → who has something to say of its answer.
ADVISERS: Mapping[str, Adviser] = {
    **dict.fromkeys(POLICY_DAYS, _of_policy),
    **dict.fromkeys(EXPIRY_DAYS, _of_expiry),
    **dict.fromkeys(("public_liability_cover", "professional_indemnity_cover"), _of_cover),
    **dict.fromkeys(CERTIFIED, _of_certification),
    "public_liability_insurance": _of_liability,
    "public_liability_indemnity": _of_clause,
    "professional_indemnity_insurance": _of_indemnity,
}
ADVISED = frozenset(ADVISERS)
