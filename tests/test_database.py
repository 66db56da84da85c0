"""The way to the database: one that has gone without a word is given up, and a lock that nobody lets go of holds up nobody for long."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from models.database import LONGEST, PATIENCE, connect, engine, one_at_a_time, reading, transaction
from models.draft import answers_of
from tests.browser import inside, save
from tests.partners import invited

on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
PATIENT = 20  # seconds on the busiest machine; whoever waits for ever is let go after 25


def test_a_postgresql_that_takes_the_call_and_never_answers_is_given_up_within_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(OperationalError):
            connect(f"postgresql+psycopg://portal@127.0.0.1:{silent.getsockname()[1]}/portal").connect()
    assert time.monotonic() - began < 4 * PATIENCE["connect_timeout"]


@on_postgresql
@pytest.mark.usefixtures("redis_server")
def test_a_lock_that_nobody_lets_go_of_is_waited_for_for_seconds_and_the_browser_is_told_to_send_it_again(database: str) -> None:
    invitation = invited()
    client = inside(invitation)
    with _holding(database, "LOCK TABLE draft_data"):
        began = time.monotonic()
        answer = save(client, invitation, ("company_city", "Reading", 1))
        assert (answer.status_code, answer.headers.get("retry-after")) == (503, "30"), answer.text
        assert time.monotonic() - began < PATIENT
    assert save(client, invitation, ("company_city", "Reading", 1)).json()["saved"]
    with reading() as session:
        assert answers_of(session, invitation.code) == {"company_city": "Reading"}


@on_postgresql
def test_a_turn_that_another_process_keeps_is_waited_for_for_seconds(database: str) -> None:
    with _holding(database, "SELECT pg_advisory_xact_lock(hashtext('synced'))"):
        began = time.monotonic()
        with pytest.raises(OperationalError), transaction() as session:
            one_at_a_time(session, "synced")
    assert time.monotonic() - began < PATIENT


@on_postgresql
def test_every_connection_keeps_its_limits_also_after_a_transaction_that_failed(database: str) -> None:
    for _ in range(2):
        with engine().connect() as connection:
            found = {name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in LONGEST}
            assert found == LONGEST
            with pytest.raises(sa.exc.DBAPIError):
                connection.exec_driver_sql("SELECT 1 / 0")
            connection.rollback()
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == LONGEST["statement_timeout"]


def test_an_error_of_the_database_does_not_tell_what_stood_in_its_statement(database: str) -> None:
    with pytest.raises(sa.exc.DBAPIError) as error, engine().connect() as connection:
        connection.execute(sa.text("SELECT nothing FROM nowhere WHERE code = :code"), {"code": "C1D94680"})
    assert "nowhere" in str(error.value) and "C1D94680" not in str(error.value)


@contextmanager
def _holding(url: str, statement: str) -> Iterator[None]:
    """Another process that has done this and does not end its transaction; it is ended after a while, for a test that waits for it."""
    with psycopg.connect(url.replace("+psycopg", "")) as holder:
        holder.execute("SET LOCAL idle_in_transaction_session_timeout = '25s'")
        holder.execute(statement)
        yield
        holder.rollback()
