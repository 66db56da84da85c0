"""The desk's list over 100,000 applications. `python3 dev.py bench queue [how many]`: milliseconds to look, on both databases.

The rows are copies of one complete application with all its 97 columns, made by one statement; the triggers enter each into the queue.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session

from models.application import Application
from models.database import engine, now
from models.looked import looked
from models.person import Role
from models.queue import look, mark
from tests.desk import applied, person
from tests.parts import Local, environment_of, local_parts, migrate
from tests.performance.figures import taken, told

MANY, LOOKS = 100_000, 30
#: What a row is called: its number makes it findable, its words are shared by a tenth of all.
TRADES = ("Solar", "Renewables", "Electrical", "Energy", "Power", "Homes", "Roofing", "Wind", "Storage", "Heat")
#: Nine in ten are decided; what is open is what people work on.
STATES = {"approved": 80, "rejected": 8, "withdrawn": 2, "submitted": 4, "under_review": 3, "information_required": 2, "reviewed": 1}
ASKED = {
    "opens, needs work, newest first": {},
    "all, newest first": {"view": "all"},
    "all, last page": {"view": "all", "page": "last"},
    "all, by company": {"view": "all", "sort": "company"},
    "all, by company, last page": {"view": "all", "sort": "company", "page": "last"},
    "all, by status, last page": {"view": "all", "sort": "status", "page": "last"},
    "status and words, newest first": {"status": "approved,submitted", "q": "solar 11"},
    "the same, last page": {"status": "approved,submitted", "q": "solar 11", "page": "last"},
    "words that a tenth of all have": {"view": "all", "q": "roofing"},
    "one reference": {"view": "all", "q": "EPC-2026-00077"},
    "two letters, which no index knows": {"view": "all", "q": "zz"},
    "mine": {"view": "mine"},
    "due": {"view": "due"},
    "expiring": {"view": "expiring"},
    "region and capacity": {"view": "all", "region": "Wales", "capacity": "5 - 20 MWp"},
    "without a verdict on insurance": {"status": "under_review", "section": "insurance:none"},
}  # fmt: skip


def main(many: str = str(MANY)) -> None:
    """Print p50 and p99 of each look, count and rows included, after a warm one."""
    with local_parts() as local, environment_of(local.environment):
        for name in ("sqlite", "postgresql"):
            with database(local, name):
                took = seeded(int(many))
                print(f"{name}: {int(many):,} applications with 97 columns entered in {took:.0f} s", flush=True)
                _measure(person(Role.REVIEWER).user_id)


def seeded(many: int) -> float:
    """Seconds in which so many applications were made, each with its invitation and entry, by two statements."""
    original, me, began = applied("Original Solar Ltd"), person(Role.REVIEWER).user_id, time.perf_counter()
    with engine().begin() as connection:
        postgresql = connection.dialect.name == "postgresql"
        if postgresql:
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))  # 30 s are enough for people, not for 100,000 rows
        connection.execute(sa.text(f"CREATE TEMPORARY TABLE numbers AS {_numbers(postgresql)}"), {"many": many})
        connection.execute(sa.text("INSERT INTO invitations (code, company_name, contact_email, status, created_at, source, language) SELECT code,"
                                   " 'Any Ltd', 'any@any.example', 'used', CURRENT_TIMESTAMP, 'sharepoint', 'en' FROM numbers"))
        columns = [column.name for column in Application.__table__.c if column.name != "id"]  # type: ignore[attr-defined]
        given = {
            "invitation_code": "n.code", "reference_number": "n.reference", "company_name": "n.company", "status": "n.status",
            "submitted_at": "n.at", "primary_contact_email": "n.email", "vat_number": "n.vat", "company_registration": "n.code",
        }  # fmt: skip
        chosen = ", ".join(given.get(name, f"a.{name}") for name in columns)
        connection.execute(sa.text(f"INSERT INTO applications ({', '.join(columns)}) SELECT {chosen} FROM applications a, numbers n"
                                   " WHERE a.reference_number = :original"), {"original": original})
        connection.execute(sa.text("UPDATE queue_entries SET reviewer_id = :me WHERE application_id % 37 = 0"), {"me": me})
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE" if not postgresql else "VACUUM ANALYZE"))
    return time.perf_counter() - began


def _numbers(postgresql: bool) -> str:
    """One line for each application to be made."""
    trade = "CASE i % 10 " + " ".join(f"WHEN {number} THEN '{word}'" for number, word in enumerate(TRADES)) + " END"
    status, upto = "CASE", 0
    for name, share in STATES.items():
        upto += share
        status += f" WHEN (i * 7919) % 100 < {upto} THEN '{name}'"
    source = "generate_series(1, CAST(:many AS integer)) AS i" if postgresql else (
        "(WITH RECURSIVE counted(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted WHERE i < :many) SELECT i FROM counted)"
    )
    begun = now() - timedelta(days=900)
    at = f"TIMESTAMPTZ '{begun.isoformat()}' + i * interval '12 minutes'" if postgresql else (
        f"strftime('%Y-%m-%d %H:%M:%f000', '{begun:%Y-%m-%d %H:%M:%S}', '+' || (i * 12) || ' minutes')"
    )
    padded = "lpad(CAST(i AS text), 7, '0')" if postgresql else "printf('%07d', i)"
    return (
        f"SELECT i, 'Q' || {padded} AS code, 'EPC-2026-' || {padded} AS reference, {trade} || ' ' || i || ' Ltd' AS company,"
        f" {status} END AS status, {at} AS at, 'person' || i || '@firm' || i || '.example' AS email, 'GB1' || {padded} || '0' AS vat FROM {source}"
    )


def _measure(reader: int | None) -> None:
    for name, asked in ASKED.items():
        wanted = looked(asked, reader)
        with Session(engine()) as session:
            total = look(session, wanted).total
            looks = taken(lambda session=session, wanted=wanted: look(session, wanted), LOOKS)  # type: ignore[misc]
        print(f"  {name}: {told(looks)} ({total:,} found)", flush=True)
    with Session(engine()) as session:
        print(f"  whether anything has changed: {told(taken(lambda: mark(session), LOOKS))}", flush=True)


@contextmanager
def database(local: Local, name: str) -> Iterator[None]:
    """A migrated database of that kind, empty, and the environment that leads to it."""
    url = f"sqlite:///{local.outside.folder / 'queue.db'}"
    if name == "postgresql":
        local.part("postgres")
        with local.administrator() as administrator:
            administrator.execute("create database queue")
        url = local.outside.postgres_url("queue")
    migrate(url)
    with environment_of({"DATABASE_URL": url}):
        yield
        engine().dispose()
