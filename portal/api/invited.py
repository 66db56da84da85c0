"""Invitations for programs: the list that the desk shows, page by page, and new ones."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import AfterValidator, Field

from models.already import AlreadyInvited
from models.application import ApplicationStatus
from models.errors import Invalid, Problem
from models.invitation import TITLES, InvitationStatus
from models.invited import TABS, Line, Standing, onward
from models.invited_by_program import invite_once
from models.language import ENGLISH, LANGUAGES, _
from models.letters import form_link
from models.token import Scope
from portal.api import cursor as cursors
from portal.api import reading
from portal.api.bodies import Body, Moment, Reply
from portal.api.bodies import Line as Text
from portal.api.conditional import NOT_CHANGED, Conditional
from portal.api.program import Asks
from portal.problems import ProblemDetails, documented, problem

router = APIRouter(prefix="/api", tags=["Programs"], route_class=Conditional)


def _known(language: str) -> str:
    if language not in LANGUAGES:
        raise ValueError(_("Choose one of these languages: {languages}.").format(languages=", ".join(LANGUAGES)))
    return language


def _tab(given: str) -> str:
    if given not in TABS:
        raise ValueError(_("Choose one of these: {standings}.").format(standings=", ".join(TABS)))
    return given


Tab = Annotated[
    str, AfterValidator(_tab),
    Query(description="Where they stand; `active` are all with which a partner can begin or go on",
          json_schema_extra={"enum": [str(tab) for tab in TABS]}),
]  # fmt: skip


class Listed(Reply):
    """One invitation. Its code, which opens the partner's application, is not told."""

    id: str = Field(examples=["42"])
    company_name: str = Field(examples=["Marstack"])
    contact_email: str = Field(examples=["rob@marstack.ai"])
    contact_name: str = Field(examples=["Rob Marsh"])
    title: str = Field(examples=["Mr"])
    language: str = Field(description="In which the partner reads", examples=["en"])
    status: InvitationStatus = Field(examples=["active"])
    standing: Standing = Field(description="Where it stands, as the desk's list says", examples=["opened"])
    step: int = Field(description="The step of the form that was last worked in; 0 if none", examples=[3])
    reference: str | None = Field(description="The application's reference, once it was sent", examples=["EPC-2026-7K3M9Q"])
    created_at: Moment
    sent_at: Moment | None = Field(description="When its mail left")
    opened_at: Moment | None
    expires_at: Moment | None


class Invitations(Reply):
    """A page of invitations, those that were made first before the others."""

    invitations: list[Listed]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last")


class Invite(Body):
    """A partner to be invited. The mail with the link leaves by itself."""

    company_name: Text = Field(description="2 to 200 characters", examples=["Northgate Roofing Ltd"])
    contact_email: Text = Field(description="Where the invitation goes", examples=["priya@northgateroofing.co.uk"])
    contact_name: Text = Field("", description="120 characters at most", examples=["Priya Nair"])
    title: Text = Field("", description=", ".join(TITLES), examples=["Ms"])
    notes: Text = Field("", description="For the staff; 2,000 characters at most", examples=["Met at Solar & Storage Live"])
    language: Annotated[Text, AfterValidator(_known)] = Field(ENGLISH.code, description=", ".join(LANGUAGES), examples=["en"])
    expires_at: Annotated[datetime | None, AfterValidator(reading.with_zone)] = Field(
        None, description="Left out, it is open as long as invitations usually are", examples=["2027-03-31T17:00:00Z"]
    )
    invite_anyway: bool = Field(False, description="Send it although the address is invited already, which else is a 409")


class Made(Reply):
    """The invitation, with the code that the portal has made for it."""

    success: bool = True
    id: str = Field(examples=["42"])
    code: str = Field(description="Opens the partner's application: keep it as a secret", examples=["C1D94680"])
    url: str = Field(description="The link that the mail carries")
    status: InvitationStatus = Field(examples=["active"])
    expires_at: Moment | None


class Stands(Reply):
    """What stands for an address already; neither its code nor its notes are told."""

    company_name: str = Field(examples=["Marstack"])
    created_at: Moment
    created_by: str | None = Field(description="Who invited, where it was one of the staff or a program", examples=["Olivia Hart"])
    standing: Standing = Field(examples=["opened"])
    reference: str | None = Field(description="The application's reference, once it was sent", examples=["EPC-2026-7K3M9Q"])
    application_status: ApplicationStatus | None = Field(examples=["under_review"])


class InvitedAlready(ProblemDetails):
    """Nothing was sent, since the address is invited already, by an open invitation or an application that runs."""

    already_invited: list[Stands] = Field(alias="alreadyInvited", description="What stands for the address, newest first")


Key = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255, description="One key of a token never invites twice")
]


@router.get("/invitations", responses={**NOT_CHANGED, **documented(401, 403, 422)})
def list_invitations(
    asks: Asks,
    standing: Tab = "all",
    limit: reading.Limit = reading.USUAL,
    cursor: reading.Cursor = None,
) -> Invitations:
    """The invitations, oldest first, `limit` at a time; what is made while you read comes at the end.

    Needs the scope `invitations:read`.
    """
    asked = {"standing": standing}
    after = int(cursors.read(cursor, asked)[0]) if cursor is not None else 0
    lines, last = asks.read(Scope.READ_INVITATIONS, lambda session: onward(session, standing, after, limit))
    return Invitations(invitations=[_listed(line) for line in lines], next_cursor=cursors.written([last], asked) if last else None)


@router.post(
    "/invitations", status_code=201, response_model=Made,
    responses={
        200: {"model": Made, "description": "This key has made it before"}, **documented(400, 401, 403, 413, 422),
        409: {"model": InvitedAlready, "description": "The address is invited already; `inviteAnyway` sends it all the same"},
    },
)  # fmt: skip
def make_invitation(asks: Asks, body: Invite, response: Response, key: Key = None) -> Made | Response:
    """Invite a partner. The same Idempotency-Key with the same body makes no second one and answers alike, with 200; with another, 422.

    An address that is invited already is answered by 409, and nothing is sent; with `inviteAnyway` it is invited once more.

    Needs the scope `invitations:make`.
    """
    sent = body.model_dump(exclude={"invite_anyway"})
    fields = {("contact_title" if name == "title" else name): value for name, value in sent.items()}
    try:
        made, new = asks.change(
            Scope.MAKE_INVITATIONS, lambda session, token: invite_once(session, token, key, fields, anyway=body.invite_anyway)
        )
    except AlreadyInvited as error:
        return _refused(error)
    except Invalid as error:
        raise Invalid(error.detail, [_spelled(one) for one in error.problems]) from error
    response.status_code = 201 if new else 200
    return Made(id=str(made.id), code=made.code, url=form_link(made.code), status=made.state, expires_at=made.expires_at)


def _refused(error: AlreadyInvited) -> Response:
    told = _("{refusal} Send inviteAnyway as true to invite it once more.").format(refusal=error.detail)
    return problem(error.status, told, alreadyInvited=_standing(error))


def _standing(error: AlreadyInvited) -> list[dict[str, Any]]:
    """What the desk is told too, but for the codes, which open the partner's application."""
    stands = (
        Stands(company_name=one.company, created_at=one.at, created_by=one.by or None, standing=one.standing,
               reference=one.reference or None, application_status=one.status)
        for one in error.found
    )  # fmt: skip
    return [one.model_dump(mode="json", by_alias=True) for one in stands]


def _spelled(one: Problem) -> Problem:
    return Problem("title", one.message) if one.field == "contact_title" else one


def _listed(line: Line) -> Listed:
    one = line.invitation
    return Listed(
        id=str(one.id), company_name=one.company_name, contact_email=one.contact_email, contact_name=one.contact_name or "",
        title=one.contact_title or "", language=one.language, status=one.state, standing=line.standing, step=line.step,
        reference=line.reference or None, created_at=one.created_at, sent_at=one.sent_at, opened_at=one.opened_at,
        expires_at=one.expires_at,
    )  # fmt: skip
