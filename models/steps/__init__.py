"""The form: six steps, their 89 questions and 25 documents. A question is added by one line in its step's file (and a migration)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

from sqlmodel import SQLModel

from models.errors import NotFound
from models.language import _
from models.question import Question
from models.slots import SLOTS, Slot
from models.steps.capabilities import Capabilities
from models.steps.company import Company
from models.steps.compliance import Compliance
from models.steps.contact import Contact
from models.steps.insurance import Insurance
from models.steps.roles import Roles

FORM_VERSION = "2026-11"


@dataclass(frozen=True)
class Step:
    """One page of the form. `name` is also the review's section."""

    number: int
    name: str
    title: str
    lead: str
    mixin: type[SQLModel]
    questions: tuple[Question, ...]
    slots: tuple[Slot, ...]

    @property
    def sections(self) -> dict[str, tuple[Question, ...]]:
        """The questions under their headings, in order."""
        headings = dict.fromkeys(question.section for question in self.questions)
        return {heading: tuple(q for q in self.questions if q.section == heading) for heading in headings}


def step_of(name: str) -> Step | None:
    """The step of a question; None if the form has no such question."""
    return STEPS[QUESTIONS[name].step - 1] if name in QUESTIONS else None


def place_of(name: str) -> Step | None:
    """The step in which a question or a document stands; None if the form has it no more."""
    found = QUESTIONS.get(name) or SLOTS.get(name)
    return STEPS[found.step - 1] if found else None


def step_named(name: str) -> Step | None:
    """The step with this name; None if there is none."""
    return next((step for step in STEPS if step.name == name), None)


def step_numbered(number: int) -> Step:
    """The step with this number; NotFound outside 1 to 6."""
    if not 1 <= number <= len(STEPS):
        raise NotFound(_("The form has steps 1 to {last}, and no step {number}.").format(last=len(STEPS), number=number))
    return STEPS[number - 1]


def _step(number: int, name: str, title: str, lead: str, mixin: type[SQLModel]) -> Step:
    slots = tuple(slot for slot in SLOTS.values() if slot.step == number)
    return Step(number, name, title, lead, mixin, _questions(mixin, number), slots)


def _questions(mixin: type[SQLModel], step: int) -> tuple[Question, ...]:
    """The declared questions with their names; a heading holds until the next."""
    found: list[Question] = []
    for name, field in mixin.model_fields.items():
        declared = cast("Question", cast("dict[str, Any]", field.json_schema_extra)["question"])
        section = declared.section or (found[-1].section if found else "")
        found.append(replace(declared, name=name, step=step, section=section))
    return tuple(found)


STEPS: tuple[Step, ...] = (
    _step(1, "company", "Company", "The company that will enter into contract with us, as it stands on the register.", Company),
    _step(2, "contact", "Contacts", "The people we write to, talk to and sign with.", Contact),
    _step(3, "capabilities", "Capabilities", "What you deliver, where, with which equipment and which people.", Capabilities),
    _step(4, "roles", "Roles and experience", "The roles you take on site, your certification and your record.", Roles),
    _step(5, "insurance", "Insurance and policies", "Your cover, your safety record and the policies you work by.", Insurance),
    _step(6, "compliance", "Declarations", "Contracts, consents and the name that stands under your answers.", Compliance),
)
QUESTIONS: dict[str, Question] = {question.name: question for step in STEPS for question in step.questions}
