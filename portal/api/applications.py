"""Applications: all six steps at once, or the stored draft, submitted and followed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel
from sqlmodel import Session

from models.application import Application, of_invitation, prefilled, reply, submit
from models.database import reading, transaction
from models.document import counts, stored
from models.draft import answers_of, save_steps
from models.editions import carry_over
from models.errors import Conflict, Invalid, NotFound, Problem, Refused
from models.forms_api import from_camel
from models.idempotency import remember, submitted_before
from models.invitation import Invitation
from models.language import _
from models.steps import QUESTIONS, STEPS, Step
from portal import uploads
from portal.api.bodies import Answers, Body, Code, Line, documented_step
from portal.api.following import Arrived, arrived
from portal.api.partner import Visitor, admit, application_of
from portal.looking import in_turn
from portal.problems import documented

router = APIRouter(prefix="/api", tags=["Applications"])
LONGEST_WAIT = 30
PATIENCE = 27  # seconds: a PaaS cuts off what has not answered within 30 (FACTS 38), and the submission took some
POLL_SECONDS = 0.25


class FileReference(Body):
    """A file that was sent to the address of /api/upload-file; one that is not completed yet is completed now."""

    file_name: Line = Field(examples=["certificate.pdf"])
    r2_key: Line = Field(max_length=1024, examples=["uploads/C1D94680/certificate_123.pdf"])
    file_type: Line = Field("", examples=["application/pdf"])
    file_size: int = Field(0, examples=[256789])


class OlderSubmission(Body):
    """What older callers send: only the code. The stored draft is submitted."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")
    invitation_code: Code


class Submission(Body):
    """A whole application. A step that is left out stays as it is stored."""

    invitation_code: Code | None = None
    step1: Annotated[Answers | None, documented_step(1)] = None
    step2: Annotated[Answers | None, documented_step(2)] = None
    step3: Annotated[Answers | None, documented_step(3)] = None
    step4: Annotated[Answers | None, documented_step(4)] = None
    step5: Annotated[Answers | None, documented_step(5)] = None
    step6: Annotated[Answers | None, documented_step(6)] = None
    file_references: list[FileReference] = Field(default_factory=list, max_length=500)
    replies: dict[str, Line] = Field(
        default_factory=dict, max_length=200, examples=[{"vatNumber": "The number is right.", "comment": "Thank you."}],
        description="While information is required: for a question or document that was asked about and stays as it is, why; "
                    "`comment` is for the whole",
    )  # fmt: skip
    submission: OlderSubmission | None = None

    @property
    def code(self) -> str | None:
        """The code in either form of the request."""
        return self.submission.invitation_code if self.submission else self.invitation_code

    def steps(self) -> Iterator[tuple[Step, dict[str, object]]]:
        """The steps that were sent, with the answers by question name; Invalid names every field that a step does not have."""
        for step in STEPS:
            if (sent := getattr(self, f"step{step.number}")) is not None:
                yield step, from_camel(step, sent)


class Submitted(Arrived):
    """The application is in; the two flags say what is true at this moment."""

    success: bool = True
    application_id: str = Field(examples=["12345"])
    reference_number: str = Field(examples=["EPC-2026-7K3M9Q"])
    message: str = "Application submitted successfully"
    status_url: str = Field(examples=["/api/status?invitationCode=C1D94680"])


References = dict[int, FileReference]  # by their numbers in the request
Wait = Annotated[int, Query(ge=0, le=LONGEST_WAIT, description="Seconds to wait for SharePoint and the emails")]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255, description="One key never submits twice")]


@router.post("/epc-application", status_code=201, responses=documented(400, 401, 403, 409, 413, 422))
async def epc_application(request: Request, body: Submission, wait: Wait = 0, key: Key = None) -> Submitted:
    """Check everything and submit. 422 lists every field that is wrong, by step; what was sent is kept as the draft.

    Sent again, it answers with the application that is there. While information is required of the partner it is a
    resubmission, unless its `Idempotency-Key` has been used before.
    """
    invitation, unseen = await run_in_threadpool(_admitted, request, body)
    run = in_turn if unseen else run_in_threadpool  # to look at a file takes seconds of a core
    application = await run(partial(_submitted, invitation, body, key, unseen))
    state = await _arrived(application.id or 0, wait)
    return Submitted(
        **state.model_dump(), application_id=str(application.id), reference_number=application.reference_number or "",
        status_url=f"/api/status?invitationCode={invitation.code}" if body.code else "/api/status",
    )  # fmt: skip


def _admitted(request: Request, body: Submission) -> tuple[Invitation, References]:
    """Whose application it is, and which of the files, by their numbers, do not count yet."""
    invitation, references = admit(request, body.code), dict(enumerate(body.file_references))
    if references:
        with reading() as session:
            application = of_invitation(session, invitation.code)
            held = stored(session, application.id) if application else []
        known = {name for one in held for name in (one.r2_key, one.public_id)}
        references = {number: one for number, one in references.items() if one.r2_key not in known}
    return invitation, references


async def _arrived(application_id: int, wait: int) -> Arrived:
    """What has arrived, at once or after at most `wait` seconds. Between two looks neither the loop nor a connection is held."""
    until = time.monotonic() + min(wait, PATIENCE)
    while True:
        state = await run_in_threadpool(_look, application_id)
        if state.settled or time.monotonic() >= until:
            return state
        await asyncio.sleep(POLL_SECONDS)


def _look(application_id: int) -> Arrived:
    with reading() as session:
        return arrived(session, application_id)


def _submitted(invitation: Invitation, body: Submission, key: str | None, unseen: References) -> Application:
    """The application, submitted now or before. The answers are stored first and for themselves, so a refusal loses nothing."""
    if before := _store_answers(invitation, body, key):
        return before
    problems = list(_complete(invitation, unseen))
    with transaction() as session:
        application = application_of(session, invitation)
        if not _sent_before(session, key, application):  # or sent twice at the same time, and the other one was faster
            _submit(session, application, invitation, problems)
            remember(session, key, application)
    return application


def _submit(session: Session, application: Application, invitation: Invitation, problems: list[Problem]) -> None:
    """Submit the stored answers; what is wrong with the files is told together with what is wrong with the answers."""
    answers = {**prefilled(invitation), **answers_of(session, invitation.code)}
    try:
        submit(session, application, answers, counts(stored(session, application.id)))
    except Invalid as error:
        raise Invalid(error.detail, [*error.problems, *problems]) from error
    if problems:
        raise Invalid(_("The application is not complete: look at the documents."), problems)


def _store_answers(invitation: Invitation, body: Submission, key: str | None) -> Application | None:
    """Save what was sent as the draft; answers the application instead if this submission is in already."""
    steps = list(body.steps())  # a field that does not exist is refused before anything is stored
    with transaction() as session:
        application = application_of(session, invitation)
        if _sent_before(session, key, application):
            return application
        carry_over(session, application)
        save_steps(session, application, steps)
        if body.replies:
            reply(session, application, {_NAMES.get(name, name): words for name, words in body.replies.items()})
    return None


#: Questions by the name that the API knows them by.
_NAMES = {to_camel(name): name for name in QUESTIONS}


def _sent_before(session: Session, key: str | None, application: Application) -> bool:
    """Whether this submission is in already: by its key, or because the partner has nothing more to send."""
    return submitted_before(session, key, application) or not application.open_to_partner


def _complete(invitation: Invitation, references: References) -> Iterator[Problem]:
    """Complete what is pending; what is wrong with a file is one more problem of the application, but an outage is an outage."""
    for number, reference in references.items():
        try:
            uploads.complete_upload(Visitor(invitation), reference.r2_key)
        except NotFound:
            said = _("“{name}” is not an upload of this application. Begin it with /api/upload-file.")
            words = said.format(name=reference.file_name[:80])
            yield Problem(f"fileReferences.{number}.r2Key", words)
        except (Invalid, Conflict) as error:
            yield from _of_file(number, error)


def _of_file(number: int, error: Refused) -> list[Problem]:
    return list(error.problems) or [Problem(f"fileReferences.{number}.r2Key", error.detail)]
