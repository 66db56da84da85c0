"""How the answers of several windows and people become one draft: nothing that a writer has not seen is overwritten.

A writer is one window of a browser. Each stored answer has a mark: the version under which it was stored, and whose change it was.
Versions follow the portal's clock and grow within a step; a writer's sequences order its own changes and mean nothing to others,
so that a device whose clock is wrong does no harm.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple


class Mark(NamedTuple):
    """Who stored an answer, and when: `version` in microseconds since 1970, `sequence` the writer's own count, `by` a name."""

    version: int
    writer: str = ""
    sequence: int = 0
    by: str = ""


@dataclass(frozen=True)
class Answer:
    """One changed answer. `sequence` grows with every change of its `writer`; `base` is the newest version that the writer had seen."""

    name: str
    value: Any
    sequence: int
    base: int = 0
    writer: str = ""


@dataclass(frozen=True)
class Stored:
    """One answer as the database holds it; None stands for one that was taken away."""

    name: str
    value: Any
    mark: Mark

    def shown(self) -> dict[str, Any]:
        """For a window: who answered what, at which moment, which is the version, and which change of which window it was."""
        version, writer, sequence, by = self.mark
        return {"name": self.name, "value": self.value, "version": version, "writer": writer, "sequence": sequence, "by": by}


class Verdict(StrEnum):
    """What becomes of a change."""

    TAKEN = "taken"
    KNOWN = "known"  # the same is stored already, or something newer by the same writer
    CONFLICT = "conflict"


@dataclass
class Outcome:
    """What became of each change: `saved` with the version that is stored now, `conflicts` with what stands instead."""

    saved: list[tuple[Answer, int]] = field(default_factory=list)
    conflicts: list[tuple[Answer, Stored]] = field(default_factory=list)
    changed: list[Stored] = field(default_factory=list)


@dataclass
class Merge:
    """A step's answers and their marks while changes are laid over them. `dirty` once something differs."""

    answers: dict[str, Any]
    marks: dict[str, Mark]
    dirty: bool = False

    def take(self, changes: Iterable[Answer], by: str, outcome: Outcome) -> None:
        """Lay the changes over what is stored, all under one new version, and add to `outcome` what became of each."""
        version = max(time.time_ns() // 1000, self.newest + 1)
        for change in changes:
            verdict = judge(self.marks.get(change.name), self.answers.get(change.name), change)
            if verdict == Verdict.CONFLICT:
                outcome.conflicts.append((change, self.stored(change.name)))
                continue
            if verdict == Verdict.TAKEN:
                self._write(change, Mark(version, change.writer, change.sequence, by), outcome)
            outcome.saved.append((change, self.marks[change.name].version))

    def replace(self, answers: Mapping[str, Any], by: str) -> list[Stored]:
        """Put these answers in the place of all; those that stay the same keep their marks. Answers what changed."""
        version = max(time.time_ns() // 1000, self.newest + 1)
        differ = [name for name in {**self.answers, **answers} if not same(self.answers.get(name), answers.get(name))]
        self.answers = dict(answers)
        self.marks |= {name: Mark(version, by=by) for name in differ}
        self.dirty = True
        return [self.stored(name) for name in differ]

    def since(self, version: int) -> list[Stored]:
        """The answers stored after this version."""
        return [self.stored(name) for name, mark in self.marks.items() if mark.version > version]

    def stored(self, name: str) -> Stored:
        """One answer as it stands."""
        return Stored(name, self.answers.get(name), self.marks[name])

    @property
    def newest(self) -> int:
        """The newest version of the step, 0 if there is none."""
        return max((mark.version for mark in self.marks.values()), default=0)

    def _write(self, change: Answer, mark: Mark, outcome: Outcome) -> None:
        self.answers[change.name], self.marks[change.name] = change.value, mark
        self.dirty = True
        outcome.changed.append(self.stored(change.name))


def judge(held: Mark | None, value: Any, change: Answer) -> Verdict:
    """What becomes of a change, given what is stored.

    A writer's own newer change follows its older one even before the older one's answer has come back. What stands there otherwise
    must have been seen, or be the very same. A change is only ever known, not taken, if a later one could not be undone by it.
    """
    if held is None:
        return Verdict.TAKEN
    if held.writer == change.writer:
        return Verdict.TAKEN if change.sequence > held.sequence else Verdict.KNOWN
    if held.version <= change.base:
        return Verdict.TAKEN
    return Verdict.KNOWN if same(value, change.value) else Verdict.CONFLICT


def same(one: Any, other: Any) -> bool:
    """Whether two answers are the same JSON: 1 is not true, and 1 is not 1.0."""
    return type(one) is type(other) and bool(one == other)


def marks_of(stored: Mapping[str, Any]) -> dict[str, Mark]:
    """The marks of a stored step; the first edition of the table held the change's number alone."""
    return {name: Mark(*raw) if isinstance(raw, list | tuple) else Mark(int(raw)) for name, raw in stored.items()}
