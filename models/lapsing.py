"""What runs out of a partner's file: the insurances, the policies that are good for 12 months, the certificates with a day of their own.

One pure function over answers and documents. Reminders, the renewal form and the suspension are three readings of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Protocol

from models.rules import EXPIRY_DAYS, POLICY_DAYS
from models.slots import SLOTS, Slot
from models.steps import QUESTIONS

#: The documents that run out, in the form's order.
DATED = tuple(name for name, slot in SLOTS.items() if slot.expiry_from)


class Held(Protocol):
    """A stored document, as far as it matters here."""

    @property
    def slot(self) -> str: ...
    @property
    def public_id(self) -> str: ...
    @property
    def expiry_date(self) -> date | None: ...


@dataclass(frozen=True)
class Ending:
    """One document of the form that runs out: `ends` is the last day on which it is good.

    `documents` are the public ids of the files that carry that day or an earlier one themselves; where an answer carries it, none.
    `by_hand` says that a reviewer asked for it, whether it runs out or not; `ends` may be None then.
    `reminded` is the last stage of models/keeping.py at which the partner was reminded of this end: it makes it no other ending.
    """

    slot: str
    ends: date | None
    documents: tuple[str, ...] = ()
    by_hand: bool = False
    reminded: int | None = field(default=None, compare=False)

    @property
    def questions(self) -> tuple[str, ...]:
        """The questions that are answered anew with it."""
        return questions_of(self.slot)

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        ends = self.ends.isoformat() if self.ends else ""
        return {"slot": self.slot, "ends": ends, "documents": list(self.documents), "by_hand": self.by_hand, "reminded": self.reminded}

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Ending:
        """The same from what was stored."""
        ends = date.fromisoformat(told["ends"]) if told["ends"] else None
        return cls(told["slot"], ends, tuple(told["documents"]), bool(told["by_hand"]), told.get("reminded"))


def running_out(values: Mapping[str, Any], files: Iterable[Held], until: date) -> list[Ending]:
    """What is good until `until` at the latest, the first to end first; `values` are settled answers, `files` the stored documents.

    An insurance that is not held and a document that the answers no longer ask for run out no more.
    """
    held = list(files)
    slots = [SLOTS[name] for name in DATED if SLOTS[name].offered(values)]
    found = [_by_files(slot, held, until) if slot.asks_expiry else _by_answer(slot, values, until) for slot in slots]
    return sorted((one for one in found if one), key=lambda one: one.ends or until)


def ends_of(slot: str, values: Mapping[str, Any], files: Iterable[Held]) -> Ending:
    """When one document of the form ends, however late that is; `ends` is None where nothing says so."""
    return next((one for one in running_out(values, files, date.max) if one.slot == slot), Ending(slot, None))


@cache
def questions_of(slot: str) -> tuple[str, ...]:
    """The questions that a new document may answer anew: for an insurance all under its heading, for a policy the day it was signed."""
    dated = SLOTS[slot].expiry_from.removesuffix("+12m")
    if dated in POLICY_DAYS:
        return (dated,)
    if dated not in EXPIRY_DAYS:
        return ()
    heading = QUESTIONS[dated]
    return tuple(name for name, one in QUESTIONS.items() if (one.step, one.section) == (heading.step, heading.section))


def _by_answer(slot: Slot, values: Mapping[str, Any], until: date) -> Ending | None:
    ends = slot.expiry(values)
    return Ending(slot.name, ends) if ends and ends <= until else None


def _by_files(slot: Slot, files: Iterable[Held], until: date) -> Ending | None:
    """One line for all files of a slot that end by then."""
    ending = [(one.expiry_date, one.public_id) for one in files if one.slot == slot.name and one.expiry_date and one.expiry_date <= until]
    return Ending(slot.name, min(ending)[0], tuple(public_id for _day, public_id in ending)) if ending else None
