"""The parts that tests run against: the same that `dev.py run` starts, in a folder of their own."""

from __future__ import annotations

import mailbox
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import psycopg.sql
import requests

from integrations.local.maildir import mails, part_of
from integrations.local.outside import Outside, is_free
from integrations.local.parts import Part
from models.settings import settings

T = TypeVar("T")


class Local:
    """Real parts on free ports; each starts when it is first asked for, and all end with the session."""

    def __init__(self, folder: Path) -> None:
        self.outside = Outside(folder, free_port(), use_postgres=True, durable=False)

    @property
    def environment(self) -> dict[str, str]:
        """The environment that leads portal and worker to these parts. A decision leaves at once, but where a test wants it to wait.

        Nobody follows or compares the lists, but where a test asks for it: they hold what all tests of the session have left there.
        """
        unfollowed = {"SHAREPOINT_POLL_MINUTES": "0", "GRAPH_NOTIFICATION_SECRET": "", "SHAREPOINT_COMPARE_HOUR": "24"}
        return {**self.outside.environment, "DECISION_UNDO_MINUTES": "0", **unfollowed}

    def part(self, name: str) -> Part:
        """The part `redis`, `store`, `sign_in`, `graph`, `mailbox` or `postgres`, running."""
        if name == "graph":
            self.part("sign_in")  # the lists check tokens with its keys
        found = self.outside.parts[name]
        return found if found.running else found.start().wait()

    @cached_property
    def s3(self) -> None:
        """The object store with its bucket, which the portal's pages may upload to."""
        self.part("store")
        store = self.outside.store()
        eventually(lambda: _worked(store.ensure_bucket))
        store.allow_origin(self.outside.portal)

    @cached_property
    def lists(self) -> None:
        """SharePoint as `python -m worker sharepoint provision` leaves it."""
        from integrations.provision import provision
        from worker.lists import wanted

        self.part("graph")
        assert not any(outcome.stops for outcome in provision(wanted()))

    @cached_property
    def template(self) -> str:
        """A migrated PostgreSQL database that others are copied from, which takes a tenth of a second."""
        self.part("postgres")
        with self.administrator() as connection:
            connection.execute("create database template_portal")
        migrate(self.outside.postgres_url("template_portal"))
        return "template_portal"

    @contextmanager
    def administrator(self, database: str = "postgres") -> Iterator[psycopg.Connection[Any]]:
        """A connection that may make and drop databases."""
        with psycopg.connect(self.outside.postgres_url(database), autocommit=True) as connection:
            yield connection


@dataclass(frozen=True)
class Graph:
    """The local Graph as a test sees it."""

    url: str

    def misbehave(self, status: int, times: int = 1, path: str = "", **more: Any) -> None:
        """Answer `status` the next `times` times that a path matches."""
        fault = {"status": status, "times": times, "path": path, **more}
        requests.post(f"{self.url}/_faults", json=fault, timeout=5).raise_for_status()

    def behave(self) -> None:
        """Forget all faults."""
        requests.delete(f"{self.url}/_faults", timeout=5).raise_for_status()

    def revoke_tokens(self) -> None:
        """Refuse every token that was issued until now."""
        requests.post(f"{self.url}/_revoke", timeout=5).raise_for_status()

    def edit(self, list_name: str, item: str, by: str = "Jane Doe", **fields: Any) -> None:
        """Change columns of an item as a person does in the browser."""
        self._by(list_name, item, fields, by)

    def make(self, list_name: str, by: str = "Jane Doe", **fields: Any) -> str:
        """Make an item as a person does; answers its id."""
        return str(self._by(list_name, "", fields, by).json()["id"])

    def delete(self, list_name: str, item: str, by: str = "Jane Doe") -> None:
        """Delete an item as a person does."""
        self._by(list_name, item, None, by)

    def rename(self, list_name: str, column: str, to: str) -> None:
        """Replace a column by one with another name, as a person does."""
        requests.post(f"{self.url}/_rename", json={"list": list_name, "column": column, "to": to}, timeout=30).raise_for_status()

    def _by(self, list_name: str, item: str, fields: dict[str, Any] | None, by: str) -> requests.Response:
        told = {"list": list_name, "item": item, "fields": fields, "name": by, "email": f"{by.lower().replace(' ', '.')}@saber.example"}
        answer = requests.post(f"{self.url}/_edit", json=told, timeout=30)
        answer.raise_for_status()
        return answer

    def remake(self, list_name: str) -> None:
        """Delete a list with all its items and make it again, as a person does: it has another id, and its numbers begin anew."""
        requests.post(f"{self.url}/_remake", json={"list": list_name}, timeout=5).raise_for_status()

    def page(self) -> str:
        """The page that shows lists and library."""
        return requests.get(self.url, timeout=5).text


@dataclass(frozen=True)
class Mailbox:
    """The mailbox as a test sees it."""

    url: str
    folder: Path

    def mails(self) -> list[EmailMessage]:
        """All mails, newest first."""
        return [message for _, message in mails(self.folder)]

    def text(self, message: EmailMessage) -> str:
        """A mail's text part."""
        return part_of(message, "plain")

    def empty(self) -> None:
        """Throw all mails away."""
        mailbox.Maildir(self.folder).clear()

    def misbehave(self, status: int, times: int = 1, path: str = "", **more: Any) -> None:
        """Answer `status` to the next `times` recipients that match."""
        fault = {"status": status, "times": times, "path": path, **more}
        requests.post(f"{self.url}/_faults", json=fault, timeout=5).raise_for_status()

    def behave(self) -> None:
        """Forget all faults."""
        requests.delete(f"{self.url}/_faults", timeout=5).raise_for_status()


@contextmanager
def local_parts() -> Iterator[Local]:
    """Parts for one session; PostgreSQL's user must be able to enter the folder (FACTS 68)."""
    folder = Path(tempfile.mkdtemp(prefix="portal-tests-"))
    folder.chmod(0o711)
    local = Local(folder)
    try:
        yield local
    finally:
        local.outside.stop()
        shutil.rmtree(folder, ignore_errors=True)


def migrate(url: str) -> None:
    """Bring a database to the newest schema, as the release does."""
    from alembic import command
    from alembic.config import Config

    from models.database import engine

    with environment_of({"DATABASE_URL": url}):
        command.upgrade(Config(toml_file="pyproject.toml"), "head")
        engine().dispose()
    forget()


def forget() -> None:
    """Read the environment anew at the next use."""
    settings.cache_clear()


@contextmanager
def environment_of(values: dict[str, str]) -> Iterator[None]:
    """Some variables for a while, read anew at both ends."""
    import pytest

    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        forget()
        with suppress(Exception):  # what is wrong with them is for the test to meet
            settings()  # before a thread that read the old ones a moment ago
        yield
    forget()


def eventually(look: Callable[[], T], seconds: float = 15) -> T:
    """The first true answer of `look`; fails when none came in time."""
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, f"it did not come true within {seconds} seconds"
        time.sleep(0.05)
    return found


def _worked(call: Callable[[], None]) -> bool:
    from integrations.failures import Failure

    try:
        call()
    except Failure:
        return False
    return True


def free_port() -> int:
    import random

    return next(port for port in random.sample(range(10_500, 19_500), 500) if is_free(port))
