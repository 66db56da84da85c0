"""From a key to its committed row, with 1 to 500 partners typing at once against one portal process.

`python3 dev.py bench typing [1,50,200,500] [sqlite,postgresql]`
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests

from e2e.product import ROOT, Product, eventually, running
from tests.parts import environment_of
from tests.performance.figures import told

SECONDS = float(os.environ.get("BENCH_SECONDS", "45"))


def main(sizes: str = "1,50,200,500", databases: str = "sqlite,postgresql") -> None:
    """Print one line a crowd."""
    for database in databases.split(","):
        print(f"\n{database}: {bare(database)}", flush=True)
        for size in map(int, sizes.split(",")):
            with portal(database) as (product, process):
                print(Crowd(product, process, size).report(), flush=True)


@contextmanager
def portal(database: str) -> Iterator[tuple[Product, psutil.Process]]:
    """A portal process of its own behind one proxy, so that each partner may have an address; no worker beside it."""
    options = ["--postgres"] if database == "postgresql" else []
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder, running(Path(folder) / "var", "--parts-only", *options) as product:
        environment = {**os.environ, **product["environment"], "TRUSTED_PROXIES": "1", "LOG_LEVEL": "WARNING"}
        if options:
            _create(product)
        subprocess.run([sys.executable, "-m", "alembic", "upgrade", "head"], cwd=ROOT, env=environment, check=True, capture_output=True)
        log = (Path(folder) / "portal.log").open("wb")
        process = subprocess.Popen([sys.executable, "-m", "portal"], cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            eventually(lambda: _answers(product), "the portal to answer", 60)
            yield product, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(20)


@dataclass
class Crowd:
    """So many partners against one process."""

    product: Product
    process: psutil.Process
    size: int

    def report(self) -> str:
        """Gather, type, and say what it cost."""
        _open_one(self.product, self.codes(1)[0])  # the first page of all compiles templates
        before = self.process.memory_info().rss
        command = [sys.executable, "-m", "tests.performance.crowd", self.product["portal"], ",".join(self.codes(self.size)), str(SECONDS)]
        crowd = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert crowd.stdin and crowd.stdout
        if crowd.stdout.readline().strip() != "gathered":
            raise RuntimeError("The crowd did not gather.")
        gathered, cpu, began = self.process.memory_info().rss, sum(self.process.cpu_times()[:2]), time.perf_counter()
        crowd.stdin.write("go\n")
        crowd.stdin.flush()
        taken = json.loads(crowd.stdout.readline())
        spent = (sum(self.process.cpu_times()[:2]) - cpu) / (time.perf_counter() - began)
        after = self.process.memory_info().rss
        crowd.communicate()
        return self._line(taken, spent, gathered - before, after - before)

    def _line(self, taken: dict[str, Any], spent: float, gathered: int, after: int) -> str:
        saves, pages, health = (sorted(taken[name]) for name in ("saves", "pages", "health"))
        memory = f"{gathered / self.size / 1e6:.2f} MB a partner, {after / self.size / 1e6:.2f} at the end"
        slower = f"{_middle(saves) / _middle(health):.1f} times /healthz" if health else ""
        return (
            f"{self.size:>4} partners: {len(saves) / SECONDS:.0f} saves/s, {told(saves)} ({slower}: {told(health)}); "
            f"{len(pages) / SECONDS:.1f} pages/s, {told(pages)}; CPU {spent:.0%} of one core; {memory}; failed {len(taken['failed'])}"
            + (f", such as {taken['failed'][0][:200]}" if taken["failed"] else "")
        )

    def codes(self, number: int) -> list[str]:
        """New invitations, written straight into the tables: no mail, no list item."""
        with environment_of(self.product["environment"]):
            from models.database import engine, now, transaction
            from models.invitation import Invitation

            codes = [secrets.token_hex(4).upper() for _ in range(number)]
            with transaction() as session:
                for code in codes:
                    session.add(Invitation(code=code, company_name=f"Crowd {code}", contact_email=f"{code}@crowd.example", created_at=now(), source="bench"))  # fmt: skip
            engine().dispose()
        return codes


def bare(database: str) -> str:
    """What a commit of 2 KB costs without us, on this machine, now."""
    if database != "sqlite":
        return "beside it in the same run, /healthz of the same process"
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        connection.executescript("pragma journal_mode=wal; pragma synchronous=full; create table t(v)")
        taken = []
        for _ in range(300):
            began = time.perf_counter()
            connection.execute("insert into t values (?)", ("x" * 2000,))
            taken.append((time.perf_counter() - began) * 1000)
        return f"a bare commit of 2 KB {told(sorted(taken))}"


def _open_one(product: Product, code: str) -> None:
    for number in range(3):
        requests.get(product.url("/apply"), params={"code": code}, headers={"X-Forwarded-For": f"192.0.2.{number}"}, timeout=30)


def _create(product: Product) -> None:
    from integrations.local.run import _create_database

    _create_database(product["database_url"].rpartition("/")[0] + "/postgres", "portal")


def _answers(product: Product) -> bool:
    try:
        return requests.get(product.url("/healthz"), timeout=2).ok
    except requests.RequestException:
        return False


def _middle(taken: list[float]) -> float:
    return taken[len(taken) // 2] if taken else 0.0
