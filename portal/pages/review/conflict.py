"""An edit in SharePoint that the portal did not follow: what stands there, why not, and *Keep ours* as the way out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui
from sqlmodel import Session

from models.application import by_reference
from models.language import _
from models.list_decision import keep_ours
from models.person import Actor, Right
from portal.controls import button
from portal.pages.review.case import Case
from portal.render import render
from portal.staff import Desk, attempt


def notice(desk: Desk, case: Case, after: Callable[[], Awaitable[None]]) -> None:
    """Below the head, while there is such an edit."""
    if case.conflict is None:
        return

    async def keep() -> None:
        if await attempt(desk, lambda session, actor: _kept(session, actor, case), done=_("SharePoint is told what the portal says.")):
            await after()
            ui.run_javascript("desk.focus('decision')")

    with ui.element("section").classes("notice bad").props('id=conflict aria-labelledby="conflict-title"'):
        may = case.actor.may(Right.OPERATE)
        ui.html(render("case_conflict.html", found=case.conflict, may=may), sanitize=False)
        if may:
            button(_("Keep ours"), keep, "slim", id="keep-ours")


def _kept(session: Session, actor: Actor, case: Case) -> None:
    keep_ours(session, actor, by_reference(session, case.application.reference_number or "", lock=True))
