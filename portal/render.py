"""HTML from portal/templates; every value is escaped unless it is markup already, and every text is in the spoken language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from models.language import LANGUAGES, _, ngettext, shown_date, shown_number, spoken
from models.settings import settings
from portal import words
from portal.language import here

_TEMPLATES = FileSystemLoader(Path(__file__).parent / "templates")
_environment = Environment(
    loader=_TEMPLATES, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"],
    auto_reload=False,
)  # fmt: skip
_environment.globals.update(
    words=words, spoken=spoken, languages=tuple(LANGUAGES.values()), here=here, shown_date=shown_date, shown_number=shown_number,
    settings=settings,
)  # fmt: skip
_environment.filters["said"] = _  # what is declared in English ("… staff (%)"): `_("…")` in a template would read the % as a place
_environment.install_gettext_callables(_, ngettext, newstyle=True)  # type: ignore[attr-defined]  # put there by the extension


def render(template: str, **values: Any) -> str:
    """The template's HTML for these values."""
    return _environment.get_template(template).render(**values)
