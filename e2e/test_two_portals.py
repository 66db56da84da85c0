"""Two web processes on one database: whoever has the same application open sees the others there, and nobody's verdict goes under."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from playwright.sync_api import Browser, Page, expect

from e2e import states
from e2e.product import ROOT, Product, eventually, rows
from tests import desk
from tests.parts import free_port

MISSING = "The certificate of the new insurance year is missing."
#: Two looks, of each process one, and time to draw.
HEARD = 25_000


@contextmanager
def another_portal(product: Product, log: Path) -> Iterator[str]:
    """A second web process on the product's database, Redis and store; its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, **product["environment"], "PORT": str(port), "PORTAL_URL": address, "DECISION_UNDO_MINUTES": "0"}
    with log.open("wb") as told:
        process = subprocess.Popen([sys.executable, "-m", "portal"], cwd=ROOT, env=environment, stdout=told, stderr=told)
    try:
        eventually(lambda: _ready(address), "the second portal to be ready", 60)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def test_reviewers_at_two_processes_see_each_other_and_the_second_writer_of_a_verdict_is_told(
    product: Product, page: Page, browser: Browser, tmp_path: Path
) -> None:
    with states.within(product):
        reference = desk.applied("Two Portals Ltd", vat_number="", company_registration="09876544")
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    second = context.new_page()
    product.sign_in(page, "Rosa Reyes")
    product.sign_in(second, "Arthur Adeyemi")
    with another_portal(product, tmp_path / "portal.log") as address:
        page.goto(product.url(f"/review/{reference}"))
        second.goto(f"{address}/review/{reference}")  # the cookie is good at any port of this host
        expect(page.locator(".also")).to_contain_text(re.compile(r"Also here:\s*Arthur Adeyemi, since \d\d:\d\d"), timeout=HEARD)
        expect(second.locator(".also")).to_contain_text(re.compile(r"Also here:\s*Rosa Reyes, since \d\d:\d\d"), timeout=HEARD)

        mine, theirs = page.locator("#section-company"), second.locator("#section-company")
        mine.get_by_role("button", name="Concern").click()
        mine.get_by_label("Why").fill(MISSING)
        theirs.get_by_role("button", name="Passed").click()
        expect(theirs.locator(".standing")).to_contain_text("Passed by Arthur Adeyemi")
        expect(mine.locator(".standing")).to_contain_text("Passed by Arthur Adeyemi", timeout=HEARD)  # without a reload
        mine.get_by_role("button", name="Save the verdict").click()
        expect(mine.get_by_role("alert").first).to_contain_text("Arthur Adeyemi has given a verdict on this section since you looked.")
        assert _standing(product, reference) == [("passed", "Arthur Adeyemi")]
        mine.get_by_role("button", name="Replace by mine").click()
        expect(mine.locator(".standing")).to_contain_text(MISSING)
        expect(theirs.locator(".standing")).to_contain_text("Concern by Rosa Reyes", timeout=HEARD)
        second.close()
        expect(page.locator(".also")).to_be_empty(timeout=45_000)  # NiceGUI waits for a page to come back first
    context.close()


def _ready(address: str) -> bool:
    try:
        return requests.get(f"{address}/healthz", timeout=2).status_code == 200
    except requests.ConnectionError:
        return False


def _standing(product: Product, reference: str) -> list[tuple[str, str]]:
    asked = "select ruling, given_by from verdicts where application_id = (select id from applications where reference_number = :r)"
    return [(ruling, by) for ruling, by in rows(product, asked, r=reference)]
