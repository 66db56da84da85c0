"""How Alembic reaches the database: the product's own engine, batch mode on SQLite, a lock on PostgreSQL (FACTS 37)."""

from __future__ import annotations

import sys
from typing import Any

import sqlalchemy as sa
from alembic import context
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlmodel import SQLModel

from models import tables
from models.database import LONGEST, connect
from models.queue_entry import is_declared
from models.settings import settings

#: Any number: two releases that run at once wait for each other.
LOCK = 7_022_025


def migrate() -> None:
    """Run the wanted migrations in one transaction."""
    url = settings().database_url
    if not url:
        sys.exit("DATABASE_URL is not set: it names the database that is to be migrated.")
    engine = connect(url)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _forget_references)
    with engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            for setting in LONGEST:  # another release may take its time, and a large table too
                connection.execute(sa.text(f"SET LOCAL {setting} = 0"))
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        context.configure(
            connection=connection, target_metadata=SQLModel.metadata, compare_type=True, include_object=is_declared,
            render_as_batch=connection.dialect.name == "sqlite",
        )
        context.run_migrations()
        if engine.dialect.name == "sqlite" and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
            sys.exit(f"The migration would leave rows that refer to nothing, so nothing was changed: {broken[:5]}")
    engine.dispose()


def _forget_references(connection: DBAPIConnection, _: Any) -> None:
    """SQLite changes a table by dropping it and making it anew, which other tables' rows would forbid; they are checked at the end."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=OFF")
    cursor.close()


assert tables.ALL  # every table must be imported before the metadata is compared
migrate()
