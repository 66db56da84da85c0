"""Drafts: what a partner has typed so far, kept step by step, however unfinished."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field
from pydantic.alias_generators import to_camel
from sqlmodel import Session

from models.application import of_invitation
from models.database import reading, transaction
from models.document import stored
from models.draft import Behind, Draft, clear, drafts, merging, save_step
from models.forms_api import from_camel
from models.invitation import Invitation
from models.steps import STEPS, step_numbered
from portal.api.bodies import Answers, Body, Code, Moment, Reply, StepNumber
from portal.api.conditional import NOT_CHANGED, Conditional, IfMatch, must_match, named
from portal.api.documents import StoredFile
from portal.api.partner import admit, application_of
from portal.presence import tell
from portal.problems import documented, problem

router = APIRouter(prefix="/api", tags=["Drafts"], route_class=Conditional)


class SaveDraft(Body):
    """One step's answers, which replace what is stored of that step."""

    invitation_code: Code | None = None
    step: StepNumber
    form_data: Answers = Field(description="Answers in camelCase, valid or not; a field that the step does not have is refused",
                               examples=[{"companyName": "Brightfield Solar Ltd", "yearsTrading": 12}])  # fmt: skip
    revision: int | None = Field(None, ge=0, description="The revision these answers began from; left out, they win", examples=[7])


class Saved(Reply):
    """The step is stored."""

    success: bool = True
    revision: int = Field(description="Send this with the next change of the step", examples=[8])
    saved_at: Moment


class ClearDraft(Body):
    """Whose draft is to be thrown away."""

    invitation_code: Code | None = None


class Cleared(Reply):
    """The answers are gone; the documents are kept."""

    success: bool = True


class SavedStep(Reply):
    """A step as it is stored; revision 0 means never."""

    form_data: dict[str, Any]
    revision: int
    saved_at: Moment | None


class StoredDraft(Reply):
    """Everything that is stored of an application that may not be sent yet."""

    success: bool = True
    steps: dict[str, SavedStep] = Field(description="`step1` to `step6`")
    files: list[StoredFile]


@router.post("/save-draft", response_model=Saved, responses=documented(400, 401, 403, 409, 412, 413, 422))
def save_draft(request: Request, body: SaveDraft, seen: IfMatch = None) -> Saved | Response:
    """Store one step. 409 with the stored step (`current`) when `revision` is behind: read, merge, send again.

    If-Match takes the ETag of /api/draft, for a caller who must have seen all of it.
    """
    invitation, step = admit(request, body.invitation_code), step_numbered(body.step)
    answers = from_camel(step, body.form_data)
    try:
        with transaction() as session:
            application = application_of(session, invitation)
            must_match(seen, lambda: _stored(session, invitation))
            draft = save_step(session, application, step, answers, body.revision)
    except Behind as error:
        return _behind(error)
    merge = merging(draft)
    tell(application.id or 0, merge.since(merge.newest - 1))
    return Saved(revision=draft.revision, saved_at=draft.last_updated)


@router.get("/draft", responses={**NOT_CHANGED, **documented(401, 422)})
def read_draft(request: Request, response: Response, code: Annotated[Code | None, Query(alias="invitationCode")] = None) -> StoredDraft:
    """All steps, their revisions and the files, also of an application that has been sent."""
    invitation = admit(request, code)
    with reading() as session:
        told = _stored(session, invitation)
    named(response, told)
    return told


@router.post("/clear-draft", responses=documented(400, 401, 403, 409, 412, 413, 422))
def clear_draft(request: Request, body: ClearDraft, seen: IfMatch = None) -> Cleared:
    """Throw the answers away and begin anew; the documents stay until they are removed.

    If-Match takes the ETag of /api/draft, so that nothing is thrown away that the caller has not seen.
    """
    invitation = admit(request, body.invitation_code)
    with transaction() as session:
        application = application_of(session, invitation)
        must_match(seen, lambda: _stored(session, invitation))
        clear(session, application)
    return Cleared()


def _stored(session: Session, invitation: Invitation) -> StoredDraft:
    held, application = drafts(session, invitation.code), of_invitation(session, invitation.code)
    files = stored(session, application.id) if application else []
    steps = {f"step{step.number}": _saved(held.get(step.number)) for step in STEPS}
    return StoredDraft(steps=steps, files=[StoredFile.of(file) for file in files])


def _behind(error: Behind) -> Response:
    """409 with what is stored, so that nothing has to be asked again."""
    current = {"step": error.draft.step_number, **_saved(error.draft).model_dump(mode="json", by_alias=True)}
    return problem(409, error.detail, current=current)


def _saved(draft: Draft | None) -> SavedStep:
    if draft is None:
        return SavedStep(form_data={}, revision=0, saved_at=None)
    answers = {to_camel(name): answer for name, answer in draft.form_data.items()}
    return SavedStep(form_data=answers, revision=draft.revision, saved_at=draft.last_updated)
