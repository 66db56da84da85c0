"""The worker's mails: templates of its own, one of text and one of HTML each, in the layout that all mails share (models/letters.py)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader

from models import letters
from models.letters import Letter, Worded


def worded(letter: Letter) -> Worded:
    """The mail in words, in the spoken language."""
    return letters.worded(letter, _environment())


def rendered(name: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Text and HTML of the mail `name`, whoever's template it is."""
    return letters.rendered(name, facts, _environment())


@cache
def _environment() -> Environment:
    return letters.environment(PackageLoader("worker"))
