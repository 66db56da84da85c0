"""Mails that came back, as the mailbox that receives the returns tells of them: in a few words, or by handing the report itself on."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError

from integrations.returned import ON_ITS_WAY, UNDELIVERED, NoReport, Report, read_report
from models.database import transaction
from models.errors import Invalid, Problem
from models.language import _
from models.returned import Returned, returned
from portal.api.bodies import Body, Line, Reply
from portal.api.machine import machine
from portal.problems import documented

router = APIRouter(prefix="/api", tags=["Mail"])
RAW = "message/rfc822"
BACK, KNOWN = "The mail is marked as returned", "This was known already"
LATE, ARRIVED = "The mail is still on its way, so nothing was changed", "The mail has arrived, so nothing was changed"


class MailReturned(Body):
    """A mail that came back."""

    message_id: Line = Field(
        "", max_length=500, description="The Message-ID of the mail as it was sent", examples=["<delivery-42.5f0c@saber.example>"]
    )
    recipient: Line = Field(
        "", max_length=320, description="Whom it was for; with `reference` in place of the Message-ID", examples=["rob@marstack.ai"]
    )
    reference: Line = Field("", max_length=100, description="The application's reference, or the invitation's code", examples=["C1D94680"])
    reason: Line = Field("", max_length=5000, description="What the mail server said", examples=["550 5.1.1 No such mailbox"])
    permanent: bool = Field(True, description="Whether another attempt would come back too")


class Noted(Reply):
    """What became of the report."""

    success: bool = True
    message: str = Field(examples=[BACK])
    target: str = Field("", description="What the mail was: `email.invitation`, `email.reminder` and so on", examples=["email.invitation"])


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post(
    "/mail-returned", dependencies=[Depends(machine)], responses=documented(400, 401, 404, 413, 422),
    openapi_extra={"requestBody": {"required": True, "content": {
        "application/json": {"schema": MailReturned.model_json_schema()},
        RAW: {"schema": {"type": "string", "format": "binary", "description": "The report as it arrived: RFC 3464"}},
    }}},
)  # fmt: skip
def mail_returned(request: Request, body: Annotated[bytes, Depends(_body)]) -> Noted:
    """A mail of the portal came back: its delivery fails with the reason, and staff see that the invitation bounced.

    Send what is known as JSON, or the whole delivery status report (RFC 3464) as `message/rfc822`. The same report again changes
    nothing. Authenticated as `/api/sync-invitation` is.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == RAW:
        report = _report(body)
        if report.action != UNDELIVERED:
            return Noted(message=LATE if report.action == ON_ITS_WAY else ARRIVED)
        return _noted(Returned(report.message_id, report.recipient, "", report.reason, report.permanent))
    return _noted(Returned(**_parsed(body).model_dump()))


def _noted(told: Returned) -> Noted:
    with transaction() as session:
        delivery, new = returned(session, told)
        return Noted(message=BACK if new else KNOWN, target=delivery.target)


def _report(body: bytes) -> Report:
    try:
        return read_report(body)
    except NoReport as error:
        words = _("Send the report as it arrived, or the Message-ID and the reason as JSON.")
        raise Invalid(_("This mail is no delivery status report."), [Problem("body", words)]) from error


def _parsed(body: bytes) -> MailReturned:
    """As FastAPI reads a body that has one form only; its errors are those of every other route."""
    try:
        return MailReturned.model_validate(json.loads(body))
    except ValidationError as error:
        found: list[Any] = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(found) from error
    except (ValueError, RecursionError) as error:
        place, said = getattr(error, "pos", 0), getattr(error, "msg", "it cannot be read")
        raise RequestValidationError([{"type": "json_invalid", "loc": ("body", place), "ctx": {"error": said}}]) from error
