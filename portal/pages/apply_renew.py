"""The small form in which an approved partner renews what runs out: one page with just those questions and documents.

It is a step of the form (portal/pages/apply_step.py) made for one renewal: the same questions, checks, uploads and journal. What is typed
is kept in the renewal (models/renewing.py), so nothing that stands is touched before it is approved.
"""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from nicegui import ui
from nicegui.events import GenericEventArguments

from models.application import Application, of_invitation
from models.database import reading, today, transaction
from models.document import counts
from models.errors import Conflict, Invalid, Problem
from models.invitation import Invitation
from models.kinds import Answers
from models.language import _, shown_date, speaking
from models.lapsing import Ending
from models.merge import marks_of
from models.reach import Reach
from models.renewal import WHY, live_renewal
from models.renewing import Proposal, problems_of, proposal_of, send_renewal, still_ends
from models.slots import SLOTS, Slot
from models.steps import QUESTIONS, Step
from models.steps.insurance import Insurance
from portal.api.partner import Visitor, admit
from portal.autosave import journal_head
from portal.frame import page, partner_page, static_url
from portal.pages.apply_documents import slot_html, slot_state
from portal.pages.apply_folder import Folder
from portal.pages.apply_frame import SCRIPTS
from portal.pages.apply_step import StepPage
from portal.render import render

PAGE, SEND, STATUS = "/apply/renew", "/apply/renew/send", "/apply/status"


def install(app: FastAPI) -> None:
    """The page, and where it is sent: a plain route, so that it needs no open socket."""
    app.add_api_route(SEND, send, methods=["POST"], include_in_schema=False)

    @page(PAGE)
    async def renew_page(request: Request, check: bool = False) -> Response | None:
        invitation = await run_in_threadpool(admit, request, None)
        found = await run_in_threadpool(read, invitation)
        if found is None:
            return RedirectResponse(STATUS, 303)
        folder, proposal = found
        RenewPage(folder, proposal, check=check).draw(folder)
        return None


async def send(request: Request) -> Response:
    """Hand in what is stored, once: a second click finds it sent."""
    form = await request.form()
    return RedirectResponse(await run_in_threadpool(_send, request, str(form.get("application") or "")), 303)


def _send(request: Request, application: str) -> str:
    invitation = admit(request, None)
    try:
        with transaction() as session:
            found = of_invitation(session, invitation.code, lock=True)
            if found is None or str(found.id) != application:  # another has been opened in this browser since
                return STATUS
            send_renewal(session, found, invitation.contact_name or "")
    except Invalid:
        return f"{PAGE}?check=1"
    except Conflict:
        pass  # sent already, or not wanted any more: the status page says which
    return STATUS


def read(invitation: Invitation) -> tuple[Folder, Proposal] | None:
    """The renewal that the partner may change now, also as a folder of the form: the answers as they would be, and of the documents
    those that are new. None if there is none."""
    with reading() as session:
        application = of_invitation(session, invitation.code)
        renewal = live_renewal(session, application.id) if application else None
        if application is None or renewal is None or not renewal.with_partner:
            return None
        found = proposal_of(session, application, renewal)
    new, reach = list(found.proposed), Reach(renewal.reach)
    return Folder(application, invitation, found.answers, new, renewal.saved_at, visitor=Visitor(invitation), reach=reach), found


class RenewPage(StepPage):
    """One partner's open page of their renewal: like that of a step, except that everything is measured by what stands.

    `reasons` are why documents are not renewed, by slot, as the browser has them.
    """

    __slots__ = ("found", "reasons")

    def __init__(self, folder: Folder, found: Proposal, *, check: bool = False) -> None:
        self.found = found
        self.reasons = {slot: found.renewal.why(slot) for slot in found.renewal.explainable}
        super().__init__(_step_of(found), folder, check=check)
        self.visited = set(self._names) if check else set(self._names) & set(found.renewal.answers)
        self.told = self._state()

    def draw(self, folder: Folder, after: str = "") -> None:
        """Build the page."""
        renewal, who = self.found.renewal, folder.visitor.name if folder.visitor else ""
        newest = max((mark.version for mark in marks_of(renewal.marks).values()), default=0)
        journal = journal_head(self.application_id, renewal.saved_at, who=who, seen=newest, page=self.client.id)
        head = f'<link rel="stylesheet" href="{static_url("renew.css")}">{journal}'
        partner_page(_("Renewal"), self._body(folder), status=True, scripts=(*SCRIPTS, "renew.js"), head=head)
        ui.on("answers", self.heard)
        ui.on("left", self.leave)
        ui.on("filed", self.filed)
        ui.on("whole", self.whole)

    def heard(self, event: GenericEventArguments) -> None:
        """Answers changed in the browser; the reasons are no answers of the form and are taken besides."""
        sent = event.args.get("answers") if isinstance(event.args, dict) else None
        given = sent if isinstance(sent, dict) else {}
        said = {slot: given[f"{WHY}{slot}"] for slot in self.reasons if f"{WHY}{slot}" in given}
        self.reasons |= {slot: words.strip() if isinstance(words, str) else "" for slot, words in said.items()}
        with speaking(self.language):
            if self._take(self._mine(given)) or said:
                self._tell()

    async def filed(self, _event: GenericEventArguments) -> None:
        """A document came or went, or its day was given."""
        found = await run_in_threadpool(_again, self.application_id)
        if found is None:  # sent or closed in another window: saving says so
            return
        self.found = found
        with speaking(self.language):
            self.sheet.hold(counts(found.proposed))
            self._tell()

    def _take(self, changes: Answers) -> bool:
        """Take changed answers; each may decide whether something is still as it was."""
        self.sheet.change(changes)
        return bool(changes)

    def _state(self) -> dict[str, dict[str, Any]]:
        """All that depends on answers: which questions are asked, what is wrong, the slots."""
        problems = {problem.field: problem.message for problem in self._problems()}
        said = {name: problems[name] for name in self._names if name in self.visited and name in problems}
        advice = {name: words for name in self.visited if name not in said and (words := self.sheet.advice(name))}
        slots = {slot.name: self._slot_state(slot, slot.name in problems) for slot in self.step.slots}
        left = {name: words for name, words in problems.items() if name in SLOTS and self.sheet.held.get(name)}
        closed = {name: True for name in self._names if not self._is_open(name)}
        return {"closed": closed, "said": said, "advice": advice, "slots": slots, "left": left}

    def _problems(self) -> list[Problem]:
        """What is wrong: answers as they stand in the browser and, where all is judged, the documents as they were last heard of."""
        names = (*self.found.renewal.questions, *self.found.renewal.following)
        wrong = [problem for name in names if (problem := self.sheet.problem(name))]
        known = {problem.field for problem in wrong}
        wrong += [one for ending in self.found.renewal.endings if (one := self._still_ends(ending)) and one.field not in known]
        if self.check:
            slots = {slot.name for slot in self.step.slots if slot.offered(self.sheet.values) and not self.reasons.get(slot.name)}
            wrong += [one for one in problems_of(self.found, today()) if one.field in slots]
        return wrong

    def _still_ends(self, ending: Ending) -> Problem | None:
        slot, values = SLOTS[ending.slot], self.sheet.values
        return still_ends(slot, ending, values) if slot.offered(values) and not slot.asks_expiry else None

    def _slot_state(self, slot: Slot, lacking: bool) -> str:
        states = slot_state(slot, self.sheet, lacking=False).replace("optional", "")
        return f"{states} lacking" if lacking and not self.sheet.held.get(slot.name) else states

    def _is_open(self, name: str) -> bool:
        """Whether a question is asked: one that only follows from another answer, once it is wrong or answered anew."""
        if not self.sheet.asked(name) or name not in self.found.renewal.following:
            return self.sheet.asked(name)
        return self.sheet.problem(name) is not None or self._is_new(name)

    def _is_new(self, name: str) -> bool:
        kind, standing = QUESTIONS[name].kind, self.found.values[name]
        return bool(kind.to_json(self.sheet.values[name]) != kind.to_json(standing))

    def _body(self, folder: Folder) -> str:
        cards = [self._card(ending, folder) for ending in self.found.renewal.endings]
        along = [self._question(name, folder) for name in self.found.renewal.following]
        return render(
            "apply_renew.html", renewal=self.found.renewal, company=folder.application.company_name, cards=cards, along=along,
            check=self.check, problems=self._problems() if self.check else [], left=json.dumps(self.told["left"]), send=SEND,
            application=self.application_id,
        )  # fmt: skip

    def _card(self, ending: Ending, folder: Folder) -> dict[str, Any]:
        """One document that runs out: until when it is good, its questions, what stands, and the place for the new one."""
        slot, ours = SLOTS[ending.slot], [one for one in self.found.standing if one.slot == ending.slot]
        return {
            "slot": slot, "ends": shown_date(ending.ends) if ending.ends else "", "over": bool(ending.ends and ending.ends < today()),
            "fields": [self._question(name, folder) for name in ending.questions], "state": self.told["slots"][slot.name],
            "standing": [one for one in ours if not ending.documents or one.public_id in ending.documents],
            "html": slot_html(slot, self.found.new(slot.name)), "explains": slot.name in self.reasons, "why": self.reasons.get(slot.name),
        }  # fmt: skip

    def _question(self, name: str, folder: Folder) -> str:
        """A question's HTML, with what stands now beside the new answer."""
        question, standing = QUESTIONS[name], self.found.values[name]
        drawn = self._field(question, folder)
        drawn.asked = self._is_open(name)
        if isinstance(drawn.raw, int | float) and not isinstance(drawn.raw, bool):  # stored as a number, typed with signs
            drawn.raw = question.kind.show(standing)
        drawn.stands, drawn.stands_as = question.kind.show(standing) or "–", json.dumps(question.kind.to_json(standing))
        return render("apply_question.html", f=drawn)


def _step_of(found: Proposal) -> Step:
    """A step of the form with just what is renewed."""
    names = (*found.renewal.questions, *found.renewal.following)
    slots = tuple(SLOTS[name] for name in found.renewal.slots)
    return Step(0, "renewal", "Renewal", "", Insurance, tuple(QUESTIONS[name] for name in names), slots)


def _again(application_id: int) -> Proposal | None:
    """The renewal as it stands by now; None if it is not with the partner any more."""
    with reading() as session:
        renewal = live_renewal(session, application_id)
        if renewal is None or not renewal.with_partner:
            return None
        return proposal_of(session, session.get_one(Application, application_id), renewal)
