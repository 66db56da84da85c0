"""How far the form is: the rail on a desktop, a bar that opens on a telephone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.kinds import Answers
from models.rules import answered
from models.steps import STEPS, Step
from portal.render import render

CHECK = "check"


@dataclass(frozen=True)
class Stage:
    """One line of the rail: a step, and how many of the answers and documents it needs are there."""

    step: Step
    done: int
    total: int
    touched: bool

    @property
    def state(self) -> str:
        """`done`, `started` or `untouched`."""
        return "done" if self.done == self.total else "started" if self.touched else "untouched"


def stages(answers: Answers, held: Mapping[str, int]) -> list[Stage]:
    """All six steps as they stand."""
    return [Stage(step, *answered(step, answers, held), touched=_touched(step, answers, held)) for step in STEPS]


def progress(here: str, answers: Answers, held: Mapping[str, int]) -> str:
    """The rail as HTML; `here` is a step's name or "check"."""
    found = stages(answers, held)
    done, total = sum(stage.done for stage in found), sum(stage.total for stage in found)
    return render("apply_progress.html", here=here, stages=found, done=done, total=total, title=_title(here))


def _title(here: str) -> str:
    step = next((step for step in STEPS if step.name == here), None)
    return f"Step {step.number} of {len(STEPS)}: {step.title}" if step else "Check your answers"


def _touched(step: Step, answers: Answers, held: Mapping[str, int]) -> bool:
    given = any(not question.kind.is_empty(answers.get(question.name)) for question in step.questions)
    return given or any(held.get(slot.name) for slot in step.slots)
