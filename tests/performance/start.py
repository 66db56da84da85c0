"""How long the product takes to start, and one change to be in the database. `python3 dev.py bench start`.

Each figure stands beside something measured in the same run, since the machines are shared and noisy.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import requests

from e2e.product import Product, running
from tests.performance.figures import told

CHANGES = 300


def main() -> None:
    """Print the report."""
    folder = Path(tempfile.mkdtemp(prefix="portal-bench-"))
    try:
        first, _ = timed(lambda: running(folder / "var"), lambda product: None)
        again, _ = timed(lambda: running(folder / "var"), lambda product: report(product, folder))
        print(f"start, environment there, first time in a folder: {first:.1f} s; again: {again:.1f} s")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def timed(start: Callable[[], AbstractContextManager[Product]], use: Callable[[Product], None]) -> tuple[float, None]:
    """Seconds until the product is ready, then `use` it."""
    began = time.perf_counter()
    with start() as product:
        took = time.perf_counter() - began
        use(product)
    return took, None


def report(product: Product, folder: Path) -> None:
    """What a partner feels."""
    code = product["invitation_code"]
    browser = requests.Session()
    page = browser.get(product.url("/apply"), params={"code": code}, timeout=30).text
    application = int(re.search(r'data-draft=\\?"(\d+)', page)[1])  # type: ignore[index]
    healthy = sample(lambda: browser.get(product.url("/healthz"), timeout=30))
    saved = sample(lambda: save(browser, product, application))
    bare = sample(committer(folder / "bare.db"))
    print(f"one change, posted until committed (SQLite, synchronous=FULL): {told(saved)}")
    print(f"  beside /healthz {told(healthy)} and a bare sqlite3 commit {told(bare)}: {middle(saved) / (middle(healthy) + middle(bare)):.1f} times both")


def save(browser: requests.Session, product: Product, application: int) -> None:
    """One changed answer, as the form's journal sends it."""
    item = {"name": "company_city", "value": str(time.time()), "sequence": time.time_ns() // 1000}
    browser.post(product.url("/apply/answers"), json={"application": application, "items": [item]}, timeout=30).raise_for_status()


def committer(path: Path) -> Callable[[], object]:
    """One durable row in a file of its own."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("pragma journal_mode=wal; pragma synchronous=full; create table t(v)")
    return lambda: connection.execute("insert into t values (?)", ("x" * 2000,))


def sample(act: Callable[[], object]) -> list[float]:
    """Milliseconds of each of `CHANGES` runs, sorted."""
    taken = []
    for _ in range(CHANGES):
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)


def middle(taken: list[float]) -> float:
    """The median."""
    return statistics.median(taken)
