"""Who reviews an application: taken on with one press, or given to somebody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from nicegui import ui
from sqlmodel import Session

from models.application import by_reference
from models.assignment import Reviewer, assign
from models.language import _
from models.looked import NOBODY
from models.person import Actor, Right
from portal.controls import Ask, Deed, Sheet, Values, button
from portal.pages.review.case import Case
from portal.render import render
from portal.staff import Desk, attempt


class ReviewerLine:
    """One line of the decision panel, and the dialog in which somebody else is chosen."""

    def __init__(self, desk: Desk, case: Case, able: Sequence[Reviewer], after: Callable[[], Awaitable[None]]) -> None:
        self.desk, self.after, self.reference = desk, after, case.application.reference_number or ""
        options = {NOBODY: _("Nobody"), **{str(one.id): one.name for one in able}}
        lead = _("Whoever reviews it finds it under “Mine”. Everybody else can still work on it.")
        ask = Ask("reviewer", _("Reviewer"), "choice", options=options)
        deed = Deed(_("Choose the reviewer"), lead, _("Assign"), _("The reviewer is changed."), self._choose, (ask,))
        self.sheet = Sheet(desk, deed, after)

    def draw(self, case: Case) -> None:
        """Who it is, and what can be done about it."""
        may, mine = may_assign(case), case.reviewer is not None and case.reviewer.id == case.actor.user_id
        with ui.element("div").classes("reviewing"):
            ui.html(render("case_reviewer.html", case=case, mine=mine), sanitize=False)
            if may and not mine:
                button(_("Assign to me"), partial(self._take, case), "slim", id="assign-me")
            if may:
                chosen = {"reviewer": str(case.reviewer.id) if case.reviewer else NOBODY}
                button(_("Choose"), lambda: self.sheet.open(chosen), "slim", id="assign-choose", aria_label=_("Choose the reviewer"))

    async def _take(self, case: Case) -> None:
        take = partial(_assign, self.reference, case.actor.user_id)
        if await attempt(self.desk, take, done=_("You review this application now.")):
            await self.after()
            ui.run_javascript("desk.focus('assign-choose')")

    def _choose(self, session: Session, actor: Actor, typed: Values) -> None:
        who = str(typed["reviewer"])
        _assign(self.reference, int(who) if who.isdigit() else None, session, actor)


def may_assign(case: Case) -> bool:
    """Whether the reviewer can be changed now."""
    return case.actor.may(Right.REVIEW) and not case.application.state.decided


def _assign(reference: str, who: int | None, session: Session, actor: Actor) -> None:
    assign(session, actor, by_reference(session, reference, lock=True), who)
