"""The same jobs with dramatiq, in an environment of its own. `python -m tests.performance.dramatiq_jobs fill|work MANY MILLISECONDS`."""

from __future__ import annotations

import os
import sys
import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.worker import Worker

AT_ONCE = 16
broker = RedisBroker(url=os.environ["REDIS_URL"])
dramatiq.set_broker(broker)


@dramatiq.actor
def job(milliseconds: int) -> None:
    """Wait as a call to another system does."""
    time.sleep(milliseconds / 1000)


def main(verb: str, many: str, milliseconds: str) -> None:
    """Put jobs into Redis, or do what is there once told to go."""
    if verb == "fill":
        for _ in range(int(many)):
            job.send(int(milliseconds))
        return
    print("ready", flush=True)
    sys.stdin.readline()
    worker = Worker(broker, worker_timeout=100, worker_threads=AT_ONCE)
    worker.start()
    broker.join("default", interval=20)
    worker.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
