"""The status of an application, as its partner may know it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from pydantic.alias_generators import to_camel
from sqlmodel import Session

from models.application import Application, ApplicationStatus, of_invitation
from models.database import reading
from models.document import stored
from models.review import decision, open_request
from models.steps import QUESTIONS
from portal.api.bodies import Code, Moment, Reply
from portal.api.documents import StoredFile
from portal.api.following import Followed, deliveries
from portal.api.partner import admit
from portal.problems import documented

router = APIRouter(prefix="/api", tags=["Applications"])


class InformationWanted(Reply):
    """What the partner is asked to complete before the review goes on."""

    message: str
    items: list[str] = Field(description="The questions (camelCase) and documents (slots) it concerns")
    due_on: date | None
    asked_at: Moment


class Decided(Reply):
    """How it ended."""

    outcome: str = Field(description="approved or rejected", examples=["approved"])
    message: str
    decided_at: Moment


class Status(Reply):
    """Where the application stands."""

    success: bool = True
    status: str = Field(description=", ".join(ApplicationStatus), examples=["under_review"])
    label: str = Field(description="The same for people", examples=["Under review"])
    company_name: str
    reference_number: str | None
    submitted_at: Moment | None
    updated_at: Moment | None
    files: list[StoredFile]
    deliveries: list[Followed]
    information_request: InformationWanted | None
    decision: Decided | None


@router.get("/status", responses=documented(401, 422))
def read_status(request: Request, code: Annotated[Code | None, Query(alias="invitationCode")] = None) -> Status:
    """The status, the files, and for each delivery (SharePoint, each email) its state, attempts and last error."""
    invitation = admit(request, code)
    with reading() as session:
        application = of_invitation(session, invitation.code)
        told = _of(session, application) if application else _NOT_BEGUN
        return Status(**told, company_name=invitation.company_name, deliveries=deliveries(session, invitation, application))


_NOT_BEGUN: dict[str, Any] = {
    "status": ApplicationStatus.DRAFT.value, "label": ApplicationStatus.DRAFT.label, "reference_number": None, "submitted_at": None,
    "updated_at": None, "files": [], "information_request": None, "decision": None,
}  # fmt: skip


def _of(session: Session, application: Application) -> dict[str, Any]:
    return {
        "status": application.state.value, "label": application.state.label, "reference_number": application.reference_number,
        "submitted_at": application.submitted_at, "updated_at": application.updated_at,
        "files": [StoredFile.of(document) for document in stored(session, application.id)],
        "information_request": _wanted(session, application), "decision": _decided(session, application),
    }  # fmt: skip


def _wanted(session: Session, application: Application) -> InformationWanted | None:
    asked = open_request(session, application)
    items = [to_camel(item) if item in QUESTIONS else item for item in asked.items] if asked else []
    return InformationWanted(message=asked.message, items=items, due_on=asked.due_on, asked_at=asked.asked_at) if asked else None


def _decided(session: Session, application: Application) -> Decided | None:
    event = decision(session, application)
    if event is None:
        return None
    return Decided(outcome=event.type.removeprefix("application."), message=event.detail.get("message", ""), decided_at=event.at)
