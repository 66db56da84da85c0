"""The application as a PDF, as it was submitted: for the partner and for staff, from the same chapters as the pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from models import person
from models.agreement import TEXTS, Agreement, agreements
from models.application import Application, by_reference, of_invitation
from models.database import reading
from models.errors import NotFound
from models.event import Event
from models.language import _, ngettext, shown_date, shown_number, spoken
from models.person import Right
from models.request import label_of
from models.resubmission import Filed, submissions
from models.slots import SLOTS
from portal import auth
from portal.api.partner import admit
from portal.pages.apply_chapters import Chapter
from portal.pages.status import sent_reading
from portal.paper import Paper
from portal.words import OFFICE

WHICH = Query(None, ge=1, description="Which sending; the last one where it is left out")
AT_ONCE = 1  # a PDF takes a good part of a second of one core: more at a time, and whoever types would feel it


def install(app: FastAPI) -> None:
    """Plain routes, for the partner and for staff."""
    app.add_api_route("/apply/application.pdf", theirs, methods=["GET"], include_in_schema=False)
    app.add_api_route("/review/{reference}/application.pdf", for_staff, methods=["GET"], include_in_schema=False)


async def theirs(request: Request, sent: int | None = WHICH) -> Response:
    """The partner's own; NotFound before they have sent anything."""
    return await to_thread.run_sync(_theirs, request, sent, limiter=_waiting())


async def for_staff(request: Request, reference: str, sent: int | None = WHICH) -> Response:
    """For staff who may read applications."""
    return await to_thread.run_sync(_for_staff, request, reference, sent, limiter=_waiting())


@cache
def _waiting() -> CapacityLimiter:
    """Whoever waits for their PDF takes none of the threads and connections that all others are answered with."""
    return CapacityLimiter(AT_ONCE)


def _theirs(request: Request, sent: int | None) -> Response:
    invitation = admit(request, None)
    with reading() as session:
        application = of_invitation(session, invitation.code)
        return _answer(session, application, sent)


def _for_staff(request: Request, reference: str, sent: int | None) -> Response:
    with reading() as session:
        person.actor_of(session, request.session.get(auth.STAFF)).must(Right.READ)
        return _answer(session, by_reference(session, reference), sent)


def drawn(session: Session, application: Application, sent: Event) -> bytes:
    """The PDF of one submission, in the spoken language."""
    found = sent_reading(session, application, sent)
    paper = Paper(_("Application to become a partner"), application.reference_number or "", sent.at)
    paper.head(_("Application to become a partner"))
    _facts(paper, application, sent, submissions(session, application.id))
    for chapter in found.chapters():
        _chapter(paper, chapter)
    _agreed(paper, _standing(agreements(session, application.id or 0), sent.at))
    return paper.finished()


def _answer(session: Session, application: Application | None, number: int | None) -> Response:
    all_sent = submissions(session, application.id) if application else []
    if application is None or not all_sent or (number or 1) > len(all_sent):
        raise NotFound(_("There is no such document: the application has not been sent so often."))
    content = drawn(session, application, all_sent[(number or 0) - 1])
    version = f"-{number}" if number else ""
    name = f"{application.reference_number}{version}-{spoken().code}.pdf"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-store"}
    return Response(content, media_type="application/pdf", headers={**headers, "x-content-type-options": "nosniff"})


def _facts(paper: Paper, application: Application, sent: Event, all_sent: list[Event]) -> None:
    """What it is, whose, when it was sent, and the hash that the declarant's name stands under."""
    paper.pair(_("Reference number"), application.reference_number or "")
    paper.pair(_("Company"), application.company_name or "")
    paper.pair(_("First sent"), _moment(all_sent[0].at))
    if sent is not all_sent[0]:
        paper.pair(_("Sent again with changes"), _moment(sent.at))
    paper.pair(_("Sent by"), sent.actor)
    paper.pair(_("Version of the form"), str(sent.detail.get("form_version") or application.form_version))
    paper.pair(_("Fingerprint of all answers (SHA-256)"), str(sent.detail.get("form_hash", "")))
    for name, words in (sent.detail.get("replies") or {}).items():
        label = _("Words to the reviewer") if name == "comment" else _("Words to the reviewer: {label}").format(label=_(label_of(name)))
        paper.pair(label, words)


def _chapter(paper: Paper, chapter: Chapter) -> None:
    paper.chapter(f"{shown_number(chapter.step.number)}. {_(chapter.step.title)}")
    for section, lines in chapter.sections.items():
        paper.section(section)
        for line in lines:
            if not line.files:
                paper.pair(line.label, line.shown)
            for file in line.files:
                paper.pair(line.label, file.name, small=_of_file(file))


def _of_file(file: Filed) -> str:
    """Size, dates and hash of a document."""
    said = [ngettext("{count} byte", "{count} bytes", file.size).format(count=shown_number(file.size))]
    if file.uploaded_at:
        said.append(_("uploaded {when}").format(when=_moment(file.uploaded_at)))
    if file.expires:
        said.append(_("valid until {day}").format(day=shown_date(file.expires)))
    elif file.slot in SLOTS and SLOTS[file.slot].asks_expiry:
        said.append(_("until when it is valid: not given"))
    return f"{' · '.join(said)}\nSHA-256 {file.sha256}"


def _agreed(paper: Paper, found: Iterable[Agreement]) -> None:
    """Which texts were agreed to, in which version, by whom and when."""
    paper.chapter(_("What was agreed to"))
    for one in found:
        title = _(TEXTS[one.name].title) if one.name in TEXTS else one.name
        told = _("Version {version}, agreed to by {name}, {when}")
        paper.pair(title, told.format(version=one.version, name=one.agreed_by, when=_moment(one.agreed_at)), small=f"SHA-256 {one.digest}")


def _standing(found: list[Agreement], moment: datetime) -> list[Agreement]:
    """Of each text the agreement that stood at this moment: each sending agrees anew."""
    return list({one.name: one for one in found if one.agreed_at <= moment}.values())


def _moment(at: datetime) -> str:
    here = at.astimezone(OFFICE)
    return f"{shown_date(here.date())}, {here:%H:%M %Z}"
