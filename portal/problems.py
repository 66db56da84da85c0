"""Errors of the API as RFC 9457 problem details: one sentence that says what is wrong and what to do, and one for each field."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from pydantic.alias_generators import to_camel
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from integrations.failures import Failure, Passing
from models.errors import NotYet, Problem, Refused, TokenNeeded, TooMany
from models.language import _, ngettext
from models.slots import SLOTS
from portal import logs
from portal.sentences import sentence

log = structlog.stdlib.get_logger(__name__)
MEDIA_TYPE, JSON = "application/problem+json", "application/json"
RETRY_SECONDS = 30  # when another system is away and did not say for how long
#: What RFC 9110 calls them; Python says so from 3.13 on.
TITLES: Mapping[int, str] = {413: "Content Too Large", 422: "Unprocessable Content"}
#: What a bare status means here; an error of the business brings its own sentence.
DETAILS: Mapping[int, str] = {
    400: "The request could not be read. Send a JSON object as the contract describes it.",
    404: "The API has no such address. The addresses it has are listed at /docs.",
    405: "This address does not take that method. What it takes stands in the Allow header.",
    413: "The body is larger than 256 KiB. Send documents to the address that /api/upload-file gives, not in the body.",
    415: "The body is not JSON. Send JSON, with the header Content-Type: application/json.",
    500: "Something went wrong on our side. What was saved before is still there. Try again, and give us the requestId if it recurs.",
    503: "The portal's database is not answering. What was saved before is still there. Try again in half a minute.",
}


class FieldProblem(BaseModel):
    """One field that is wrong."""

    field: str = Field(description="The field, in the API's own spelling", examples=["companyPhone"])
    message: str = Field(description="What is wrong and what to do", examples=["Enter an email address like name@example.com"])
    step: int | None = Field(None, description="The step it stands in")
    slot: str | None = Field(None, description="For a document: its slot, as /api/upload-file takes it")


class ProblemDetails(BaseModel):
    """RFC 9457: what every error of the API looks like."""

    type: str = Field("about:blank", description="Always `about:blank`: the status says the kind")
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(description="One sentence for a person", examples=["2 answers need attention."])
    errors: list[FieldProblem] = Field(default_factory=list, description="Each field that is wrong")


def install(app: FastAPI) -> None:
    """Answer every error of `app` by problem details; pages take their own paths back (portal/pages/errors.py)."""
    answers: Mapping[type[Exception], Callable[[Request, Any], Response]] = {
        Refused: _refused,
        Failure: _failed,
        HTTPException: _plain,
        RequestValidationError: _unread,
        OperationalError: _database_away,
        PoolTimeout: _database_away,
        Exception: _unexpected,
    }
    for kind, answer in answers.items():
        app.add_exception_handler(kind, answer)
    _describe(app)


def problem(
    status: int, detail: str, errors: Iterable[Mapping[str, Any]] = (), headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """The answer itself; `more` are further members, such as what is stored on a conflict."""
    title = TITLES.get(status) or HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "errors": list(errors), **more}
    # ASCII escapes: half of a surrogate pair that somebody sent is echoed, and UTF-8 could not hold it.
    return Response(json.dumps(body, default=str), status, dict(headers or {}), MEDIA_TYPE)


def detail_of(status: int, otherwise: str = "") -> str:
    """What a bare status means here, for the reader."""
    return _(DETAILS[status]) if status in DETAILS else otherwise


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses=`: the errors it may answer, besides 429, 500 and 503 of all and 415 of those that read bodies."""
    every = {*statuses, 429, 500, 503} | ({415} if 413 in statuses else set())
    return {status: {"model": ProblemDetails, "description": _MEANINGS[status]} for status in sorted(every)}


def field_errors(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """The verbs' problems, with the fields as the API spells them; a document also names its slot."""
    return [_field_error(found) for found in problems]


def _field_error(found: Problem) -> dict[str, Any]:
    error: dict[str, Any] = {"field": to_camel(found.field) if "_" in found.field else found.field, "message": found.message}
    error |= {"step": found.step} if found.step else {}
    return error | ({"slot": found.field} if found.field in SLOTS else {})


def _refused(_: Request, error: Refused) -> Response:
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany | NotYet) else {}
    headers |= {"WWW-Authenticate": "Bearer"} if isinstance(error, TokenNeeded) else {}
    more = {"beingChecked": True} if isinstance(error, NotYet) else {}
    return problem(error.status, error.detail, field_errors(error.problems), headers, **more)


def _failed(__: Request, error: Failure) -> Response:
    """A system outside is away (try again) or not set up (the log tells the operator); nothing of the request is kept half done."""
    if isinstance(error, Passing):
        later = math.ceil(error.retry_after or RETRY_SECONDS)
        detail = _("{failure} Nothing is lost. Try again later.").format(failure=error.words)
        return problem(503, detail, headers={"Retry-After": str(later)})
    log.error("another system refuses us", reason=error.reason, kind=type(error).__name__)
    detail = _("{failure} Nothing was lost. Try again in a few minutes.").format(failure=error.words)
    return problem(503, detail, requestId=logs.request_id())


def _plain(_: Request, error: HTTPException) -> Response:
    return problem(error.status_code, detail_of(error.status_code, error.detail), headers=error.headers)


def _unread(request: Request, error: RequestValidationError) -> Response:
    """422 with a sentence for each field; 400 when there is no JSON object at all, 415 when it is sent as something else."""
    wrong = [sentence(found) for found in error.errors()]
    if nothing := next((found for found in wrong if not found["field"]), None):
        if _is_something_else(request):
            return problem(415, detail_of(415), headers={"Accept": JSON})
        return problem(400, nothing["message"])
    said = ngettext("{count} field is wrong.", "{count} fields are wrong.", len(wrong))
    return problem(422, said.format(count=len(wrong)), wrong)


def _is_something_else(request: Request) -> bool:
    """Whether there is a body that is not called JSON; `application/merge-patch+json` is JSON too."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return request.headers.get("content-length") != "0" and kind != JSON and not kind.endswith("+json")


def _database_away(request: Request, error: Exception) -> Response:
    if wants_page(request):
        raise error  # a page has its own way to say so
    log.error("the database is away", error=type(error).__name__, exc_info=error)
    return problem(503, detail_of(503), headers={"Retry-After": str(RETRY_SECONDS)}, requestId=logs.request_id())


def wants_page(request: Request) -> bool:
    """Whether a person's browser goes somewhere; scripts of ours that send something, and programs, want the problem as JSON."""
    if request.url.path.startswith("/api/"):
        return False
    return request.method in ("GET", "HEAD") or "text/html" in request.headers.get("accept", "")


def _unexpected(_: Request, __: Exception) -> Response:
    """A bug. The server logs the trace under the same request id; the caller never sees it."""
    return problem(500, detail_of(500), requestId=logs.request_id())


def _describe(app: FastAPI) -> None:
    """FastAPI documents errors as application/json; ours are problem details."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            for answer in _error_answers(made()):
                answer["content"] = {MEDIA_TYPE: answer["content"].pop("application/json")}
        return made()

    app.openapi = openapi  # type: ignore[method-assign]


def _error_answers(schema: dict[str, Any]) -> list[dict[str, Any]]:
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    answers = [(status, answer) for operation in operations for status, answer in operation["responses"].items()]
    return [answer for status, answer in answers if status >= "400" and "application/json" in answer.get("content", {})]


_MEANINGS: Mapping[int, str] = {
    400: "The body is not a JSON object",
    401: "The invitation code, key, signature or token is not valid",
    403: "The token has not the scope, or the request comes from a page of another site",
    404: "There is no such thing",
    409: "The state has moved on: submitted already, changed by somebody else, or not yet arrived",
    412: "If-Match names what is no longer so: read it again",
    413: "The body is larger than 256 KiB",
    415: "The body is not called JSON by its Content-Type",
    422: "A field is wrong; `errors` names each",
    429: "Too many requests from this address; `Retry-After` says when to come back",
    500: "Something went wrong on our side",
    503: "A system we need is away; `Retry-After` says when to come back",
}
