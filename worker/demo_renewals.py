"""Approved partners in the demonstration whose insurance ends: one with time left, one who has sent the renewal, one who is suspended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from sqlmodel import Session

from integrations.storage import storage
from models.application import Application
from models.database import now, transaction
from models.document import Document, accept, start_upload
from models.keeping import NOTICE, keep_current
from models.merge import Answer
from models.renewing import save_renewal, send_renewal

#: Fate → the days that the public liability insurance has left.
ENDS = {"renewing": 20, "renewal_sent": 12, "suspended": -3}
SLOT, QUESTION = "public_liability_certificate", "public_liability_expiry"


def lived_on(application_id: int, fate: str, paper: Callable[[str, str], bytes]) -> None:
    """What came after the approval, by the verbs; the day is set as months would have brought it. `paper` makes a document of a slot."""
    if fate not in ENDS:
        return
    today = now().date()
    with transaction() as session:
        application = session.get_one(Application, application_id)
        _lasting(application, today)
        application.public_liability_expiry = today + timedelta(days=ENDS[fate])
        session.add(application)
        session.flush()
        keep_current(session, application, today)
        if fate == "suspended":
            keep_current(session, application, today + NOTICE)
    if fate == "renewal_sent":
        _sent(application_id, paper)


def _lasting(application: Application, today: date) -> None:
    """Nothing else runs out, so that each shows one thing."""
    for name in ("health_safety", "environmental", "modern_slavery", "substance_misuse", "gdpr"):
        setattr(application, f"{name}_policy_date", today - timedelta(days=40))
    for name in ("employers_liability", "professional_indemnity"):
        if getattr(application, f"{name}_insurance"):
            setattr(application, f"{name}_expiry", today + timedelta(days=250))


def _sent(application_id: int, paper: Callable[[str, str], bytes]) -> None:
    """Typed, uploaded and sent."""
    stamp = int(now().timestamp() * 1_000_000)
    later = (now().date() + timedelta(days=377)).isoformat()
    with transaction() as session:
        application = session.get_one(Application, application_id)
        answers = [Answer(QUESTION, later, stamp, stamp, "demo"), Answer("public_liability_cover", "12000000", stamp, stamp, "demo")]
        save_renewal(session, application, answers, application.primary_contact_name or "")
        content = paper(SLOT, application.company_name or "")
        document = start_upload(session, application, SLOT, "Certificate of the new year.pdf", len(content))
    storage().put(document.r2_key, content, document.file_type)
    with transaction() as session:
        _handed_in(session, application_id, document, content)


def _handed_in(session: Session, application_id: int, document: Document, content: bytes) -> None:
    accept(session, session.get_one(Document, document.id), content, renews=True)
    send_renewal(session, session.get_one(Application, application_id))
