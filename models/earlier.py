"""What an earlier application of the same contact lends to a new one: the company's registration and address, and the people."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, func, select

from models.application import Application, ApplicationStatus, begin, of_invitation, prefilled
from models.confirmation import FIELD, comparable
from models.draft import Answer, Draft, answers_of, drafts, save_answers
from models.event import Event, record
from models.invitation import Invitation, InvitationStatus
from models.person import PORTAL
from models.steps import QUESTIONS, STEPS

#: How long a company has traded is another number by now; its name comes with the new invitation.
LENT = tuple(q.name for step in STEPS[:2] for q in step.questions if q.name not in ("company_name", "years_trading", FIELD))
OVER = (ApplicationStatus.WITHDRAWN, ApplicationStatus.REJECTED)
EVENT = "application.prefilled"


@dataclass(frozen=True)
class Lent:
    """What was taken from an earlier application, by the questions' names, and the day of that application."""

    names: frozenset[str]
    of: date


def begin_with_what_is_known(session: Session, invitation: Invitation) -> Application:
    """The application of an invitation; one that is begun now takes over what the same contact wrote for the same company before.

    It is stored as typed, so that it stays when the earlier application is erased, and the partner may change all of it.
    """
    found = of_invitation(session, invitation.code)
    if found is not None:
        return found
    made = begin(session, invitation)
    if (earlier := _earlier(session, invitation)) is not None:
        _lend(session, made, invitation, earlier)
    return made


def lent_to(session: Session, application: Application) -> Lent | None:
    """What this application took over when it was begun; None if nothing, or once it is sent."""
    if application.state != ApplicationStatus.DRAFT:
        return None
    told = session.exec(select(Event.detail).where(Event.application_id == application.id, Event.type == EVENT)).first()
    return Lent(frozenset(told["names"]), date.fromisoformat(told["of"])) if told else None


def typed_steps(session: Session, application: Application) -> set[int]:
    """The numbers of the steps in which somebody has answered something here; what was lent, nobody has typed."""
    given = given_steps(session, [application.id]).get(application.id, set())
    return {number for number, draft in drafts(session, application.invitation_code).items() if draft.form_data and is_typed(draft, given)}


def given_steps(session: Session, applications: Sequence[int | None]) -> dict[int | None, set[int]]:
    """Of each of these applications that took over something, the numbers of the steps to which it came."""
    told = select(Event.application_id, Event.detail).where(Event.type == EVENT, col(Event.application_id).in_(applications))
    return {one: {QUESTIONS[name].step for name in detail["names"] if name in QUESTIONS} for one, detail in session.exec(told)}


def is_typed(draft: Draft, given: Set[int]) -> bool:
    """Whether anything of a step was typed; `given` are the steps to which an earlier application gave something, in one go."""
    return draft.revision > 1 or draft.step_number not in given


def _lend(session: Session, application: Application, invitation: Invitation, earlier: Application) -> None:
    known, typed = prefilled(invitation), _typed(session, earlier)
    theirs = comparable(str(typed.get(FIELD) or "")) == comparable(invitation.contact_email)
    names = [name for name in LENT if name not in known or name == "company_country"]
    names = [name for name in names if theirs or not name.startswith("primary_contact")]  # else it is another person's
    answers = {name: typed[name] for name in names if not QUESTIONS[name].kind.is_empty(typed.get(name))}
    if not answers:
        return
    save_answers(session, application, [Answer(name, value, 0) for name, value in answers.items()])
    record(
        session, EVENT, PORTAL, invitation_id=invitation.id, application_id=application.id,
        names=sorted(answers), of=_day(earlier).date().isoformat(), earlier=earlier.id,
    )  # fmt: skip


def _earlier(session: Session, invitation: Invitation) -> Application | None:
    """The newest of the same contact address and the same company that has come to nothing. Another company's is never looked at."""
    wanted = select(Application, Invitation).join(Invitation, col(Invitation.code) == col(Application.invitation_code))
    wanted = wanted.where(func.lower(col(Invitation.contact_email)) == invitation.contact_email.lower(), Invitation.id != invitation.id)
    for application, other in session.exec(wanted.order_by(col(Application.updated_at).desc())):
        if _is_over(application, other) and _company(other) == _company(invitation):
            return application
    return None


def _is_over(application: Application, invitation: Invitation) -> bool:
    expired = application.state == ApplicationStatus.DRAFT and invitation.state == InvitationStatus.EXPIRED
    return application.state in OVER or expired


def _company(invitation: Invitation) -> str:
    """A company's name as it is compared: whoever invites writes "Ltd." or "LTD"."""
    return re.sub(r"\W", "", invitation.company_name).casefold()


def _typed(session: Session, earlier: Application) -> dict[str, Any]:
    """The answers as typed; of one that was sent by a program in one piece, as sent."""
    sent = earlier.answers() if earlier.submitted_at else {}
    return {name: QUESTIONS[name].kind.to_json(value) for name, value in sent.items()} | answers_of(session, earlier.invitation_code)


def _day(earlier: Application) -> datetime:
    return earlier.submitted_at or earlier.updated_at
