"""The frame of every page of the form: the rail beside it, the journal in its head, the scripts that it needs."""

from __future__ import annotations

from nicegui import ui

from models.steps import Step
from portal.autosave import journal_head
from portal.frame import partner_page
from portal.pages.apply_folder import Folder
from portal.pages.apply_progress import CHECK, progress
from portal.render import render

SCRIPTS = (
    "form.js", "offers.js", "fields.js", "carrier.js", "pdf.js", "papers.js", "uploads.js", "taking.js", "tray.js", "partner.js",
)  # fmt: skip


def form_page(
    title: str, folder: Folder, body: str, *, step: Step | None = None, stale: str = "", scripts: tuple[str, ...] = (), more: str = ""
) -> None:
    """A page of the form with the rail; `body` is its HTML, `step` what it shows, None for *Check your answers*.

    With `stale="reload"` the page is loaded again once the journal has sent what was typed before. `more` is HTML of the head.
    """
    here = step.name if step else CHECK
    html = render("apply_frame.html", rail=progress(here, folder.sheet, folder.only_step), body=body, stale=stale)
    partner_page(title, html, status=True, scripts=(*SCRIPTS, *scripts), head=more + journal_of(folder, step))


def journal_of(folder: Folder, step: Step | None = None) -> str:
    """The journal as HTML for the head of a page of the form: what is typed goes to it, from the first key on."""
    number = step.number if step else 0
    return journal_head(
        folder.application.id or 0, folder.saved_at, step=number, who=folder.visitor.name if folder.visitor else "",
        seen=folder.versions.get(number, 0), page=ui.context.client.id,
    )  # fmt: skip
