"""A mark for every question and document of each edition of the form: two editions differ where their marks do.

`python -m models.marks` writes the marks of the form as it stands under its FORM_VERSION.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from models.agreement import TEXTS, Text
from models.kinds import COUNTRIES, Kind
from models.question import Question
from models.slots import SLOTS, Slot
from models.steps import FORM_VERSION, QUESTIONS

PLACE = Path(__file__).parent


def marks(
    questions: Mapping[str, Question] = QUESTIONS, slots: Mapping[str, Slot] = SLOTS, texts: Mapping[str, Text] = TEXTS
) -> dict[str, str]:
    """Name → mark: a fingerprint of what a question or document asks of the partner, and of the text that is agreed to."""
    agreed = {name: text.version + text.digest for name, text in texts.items()}
    asked = {name: _mark(_question(one), agreed.get(name, "")) for name, one in questions.items()}
    return asked | {name: _mark(_slot(one)) for name, one in slots.items()}


def recorded(version: str) -> dict[str, str]:
    """The marks of an edition as they were kept; empty if none were."""
    path = PLACE / f"{version}.json"
    found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return found


def keep(version: str = FORM_VERSION) -> Path:
    """Write the marks of the form as it stands."""
    path = PLACE / f"{version}.json"
    path.write_text(json.dumps(marks(), indent=1) + "\n")
    return path


def _question(one: Question) -> dict[str, Any]:
    """What makes it another question: not its help, its example or its column elsewhere."""
    names = ("step", "label", "required", "when", "must_be_true", "agreement", "box", "default")
    return {name: repr(getattr(one, name)) for name in names} | {"kind": _kind(one.kind)}


def _kind(kind: Kind) -> str:
    """What it takes. The countries are the world's and not the form's: a new edition of their list changes no question.

    Nor does a unit that is understood beside the number: nothing else is asked for.
    """
    if kind is COUNTRIES:
        return "countries"
    told = {part.name: getattr(kind, part.name) for part in fields(kind) if part.name not in ("labels", "unit")}  # type: ignore[arg-type]  # all are
    return f"{type(kind).__name__} {told!r}"


def _slot(one: Slot) -> dict[str, Any]:
    names = ("step", "label", "extensions", "required", "when", "also", "multiple", "asks_expiry", "max_mb")
    return {name: repr(getattr(one, name)) for name in names}


def _mark(told: Mapping[str, Any], more: str = "") -> str:
    return hashlib.sha256((json.dumps(told, sort_keys=True) + more).encode()).hexdigest()[:12]
