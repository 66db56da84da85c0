"""Where the application stands: the partner's page from sending it to the decision, under the same link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from nicegui import ui
from sqlmodel import Session, col, select

from models.application import TRANSITIONS, ApplicationStatus, of_invitation, withdraw
from models.database import reading, transaction
from models.errors import NotFound
from models.event import Delivery, DeliveryState, Event
from models.invitation import Invitation
from models.review import decision, history
from models.steps import QUESTIONS, STEPS
from portal.api.partner import admit
from portal.frame import frame, static_url
from portal.pages.apply_check import chapters, label_of
from portal.pages.apply_folder import Folder, folder_of
from portal.render import render

REFRESH = 8.0  # seconds between two looks while the page is open
S = ApplicationStatus
#: What follows, in words, for each status.
NEXT: dict[ApplicationStatus, str] = {
    S.SUBMITTED: "A reviewer reads every section and looks at each document. You need to do nothing now; we write to you by email.",
    S.UNDER_REVIEW: "A reviewer is reading your answers and documents. If something is unclear, we write to you and you can answer here.",
    S.INFORMATION_REQUIRED: "Answer what is asked below, then send the application again. Until then the review waits.",
    S.REVIEWED: "The review is complete and the decision is due. We write to you by email as soon as it is made.",
    S.APPROVED: "You are an approved partner. Your contact at Saber Renewable Energy will be in touch about the contract.",
    S.REJECTED: "The application is closed. If you think something was misunderstood, answer the email about the decision.",
    S.WITHDRAWN: "You withdrew the application, so nobody is working on it any more. To apply again, ask us for a new invitation.",
}
#: What the partner hears about a mail: on its way, sent, not sent.
MAILS: dict[str, str] = {
    "email.received": "the confirmation that your application arrived",
    "email.information_required": "our request for more information",
    "email.approved": "the good news",
    "email.rejected": "the decision",
}

SENT, BEGUN = ("application.submitted",), ("application.review_started",)
ENDED = ("application.approved", "application.rejected", "application.withdrawn")


@dataclass(frozen=True)
class Stage:
    """One of the three stages. `state` is done, current or ahead."""

    title: str
    state: str
    at: datetime | None = None
    words: str = ""


@dataclass(frozen=True)
class News:
    """What one delivery did, in plain words. `tone` is good, warn or empty."""

    words: str
    tone: str = ""
    at: datetime | None = None


def install(app: FastAPI) -> None:
    """The page, and the one thing a partner can still do after sending: withdraw."""
    app.add_api_route("/apply/withdraw", take_back, methods=["POST"], include_in_schema=False)

    @ui.page("/apply/status", response_timeout=20)
    async def status_page(request: Request) -> Response | None:
        invitation = await run_in_threadpool(admit, request, None)
        found = await run_in_threadpool(_read, invitation)
        if found.folder.application.state == S.DRAFT:
            return RedirectResponse(found.folder.next_place(), 303)
        draw(found)
        return None


def take_back(request: Request, application: Annotated[int, Form()], reason: Annotated[str, Form(max_length=2000)] = "") -> Response:
    """Withdraw the application that was read on the page; another may have been opened in this browser since."""
    invitation = admit(request, None)
    with transaction() as session:
        found = of_invitation(session, invitation.code, lock=True)
        if found is None or found.id != application:
            raise NotFound("There is no such application to withdraw.")
        withdraw(session, found, reason.strip())
    return RedirectResponse("/apply/status", 303)


@dataclass(frozen=True)
class Standing:
    """All that the page shows."""

    folder: Folder
    events: list[Event]
    decided: Event | None
    mails: list[Delivery]
    listed: bool


def draw(found: Standing) -> None:
    """The page; its upper half looks again every few seconds, so that it may stay open."""
    with frame("Your application"):
        ui.add_head_html(f'<link rel="stylesheet" href="{static_url("form.css")}"><script src="{static_url("partner.js")}" defer></script>')
        head = ui.html(_head(found), sanitize=False)
        ui.html(
            _sent(found),
            sanitize=False,
        )

    async def look_again() -> None:
        now_found = await run_in_threadpool(_read, found.folder.invitation)
        if (html := _head(now_found)) != head.content:
            head.set_content(html)

    ui.timer(REFRESH, look_again, immediate=False)


def _sent(found: Standing) -> str:
    application = found.folder.application
    may_withdraw = S.WITHDRAWN in TRANSITIONS[application.state]
    return render("apply_sent.html", application=application, chapters=chapters(found.folder), may_withdraw=may_withdraw)


def stages(found: Standing) -> list[Stage]:
    """Received, in review, decision: each with its date once there is one."""
    state, sent, begun, ended = found.folder.application.state, *(_first(found, *kinds) for kinds in (SENT, BEGUN, ENDED))
    if ended:
        return [Stage("Received", "done", sent), Stage("In review", "done", begun), Stage(_end(state), "done", ended)]
    if state == S.REVIEWED:
        return [Stage("Received", "done", sent), Stage("In review", "done", begun), Stage("Decision", "current", words="Being made")]
    words = {S.SUBMITTED: "Next", S.INFORMATION_REQUIRED: "Waiting for you"}.get(state, "")
    return [Stage("Received", "done", sent), Stage("In review", "current", begun, words), Stage("Decision", "ahead")]


def news(found: Standing) -> list[News]:
    """What became of the submission and its mails, newest first, as the partner may know it."""
    lines = [_mail(delivery, found) for delivery in reversed(found.mails)]
    if found.listed:
        lines.append(News("Your answers and documents have reached our reviewers", "good"))
    return lines


def _head(found: Standing) -> str:
    application, request = found.folder.application, found.folder.request
    items = [(label_of(name), f"/apply/{_step(name)}?check=1#{name}") for name in request.items] if request else []
    return render(
        "apply_status.html", application=application, stages=stages(found), news=news(found), next=NEXT[application.state],
        asked=request, items=items, go_on=items[0][1] if items else "/apply/check", decided=found.decided,
    )  # fmt: skip


def _read(invitation: Invitation) -> Standing:
    with reading() as session:
        folder = folder_of(session, invitation)
        events = history(session, folder.application)
        return Standing(folder, events, decision(session, folder.application), _mails(session, folder), _listed(session, folder))


def _mails(session: Session, folder: Folder) -> list[Delivery]:
    wanted = select(Delivery).where(Delivery.application_id == folder.application.id, col(Delivery.target).in_(MAILS))
    return list(session.exec(wanted.order_by(col(Delivery.id))))


def _listed(session: Session, folder: Folder) -> bool:
    """Whether the application and its documents stand in the staff's lists."""
    wanted = select(Delivery.state).where(
        Delivery.application_id == folder.application.id, col(Delivery.target).in_(("sharepoint.application", "sharepoint.documents"))
    )
    states = session.exec(wanted).all()
    return bool(states) and all(state in (DeliveryState.DONE, DeliveryState.SETTLED) for state in states)


def _mail(delivery: Delivery, found: Standing) -> News:
    what, to = MAILS[delivery.target], found.folder.application.primary_contact_email or found.folder.invitation.contact_email
    if delivery.state == DeliveryState.DONE:
        return News(f"We emailed {what} to {to}", "good", delivery.done_at)
    if delivery.state == DeliveryState.FAILED:
        return News(f"The email with {what} did not go out. We have been told and are looking into it; nothing is needed from you", "warn")
    return (
        News(f"{what[:1].upper()}{what[1:]} is on its way to {to}")
        if delivery.state != DeliveryState.SETTLED
        else News(f"We told you {what} in another way")
    )


def _step(name: str) -> str:
    """The name of the step in which a question or document stands."""
    if name in QUESTIONS:
        return STEPS[QUESTIONS[name].step - 1].name
    return next((step.name for step in STEPS for slot in step.slots if slot.name == name), "check")


def _end(state: ApplicationStatus) -> str:
    return {S.APPROVED: "Approved", S.REJECTED: "Not approved", S.WITHDRAWN: "Withdrawn"}.get(state, "Decision")


def _first(found: Standing, *kinds: str) -> datetime | None:
    """When the first event of these kinds happened."""
    return next((event.at for event in reversed(found.events) if event.type in kinds), None)
