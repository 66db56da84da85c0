"""Living approval in the worker: the look at all partners, once a night, and the mails about what runs out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus
from models.database import now, reading, today, transaction
from models.delivery import Delivery
from models.event import Event
from models.keeping import keep_current, to_look_at
from models.language import _, ngettext, shown_number
from models.lapsing import Ending
from models.renewal import Renewal
from models.resubmission import count_of_changes
from models.settings import settings
from models.slots import SLOTS
from worker.dates import day
from worker.logs import where
from worker.notify import Letter, mail, of_the_office, to_contact
from worker.outcome import Needless
from worker.turn import in_turn

LEASE, HOUR = "renewals", timedelta(hours=1)
log = structlog.get_logger()


def look_after(holder: str, again: datetime, stopped: Callable[[], bool] = lambda: False) -> bool:
    """Look at every partner of whom something may be due, by one of all workers until `again` (FACTS 30); whether it was this one.

    Each has a transaction of its own, so a fault of one keeps no other back, and a worker that dies leaves the rest to the next.
    """

    def look() -> datetime:
        with reading() as session:
            numbers = to_look_at(session)
        failed = sum(not look_at(number) for number in numbers if not stopped())
        log.info("renewals", looked_at=len(numbers), failed=failed)
        return now() if stopped() else again if not failed else now() + HOUR  # what a stop left is another worker's, at once

    return in_turn(LEASE, holder, HOUR, look)


def look_at(application_id: int) -> bool:
    """Do what is due about one partner now; whether it went well."""
    try:
        with transaction() as session:
            mine = select(Application).where(col(Application.id) == application_id)
            if found := session.exec(mine.with_for_update()).first():  # it may have been erased meanwhile
                keep_current(session, found, today())
    except Exception as error:  # the others are still to be looked at
        log.error("renewal not looked at", application=application_id, **where(error))
        return False
    return True


def _renewal(session: Session, delivery: Delivery) -> Letter:
    """What is to be renewed, as it stands when the mail leaves: asked, reminded of, or sent back."""
    found, event, renewal = _subject(session, delivery)
    if not renewal.with_partner:
        raise Needless("The renewal was sent or was not needed any more before this mail left, so it was not sent.")
    last = {"stage": renewal.reminded, "ends_on": str(renewal.reminded_for)}
    if event.type.endswith("_reminded") and last != {name: event.detail[name] for name in last}:
        raise Needless("A later reminder took its place before it left, so it was not sent.")
    return letter_of(session, found, renewal, back=event.type.endswith("_returned"), message=_message(event))


def letter_of(session: Session, found: Application, renewal: Renewal, *, back: bool, message: str = "") -> Letter:
    """The mail about a renewal that is with the partner; `back` where a reviewer has sent it back, for a reason that it tells."""
    subject, lapsed = _("Renew your documents: {reference}"), bool(renewal.ends_on and renewal.ends_on < today())
    if back:
        subject = _("Your renewal {reference} needs a correction")
    elif lapsed:
        subject = _("Something of yours has run out: {reference}")
    left = (renewal.ends_on - today()).days if renewal.ends_on and not lapsed else None
    facts = {
        "back": back, "lapsed": lapsed, "items": _listed(renewal.endings), "message": renewal.reason if back else message,
        "left": _days(left), "suspended": found.state == ApplicationStatus.SUSPENDED,
    }  # fmt: skip
    return to_contact(session, found, subject, "renewal", facts)


def _received(session: Session, delivery: Delivery) -> Letter:
    found, _event, _renewal = _subject(session, delivery)
    return to_contact(session, found, _("Your renewal has arrived: {reference}"), "renewal_received", {})


def _approved(session: Session, delivery: Delivery) -> Letter:
    found, event, _renewal = _subject(session, delivery)
    facts = {"message": event.detail.get("message") or "", "reinstated": bool(event.detail.get("reinstated"))}
    return to_contact(session, found, _("Your renewal is approved: {reference}"), "renewal_approved", facts)


def _suspended(session: Session, delivery: Delivery) -> Letter:
    found = session.get_one(Application, delivery.application_id)
    if found.state != ApplicationStatus.SUSPENDED:
        raise Needless("The suspension had ended before this mail left, so it was not sent.")
    over = _over(session.get_one(Event, delivery.event_id))
    return to_contact(session, found, _("Your approval is suspended: {reference}"), "renewal_suspended", {"items": _listed(over)})


def _reinstated(session: Session, delivery: Delivery) -> Letter:
    found = session.get_one(Application, delivery.application_id)
    if found.state != ApplicationStatus.APPROVED:
        raise Needless("The partner was suspended again before this mail left, so it was not sent.")
    return to_contact(session, found, _("Your approval holds again: {reference}"), "renewal_reinstated", {})


def _office(session: Session, delivery: Delivery) -> Letter:
    """To the office, of a renewal that came in or a partner that was suspended. Without the code, which is the partner's alone."""
    found, event = session.get_one(Application, delivery.application_id), session.get_one(Event, delivery.event_id)
    sent = event.type.endswith("renewal_sent")
    subject = _("Renewal from {company}: {reference}") if sent else _("Partner suspended, {company}: {reference}")
    facts: dict[str, Any] = {
        "sent": sent, "company": found.company_name, "reference": found.reference_number, "items": [] if sent else _listed(_over(event)),
        "changes": count_of_changes(event),
        "link": f"{settings().portal_url}/review/{found.reference_number}",
    }  # fmt: skip
    subject = subject.format(company=found.company_name, reference=found.reference_number)
    return Letter(settings().mail_operations, subject, "renewal_office", facts, found.primary_contact_email or settings().mail_operations)


def _subject(session: Session, delivery: Delivery) -> tuple[Application, Event, Renewal]:
    event = session.get_one(Event, delivery.event_id)
    return session.get_one(Application, delivery.application_id), event, session.get_one(Renewal, event.detail["renewal"])


def _message(event: Event) -> str:
    return str(event.detail.get("message") or "")


def _over(event: Event) -> list[Ending]:
    return [Ending.read(told) for told in event.detail.get("over", []) if told["slot"] in SLOTS]


def _listed(endings: list[Ending]) -> list[Mapping[str, str]]:
    """Each document by its name, with a sentence on its last day."""
    return [{"label": _(SLOTS[one.slot].label), "ends": _ends(one.ends)} for one in endings]


def _ends(ends: date | None) -> str:
    if ends is None:
        return ""
    return (_("Ran out on {day}.") if ends < today() else _("Valid until {day}.")).format(day=day(ends))


def _days(left: int | None) -> str:
    if left is None:
        return ""
    if left == 0:
        return _("The first of them ends today.")
    told = ngettext("The first of them ends in {count} day.", "The first of them ends in {count} days.", left)
    return told.format(count=shown_number(left))


asked = mail(_renewal)
received = mail(_received)
approved = mail(_approved)
suspended = mail(_suspended)
reinstated = mail(_reinstated)
office = mail(_office, language=of_the_office)
