"""Approving and rejecting: a decision is made, can be undone for some minutes, and then carried out, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus, move
from models.condition import Condition, Term, wrong
from models.database import now
from models.decision import (
    REVIEWED,
    SENT,
    WAITING,
    Decision,
    DecisionKind,
    end_waiting,
    must_be_undecided,
    stage,
    waiting_decision,
    why_somebody_else,
)
from models.errors import Conflict, Forbidden, Invalid, Problem
from models.event import Event, record
from models.language import _, shown_number
from models.person import Actor, Right
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
    if problems := [*_too_long(message, "message"), *wrong(conditions)]:
        raise Invalid(problems[0].message, problems)
    kind = DecisionKind.CONDITIONAL if conditions else DecisionKind.APPROVAL
    return _decide(session, actor, application, kind, message, conditions, seen)


def reject(session: Session, actor: Actor, application: Application, reason: str, *, seen: int | None = None) -> Decision:
    """The application is to be turned down; the reason goes into the mail and is therefore needed. Like `approve` in all else."""
    actor.must(Right.DECIDE)
    if len(reason.strip()) < SHORTEST_REASON:
        raise Invalid(_("The reason is missing."), [Problem("reason", _("Give the partner a reason of at least 10 characters."))])
    if problems := _too_long(reason, "reason"):
        raise Invalid(problems[0].message, problems)
    return _decide(session, actor, application, DecisionKind.REJECTION, reason, seen=seen)


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


def due_decisions(session: Session) -> list[int]:
    """The applications whose decision is to take effect now, the longest waiting first."""
    due = select(Decision.application_id).where(*WAITING, col(Decision.takes_effect_at) <= now())
    return list(session.exec(due.order_by(col(Decision.takes_effect_at))))


def carry_out(session: Session, application_id: int) -> bool:
    """What was decided on an application takes effect, and everybody hears of it. Answers whether it was this call that did it.

    The row of the application is locked first, as undoing and withdrawing do: of two that race, the second finds nothing to do.
    """
    wanted = select(Application).where(Application.id == application_id)
    application = session.exec(wanted.with_for_update().execution_options(populate_existing=True)).first()
    found = waiting_decision(session, application_id, lock=True)
    if application is None or found is None or found.takes_effect_at > now():
        return False
    _take_effect(session, application, found)
    return True


def _decide(
    session: Session, actor: Actor, application: Application, kind: DecisionKind, message: str, conditions: Sequence[Term] = (),
    seen: int | None = None,
) -> Decision:  # fmt: skip
    _must_be_decidable(session, actor, application, seen)
    moment, minutes = now(), settings().decision_undo_minutes
    made = Decision(
        application_id=application.id or 0, kind=kind, message=message.strip(), conditions=[_tidy(one).as_json() for one in conditions],
        made_by=actor.name, user_id=actor.user_id, made_at=moment, takes_effect_at=moment + timedelta(minutes=minutes),
    )  # fmt: skip
    session.add(made)
    session.flush()
    if minutes == 0:
        _take_effect(session, application, made)
    else:
        record(
            session, "application.decided", actor, application_id=application.id,
            kind=kind.value, message=made.message, conditions=made.conditions, takes_effect_at=made.takes_effect_at.isoformat(),
        )  # fmt: skip
    return made


def _must_be_decidable(session: Session, actor: Actor, application: Application, seen: int | None) -> None:
    must_be_undecided(session, application)
    if application.state != ApplicationStatus.REVIEWED:
        said = _("This cannot be done now. Status of the application: {status}.")
        raise Conflict(said.format(status=_(application.state.label)))
    wanted = select(Event).where(Event.application_id == application.id, col(Event.type).in_((*SENT, *REVIEWED)))
    history = session.exec(wanted.order_by(col(Event.id).desc())).all()
    if why := why_somebody_else(actor, history):
        raise Forbidden(why)
    if seen not in (None, stage(history)):
        raise Conflict(_("This application has changed since you opened the dialog. Read it again, then decide."))


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
