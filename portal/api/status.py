"""The status of an application, as its partner may know it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from pydantic.alias_generators import to_camel
from sqlmodel import Session

from models.application import Application, ApplicationStatus, of_invitation, prefilled
from models.database import reading, today
from models.document import stored
from models.draft import answers_of, changed_at
from models.invitation import Invitation
from models.lapsing import Ending
from models.renewal import RenewalState, live_renewal
from models.request import open_request
from models.resubmission import differences, unanswered
from models.review import decision
from models.rules import settle
from models.settings import settings
from models.steps import QUESTIONS
from portal.api.bodies import Code, Moment, Reply
from portal.api.conditional import NOT_CHANGED, Conditional
from portal.api.documents import StoredFile
from portal.api.following import Followed, deliveries
from portal.api.partner import admit
from portal.problems import documented

router = APIRouter(prefix="/api", tags=["Applications"], route_class=Conditional)


class WantedItem(Reply):
    """One question or document that is asked about."""

    name: str = Field(description="The question (camelCase) or document (slot)", examples=["vatNumber"])
    words: str = Field(description="What the reviewer wrote about it; empty where the message says all")
    due_on: date | None
    answered: bool = Field(description="Whether it was changed since the request, or the partner said why it stays as it is")


class InformationWanted(Reply):
    """What the partner is asked to complete before the review goes on. Where items are named, everything else is locked."""

    message: str
    items: list[str] = Field(description="The questions (camelCase) and documents (slots) it concerns")
    wanted: list[WantedItem] = Field(description="The same, each with the reviewer's words and its due date")
    due_on: date | None
    asked_at: Moment


class Decided(Reply):
    """How it ended."""

    outcome: str = Field(description="approved or rejected", examples=["approved"])
    message: str
    decided_at: Moment


class RenewalItem(Reply):
    """One document that runs out, with the questions that are answered anew with it."""

    document: str = Field(description="The document (slot)", examples=["public_liability_certificate"])
    questions: list[str] = Field(description="The questions (camelCase)", examples=[["publicLiabilityExpiry"]])
    ends_on: date | None = Field(description="The last day on which it is good; none where a reviewer asked and nothing says so")
    over: bool = Field(description="Whether that day has passed")


class RenewalWanted(Reply):
    """What an approved partner is asked to renew. Until a renewal is approved, what stood before stays valid."""

    state: str = Field(description="open: with the partner; returned: with them again, to be corrected; sent: with us", examples=["open"])
    message: str = Field(description="What a reviewer wrote: why it was sent back, or why it was asked for; often empty")
    items: list[RenewalItem]
    ends_on: date | None = Field(description="The first of the days")
    asked_at: Moment
    sent_at: Moment | None
    url: str = Field(description="Where the partner renews it, once their link or code has let them in")


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
    renewal: RenewalWanted | None


@router.get("/status", responses={**NOT_CHANGED, **documented(401, 422)})
def read_status(request: Request, code: Annotated[Code | None, Query(alias="invitationCode")] = None) -> Status:
    """The status, the files, and for each delivery (SharePoint, each email) its state, attempts and last error."""
    invitation = admit(request, code)
    with reading() as session:
        application = of_invitation(session, invitation.code)
        told = _of(session, application, invitation) if application else _NOT_BEGUN
        return Status(**told, company_name=invitation.company_name, deliveries=deliveries(session, invitation, application))


_NOT_BEGUN: dict[str, Any] = {
    "status": ApplicationStatus.DRAFT.value, "label": ApplicationStatus.DRAFT.label, "reference_number": None, "submitted_at": None,
    "updated_at": None, "files": [], "information_request": None, "decision": None,
    "renewal": None,
}  # fmt: skip


def _of(session: Session, application: Application, invitation: Invitation) -> dict[str, Any]:
    return {
        "status": application.state.value, "label": application.state.label, "reference_number": application.reference_number,
        "submitted_at": application.submitted_at, "updated_at": changed_at(session, application),
        "files": [StoredFile.of(document) for document in stored(session, application.id)],
        "information_request": _wanted(session, application, invitation), "decision": decided(session, application),
        "renewal": _renewal(session, application),
    }  # fmt: skip


def _wanted(session: Session, application: Application, invitation: Invitation) -> InformationWanted | None:
    asked = open_request(session, application)
    if asked is None:
        return None
    answers = {**prefilled(invitation), **answers_of(session, invitation.code)}
    left = {one.name for one in unanswered(asked, differences(session, application, settle(answers)))}
    wanted = [
        WantedItem(name=_spelled(one.name), words=one.words, due_on=one.due_on, answered=one.name not in left) for one in asked.wanted
    ]
    items = [one.name for one in wanted]
    return InformationWanted(message=asked.message, items=items, wanted=wanted, due_on=asked.due_on, asked_at=asked.asked_at)


def _renewal(session: Session, application: Application) -> RenewalWanted | None:
    live = live_renewal(session, application.id)
    if live is None:
        return None
    message = live.reason if live.standing == RenewalState.RETURNED and live.reason else live.message
    return RenewalWanted(
        state=live.state, message=message, items=[_item(one) for one in live.endings], ends_on=live.ends_on, asked_at=live.opened_at,
        sent_at=live.sent_at if live.standing == RenewalState.SENT else None, url=f"{settings().portal_url}/apply/renew",
    )  # fmt: skip


def _item(one: Ending) -> RenewalItem:
    over = one.ends is not None and one.ends < today()
    return RenewalItem(document=one.slot, questions=[_spelled(name) for name in one.questions], ends_on=one.ends, over=over)


def _spelled(name: str) -> str:
    """A question or document as the API spells it."""
    return to_camel(name) if name in QUESTIONS else name


def decided(session: Session, application: Application) -> Decided | None:
    """The decision, as partners and programs are told it; None while there is none."""
    event = decision(session, application)
    if event is None:
        return None
    return Decided(outcome=event.type.removeprefix("application."), message=event.detail.get("message", ""), decided_at=event.at)
