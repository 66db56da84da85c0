"""An application for reading, step by step: one tree for the check page, the status page and the PDF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.kinds import Answers
from models.language import _
from models.question import Question
from models.reach import EVERYTHING, Reach
from models.request import label_of
from models.resubmission import Differences, Filed
from models.steps import QUESTIONS, STEPS, Step
from portal.widgets import as_typed


@dataclass(frozen=True)
class Line:
    """One question or document. `shown` is empty where nothing was given, `wrong` where nothing is amiss, `advice` where nothing
    else is to be said.

    `was` is what stood there when it was sent last, None where it is still the same.
    """

    name: str
    label: str
    required: bool
    shown: str = ""
    wrong: str = ""
    files: tuple[Filed, ...] = ()
    was: str | None = None
    locked: bool = False
    advice: str = ""


@dataclass(frozen=True)
class Chapter:
    """A step with its lines under their headings; documents stand under their own."""

    step: Step
    sections: dict[str, list[Line]]


@dataclass(frozen=True)
class Reading:
    """What is read: answers as typed (or as JSON) and settled, the documents, and where it matters what is wrong or has changed."""

    answers: Answers
    values: Answers
    files: tuple[Filed, ...]
    wrong: Mapping[str, str] = field(default_factory=dict)
    changed: Differences = field(default_factory=Differences)
    reach: Reach = EVERYTHING
    advice: Mapping[str, str] = field(default_factory=dict)

    def chapters(self) -> list[Chapter]:
        """Every question that is asked, with what was answered, and every document, in the form's order."""
        return [Chapter(step, {**self._questions(step), **self._documents(step)}) for step in STEPS]

    def _questions(self, step: Step) -> dict[str, list[Line]]:
        asked = {section: [self._line(q) for q in questions if q.asked(self.values)] for section, questions in step.sections.items()}
        return {_(section): lines for section, lines in asked.items() if lines}

    def _line(self, question: Question) -> Line:
        name, pair = question.name, self.changed.answers.get(question.name)
        was = None if pair is None else shown_stored(question, pair[0])
        shown = shown_answer(question, self.answers, self.values)
        wrong, locked = self.wrong.get(name, ""), not self.reach.holds(name)
        return Line(name, _(question.label), question.required, shown, wrong, was=was, locked=locked, advice=self.advice.get(name, ""))

    def _documents(self, step: Step) -> dict[str, list[Line]]:
        lines = []
        for slot in step.slots:
            files = tuple(one for one in self.files if one.slot == slot.name)
            if files or slot.offered(self.values):
                pair = self.changed.documents.get(slot.name)
                was, locked = None if pair is None else ", ".join(pair[0]), not self.reach.holds(slot.name)
                wanted, wrong = slot.wanted(self.values), self.wrong.get(slot.name, "")
                lines.append(Line(slot.name, _(slot.label), wanted, "", wrong, files, was, locked))
        return {_("Documents"): lines} if lines else {}


def shown_answer(question: Question, answers: Answers, values: Answers) -> str:
    """An answer for people; one that is wrong stands as it was typed."""
    value = values.get(question.name)
    return question.kind.show(value) if value is not None else as_typed(question, answers.get(question.name))


def shown_stored(question: Question, stored: object) -> str:
    """An answer from an event's JSON for people; what no longer fits the question is shown as it is."""
    if question.kind.is_empty(stored):
        return ""
    try:
        return question.kind.show(question.kind.clean(stored, {}))
    except ValueError:
        return str(stored)


@dataclass(frozen=True)
class Compared:
    """One change for a table of before and after."""

    name: str
    label: str
    before: str
    after: str


def compared(found: Differences) -> list[Compared]:
    """All that differs, in the form's order, in words."""
    answers = [_compared(name, *found.answers[name]) for name in QUESTIONS if name in found.answers]
    return answers + [Compared(name, _(label_of(name)), ", ".join(old), ", ".join(new)) for name, (old, new) in found.documents.items()]


def _compared(name: str, before: object, after: object) -> Compared:
    question = QUESTIONS[name]
    return Compared(name, _(question.label), shown_stored(question, before), shown_stored(question, after))
