"""The search of the desk's list where PostgreSQL may not have pg_trgm, and that what is paged and counted is answered by indexes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import psycopg.sql
import pytest
import sqlalchemy as sa
from sqlmodel import Session

from models import queue
from models.database import engine, reading
from models.looked import Looked, Place, looked
from models.queue import look
from tests.desk import applied
from tests.parts import Local, environment_of, migrate


@pytest.fixture
def without_trigrams(local: Local) -> Iterator[str]:
    """A database of somebody who may make tables in it, but no extensions."""
    local.part("postgres")
    name, word = f"plain_{secrets.token_hex(6)}", secrets.token_hex(12)
    names = {"name": psycopg.sql.Identifier(name), "word": psycopg.sql.Literal(word)}
    with local.administrator() as administrator:
        administrator.execute(psycopg.sql.SQL("create role {name} login password {word}").format(**names))
        administrator.execute(psycopg.sql.SQL("create database {name}").format(**names))
    with psycopg.connect(local.outside.postgres_url(name), autocommit=True) as owner:
        owner.execute(psycopg.sql.SQL("grant usage, create on schema public to {name}").format(**names))
    url = f"postgresql://{name}:{word}@{local.outside.postgres_url(name).rpartition('@')[2]}"
    migrate(url)
    with environment_of({"DATABASE_URL": url}):
        yield url
        engine().dispose()
    with local.administrator() as administrator:
        administrator.execute(psycopg.sql.SQL("drop database {name} with (force)").format(**names))
        administrator.execute(psycopg.sql.SQL("drop role {name}").format(**names))


def test_where_no_extension_may_be_made_the_search_finds_the_same(without_trigrams: str) -> None:
    applied("Brightfield Solar Ltd"), applied("Northwind Energy Ltd", trading_name="", primary_contact_email="tom@else.example")
    with reading() as session:
        indexes = set(session.execute(sa.text("select indexname from pg_indexes where tablename = 'queue_entries'")).scalars())
        found = {q: [row.company for row in look(session, Looked(q=q, view="all")).rows] for q in ("field sol", "GB98 0780", "no", "else.ex")}
    assert "queue_search_words" not in indexes and "ix_queue_entries_flags" in indexes
    assert found["field sol"] == ["Brightfield Solar Ltd"] and len(found["GB98 0780"]) == 2
    assert found["no"] == found["else.ex"] == ["Northwind Energy Ltd"]


ASKED: dict[str, Looked] = {
    "any flag, newest": looked({"view": "all", "flag": "any"}),
    "no flag": looked({"view": "work", "flag": "none"}),
    "two letters": looked({"view": "all", "q": "qu", "sort": "company"}),
    "by status": looked({"view": "all", "sort": "status"}),
    "by status, far in": looked({"view": "all", "sort": "status", "after": "2~40000", "at": "9000"}),
}


def test_no_page_of_the_list_reads_or_sorts_all_entries(database: str) -> None:
    """What the database says it would do, with 20,000 entries; how long it takes is measured in tests/performance."""
    many(20_000)
    with reading() as session:
        for what, wanted in ASKED.items():
            for statement, parameters in statements_of(session, wanted):
                plan = explained(session, statement, parameters)
                assert "Seq Scan" not in plan and "SCAN queue_entries\n" not in plan + "\n", (what, plan)
                few = what == "two letters"  # what an index has found of them may be sorted
                assert few or ("TEMP B-TREE FOR ORDER BY" not in plan and "Sort Key" not in plan), (what, plan)


def many(count: int) -> None:
    """Entries alone, without what they are of: the plans know only them."""
    statuses = ("submitted", "under_review", "reviewed", "approved", "rejected", "information_required")
    rows: list[dict[str, Any]] = [
        {"application_id": n, "status": statuses[n % 6], "submitted_at": f"2026-{n % 12 + 1:02}-{n % 28 + 1:02} 10:00:00",
         "company": f"{chr(97 + n % 26)}{chr(97 + n // 26 % 26)} company {n}", "reference": f"EPC-2026-{n}", "places": "", "words": f"company {n}",
         "numbers": str(n), "flags": int(n % 40 == 0), "flagged": '["years_trading"]' if n % 40 == 0 else "[]"} for n in range(1, count + 1)
    ]  # fmt: skip
    with engine().connect() as connection:
        on_sqlite = connection.dialect.name == "sqlite"
        if on_sqlite:
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        else:
            connection.execute(sa.text("ALTER TABLE queue_entries DISABLE TRIGGER ALL"))
        names = ", ".join(rows[0])
        values = ", ".join(f"CAST(:{name} AS timestamptz)" if name == "submitted_at" and not on_sqlite else f":{name}" for name in rows[0])
        connection.execute(sa.text(f"INSERT INTO queue_entries ({names}) VALUES ({values})"), rows)
        connection.execute(sa.text("ANALYZE queue_entries"))
        connection.commit()


def statements_of(session: Session, wanted: Looked) -> list[tuple[str, Any]]:
    """The statements that look for the page itself, as they are put to the database, and their parameters."""
    seen: list[tuple[str, Any]] = []

    def keep(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        seen.append((statement, parameters))

    sa.event.listen(engine(), "before_cursor_execute", keep)
    queue._keys(session, wanted, wanted.place if wanted.place.way != "first" else Place(), queue.PAGE)
    sa.event.remove(engine(), "before_cursor_execute", keep)
    return seen


def explained(session: Session, text: str, parameters: Any) -> str:
    """The plan, as text."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    connection = session.connection().connection.driver_connection
    rows = connection.execute(("EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN ") + text, parameters)  # type: ignore[union-attr]
    return "\n".join(str(row[-1]) for row in rows.fetchall())
