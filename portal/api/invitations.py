"""Invitations: a partner's code is checked; SharePoint's list is followed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from integrations import cache
from models.database import now, transaction
from models.errors import Invalid, Problem
from models.invitation import KIND, Invitation, note_opened
from models.invitation_list import synced
from models.language import _
from portal.api.bodies import Body, Code, Line, Moment, Reply
from portal.api.machine import machine
from portal.api.partner import REFUSED, usable
from portal.limits import refuse_guesser
from portal.problems import documented

router = APIRouter(prefix="/api", tags=["Invitations"])


class Validation(Body):
    """A code to be checked."""

    invitation_code: Code


class Invited(Reply):
    """What a partner is told about their invitation."""

    code: str = Field(examples=["C1D94680"])
    title: str = Field(examples=["Mr"])
    company_name: str = Field(examples=["Marstack"])
    contact_email: str = Field(examples=["rob@marstack.ai"])
    notes: str = Field(examples=["Synced from Power Automate"])


class Validated(Reply):
    """Whether the code can be used; unknown, used, expired and revoked ones look the same."""

    valid: bool
    message: str = Field(examples=["Valid invitation code"])
    invitation: Invited | None
    source: str = Field("database", description="The store that answered: `database` or `cache`")


@router.post("/validate-invitation", responses=documented(400, 413, 422))
def validate_invitation(request: Request, body: Validation) -> Validated:
    """Check an invitation code. 10 a minute from one address, and 100 a day that fail."""
    refuse_guesser(request)
    place = cache.look(KIND, body.invitation_code)
    if place.value and _is_open(place.value):
        return _valid(body.invitation_code, place.value, "cache")
    found = usable(request, body.invitation_code)
    if found is None:
        return Validated(valid=False, message=_(REFUSED), invitation=None)
    if found.opened_at is None:
        with transaction() as session:
            note_opened(session, session.get_one(Invitation, found.id, with_for_update=True))
    elif found.code == body.invitation_code:  # one that was mistyped and understood is looked up each time
        place.keep(_kept(found))
    return _valid(found.code, _kept(found), "database")


def _kept(found: Invitation) -> dict[str, Any]:
    """What is kept of an invitation that is open: all of the answer but its code, and until when it is open."""
    told = Invited(**_public(found)).model_dump(mode="json", exclude={"code"})
    return {"told": told, "until": found.expires_at.isoformat() if found.expires_at else ""}


def _is_open(kept: dict[str, Any]) -> bool:
    return not kept["until"] or datetime.fromisoformat(kept["until"]) > now()


def _valid(code: str, kept: dict[str, Any], source: str) -> Validated:
    told = Invited(code=code, **kept["told"])
    return Validated(valid=True, message=_("Valid invitation code"), invitation=told, source=source)


def _text(raw: object) -> object:
    """Power Automate sends null for an empty column and a number for an id."""
    return "" if raw is None else str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw


def _end_of_day(raw: object) -> object:
    """A date without a time lasts to the end of that day."""
    given = raw.strip() if isinstance(raw, str) else raw
    return f"{given}T23:59:59Z" if isinstance(given, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", given) else given or None


def _in_utc(at: datetime | None) -> datetime | None:
    try:
        return at and (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC))
    except OverflowError:
        raise ValueError(_("ExpiryDate is outside the calendar.")) from None


Column = Annotated[Line, BeforeValidator(_text)]
Expiry = Annotated[datetime | None, BeforeValidator(_end_of_day), AfterValidator(_in_utc)]


class ListItem(BaseModel):
    """An item of the list EPC Invitations, in SharePoint's capitals. Columns that are not named here are ignored."""

    model_config = ConfigDict(populate_by_name=True, extra="ignore")

    title: Column = Field("", alias="Title", description="The contact's title", examples=["Mr"])
    company_name: Column = Field("", alias="CompanyName", examples=["Marstack"])
    contact_email: Column = Field("", alias="ContactEmail", examples=["rob@marstack.ai"])
    contact_name: Column = Field("", alias="ContactName", examples=["Rob Marsh"])
    notes: Column = Field("", alias="Notes", examples=["Met at Solar & Storage Live"])
    code: Column = Field("", alias="AuthCode", description="Left out, the portal makes the code", examples=["C1D94680"])
    status: Column = Field("", alias="Status", description="Active, Used, Expired or Cancelled", examples=["Active"])
    expires_at: Expiry = Field(None, alias="ExpiryDate", examples=["2026-12-31T17:00:00Z"])
    modified: Expiry = Field(
        None, alias="Modified", description="When it was last changed; an older one changes nothing", examples=["2026-11-20T09:30:00Z"]
    )
    item_id: Column = Field("", alias="ItemId", description="The list item's id, by which it is found again", examples=["42"])


class SyncedInvitation(Invited):
    """The invitation as it now stands."""

    status: str = Field(description="active, used, expired or revoked", examples=["active"])
    expires_at: Moment | None


class Synced(Reply):
    """What became of the list's item."""

    success: bool = True
    message: str = Field(examples=["Invitation created"])
    invitation: SyncedInvitation


@router.post(
    "/sync-invitation",
    dependencies=[Depends(machine)],
    responses={201: {"model": Synced, "description": "A new invitation"}, **documented(400, 401, 413, 422)},
)
def sync_invitation(item: ListItem, response: Response) -> Synced:
    """Create or update an invitation from SharePoint's list; the same item again changes nothing.

    Needs `X-Api-Key`, or `X-Timestamp` (seconds since 1970 or ISO 8601) and `X-Signature`: the hex HMAC-SHA256 of the
    timestamp, a full stop and the body. A signature is accepted once.
    """
    invitation, created = _sync(item)
    response.status_code = 201 if created else 200
    told = SyncedInvitation(**_invited(invitation), status=invitation.state, expires_at=invitation.expires_at)
    return Synced(message="Invitation created" if created else "Invitation up to date", invitation=told)


def _sync(item: ListItem) -> tuple[Invitation, bool]:
    sent = item.model_dump(exclude_unset=True)  # what the flow left out stays as it is
    try:
        with transaction() as session:
            return synced(session, **{"contact_title" if name == "title" else name: value for name, value in sent.items()})
    except Invalid as error:
        raise Invalid(error.detail, [_as_column(found) for found in error.problems]) from error


def _as_column(found: Problem) -> Problem:
    """The caller knows the columns of the list, not our fields."""
    named = "title" if found.field == "contact_title" else found.field
    return Problem(ListItem.model_fields[named].alias or named, found.message) if named in ListItem.model_fields else found


def _public(found: Invitation) -> dict[str, Any]:
    """What whoever holds the code may know: notes written at the desk are the staff's alone."""
    return _invited(found) | ({"notes": ""} if found.source == "portal" else {})


def _invited(found: Invitation) -> dict[str, Any]:
    return {
        "code": found.code, "title": found.contact_title or "", "company_name": found.company_name,
        "contact_email": found.contact_email, "notes": found.notes or "",
    }  # fmt: skip
