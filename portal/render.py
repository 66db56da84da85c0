"""HTML of the desk's tables and lists, from portal/templates; every value is escaped unless it is markup already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from models.language import _, ngettext, spoken
from portal import words

_TEMPLATES = FileSystemLoader(Path(__file__).parent / "templates")
_environment = Environment(
    loader=_TEMPLATES, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"]
)
_environment.globals.update(words=words, spoken=spoken)
_environment.install_gettext_callables(_, ngettext, newstyle=True)  # type: ignore[attr-defined]  # put there by the extension


def render(template: str, **values: Any) -> str:
    """The template's HTML for these values."""
    return _environment.get_template(template).render(**values)
