"""Fixtures that others build on: real parts, started once a session when they are first asked for.

`local` knows all addresses and starts nothing by itself; `redis_server`, `s3`, `graph` and `mailbox` are running parts;
`database` is a fresh, migrated database, once on SQLite and once on PostgreSQL. Each sets the environment that leads to it.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg.sql
import pytest
import redis

from integrations.queue import connection
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
    local.part("graph")
    found = Graph(local.outside.at("graph"))
    found.behave()
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
def database(request: pytest.FixtureRequest, local: Local, tmp_path: Path) -> Iterator[str]:
    """A fresh, migrated database of either kind; answers its URL."""
    maker = _on_sqlite if request.param == "sqlite" else _on_postgresql
    yield from maker(request, local, tmp_path)


def _on_sqlite(request: pytest.FixtureRequest, _: Local, folder: Path) -> Iterator[str]:
    template: Path = request.getfixturevalue("_sqlite_template")
    shutil.copy(template, folder / "portal.db")
    yield from _with(f"sqlite:///{folder / 'portal.db'}")


def _on_postgresql(_: pytest.FixtureRequest, local: Local, __: Path) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    names = {"name": psycopg.sql.Identifier(name), "template": psycopg.sql.Identifier(local.template)}
    local.part("postgres")
    with local.administrator() as administrator:
        administrator.execute(psycopg.sql.SQL("create database {name} template {template}").format(**names))
    yield from _with(local.outside.postgres_url(name))
    with local.administrator() as administrator:
        administrator.execute(psycopg.sql.SQL("drop database {name} with (force)").format(**names))


def _with(url: str) -> Iterator[str]:
    from models.database import engine

    with environment_of({"DATABASE_URL": url}):
        yield url
        engine().dispose()
