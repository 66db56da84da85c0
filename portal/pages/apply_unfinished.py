"""What a step still needs when its partner has gone on to the next one: said once, quietly, at the top of that page."""

from __future__ import annotations

from models.language import _
from models.question import Question
from models.sheet import Sheet
from models.slots import Slot
from models.steps import Step, step_named
from portal.render import render

NAMED = 5  # links; what is beyond them is counted


def unfinished(name: str, sheet: Sheet) -> str:
    """The notice as HTML for the step called `name`; empty if that is none, or if nothing is left to do in it."""
    step = step_named(name)
    left = open_in(step, sheet) if step else []
    if not left:
        return ""
    first = [(one.name, _(one.label)) for one in left[:NAMED]]
    judge = "" if sheet.pending else "?check=1"  # what a reviewer asked for is no mistake before the partner has tried to send it again
    return render("apply_unfinished.html", step=step, first=first, total=len(left), more=max(0, len(left) - NAMED), judge=judge)


def open_in(step: Step, sheet: Sheet) -> list[Question | Slot]:
    """What is left to do in a step: what is wrong first, then what is missing, each in the form's order."""
    asked_for = {problem.field for problem in (*sheet.problems(), *sheet.unanswered(step))}
    parts: list[Question | Slot] = [*step.questions, *step.slots]
    left = [one for one in parts if one.name in asked_for and sheet.reach.holds(one.name)]
    return sorted(left, key=lambda one: _is_missing(one, sheet))


def _is_missing(one: Question | Slot, sheet: Sheet) -> bool:
    return isinstance(one, Slot) or sheet.values[one.name] is False or one.kind.is_empty(sheet.answers.get(one.name))
