"""What has been decided: what has not left yet, with its time and *Undo*, or held, with *Confirm*; and an approval's conditions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from html import escape

from nicegui import ui
from sqlmodel import Session

from models.application import by_reference
from models.condition import Condition, condition, mark_met, mark_not_met
from models.decision import Decision, DecisionKind
from models.language import _
from models.person import Actor, Right
from models.possible import Action
from models.review import confirm_decision, undo_decision
from models.settings import settings
from portal import words
from portal.controls import button
from portal.pages.review.case import Case
from portal.render import render
from portal.staff import Desk, attempt

After = Callable[[], Awaitable[None]]
#: Kind of decision → what was decided, by whom.
DECIDED = {
    DecisionKind.APPROVAL: "{person} has approved this application.",
    DecisionKind.CONDITIONAL: "{person} has approved this application with conditions.",
    DecisionKind.REJECTION: "{person} has rejected this application.",
}
#: Seconds between two looks at a decision whose time is over, and which the worker has not carried out yet.
LATE = 3.0


def notices(desk: Desk, case: Case, after: After, again: After) -> None:
    """Below the head: a decision that waits, with its time, and conditions whose day has passed. `again` looks when it is due."""
    if case.waiting:
        with ui.element("section").classes(f"notice {_tone(case.waiting)} leaving").props("id=leaving"):
            ui.html(render("decision_waiting.html", said=sentence(case.waiting), made=case.waiting, whole=False), sanitize=False)
            _ways(desk, case, after, "decision")
    if case.waiting and not case.waiting.held:
        ui.timer(max(LATE, case.waiting.seconds_left + 1), again, once=True)
    if late := [one for one in case.conditions if one.overdue]:
        ui.html(render("decision_overdue.html", late=late), sanitize=False)


def panel(desk: Desk, case: Case, after: After) -> None:
    """In the panel: the waiting decision in full, or the conditions of the approval."""
    if case.waiting:
        with ui.element("div").classes(f"notice {_tone(case.waiting)}"):
            ui.html(render("decision_waiting.html", said=sentence(case.waiting), made=case.waiting, whole=True), sanitize=False)
            _ways(desk, case, after, "in-panel")
    if case.conditions:
        ui.html(escape(_("Conditions")), sanitize=False, tag="h3").props('id=conditions tabindex="-1"')
        with ui.element("ul").classes("conditions-list"):
            for one in case.conditions:
                _condition(desk, case, one, after)


def sentence(made: Decision) -> str:
    """Who decided what."""
    return _(DECIDED[DecisionKind(made.kind)]).format(person=words.own(made.made_by))


def _tone(made: Decision) -> str:
    return "bad" if made.held else "warn"


def _ways(desk: Desk, case: Case, after: After, place: str) -> None:
    """*Undo*, and of one that is held *Confirm*, or why this reader may not; `place` tells the buttons of the notice from the panel's."""
    if not case.may(Action.UNDO):
        return

    def way(words: str, verb: Callable[..., object], done: str, name: str, look: str) -> None:
        async def act() -> None:
            if await attempt(desk, partial(_done, verb, case), done=done):
                await after()
                ui.run_javascript("desk.focus('decision')")

        button(words, act, f"slim {look}", id=f"{name}-{place}")

    held = case.waiting is not None and case.waiting.held
    with ui.element("div").classes("undo"):
        if held and case.may(Action.CONFIRM):
            way(_("Confirm the decision"), confirm_decision, _confirmed(), "confirm", "go")
        way(_("Undo the decision"), undo_decision, _("The decision is undone. Nothing has left."), "undo", "")
        if held and (why := case.why_not(Action.CONFIRM)):
            ui.html(escape(why), sanitize=False, tag="p").classes("why")


def _confirmed() -> str:
    """Confirming is deciding: there is the same time to undo it."""
    return _("The decision is confirmed and waits.") if settings().decision_undo_minutes else _("The decision is confirmed.")


def _condition(desk: Desk, case: Case, one: Condition, after: After) -> None:
    with ui.element("li"):
        ui.html(render("decision_condition.html", one=one), sanitize=False)
        if not case.actor.may(Right.DECIDE):
            return
        said, done = (_("Not met yet"), _("The condition stands again.")) if one.met_at else (_("Met"), _("The condition is met."))

        async def mark() -> None:
            if await attempt(desk, partial(_marked, one.application_id, one.id or 0, one.met_at is None), done=done):
                await after()
                ui.run_javascript("desk.keep()")

        button(said, mark, "slim", id=f"condition-{one.id}", aria_label=f"{said}: {one.text}")


def _done(verb: Callable[..., object], case: Case, session: Session, actor: Actor) -> None:
    """The decision that this page shows is undone or confirmed, not another that came since."""
    application = by_reference(session, case.application.reference_number or "", lock=True)
    verb(session, actor, application, seen=case.waiting.id if case.waiting else None)


def _marked(application_id: int, number: int, met: bool, session: Session, actor: Actor) -> None:
    (mark_met if met else mark_not_met)(session, actor, condition(session, application_id, number))
