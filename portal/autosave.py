"""Saving as the partner types: the route that static/journal.js posts to, and the one way in which the form is saved (FACTS 88)."""

from __future__ import annotations

import time
from datetime import datetime

from fastapi import FastAPI, Request
from nicegui import ui
from pydantic import BaseModel, Field

from models.database import transaction
from models.draft import Answer, save_answers
from models.errors import SignInNeeded
from models.steps import step_of
from portal.api.partner import admit, application_of
from portal.frame import static_url

#: By how many microseconds a browser's clock may be ahead of ours.
CLOCK = 5_000_000
Value = str | bool | int | float | list[str] | None


class Change(BaseModel):
    """One answer as it stands in the browser. `sequence` grows with every change: microseconds since 1970."""

    name: str = Field(max_length=64)
    value: Value
    sequence: int = Field(ge=0, lt=2**53)


class Changes(BaseModel):
    """What the journal sends at once, and for which application: the page may be older than the browser's session."""

    application: int
    items: list[Change] = Field(max_length=200)


class Kept(BaseModel):
    """What is stored now, so that the journal may forget it: [name, sequence] each, and when."""

    savedAt: datetime  # noqa: N815 — as JavaScript reads it
    saved: list[tuple[str, int]]


def install(app: FastAPI) -> None:
    """Add the route to the API's app, where it costs a third of what it would among the pages (FACTS 77)."""
    app.add_api_route("/apply/answers", keep, methods=["POST"], include_in_schema=False)


def keep(changes: Changes, request: Request) -> Kept:
    """Store changed answers. A plain function: in a thread, a lock held elsewhere delays this partner alone (FACTS 91).

    A page says goodbye with what is left in its journal when the next link is open already, so that the cookie may be another
    partner's by then: what was typed for one application is never stored in another.
    """
    invitation = admit(request, None)
    # A question that the form no longer has would be refused for ever, and there is nothing to keep it in.
    ceiling = time.time_ns() // 1000 + CLOCK  # a device whose clock is ahead must not outrank every later change
    known = [Answer(change.name, change.value, min(change.sequence, ceiling)) for change in changes.items if step_of(change.name)]
    with transaction() as session:
        application = application_of(session, invitation)
        if application.id != changes.application:
            raise SignInNeeded("Another application has been opened in this browser. Enter this one's code again.")
        saved_at = save_answers(session, application, known)
    return Kept(savedAt=saved_at, saved=[(change.name, change.sequence) for change in changes.items])


def journal(application_id: int, saved_at: datetime | None) -> None:
    """Put the journal into this page's head; it keys what it keeps by the application's id, which opens nothing."""
    saved = saved_at.isoformat() if saved_at else ""
    told = f'data-draft="{application_id}" data-now="{time.time_ns() // 1_000_000}" data-saved="{saved}"'
    ui.add_head_html(f'<script src="{static_url("journal.js")}" {told}></script>')
