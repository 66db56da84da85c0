"""The engine, and `transaction()`: the only place that commits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import ORMExecuteState, UOWTransaction
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, SQLModel

from models.settings import settings

# Constraints need names before the first migration, or SQLite's batch mode cannot find them (FACTS 37).
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

#: A PostgreSQL that is gone without a word is given up after seconds, not after the system's quarter of an hour: one thread saves for
#: all (portal/keeper.py). Seconds to connect, seconds until a silent one is asked and between two askings, milliseconds until it answers.
PATIENCE = {
    "connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000,
}  # fmt: skip

#: No statement waits longer than this, for a lock or at all: whoever holds one for ever would otherwise keep all others waiting, since
#: one thread saves for all. What is given up is an OperationalError, which passes: the browser keeps its answers and asks again.
LONGEST = {"lock_timeout": "5s", "statement_timeout": "30s"}

#: Numbers that grow for years.
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: Errors go into logs with their statement; what stood in it, a code or somebody's answer, must not.
POOL: dict[str, Any] = {"pool_size": 10, "max_overflow": 20, "hide_parameters": True}

#: Moments are UTC inside; days, until which something is good or due, are those of the office.
OFFICE = ZoneInfo("Europe/London")

_after_commit: list[Callable[[], None]] = []
_watched: dict[str, Watch] = {}
CHANGED = "changed"  # in a session's `info`: table → what its changed rows say in the watched column, None for any of them


#: Stands around a commit; it is given what the watched column says in the changed rows, None if it may be any.
Around = Callable[[frozenset[str] | None], AbstractContextManager[None]]


@dataclass(frozen=True)
class Watch:
    """A column by which somebody outside knows the rows of a table, and what must stand around the commit of their changes."""

    column: str
    around: Around


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment in and out; SQLite gives naive ones back (FACTS 34)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None else (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def today(at: datetime | None = None) -> date:
    """The day that it is at the office, now or at another moment: in summer it begins an hour before UTC's."""
    return (at or now()).astimezone(OFFICE).date()


def horizon() -> datetime:
    """The last moment that staff may set something due or to end at: five years from now. A date beyond it is a slip of the hand."""
    return now() + timedelta(days=5 * 366)


def engine() -> Engine:
    """The one engine of this process for the database of the settings."""
    return _engine(settings().database_url)


@cache
def _engine(url: str) -> Engine:
    return connect(url)


def connect(url: str) -> Engine:
    """An engine set up for this product: WAL, foreign keys and explicit BEGIN on SQLite, a checked pool on PostgreSQL."""
    if not url.startswith("sqlite"):
        found = sa.create_engine(url, pool_pre_ping=True, pool_timeout=10, connect_args=PATIENCE, **POOL)
        event.listen(found, "connect", _prepare_postgresql)
        return found
    made = sa.create_engine(url, connect_args={"timeout": 15, "check_same_thread": False}, **POOL)
    event.listen(made, "connect", _prepare_sqlite)
    event.listen(made, "begin", _begin_sqlite)
    return made


def watch(noun: type[SQLModel], column: str, around: Around) -> None:
    """From now on `around` stands around each commit that changes rows of `noun`, whichever verb changed them.

    It is told what `column` says in those rows and said before, or None where a statement changed rows that were not read.
    """
    if not _watched:
        event.listen(Session, "after_flush", _note_flushed)
        event.listen(Session, "do_orm_execute", _note_statement)
    _watched[str(noun.__tablename__)] = Watch(column, around)


def _note_flushed(session: Any, _flush: UOWTransaction) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        table = str(getattr(row, "__tablename__", ""))
        if table in _watched:
            said = sa.inspect(row).attrs[_watched[table].column].history
            _note(session, table, {str(value) for value in (*said.added, *said.unchanged, *said.deleted) if value})


def _note_statement(state: ORMExecuteState) -> None:
    if (state.is_update or state.is_delete or state.is_insert) and state.bind_mapper is not None:
        table = str(state.bind_mapper.local_table.name)  # type: ignore[attr-defined]
        if table in _watched:
            _note(state.session, table, None)


def _note(session: Any, table: str, which: set[str] | None) -> None:
    changed = session.info.setdefault(CHANGED, {})
    before = changed.get(table, set())
    changed[table] = None if which is None or before is None else before | which


def _prepare_postgresql(connection: DBAPIConnection, _: Any) -> None:
    connection.autocommit = True  # a setting made in a transaction goes with its rollback
    cursor = connection.cursor()
    for setting, value in LONGEST.items():
        cursor.execute("SELECT set_config(%s, %s, false)", (setting, value))
    cursor.close()
    connection.autocommit = False


def _prepare_sqlite(connection: DBAPIConnection, _: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN is off: ours says IMMEDIATE
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "busy_timeout=15000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads and then writes fails "locked" at once unless it begins IMMEDIATE (FACTS 35).
    immediate = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def transaction() -> Iterator[Session]:
    """One change, whole or not at all: commits at the end, rolls back on any error, then runs the after-commit calls.

    The calls run only if the transaction recorded something that must be delivered.
    """
    with Session(engine().execution_options(writes=True), expire_on_commit=False) as session:
        with ExitStack() as around, session.begin():
            yield session
            session.flush()
            for table, which in session.info.get(CHANGED, {}).items():
                around.enter_context(_watched[table].around(None if which is None else frozenset(which)))
        if session.info.get("deliveries"):
            for call in _after_commit:
                call()


@contextmanager
def reading() -> Iterator[Session]:
    """A session for reading; nothing of it is ever written."""
    with Session(engine(), expire_on_commit=False, autoflush=False) as session:
        yield session
        session.expunge_all()  # what was read stays readable: a rollback would empty it
        session.rollback()


def one_at_a_time(session: Session, name: str) -> None:
    """Wait until no other transaction of any process that said the same `name` is open, but no longer than for any lock.

    SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})


def by_the_index(session: Session) -> None:
    """Until this transaction ends, PostgreSQL takes rows in the order of an index rather than sort them.

    Of a backlog that came a minute ago its statistics know nothing: it would sort ten thousand rows to give out a few.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(sa.text("SET LOCAL enable_sort = off"))


def after_commit(call: Callable[[], None]) -> None:
    """`call()` runs after each commit that left deliveries to do; it must not raise or wait long."""
    if call not in _after_commit:
        _after_commit.append(call)
