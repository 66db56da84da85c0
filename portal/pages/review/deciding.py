"""*Approve* and *Reject*: a letter to begin with, conditions, and the very mail before anything is decided."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import escape
from itertools import count
from typing import Any

from nicegui import ui
from sqlmodel import Session

from models.application import by_reference
from models.condition import Term
from models.deciding import approve, must_be_sendable, reject
from models.decision import Decision, DecisionKind
from models.errors import Conflict, Invalid, Refused
from models.language import LANGUAGES, _, ngettext, shown_number, speaking
from models.letter_template import Offered, filled, offered
from models.letters import Letter, Worded, decision_letter, language_of, worded
from models.person import Actor, Right
from models.settings import settings
from portal.controls import Ask, Field, button, focus_wrong
from portal.frame import static_url
from portal.pages.review.case import Case
from portal.pages.review.terms import Terms
from portal.render import render
from portal.staff import Desk, attempt, tell
from portal.unsent import Typed, Unsent
from portal.words import own

After = Callable[[], Awaitable[None]]
_numbers = count(1)


@dataclass(frozen=True)
class Way:
    """What one of the two dialogs says. Texts are English here and translated where they are shown."""

    title: str
    lead: str
    label: str
    help: str
    field: str
    go: str
    done: str
    look: str


APPROVING = Way(
    "Approve: {company}", "The company becomes a partner. An email goes to {address}, and SharePoint shows it as approved.",
    "Message in the email", "", "message", "Approve", "The application is approved.", "go",
)  # fmt: skip
REJECTING = Way(
    "Reject: {company}", "An email with your reason goes to {address}, and SharePoint shows the application as rejected.",
    "Reason", "The partner reads it in the email.", "reason", "Reject", "The application is rejected.", "danger",
)  # fmt: skip


class Deciding:
    """The dialog. Closed and opened again it still holds what was typed; once it is decided it is empty."""

    def __init__(self, desk: Desk, case: Case, way: Way, after: After, again: After) -> None:
        """`after` follows a decision; `again` shows the page anew where somebody else was faster."""
        self.desk, self.case, self.way, self.after, self.again, self.busy = desk, case, way, after, again, False
        self.stage, self.overtaken = case.stage, False
        self.name = f"deciding-{next(_numbers)}"
        self.dialog = ui.dialog().props(f"aria-labelledby={self.name} transition-duration=120")
        with self.dialog:
            self.sheet = ui.element("div").classes("sheet deciding q-card")  # Quasar lets only a div in a dialog take the pointer
        self.drawn = False
        self.unsent = Unsent(f"{way.field} {case.application.reference_number}", self._put_back, self._thrown)
        self.dialog.on("show", self._offer)

    def open(self) -> None:
        """Show it; the letters are looked up as they stand then. It is drawn when it is first opened, as a sheet is.

        What is decided is what the page shows now: what comes while it is open has not been read.
        """
        self.stage = self.case.stage
        if not self.drawn:
            self._draw()
            self.unsent.ask()
        self.line.set_content("")
        self.dialog.open()

    def show(self, case: Case) -> None:
        """The application as it is now: its letters are filled in from it. What was typed stays, and what was previewed goes."""
        before, self.case = self.case, case
        if self.drawn:
            self.lead.set_content(escape(self._lead()))
        if self.drawn and (case.application.answers(), case.language) != (before.application.answers(), before.language):
            self._changed()

    @property
    def kind(self) -> DecisionKind:
        """What would be decided now."""
        if self.way is REJECTING:
            return DecisionKind.REJECTION
        return DecisionKind.CONDITIONAL if self.terms.rows else DecisionKind.APPROVAL

    def _draw(self) -> None:
        """Everything in it, with nothing typed. NiceGUI's fields keep what was typed when the page empties them while they are closed,
        so those that were used once go, and others come."""
        self.terms = Terms(self.unsent, self._changed, self._offer)
        self.letters: dict[str, Offered] = {}
        self.put, self.own = "", ""  # what a letter put into the field, and what somebody had typed there before
        title = _(self.way.title).format(company=own(self.case.application.company_name))
        self.sheet.clear()
        with self.sheet:
            ui.html(escape(title), sanitize=False, tag="h2").props(f"id={self.name}")
            self.lead = ui.html(escape(self._lead()), sanitize=False, tag="p").classes("mute")
            self.unsent.line()
            self._fields()
            with ui.element("div").classes("ends"):
                button(_("Cancel"), self.dialog.close)
                button(_("Preview"), self._preview)
                button(_(self.way.go), self._decide, self.way.look)
        self.drawn = True

    def _lead(self) -> str:
        address = own(self.case.application.primary_contact_email) or _("the primary contact")
        return f"{_(self.way.lead).format(address=address)} {_how_long()}"

    def _fields(self) -> None:
        with ui.element("div").classes("stack"):
            spoken = LANGUAGES[self.case.language].name
            told = _("In the partner’s language, {language}. You can change the words afterwards.").format(language=spoken)
            self.picker = Field(Ask("letter", _("Letter to begin with"), "choice", told, optional=True))
            self.message = Field(Ask(self.way.field, _(self.way.label), "long", _(self.way.help), optional=self.way is APPROVING))
            with ui.element("p").classes("replaced") as self.replaced:
                ui.html(escape(_("The letter has replaced your words.")), sanitize=False, tag="span").props("role=status")
                button(_("Put mine back"), self._back, "slim")
            self.replaced.set_visibility(False)
            if self.way is APPROVING:
                self.terms.draw()
            with ui.element("section").classes("mail-preview").props('tabindex="-1"') as self.seen:
                self.seen.props["id"] = f"preview-{next(_numbers)}"
                self.seen.props["aria-label"] = _("The email as it will be sent")
                self.mail = ui.html("", sanitize=False)
            self.seen.set_visibility(False)
            self.line = ui.html("", sanitize=False, tag="p").classes("error").props("role=alert")
        self.picker.control.on_value_change(lambda event: self._fill(event.value))
        self.message.control.on_value_change(self._changed)
        self.unsent.mark(self.message.place, "words")

    async def _offer(self) -> None:
        """The letters for what would be decided now, in the partner's language."""
        kind, language = self.kind, self.case.language
        try:
            found = await self.desk.read(Right.READ, lambda session, __: offered(session, kind, language))
        except Refused:  # it is said once something is done
            return
        self.letters = {one.key: one for one in found}
        self.picker.control.set_options({one.key: one.title for one in found}, value=None)

    def _fill(self, key: str | None) -> None:
        """A letter was chosen: its words stand in the field; those that somebody had typed are kept beside it."""
        if not key or key not in self.letters:
            return
        typed = self.message.value
        self.own = typed if typed.strip() and typed != self.put else self.own
        self.put = filled(self.letters[key].text, self.case.application, self.case.actor.name)
        self.message.set(self.put)
        self.replaced.set_visibility(bool(self.own))

    def _back(self) -> None:
        self.message.set(self.own)
        self.own = self.put = ""
        self.picker.set(None)
        self.replaced.set_visibility(False)
        self.message.focus()

    async def _put_back(self, kept: Typed) -> None:
        """What was typed before the page was loaded again; the conditions are an approval's."""
        self.message.set(kept.get("words", ""))
        if self.way is APPROVING:
            await self.terms.put_back(kept)
        self._changed()
        self.unsent.say()

    def _thrown(self) -> None:
        self._draw()
        self.message.focus()

    def _changed(self, *__: Any) -> None:
        """What was shown is no more what would be sent."""
        self.seen.set_visibility(False)

    async def _preview(self) -> None:
        """The very mail, as it would leave now."""
        try:
            terms, words = self.terms.read(), self.message.value.strip()
            must_be_sendable(self.kind, words, terms)
            letter, shown = await self.desk.read(Right.DECIDE, lambda session, __: self._letter(session, words, terms))
        except Invalid as error:
            self._changed()
            self._refused(error)
        except Refused as error:
            tell(error.detail, "negative")
        else:
            html = shown.html.replace("<head>", '<head><base target="_blank">', 1)  # a frame that may open nothing: its links lead nowhere
            self.mail.set_content(render("decision_preview.html", letter=letter, subject=shown.subject, html=html))
            self.seen.set_visibility(True)
            ui.run_javascript(f"leaving.look({self.seen.props['id']!r})")

    def _letter(self, session: Session, words: str, terms: list[Term]) -> tuple[Letter, Worded]:
        application = by_reference(session, self.case.application.reference_number or "")
        with speaking(language_of(session, application)):
            letter = decision_letter(session, application, self.kind, words, terms)
            return letter, worded(letter)

    async def _decide(self) -> None:
        if self.busy:  # a second click while the first is being done
            return
        self.busy = True
        try:
            if await attempt(self.desk, self._work, done=_said(self.way), refused=self._refused):
                self.dialog.close()
                self.drawn = False
                self.unsent.sent()
                await self.after()
            elif self.overtaken:
                await self.again()
        finally:
            self.busy = False

    def _work(self, session: Session, actor: Actor) -> Decision:
        """The one transaction, with what is typed now and the application looked up afresh and locked."""
        terms = self.terms.read()
        application = by_reference(session, self.case.application.reference_number or "", lock=True)
        if self.way is REJECTING:
            return reject(session, actor, application, self.message.value, seen=self.stage)
        return approve(session, actor, application, self.message.value, terms, seen=self.stage)

    def _refused(self, error: Refused) -> None:
        """Each problem beside its field, the rest below."""
        self.overtaken = isinstance(error, Conflict)
        said = {problem.field: problem.message for problem in error.problems}
        self.message.say(said.pop(self.way.field, ""))
        self.terms.refuse(said)
        self.line.set_content(escape(" ".join(said.values()) if error.problems else error.detail))
        focus_wrong([self.message, *self.terms.fields])


def style() -> None:
    """What the dialogs and notices of a decision need; the review page calls this inside its frame."""
    ui.add_head_html(f'<link rel="stylesheet" href="{static_url("deciding.css")}">')
    ui.add_head_html(f'<script src="{static_url("leaving.js")}" defer></script>')


def _how_long() -> str:
    """Whether there is time for second thoughts."""
    minutes = settings().decision_undo_minutes
    if not minutes:
        return _("It leaves at once, and this is final.")
    told = ngettext(
        "Nothing leaves for {count} minute: until then you can undo it.",
        "Nothing leaves for {count} minutes: until then you can undo it.", minutes,
    )  # fmt: skip
    return told.format(count=shown_number(minutes))


def _said(way: Way) -> str:
    return _("The decision is made and waits.") if settings().decision_undo_minutes else _(way.done)
