"""The log: one JSON line an event on stdout, with the request's id and without anything that opens a door or names a person."""

from __future__ import annotations

import logging
import random
import re
import sys
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.stdlib.get_logger("portal.access")
#: Names of requests open no door. The system's own randomness gives the interpreter's lock away, and it comes back late under load.
_ids = random.Random()  # noqa: S311

#: What is taken out of every text that is logged: codes and tokens, queries, parameters of a statement, addresses of people.
REDACTIONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\[parameters: .*"), "[parameters: …]"),
    (re.compile(r"(?i)\b(code|token|state|nonce|key|secret|password|signature|authorization|cookie)(=|: ?|%3D)[^\s&\"',;)]+"), r"\1\2…"),
    (re.compile(r"(?<=[\w/])\?[\w%.~+-]+=[^\s\"']*"), "?…"),
    (re.compile(r"[\w.+'-]+@[\w-]+(\.[\w-]+)+"), "<email>"),
    (re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"), "<address>"),
    (re.compile(r"/(apply|documents|uploads|sign-in)/[A-Za-z0-9_-]{16,}"), r"/\1/…"),
    (re.compile(r"\buploads/[0-9A-Z]{8}/"), "uploads/…/"),
)
_OURS = frozenset({"timestamp", "request_id"})
#: Answered so often that only a search for a fault wants to see them.
ROUTINE = ("/static/", "/_nicegui", "/healthz", "/readyz", "/favicon.ico")


def set_up(level: str) -> None:
    """Send every logger of this process, the libraries' too, as JSON to stdout; `level` is the least severe one kept."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(), structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]  # fmt: skip
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(), wrapper_class=structlog.stdlib.BoundLogger, cache_logger_on_first_use=False,
    )  # fmt: skip
    as_json = structlog.processors.JSONRenderer(ensure_ascii=False)
    finish: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, as_json]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=finish))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    _quieten()


def redact(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take out of a log line's texts what REDACTIONS names; structlog calls it last before the JSON."""
    return {name: clean(value) if isinstance(value, str) and name not in _OURS else value for name, value in line.items()}


def clean(text: str) -> str:
    """`text` without codes, tokens, queries and addresses."""
    for pattern, instead in REDACTIONS:
        text = pattern.sub(instead, text)
    return text


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


def _quieten() -> None:
    """Libraries write through the root's handler only, and no louder than they are useful."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "nicegui"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    for name in ("botocore", "boto3", "urllib3", "msal", "engineio", "socketio", "httpx", "asyncio", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)
