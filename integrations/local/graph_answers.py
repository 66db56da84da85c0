"""What the local Graph answers when it does not answer as it should."""

from __future__ import annotations

import uuid

from starlette.responses import JSONResponse, Response

from integrations.local.faults import Fault
from integrations.local.graph_lists import GraphError, now


def error(wrong: GraphError, headers: dict[str, str] | None = None) -> Response:
    """The error as Graph puts it."""
    inner = {"request-id": str(uuid.uuid4()), "date": now()}
    return JSONResponse({"error": {"code": wrong.code, "message": wrong.message, "innerError": inner}}, wrong.status, headers)


def fault_of(fault: Fault) -> Response:
    """What the fault answers; the status 0 promises more than it sends, so that the connection breaks."""
    if not fault.status:
        return Response(b"{", headers={"Content-Length": "2"})
    return error(GraphError(fault.status, _code(fault.status)), fault.headers)


def _code(status: int) -> str:
    return {429: "activityLimitReached", 503: "serviceNotAvailable", 401: "InvalidAuthenticationToken"}.get(status, "generalException")
