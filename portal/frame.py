"""The frame of every page: header, skip link, dark mode, and the one place that names colours and sizes (portal.css)."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cache, partial
from html import escape
from pathlib import Path

import nicegui
from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from nicegui import Client, ui
from nicegui.language import Language

from models.language import _, shown_list, spoken
from models.person import Actor, Right
from portal import palette, visiting
from portal.aside import lay_aside
from portal.attendance import attend
from portal.language import texts_url
from portal.policy import nonce
from portal.postbox import Postbox
from portal.render import render

STATIC = Path(__file__).parent / "static"
#: Seconds in which a page must be there. NiceGUI answers 500 after 3, which a busy hour can take.
PATIENCE = 20.0
#: Every page of ours: `@page("/review")`.
page = partial(ui.page, response_timeout=PATIENCE)
NAME = "Saber Renewable Energy"
#: Language → the name of NiceGUI's and Quasar's own texts in it.
QUASAR: dict[str, Language] = {"en": "en-GB", "de": "de", "ar": "ar"}

#: The review desk's navigation: address, words, and the right that shows it.
DESK = (
    ("/review", "Applications", Right.READ),
    ("/invitations", "Invitations", Right.INVITE),
    ("/deliveries", "Deliveries", Right.OPERATE),
    ("/letters", "Letters", Right.DECIDE),
    ("/people", "People", Right.READ),
    ("/audit", "Audit log", Right.AUDIT),
)


def paint() -> None:
    """Give Quasar our colours, once for all pages."""
    nicegui.app.colors(primary="#044D73", secondary="#2F6B1B", accent="#7CC061", positive="#1B6B3A", negative="#B3261E", warning="#8A5A00",
                       info="#0B5C86", dark="#12222B", dark_page="#091922")  # fmt: skip


@contextmanager
def frame(title: str, *, actor: Actor, here: str, wide: bool = False) -> Iterator[None]:
    """A page of the desk with `title` in the browser's tab; `here` is the address of its place in the navigation.

    Inside the block stands the page's own content, in `<main id="content">`.
    """
    prepare(title)
    attend()
    ui.add_body_html(f'<a class="skip" href="#content">{escape(_("Skip to the content"))}</a>')
    ui.html(_top(actor, here), sanitize=False, tag="header").classes("top")
    _furnish(actor)
    with ui.element("main").classes("page wide" if wide else "page").props('id=content tabindex="-1"'):
        yield
    lay_aside(ui.context.client)


def _furnish(actor: Actor) -> None:
    """What every page of the desk has at hand: keys of one letter, and the command palette."""
    ui.add_head_html(f'<link rel="stylesheet" href="{static_url("palette.css")}">')
    for script in ("keys.js", "palette.js"):
        ui.add_head_html(f'<script src="{static_url(script)}" defer></script>')
    ui.add_head_html(f'<script src="{static_url("unsent.js")}" data-who="{actor.user_id}" defer></script>')
    ui.add_body_html(palette.dialog(actor, DESK))


def partner_page(
    title: str, body: str, *, status: bool = False, scripts: Sequence[str] = (), head: str = "", kind: str = ""
) -> None:
    """A partner's page in this NiceGUI client: HTML that can be read before any script, and a socket that keeps it alive.

    `body` is the HTML inside `<main class="page {kind}">`, `scripts` are files of portal/static, `head` is more HTML of the head.
    NiceGUI's own document is not sent: it draws by Vue and Quasar, 400 KiB of which such a page needs nothing (FACTS 78, 86).
    What works as ever: `ui.on` before the answer goes out, `emitEvent` in the browser, `client.run_javascript`, `push`, `ui.timer`.
    Elements (`ui.html`, `ui.label` …) are not shown on such a page.
    """
    client = ui.context.client
    client.outbox.stop()
    client.outbox = Postbox(client)
    client.on_delete(lambda: asyncio.get_running_loop().call_soon(_let_go, client))
    visiting.attend(client, partial(push, client, "live.leave", "/apply"))

    def answer(request: Request, status_code: int = 200) -> Response:
        del client.build_response  # it holds the whole text, which nobody needs again
        client._response_built = True
        client.outbox.updates.clear()
        html = plain_page(title, body, status=status, scripts=scripts, more=head, kind=kind, live=_live(client, request))
        return HTMLResponse(html, status_code, {"Cache-Control": "no-store"})

    client.build_response = answer  # type: ignore[method-assign]


def _let_go(client: Client) -> None:
    """Free a page that is gone at once: a client and its handlers hold each other, and what the garbage collector has to find waits
    for hours, some 200 kB a page, or stops everybody for a second (portal/main.py `calm_garbage`).
    """
    for handlers in (client.connect_handlers, client.disconnect_handlers, client.delete_handlers, client.layout._event_listeners):
        handlers.clear()


def plain_page(
    title: str, body: str, *, status: bool = False, scripts: Sequence[str] = (), more: str = "", kind: str = "",
    live: dict[str, str] | None = None, home: str = "/apply",
) -> str:  # fmt: skip
    """The whole document of a partner's page, as text; without `live` it is HTML alone, as the entrance and error pages are.

    `more` is further HTML of the head, `home` where the name leads.
    """
    return render(
        "partner.html", title=title, body=body, status=status, scripts=scripts, more=more, kind=kind, live=live, name=NAME,
        head=head(), brand=brand(home), theme=theme_button(), asset=static_url,
    )  # fmt: skip


def push(client: Client, name: str, *args: object) -> None:
    """Call a function of a partner's page, "form.told", with what can be JSON. Nothing is evaluated there, unlike run_javascript."""
    if not client.is_deleted:
        client.outbox.enqueue_message("call", {"name": name, "args": list(args)}, client.id)


def prepare(title: str) -> None:
    """Title, language and stylesheet of a page; `frame` calls it."""
    ui.page_title(f"{title} – {NAME}")
    _speak(ui.context.client)
    ui.add_head_html(head())
    content = ui.context.client.content
    content.classes(replace="shell")
    if content.parent_slot:  # Quasar's page is a <main> too, around header and footer: the landmark is ours (frame)
        content.parent_slot.parent.tag = "div"


def _speak(client: Client) -> None:
    """The page's language and direction. NiceGUI's page belongs to all who open it, so this reader's client gets its own."""
    client.page = copy(client.page)
    client.page.language = QUASAR[spoken().code]
    ui.add_head_html(f'<script nonce="{nonce()}">document.documentElement.dir = "{spoken().direction}"</script>')


def static_url(name: str) -> str:
    """The address of a file of ours, with its hash, so that it may be kept for ever."""
    return f"/static/{name}?v={_digest(name)}"


def head() -> str:
    """What every page's head carries: fonts, stylesheet, the theme before the first paint, and the scripts' texts."""
    return f'{_head()}<script src="{escape(texts_url())}"></script>'


@cache
def _head() -> str:
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
    portal = escape(_("Partner Portal"))
    return f'<a class="brand" href="{home}">{mark}<span><strong>{NAME}</strong><small>{portal}</small></span></a>'


def theme_button() -> str:
    """The button that switches between light and dark."""
    words = escape(_("Switch between light and dark"))
    return f'<button type="button" class="icon" id="theme" aria-label="{words}"><span aria-hidden="true">◐</span></button>'


def _live(client: Client, request: Request) -> dict[str, str]:
    """What static/live.js needs to reach this client: NiceGUI's own names, as its own page carries them."""
    prefix = request.scope.get("root_path", "")
    listeners = [(one.type, one.id) for one in client.layout._event_listeners.values()]
    told = {"client": client.id, "next": client.outbox.next_message_id, "listeners": listeners, "path": f"{prefix}/_nicegui_ws/socket.io"}
    return {"told": json.dumps(told), "socket_io": f"{prefix}/_nicegui/{nicegui.__version__}/static/socket.io.min.js"}


def _top(actor: Actor, here: str) -> str:
    """What stands in the header, from the name to the account; one piece of HTML, since each element of NiceGUI's costs a fifth of a ms."""
    grow, menu = '<div class="grow"></div>', render("language_menu.html")
    first, last = (brand("/review"), _navigation(actor, here)), (menu, theme_button(), _account(actor))
    return f'<div class="top-in">{_boxes(first)}{grow}<div class="openers">{palette.buttons()}</div>{_boxes(last)}</div>'


def _boxes(pieces: Iterable[str]) -> str:
    return "".join(f"<div>{piece}</div>" for piece in pieces)


def _navigation(actor: Actor, here: str) -> str:
    links = [
        f'<a href="{address}"{" aria-current=page" if address == here else ""}>{escape(_(words))}</a>'
        for address, words, right in DESK
        if actor.may(right)
    ]
    desk = escape(_("Review desk"))  # outside of the f-string, where the texts are gathered
    return f'<nav class="desk" aria-label="{desk}">{"".join(links)}</nav>'


def _account(actor: Actor) -> str:
    roles = shown_list(sorted(_(role.value) for role in actor.roles))
    return f'<form class="account" method="post" action="/auth/sign-out"><span><strong><bdi>{escape(actor.name)}</bdi></strong>' \
           f'<small>{escape(roles)}</small></span><button class="quiet" type="submit">{escape(_("Sign out"))}</button></form>'  # fmt: skip
