"""The API's three busiest routes, all limits and headers on, beside ASGI without a framework and beside FastAPI with SQLModel.

`python3 dev.py bench api [seconds] [sqlite,postgresql]`: requests a second, median and 99th percentile with 1, 16 and 64 connections, each for
so many seconds in alternating rounds on one machine with the same settings of uvicorn; then the same routes while 200 partners type in the
portal's process (BENCH_TYPING, 0 leaves that out). A code is one in 100,000; every request comes from an address of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from e2e.product import ROOT, Product, eventually
from integrations.local.run import _create_database
from tests.parts import environment_of, free_port
from tests.performance.api_rows import COLUMNS, DRAFTS, MANY, Route, routes, seeded
from tests.performance.figures import told
from tests.performance.typing import Crowd, portal

PORTAL, CONNECTIONS, ROUNDS = "the portal", (1, 16, 64), 2
TYPING, TYPING_SECONDS = int(os.environ.get("BENCH_TYPING", "200")), 30.0
#: Requests a second of each route while the partners type.
BESIDE = {"validate-invitation": 10.0, "save-draft": 10.0, "epc-application": 2.0}
SAME = ("--loop", "asyncio", "--no-access-log", "--no-proxy-headers", "--no-server-header", "--timeout-keep-alive", "65", "--log-level", "critical")
#: What the rivals are made of, in the versions that we have; asyncpg we have not.
MADE_OF = ("fastapi", "sqlmodel", "sqlalchemy", "uvicorn", "httptools", "psycopg", "psycopg-binary")
ASYNCPG = "asyncpg==0.32.0"


@dataclass
class Server:
    """One that is asked."""

    name: str
    origin: str


@dataclass
class Measured:
    """Sorted milliseconds of some rounds together, how long these took, and what went wrong."""

    each: list[float] = field(default_factory=list)
    seconds: float = 0.0
    failed: dict[str, int] = field(default_factory=dict)

    def add(self, taken: dict[str, Any]) -> Measured:
        """One round more."""
        self.each = sorted([*self.each, *taken["each"]])
        self.seconds += taken["seconds"]
        self.failed |= taken["failed"]
        return self

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.each) / self.seconds if self.seconds else 0.0

    def words(self) -> str:
        """For a cell of a table."""
        wrong = f", **{sum(self.failed.values())} failed**: {next(iter(self.failed))}" if self.failed else ""
        return f"{self.rate:,.0f}/s, {told(self.each)}{wrong}"


def main(seconds: str = "10", databases: str = "sqlite,postgresql") -> None:
    """Print a table for each database, fit for REPORT.md, and what stands beside it."""
    for database in databases.split(","):
        with ExitStack() as stack:
            product, process = stack.enter_context(portal(database))
            stack.enter_context(environment_of(product["environment"]))
            took = seeded()
            print(f"\n{database}: {MANY:,} invitations and {DRAFTS:,} begun applications entered in {took:.0f} s\n", flush=True)
            servers = [Server(PORTAL, product["portal"]), *stack.enter_context(rivals(product, database))]
            asked = routes()
            table(asked, servers, float(seconds), database)
            if TYPING:
                beside_typing(asked, Crowd(product, process, TYPING), servers[0])


def table(asked: Sequence[Route], servers: Sequence[Server], seconds: float, database: str) -> None:
    """A line for each route and number of connections."""
    print(f"| {database} | {' | '.join(server.name for server in servers)} | of the bare | of the tutorial |\n|{'---|' * (len(servers) + 3)}", flush=True)
    own = 0.0
    for route in asked:
        for connections in CONNECTIONS:
            found = {server.name: Measured() for server in servers}
            for _round in range(ROUNDS):
                for server in servers:
                    taken = load(server, route, connections, seconds / ROUNDS)
                    found[server.name].add(taken["taken"][0])
                    own = max(own, taken["own"])
            ours, bare, tutorial = found.values()
            print(f"| {route.name}, {connections} | {' | '.join(one.words() for one in found.values())} | {_ratio(ours, bare)} | {_ratio(ours, tutorial)} |", flush=True)
    print(f"\nThe callers' process had {own:.0%} of a core at most.", flush=True)


def load(server: Server, route: Route, connections: int, seconds: float) -> dict[str, Any]:
    """What a process of callers took."""
    taken = called([_plan(server, route, connections, seconds)])
    if route.once and server.name == PORTAL:
        del route.codes[: len(taken["taken"][0]["each"])]
    return taken


def beside_typing(asked: Sequence[Route], crowd: Crowd, server: Server) -> None:
    """The routes at a steady pace while the crowd types in the same process."""
    command = [sys.executable, "-m", "tests.performance.crowd", server.origin, ",".join(crowd.codes(crowd.size)), str(TYPING_SECONDS)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin and process.stdout
    if process.stdout.readline().strip() != "gathered":
        raise RuntimeError("The crowd did not gather.")
    process.stdin.write("go\n")
    process.stdin.flush()
    plans = [_plan(server, route, 4, TYPING_SECONDS - 5, rate=BESIDE[route.name]) for route in asked]
    told_of = called(plans)["taken"]
    typed = json.loads(process.stdout.readline())
    process.communicate()
    print(f"\nWhile {crowd.size} partners type ({len(typed['saves']) / TYPING_SECONDS:.0f} saves/s, {told(sorted(typed['saves']))}, failed {len(typed['failed'])}):", flush=True)
    for plan, taken in zip(plans, told_of, strict=True):
        print(f"- {plan['rate']:g} a second of {plan['path']}: {Measured().add(taken).words()}", flush=True)


def called(plans: list[dict[str, Any]]) -> dict[str, Any]:
    """What a process of callers took for each of the plans, which it carried out side by side."""
    command = [sys.executable, "-m", "tests.performance.api_load"]
    done = subprocess.run(command, cwd=ROOT, input=json.dumps(plans), stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def rivals(product: Product, database: str) -> Iterator[list[Server]]:
    """Both, in one environment of their own, over a database of their own of the same kind with the same invitations."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder, ExitStack() as stack:
        python = _environment(Path(folder))
        (Path(folder) / "columns.json").write_text(json.dumps(COLUMNS))
        there = {**os.environ, "BENCH_FOLDER": folder, "BENCH_MANY": str(MANY), "DATABASE_URL": _database(product, database, Path(folder))}
        subprocess.run([python, "-m", "tests.performance.api_tutorial"], cwd=ROOT, env=there, check=True)
        driver = "sqlite3" if database == "sqlite" else "asyncpg"
        served = {f"ASGI and {driver}, bare": "api_bare:application", "FastAPI and SQLModel": "api_tutorial:app"}
        yield [Server(name, stack.enter_context(_served(python, module, there))) for name, module in served.items()]


@contextmanager
def _served(python: str, module: str, environment: dict[str, str]) -> Iterator[str]:
    """Where it answers, with the settings of uvicorn that the portal has."""
    port = free_port()
    command = [python, "-m", "uvicorn", f"tests.performance.{module}", "--port", str(port), *SAME]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        eventually(lambda: _listens(port), f"{module} to answer", 30)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/nothing", timeout=5).status_code == 404
    except httpx.HTTPError:
        return False


def _environment(folder: Path) -> str:
    uv, python = str(ROOT / ".tools" / "bin" / "uv"), str(folder / "rivals" / "bin" / "python")
    made_of = [f"{name}=={version(name)}" for name in MADE_OF]
    for command in ([uv, "venv", str(folder / "rivals")], [uv, "pip", "install", "--compile-bytecode", "--python", python, *made_of, ASYNCPG]):
        subprocess.run(command, check=True, capture_output=True)
    return python


def _database(product: Product, database: str, folder: Path) -> str:
    """The address of an empty one."""
    if database == "sqlite":
        return f"sqlite:///{folder / 'rivals.db'}"
    server = product["database_url"].rpartition("/")[0].replace("postgresql+psycopg://", "postgresql://")
    _create_database(f"{server}/postgres", "rivals")
    return f"{server}/rivals"


def _plan(server: Server, route: Route, connections: int, seconds: float, rate: float = 0.0) -> dict[str, Any]:
    address = urlsplit(server.origin)
    return {
        "host": address.hostname, "port": address.port, "path": f"/api/{route.name}", "body": route.body, "codes": route.codes,
        "connections": connections, "seconds": seconds, "status": route.status, "says": route.says,
        "once": route.once and server.name == PORTAL, "rate": rate,
    }  # fmt: skip


def _ratio(ours: Measured, theirs: Measured) -> str:
    return f"{ours.rate / theirs.rate:.2f}" if theirs.rate else "-"
