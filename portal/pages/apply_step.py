"""A step of the form: rendered once as HTML, then kept up to date by what changes as the partner types.

Saving is the journal's alone (portal/autosave.py); what comes over the socket only decides what is shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from fastapi.concurrency import run_in_threadpool
from nicegui import Client, ui
from nicegui.events import GenericEventArguments

from models.agreement import TEXTS
from models.application import Application
from models.confirmation import FIELD
from models.database import reading
from models.document import counts, stored
from models.kinds import Answers, Decimal, Integer, Pounds, YesNo
from models.language import _, speaking, spoken
from models.question import Question
from models.resubmission import replaced_slots
from models.rules import read
from models.sheet import Needed, opens_more, usual_minutes
from models.steps import QUESTIONS, STEPS, Step
from models.units import is_worded
from portal import presence
from portal.frame import push
from portal.pages.apply_confirm import Confirm
from portal.pages.apply_documents import documents_card, slot_state
from portal.pages.apply_edition import edition_notice
from portal.pages.apply_fill import fills
from portal.pages.apply_folder import Folder
from portal.pages.apply_frame import form_page
from portal.pages.apply_offers import offers, opened
from portal.pages.apply_progress import CHECK, rail
from portal.pages.apply_unfinished import unfinished
from portal.render import render
from portal.widgets import Field, as_typed, same_buttons, until

UNKNOWN = object()  # what a browser shows that has been out of touch
USUAL = 200  # characters of an answer whose HTML is kept: long ones are nobody else's, and thousands of them much memory


class StepPage:
    """One partner's open page of one step. Nothing here is stored: a reload builds it anew from the draft.

    With `check` everything that is wrong or missing is said at once; without, only what the partner has been at. With `back` they came
    from *Check your answers*, and go there again. `told` is what the browser shows by now, so that only differences are sent: 500 of
    these are open at once.
    """

    __slots__ = ("application_id", "back", "check", "client", "confirm", "language", "only_step", "sheet", "step", "told", "visited")

    def __init__(self, step: Step, folder: Folder, *, check: bool = False, back: bool = False) -> None:
        self.step, self.sheet, self.check, self.back = step, folder.sheet, check, back
        self.application_id, self.only_step = folder.application.id or 0, folder.only_step
        self.client: Client = ui.context.client
        self.language = spoken().code
        self.visited = {q.name for q in step.questions if check or not q.kind.is_empty(folder.answers.get(q.name))}
        has_address = not folder.only_step and any(q.name == FIELD and folder.reach.holds(FIELD) for q in step.questions)
        self.confirm = Confirm(folder, self._after_confirmation) if has_address else None
        self.told = self._state()

    def draw(self, folder: Folder, after: str = "") -> None:
        """Build the page; `after` names the step from which *Save and continue* led here."""
        title = _("{title} – step {number} of {last}").format(title=_(self.step.title), number=self.step.number, last=len(STEPS))
        form_page(title, folder, unfinished(after, self.sheet) + self._body(folder), step=self.step)
        ui.on("answers", self.heard)
        ui.on("left", self.leave)
        ui.on("filed", self.filed)
        ui.on("whole", self.whole)
        if self.confirm:
            self.confirm.listen()
        who = folder.visitor
        helper = who.colleague.public_id if who and who.colleague else ""
        presence.arrive(self.application_id, self.step.name, who.name if who else "", self.hear, colleague=helper)

    def heard(self, event: GenericEventArguments) -> None:
        """Answers changed in the browser: open and close what depends on them, fill in what follows, check again."""
        with speaking(self.language):
            sent = event.args if isinstance(event.args, dict) else {}
            changed = self._mine(sent.get("answers"))
            follows = {name: value for name, value in fills(changed, self.sheet.answers).items() if self._holds(name)}
            self.visited |= {*follows, *(name for name in changed if isinstance(QUESTIONS[name].kind, YesNo))}  # a click is a whole answer
            before = self._needed(changed)
            if self._take({**changed, **follows}) or follows:
                more = {"opened": {name: opened(before, self.sheet.needed()) for name in list(changed)[-1:]}} if before else {}
                self._tell(more | ({"write": follows, "upto": sent.get("upto")} if follows else {}))

    def hear(self, changes: Mapping[str, Any]) -> None:
        """Answers that somebody else gave; what stands in the controls is static/others.js's business."""
        with speaking(self.language):
            if self._take({name: value for name, value in changes.items() if name in QUESTIONS}):
                self._tell()

    def _needed(self, changes: Answers) -> Needed | None:
        """What the form needs before these changes; None where they open nothing, or only what a reviewer names is asked."""
        opens = not self.sheet.pending and any(opens_more(name) for name in changes)
        return self.sheet.needed() if opens else None

    def _take(self, changes: Answers) -> bool:
        """Take changed answers into the sheet; whether anything that is shown may be another now."""
        before = self.sheet.standing(changes)
        self.sheet.change(changes)
        return before is None or before != self.sheet.standing(changes)

    def leave(self, event: GenericEventArguments) -> None:
        """The partner has left a question: from now on it is told what is wrong, and an amount in short is shown in full."""
        if isinstance(event.args, str) and event.args in self._names:
            self.visited.add(event.args)
            with speaking(self.language):
                self._tell(self._in_full(event.args))

    def _in_full(self, name: str) -> dict[str, Any]:
        """Of an amount or a number with its unit: what was typed, and how it is written in full. The browser replaces nothing else."""
        kind, typed, value = QUESTIONS[name].kind, self.sheet.answers.get(name), self.sheet.values[name]
        is_short = isinstance(kind, Pounds) or (isinstance(kind, Integer | Decimal) and is_worded(typed))
        full = kind.show(value) if is_short else ""
        # A German 1,234 would be read as thousands: what is not read back as the same stays as it was typed.
        if full in ("", typed) or read(QUESTIONS[name], {name: full}, {}) != value:
            return {}
        return {"full": {name: [typed, full]}}

    async def filed(self, _: GenericEventArguments) -> None:
        """A document came or went."""
        held, replaced = await run_in_threadpool(_documents, self.application_id)
        with speaking(self.language):
            self.sheet.hold(held, replaced)
            self._tell()

    def whole(self, event: GenericEventArguments) -> None:
        """The browser has been out of touch: take all its answers, and tell it everything, whatever it shows by now."""
        with speaking(self.language):
            sent = event.args if isinstance(event.args, dict) else {}
            self.sheet.change(self._mine(sent.get("answers")))
            self.visited |= set(self._mine(sent.get("said")))
            self.told = {part: dict.fromkeys(self._names, UNKNOWN) for part in ("closed", "said", "advice", "offers")}
            self.told["left"] = dict.fromkeys([*self._names, *(slot.name for slot in self.step.slots)], UNKNOWN)
            self._tell()

    def _after_confirmation(self, address: str) -> None:
        self.sheet.confirm(address)
        self._tell()

    def _tell(self, follows: Mapping[str, Any] | None = None) -> None:
        """One message with what is different now from what the browser shows, and with what follows from its answers."""
        state = self._state()
        news = {part: new for part, now in state.items() if (new := _different(now, self.told.get(part, {})))}
        self.told = state
        if news or follows:
            push(self.client, "form.told", {**news, **(follows or {})})

    def _state(self) -> dict[str, dict[str, Any]]:
        """All that depends on answers: which questions are asked, what is wrong, the slots, the rail, the address's code."""
        sheet, names = self.sheet, self._names
        closed = {name: True for name in names if not sheet.asked(name)}
        said = {name: found.message for name in names if name in self.visited and (found := sheet.problem(name))}
        advice = {name: words for name in self.visited if (words := sheet.advice(name))}
        slots = {slot.name: slot_state(slot, sheet, lacking=self.check) for slot in self.step.slots}
        confirm = {"confirm": self.confirm.state(sheet.values[FIELD] or "")} if self.confirm else {}
        left = {found.field: found.message for found in sheet.unanswered(self.step)} if self.check else {}
        ways: dict[str, Any] = {} if self.only_step else {"after": self._after()}
        told: dict[str, Any] = {"closed": closed, "said": said, "advice": advice, "slots": slots, "left": left, "ways": ways}
        told["offers"] = offers(self.step, sheet)
        return {**told, "rail": rail(sheet, self.only_step), **confirm}

    def _after(self) -> str:
        """Where *Save and continue* leads: while a reviewer asks for something, past the steps in which nothing is left to do."""
        if self.back:
            return f"/apply/{CHECK}"
        later = [step for step in STEPS[self.step.number :] if not self.sheet.pending or self.sheet.given(step).state != "done"]
        return f"/apply/{later[0].name}?after={self.step.name}" if later else f"/apply/{CHECK}"

    @property
    def _names(self) -> list[str]:
        return [question.name for question in self.step.questions]

    def _holds(self, name: str) -> bool:
        return name in self._names and self.sheet.reach.holds(name)

    def _mine(self, args: object) -> Answers:
        """What the browser sent of this step's questions: a page can be made to send anything (FACTS 95)."""
        return {name: value for name, value in args.items() if name in self._names} if isinstance(args, dict) else {}

    def _body(self, folder: Folder) -> str:
        fields = {question.name: self._field(question, folder) for question in self.step.questions}
        if self.confirm:
            fields[FIELD].below = self.confirm.html()
        cards = [
            (section, [_drawn(fields[question.name]) for question in questions], same_buttons(_changeable(questions, folder)))
            for section, questions in self.step.sections.items()
        ]
        return render(
            "apply_step.html", heading=self._heading(folder), cards=cards, terms=_terms,
            documents=documents_card(self.step, folder, lacking=self.check), ways=self._ways(folder),
            offers=json.dumps(self.told["offers"]) if self.told["offers"] else "",
        )  # fmt: skip

    def _field(self, question: Question, folder: Folder) -> Field:
        name, raw = question.name, folder.answers.get(question.name)
        locked, request = not folder.reach.holds(name), folder.request
        made = Field(question, raw, self.sheet.asked(name), self.told["said"].get(name, ""), locked)
        made.advice = self.told["advice"].get(name, "")
        if locked:
            made.shown = question.kind.show(self.sheet.values[name]) or as_typed(question, raw)
        elif request and (wanted := request.about(name)):
            made.wanted, made.due = wanted, request.due(name)
        return made

    def _heading(self, folder: Folder) -> str:
        ours = {question.name for question in self.step.questions} | {slot.name for slot in self.step.slots}
        request = folder.request
        wanted = [(one.name, _(one.label), until(request.due(one.name))) for one in request.wanted if one.name in ours] if request else []
        problems = [p for p in self.sheet.problems() if p.field in ours and folder.reach.holds(p.field)] if self.check else []
        problems += self.sheet.unanswered(self.step) if self.check else []
        return render(
            "apply_heading.html", step=self.step, last=len(STEPS), asked=request, wanted=wanted, check=self.check, problems=problems,
            alone=bool(self.only_step), edition=edition_notice(folder.changes), helper=folder.visitor.colleague if folder.visitor else None,
            company=folder.invitation.company_name, lent=folder.lent, taken=_taken(self.step, folder), left=json.dumps(self.told["left"]),
            fresh=_is_fresh(self.step, folder), minutes=usual_minutes(),
        )  # fmt: skip

    def _ways(self, folder: Folder) -> str:
        before, after = ["", *(step.name for step in STEPS)][self.step.number - 1], self._after()
        return render("apply_ways.html", before=before, after=after, step=self.step, alone=bool(self.only_step), folder=folder,
                      back=self.back)  # fmt: skip


def _is_fresh(step: Step, folder: Folder) -> bool:
    """Whether the partner has only just come in: they are told what to have at hand before a certificate surprises them in step 5."""
    return step.number == 1 and not (folder.only_step or folder.last_step or folder.request)


def _taken(step: Step, folder: Folder) -> list[tuple[str, str]]:
    """The questions of the step, with their labels, that an earlier application has answered."""
    return [(question.name, _(question.label)) for question in step.questions if folder.lent and question.name in folder.lent.names]


def _drawn(f: Field) -> dict[str, Any]:
    """A question's HTML, and whether it is asked."""
    raw = json.dumps(f.raw, default=str)
    plain = not (f.locked or f.wanted or f.below) and len(raw) <= USUAL
    html = _usual(spoken().code, f.question.name, raw, f.asked, f.message, f.advice) if plain else render("apply_question.html", f=f)
    return {"name": f.question.name, "asked": f.asked, "agreement": f.question.agreement, "html": html}


@lru_cache(4096)
def _usual(_language: str, name: str, raw: str, asked: bool, message: str, advice: str) -> str:
    """The same question with the same answer looks the same: few answers have many forms, and choices cost the most to draw."""
    return render("apply_question.html", f=Field(QUESTIONS[name], json.loads(raw), asked, message, advice=advice))


def _different(now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What is other in `now` than in `before`; null for what is gone."""
    return {key: now.get(key) for key in (*now, *(key for key in before if key not in now)) if now.get(key) != before.get(key)}


def _changeable(questions: tuple[Question, ...], folder: Folder) -> tuple[Question, ...]:
    return tuple(question for question in questions if folder.reach.holds(question.name))


def _terms(name: str) -> str:
    """The text that is agreed to, in full, with its version, as HTML."""
    return _terms_in(spoken().code, name)


@cache
def _terms_in(_language: str, name: str) -> str:
    return render("apply_terms.html", text=TEXTS[name])


def _documents(application_id: int) -> tuple[dict[str, int], set[str]]:
    """What each slot holds, and while a reviewer asks for something, which slots hold something else than was sent."""
    with reading() as session:
        application = session.get_one(Application, application_id)
        return counts(stored(session, application_id)), replaced_slots(session, application) if application.awaits_partner else set()
