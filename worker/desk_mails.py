"""The mails about what the desk learns of last: a partner withdraws, or a decision waits because its maker was cut off."""

from __future__ import annotations

from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus
from models.decision import DecisionKind, waiting_decision
from models.delivery import Delivery
from models.event import Event
from models.language import _
from models.person import SUSPENDED, User
from models.queue_entry import QueueEntry
from models.settings import settings
from worker.notify import Letter, mail, of_the_office, to_contact
from worker.outcome import Needless

#: What was decided, in the words of a mail.
DECIDED: dict[str, str] = {
    DecisionKind.APPROVAL: "Approval", DecisionKind.CONDITIONAL: "Approval with conditions", DecisionKind.REJECTION: "Rejection",
}  # fmt: skip


def _withdrawn(session: Session, delivery: Delivery) -> Letter:
    """To the partner: that it is done, so that somebody else's doing does not pass unseen."""
    found, event = _subject(session, delivery)
    return to_contact(session, found, _("Your application {reference} is withdrawn"), "withdrawn", {"reason": _reason(event)})


def _office(session: Session, delivery: Delivery) -> Letter:
    found, event = _subject(session, delivery)
    return _of_withdrawal(found, event, settings().mail_operations)


def _reviewer(session: Session, delivery: Delivery) -> Letter:
    """To whoever reviews it, if somebody does: they need not go on."""
    found, event = _subject(session, delivery)
    mine = col(QueueEntry.reviewer_id) == col(User.id)
    person = session.exec(select(User).join(QueueEntry, mine).where(QueueEntry.application_id == found.id)).first()
    if person is None:
        raise Needless("Nobody reviewed the application, so this mail was not needed.")
    if person.status == SUSPENDED:
        raise Needless("The account of the reviewer was disabled before this mail left, so it was not sent.")
    return _of_withdrawal(found, event, person.email, reviewer=True)


def _of_withdrawal(found: Application, event: Event, to: str, *, reviewer: bool = False) -> Letter:
    facts = {
        **_known(found), "contact": found.primary_contact_name, "reason": _reason(event), "reviewer": reviewer,
        "undone": bool(event.detail.get("undone")),
    }  # fmt: skip
    subject = _("Application withdrawn, {company}: {reference}").format(company=found.company_name, reference=found.reference_number)
    return Letter(to, subject, "withdrawn_desk", facts, found.primary_contact_email or settings().mail_operations)


def _held(session: Session, delivery: Delivery) -> Letter:
    """To operations, and whoever decides reads there too: until somebody does something, the partner hears nothing."""
    found, event = _subject(session, delivery)
    decision = waiting_decision(session, found.id)
    if decision is None or not decision.held or found.state != ApplicationStatus.REVIEWED:
        raise Needless("The decision was confirmed or undone before this mail left, so it was not sent.")
    decided = DECIDED[event.detail["kind"]]
    facts = {**_known(found), "by": event.detail["made_by"], "decision": _(decided)}
    subject = _("A decision is held, {company}: {reference}").format(company=found.company_name, reference=found.reference_number)
    return Letter(settings().mail_operations, subject, "decision_held", facts, settings().mail_operations)


def _subject(session: Session, delivery: Delivery) -> tuple[Application, Event]:
    return session.get_one(Application, delivery.application_id), session.get_one(Event, delivery.event_id)


def _known(found: Application) -> dict[str, str | None]:
    """Without the code, which is the partner's alone."""
    link = f"{settings().portal_url}/review/{found.reference_number}"
    return {"company": found.company_name, "reference": found.reference_number, "link": link}


def _reason(event: Event) -> str:
    return str(event.detail.get("reason") or "")


withdrawn = mail(_withdrawn)
withdrawn_office = mail(_office, language=of_the_office)
withdrawn_reviewer = mail(_reviewer, language=of_the_office)
decision_held = mail(_held, language=of_the_office)
