"""A primary contact's address other than the invited one is confirmed by a code that is mailed to it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field

from models import identifiers
from models.confirmation import LIFE, ask_confirmation, confirm
from models.database import transaction
from models.errors import Invalid, Problem
from models.language import _
from portal.api.bodies import Body, Code, Line, Reply
from portal.api.partner import admit, application_of
from portal.problems import documented

router = APIRouter(prefix="/api", tags=["Applications"])
WRONG = "The code is wrong or has run out. Ask for a new one."
Address = Annotated[
    Line,
    Field(max_length=254, description="The primary contact's email address as it will be sent", examples=["owen.price@marstack.ai"]),
    AfterValidator(lambda given: identifiers.email(given.strip())),
]


class AskCode(Body):
    """Which address is to be confirmed."""

    invitation_code: Code | None = None
    email: Address


class CodeOnItsWay(Reply):
    """A mail with six digits leaves at once; a code that was mailed to this address before works no more."""

    success: bool = True
    message: str = Field(examples=["A 6-digit code is on its way to owen.price@marstack.ai"])
    expires_in: int = Field(int(LIFE.total_seconds()), description="Seconds for which the code works", examples=[600])


class EnterCode(AskCode):
    """The code from the mail."""

    code: Annotated[Line, Field(max_length=40, description="The six digits; spaces do not count", examples=["482913"])]


class Confirmed(Reply):
    """The application may be submitted with this address."""

    success: bool = True


@router.post("/confirm-email", status_code=202, responses=documented(400, 401, 403, 409, 413, 422))
def confirm_email(request: Request, body: AskCode) -> CodeOnItsWay:
    """Mail a code to the primary contact's address. The invited address needs none; any other does before `/api/epc-application`.

    6 codes an hour for one application.
    """
    invitation = admit(request, body.invitation_code)
    with transaction() as session:
        asked = ask_confirmation(session, application_of(session, invitation), body.email)
    return CodeOnItsWay(message=_("A 6-digit code is on its way to {email}").format(email=asked.email))


@router.post("/confirm-email/code", responses=documented(400, 401, 403, 409, 413, 422))
def confirm_email_code(request: Request, body: EnterCode) -> Confirmed:
    """Enter the code. It works for 10 minutes and five tries."""
    invitation = admit(request, body.invitation_code)
    with transaction() as session:  # it commits in either case: a wrong try counts
        right = confirm(session, application_of(session, invitation), body.email, body.code)
    if not right:
        raise Invalid(_(WRONG), [Problem("code", _(WRONG))])
    return Confirmed()
