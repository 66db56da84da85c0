"""Where the application stands: the partner's page from sending it to the decision, under the same link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from nicegui import Client, ui
from sqlmodel import Session

from models.application import TRANSITIONS, Application, ApplicationStatus, of_invitation, withdraw
from models.condition import Condition, conditions
from models.database import reading, today, transaction
from models.delivery import Delivery, DeliveryState
from models.errors import NotFound
from models.event import Event
from models.invitation import Invitation
from models.language import _, shown_date, speaking, spoken
from models.note import Note, told_to_partner
from models.progress import Told, expected_by, stages, told
from models.renewal import Renewal, live_renewal
from models.request import step_name_of
from models.resubmission import answers_sent, editions, filed_with, submissions, unanswered
from models.review import decision
from models.settings import settings
from models.slots import SLOTS
from portal.api.partner import admit
from portal.frame import page, partner_page, push
from portal.pages.apply_chapters import Reading
from portal.pages.apply_folder import Folder, folder_of
from portal.pages.apply_printed import PRINTED, printed_head
from portal.render import render
from portal.words import OFFICE

REFRESH = 8.0  # seconds between two looks while the page is open
S = ApplicationStatus


@dataclass(frozen=True)
class News:
    """What one delivery did, in plain words. `tone` is good, warn or empty."""

    words: str
    tone: str = ""


@dataclass(frozen=True)
class Standing:
    """All that the page shows. `sent` is the submission that is shown for reading, with its answers and documents."""

    folder: Folder
    happened: list[Told]
    decided: Event | None
    sent: Reading | None
    sent_at: tuple[datetime, ...]
    notes: tuple[Note, ...]
    conditions: tuple[Condition, ...]
    renewal: Renewal | None = None

    @property
    def application(self) -> Application:
        """The row."""
        return self.folder.application


def install(app: FastAPI) -> None:
    """The page, and the one thing a partner can still do after sending: withdraw."""
    app.add_api_route("/apply/withdraw", take_back, methods=["POST"], include_in_schema=False)

    @page("/apply/status")
    async def status_page(request: Request) -> Response | None:
        invitation = await run_in_threadpool(admit, request, None)
        found = await run_in_threadpool(read, invitation)
        if found.application.state == S.DRAFT:
            return RedirectResponse(found.folder.next_place(), 303)
        draw(found)
        return None


def take_back(request: Request, application: Annotated[int, Form()], reason: Annotated[str, Form(max_length=2000)] = "") -> Response:
    """Withdraw the application that was read on the page; another may have been opened in this browser since."""
    invitation = admit(request, None)
    with transaction() as session:
        found = of_invitation(session, invitation.code, lock=True)
        if found is None or found.id != application:
            raise NotFound(_("There is no such application to withdraw."))
        withdraw(session, found, reason.strip())
    return RedirectResponse("/apply/status", 303)


def draw(found: Standing) -> None:
    """The page; it looks again every few seconds, so that it may stay open."""
    partner_page(_("Your application"), body(found), scripts=("partner.js", "standing.js"), head=PRINTED)
    Watch(ui.context.client, found)


class Watch:
    """One open page. It holds only what it shows of what can change, and sends what is different now."""

    __slots__ = ("client", "invitation", "language", "pulse", "shown")

    def __init__(self, client: Client, found: Standing) -> None:
        self.client, self.invitation, self.language = client, found.folder.invitation, spoken().code
        self.pulse, self.shown = pulse(found), parts(found)
        ui.timer(REFRESH, self.look, immediate=False)

    async def look(self) -> None:
        """Tell the page what has changed, if anything has."""
        if await run_in_threadpool(_pulse_now, self.invitation) == self.pulse:
            return
        with speaking(self.language):
            found = await run_in_threadpool(read, self.invitation)
            now_shown = parts(found)
        changed = {name: html for name, html in now_shown.items() if html != self.shown[name]}
        self.pulse, self.shown = pulse(found), now_shown
        if changed:
            push(self.client, "standing.show", changed)


def body(found: Standing) -> str:
    """The page's HTML: the parts that may change, and below them what was sent."""
    application = found.application
    chapters = found.sent.chapters() if found.sent else []
    heading = printed_head(application, _(_STANDING[application.state]))
    sent = render("apply_sent.html", application=application, chapters=chapters, sent_at=[_day(at) for at in found.sent_at])
    shown = {"parts": parts(found), "sent": sent, "printed": heading, "may_withdraw": _may_withdraw(found)}
    return render("apply_status.html", application=application, **shown)


def parts(found: Standing) -> dict[str, str]:
    """Name → HTML of each part that may change while the page is open."""
    return {
        "title": render("status_title.html", application=found.application, title=_(TITLES[found.application.state])),
        "stages": render("status_stages.html", stages=_stages(found), next=next_words(found)),
        "request": _request(found),
        "renewal": _renewal(found),
        "decision": render("status_decision.html", decided=found.decided, conditions=found.conditions),
        "notes": render("status_notes.html", notes=found.notes, moment=_moment),
        "news": render("status_news.html", lines=[(_(HAPPENED[one.event.type]), one.event.at, news(one, found)) for one in found.happened]),
    }


def news(one: Told, found: Standing) -> list[News]:
    """What became of one event's deliveries, as the partner may know it."""
    return [*_listed(one), *(_mail(delivery, found) for delivery in one.mails)]


def next_words(found: Standing) -> list[str]:
    """What happens next and, where a review is under way, when it is usually done."""
    said, by = [_(NEXT[found.application.state])], expected_by(found.application, found.happened, settings().review_days)
    if by and by >= today():
        expected = _("A review usually takes {days} working days, so you can expect to hear from us by about {day}.")
        said.append(expected.format(days=settings().review_days, day=shown_date(by)))
    elif by:
        late = _("It is taking longer than usual. If you need to know more, write to {address}.")
        said.append(late.format(address=settings().mail_operations))
    return said


def read(invitation: Invitation) -> Standing:
    """All of it, in one transaction."""
    with reading() as session:
        folder = folder_of(session, invitation)
        sent = submissions(session, folder.application.id)
        reading_of = sent_reading(session, folder.application, editions(session, folder.application.id)[-1]) if sent else None
        happened = told(session, folder.application)
        decided, notes = decision(session, folder.application), tuple(told_to_partner(session, folder.application))
        terms, renewal = tuple(conditions(session, folder.application.id)), live_renewal(session, folder.application.id)
        return Standing(folder, happened, decided, reading_of, tuple(event.at for event in sent), notes, terms, renewal)


def sent_reading(session: Session, application: Application, sent: Event) -> Reading:
    """One submission for reading."""
    values = answers_sent(session, application, sent)
    return Reading(values, values, tuple(filed_with(session, application, sent)))


def pulse(found: Standing) -> tuple[object, ...]:
    """What tells that something has changed: the status, the events, and how far each delivery is."""
    deliveries = [(d.id, d.state) for one in found.happened for d in one.deliveries]
    return found.application.status, found.application.updated_at, deliveries, [one.met_at for one in found.conditions]


def _pulse_now(invitation: Invitation) -> tuple[object, ...] | None:
    with reading() as session:
        application = of_invitation(session, invitation.code)
        if application is None:
            return None
        deliveries = [(d.id, d.state) for one in told(session, application) for d in one.deliveries]
        met = [one.met_at for one in conditions(session, application.id)]
        return application.status, application.updated_at, deliveries, met


def _stages(found: Standing) -> list[tuple[str, str, str]]:
    """Title, state, and the date or a word, of each stage."""
    state = found.application.state
    waiting = {S.SUBMITTED: _("Comes next"), S.INFORMATION_REQUIRED: _("Waiting for you"), S.REVIEWED: _("Being made")}.get(state, "")
    titles = {"received": _("Received"), "review": _("In review"), "decision": _(_ENDS.get(state, "Decision"))}
    return [
        (titles[stage.name], stage.state, waiting if waiting and stage.state == "current" else _day(stage.at))
        for stage in stages(found.application, found.happened)
    ]


def _request(found: Standing) -> str:
    request = found.folder.request
    if request is None:
        return ""
    wanted, left = request.wanted, [one.name for one in unanswered(request, found.folder.differs)]
    places = {one.name: f"/apply/{step_name_of(one.name)}#{one.name}" for one in wanted}
    go_on = places[left[0]] if left else "/apply/check"
    return render("status_request.html", asked=request, wanted=wanted, left=left, places=places, go_on=go_on, done=len(wanted) - len(left))


def _renewal(found: Standing) -> str:
    renewal, day = found.renewal, today()
    if renewal is None:
        return ""
    days = [(_(SLOTS[one.slot].label), one.ends) for one in renewal.endings]
    items = [(label, shown_date(ends) if ends else "", bool(ends and ends < day)) for label, ends in days]
    over, suspended = any(gone for _label, _ends, gone in items), found.application.state == S.SUSPENDED
    return render("renewal_standing.html", renewal=renewal, items=items, over=over, suspended=suspended, sent=_day(renewal.sent_at))


def _listed(one: Told) -> list[News]:
    if one.listed == "done":
        return [News(_("Your answers and documents have reached our reviewers, {when}.").format(when=_moment(one.listed_at)), "good")]
    if one.listed == "failed":
        slow = _("Bringing your answers and documents to our reviewers takes longer than usual. They are safe; nothing is needed from you.")
        return [News(slow, "warn")]
    return [News(_("Your answers and documents are on their way to our reviewers."))] if one.listed else []


def _mail(delivery: Delivery, found: Standing) -> News:
    """What became of one mail; where it could not be sent, that is said and nothing of why: the reason is the operator's."""
    to = delivery.recipient or found.application.primary_contact_email or found.folder.invitation.contact_email
    if delivery.state == DeliveryState.DONE:
        return News(_("We sent an email about it to {address}, {when}.").format(address=to, when=_moment(delivery.done_at)), "good")
    if delivery.state == DeliveryState.FAILED:
        return News(_("Our email about it did not go out. We have been told and are looking into it; nothing is needed from you."), "warn")
    if delivery.state == DeliveryState.SETTLED:
        return News(_("We told you about it in another way than by email."))
    return News(_("An email about it is on its way to {address}.").format(address=to))


def _may_withdraw(found: Standing) -> bool:
    return S.WITHDRAWN in TRANSITIONS[found.application.state]


def _day(at: datetime | None) -> str:
    return shown_date(at.astimezone(OFFICE).date()) if at else ""


def _moment(at: datetime | None) -> str:
    """A day and a time, as the office's clock shows it."""
    return f"{_day(at)}, {at.astimezone(OFFICE):%H:%M}" if at else ""


TITLES: Mapping[ApplicationStatus, str] = {
    S.SUBMITTED: "We have your application",
    S.UNDER_REVIEW: "We have your application",
    S.INFORMATION_REQUIRED: "We need something more from you",
    S.REVIEWED: "We have your application",
    S.APPROVED: "You are approved",
    S.SUSPENDED: "Your approval is suspended",
    S.REJECTED: "Your application was not approved",
    S.WITHDRAWN: "Your application is withdrawn",
}
#: What follows, in words, for each status.
NEXT: Mapping[ApplicationStatus, str] = {
    S.SUBMITTED: "A reviewer reads every section and looks at each document. You need to do nothing now; we write to you by email.",
    S.UNDER_REVIEW: "A reviewer is reading your answers and documents. If something is unclear, we write to you and you can answer here.",
    S.INFORMATION_REQUIRED: "Answer what is asked below, then send the application again. Until then the review waits.",
    S.REVIEWED: "The review is complete and the decision is due. We write to you by email as soon as it is made.",
    S.APPROVED: "You are an approved partner. Your contact at Saber Renewable Energy will be in touch about the contract.",
    S.SUSPENDED: "Something of yours has run out. As soon as its renewal is approved, the suspension ends.",
    S.REJECTED: "The application is closed. If you think something was misunderstood, answer the email about the decision.",
    S.WITHDRAWN: "You withdrew the application, so nobody is working on it any more. To apply again, ask us for a new invitation.",
}
#: What happened, in words, for each event that a partner hears of.
HAPPENED: Mapping[str, str] = {
    "application.submitted": "You sent your application",
    "application.resubmitted": "You sent it again with your changes",
    "application.review_started": "A reviewer began to read it",
    "application.information_required": "We asked you for more information",
    "application.told": "We wrote to you",
    "application.reminded": "We reminded you of it",
    "application.condition_reminded": "We reminded you of the conditions",
    "application.reviewed": "The review was completed",
    "application.approved": "Your application was approved",
    "application.rejected": "Your application was not approved",
    "application.withdrawn": "You withdrew your application",
    "application.renewal_asked": "We asked you for a renewal",
    "application.renewal_reminded": "We reminded you of the renewal",
    "application.renewal_sent": "You sent your renewal",
    "application.renewal_returned": "We asked you to correct your renewal",
    "application.renewal_taken_back": "We no longer ask for the renewal",
    "application.renewed": "Your renewal was approved",
    "application.suspended": "Your approval was suspended",
    "application.reinstated": "The suspension ended",
}
_STANDING: Mapping[ApplicationStatus, str] = {state: state.label for state in ApplicationStatus}
_ENDS: Mapping[ApplicationStatus, str] = {
    S.APPROVED: "Approved", S.SUSPENDED: "Approved", S.REJECTED: "Not approved", S.WITHDRAWN: "Withdrawn",
}  # fmt: skip
