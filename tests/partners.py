"""Partners as tests of the worker need them, made by the verbs, with real documents in the real store."""

from __future__ import annotations

import re
from contextlib import suppress
from html import unescape

import redis
from sqlmodel import select

from integrations import pace
from integrations.queue import connection
from integrations.sharepoint import Item, sharepoint
from integrations.storage import storage
from models.application import Application, begin, of_invitation, submit
from models.database import now, reading, transaction
from models.delivery import Delivery
from models.document import Document, accept, start_upload
from models.draft import save_step
from models.event import Event
from models.invitation import Invitation, invite
from models.person import PORTAL
from models.settings import settings
from models.steps import QUESTIONS, STEPS
from tests.papers import pdf
from tests.parts import Graph
from tests.sample_form import COMPLETE, wanted_documents

THREE = ("public_liability_certificate", "health_safety_policy", "iso_certificates")


def invited(email: str = "helen.marsh@brightfieldsolar.co.uk") -> Invitation:
    """An invitation that the desk made."""
    who = {"company_name": "Brightfield Solar Ltd", "contact_name": "Helen Marsh", "contact_title": "Ms"}
    with transaction() as session:
        return invite(session, PORTAL, contact_email=email, **who)


def begun(slots: tuple[str, ...] = THREE) -> Application:
    """A draft with all answers and with documents that were looked at."""
    invitation = invited()
    with transaction() as session:
        application = begin(session, session.get_one(Invitation, invitation.id))
        for step in STEPS:
            save_step(session, application, step, {n: v for n, v in COMPLETE.items() if QUESTIONS[n].step == step.number})
    for number, slot in enumerate(slots):
        stored_in(application, slot, f"Page {number}")
    return application


def stored_in(application: Application, slot: str, words: str = "One more", content: bytes = b"") -> Document:
    """One more document, uploaded and accepted; two of one slot have the same name."""
    name, content = f"{slot}.pdf", content or pdf(words)
    with transaction() as session:
        document = start_upload(session, session.get_one(Application, application.id), slot, name, len(content))
    storage().put(document.r2_key, content, document.file_type)
    with transaction() as session:
        accept(session, session.get_one(Document, document.id), content)
    return document


def submitted(slots: tuple[str, ...] = THREE) -> Application:
    """A submitted application."""
    application = begun(slots)
    with transaction() as session:
        return submit(session, session.get_one(Application, application.id), COMPLETE, wanted_documents())


def deliveries(*targets: str) -> list[Delivery]:
    """The deliveries, oldest first; only those to `targets`, if there are any."""
    with reading() as session:
        return [d for d in session.exec(select(Delivery).order_by("id")) if not targets or d.target in targets]


def states() -> dict[str, list[str]]:
    """The states of all deliveries, by target."""
    found: dict[str, list[str]] = {}
    for delivery in deliveries():
        found.setdefault(delivery.target, []).append(str(delivery.state))
    return found


def due_now() -> None:
    """Let the waits of all waiting deliveries pass, and the one that SharePoint asked all workers for."""
    at_full_pace()
    with transaction() as session:
        for delivery in session.exec(select(Delivery).where(Delivery.state == "waiting")):
            delivery.due_at = now()
            session.add(delivery)


def at_full_pace() -> None:
    """As if SharePoint had not been asked for a while."""
    pace.bucket.cache_clear()
    with suppress(redis.RedisError):  # it may not run
        connection().delete(pace.KEY)


def events(kind: str) -> list[Event]:
    """The events of one type, oldest first."""
    with reading() as session:
        return list(session.exec(select(Event).where(Event.type == kind).order_by("id")))


def by_code(code: str) -> Application:
    """The application as it stands."""
    with reading() as session:
        found = of_invitation(session, code)
        assert found is not None
        return found


def listed(application: Application) -> Item | None:
    """The application's item in EPC Onboarding."""
    return sharepoint().find_item(settings().sharepoint_applications_list, "ReferenceNumber", application.reference_number or "")


def invitation_listed(code: str) -> Item | None:
    """The invitation's item in EPC Invitations."""
    return sharepoint().find_item(settings().sharepoint_invitations_list, "InvitationCode", code)


def count_listed(graph: Graph, text: str) -> int:
    """How many items of the lists have a column that is `text`."""
    return graph.page().count(f"<td>{text}</td>")


def folder(graph: Graph, reference: str) -> dict[str, list[str]]:
    """The library's files of one application by name: bytes, EvidenceSection, EpcItemId."""
    table = re.search(rf"<caption>{reference}</caption>(.*?)</table>", graph.page(), re.S)
    rows = re.findall(r"<tr><td><a[^>]*>(.*?)</a></td><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td>", table.group(1), re.S) if table else []
    return {unescape(name): [unescape(cell) for cell in cells] for name, *cells in rows}
