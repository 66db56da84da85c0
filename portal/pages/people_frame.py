"""What the pages of people, of programs and of webhooks have in common: the frame, and the tabs that lead from one to the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape

from nicegui import ui

from models.language import _
from models.person import Actor, Right
from portal.frame import frame, static_url
from portal.pages.desk_style import style
from portal.render import render


@contextmanager
def people_page(title: str, actor: Actor) -> Iterator[None]:
    """The frame of one of them, with its styles."""
    with frame(title, actor=actor, here="/people", wide=True):
        style()
        ui.add_head_html(f'<link rel="stylesheet" href="{static_url("people.css")}">')
        yield


def people_head(here: str, actor: Actor, deed: Callable[[], object] | None = None) -> None:
    """The heading, with the page's own button after it, and the tabs; `here` is the address of the one that is open."""
    with ui.element("div").classes("title"):
        ui.html(f"<h1>{escape(_('People'))}</h1>", sanitize=False)
        if deed:
            ui.element("div").classes("grow")
            deed()
    ui.html(render("people_tabs.html", here=here, programs=actor.may(Right.PEOPLE)), sanitize=False).classes("results")
