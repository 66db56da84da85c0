"""The review desk over 100,000 applications, in a process of its own, beside Django's admin on the same rows in one run.

`python3 dev.py bench desk [how many] [sqlite,postgresql]`: the list by its address and the list in place, the first paint of an
application's page, an export of everything, and 50 reviewers at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import sqlalchemy as sa
from sqlmodel import Session

from e2e.product import ROOT, eventually
from models.application import Application
from models.database import engine
from models.looked import looked
from models.person import Actor, Role
from models.queue import look
from tests.desk import person, token
from tests.pages import cookie
from tests.parts import environment_of, free_port
from tests.performance.figures import taken, told
from tests.performance.queue import MANY, seeded
from tests.performance.typing import portal
from tests.performance.visits import chromium

DJANGO = ("django==5.2.8", "gunicorn==23.0.0", "psycopg[binary]==3.2.13")
LOOKS, AT_ONCE, REVIEWERS = 20, 4, 50
SECONDS = float(os.environ.get("BENCH_SECONDS", "30"))
#: What is looked at → the portal's address and the admin's.
LISTS = {
    "status and words, newest first, count": ("/review?status=approved&q=solar+11", "/admin/bench/application/?status=approved&q=solar+11"),
    "all, newest first, count": ("/review?view=all", "/admin/bench/application/"),
    "all, last page": ("/review?view=all&page=last", "/admin/bench/application/?p={last}"),
}
KINDS = {sa.JSON: "json", sa.Boolean: "boolean", sa.Date: "date", sa.Integer: "number", sa.Float: "number", sa.Numeric: "number"}


@dataclass(frozen=True)
class Site:
    """A server with somebody signed in."""

    name: str
    origin: str
    cookies: dict[str, str]

    def client(self, number: int = 0) -> httpx.Client:
        """A browser of theirs, at an address of its own."""
        return httpx.Client(base_url=self.origin, cookies=self.cookies, headers={"accept": "text/html", "x-forwarded-for": f"10.7.0.{number}"}, timeout=120)


def main(many: str = str(MANY), databases: str = "sqlite,postgresql") -> None:
    """Print what each costs."""
    for database in databases.split(","):
        with portal(database) as (product, process), environment_of(product["environment"]), tempfile.TemporaryDirectory() as folder:
            print(f"\n{database}: {int(many):,} applications with 97 columns entered in {seeded(int(many)):.0f} s", flush=True)
            reader, ours = person(Role.REVIEWER), Site("the portal", product["portal"], {"portal": cookie({"staff": token(Role.REVIEWER)})})
            with admin(Path(folder)) as theirs:
                lists(ours, theirs, reader, int(many))
            first_paint(ours, int(many))
            export(ours, process)
            asyncio.run(reviewers(ours, int(many)))


def lists(ours: Site, theirs: Site, reader: Actor, many: int) -> None:
    """Each list by its address, of one reader and of four, on both; and the portal's in place, as a search or a page turn costs."""
    for name, addresses in LISTS.items():
        wanted = looked(dict(httpx.URL(addresses[0]).params), reader.user_id)
        figures = [_asked(site, address.format(last=-(-many // 50))) for site, address in zip((ours, theirs), addresses, strict=True)]
        with Session(engine()) as session:
            looks = taken(lambda wanted=wanted: look(session, wanted), LOOKS)  # type: ignore[misc]
        print(f"  {name}:", flush=True)
        for site, (one, rate) in zip((ours, theirs), figures, strict=True):
            print(f"    {site.name}: one reader {told(one)}; {AT_ONCE} readers {rate:.1f} a second", flush=True)
        print(f"    the portal, looked up in place (no page around it): {told(looks)}; {figures[0][1] / figures[1][1]:.1f} times the admin's pages a second, "
              f"{figures[1][0][LOOKS // 2] / looks[LOOKS // 2]:.0f} times as fast in place", flush=True)  # fmt: skip


def _asked(site: Site, address: str) -> tuple[list[float], float]:
    """Sorted milliseconds of one reader's looks, and looks a second of several at once."""
    with site.client() as client:
        _page(client, address)
        one = taken(lambda: _page(client, address), LOOKS)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        began = time.perf_counter()
        list(pool.map(lambda number: _looks(site, number, address), range(1, AT_ONCE + 1)))
        return one, AT_ONCE * LOOKS / 4 / (time.perf_counter() - began)


def _looks(site: Site, number: int, address: str) -> None:
    with site.client(number) as client:
        for _ in range(LOOKS // 4):
            _page(client, address)


def _page(client: httpx.Client, address: str) -> None:
    answer = client.get(address)
    if answer.status_code != 200 or " Ltd" not in answer.text:
        raise RuntimeError(f"{client.base_url}{address}: {answer.status_code} {answer.text[:300]}")


def first_paint(ours: Site, many: int) -> None:
    """An application's page in a browser, again and again: when its server answered, when something was painted, when it was usable."""
    with chromium() as browser:
        context = browser.new_context()
        context.add_cookies([{"name": name, "value": value, "url": ours.origin} for name, value in ours.cookies.items()])
        taken: dict[str, list[float]] = {"answered": [], "painted": [], "usable": []}
        for number in range(1, 12):
            page, began = context.new_page(), time.perf_counter()
            page.goto(f"{ours.origin}/review/EPC-2026-{number * many // 12:07d}")
            page.wait_for_function("window.did_handshake", timeout=60_000)
            usable = (time.perf_counter() - began) * 1000
            timing = page.evaluate("() => [performance.getEntriesByType('navigation')[0].responseEnd, "
                                   "performance.getEntriesByName('first-contentful-paint')[0]?.startTime]")  # fmt: skip
            for name, value in zip(taken, (*timing, usable), strict=True):
                taken[name].append(value)
            page.close()
    del taken["answered"][0], taken["painted"][0], taken["usable"][0]  # with an empty cache
    print("  an application's page: " + "; ".join(f"{name} {told(sorted(values))}" for name, values in taken.items()), flush=True)


def export(ours: Site, process: psutil.Process) -> None:
    """Everything as CSV, and how the process grew meanwhile."""
    before = peak = process.memory_info().rss
    began, size, first = time.perf_counter(), 0, 0.0
    with ours.client() as client, client.stream("GET", "/review/export.csv?view=all") as answer:
        for piece in answer.iter_bytes():
            first = first or time.perf_counter() - began
            size += len(piece)
            peak = max(peak, process.memory_info().rss)
    print(f"  export of everything: {size / 1e6:.0f} MB in {time.perf_counter() - began:.0f} s, first piece after {first * 1000:.0f} ms, "
          f"the process grew by {(peak - before) / 1e6:.0f} MB", flush=True)  # fmt: skip


async def reviewers(ours: Site, many: int) -> None:
    """Fifty who work at once: a list, a search, an application, each with a pause of a few seconds before."""
    taken: dict[str, list[float]] = {"list": [], "search": [], "application": []}
    await asyncio.gather(*(_reviewer(ours, number, many, taken) for number in range(REVIEWERS)))
    done = sum(map(len, taken.values())) / SECONDS
    print(f"  {REVIEWERS} reviewers at once, {done:.0f} pages a second: " + "; ".join(f"{name} {told(sorted(all_))}" for name, all_ in taken.items()), flush=True)


async def _reviewer(ours: Site, number: int, many: int, taken: dict[str, list[float]]) -> None:
    until, chance = time.monotonic() + SECONDS, random.Random(number)
    async with httpx.AsyncClient(base_url=ours.origin, cookies=ours.cookies, headers={"accept": "text/html", "x-forwarded-for": f"10.8.0.{number}"}, timeout=60) as client:
        while time.monotonic() < until:
            await asyncio.sleep(chance.uniform(2, 6))
            row = chance.randrange(1, many)
            name, address = chance.choice((("list", "/review?view=all"), ("search", f"/review?view=all&q=solar+{row // 100}"), ("application", f"/review/EPC-2026-{row:07d}")))
            began = time.perf_counter()
            (await client.get(address)).raise_for_status()
            taken[name].append((time.perf_counter() - began) * 1000)


@contextmanager
def admin(folder: Path) -> Iterator[Site]:
    """Django's admin in an environment of its own, over the same database, by one process of gunicorn."""
    uv, port, python = str(ROOT / ".tools" / "bin" / "uv"), free_port(), str(folder / "django" / "bin" / "python")
    quiet: dict[str, Any] = {"check": True, "capture_output": True}
    subprocess.run([uv, "venv", str(folder / "django")], **quiet)
    subprocess.run([uv, "pip", "install", "--python", python, *DJANGO], **quiet)
    (folder / "columns.json").write_text(json.dumps(_columns()))
    there: dict[str, Any] = {"cwd": ROOT, "env": {**os.environ, "BENCH_FOLDER": str(folder)}}
    made = subprocess.run([python, "-m", "tests.performance.django_admin"], capture_output=True, text=True, **there)
    if made.returncode:
        raise RuntimeError(made.stderr)
    command = [python, "-m", "gunicorn", "--threads", str(AT_ONCE), "--bind", f"127.0.0.1:{port}", "--log-level", "error", "tests.performance.django_admin:application"]
    process = subprocess.Popen(command, **there)
    try:
        site = Site("Django's admin", f"http://127.0.0.1:{port}", {"sessionid": made.stdout.split()[-1]})
        eventually(lambda: _listens(site), "Django to answer", 60)
        yield site
    finally:
        process.terminate()
        process.wait(20)


def _listens(site: Site) -> bool:
    try:
        return httpx.get(f"{site.origin}/admin/login/", timeout=5).is_success
    except httpx.HTTPError:
        return False


def _columns() -> dict[str, str]:
    """Column → the kind of field that Django has for it."""
    return {column.name: _kind(column.type) for column in Application.__table__.c}  # type: ignore[attr-defined]


def _kind(type_: Any) -> str:
    plain = getattr(type_, "impl", type_)
    if isinstance(plain, sa.DateTime):
        return "datetime"
    return next((kind for known, kind in KINDS.items() if isinstance(plain, known)), "text")


if __name__ == "__main__":
    main(*sys.argv[1:])
