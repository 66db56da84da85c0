"""Fixtures that others build on: real parts, started once a session when they are first asked for.

`local` knows all addresses and starts nothing by itself; `redis_server`, `s3`, `graph` and `mailbox` are running parts;
`database` is a fresh, migrated database, once on SQLite and once on PostgreSQL. Each sets the environment that leads to it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from integrations.queue import connection
from models import never_scanned, queue
from models.database import engine
from models.settings import settings
from tests import fresh
from tests.partners import at_full_pace
from tests.parts import Graph, Local, Mailbox, environment_of, local_parts, migrate


@pytest.fixture(scope="session")
def _parts() -> Iterator[Local]:
    with local_parts() as local:
        yield local


@pytest.fixture
def local(_parts: Local) -> Iterator[Local]:
    """All parts of this machine, none started yet; the environment of a local run is set."""
    with environment_of(_parts.environment):
        yield _parts


@pytest.fixture
def redis_server(local: Local) -> Iterator[redis.Redis]:
    """A running Redis, empty at the start of each test."""
    local.part("redis")
    client = connection()
    client.flushall()
    yield client


@pytest.fixture
def s3(local: Local) -> Local:
    """A running object store with its bucket."""
    _ = local.s3, local.part("store")
    return local


@pytest.fixture
def graph(local: Local) -> Iterator[Graph]:
    """Running lists that answer as they should until they are told otherwise."""
    _ = local.part("graph"), local.lists
    found = Graph(local.outside.at("graph"))
    found.behave()
    at_full_pace()
    yield found


@pytest.fixture
def mailbox(local: Local) -> Iterator[Mailbox]:
    """A running mailbox, empty at the start of each test."""
    local.part("mailbox")
    found = Mailbox(local.outside.at("mailbox"), local.outside.maildir)
    found.behave()
    found.empty()
    yield found


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "portal.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, local: Local) -> Iterator[str]:
    """A fresh, migrated database of either kind; answers its URL.

    It has the same address in every test: an engine compiles each statement once, which is half of what a small test would cost.
    """
    make = _on_sqlite if request.param == "sqlite" else _on_postgresql
    with environment_of({"DATABASE_URL": make(request, local)}):
        queue.forget()
        never_scanned.forget()
        yield settings().database_url
        engine().dispose()


def _on_sqlite(request: pytest.FixtureRequest, _: Local) -> str:
    template: Path = request.getfixturevalue("_sqlite_template")
    here = template.parent / "this-test"
    shutil.rmtree(here, ignore_errors=True)
    here.mkdir()
    shutil.copy(template, here / "portal.db")
    return f"sqlite:///{here / 'portal.db'}"


def _on_postgresql(_: pytest.FixtureRequest, local: Local) -> str:
    template, name = local.template, "this_test"
    if not fresh.emptied(local, name, like=template):
        fresh.copied(local, name, of=template)
    return local.outside.postgres_url(name)
