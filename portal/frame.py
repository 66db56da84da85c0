"""The frame of every page: header, skip link, dark mode, and the one place that names colours and sizes (portal.css)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from html import escape
from pathlib import Path

from nicegui import ui

from models.person import Actor, Right

STATIC = Path(__file__).parent / "static"
NAME = "Saber Renewable Energy"

THEME_BUTTON = (
    '<button type="button" class="icon" id="theme" aria-label="Switch between light and dark"><span aria-hidden="true">◐</span></button>'
)

#: The review desk's navigation: address, words, and the right that shows it.
DESK = (
    ("/review", "Applications", Right.READ),
    ("/invitations", "Invitations", Right.INVITE),
    ("/deliveries", "Deliveries", Right.OPERATE),
)


@contextmanager
def frame(title: str, *, actor: Actor | None = None, here: str = "", wide: bool = False, status: bool = False) -> Iterator[None]:
    """A page with `title` in the browser's tab. `actor` brings the staff's navigation, `status` the *Saved* indicator.

    Inside the block stands the page's own content, in `<main id="content">`.
    """
    prepare(title)
    ui.html('<a class="skip" href="#content">Skip to the content</a>', sanitize=False)
    with ui.element("header").classes("top"), ui.element("div").classes("top-in"):
        ui.html(brand("/review" if actor else "/apply"), sanitize=False)
        if actor:
            _navigation(actor, here)
        ui.element("div").classes("grow")
        if status:
            ui.html('<span id="draft-state" class="saved" role="status" aria-live="polite"></span>', sanitize=False)
        ui.html(THEME_BUTTON, sanitize=False)
        if actor:
            _account(actor)
    with ui.element("main").classes("page wide" if wide else "page").props('id=content tabindex="-1"'):
        yield
    if not actor:
        _footer()


def prepare(title: str) -> None:
    """Title, colours and stylesheet of a page; `frame` calls it."""
    ui.page_title(f"{title} – {NAME}")
    ui.add_head_html(head())
    ui.colors(primary="#044D73", secondary="#2F6B1B", accent="#7CC061", positive="#1B6B3A", negative="#B3261E", warning="#8A5A00",
              info="#0B5C86", dark="#12222B", dark_page="#091922")  # fmt: skip
    content = ui.context.client.content
    content.classes(replace="shell")
    if content.parent_slot:  # Quasar's page is a <main> too, around header and footer: the landmark is ours (frame)
        content.parent_slot.parent.props("role=presentation")


def static_url(name: str) -> str:
    """The address of a file of ours, with its hash, so that it may be kept for ever."""
    return f"/static/{name}?v={_digest(name)}"


@cache
def head() -> str:
    """What every page's head carries: fonts, stylesheet, and the theme before the first paint."""
    fonts = "".join(
        f'<link rel="preload" href="/static/fonts/{name}.woff2" as="font" type="font/woff2" crossorigin>'
        for name in ("inter", "montserrat")
    )
    return f'{fonts}<link rel="stylesheet" href="{static_url("portal.css")}"><script src="{static_url("theme.js")}"></script>'


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def brand(home: str) -> str:
    """The mark and the name, linked to `home`; error pages, which are plain HTML, carry it too."""
    mark = '<svg viewBox="0 0 32 32" aria-hidden="true"><path d="M16 2 29 9.5v13L16 30 3 22.5v-13z" fill="currentColor"/>' \
           '<path d="M18.6 6.5 9.5 18h5.4l-1.7 7.5L22.5 14H17z" fill="#7CC061"/></svg>'  # fmt: skip
    return f'<a class="brand" href="{home}">{mark}<span><strong>{NAME}</strong><small>Partner Portal</small></span></a>'


def _navigation(actor: Actor, here: str) -> None:
    links = [
        f'<a href="{address}"{" aria-current=page" if address == here else ""}>{words}</a>'
        for address, words, right in DESK
        if actor.may(right)
    ]
    ui.html(f'<nav class="desk" aria-label="Review desk">{"".join(links)}</nav>', sanitize=False)


def _account(actor: Actor) -> None:
    roles = ", ".join(sorted(role.value for role in actor.roles))
    ui.html(f'<form class="account" method="post" action="/auth/sign-out"><span><strong>{escape(actor.name)}</strong>'
            f'<small>{escape(roles)}</small></span>'
            '<button class="quiet" type="submit">Sign out</button></form>', sanitize=False)  # fmt: skip


def _footer() -> None:
    ui.html('<footer class="foot"><p>Saber Renewable Energy, Partner Portal</p></footer>', sanitize=False)
