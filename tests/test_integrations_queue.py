"""The way to Redis, and what the sorts of failure are."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import redis
import requests

from integrations.failures import Changed, Configuration, Missing, Passing, Permanent, calling, from_status, seconds_of
from integrations.queue import connection
from tests.parts import Local, environment_of


def test_portal_and_worker_share_one_pool(redis_server: redis.Redis) -> None:
    redis_server.set("a", "b")
    assert connection() is redis_server
    assert connection().get("a") == b"b"


def test_a_redis_that_hangs_costs_two_seconds_and_one_that_is_away_nothing(local: Local, redis_server: redis.Redis) -> None:
    process = local.part("redis").process
    assert process
    process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(redis.TimeoutError):
            redis_server.ping()
    finally:
        process.send_signal(signal.SIGCONT)
    assert 1.5 < time.monotonic() - began < 4
    with environment_of({"REDIS_URL": "redis://127.0.0.1:9/0"}), pytest.raises(redis.ConnectionError):
        connection().ping()


def test_what_redis_holds_survives_sigkill(local: Local, redis_server: redis.Redis) -> None:
    redis_server.set("kept", "yes")
    time.sleep(1.1)  # the file is synced every second
    local.part("redis").kill()
    local.part("redis")
    assert connection().get("kept") == b"yes"


def test_a_wrong_password_is_for_the_operator(local: Local, redis_server: redis.Redis) -> None:
    wrong = local.environment["REDIS_URL"].replace(local.outside.secrets["redis"], "wrong")
    with environment_of({"REDIS_URL": wrong}), pytest.raises(Configuration), calling("Redis"):
        connection().ping()


@pytest.mark.parametrize(
    ("status", "sort"),
    [(408, Passing), (412, Changed), (429, Passing), (500, Passing), (503, Passing), (401, Configuration), (403, Configuration),
     (400, Permanent), (404, Missing), (409, Permanent), (422, Permanent)],
)  # fmt: skip
def test_a_status_is_of_one_of_three_sorts(status: int, sort: type[Exception]) -> None:
    assert type(from_status("SharePoint", status)) is sort


def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    assert seconds_of("120") == 120
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 55 < (seconds_of(moment) or 0) <= 60
    assert [seconds_of(text) for text in ("", "soon", None)] == [None, None, None]


def test_a_bug_of_our_own_is_not_taken_for_a_failure_outside() -> None:
    with pytest.raises(KeyError), calling("SharePoint"):
        raise KeyError("ours")
    with pytest.raises(Configuration), calling("SharePoint"):
        requests.get("sharepoint", timeout=1)
