"""What else can be done with an application from its page, each as a dialog that says what happens next. Decisions: deciding.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from models import review
from models.application import Application, by_reference
from models.language import _
from models.person import Actor
from models.possible import Action
from portal.controls import Ask, Deed, Values
from portal.pages.review.case import Case

Work = Callable[[Session, Actor, dict[str, Any]], Any]


def deeds(case: Case) -> dict[Action, Deed]:
    """Action → its dialog, for one application."""
    return {action: make(case) for action, make in _MAKERS.items()}


def _reviewed(case: Case) -> Deed:
    return Deed(
        _("Mark this application as reviewed"), _("Every section has a verdict. The decision is due next, and somebody else makes it."),
        _("Mark reviewed"), _("The application is reviewed, the decision is due."),
        _on(case, lambda s, who, one, __: review.mark_reviewed(s, who, one)),
    )  # fmt: skip


def _reopen(case: Case) -> Deed:
    lead = _("The verdicts stay and can be changed again. The decision waits until the application is marked reviewed.")
    return Deed(
        _("Go back to the review"), lead, _("Go back to the review"), _("The application is under review again."),
        _on(case, lambda s, who, one, typed: review.reopen(s, who, one, typed["reason"])),
        (Ask("reason", _("What was overlooked"), "long"),), form=f"reopen {case.application.reference_number}",
    )  # fmt: skip


_MAKERS: dict[Action, Callable[[Case], Deed]] = {
    Action.REVIEWED: _reviewed,
    Action.REOPEN: _reopen,
}


def _on(case: Case, work: Callable[[Session, Actor, Application, Values], Any]) -> Work:
    """`work` with the application looked up afresh and locked: what the page shows may be old."""
    reference = case.application.reference_number or ""
    return lambda session, actor, typed: work(session, actor, by_reference(session, reference, lock=True), typed)
