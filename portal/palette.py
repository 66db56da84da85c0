"""The command palette, on every page of the desk: its buttons in the header, and the dialog that static/palette.js fills."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from models.language import _
from models.looked import VIEWS
from models.person import Actor, Right
from portal.render import render

#: An entry of the desk's navigation: address, words, and the right that shows it.
Place = tuple[str, str, Right]


def buttons() -> str:
    """What opens it, and the mentions that nobody has opened yet, which show once there are some."""
    return render("palette_buttons.html")


def dialog(actor: Actor, desk: Iterable[Place]) -> str:
    """The dialog, with every page that this reader may open."""
    return render("palette.html", pages=pages(actor, desk))


def pages(actor: Actor, desk: Iterable[Place]) -> list[dict[str, Any]]:
    """Where this reader can go: the desk's pages, and the views of its list."""
    found = [{"href": address, "words": _(words)} for address, words, right in desk if actor.may(right)]
    named = _("{page}: {view}")
    views = [(f"/review?view={view}", named.format(page=_("Applications"), view=_(words))) for view, (words, __) in VIEWS.items()]
    return [*found, {"href": "/mentions", "words": _("Mentions")}, *({"href": address, "words": words} for address, words in views)]
