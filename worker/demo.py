"""A portal with life in it: N applications in every status, made by the same verbs as real ones.

Only on a local run. Their mails and list items leave through the worker like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from random import Random

from fpdf import FPDF
from sqlmodel import Session, col, func, select

from integrations.local.staff import STAFF
from integrations.storage import storage
from models.application import Application, begin, submit, withdraw
from models.condition import Term
from models.database import now, transaction
from models.deciding import carry_out
from models.decision import Decision
from models.document import Document, accept, counts, start_upload, stored
from models.draft import Draft, save_step
from models.event import Event
from models.invitation import Invitation, expire_due, invite, note_opened, revoke
from models.note import Note, add_note
from models.person import Actor, Role, actor_of, sign_in, sign_out
from models.review import (
    SECTIONS,
    InformationRequest,
    Ruling,
    Verdict,
    approve,
    give_verdict,
    mark_reviewed,
    reject,
    request_information,
)
from models.settings import settings
from models.slots import SLOTS
from models.steps import QUESTIONS, STEPS
from worker.demo_answers import Answers, answers
from worker.demo_renewals import ENDS, lived_on

FATES = (
    "submitted", "approved", "under_review", "information_required", "reviewed", "rejected", "draft", "withdrawn",
    "submitted", "approved", "under_review", "draft", *ENDS,
)  # fmt: skip
INVITED = ("unopened", "opened", "expired", "revoked")


class OnlyLocal(SystemExit):
    """Demonstration data was asked for in production."""


@dataclass
class Case:
    """One company's way through the portal."""

    number: int
    fate: str
    chance: Random
    form: Answers
    invitation_id: int = 0
    application_id: int = 0


def demo(number: int) -> str:
    """Make `number` applications in every status, and a quarter as many invitations that nobody used; says what was made."""
    if not settings().local:
        raise OnlyLocal("Demonstration data is only for a local run: ENVIRONMENT is not `local`.")
    team = _team()
    cases = _cases(number)
    with transaction() as session:
        papers = [paper for case in cases for paper in _begun(session, case, team.olivia)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda paper: storage().put(paper[0].r2_key, pdf(paper[0].slot, paper[1]), paper[0].file_type), papers))
    for case in cases:
        with transaction() as session:
            _lived(session, case, team)
            _relived(session, case)
        lived_on(case.application_id, case.fate, pdf)
    unused = _unused(number // 4 + len(INVITED), team.olivia)
    return f"Made {number} applications with {len(papers)} documents, and {unused} invitations that were not used."


def _cases(number: int) -> list[Case]:
    """New companies each time: the seed goes on from what is there."""
    with transaction() as session:
        there = session.exec(select(func.count()).select_from(Invitation)).one()
    chances = [Random(f"{there}-{index}") for index in range(number)]  # noqa: S311 — nothing is guarded by it
    return [
        Case(index, FATES[index % len(FATES)], chance, answers(chance, now().date(), flagged=chance.random() < 0.4))
        for index, chance in enumerate(chances)
    ]


def _begun(session: Session, case: Case, olivia: Actor) -> list[tuple[Document, str]]:
    """Invited, opened, answered, and with documents on their way, each with the company's name; a draft stops half-way."""
    form = case.form
    person, title = form["primary_contact_name"], case.chance.choice(("Mr", "Ms", "Dr", ""))
    who = {"company_name": form["company_name"], "contact_email": form["primary_contact_email"], "contact_name": person}
    invitation = invite(session, olivia, contact_title=title, notes=case.chance.choice(NOTES), **who)
    note_opened(session, invitation)
    application = begin(session, invitation)
    case.invitation_id, case.application_id = invitation.id or 0, application.id or 0
    steps = STEPS[: case.chance.randint(1, 5)] if case.fate == "draft" else STEPS
    for step in steps:
        save_step(session, application, step, {name: value for name, value in form.items() if QUESTIONS[name].step == step.number})
    wanted = [slot for slot in SLOTS.values() if slot.wanted(form) and slot.step <= len(steps)]
    company = form["company_name"]
    sizes = {slot.name: len(pdf(slot.name, company)) for slot in wanted}
    return [(start_upload(session, application, slot.name, f"{slot.label}.pdf", sizes[slot.name]), company) for slot in wanted]


def _lived(session: Session, case: Case, team: Team) -> None:
    """Looked at, submitted, reviewed and decided, as far as its fate goes."""
    application = session.get_one(Application, case.application_id)
    for document in session.exec(select(Document).where(Document.application_id == application.id)).all():
        accept(session, document, pdf(document.slot, application.company_name))
    if case.fate == "draft":
        return
    submit(session, application, case.form, counts(stored(session, application.id)))
    WAYS[case.fate](session, application, case, team)


def _under_review(session: Session, application: Application, case: Case, team: Team) -> None:
    for section in islice(SECTIONS, case.chance.randint(1, 5)):
        _ruled(session, application, case, team, section)
    add_note(session, team.rosa, application, case.chance.choice(REMARKS))


def _reviewed(session: Session, application: Application, case: Case, team: Team) -> None:
    for section in SECTIONS:
        _ruled(session, application, case, team, section)
    mark_reviewed(session, team.rosa, application)


def _ruled(session: Session, application: Application, case: Case, team: Team, section: str) -> None:
    doubtful = section == "insurance" and case.chance.random() < 0.5
    ruling, reason = (Ruling.CONCERN, "The cover is near our minimum.") if doubtful else (Ruling.PASSED, "")
    give_verdict(session, team.rosa, application, section, ruling, reason)


def _asked(session: Session, application: Application, case: Case, team: Team) -> None:
    _under_review(session, application, case, team)
    words = "The certificate you sent ends soon. Upload the renewed one, and tell us when the cover was raised."
    due = now().date() + timedelta(days=case.chance.randint(7, 21))
    request_information(session, team.rosa, application, words, ["public_liability_certificate", "public_liability_cover"], due)


def _approved(session: Session, application: Application, case: Case, team: Team) -> None:
    _reviewed(session, application, case, team)
    due = now().date() + timedelta(days=case.chance.randint(20, 60))
    terms = [Term("Send the certificate of the renewed public liability insurance.", due)] if case.chance.random() < 0.4 else []
    words = "Welcome. Our operations team will write to you about the first projects."
    _long_ago(session, approve(session, team.arthur, application, words, terms))


def _rejected(session: Session, application: Application, case: Case, team: Team) -> None:
    _reviewed(session, application, case, team)
    words = "The insurance cover does not reach the minimum for our projects."
    _long_ago(session, reject(session, team.arthur, application, words))


def _long_ago(session: Session, made: Decision) -> None:
    """Nobody undid it, and it has left."""
    made.takes_effect_at = made.made_at
    session.add(made)
    carry_out(session, made.application_id)


def _withdrawn(session: Session, application: Application, case: Case, team: Team) -> None:
    withdraw(session, application, "We have no capacity this year.")


WAYS: dict[str, Callable[[Session, Application, Case, Team], None]] = {
    "submitted": lambda *_: None, "under_review": _under_review, "information_required": _asked, "reviewed": _reviewed,
    "approved": _approved, "rejected": _rejected, "withdrawn": _withdrawn, **dict.fromkeys(ENDS, _approved),
}  # fmt: skip
NOTES = ("", "", "Met at the trade fair", "Recommended by Harlow Foods", "Wants to work in the north")
REMARKS = ("Spoke to the insurer: the renewal is agreed.", "The client reference was friendly and precise.", "Ask for the training matrix.")


def _unused(number: int, olivia: Actor) -> int:
    """Invitations that led to nothing yet: unopened, opened, expired, revoked."""
    for index in range(number):
        chance = Random(f"unused-{index}-{now()}")  # noqa: S311
        form = answers(chance, now().date(), flagged=False)
        with transaction() as session:
            made = invite(session, olivia, company_name=form["company_name"], contact_email=form["primary_contact_email"])
            _put_aside(session, made, INVITED[index % len(INVITED)], chance, olivia)
    with transaction() as session:
        expire_due(session)
    return number


def _put_aside(session: Session, invitation: Invitation, state: str, chance: Random, olivia: Actor) -> None:
    if state == "opened":
        note_opened(session, invitation)
    if state == "revoked":
        revoke(session, olivia, invitation)
    if state == "expired":
        invitation.created_at = now() - timedelta(days=chance.randint(31, 50))
        invitation.expires_at = invitation.created_at + timedelta(days=30)
        session.add(invitation)


def _relived(session: Session, case: Case) -> None:
    """Spread what happened in this second over the past weeks, or every list would say *today*."""
    session.flush()
    invitation, application = session.get_one(Invitation, case.invitation_id), session.get_one(Application, case.application_id)
    mine = (col(Event.invitation_id) == invitation.id) | (col(Event.application_id) == application.id)
    events = session.exec(select(Event).where(mine).order_by(col(Event.id))).all()
    began = now() - timedelta(days=case.chance.uniform(3, 28))
    apart = (now() - began) * 0.9 / max(1, len(events))
    for index, event in enumerate(events):
        event.at = began + apart * index
        session.add(event)
    _redated(session, invitation, application, {event.type: event.at for event in events})


def _redated(session: Session, invitation: Invitation, application: Application, at: dict[str, datetime]) -> None:
    """The rows say the same moments as the events."""
    last, sent = max(at.values()), at.get("application.submitted")
    invitation.created_at, invitation.opened_at = at["invitation.created"], at["invitation.opened"]
    invitation.expires_at, invitation.used_at = invitation.created_at + timedelta(days=30), sent
    application.created_at, application.updated_at, application.submitted_at = at["application.begun"], last, sent
    for row in session.exec(select(Verdict).where(Verdict.application_id == application.id)):
        row.given_at = at["application.verdict"]
    for note in session.exec(select(Note).where(Note.application_id == application.id)):
        note.written_at = at["application.noted"]
    for asked in session.exec(select(InformationRequest).where(InformationRequest.application_id == application.id)):
        asked.asked_at = at["application.information_required"]
    for draft in session.exec(select(Draft).where(Draft.invitation_code == invitation.code)):
        draft.last_updated = sent or last
    for document in session.exec(select(Document).where(Document.application_id == application.id)):
        document.upload_timestamp = sent or last


@dataclass(frozen=True)
class Team:
    """The staff of a local run, as the sign-in page offers them."""

    olivia: Actor
    rosa: Actor
    arthur: Actor


def _team() -> Team:
    by_role = {account.roles[0]: account for account in STAFF}
    with transaction() as session:
        actors = []
        for role in (Role.OPERATIONS, Role.REVIEWER, Role.APPROVER):
            found = by_role[role.value]
            token = sign_in(session, oid=found.oid, name=found.name, email=found.email, roles=list(found.roles))
            actors.append(actor_of(session, token))
            sign_out(session, token)
    return Team(*actors)


@lru_cache(64)  # sized, put into the store and looked at, one company after the other
def pdf(slot: str, company: str) -> bytes:
    """A real PDF of one page for a slot of a company's."""
    made = FPDF()
    made.set_creation_date(datetime.combine(date(2026, 1, 5), datetime.min.time()))
    made.add_page()
    made.set_font("helvetica", "B", 20)
    made.cell(0, 14, _latin(SLOTS[slot].label), new_x="LMARGIN", new_y="NEXT")
    made.set_font("helvetica", size=11)
    made.multi_cell(0, 7, _latin(f"A demonstration document of {company}. It stands for what a partner would upload here."))
    return bytes(made.output())


def _latin(text: str) -> str:
    """`text` in what the PDF's built-in font can show."""
    return text.encode("latin-1", "replace").decode("latin-1")
