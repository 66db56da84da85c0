"""Approving and rejecting: a decision is made, can be undone for some minutes, and then carried out, once.

Of whoever is cut off meanwhile it is held, until somebody else confirms or undoes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus, move
from models.condition import Condition, Term, wrong
from models.database import now
from models.decision import (
    LEAVING,
    REVIEWED,
    SENT,
    Decision,
    DecisionKind,
    end_waiting,
    hold_waiting,
    must_be_undecided,
    stage,
    waiting_decision,
    why_somebody_else,
)
from models.errors import Conflict, Forbidden, Invalid, Problem, SignInNeeded
from models.event import Event, record
from models.language import _, shown_number
from models.person import PORTAL, SUSPENDED, Actor, Right, User
from models.settings import settings

SHORTEST_REASON, LONGEST_MESSAGE = 10, 8000


def approve(
    session: Session, actor: Actor, application: Application, message: str = "", conditions: Sequence[Term] = (), *, seen: int | None = None
) -> Decision:
    """The company is to become a partner, under these conditions; the message, if any, goes into its mail.

    It takes effect after DECISION_UNDO_MINUTES, with 0 at once. The application's row must be locked. `seen` is the `stage` that a
    person had before their eyes: Conflict where it was sent or reviewed anew since.
    """
    actor.must(Right.DECIDE)
    kind = DecisionKind.CONDITIONAL if conditions else DecisionKind.APPROVAL
    must_be_sendable(kind, message, conditions)
    return _decide(session, actor, application, kind, message, conditions, seen)


def reject(session: Session, actor: Actor, application: Application, reason: str, *, seen: int | None = None) -> Decision:
    """The application is to be turned down; the reason goes into the mail and is therefore needed. Like `approve` in all else."""
    actor.must(Right.DECIDE)
    must_be_sendable(DecisionKind.REJECTION, reason)
    return _decide(session, actor, application, DecisionKind.REJECTION, reason, seen=seen)


def must_be_sendable(kind: DecisionKind, message: str, conditions: Sequence[Term] = ()) -> None:
    """Invalid where no letter with this may leave: a reason is missing, words are too long, a condition's day is impossible."""
    rejects = kind == DecisionKind.REJECTION
    if rejects and len(message.strip()) < SHORTEST_REASON:
        raise Invalid(_("The reason is missing."), [Problem("reason", _("Give the partner a reason of at least 10 characters."))])
    if problems := [*_too_long(message, "reason" if rejects else "message"), *wrong(conditions)]:
        raise Invalid(problems[0].message, problems)


def undo_decision(session: Session, actor: Actor, application: Application, *, seen: int | None = None) -> None:
    """Take back what was decided, as long as nothing has left. Conflict afterwards. The application's row must be locked.

    `seen` is the id of the decision that a person wants to undo: Conflict where another waits by now.
    """
    actor.must(Right.DECIDE)
    found = waiting_decision(session, application.id, lock=True)
    if found is None:
        raise Conflict(_("There is no decision that could be undone: it has left, or somebody has undone it."))
    if seen not in (None, found.id):
        raise Conflict(_("Another decision has been made since you looked. Read it first, then undo it if it is wrong."))
    end_waiting(session, application.id, actor)


def confirm_decision(session: Session, actor: Actor, application: Application, *, seen: int | None = None) -> Decision:
    """Somebody else makes a held decision their own, with its words and conditions; it waits anew as if they had made it.

    Conflict unless one is held, and where a due date of its conditions has passed meanwhile; Forbidden for whoever reviewed a part. The
    application's row must be locked. `seen` is the id of the decision that a person has read.
    """
    actor.must(Right.DECIDE)
    found = waiting_decision(session, application.id, lock=True)
    if found is None or not found.held or seen not in (None, found.id):
        raise Conflict(_("There is no decision that waits to be confirmed: somebody has confirmed or undone it."))
    if why := why_somebody_else(actor, _sent_and_reviewed(session, application)):
        raise Forbidden(why)
    if problems := list(wrong(found.terms)):
        raise Conflict(_("A due date of its conditions has passed. Undo the decision, then decide anew."), problems)
    _must_be_active(session, actor)
    before, found.held_at = found.made_by, None
    found.made_by, found.user_id = actor.name, actor.user_id
    _goes(session, actor, application, found, "application.decision_confirmed", made_by=before)
    return found


def due_decisions(session: Session) -> list[int]:
    """The applications whose decision is to take effect now, the longest waiting first."""
    due = select(Decision.application_id).where(*LEAVING, col(Decision.takes_effect_at) <= now())
    return list(session.exec(due.order_by(col(Decision.takes_effect_at))))


def carry_out(session: Session, application_id: int) -> bool:
    """What was decided on an application takes effect, and everybody hears of it. Answers whether it was this call that did it.

    The row of the application is locked first, as undoing and withdrawing do: of two that race, the second finds nothing to do. What
    somebody decided whose account has been disabled since is held instead.
    """
    wanted = select(Application).where(Application.id == application_id)
    application = session.exec(wanted.with_for_update().execution_options(populate_existing=True)).first()
    found = waiting_decision(session, application_id, lock=True)
    if application is None or found is None or found.held or found.takes_effect_at > now():
        return False
    if _is_cut_off(session, found.user_id):  # in whatever way it came about: nothing of theirs leaves by itself
        hold_waiting(session, application_id, PORTAL)
        return False
    _take_effect(session, application, found)
    return True


def _decide(
    session: Session, actor: Actor, application: Application, kind: DecisionKind, message: str, conditions: Sequence[Term] = (),
    seen: int | None = None,
) -> Decision:  # fmt: skip
    _must_be_decidable(session, actor, application, seen)
    _must_be_active(session, actor)
    made = Decision(
        application_id=application.id or 0, kind=kind, message=message.strip(), conditions=[_tidy(one).as_json() for one in conditions],
        made_by=actor.name, user_id=actor.user_id, made_at=now(), takes_effect_at=now(),
    )  # fmt: skip
    _goes(session, actor, application, made, "application.decided")
    return made


def _goes(session: Session, actor: Actor, application: Application, made: Decision, event: str, **more: Any) -> None:
    """It leaves when there was time for second thoughts, and is recorded as such an `event`; without such time, at once."""
    minutes = settings().decision_undo_minutes
    made.made_at = now()
    made.takes_effect_at = made.made_at + timedelta(minutes=minutes)
    session.add(made)
    session.flush()
    if minutes:
        record(
            session, event, actor, application_id=application.id, kind=made.kind, message=made.message, conditions=made.conditions,
            takes_effect_at=made.takes_effect_at.isoformat(), **more,
        )  # fmt: skip
    else:
        _take_effect(session, application, made)


def _must_be_active(session: Session, actor: Actor) -> None:
    """Whoever is disabled at this very moment has decided before that, which is held, or is refused: each waits for the other's commit.

    An application is locked before a person, as models/people.py does.
    """
    if actor.user_id is not None and _is_cut_off(session, actor.user_id, lock=True):
        raise SignInNeeded(_("Sign in to go on."))


def _is_cut_off(session: Session, user_id: int | None, *, lock: bool = False) -> bool:
    wanted = sa.select(col(User.status)).where(col(User.id) == user_id)
    return session.scalar(wanted.with_for_update(read=True) if lock else wanted) == SUSPENDED


def _must_be_decidable(session: Session, actor: Actor, application: Application, seen: int | None) -> None:
    must_be_undecided(session, application)
    if application.state != ApplicationStatus.REVIEWED:
        said = _("This cannot be done now. Status of the application: {status}.")
        raise Conflict(said.format(status=_(application.state.label)))
    history = _sent_and_reviewed(session, application)
    if why := why_somebody_else(actor, history):
        raise Forbidden(why)
    if seen not in (None, stage(history)):
        raise Conflict(_("This application has changed since you opened the dialog. Read it again, then decide."))


def _sent_and_reviewed(session: Session, application: Application) -> Sequence[Event]:
    """The newest first."""
    wanted = select(Event).where(Event.application_id == application.id, col(Event.type).in_((*SENT, *REVIEWED)))
    return session.exec(wanted.order_by(col(Event.id).desc())).all()


def _take_effect(session: Session, application: Application, made: Decision) -> None:
    """By the person who decided, whoever carries it out."""
    to = ApplicationStatus.REJECTED if made.rejects else ApplicationStatus.APPROVED
    move(application, to)
    made.effective_at = now()
    session.add_all([application, made, *(_condition(made, term) for term in made.terms)])
    actor = Actor(name=made.made_by, kind="staff" if made.user_id else "system", user_id=made.user_id)
    record(
        session, f"application.{to.value}", actor, application_id=application.id,
        message=made.message, conditions=made.conditions, decided_at=made.made_at.isoformat(),
    )  # fmt: skip


def _condition(made: Decision, term: Term) -> Condition:
    return Condition(application_id=made.application_id, text=term.text, due_on=term.due_on)


def _tidy(term: Term) -> Term:
    return Term(" ".join(term.text.split()), term.due_on)


def _too_long(text: str, field: str) -> list[Problem]:
    told = _("Shorten this to {count} characters.").format(count=shown_number(LONGEST_MESSAGE))
    return [Problem(field, told)] if len(text) > LONGEST_MESSAGE else []
