"""The mails' templates: one of text and one of HTML each, in the brand's layout and in the spoken language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from models.language import _, ngettext, spoken


def rendered(name: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Text and HTML of the mail `name`. A fact that a template asks for and nobody gave is an error, not a gap."""
    text = _environment().get_template(f"{name}.txt").render(facts)
    return re.sub(r"\n{3,}", "\n\n", text.strip()) + "\n", _environment().get_template(f"{name}.html").render(facts)


@cache
def _environment() -> Environment:
    tidy: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True, "undefined": StrictUndefined, "extensions": ["jinja2.ext.i18n"]}
    made = Environment(loader=PackageLoader("worker"), autoescape=select_autoescape(["html"]), **tidy)
    made.install_gettext_callables(_, ngettext, newstyle=True)  # type: ignore[attr-defined]  # put there by the extension
    made.globals["spoken"] = spoken
    made.filters["lines"] = _lines
    return made


def _lines(text: str) -> Markup:
    """Somebody's words in HTML, with their line breaks and in their own direction, whatever the mail's is."""
    lines = Markup("<br>").join(escape(line) for line in text.splitlines())
    return Markup('<span dir="auto" style="display:block;">{}</span>').format(lines)
