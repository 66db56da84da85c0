"""The command palette, on every page of the desk: its buttons in the header, and the dialog that static/palette.js fills."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from models.language import _
from models.looked import VIEWS
from models.person import Actor, Right
from portal.render import kept, render

#: An entry of the desk's navigation: address, words, and the right that shows it.
Place = tuple[str, str, Right]


@kept
def buttons() -> str:
    """What opens it, and the mentions that nobody has opened yet, which show once there are some."""
    return render("palette_buttons.html")


def dialog(actor: Actor, desk: Iterable[Place]) -> str:
    """The dialog, with every page that this reader may open."""
    return _dialog(tuple(place for place in desk if actor.may(place[2])))


@kept
def _dialog(desk: tuple[Place, ...]) -> str:
    return render("palette.html", pages=pages(desk))


def pages(desk: Iterable[Place]) -> list[dict[str, Any]]:
    """Where one can go: these pages of the desk, and the views of its list."""
    found = [{"href": address, "words": _(words)} for address, words, __ in desk]
    named = _("{page}: {view}")
    views = [(f"/review?view={view}", named.format(page=_("Applications"), view=_(words))) for view, (words, __) in VIEWS.items()]
    return [*found, {"href": "/mentions", "words": _("Mentions")}, *({"href": address, "words": words} for address, words in views)]
