"""The worker as a process: it takes nudges, outlives Redis, stops in time, and another one takes over from the killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from integrations.local.parts import ROOT, Part
from integrations.queue import connection
from models.database import after_commit
from models.settings import settings
from portal.nudge import _enqueue, nudge
from tests.partners import count_listed, deliveries, folder, invited, states, submitted
from tests.parts import Graph, Local, Mailbox, eventually
from worker.commands import main

FAST = {"DELIVERY_LEASE_SECONDS": "3", "SWEEP_SECONDS": "1", "CALL_TIMEOUT_SECONDS": "5", "LOG_LEVEL": "INFO"}
SLOW_SWEEP = {**FAST, "SWEEP_SECONDS": "3600"}
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(local: Local, database: str, tmp_path: Path) -> Iterator[Start]:
    """Starts workers as production does, on this test's parts; ends them afterwards."""
    running: list[subprocess.Popen[bytes]] = []

    def one(more: dict[str, str] = FAST) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **local.environment, "DATABASE_URL": database, **more, "PYTHONUNBUFFERED": "1"}
        with log_of(tmp_path).open("ab") as log:
            made = subprocess.Popen([sys.executable, "-m", "worker"], cwd=ROOT, env=environment, stdout=log, stderr=log)
        running.append(made)
        return made

    yield one
    for process in running:
        process.kill()
        process.wait()


def log_of(folder: Path) -> Path:
    return folder / "worker.log"


def all_done() -> bool:
    return bool(deliveries()) and {d.state for d in deliveries()} <= {"done", "settled"}


def stopped(part: Part) -> None:
    part.ask_to_stop()
    assert part.process is not None
    part.process.wait(20)


def test_a_worker_killed_in_mid_publishing_is_followed_by_another_and_all_arrives_once(
    start: Start, s3: Local, redis_server: redis.Redis, graph: Graph, mailbox: Mailbox
) -> None:
    application = submitted()
    reference = application.reference_number or ""
    graph.misbehave(503, times=1, path=r"health_safety_policy.*content", delay=30, after=True)  # the second document hangs
    first = start()
    eventually(lambda: len(folder(graph, reference)) == 1 and len(mailbox.mails()) == 2 and running("sharepoint.documents"), 40)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert running("sharepoint.documents"), "nobody stamped it"
    graph.behave()
    start()
    eventually(all_done, 40)
    assert count_listed(graph, reference) == 1
    assert len(folder(graph, reference)) == 3
    assert sorted(str(mail["To"]) for mail in mailbox.mails()) == ["helen.marsh@brightfieldsolar.co.uk", "operations@saber.example"]
    assert deliveries("sharepoint.documents")[0].attempts == 2


def test_redis_stopped_during_a_submission_costs_nothing_and_the_worker_comes_back_to_it(
    start: Start, local: Local, s3: Local, redis_server: redis.Redis, graph: Graph, mailbox: Mailbox
) -> None:
    worker = start()
    eventually(lambda: redis_server.exists("rq:workers"), 30)
    stopped(local.part("redis"))
    application = submitted()
    nudge()
    eventually(all_done, 40)
    assert worker.poll() is None
    assert count_listed(graph, application.reference_number or "") == 1
    subjects = [str(mail["Subject"]) for mail in mailbox.mails()]
    assert len(subjects) == len(set(subjects)) >= 2, "each mail once; the invitation's may have left before the submission"
    local.part("redis")
    eventually(lambda: answers(redis_server), 20)
    _enqueue()
    eventually(lambda: redis_server.llen("rq:queue:deliveries") == 0, 30)
    assert worker.poll() is None


def test_a_worker_that_started_without_redis_takes_nudges_once_it_is_there(
    start: Start, local: Local, redis_server: redis.Redis, graph: Graph, mailbox: Mailbox
) -> None:
    stopped(local.part("redis"))
    worker = start(SLOW_SWEEP)
    time.sleep(6)  # it has started, and found nobody
    local.part("redis")
    eventually(lambda: answers(redis_server) and redis_server.exists("rq:workers"), 30)
    invited()
    _enqueue()
    eventually(all_done, 20)
    assert worker.poll() is None


def test_a_nudge_is_taken_at_once(start: Start, s3: Local, redis_server: redis.Redis, graph: Graph, mailbox: Mailbox) -> None:
    start(SLOW_SWEEP)
    eventually(lambda: redis_server.exists("rq:workers"), 30)
    invited()
    assert states() == {"sharepoint.invitation": ["waiting"], "email.invitation": ["waiting"]}
    nudge()
    eventually(all_done, 10)


def test_a_commit_nudges_and_many_at_once_make_one_job(database: str, redis_server: redis.Redis) -> None:
    after_commit(nudge)  # as the portal's main does
    for number in range(20):
        invited(f"partner{number}@example.co.uk")
    eventually(lambda: redis_server.llen("rq:queue:deliveries") == 1, 5)
    for _ in range(5):
        _enqueue()
    assert redis_server.llen("rq:queue:deliveries") == 1
    job = redis_server.hgetall(f"rq:job:{redis_server.lindex('rq:queue:deliveries', 0).decode()}")  # type: ignore[union-attr]
    assert json.loads(zlib.decompress(job[b"data"])) == ["worker.main.drain", None, [], {}], "JSON, never a pickle"


def test_a_nudge_never_raises_and_never_waits(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    settings.cache_clear()
    began = time.monotonic()
    for _ in range(100):
        nudge()
    assert time.monotonic() - began < 0.5


def test_a_worker_told_to_stop_lets_what_is_in_the_air_land(
    start: Start, s3: Local, redis_server: redis.Redis, graph: Graph, mailbox: Mailbox
) -> None:
    mailbox.misbehave(250, times=1, delay=3, after=True, method="DATA")
    worker = start()
    invited()
    eventually(lambda: running("email.invitation"), 20)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert deliveries("email.invitation")[0].state == "done"
    assert len(mailbox.mails()) == 1


def test_a_worker_whose_call_hangs_still_stops_within_ten_seconds(
    start: Start, s3: Local, redis_server: redis.Redis, graph: Graph, mailbox: Mailbox
) -> None:
    graph.misbehave(503, times=9, path="items", delay=60)
    worker = start({**FAST, "CALL_TIMEOUT_SECONDS": "50"})
    invited()
    eventually(lambda: running("sharepoint.invitation"), 20)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    graph.behave()
    start()
    eventually(all_done, 40)


def test_nothing_that_opens_a_door_or_names_a_person_is_logged(
    start: Start, s3: Local, redis_server: redis.Redis, graph: Graph, mailbox: Mailbox, tmp_path: Path
) -> None:
    mailbox.misbehave(550, times=1, path="partner")
    made = invited("partner7@example.co.uk")
    application = submitted(())
    start()
    eventually(lambda: all(d.state not in ("waiting", "running") for d in deliveries()), 40)
    said = log_of(tmp_path).read_text()
    assert '"outcome": "permanent"' in said and '"outcome": "done"' in said
    assert made.code not in said and application.invitation_code not in said
    assert re.findall(r"[\w.]+@[\w.]+", said) == []
    assert deliveries("email.invitation")[0].last_error is not None


def test_a_worker_without_its_settings_refuses_and_lists_them(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": "sqlite://"}
    refused = subprocess.run([sys.executable, "-m", "worker"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1
    assert "REDIS_URL is not set" in refused.stderr and "SECRET_KEY is missing" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_sweep_command_delivers_and_ends(
    database: str, s3: Local, graph: Graph, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    invited()
    assert main(["sweep"]) == 0
    assert "Tried 2 deliveries." in capsys.readouterr().out
    assert all_done()


def running(target: str) -> bool:
    return any(d.state == "running" for d in deliveries(target))


def answers(server: redis.Redis) -> bool:
    try:
        return bool(connection().ping())
    except redis.RedisError:
        return False
