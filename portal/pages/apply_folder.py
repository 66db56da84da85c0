"""A partner's folder: all that the pages of the form show of one application, read at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from models.application import Application, examine, of_invitation, prefilled
from models.confirmation import awaited_addresses, confirmed_addresses
from models.database import reading
from models.document import Document, counts, stored
from models.draft import answers_of, drafts
from models.errors import Problem, SignInNeeded
from models.invitation import Invitation
from models.review import InformationRequest, open_request
from models.steps import STEPS
from portal.pages.apply_progress import given


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

    @property
    def held(self) -> dict[str, int]:
        """How many documents each slot holds."""
        return counts(self.documents)

    def problems(self) -> list[Problem]:
        """All that stands between the partner and *Submit*, in the form's order; each document after its step's answers."""
        return examine(self.answers, self.held, self.confirmed)[1]

    def next_place(self) -> str:
        """Where the partner goes on: the first step that is not complete, else *Check your answers*; once sent, the status."""
        if not self.application.open_to_partner or self.request:
            return "/apply/status"
        for step in STEPS:
            done, total = given(step, self.answers, self.held, self.confirmed)
            if done < total:
                return f"/apply/{step.name}"
        return "/apply/check"


def read_folder(invitation: Invitation) -> Folder:
    """The folder of an invitation that has been let in; SignInNeeded if nothing was begun with it."""
    with reading() as session:
        return folder_of(session, invitation)


def folder_of(session: Session, invitation: Invitation, *, lock: bool = False) -> Folder:
    """The folder as `session` sees it; `lock` keeps others from changing the application until the transaction ends."""
    application = of_invitation(session, invitation.code, lock=lock)
    if application is None:
        raise SignInNeeded("Enter your invitation code to begin.")
    saved = drafts(session, invitation.code)
    return Folder(
        application, invitation, known_answers(session, invitation), stored(session, application.id),
        max((draft.last_updated for draft in saved.values()), default=None), open_request(session, application),
        set(confirmed_addresses(session, application)), set(awaited_addresses(session, application)),
    )  # fmt: skip


def known_answers(session: Session, invitation: Invitation) -> dict[str, Any]:
    """The answers as typed, over what the invitation knew already. This, and nothing else, is shown, checked and submitted."""
    return {**prefilled(invitation), **answers_of(session, invitation.code)}
