"""The mails' templates: one of text and one of HTML each, in the brand's layout."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape


def rendered(name: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Text and HTML of the mail `name`. A fact that a template asks for and nobody gave is an error, not a gap."""
    text = _environment().get_template(f"{name}.txt").render(facts)
    return text.strip() + "\n", _environment().get_template(f"{name}.html").render(facts)


@cache
def _environment() -> Environment:
    tidy: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True, "undefined": StrictUndefined}
    made = Environment(loader=PackageLoader("worker"), autoescape=select_autoescape(["html"]), **tidy)
    made.filters["lines"] = _lines
    return made


def _lines(text: str) -> Markup:
    """Somebody's words in HTML, with their line breaks."""
    return Markup("<br>").join(escape(line) for line in text.splitlines())
