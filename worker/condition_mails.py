"""Mails about the conditions of an approval, besides the letter that named them first (worker/notify.py)."""

from __future__ import annotations

from sqlmodel import Session

from models.application import Application
from models.condition import unmet
from models.condition_reminder import overtaken
from models.delivery import Delivery
from models.language import _
from models.letters import Letter, to_contact
from worker.dates import day
from worker.notify import mail
from worker.outcome import Needless


def _condition_reminder(session: Session, delivery: Delivery) -> Letter:
    """What is still to be met as it stands when the mail leaves, the first to fall due first."""
    found = session.get_one(Application, delivery.application_id)
    if reason := overtaken(session, found, delivery):
        raise Needless(reason)
    standing = sorted(unmet(session, found.id), key=lambda one: (one.due_on is None, one.due_on, one.id))
    due = standing[0].due_on
    facts = {
        "due": day(due) if due else "", "overdue": standing[0].overdue,
        "conditions": [{"text": one.text, "due": day(one.due_on) if one.due_on else "", "overdue": one.overdue} for one in standing],
    }  # fmt: skip
    late, soon = _("A condition of your approval is overdue: {reference}"), _("A condition of your approval is due soon: {reference}")
    subject = late if standing[0].overdue else soon
    return to_contact(session, found, subject, "condition_reminder", facts)


condition_reminder = mail(_condition_reminder)
