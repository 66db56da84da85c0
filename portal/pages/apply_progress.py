"""How far the form is: the rail on a desktop, a bar that opens on a telephone."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from models.confirmation import FIELD, unconfirmed
from models.kinds import Answers
from models.rules import answered, settle
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


def stages(answers: Answers, held: Mapping[str, int], confirmed: Set[str]) -> list[Stage]:
    """All six steps as they stand."""
    return [Stage(step, *given(step, answers, held, confirmed), touched=_touched(step, answers, held)) for step in STEPS]


def given(step: Step, answers: Answers, held: Mapping[str, int], confirmed: Set[str]) -> tuple[int, int]:
    """How much of what a step needs is there, and how much it needs; a contact address that must be confirmed first is not there."""
    done, total = answered(step, answers, held)
    waits = FIELD in {question.name for question in step.questions} and unconfirmed(settle(answers, (FIELD,))[FIELD], confirmed)
    return done - bool(waits), total


def progress(here: str, answers: Answers, held: Mapping[str, int], confirmed: Set[str]) -> str:
    """The rail as HTML; `here` is a step's name or "check"."""
    found = stages(answers, held, confirmed)
    done, total = sum(stage.done for stage in found), sum(stage.total for stage in found)
    return render("apply_progress.html", here=here, stages=found, done=done, total=total, title=_title(here))


def _title(here: str) -> str:
    step = next((step for step in STEPS if step.name == here), None)
    return f"Step {step.number} of {len(STEPS)}: {step.title}" if step else "Check your answers"


def _touched(step: Step, answers: Answers, held: Mapping[str, int]) -> bool:
    given = any(not question.kind.is_empty(answers.get(question.name)) for question in step.questions)
    return given or any(held.get(slot.name) for slot in step.slots)
