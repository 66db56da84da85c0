"""Tell the worker that something waits. The database holds what; this only saves it the wait for the next sweep.

One thread speaks to Redis, so that no request ever waits for it, and however many changes come at once, one job is enough.
"""

from __future__ import annotations

import logging
import threading

import redis
from rq import Queue
from rq.serializers import JSONSerializer

from integrations.queue import connection

QUEUE = "deliveries"
JOB = "worker.main.drain"  # by its dotted name: portal and worker do not import each other

log = logging.getLogger(__name__)
_wanted = threading.Event()
_lock = threading.Lock()
_thread: threading.Thread | None = None
_redis: redis.Redis | None = None


def nudge() -> None:
    """Have the worker look for deliveries. Returns at once and never raises; if Redis is away, the next sweep finds them."""
    global _thread, _redis
    _redis = connection()  # here: a thread that reads the settings could bring back those of a moment ago, as tests change them
    _wanted.set()
    with _lock:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_pass_on, name="nudge", daemon=True)
            _thread.start()


def _pass_on() -> None:
    while True:
        _wanted.wait()
        _wanted.clear()
        try:
            _enqueue()
        except Exception as error:  # whatever it is, the sweep finds what waits, and the next nudge is tried again
            log.warning("No nudge: Redis is away (%s)", type(error).__name__)


def _enqueue() -> None:
    """A job that still waits will see what is due now, so a second one would find nothing."""
    queue = Queue(QUEUE, connection=_redis or connection(), serializer=JSONSerializer)
    if queue.count == 0:
        queue.enqueue(JOB, job_timeout=-1, result_ttl=0, failure_ttl=3600, description="drain")
