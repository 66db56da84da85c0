"""Whether the process lives, and whether it can do its work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import sqlalchemy as sa
import structlog
from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from integrations.queue import connection
from integrations.storage import storage
from models.database import reading
from models.pause import pauses

router = APIRouter(tags=["Health"])
log = structlog.stdlib.get_logger(__name__)
SECONDS = 3.0
STOPPED = object()


class Alive(BaseModel):
    """The process answers."""

    status: str = "ok"


class Ready(BaseModel):
    """`ok`; `degraded`: everything is taken and nothing is lost, but something waits; or `unready`: nothing can be stored."""

    status: str
    database: str
    redis: str
    storage: str
    deliveries: str


@router.get("/healthz")
async def healthz() -> Alive:
    """The process is up. Asks nobody, so that a restart is never the answer to somebody else's outage."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Ready, "description": "The database is away"}})
async def readyz() -> JSONResponse:
    """What the portal stands on, each asked with a time limit: `ok` or `away`; of the deliveries, whether an operator has `stopped` any.

    503 only without the database: without Redis the worker's sweep delivers, and without the store answers are still taken.
    """
    states = await asyncio.gather(*(_state(name, check) for name, check in _CHECKS.items()))
    found = dict(zip(_CHECKS, states, strict=True))
    status = "unready" if found["database"] == "away" else "ok" if set(states) == {"ok"} else "degraded"
    return JSONResponse({"status": status, **found}, 503 if status == "unready" else 200)


async def _state(name: str, check: Callable[[], object]) -> str:
    try:
        answer = await asyncio.wait_for(run_in_threadpool(check), SECONDS)
    except Exception as error:  # whatever stands in the way, the answer is the same; the log says what it was
        log.warning("a part is away", part=name, error=type(error).__name__)
        return "away"
    return "stopped" if answer is STOPPED else "ok"


def _database() -> None:
    with reading() as session:
        session.execute(sa.text("select 1"))


def _deliveries() -> object:
    with reading() as session:
        return STOPPED if pauses(session) else None


_CHECKS: dict[str, Callable[[], object]] = {
    "database": _database,
    "redis": lambda: connection().ping(),
    "storage": lambda: storage().head("readyz"),
    "deliveries": _deliveries,
}
