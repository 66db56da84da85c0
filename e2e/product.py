"""The running product as a test sees it: `dev.py run` in a folder of its own, driven by what `local.json` says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import requests
import sqlalchemy as sa
from playwright.sync_api import Error as PageError
from playwright.sync_api import Page, expect

from integrations.local.maildir import mails, part_of
from tests.parts import free_port

ROOT = Path(__file__).parents[1]
T = TypeVar("T")
_callers = count(1)


class Product:
    """One run: its addresses, its mails and its lists."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder, self.process = folder, process

    def __getitem__(self, name: str) -> Any:
        """What `local.json` says now."""
        return json.loads((self.folder / "local.json").read_text())[name]

    def url(self, path: str = "") -> str:
        """An address of the portal."""
        return f"{self['portal']}{path}"

    def post(self, path: str, body: dict[str, Any], **headers: str) -> requests.Response:
        """A call of the API; the sync key goes with it where the route asks for one."""
        known = {"X-Api-Key": self["sync_api_key"]} if "sync" in path else {}
        return requests.post(self.url(path), json=body, headers={**_from_elsewhere(), **known, **headers}, timeout=60)

    def get(self, path: str, **query: str) -> requests.Response:
        """A read of the API."""
        return requests.get(self.url(path), params=query, headers=_from_elsewhere(), timeout=30)

    def kill(self, part: str) -> None:
        """End a part at once, as a power cut does; the run starts it again."""
        os.kill(self["pids"][part], signal.SIGKILL)

    def back(self, part: str, before: int) -> bool:
        """Whether a part that had this process id runs again, and answers."""
        return bool(self["pids"][part] != before)

    @contextmanager
    def held(self, part: str) -> Iterator[None]:
        """A part that stands still meanwhile: it takes connections and answers nothing."""
        found = self["pids"][part]
        os.kill(found, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(found, signal.SIGCONT)

    def mails_to(self, address: str, subject: str = "") -> list[EmailMessage]:
        """The mails to an address whose subject contains `subject`, newest first."""
        found = [message for _, message in mails(Path(self["mailbox_dir"]))]
        return [m for m in found if address.casefold() in str(m["To"]).casefold() and subject.lower() in str(m["Subject"]).lower()]

    def lists(self) -> str:
        """The page that shows the lists and the library."""
        return requests.get(self["lists_url"], timeout=30).text

    def sign_in(self, page: Page, name: str) -> None:
        """Sign a member of staff in through the sign-in provider, as a person does."""
        page.context.clear_cookies()
        page.goto(self.url("/review"))
        page.get_by_role("link", name=name).click()
        expect(page.get_by_role("banner")).to_contain_text(name)


def _from_elsewhere() -> dict[str, str]:
    """Each call of a test comes from an address of its own, as those of many partners do: else all would share one's calls a minute."""
    number = next(_callers)
    return {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}


@contextmanager
def running(folder: Path, *options: str, **settings: str) -> Iterator[Product]:
    """The product in `folder`, ready; ended with all its parts afterwards. Its decisions leave at once unless `settings` say otherwise."""
    log = (folder.parent / f"{folder.name}.log").open("wb")
    command = [sys.executable, "-m", "integrations.local", "--port", str(free_port()), "--data", str(folder), *options]
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "ENVIRONMENT")}
    at_any_hour = {"SHAREPOINT_COMPARE_HOUR": "24", "DIGEST_HOUR": "24"}  # a run at night sees what one by day does
    environment |= {"DECISION_UNDO_MINUTES": "0", "TRUSTED_PROXIES": "1", **at_any_hour, **settings}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    product = Product(folder, process)
    try:
        eventually(lambda: _ready(process, Path(log.name)), "the product to be ready", 90)
        yield product
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def eventually(look: Callable[[], T], what: str, seconds: float = 30) -> T:
    """What `look` answers once it is true; fails with `what` was waited for."""
    until = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        assert time.monotonic() < until, f"waited {seconds:g} s for {what}"
        time.sleep(0.2)


def until(page: Page, true: str, arg: Any = None, seconds: float = 60) -> None:
    """Wait for JavaScript to answer something true. A page's policy may forbid what `wait_for_function` does there: to evaluate words."""

    def asked() -> bool:
        try:
            return bool(page.evaluate(true, arg))
        except PageError as error:
            if "context was destroyed" not in str(error):  # the page goes to another address at this moment
                raise
            return False

    eventually(asked, true, seconds)


def _ready(process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, f"the product ended: {log.read_text()[-2000:]}"
    return "\nready http" in log.read_text()


def rows(product: Product, statement: str, **given: object) -> list[Any]:
    """What the database answers, asked directly: no limit of the API and no cache stands between."""
    engine = sa.create_engine(product["database_url"])
    try:
        with engine.connect() as connection:
            return list(connection.execute(sa.text(statement), given))
    finally:
        engine.dispose()


def text_of(message: EmailMessage) -> str:
    """A mail's text part."""
    return part_of(message, "plain")
