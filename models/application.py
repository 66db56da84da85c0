"""An application: one company's answers as a typed row of 97 columns, and the verbs that carry it to a decision."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Set
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, col, select

from models import loose
from models.agreement import agree
from models.colleague import end_all
from models.confirmation import FIELD, confirmed_addresses, unconfirmed
from models.database import UtcDateTime, now
from models.decision import end_waiting
from models.errors import Conflict, Invalid, NotFound, Problem
from models.event import record
from models.flagging import flag
from models.invitation import ALPHABET, Invitation, InvitationStatus
from models.language import _, ngettext, shown_number
from models.person import PORTAL, partner
from models.reach import must_be_open, must_reach
from models.request import Wanted, open_request
from models.resubmission import Differences, as_json, differences, filed_now, still_as_sent, unanswered
from models.rules import clean, missing_documents
from models.scan import must_have_been_scanned
from models.steps import FORM_VERSION, QUESTIONS, place_of
from models.steps.capabilities import Capabilities
from models.steps.company import Company
from models.steps.compliance import Compliance
from models.steps.contact import Contact
from models.steps.insurance import Insurance
from models.steps.roles import Roles
from models.verdict import mark_outdated


class ApplicationStatus(StrEnum):
    """`reviewed` means that every section has a verdict and the decision is due."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    INFORMATION_REQUIRED = "information_required"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    SUSPENDED = "suspended"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"

    @property
    def decided(self) -> bool:
        """Whether the first decision is made, or not wanted any more; a suspended partner was approved."""
        return self in (self.APPROVED, self.REJECTED, self.WITHDRAWN, self.SUSPENDED)

    @property
    def label(self) -> str:
        """As people read it: "Under review"."""
        return self.value.replace("_", " ").capitalize()

    @property
    def desk_label(self) -> str:
        """As the staff read it, on a page and in a file: it says what is to be done where something is."""
        return {self.SUBMITTED: "New", self.REVIEWED: "Decision due"}.get(self, self.label)


S = ApplicationStatus
TRANSITIONS: dict[ApplicationStatus, frozenset[ApplicationStatus]] = {
    S.DRAFT: frozenset({S.SUBMITTED}),
    S.SUBMITTED: frozenset({S.UNDER_REVIEW, S.INFORMATION_REQUIRED, S.WITHDRAWN}),
    S.UNDER_REVIEW: frozenset({S.INFORMATION_REQUIRED, S.REVIEWED, S.WITHDRAWN}),
    S.INFORMATION_REQUIRED: frozenset({S.UNDER_REVIEW, S.WITHDRAWN}),
    S.REVIEWED: frozenset({S.APPROVED, S.REJECTED, S.UNDER_REVIEW, S.INFORMATION_REQUIRED, S.WITHDRAWN}),
    S.APPROVED: frozenset({S.SUSPENDED}),  # by the portal alone, when something of it has run out (models/keeping.py)
    S.REJECTED: frozenset(),
    S.WITHDRAWN: frozenset(),
    S.SUSPENDED: frozenset({S.APPROVED}),
}
#: The list EPC Onboarding has four choices; what it cannot say is told in its ReviewNotes.
SHAREPOINT_STATUS: dict[ApplicationStatus, str] = {
    S.SUBMITTED: "Submitted",
    S.UNDER_REVIEW: "Under Review",
    S.INFORMATION_REQUIRED: "Under Review",
    S.REVIEWED: "Under Review",
    S.APPROVED: "Approved",
    S.REJECTED: "Rejected",
    S.WITHDRAWN: "Rejected",
    S.SUSPENDED: "Under Review",  # not "Approved", which flows hand work to, nor "Rejected", which closes the file
}
OPEN_TO_PARTNER = frozenset({S.DRAFT, S.INFORMATION_REQUIRED})
#: The name under which the partner's words on the whole are kept, beside those on each question that was asked about.
COMMENT, LONGEST_REPLY = "comment", 2000


class Application(Compliance, Insurance, Roles, Capabilities, Contact, Company, table=True):
    """One row an application. The six steps bring the 89 questions (the last base comes first); these are the 8 columns of the system."""

    __tablename__ = "applications"
    __table_args__ = (
        sa.Index("idx_applications_invitation", "invitation_code"), sa.Index("idx_applications_status", "status"),
        sa.Index("ix_applications_company_registration", "company_registration"), sa.Index("ix_applications_vat_number", "vat_number"),
        sa.Index("ix_applications_address", sa.text("lower(primary_contact_email)")),
    )  # fmt: skip

    id: int | None = Field(default=None, primary_key=True)
    invitation_code: str = Field(foreign_key="invitations.code", unique=True)
    reference_number: str | None = Field(default=None, unique=True)
    form_version: str = FORM_VERSION
    status: str = Field(default=ApplicationStatus.DRAFT, sa_column_kwargs={"server_default": "draft"})
    created_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs={"server_default": sa.func.now()})
    updated_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs={"server_default": sa.func.now()}, index=True)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def state(self) -> ApplicationStatus:
        """The status as its type."""
        return ApplicationStatus(self.status)

    @property
    def open_to_partner(self) -> bool:
        """Whether the partner may change answers and documents now."""
        return self.state in OPEN_TO_PARTNER

    @property
    def awaits_partner(self) -> bool:
        """Whether the review waits for the partner to complete something."""
        return self.state == S.INFORMATION_REQUIRED

    def answers(self) -> dict[str, Any]:
        """The submitted answers, typed, by question name."""
        return {name: getattr(self, name) for name in QUESTIONS}


# The reference's table has the name NOT NULL; a draft has it from its invitation.
Application.__table__.c.company_name.nullable = False  # type: ignore[attr-defined]


def begin(session: Session, invitation: Invitation) -> Application:
    """The application of an invitation, begun as a draft if there is none yet."""
    found = of_invitation(session, invitation.code)
    if found:
        return found
    moment = now()
    made = Application(invitation_code=invitation.code, company_name=invitation.company_name, created_at=moment, updated_at=moment)
    session.add(made)
    session.flush()
    record(session, "application.begun", partner(invitation.company_name), invitation_id=invitation.id, application_id=made.id)
    return made


def prefilled(invitation: Invitation) -> dict[str, Any]:
    """What is known of the partner before they type."""
    known = {
        "company_name": invitation.company_name,
        "primary_contact_email": invitation.contact_email,
        "primary_contact_name": invitation.contact_name,
    }
    return {name: value for name, value in known.items() if value} | {"company_country": "GB"}


def submit(session: Session, application: Application, answers: Mapping[str, Any], held: Mapping[str, int]) -> Application:
    """Check everything, write the typed row and its event in one transaction; Invalid lists every field that is wrong.

    `answers` are the draft's, by question name; `held` counts the stored documents by slot. A first
    submission uses the invitation up and gives the reference number; a later one returns to the review.
    """
    invitation = _locked_invitation(session, application)
    must_be_open(application)
    if application.form_version != FORM_VERSION:  # models/editions.py carries it over when it is opened
        raise Invalid(_("The form has changed since it was opened. Open it again to see what is different, then send it."), [])
    must_have_been_scanned(session, application.id)
    values, problems = examine(answers, held, confirmed_addresses(session, application))
    _must_be_complete(problems)
    first = application.state == S.DRAFT
    changed = Differences() if first else differences(session, application, values)
    replies = {} if first else _answered(session, application, changed)
    for name, value in values.items():
        setattr(application, name, value)
    _stamp_submission(session, application)
    flag(session, application)
    mark_outdated(session, application, changed.answers)
    declarant = partner(application.declarant_name or application.company_name or "")
    record(
        session, "application.submitted" if first else "application.resubmitted", declarant,
        invitation_id=_use_up(session, application, invitation), application_id=application.id, form_hash=form_hash(values),
        changed=changed.answers, documents=changed.documents, replies=replies,
        filed=[one.as_json() for one in filed_now(session, application)], form_version=FORM_VERSION,
    )  # fmt: skip
    return application


def _must_be_complete(problems: list[Problem]) -> None:
    if problems:
        count = len(problems)
        told = ngettext(
            "The application is not complete: {count} answer needs attention.",
            "The application is not complete: {count} answers need attention.", count,
        )  # fmt: skip
        raise Invalid(told.format(count=shown_number(count)), problems)


def _answered(session: Session, application: Application, changed: Differences) -> dict[str, str]:
    """What the partner wrote to the reviewer. Conflict if something else than was asked for has changed, Invalid while something
    that was asked for is neither changed nor explained."""
    must_reach(session, application, [*changed.answers, *changed.documents])
    request = open_request(session, application)
    if request is None:
        return {}
    if left := unanswered(request, changed):
        raise Invalid(_("Answer everything that our reviewer asked for before you send it again."), [_unanswered(one) for one in left])
    return request.replies


def _unanswered(wanted: Wanted) -> Problem:
    place = place_of(wanted.name)
    return Problem(wanted.name, still_as_sent(_(wanted.label)), place.number if place else None)


def reply(session: Session, application: Application, replies: Mapping[str, str]) -> None:
    """Keep what the partner writes to the reviewer: by the name of what was asked for, why it stays as it is; `comment` for the rest.

    An empty text takes an earlier one back. Conflict while nothing is asked of the partner.
    """
    request = open_request(session, application)
    if request is None:
        raise Conflict(_("Nothing is asked of you at the moment, so there is nothing to answer."))
    known = {COMMENT, *(one.name for one in request.wanted)}
    if strangers := [name for name in replies if name not in known]:
        raise Invalid(_("This was not asked for."), [Problem(name, _("Our reviewer did not ask about this.")) for name in strangers])
    if long := [name for name, words in replies.items() if len(words) > LONGEST_REPLY]:
        told = _("Shorten this to {count} characters.").format(count=shown_number(LONGEST_REPLY))
        raise Invalid(told, [Problem(name, told) for name in long])
    kept = {**request.replies, **{name: loose.paragraphs(words) or "" for name, words in replies.items()}}
    request.replies = {name: words for name, words in kept.items() if words}  # a new dict: FACTS 34
    session.add(request)


def examine(answers: Mapping[str, Any], held: Mapping[str, int], confirmed: Set[str]) -> tuple[dict[str, Any], list[Problem]]:
    """The values to store, and all that stands between these answers and their submission, by step: one check for page and verb.

    `confirmed` are the addresses that decisions may go to, by `confirmed_addresses`.
    """
    values, wrong = clean(answers, now().date())
    problems = [*wrong, *unconfirmed(values[FIELD], confirmed), *missing_documents(answers, held)]
    return values, sorted(problems, key=lambda problem: problem.step or 0)


def withdraw(session: Session, application: Application, reason: str = "") -> None:
    """The partner takes the application back, as long as no decision has left; one that waits will not leave any more."""
    move(application, S.WITHDRAWN)
    contact = partner(application.company_name or "")
    undone = end_waiting(session, application.id, contact, "withdrawn")
    session.add(application)
    record(session, "application.withdrawn", contact, application_id=application.id, reason=reason, undone=undone)


def move(application: Application, to: ApplicationStatus) -> None:
    """Change the status if the table allows it; Conflict otherwise."""
    if to not in TRANSITIONS[application.state]:
        said = _("The application’s status is “{status}”, so it cannot become “{wanted}”.")
        raise Conflict(said.format(status=_(application.state.label), wanted=_(to.label)))
    application.status, application.updated_at = to, now()


#: Made once, as models/invitation.py has it.
_WITH_CODE = select(Application).where(col(Application.invitation_code) == sa.bindparam("code"))
_LOCKED = _WITH_CODE.with_for_update(key_share=True)


def of_invitation(session: Session, code: str, *, lock: bool = False) -> Application | None:
    """The application of an invitation code; `lock` keeps others from changing it until the transaction ends.

    They may still refer to it meanwhile (`key_share`): who holds the invitation and records an event would else wait for us, as we may
    for them.
    """
    return session.exec(_LOCKED if lock else _WITH_CODE, params={"code": code}).first()


def by_reference(session: Session, reference: str, *, lock: bool = False) -> Application:
    """The application with this reference number; NotFound if there is none."""
    wanted = select(Application).where(Application.reference_number == reference.upper())
    found = session.exec(wanted.with_for_update() if lock else wanted).first()
    if found is None:
        raise NotFound(_("There is no application with this reference."))
    return found


def submitted_like(session: Session, application: Application) -> list[Application]:
    """Other submitted applications with the same registration or VAT number: possible duplicates."""
    keys = [col(getattr(Application, n)) == v for n in ("company_registration", "vat_number") if (v := getattr(application, n))]
    if not keys:
        return []
    wanted = select(Application).where(sa.or_(*keys), Application.id != application.id, Application.status != S.DRAFT)
    return list(session.exec(wanted))


def form_hash(values: Mapping[str, Any]) -> str:
    """SHA-256 over all answers in a fixed order: what the declarant's name stands under."""
    return hashlib.sha256(json.dumps(as_json(values), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _stamp_submission(session: Session, application: Application) -> None:
    """The date of the first submission stays; a later one has its event's."""
    move(application, S.SUBMITTED if application.state == S.DRAFT else S.UNDER_REVIEW)
    application.submitted_at, application.form_version = application.submitted_at or application.updated_at, FORM_VERSION
    application.reference_number = application.reference_number or _new_reference(session)
    session.add(application)
    end_all(session, application)
    agree(session, application.id or 0, application.declarant_name or "", application.updated_at)
    session.flush()


def _new_reference(session: Session) -> str:
    year = now().year
    while True:
        made = f"EPC-{year}-" + "".join(secrets.choice(ALPHABET) for _ in range(6))
        if not session.exec(select(Application.id).where(Application.reference_number == made)).first():
            return made


def _locked_invitation(session: Session, application: Application) -> Invitation:
    """Before anything is written: a trigger then takes the row of its words (migration 0008), for which whoever has it may wait."""
    wanted = select(Invitation).where(Invitation.code == application.invitation_code).with_for_update()
    with session.no_autoflush:
        return session.exec(wanted.execution_options(populate_existing=True)).one()


def _use_up(session: Session, application: Application, invitation: Invitation) -> int | None:
    if invitation.used_at is None:
        if invitation.state != InvitationStatus.ACTIVE:
            said = _("This invitation has expired or was withdrawn, so nothing was sent. Ask Saber Renewable Energy for a new one.")
            raise Conflict(said)
        invitation.status, invitation.used_at = InvitationStatus.USED, now()
        session.add(invitation)
        record(session, "invitation.used", PORTAL, invitation_id=invitation.id, application_id=application.id)
    return invitation.id
