"""The mails: who gets which, with what in it. The words stand in templates/ and, of a decision, in models/letters.py.

A mail cannot be looked up once it has left (FACTS 13), so that it will be sent is written down first: after a crash in
between, a person decides. Nobody gets a mail twice.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from sqlmodel import Session, col, select

from integrations.email import Email, send
from integrations.failures import NotAsked, Unclear
from models.application import Application, of_invitation
from models.condition import terms_from
from models.confirmation import LIFE, Confirmation, latest_of
from models.database import now, reading, transaction
from models.decision import DecisionKind
from models.delivery import Delivery, begin_sending, held
from models.document import stored
from models.event import Event
from models.flags import flags
from models.invitation import KEPT, Invitation, InvitationStatus
from models.language import ENGLISH, _, speaking
from models.letters import Letter as Letter
from models.letters import decision_letter
from models.letters import form_link as form_link
from models.letters import to_contact as to_contact
from models.letters import to_partner as to_partner
from models.pace import URGENT
from models.pause import covers, pauses
from models.reminder import left_to_do, too_late
from models.renewal import RenewalState, live_renewal
from models.request import open_request
from models.resubmission import count_of_changes
from models.settings import settings
from models.sheet import usual_minutes
from models.steps import QUESTIONS, STEPS
from worker.dates import day
from worker.letters import worded
from worker.outcome import Consumer, Done, Needless, stopping

#: Mails that this process sends at a time: Exchange Online lets a mailbox have three connections, and other servers take few. One of them
#: is for what somebody waits for before a screen.
CONNECTIONS, FOR_URGENT = threading.BoundedSemaphore(2), threading.BoundedSemaphore(1)
INTERRUPTED = (
    "The worker stopped while it was sending this mail, so it may have been sent. "
    "Ask the recipient or look into the mail server's log; if it did not arrive, retry."
)


def of_the_office(_session: Session, _delivery: Delivery) -> str:
    """The language of mails to the staff."""
    return ENGLISH.code


def _of_the_partner(session: Session, delivery: Delivery) -> str:
    """The language chosen when they were invited, or by themselves on a page."""
    mine = col(Invitation.id) == delivery.invitation_id
    theirs = select(Application.invitation_code).where(Application.id == delivery.application_id).scalar_subquery()
    found = session.exec(select(Invitation.language).where(mine if delivery.application_id is None else col(Invitation.code) == theirs))
    return found.first() or ENGLISH.code


def mail(
    write: Callable[[Session, Delivery], Letter],
    also: Callable[[Session, Delivery], None] | None = None,
    language: Callable[[Session, Delivery], str] = _of_the_partner,
) -> Consumer:
    """The handler that sends what `write` makes, in the reader's `language`; `also` runs when the mail has left."""

    def handle(delivery: Delivery) -> Done:
        if delivery.begun_at is not None:
            raise Unclear(INTERRUPTED)
        with FOR_URGENT if delivery.target in URGENT else CONNECTIONS:
            if stopping.is_set():  # while it waited: what begins now would be cut off, and nobody would know whether it left
                raise NotAsked("The worker stopped before it was this mail’s turn.", 0)
            with reading() as session, speaking(language(session, delivery)):
                email = _email(write(session, delivery), delivery)
            with transaction() as session:
                if any(covers(one.target, delivery.target) for one in pauses(session)):
                    raise NotAsked("It was stopped before it was this mail’s turn.", 0)
                begin_sending(session, held(session, delivery), email.message_id, email.to)
            send(email)
        return Done(email.message_id, (lambda session: also(session, delivery)) if also else None)

    return handle


def _invitation(session: Session, delivery: Delivery) -> Letter:
    found = session.get_one(Invitation, delivery.invitation_id)
    again = session.get_one(Event, delivery.event_id).type == "invitation.resent"
    sent = of_invitation(session, found.code) if again and found.state == InvitationStatus.USED else None
    if sent is not None and sent.awaits_partner:
        return replace(_what_is_asked(session, sent), to=found.contact_email)
    if sent is not None and sent.status in KEPT:
        return _renewal(session, sent)
    if found.state != InvitationStatus.ACTIVE:
        raise Needless(f"The invitation was {found.state} before its mail left, so it was not sent.")
    expires = day(found.expires_at) if found.expires_at else ""
    facts = {
        "name": found.greeting, "code": found.code, "expires": expires, "link": form_link(found.code), "minutes": usual_minutes(),
        "pack": settings().contract_pack_url, "office": settings().mail_operations,
    }  # fmt: skip
    subject = _("Your invitation to become a partner, {company}").format(company=found.company_name)
    return to_partner(found.contact_email, subject, "invitation", facts)


def _sent(session: Session, delivery: Delivery) -> None:
    found = session.get_one(Invitation, delivery.invitation_id)
    found.sent_at = now()
    session.add(found)


def _reminder(session: Session, delivery: Delivery) -> Letter:
    """Where the partner is and what is left, as it stands when the mail leaves."""
    if delivery.application_id is None:
        raise Needless("The draft was erased before the reminder left, so it was not sent.")
    found, invitation = session.get_one(Application, delivery.application_id), session.get_one(Invitation, delivery.invitation_id)
    if reason := too_late(session, invitation, found, delivery):
        raise Needless(reason)
    left = left_to_do(session, invitation, found)
    facts = {
        "name": invitation.greeting, "step": _(left.step.title) if left.step else "", "number": left.step.number if left.step else 0,
        "last": len(STEPS), "minutes": left.minutes, "link": form_link(invitation.code),
        "expires": day(invitation.expires_at) if invitation.expires_at else "",
    }  # fmt: skip
    subject = _("Your application is waiting for you, {company}").format(company=invitation.company_name)
    return to_partner(invitation.contact_email, subject, "reminder", facts)


def _received(session: Session, delivery: Delivery) -> Letter:
    found, event = _application(session, delivery)
    again = event.type == "application.resubmitted"
    subject = _("Your changes have arrived: {reference}") if again else _("Your application has arrived: {reference}")
    return to_contact(session, found, subject, "received", {"again": again})


def _operations(session: Session, delivery: Delivery) -> Letter:
    found, event = _application(session, delivery)
    again = event.type == "application.resubmitted"
    raised = flags(found.answers(), now().date(), settings(), stored(session, found.id))
    facts = {
        "company": found.company_name, "reference": found.reference_number, "again": again, "flags": [flag.message for flag in raised],
        "country": QUESTIONS["company_country"].kind.show(found.company_country), "contact": found.primary_contact_name,
        "changes": count_of_changes(event), "link": f"{settings().portal_url}/review/{found.reference_number}",
    }  # fmt: skip
    subject = _("Changed application from {company}: {reference}") if again else _("New application from {company}: {reference}")
    subject = subject.format(company=found.company_name, reference=found.reference_number)
    return Letter(settings().mail_operations, subject, "operations", facts, found.primary_contact_email or settings().mail_operations)


def _confirmation(session: Session, delivery: Delivery) -> Letter:
    """Without a link, and without a word that an applicant has typed: nobody knows yet whose address this is."""
    event = session.get_one(Event, delivery.event_id)
    found = session.get(Confirmation, event.detail["confirmation"])
    if found is None or not found.live:
        raise Needless("The code had ended before its mail left, so it was not sent: the partner asks for a new one.")
    application = session.get_one(Application, found.application_id)
    if latest_of(session, application, found.email) is not found:
        raise Needless("A newer code for this address was asked for before this one's mail left, so it was not sent.")
    company = session.exec(select(Invitation.company_name).where(Invitation.code == application.invitation_code)).one()
    facts = {"code": found.code, "minutes": LIFE // timedelta(minutes=1), "company": company, "link": ""}
    return to_partner(found.email, _("Your code to confirm this address"), "confirmation", facts)


def _information_required(session: Session, delivery: Delivery) -> Letter:
    found, event = _application(session, delivery)
    latest = open_request(session, found)
    if latest is None or event.detail.get("request") not in (None, latest.id):
        raise Needless("The partner had answered, or was asked anew, before this mail left, so it was not sent.")
    return _what_is_asked(session, found)


def _what_is_asked(session: Session, found: Application) -> Letter:
    latest = open_request(session, found)
    if latest is None:
        raise Needless("The partner had answered before this mail left, so it was not sent.")
    items = [{"label": _(one.label), "words": one.words, "due": _due(one.due_on)} for one in latest.wanted]
    facts = {"message": latest.message, "items": items, "due": _due(latest.due_on)}
    return to_contact(session, found, _("We need more information for {reference}"), "information_required", facts)


def _approved(session: Session, delivery: Delivery) -> Letter:
    found, event = _application(session, delivery)
    terms = terms_from(event.detail.get("conditions") or [])
    kind = DecisionKind.CONDITIONAL if terms else DecisionKind.APPROVAL
    return decision_letter(session, found, kind, event.detail.get("message") or "", terms)


def _rejected(session: Session, delivery: Delivery) -> Letter:
    found, event = _application(session, delivery)
    return decision_letter(session, found, DecisionKind.REJECTION, event.detail["message"])


def _application(session: Session, delivery: Delivery) -> tuple[Application, Event]:
    return session.get_one(Application, delivery.application_id), session.get_one(Event, delivery.event_id)


def _email(letter: Letter, delivery: Delivery) -> Email:
    """The mail in words. A repeated attempt keeps its Message-ID, so that whoever got it twice sees one."""
    words = worded(letter)
    return Email(letter.to, words.subject, words.text, words.html, delivery.external_id or _message_id(delivery), letter.reply_to)


def _message_id(delivery: Delivery) -> str:
    return f"<delivery-{delivery.id}.{secrets.token_hex(8)}@{settings().mail_from.rpartition('@')[2]}>"


def _renewal(session: Session, found: Application) -> Letter:
    """What an approved partner is asked to renew, once more."""
    from worker.renewals import letter_of  # whose mails stand on this file

    live = live_renewal(session, found.id)
    if live is None or not live.with_partner:
        raise Needless("The address of an approved partner was corrected, and nothing is asked of them, so nothing was sent.")
    return letter_of(session, found, live, back=live.standing == RenewalState.RETURNED)


def _due(on: date | None) -> str:
    return day(on) if on else ""


invitation = mail(_invitation, _sent)
reminder = mail(_reminder)
received = mail(_received)
operations = mail(_operations, language=of_the_office)
confirmation = mail(_confirmation)
information_required = mail(_information_required)
approved = mail(_approved)
rejected = mail(_rejected)
