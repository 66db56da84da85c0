"""Deliveries a second, beside bare RQ and dramatiq with the same work on the same Redis in one run.

`python3 dev.py bench deliveries [how many] [milliseconds of each] [sqlite,postgresql]`: with one and with two workers, each a process that
has started before the clock does. Ours claims, works and stamps in the database, as `worker.deliver` does; theirs are in Redis alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from integrations.local.parts import ROOT
from integrations.queue import connection
from models.database import engine, now, reading, transaction
from models.delivery import OPEN, Delivery
from models.event import record
from models.person import PORTAL
from tests.parts import environment_of, local_parts
from tests.performance.queue import database
from worker.consumers import HANDLERS
from worker.deliver import drain
from worker.outcome import Done

DRAMATIQ = "dramatiq[redis]==1.18.0"
NAME, QUEUE, TARGET = "tests.performance.deliveries", "bench", "bench.waits"
RQ_SHARE = 10  # of the jobs: it does one after another, and its figure is a rate


def main(many: str = "5000", milliseconds: str = "20", databases: str = "sqlite,postgresql") -> None:
    """Print what each does in a second."""
    with local_parts() as local, environment_of(local.environment), tempfile.TemporaryDirectory() as folder:
        local.part("redis")
        print(f"{many} deliveries of {milliseconds} ms each, a second:", flush=True)
        for name in databases.split(","):
            with database(local, name):
                for workers in (1, 2):
                    enter(int(many))
                    _told(f"ours, {name}", workers, int(many), _ours(workers, milliseconds))
                    _all_done()
        fewer = max(1, int(many) // RQ_SHARE)
        for workers in (1, 2):
            _fill_rq(fewer, int(milliseconds))
            _told("bare RQ (SimpleWorker)", workers, fewer, _took(workers, [sys.executable, "-m", NAME, "rq", milliseconds]))
        with dramatiq(Path(folder)) as python:
            for workers in (1, 2):
                command = [python, "-m", "tests.performance.dramatiq_jobs"]
                subprocess.run([*command, "fill", many, milliseconds], cwd=ROOT, check=True)
                _told("dramatiq", workers, int(many), _took(workers, [*command, "work", many, milliseconds]))


def enter(many: int) -> None:
    """So many deliveries that are due, each in a lane of its own, of one event."""
    with transaction() as session:
        event, moment = record(session, TARGET, PORTAL), now()
        rows = [{"event_id": event.id, "target": TARGET, "lane": f"bench:{event.id}-{number}", "state": "waiting", "attempts": 0, "due_at": moment,
                 "request_id": ""} for number in range(many)]  # fmt: skip
        session.execute(sa.insert(Delivery), rows)


def work(milliseconds: int) -> None:
    """Wait as a call to another system does."""
    time.sleep(milliseconds / 1000)


def _ours(workers: int, milliseconds: str) -> float:
    return _took(workers, [sys.executable, "-m", NAME, "ours", milliseconds])


def _drained(milliseconds: int) -> None:
    def handle(_: Delivery) -> Done:
        work(milliseconds)
        return Done()

    HANDLERS[TARGET] = handle
    engine().connect().close()
    _go()
    while drain():
        pass


def _worked_off() -> None:
    _go()
    SimpleWorker([QUEUE], connection=connection(), serializer=JSONSerializer, log_job_description=False).work(burst=True, logging_level="ERROR")


def _go() -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads on: a full pipe would stop the log, and with it the worker


def _took(workers: int, command: Sequence[str]) -> float:
    """Seconds from the word to go until the last worker has nothing left; fails where a worker does."""
    quiet = {**os.environ, "LOG_LEVEL": "ERROR"}
    started = [
        subprocess.Popen(command, cwd=ROOT, env=quiet, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for _ in range(workers)
    ]
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == "ready\n", command
    began = time.perf_counter()
    for process in started:
        _say_go(process)
    ended = [process.wait() for process in started]
    assert ended == [0] * workers, ended
    return time.perf_counter() - began


def _say_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def _fill_rq(many: int, milliseconds: int) -> None:
    queue = Queue(QUEUE, connection=connection(), serializer=JSONSerializer)
    queue.enqueue_many([Queue.prepare_data(f"{NAME}.work", (milliseconds,), result_ttl=0) for _ in range(many)])


def _all_done() -> None:
    with reading() as session:
        left = session.execute(sa.select(sa.func.count()).where(Delivery.state.in_(OPEN))).scalar()  # type: ignore[attr-defined]
        again = session.execute(sa.select(sa.func.count()).where(Delivery.attempts != 1)).scalar()
    assert (left, again) == (0, 0), f"{left} were left, {again} were tried more than once"


def _told(name: str, workers: int, many: int, seconds: float) -> None:
    print(f"  {name}, {workers} worker{'s' if workers > 1 else ''}: {many / seconds:,.0f} ({many:,} in {seconds:.1f} s)", flush=True)


@contextmanager
def dramatiq(folder: Path) -> Iterator[str]:
    """The Python of an environment that has dramatiq."""
    uv, python = str(ROOT / ".tools" / "bin" / "uv"), str(folder / "dramatiq" / "bin" / "python")
    subprocess.run([uv, "venv", str(folder / "dramatiq")], check=True, capture_output=True)
    subprocess.run([uv, "pip", "install", "--python", python, DRAMATIQ], check=True, capture_output=True)
    yield python


if __name__ == "__main__":
    _drained(int(sys.argv[2])) if sys.argv[1] == "ours" else _worked_off()
