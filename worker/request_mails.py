"""Mails about what a reviewer has asked of a partner, besides the asking itself (worker/notify.py)."""

from __future__ import annotations

from sqlmodel import Session

from models.application import Application
from models.database import now
from models.delivery import Delivery
from models.language import _
from models.letters import Letter, to_contact
from models.request import open_request
from models.request_reminder import left_to_answer, overtaken
from worker.dates import day
from worker.notify import mail
from worker.outcome import Needless


def _request_reminder(session: Session, delivery: Delivery) -> Letter:
    """What is still to answer as it stands when the mail leaves."""
    found = session.get_one(Application, delivery.application_id)
    if reason := overtaken(session, found, delivery):
        raise Needless(reason)
    request = open_request(session, found)
    assert request is not None  # or it was overtaken
    left, due = left_to_answer(session, found, request), request.first_due
    facts = {
        "asked": day(request.asked_at), "message": request.message, "named": bool(request.wanted), "due": day(due) if due else "",
        "overdue": due is not None and due < now().date(),
        "items": [{"label": _(one.label), "words": one.words, "due": day(one.due_on) if one.due_on else ""} for one in left],
    }  # fmt: skip
    return to_contact(session, found, _("Reminder: we still need something from you for {reference}"), "request_reminder", facts)


request_reminder = mail(_request_reminder)
