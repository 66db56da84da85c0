"""The bare limit of the API's three busiest routes: ASGI without a framework, the same questions to the same kind of database.

No limits, no headers, no rules, nothing is checked but the code. Served by uvicorn in an environment of its own, where asyncpg is; the address
of its database stands in DATABASE_URL, the answers' columns in columns.json, both written by api.py.
"""

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

URL, FOLDER = os.environ["DATABASE_URL"], Path(os.environ["BENCH_FOLDER"])
COLUMNS: dict[str, list[str]] = json.loads((FOLDER / "columns.json").read_text())
APPLICATION = ("invitation_code", "reference_number", "status", "form_version", "created_at", "updated_at", "submitted_at", *COLUMNS)
Statement = tuple[str, Sequence[Any]]

FIND = "SELECT code, contact_title, company_name, contact_email, notes, status FROM invitations WHERE code = {0}"
SAVE = (
    "INSERT INTO draft_data (invitation_code, step_number, form_data, last_updated, revision) VALUES ({0}, {1}, {2}, {3}, 1)"
    " ON CONFLICT (invitation_code, step_number) DO UPDATE SET form_data = excluded.form_data, last_updated = excluded.last_updated,"
    " revision = draft_data.revision + 1 RETURNING revision"
)
SUBMIT = f"INSERT INTO applications ({', '.join(APPLICATION)}) VALUES ({', '.join(f'{{{n}}}' for n in range(len(APPLICATION)))}) RETURNING id"
FILE = "INSERT INTO application_files (application_id, file_name, r2_key, file_type, file_size) VALUES ({0}, {1}, {2}, {3}, {4})"
EVENT = "INSERT INTO events (application_id, type, at, detail) VALUES ({0}, 'application.submitted', {1}, {2})"


class Sqlite:
    """One connection in the event loop. Changes that are there at the same moment go into one commit, which reaches the disk."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(URL.removeprefix("sqlite:///"), isolation_level=None, cached_statements=200)
        self.connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
        self.waiting: list[tuple[Callable[[Callable[..., Any]], Any], asyncio.Future[Any]]] = []

    async def one(self, statement: str, *given: Any) -> Any:
        return self.connection.execute(_marked(statement, "?"), given).fetchone()

    async def save(self, *given: Any) -> int:
        return await self._changed(lambda run: run(SAVE, given)[0])

    async def submit(self, values: Sequence[Any], files: list[dict[str, Any]], at: str) -> int:
        return await self._changed(lambda run: _submitted(run, values, files, at))

    def _changed(self, change: Callable[[Callable[..., Any]], Any]) -> Awaitable[Any]:
        loop = asyncio.get_running_loop()
        if not self.waiting:
            loop.call_soon(self._commit)
        self.waiting.append((change, loop.create_future()))
        return self.waiting[-1][1]

    def _commit(self) -> None:
        mine, self.waiting = self.waiting, []
        self.connection.execute("BEGIN IMMEDIATE")
        found = [change(self._run) for change, _future in mine]
        self.connection.execute("COMMIT")
        for (_change, future), answer in zip(mine, found, strict=True):
            future.set_result(answer)

    def _run(self, statement: str, given: Sequence[Any]) -> Any:
        return self.connection.execute(_marked(statement, "?"), given).fetchone()


class Postgresql:
    """A pool of asyncpg's, opened by the first request."""

    def __init__(self) -> None:
        self.pool: Any = None
        self.opening = asyncio.Lock()

    async def _open(self) -> Any:
        import asyncpg

        async with self.opening:
            self.pool = self.pool or await asyncpg.create_pool(URL, min_size=10, max_size=10)
        return self.pool

    async def one(self, statement: str, *given: Any) -> Any:
        return await (self.pool or await self._open()).fetchrow(_marked(statement, "$"), *given)

    async def save(self, *given: Any) -> int:
        return await (self.pool or await self._open()).fetchval(_marked(SAVE, "$"), *given)

    async def submit(self, values: Sequence[Any], files: list[dict[str, Any]], at: str) -> int:
        async with (self.pool or await self._open()).acquire() as connection, connection.transaction():
            made = await connection.fetchval(_marked(SUBMIT, "$"), *values)
            await connection.executemany(_marked(FILE, "$"), [_of_file(made, one) for one in files])
            await connection.execute(_marked(EVENT, "$"), made, at, json.dumps({"files": len(files)}))
            return made


def _submitted(run: Callable[..., Any], values: Sequence[Any], files: list[dict[str, Any]], at: str) -> int:
    made = run(SUBMIT, values)[0]
    for one in files:
        run(FILE, _of_file(made, one))
    run(EVENT, (made, at, json.dumps({"files": len(files)})))
    return made


def _of_file(made: int, one: dict[str, Any]) -> tuple[Any, ...]:
    return made, one["fileName"], one["r2Key"], one["fileType"], one["fileSize"]


_texts: dict[tuple[str, str], str] = {}


def _marked(statement: str, mark: str) -> str:
    """A statement with the driver's own marks: `?`, or `$1` and so on."""
    found = _texts.get((statement, mark))
    if found is None:
        marks = [mark if mark == "?" else f"{mark}{number}" for number in range(1, len(APPLICATION) + 1)]
        found = _texts[statement, mark] = statement.format(*marks)
    return found


store = Sqlite() if URL.startswith("sqlite") else Postgresql()


async def validate(sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    found = await store.one(FIND, sent["invitationCode"].strip().upper())
    if found is None or found[5] != "active":
        return 200, {"valid": False, "message": "Invalid or expired invitation code", "invitation": None, "source": "database"}
    told = dict(zip(("code", "title", "companyName", "contactEmail", "notes"), found, strict=False))
    return 200, {"valid": True, "message": "Valid invitation code", "invitation": told, "source": "database"}


async def save(sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    if not await store.one(FIND, sent["invitationCode"]):
        return 401, {}
    at = _now()
    revision = await store.save(sent["invitationCode"], sent["step"], json.dumps(sent["formData"]), at)
    return 200, {"success": True, "revision": revision, "savedAt": at}


async def submit(sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    code, at = sent["invitationCode"], _now()
    if not await store.one(FIND, code):
        return 401, {}
    answers = {name: value for number in range(1, 7) for name, value in sent[f"step{number}"].items()}
    given = [json.dumps(one) if isinstance(one, list) else one for one in (answers.get(name) for name in _names)]
    made = await store.submit((code, f"EPC-2026-{time.time_ns()}", "submitted", "1", at, at, at, *given), sent["fileReferences"], at)
    return 201, {"success": True, "applicationId": str(made), "message": "Application submitted successfully", "sharepointSynced": False,
                 "emailsSent": False, "statusUrl": f"/api/status?invitationCode={code}"}  # fmt: skip


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


_names = [written for written, _kind in COLUMNS.values()]
ROUTES = {"/api/validate-invitation": validate, "/api/save-draft": save, "/api/epc-application": submit}


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """ASGI."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    route = ROUTES.get(scope["path"])
    status, told = await route(json.loads(body)) if route else (404, {})
    answer = json.dumps(told).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
