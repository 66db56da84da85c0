"""First and return visit to a step in a real browser: bytes, requests, and when it can be read and used; beside two rivals in one run.

`python3 dev.py bench visits`. The rivals ask the same 89 questions: NiceGUI's stepper as its documentation shows it, and Streamlit.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from e2e.conftest import launching
from e2e.product import ROOT, eventually, running
from models.kinds import Choice, MultiChoice
from models.question import Question
from models.steps import STEPS
from tests.parts import free_port

RUNS = int(os.environ.get("BENCH_RUNS", "5"))
STREAMLIT = "streamlit==1.67.0"
LINE = {"offline": False, "latency": 20, "downloadThroughput": 9e6 / 8, "uploadThroughput": 9e6 / 8}  # 9 Mbit/s


@dataclass(frozen=True)
class Rival:
    """A form in a browser: where it is, what shows that it can be read, and what shows that a key would be heard."""

    name: str
    enter: str
    again: str
    text: str
    usable: str


@dataclass(frozen=True)
class Visit:
    """One visit. Milliseconds from the click, kibibytes over the line."""

    readable: float
    usable: float
    kib: float
    requests: int


def main() -> None:
    """Print one line a form, speed and warmth."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder, running(Path(folder) / "var") as product, \
            stepper() as nicegui, streamlit(Path(folder)) as other, chromium() as browser:  # fmt: skip
        rivals = (
            Rival("the portal's step 1", product.url(f"/apply?code={product['invitation_code']}"), product.url("/apply/company"),
                  "#company_name", "window.did_handshake && !!window.journal"),
            Rival("NiceGUI's stepper", nicegui, nicegui, ".q-stepper input", "window.did_handshake"),
            Rival("Streamlit", other, other, "input[type=text]", "true"),
        )  # fmt: skip
        for slow in (False, True):
            print("\na quarter of the CPU, 9 Mbit/s" if slow else "\nas fast as this machine is", flush=True)
            for rival in rivals:
                report(browser, rival, slow=slow)
        print(f"\nreadable without any script: {unscripted(browser, rivals[0])}", flush=True)


def report(browser: Browser, rival: Rival, *, slow: bool) -> None:
    """The medians of some first visits, each in a new browser, and of some return visits."""
    cold, warm = [], []
    for _ in range(RUNS):
        context = browser.new_context()
        cold.append(visit(context, rival.enter, rival, slow=slow))
        warm.append(visit(context, rival.again, rival, slow=slow))
        context.close()
    for name, visits in (("first", cold), ("return", warm)):
        readable, usable, kib = (statistics.median(getattr(one, what) for one in visits) for what in ("readable", "usable", "kib"))
        print(f"  {rival.name}, {name} visit: readable {readable:.0f} ms, usable {usable:.0f} ms, {kib:.0f} KiB, {visits[0].requests} requests", flush=True)  # fmt: skip


def visit(context: BrowserContext, address: str, rival: Rival, *, slow: bool) -> Visit:
    """One visit in a new page of this browser."""
    page, sizes = context.new_page(), []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    if slow:
        session.send("Network.emulateNetworkConditions", LINE)
        session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(rival.text, timeout=60_000)
    readable = time.perf_counter() - began
    page.wait_for_function(rival.usable, timeout=60_000)
    usable = time.perf_counter() - began
    page.wait_for_timeout(500)  # what still comes in counts as bytes
    page.close()
    return Visit(readable * 1000, usable * 1000, sum(sizes) / 1024, len(sizes))


def unscripted(browser: Browser, portal: Rival) -> bool:
    """Whether a browser that runs no script shows the questions of the step."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(portal.enter)
    seen = page.get_by_text(STEPS[0].questions[0].label).first.is_visible()
    context.close()
    return seen


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of this machine."""
    with sync_playwright() as playwright, playwright.chromium.launch(**launching()) as browser:
        yield browser


@contextmanager
def stepper() -> Iterator[str]:
    """NiceGUI's stepper, serving."""
    port = free_port()
    with serving([sys.executable, "-m", "tests.performance.stepper", str(port)], port) as address:
        yield address


@contextmanager
def streamlit(folder: Path) -> Iterator[str]:
    """Streamlit in an environment of its own, serving."""
    questions = [{"title": step.title, "questions": [described(question) for question in step.questions]} for step in STEPS]
    (folder / "questions.json").write_text(json.dumps(questions))
    uv, port = str(ROOT / ".tools" / "bin" / "uv"), free_port()
    quiet: dict[str, int] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([uv, "venv", str(folder / "streamlit")], check=True, **quiet)
    subprocess.run([uv, "pip", "install", "--python", str(folder / "streamlit/bin/python"), STREAMLIT], check=True, **quiet)
    options = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true", "--browser.gatherUsageStats=false"]
    script = [str(ROOT / "tests/performance/streamlit_form.py"), *options, "--", str(folder / "questions.json")]
    with serving([str(folder / "streamlit/bin/python"), "-m", "streamlit", "run", *script], port) as address:
        yield address


def described(question: Question) -> dict[str, object]:
    """A question for somebody who does not know our classes."""
    options = list(question.kind.options.values()) if isinstance(question.kind, Choice | MultiChoice) else []
    return {"name": question.name, "label": question.label, "widget": question.kind.widget, "options": options}


@contextmanager
def serving(command: list[str], port: int) -> Iterator[str]:
    """A process that answers on `port`, ended afterwards."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: answers(address), f"{command[2]} to answer", 60)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def answers(address: str) -> bool:
    """Whether somebody serves there."""
    try:
        return requests.get(address, timeout=2).ok
    except requests.RequestException:
        return False
