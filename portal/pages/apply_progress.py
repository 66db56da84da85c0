"""How far the form is: the rail on a desktop, a bar that opens on a telephone. Drawn once, then told only what is different."""

from __future__ import annotations

from typing import Any

from models.language import _, ngettext, shown_number
from models.sheet import Given, Sheet, about
from models.steps import STEPS, step_named
from portal.render import render

CHECK = "check"


def progress(here: str, sheet: Sheet, only_step: str = "") -> str:
    """The rail as HTML; `here` is a step's name or "check". A colleague who helps with one step sees that step alone."""
    steps = [step for step in STEPS if only_step in ("", step.name)]
    return render("apply_progress.html", here=here, steps=steps, told=rail(sheet, only_step), title=_title(here), alone=bool(only_step))


def rail(sheet: Sheet, only_step: str = "") -> dict[str, Any]:
    """What the rail says, as JSON: per step its state and words, and the sums. `form.told` (static/form.js) brings it up to date."""
    given = {step.name: sheet.given(step) for step in STEPS if only_step in ("", step.name)}
    done, total = sum(one.done for one in given.values()), sum(one.total for one in given.values())
    return {
        "steps": {name: [one.state, _words(one)] for name, one in given.items()},
        "sum": _("{done} of {total} complete").format(done=shown_number(done), total=shown_number(total)),
        "left": left(sum(one.minutes for one in given.values()) if done < total else 0),
        "share": round(100 * done / total) if total else 100,
        CHECK: _("Ready to send") if done == total else _("Before you send it"),
    }


def left(minutes: float) -> str:
    """ "About 12 minutes left"; empty when nothing is."""
    whole = about(minutes)
    return ngettext("About {minutes} minute left", "About {minutes} minutes left", whole).format(minutes=whole) if minutes else ""


def _words(given: Given) -> str:
    if given.state == "done":
        return _("Complete")
    return _("{done} of {total}").format(done=shown_number(given.done), total=shown_number(given.total))


def _title(here: str) -> str:
    step = step_named(here)
    if step is None:
        return _("Check your answers")
    return _("Step {number} of {last}: {title}").format(number=step.number, last=len(STEPS), title=_(step.title))
