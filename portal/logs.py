"""Each request's id and its line in the log. How lines are written, and what is taken out of them, stands in integrations/logs.py."""

from __future__ import annotations

import logging
import random
import re
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.stdlib.get_logger("portal.access")
#: Names of requests open no door. The system's own randomness gives the interpreter's lock away, and it comes back late under load.
_ids = random.Random()  # noqa: S311

#: Answered so often that only a search for a fault wants to see them.
ROUTINE = ("/static/", "/_nicegui", "/healthz", "/readyz", "/favicon.ico")


def request_id() -> str:
    """The id of the request that is being answered, which its error page shows; empty outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


class AccessLog:
    """ASGI: gives each request an id, sends it back as X-Request-Id, and writes one line when it is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        made, began, status = f"{_ids.getrandbits(48):012x}", time.perf_counter(), [500]
        # Never unbound: the server logs an unhandled error after this returns, and its line needs the id too.
        structlog.contextvars.bind_contextvars(request_id=made)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", made.encode())]
            await send(message)

        try:
            return await self.app(scope, receive, sending)
        finally:
            _write_line(scope, status[0], round((time.perf_counter() - began) * 1000, 1))


def _write_line(scope: Scope, status: int, ms: float) -> None:
    saved = scope["path"] == "/apply/answers" and status < 400  # every few keys of every partner
    routine = saved or scope["path"].startswith(ROUTINE)
    if routine and not logging.getLogger("portal.access").isEnabledFor(logging.DEBUG):
        return
    (log.debug if routine else log.info)("request", method=scope["method"], path=_template(scope), status=status, ms=ms)


def _template(scope: Scope) -> str:
    """The route's pattern, which holds no code and no id; the path itself, cut short, where no route matched."""
    pattern = getattr(scope.get("route"), "path", "")
    return pattern if pattern else re.sub(r"[\w-]{8,}", "…", scope["path"])[:80]
