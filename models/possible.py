"""What a member of staff can do with an application now, and why not. The verbs of models/review.py decide; this only tells beforehand."""

from __future__ import annotations

from collections.abc import Container, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

from models.application import TRANSITIONS, Application, ApplicationStatus
from models.decision import already_decided, why_somebody_else
from models.event import Event
from models.language import _
from models.person import Actor, Right
from models.review import why_not_reviewed

S = ApplicationStatus


class Action(StrEnum):
    """What the review desk offers."""

    VERDICT = "verdict"
    NOTE = "note"
    REQUEST = "request"
    REVIEWED = "reviewed"
    REOPEN = "reopen"
    APPROVE = "approve"
    REJECT = "reject"
    UNDO = "undo"
    CONFIRM = "confirm"


@dataclass(frozen=True)
class Situation:
    """An application as somebody finds it: `judged` are the sections with a verdict, `stale` those of them that the partner changed since,
    `history` its events, newest first.

    `decided` says that a decision has been made and has not left yet, `held` that somebody has to confirm it.
    """

    actor: Actor
    application: Application
    judged: Container[str]
    history: Sequence[Event]
    decided: bool = False
    held: bool = False
    stale: Set[str] = frozenset()

    def why_not(self, action: Action) -> str:
        """The sentence that stands in the way; empty when the action is possible."""
        if action == Action.UNDO:
            return self._right(action) or ("" if self.decided else _("There is no decision that could be undone."))
        if action == Action.CONFIRM:
            reviewed = why_somebody_else(self.actor, self.history)
            return self._right(action) or reviewed or ("" if self.held else _("There is no decision that could be confirmed."))
        return self._right(action) or self._decision(action) or self._state(action) or self._rule(action)

    def _right(self, action: Action) -> str:
        right = Right.DECIDE if action in (Action.APPROVE, Action.REJECT, Action.UNDO, Action.CONFIRM) else Right.REVIEW
        return "" if self.actor.may(right) else _("Your account may not {right}.").format(right=_(right))

    def _decision(self, action: Action) -> str:
        return already_decided(held=self.held) if self.decided and action != Action.NOTE else ""

    def _state(self, action: Action) -> str:
        state = self.application.state
        if state in _POSSIBLE_IN[action]:
            return ""
        if state == S.INFORMATION_REQUIRED:
            return _("The partner has been asked for information: wait until it is sent again.")
        if action in (Action.APPROVE, Action.REJECT) and not state.decided:
            return _("Mark the application as reviewed first.")
        if action == Action.REVIEWED and state == S.SUBMITTED:
            return _("Give a verdict on every section first.")
        return _("This cannot be done now. Status of the application: {status}.").format(status=_(state.label))

    def _rule(self, action: Action) -> str:
        if action == Action.REVIEWED:
            return why_not_reviewed(self.judged, self.stale)
        return why_somebody_else(self.actor, self.history) if action in (Action.APPROVE, Action.REJECT) else ""


_POSSIBLE_IN: dict[Action, frozenset[ApplicationStatus]] = {
    Action.VERDICT: frozenset({S.SUBMITTED, S.UNDER_REVIEW}),
    Action.NOTE: frozenset(S),
    Action.REQUEST: frozenset(state for state, later in TRANSITIONS.items() if S.INFORMATION_REQUIRED in later),
    Action.REVIEWED: frozenset({S.UNDER_REVIEW}),
    Action.REOPEN: frozenset({S.REVIEWED}),
    Action.APPROVE: frozenset({S.REVIEWED}),
    Action.REJECT: frozenset({S.REVIEWED}),
}
