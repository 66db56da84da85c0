"""HTML from portal/templates; every value is escaped unless it is markup already, and every text is in the spoken language."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from models.language import LANGUAGES, _, ngettext, shown_date, shown_number, spoken
from models.settings import settings
from portal import words
from portal.language import here
from portal.policy import nonce

P = ParamSpec("P")
_TEMPLATES = FileSystemLoader(Path(__file__).parent / "templates")
_environment = Environment(
    loader=_TEMPLATES, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"],
    auto_reload=False,
)  # fmt: skip
_environment.globals.update(
    words=words, spoken=spoken, languages=tuple(LANGUAGES.values()), here=here, shown_date=shown_date, shown_number=shown_number,
    settings=settings, nonce=nonce,
)  # fmt: skip
_environment.filters["said"] = _  # what is declared in English ("… staff (%)"): `_("…")` in a template would read the % as a place
_environment.install_gettext_callables(_, ngettext, newstyle=True)  # type: ignore[attr-defined]  # put there by the extension


def _text(text: str, /, **values: object) -> Markup:
    """`_("…")` of a template: as the extension's own newstyle gettext, which costs three times as much, a hundred times a page."""
    said = Markup(_(text))  # noqa: S704  # our own text; its values are escaped by %
    return said % values if "%" in said else said


_environment.globals["_"] = _text


def render(template: str, **values: Any) -> str:
    """The template's HTML for these values."""
    return _environment.get_template(template).render(**values)


def kept(draw: Callable[P, str]) -> Callable[P, str]:
    """A piece of HTML that is drawn once for each language and each set of arguments: of its reader it may show only what these say."""

    @lru_cache(maxsize=64)
    def drawn(__: str, *args: P.args, **named: P.kwargs) -> str:
        return draw(*args, **named)

    return wraps(draw)(lambda *args, **named: drawn(spoken().code, *args, **named))
