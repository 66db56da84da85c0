"""Graph tells that something changed in one of our lists: the worker is to read it soon (FACTS 9)."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.database import transaction
from models.errors import SignInNeeded
from models.followed_list import read_soon
from models.settings import settings
from portal.problems import documented

router = APIRouter(prefix="/api", tags=["SharePoint"])
REFUSED = "These notifications do not carry the clientState that the portal gave with its subscription."


class Notification(BaseModel):
    """What is read of a notification: it does not say what changed."""

    model_config = ConfigDict(extra="ignore")

    subscription: str = Field("", alias="subscriptionId", max_length=100)
    state: str | None = Field("", alias="clientState", max_length=200)


class Notifications(BaseModel):
    """Several that come together."""

    model_config = ConfigDict(extra="ignore")

    value: list[Notification] = Field(default=[], max_length=1000)


async def _told(request: Request) -> list[Notification]:
    """Those that carry our secret; an empty body, as with a validation, carries none."""
    try:
        found = Notifications.model_validate_json(await request.body() or b"{}").value
    except ValidationError:
        return []
    return [one for one in found if _is_ours(one.state or "")]


_DESCRIBED = {"type": "object", "properties": {"value": {"type": "array", "maxItems": 1000, "items": Notification.model_json_schema()}}}


@router.post(
    "/graph-notifications", status_code=202, response_class=Response,
    responses={200: {"description": "The validationToken", "content": {"text/plain": {"schema": {"type": "string"}}}},
               **documented(401, 413, 422)},
    openapi_extra={"requestBody": {"required": False, "content": {"application/json": {"schema": _DESCRIBED}}}},
)  # fmt: skip
async def graph_notifications(
    told: Annotated[list[Notification], Depends(_told)],
    validation: Annotated[str, Query(alias="validationToken", max_length=2000, description="Comes with a new subscription alone")] = "",
) -> Response:
    """For Microsoft Graph: a list changed. Answered at once; the worker reads what.

    With `validationToken` the token is answered as text. Else each notification carries as `clientState` the secret of the settings.
    """
    if validation:
        return PlainTextResponse(validation)
    if not told:
        raise SignInNeeded(REFUSED)
    await run_in_threadpool(_read_soon, {one.subscription for one in told})
    return Response(status_code=202)


def _is_ours(state: str) -> bool:
    secret = settings().graph_notification_secret.get_secret_value()
    return bool(secret) and hmac.compare_digest(state.encode(), secret.encode())


def _read_soon(subscriptions: set[str]) -> None:
    with transaction() as session:
        read_soon(session, subscriptions)
