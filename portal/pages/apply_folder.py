"""A partner's folder: all that the pages of the form show of one application, read at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlmodel import Session

from models.application import Application, of_invitation, prefilled
from models.colleague import Colleague, colleagues_of
from models.confirmation import standing
from models.database import reading, transaction
from models.document import Document, counts, stored
from models.draft import Draft, drafts, merging
from models.earlier import Lent, is_typed, lent_to
from models.editions import Change, carry_over, outdated, unseen
from models.errors import Problem, SignInNeeded
from models.invitation import Invitation
from models.language import _
from models.reach import EVERYTHING, Reach, reach_of
from models.request import InformationRequest, open_request
from models.resubmission import Differences, differences, pending
from models.rules import settle
from models.scan import Apart, apart, why_apart
from models.sheet import Sheet
from models.slots import SLOTS
from models.steps import QUESTIONS, STEPS
from portal.api.partner import Visitor


@dataclass
class Folder:
    """One application as its partner sees it. `answers` are as typed, `saved_at` is None until something was saved.

    `confirmed` are the addresses that decisions may go to, `awaited` those whose code is on its way (models/confirmation.py).
    """

    application: Application
    invitation: Invitation
    answers: dict[str, Any]
    documents: list[Document] = field(default_factory=list)
    saved_at: datetime | None = None
    request: InformationRequest | None = None
    confirmed: set[str] = field(default_factory=set)
    awaited: set[str] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)  # in the form, that the partner has not seen yet; for the partner alone
    differs: Differences = field(default_factory=Differences)  # from what was sent, while a reviewer asks for something
    visitor: Visitor | None = None
    reach: Reach = EVERYTHING
    versions: dict[int, int] = field(default_factory=dict)  # the newest version in each saved step (models/draft.py)
    lent: Lent | None = None  # what an earlier application of the same contact gave to this one
    colleagues: list[Colleague] = field(default_factory=list)  # who help now; for the partner alone
    apart: list[Apart] = field(default_factory=list)  # documents in quarantine
    last_step: int = 0  # the number of the step in which something was saved last, an answer or a document; 0 if nothing was

    @property
    def only_step(self) -> str:
        """The one step that whoever looks may see, a colleague; empty for the partner."""
        return self.visitor.step if self.visitor else ""

    @property
    def held(self) -> dict[str, int]:
        """How many documents each slot holds."""
        return counts(self.documents)

    def problems(self) -> list[Problem]:
        """All that stands between the partner and *Submit*, in the form's order; each document after its step's answers.

        Of a document that came and that the virus scanner keeps apart, the problem is that, and not that there is none.
        """
        held_up = {document.slot: why_apart(document, scan) for document, scan in self.apart}
        return [replace(one, message=held_up.get(one.field, one.message)) for one in self.sheet.problems()]

    @cached_property
    def sheet(self) -> Sheet:
        """The form evaluated, once for all that a page shows of it."""
        asked = pending(self.request, self.application, self.differs) if self.request else None
        return Sheet(self.answers, self.held, self.confirmed, self.reach, pending=asked)

    def next_place(self) -> str:
        """Where the partner left off: the step that was saved last, or the next after it, and round, that is not complete.

        When all are, *Check your answers*; once sent, the status.
        """
        if self.only_step:
            return f"/apply/{self.only_step}"
        if not self.application.open_to_partner or self.request:
            return "/apply/status"
        last = max(self.last_step - 1, 0)
        left = [step.name for step in (*STEPS[last:], *STEPS[:last]) if self.sheet.given(step).state != "done"]
        return f"/apply/{left[0] if left else 'check'}"


def read_folder(invitation: Invitation, visitor: Visitor | None = None) -> Folder:
    """The folder of an invitation that has been let in; SignInNeeded if nothing was begun with it."""
    with reading() as session:
        folder = folder_of(session, invitation, visitor)
    return _carried_over(invitation, visitor) if outdated(folder.application) else folder


def _carried_over(invitation: Invitation, visitor: Visitor | None) -> Folder:
    """The folder on the edition of the form that is in force, for one that was begun on an older one."""
    with transaction() as session:
        carry_over(session, folder_of(session, invitation, lock=True).application)
        return folder_of(session, invitation, visitor)


def folder_of(session: Session, invitation: Invitation, visitor: Visitor | None = None, *, lock: bool = False) -> Folder:
    """The folder as `session` sees it, for the partner unless `visitor` is a colleague.

    `lock` keeps others from changing the application until the transaction ends.
    """
    application = of_invitation(session, invitation.code, lock=lock)
    if application is None:
        raise SignInNeeded(_("Enter your invitation code to begin."))
    alone = bool(visitor and visitor.step)
    saved, request = drafts(session, invitation.code), open_request(session, application)
    answers, documents, lent = _known(invitation, saved), stored(session, application.id), lent_to(session, application)
    confirmed, awaited = standing(session, application, invitation.contact_email)
    return Folder(
        application, invitation, answers, documents,
        max((draft.last_updated for draft in saved.values()), default=None), request,
        set(confirmed), set(awaited),
        [] if alone else unseen(session, application),
        differences(session, application, settle(answers)) if request else Differences(),
        visitor, reach_of(session, application, visitor.step if visitor else ""),
        {number: merging(draft).newest for number, draft in saved.items()}, None if alone else lent,
        [] if alone else [one for one in colleagues_of(session, application) if one.live],
        apart(session, application.id), _last_step(saved, documents, lent),
    )  # fmt: skip


def _last_step(saved: Mapping[int, Draft], documents: list[Document], lent: Lent | None) -> int:
    """The number of the step that somebody worked in last; what an earlier application gave to this one, nobody has typed."""
    given = {QUESTIONS[name].step for name in lent.names if name in QUESTIONS} if lent else set()
    typed = [(draft.last_updated, number) for number, draft in saved.items() if is_typed(draft, given)]
    filed = [(one.upload_timestamp, SLOTS[one.slot].step) for one in documents if one.slot in SLOTS]
    return max((*typed, *filed), default=(None, 0))[1]


def known_answers(session: Session, invitation: Invitation) -> dict[str, Any]:
    """The answers as typed, over what the invitation knew already. This, and nothing else, is shown, checked and submitted."""
    return _known(invitation, drafts(session, invitation.code))


def _known(invitation: Invitation, saved: Mapping[int, Draft]) -> dict[str, Any]:
    return {**prefilled(invitation), **{name: value for draft in saved.values() for name, value in draft.form_data.items()}}
