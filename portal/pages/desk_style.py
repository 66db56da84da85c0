"""What every page of the desk wears."""

from __future__ import annotations

from nicegui import ui

from portal.frame import static_url


def style() -> None:
    """The desk's own stylesheet and script; every page of it calls this, inside its frame."""
    ui.add_head_html(f'<link rel="stylesheet" href="{static_url("desk.css")}"><script src="{static_url("desk.js")}" defer></script>')
