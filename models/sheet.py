"""A form that is being filled in, evaluated once and then change by change: what is asked, what is wrong, what is left to do.

The sentences and the rules are those of models/rules.py alone; here is only what need not be looked at again. All 89 questions take
milliseconds, one change takes a fraction of one, and 500 partners make 250 changes a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

from models import loose
from models.advice import ADVISED, advice
from models.confirmation import FIELD, unconfirmed
from models.database import now
from models.errors import Problem
from models.kinds import Answers, Choice, Date, Decimal, Email, Integer, Kind, LongText, MultiChoice, Tags, Telephone, Text, Url, YesNo
from models.language import _
from models.question import Condition, Question
from models.reach import EVERYTHING, Reach
from models.resubmission import Pending, still_as_sent
from models.rules import dependents, judge, lack, read
from models.slots import SLOTS, Slot
from models.steps import QUESTIONS, STEPS, Step

#: Minutes that an answer takes to find and write, by kind; a text that is agreed to must be read, a document looked for.
MINUTES: Mapping[type[Kind], float] = {
    Text: 0.3, Email: 0.3, Telephone: 0.3, Url: 0.3, LongText: 1.0, Choice: 0.2, MultiChoice: 0.4, Tags: 0.6,
    YesNo: 0.15, Date: 0.3, Integer: 0.3, Decimal: 0.4,
}  # fmt: skip
AGREEMENT, DOCUMENT = 0.7, 0.7
COUNTRY = "company_country"


@dataclass(frozen=True)
class Given:
    """How much of what a step needs now is there and right: answers and documents."""

    done: int
    total: int
    touched: bool  # whether there is anything at all
    minutes: float  # what is left

    @property
    def state(self) -> str:
        """`done`, `started` or `untouched`."""
        return "done" if self.done == self.total else "started" if self.touched else "untouched"


@dataclass(frozen=True)
class Needed:
    """What the form needs, by name."""

    questions: frozenset[str]
    documents: frozenset[str]


class Sheet:
    """The whole form as one partner sees it. `answers` are as typed, `values` settled: normalised, None where wrong or not asked.

    `held` counts the stored documents by slot, `confirmed` are the addresses that decisions may go to. Where `reach` is not
    everything, only what it holds counts as work that is left. `pending` is what a reviewer asked for: then that is the work, and
    what is wrong besides, so that the sums are those of *Check your answers*.
    """

    __slots__ = ("_problems", "_read", "_steps", "answers", "confirmed", "held", "pending", "reach", "today", "values")

    def __init__(
        self, answers: Answers, held: Mapping[str, int] | None = None, confirmed: Set[str] = frozenset(), reach: Reach = EVERYTHING,
        today: date | None = None, pending: Pending | None = None,
    ) -> None:  # fmt: skip
        self.answers, self.held, self.confirmed, self.reach = dict(answers), dict(held or {}), set(confirmed), reach
        self.today, self.pending = today or now().date(), pending
        self._read: dict[str, Any] = {}
        self.values: dict[str, Any] = {}
        self._problems: dict[str, Problem] = {}
        self._steps: dict[int, Given] = {}
        self._evaluate(set(QUESTIONS))

    def change(self, changes: Answers) -> set[str]:
        """Take changed answers; the names of all questions whose value, asking or rightness may be another now."""
        known = {name: value for name, value in changes.items() if name in QUESTIONS}
        self.answers |= known
        return self._evaluate(set(known) | (_read_by_country() if COUNTRY in known else set()))

    def standing(self, names: Iterable[str]) -> list[tuple[Problem | None, bool]] | None:
        """How these answers stand by themselves: what is wrong with each, and whether it is left out; None where more hangs on one.

        Most keys change nothing but the answer that they write: where this is the same before and after, so is all that is shown of it.
        """
        if self.pending or not _bearing().isdisjoint(names):
            return None
        return [(self._problems.get(name), QUESTIONS[name].kind.is_empty(self.answers.get(name))) for name in names]

    def hold(self, held: Mapping[str, int], replaced: Set[str] = frozenset()) -> None:
        """Take what documents there are now, and which slots have others than those that were sent."""
        self.held = dict(held)
        self.pending = replace(self.pending, replaced=replaced) if self.pending else None
        self._steps.clear()

    def confirm(self, address: str) -> None:
        """An address was confirmed: decisions may go to it."""
        self.confirmed.add(address)
        self._steps.clear()

    def asked(self, name: str) -> bool:
        """Whether the form asks this question."""
        return QUESTIONS[name].asked(self.values)

    def problem(self, name: str) -> Problem | None:
        """What is wrong with one answer; None if nothing is, or if it is not asked."""
        return self._problems.get(name)

    def advice(self, name: str) -> str:
        """What a reviewer will come back to, of one right answer; empty if nothing, or if it is not asked."""
        return advice(name, self.values, self.today) if name in ADVISED and name not in self._problems else ""

    def problems(self) -> list[Problem]:
        """All that stands between this form and its submission, by step, as models/application.py `examine` says it."""
        wrong = [self._problems[name] for name in QUESTIONS if name in self._problems]
        found = [*wrong, *unconfirmed(self.values[FIELD], self.confirmed), *(p for slot in SLOTS.values() if (p := self.lack(slot)))]
        return sorted(found, key=lambda problem: problem.step or 0)

    def lack(self, slot: Slot) -> Problem | None:
        """What is wrong with a slot that must hold a document and holds none."""
        return lack(slot, self.values, self.held)

    def unanswered(self, step: Step) -> list[Problem]:
        """What a reviewer asked for in this step and the partner has neither changed nor explained, where nothing else is wrong."""
        parts: list[Question | Slot] = [*step.questions, *step.slots]
        left = [one for one in parts if self._as_sent(one.name) and one.name not in self._problems]
        return [Problem(one.name, still_as_sent(_(one.label)), step.number) for one in left]

    def needed(self) -> Needed:
        """Every answer and document that the form needs with these answers."""
        questions = frozenset(name for name, q in QUESTIONS.items() if q.required and self.asked(name))
        return Needed(questions, frozenset(name for name, slot in SLOTS.items() if slot.wanted(self.values)))

    def given(self, step: Step) -> Given:
        """How far a step is."""
        if step.number not in self._steps:
            self._steps[step.number] = self._count(step)
        return self._steps[step.number]

    @property
    def done(self) -> int:
        """Answers and documents that are needed and there."""
        return sum(self.given(step).done for step in STEPS)

    @property
    def total(self) -> int:
        """Answers and documents that are needed."""
        return sum(self.given(step).total for step in STEPS)

    @property
    def minutes(self) -> int:
        """About how long the rest takes; 0 when nothing is left."""
        return about(sum(self.given(step).minutes for step in STEPS)) if self.done < self.total else 0

    def _evaluate(self, names: set[str]) -> set[str]:
        context = {COUNTRY: read(QUESTIONS[COUNTRY], self.answers, {})}
        for name in names:
            self._read[name] = read(QUESTIONS[name], self.answers, context)
        moved = names | {other for name in names for other in _asked_by(name)}
        for name in moved:
            self.values[name] = self._read[name] if QUESTIONS[name].asked(self._read) else None
        touched = moved.union(*(dependents(name) for name in moved))
        for name in touched:
            self._judge(QUESTIONS[name])
        for name in touched | names:
            self._steps.pop(QUESTIONS[name].step, None)
        if any(name in _deciding_documents() for name in moved):
            self._steps.clear()
        return touched

    def _judge(self, question: Question) -> None:
        found = judge(question, self.answers.get(question.name), self.values, self.today)
        if found:
            self._problems[question.name] = found
        else:
            self._problems.pop(question.name, None)

    def _count(self, step: Step) -> Given:
        """An optional answer counts once it is wrong: it must be mended or left out before the form can be sent."""
        ours = [q for q in step.questions if self._counts(q.name, q.required and self.asked(q.name), self._amiss(q))]
        slots = [slot for slot in step.slots if self._counts(slot.name, slot.wanted(self.values), bool(self.lack(slot)))]
        open_questions = [q for q in ours if self._amiss(q) or self._as_sent(q.name)]
        open_slots = [slot for slot in slots if self.lack(slot) or self._as_sent(slot.name)]
        return Given(
            len(ours) - len(open_questions) + len(slots) - len(open_slots), len(ours) + len(slots), self._touched(step),
            sum(map(minutes_of, open_questions)) + DOCUMENT * len(open_slots) + self._undecided(step),
        )  # fmt: skip

    def _undecided(self, step: Step) -> float:
        """Minutes of what may still be asked, as what decides it is not answered: half of it will be."""
        if self.pending or self.reach.names is not None:
            return 0
        open_still = (half for half, when in _conditional(step.number) if all(loose.blank(self.answers.get(name)) for name in when.fields))
        return sum(open_still)

    def _counts(self, name: str, needed: bool, amiss: bool) -> bool:
        """Whether this is work, done or not: what the form needs, or while a reviewer asks for something, what they named."""
        return self.reach.holds(name) and (amiss or (name in self.pending.named if self.pending else needed))

    def _amiss(self, question: Question) -> bool:
        waits = question.name == FIELD and bool(unconfirmed(self.values[FIELD], self.confirmed))
        return waits or question.name in self._problems

    def _as_sent(self, name: str) -> bool:
        return bool(self.pending and self.reach.holds(name) and self.pending.holds(name, self.values.get(name)))

    def _touched(self, step: Step) -> bool:
        answered = any(not q.kind.is_empty(self.answers.get(q.name)) for q in step.questions)
        return answered or any(self.held.get(slot.name) for slot in step.slots)


def minutes_of(question: Question) -> float:
    """About how many minutes one answer takes."""
    return AGREEMENT if question.agreement else _minutes(type(question.kind))


@cache
def _minutes(asked: type[Kind]) -> float:
    return next(minutes for kind, minutes in MINUTES.items() if issubclass(asked, kind))


def about(minutes: float) -> int:
    """Minutes as they are said to people: whole, and in steps of five once there are more than ten. At least one."""
    return max(1, round(minutes)) if minutes <= 10 else 5 * round(minutes / 5)


@cache
def usual_minutes() -> int:
    """About how long the whole form takes: the invitation's mail, the entrance and a form that was just begun name this number."""
    known = {"company_name": "Company Ltd", "primary_contact_name": "First Last", FIELD: "name@example.co.uk", COUNTRY: "GB"}
    return Sheet(known, confirmed={known[FIELD]}).minutes


@cache
def _conditional(step: int) -> tuple[tuple[float, Condition], ...]:
    """What a step needs under a condition that does not hold for an empty form: half its minutes, and the condition."""
    parts = [(minutes_of(q), q.when) for q in STEPS[step - 1].questions if q.required]
    parts += [(DOCUMENT, slot.when) for slot in STEPS[step - 1].slots if slot.required]
    return tuple((minutes / 2, when) for minutes, when in parts if when and not when.holds({}))


@cache
def _asked_by(name: str) -> frozenset[str]:
    """The questions whose condition reads this one."""
    return frozenset(q.name for q in QUESTIONS.values() if q.when and name in q.when.fields)


@cache
def opens_more(name: str) -> bool:
    """Whether it depends on this answer what else is asked, be it a question or a document."""
    return bool(_asked_by(name)) or name in _deciding_documents()


@cache
def _read_by_country() -> frozenset[str]:
    """The questions whose answers are read with the country in mind."""
    return frozenset(
        name for name, q in QUESTIONS.items() if isinstance(q.kind, Telephone) or (isinstance(q.kind, Text) and q.kind.by_country)
    )


@cache
def _bearing() -> frozenset[str]:
    """The questions on which something else hangs that is shown: another question, a document, advice, the address's confirmation."""
    depended_on = frozenset(name for name in QUESTIONS if dependents(name))
    return depended_on | _deciding_documents() | _read_by_country() | ADVISED | {COUNTRY, FIELD}


@cache
def _deciding_documents() -> frozenset[str]:
    """The questions on which it depends what documents are wanted, in whatever step."""
    conditions: Iterable[Any] = (when for slot in SLOTS.values() for when in (slot.when, slot.also) if when)
    return frozenset(field for condition in conditions for field in condition.fields)
