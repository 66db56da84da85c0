"""An application as SharePoint's columns of many lines show it: the answers as JSON, the review in words, the links."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from sqlmodel import Session

from models.application import Application, ApplicationStatus
from models.condition import Condition, conditions
from models.document import Document
from models.event import Event
from models.forms_api import to_camel
from models.note import notes
from models.person import User
from models.review import SECTIONS, Ruling, decision, history, open_request, verdicts
from models.settings import settings
from models.slots import SLOTS
from models.steps import STEPS
from worker.dates import day

_REVIEWING = ("application.approved", "application.rejected", "application.reviewed", "application.review_started")


def application_data(application: Application, files: Iterable[Document]) -> str:
    """The complete form as JSON by step, in the names of the API, with what stands for each document."""
    answers = application.answers()
    steps = {f"step{step.number}": to_camel({question.name: answers[question.name] for question in step.questions}) for step in STEPS}
    listed = [{"slot": f.slot, "fileName": f.file_name, "fileSize": f.file_size, "sha256": f.sha256, "url": f.r2_url} for f in files]
    told = {"referenceNumber": application.reference_number, "formVersion": application.form_version, **steps, "documents": listed}
    return json.dumps(told, ensure_ascii=False)


def document_links(application: Application, files: Iterable[Document], limit: int) -> str:
    """A line a document: what it is, and the portal's page for it, which asks for a sign-in (FACTS 4)."""
    return _within((f"{SLOTS[file.slot].label}: {file.r2_url}" for file in files), limit, application)


def review_notes(session: Session, application: Application, limit: int) -> str:
    """Where the review stands: what the list's status cannot say, the verdicts, then the notes, newest first."""
    return _within([*_standing(session, application), *_verdicts(session, application), *_notes(session, application)], limit, application)


def reviewer(session: Session, application: Application) -> str:
    """The address, or where none is known the name, of who last took the review forward; empty before it began."""
    last = next((event for event in history(session, application) if event.type in _REVIEWING), None)
    user = session.get(User, last.user_id) if last and last.user_id else None
    return user.email if user else (last.actor if last else "")


def _standing(session: Session, application: Application) -> Iterator[str]:
    if asked := open_request(session, application):
        until = f" by {day(asked.due_on)}" if asked.due_on else ""
        yield f"Information is required{until}: {asked.message}"
    if decided := decision(session, application):
        yield f"{_outcome(decided)} by {decided.actor} on {day(decided.at)}{_colon(decided)}"
        yield from map(_condition, conditions(session, application.id))
    if application.state == ApplicationStatus.SUSPENDED:
        yield "Suspended: something has run out, and its renewal is not approved yet"
    if application.state == ApplicationStatus.REVIEWED:
        yield "Reviewed: the decision is due"
    if application.state == ApplicationStatus.WITHDRAWN:
        yield "Withdrawn by the partner"


def _outcome(decided: Event) -> str:
    """The decision in a word: the status may be another by now."""
    return decided.type.removeprefix("application.").capitalize()


def _condition(one: Condition) -> str:
    due = f", due by {day(one.due_on)}" if one.due_on else ""
    return f"Condition{due}, {f'met on {day(one.met_at)}' if one.met_at else 'not met yet'}: {one.text}"


def _colon(event: Event) -> str:
    return f": {event.detail['message']}" if event.detail.get("message") else ""


def _verdicts(session: Session, application: Application) -> Iterator[str]:
    given = verdicts(session, application)
    for name, title in SECTIONS.items():
        if verdict := given.get(name):
            yield f"{title}: {Ruling(verdict.ruling).value}{f' ({verdict.reason})' if verdict.reason else ''}"


def _notes(session: Session, application: Application) -> Iterator[str]:
    for note in notes(session, application):
        yield f"{day(note.written_at)}, {note.written_by}{', to the partner' if note.public else ''}: {note.text}"


def _within(lines: Iterable[str], limit: int, application: Application) -> str:
    """As many whole lines as fit into the column; the rest is in the portal, and the last line says where."""
    last = f"The rest is in the portal: {settings().portal_url}/review/{application.reference_number}"
    kept: list[str] = []
    for line in lines:
        if sum(len(one) + 1 for one in kept) + len(line) + 1 + len(last) > limit:
            return "\n".join([*kept, last])
        kept.append(line)
    return "\n".join(kept)
