"""The way to the database: one that has gone without a word is given up, and said to be away."""

from __future__ import annotations

import socket
import time

import pytest
from sqlalchemy.exc import OperationalError

from models.database import PATIENCE, connect


def test_a_postgresql_that_takes_the_call_and_never_answers_is_given_up_within_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(OperationalError):
            connect(f"postgresql+psycopg://portal@127.0.0.1:{silent.getsockname()[1]}/portal").connect()
    assert time.monotonic() - began < 4 * PATIENCE["connect_timeout"]
