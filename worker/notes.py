"""The mails about notes: what a reviewer wrote to the partner, and that somebody of the staff is mentioned in one."""

from __future__ import annotations

from sqlmodel import Session, select

from models.application import Application
from models.delivery import Delivery
from models.event import Event
from models.language import _
from models.mention import Mention
from models.note import Note
from models.person import SUSPENDED, User
from models.settings import settings
from worker.notify import Letter, mail, of_the_office, to_contact
from worker.outcome import Needless


def _note(session: Session, delivery: Delivery) -> Letter:
    found = session.get_one(Application, delivery.application_id)
    told = session.get_one(Event, delivery.event_id).detail
    return to_contact(session, found, _("A message about your application {reference}"), "note", {"message": told["text"]})


def _mention(session: Session, delivery: Delivery) -> Letter:
    """To one person, who may have read it at the desk before this leaves: then they need no mail."""
    told = session.get_one(Event, delivery.event_id)
    note, person = session.get(Note, told.detail["note"]), session.get_one(User, told.detail["person"])
    if note is None or note.removed_at:
        raise Needless("The note was deleted before this mail left, so it was not sent.")
    if person.status == SUSPENDED:
        raise Needless("The account was disabled before this mail left, so it was not sent.")
    if session.exec(select(Mention.read_at).where(Mention.note_id == note.id, Mention.user_id == person.id)).first():
        raise Needless("They had opened the application before this mail left, so it was not sent.")
    found = session.get_one(Application, note.application_id)
    facts = {
        "name": person.name, "by": told.actor, "company": found.company_name, "reference": found.reference_number, "message": note.text,
        "link": f"{settings().portal_url}/review/{found.reference_number}",
    }  # fmt: skip
    subject = _("{person} mentioned you: {company}, {reference}")
    subject = subject.format(person=told.actor, company=found.company_name, reference=found.reference_number)
    return Letter(person.email, subject, "mention", facts, settings().mail_operations)


note = mail(_note)
mention = mail(_mention, language=of_the_office)
