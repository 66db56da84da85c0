"""`python3 dev.py bench`: how long the product takes to start, to show a step, and to have a key in the database.

Each figure stands beside something measured in the same run, since the machines are shared and noisy.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import requests
from playwright.sync_api import BrowserContext, sync_playwright

from e2e.conftest import BROWSERS, QUIET
from e2e.product import Product, running

CHANGES = 300


def main() -> None:
    """Print the report."""
    print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
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
    with sync_playwright() as playwright:
        found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
        arguments = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
        with playwright.chromium.launch(executable_path=found, args=arguments) as chromium:
            visits(chromium.new_context(), product, code)


def visits(context: BrowserContext, product: Product, code: str) -> None:
    """First and return visit to a step beside the entrance, which is plain HTML."""
    visit(context, "the entrance, cold", product.url("/apply"), "h1")
    visit(context, "step 1, first visit", product.url(f"/apply?code={code}"), "#company_name")
    visit(context, "step 1, return visit", product.url("/apply/company"), "#company_name")
    visit(context, "step 5, first visit", product.url("/apply/insurance"), "#questions fieldset")


def visit(context: BrowserContext, name: str, address: str, sign: str) -> None:
    """Bytes, requests and milliseconds until `sign` is on the page and the socket is there."""
    page = context.new_page()
    network, sizes = page.context.new_cdp_session(page), []
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    began = time.perf_counter()
    page.goto(address)
    page.wait_for_selector(sign)
    if sign != "h1":
        page.wait_for_function("window.did_handshake")
    print(f"{name}: {sum(sizes) / 1024:.0f} KiB, {len(sizes)} requests, {(time.perf_counter() - began) * 1000:.0f} ms")
    page.close()


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


def told(taken: list[float]) -> str:
    """Median and 99th percentile in words."""
    return f"p50 {middle(taken):.1f} ms, p99 {taken[int(len(taken) * 0.99)]:.1f} ms"


if __name__ == "__main__":
    main()
