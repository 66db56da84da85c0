"""The worker's process: RQ listens for nudges, a clock sweeps, and both lead to the same deliveries in the database.

`python -m worker` runs until SIGTERM. Redis may come and go: the clock goes on without it, and RQ comes back (FACTS 27).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from redis import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from rq.timeouts import TimerDeathPenalty

from integrations.queue import connection
from models.database import now
from models.settings import settings
from worker import deliver
from worker.deliver import WORKER, finish, seconds_to_next, stopping, sweep
from worker.digest import tell_operations
from worker.flagging import keep_flags
from worker.follow import follow
from worker.logs import where
from worker.reconcile import compare_at_night
from worker.reminders import hourly
from worker.renewals import look_after
from worker.retention import clean_up
from worker.returns import look_for_returns
from worker.scanning import scan_again, scan_what_was_there
from worker.subscribe import keep_subscribed
from worker.turn import in_turn
from worker.webhooks import unlock_anew

QUEUE = "deliveries"  # one queue a worker: two would be popped non-atomically (FACTS 25)
#: Of the 10 s that a stop may take: what is in the air then is left to another worker, when its lease has run out (FACTS 28).
GRACE_SECONDS = 8.0
NIGHT_HOUR = 2  # UTC
log = structlog.get_logger()


def drain() -> int:
    """The one job that the portal enqueues, by the name `worker.main.drain`."""
    return deliver.drain()


def run() -> int:
    """Listen and sweep until SIGTERM or Ctrl-C, then let what is in the air land."""
    asked = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, asked)  # before any thread: they inherit it, and only sigwait hears
    for work in (listen, keep_time, keep_house, keep_lists):
        threading.Thread(target=work, name=work.__name__, daemon=True).start()
    log.info("started", worker=WORKER)
    signal.sigwait(asked)
    stopping.set()
    landed = finish(GRACE_SECONDS)
    log.info("stopped", landed=landed)
    sys.stdout.flush()
    os._exit(0)  # a call that hangs must not keep the process: its delivery is taken over


def listen() -> None:
    """RQ's worker, again and again: whatever Redis does, this goes on."""
    while not stopping.is_set():
        try:
            listener = Listener([QUEUE], connection=connection(), serializer=JSONSerializer, worker_ttl=30, log_job_description=False)
            listener.work(logging_level="WARNING")
        except (RedisError, OSError) as error:
            log.warning("redis is away", error=type(error).__name__)
        except Exception as error:
            log.error("listener failed", **where(error))
        stopping.wait(2)


class Listener(SimpleWorker):
    """RQ's worker without a fork (FACTS 12, 32), in a thread: signals, time limits and commands are not for it."""

    death_penalty_class = TimerDeathPenalty
    max_connection_wait_time = 5.0

    def _install_signal_handlers(self) -> None:
        pass

    def subscribe(self) -> None:
        """No commands over Redis: nobody stops a worker from there."""


def keep_time() -> None:
    """Sweep, then wait for what is due next, at most SWEEP_SECONDS. Nothing long stands here: a decision leaves on time."""
    while not stopping.is_set():
        _safely(telling)  # first, so that its mail leaves with the sweep
        _safely(sweep)
        stopping.wait(_pause())


def keep_house() -> None:
    """Scan what waits for it, keep the flags, remind by the hour, and look after documents at night; again after SWEEP_SECONDS."""
    _safely(unlock_anew)  # another SECRET_KEY comes with a start
    while not stopping.is_set():
        for work in (scan_again, scan_what_was_there, look_for_returns, keep_flags, hourly, nightly, renewing, compare_at_night):
            if not stopping.is_set():
                _safely(work)
        stopping.wait(settings().sweep_seconds)


def keep_lists() -> None:
    """Follow what people change in SharePoint; apart from the rest, since the first look at a long list takes minutes."""
    while not stopping.is_set():
        _safely(keep_subscribed)
        _safely(follow)
        stopping.wait(settings().sweep_seconds)


def telling() -> bool:
    """Ask for the mail to operations where one is due; whether it was this worker."""
    return tell_operations(WORKER)


def nightly() -> bool:
    """The retention, once a night by one of all workers: `in_turn`. Whether it was this one."""
    return in_turn("retention", WORKER, timedelta(hours=1), _cleaned_up)


def renewing() -> bool:
    """The look at what runs out of approved partners, once a night likewise."""
    return look_after(WORKER, _next_night(now()), stopping.is_set)


def _cleaned_up() -> datetime:
    """When it is due again: what a stop left is another worker's."""
    clean_up(stopped=stopping.is_set)
    return now() if stopping.is_set() else _next_night(now())


def _safely(work: Callable[[], object]) -> None:
    try:
        work()
    except Exception as error:  # the database may be away: the clock goes on
        log.error("failed", work=work.__name__, **where(error))


def _pause() -> float:
    """Until the next delivery is due, but neither a busy loop nor longer than SWEEP_SECONDS."""
    soon: float | None = None
    with suppress(Exception):
        soon = seconds_to_next()
    return min(settings().sweep_seconds, max(0.3, soon)) if soon is not None else settings().sweep_seconds


def _next_night(moment: datetime) -> datetime:
    tonight = moment.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    return tonight if tonight > moment else tonight + timedelta(days=1)
