"""The filters of the list of applications: the panel in which they are chosen, and a chip for each that holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from models.assignment import Reviewer
from models.flagging import FLAGGABLE
from models.language import _, ngettext, shown_number
from models.looked import FLAGGED, NO_VERDICT, NOBODY, REGIONS, SHOWN, UNFLAGGED, Looked
from models.request import label_of
from models.review import SECTIONS, Ruling
from models.steps.capabilities import CAPACITIES
from portal import words
from portal.render import kept, render

#: What can be said of a section.
RULINGS = {NO_VERDICT: "No verdict", Ruling.PASSED: "Passed", Ruling.CONCERN: "Concern", Ruling.FAILED: "Failed"}


@kept
def panel(able: tuple[Reviewer, ...]) -> str:
    """The form with every filter; what is chosen in it takes effect at once. desk.js fills it from the address."""
    return render(
        "desk_filters.html", statuses=SHOWN, sections=SECTIONS, rulings=RULINGS, reviewers=able, nobody=NOBODY, regions=REGIONS,
        capacities=CAPACITIES, flagged=FLAGGED, unflagged=UNFLAGGED, flaggable=FLAGGABLE, label_of=label_of,
    )  # fmt: skip


def chips(wanted: Looked, names: Mapping[int, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each filter that holds, in words, with what is changed to be without it."""
    for status in wanted.statuses:
        yield words.status_words(status), {"statuses": tuple(one for one in wanted.statuses if one != status)}
    for pair in wanted.sections:
        verdict = _("{section}: {verdict}").format(section=_(SECTIONS[pair[0]]), verdict=_(RULINGS[pair[1]]))
        yield verdict, {"sections": tuple(one for one in wanted.sections if one != pair)}
    yield from ((text, {name: "" if name in ("reviewer", "region", "capacity", "flag") else None}) for name, text in _simple(wanted, names))
    if wanted.failed:
        yield _("Failed deliveries"), {"failed": False}
    if wanted.overdue:
        yield _("Overdue conditions"), {"overdue": False}
    if wanted.expiring:
        said = ngettext("Expires within {count} day", "Expires within {count} days", wanted.expiring)
        yield said.format(count=shown_number(wanted.expiring)), {"expiring": 0}


def _simple(wanted: Looked, names: Mapping[int, str]) -> Iterator[tuple[str, str]]:
    if wanted.reviewer == NOBODY:
        yield "reviewer", _("Without a reviewer")
    elif wanted.reviewer:
        yield "reviewer", _("Reviewer: {name}").format(name=words.own(names.get(int(wanted.reviewer), _("somebody who left"))))
    if wanted.region:
        yield "region", _("Region: {region}").format(region=_(wanted.region))
    if wanted.capacity:
        yield "capacity", _("Capacity: {capacity}").format(capacity=words.own(_(wanted.capacity)))
    if wanted.flag:
        yield "flag", _flag(wanted.flag)
    if wanted.since:
        yield "since", _("Submitted from {day}").format(day=words.day(wanted.since))
    if wanted.until:
        yield "until", _("Submitted until {day}").format(day=words.day(wanted.until))


def _flag(flag: str) -> str:
    if flag in (FLAGGED, UNFLAGGED):
        return _("Any flag") if flag == FLAGGED else _("No flag")
    return _("Flagged: {what}").format(what=words.own(_(SECTIONS[flag] if flag in FLAGGABLE else label_of(flag))))
