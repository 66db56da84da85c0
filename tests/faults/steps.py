"""A worker that dies at the n-th step of its work. `python -m tests.faults.steps` forks one for each line that it reads.

A step is every answer of a system outside (Graph, the sign-in, the store, the mail server) and every commit. To die before a call is the
same as to die after the step before it, since nothing outside of the process happens between the two: so each step counts once, when it is
done. Of the mail server's answers each counts twice, as the command has been sent by then: when it is awaited, and when it is there.
The product knows nothing of this: the steps are counted at the libraries that it calls.
"""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import botocore.httpsession
import requests
import sqlalchemy as sa
from sqlalchemy.orm import Session

from integrations.graph import graph
from integrations.local.parts import ROOT
from integrations.storage import storage
from models.database import engine
from models.settings import settings
from worker import deliver


class Warm:
    """The waiting process as the bench sees it."""

    def __init__(self, environment: dict[str, str]) -> None:
        told = {**os.environ, **environment, "LOG_LEVEL": "ERROR"}
        command = [sys.executable, "-m", "tests.faults.steps"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=told, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def work(self, at: int = 0) -> int:
        """Drain what is due, one delivery after the other, on the database of the settings. A worker that is forked for it dies at the
        step `at`; without one it is this process that works, and is warm then. Answers how many steps were done.
        """
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"at": at, "DATABASE_URL": settings().database_url}) + "\n")
        self.process.stdin.flush()
        ended, steps = json.loads(self.process.stdout.readline())
        assert ended == (-signal.SIGKILL if at else 0), f"ended with {ended}, was to be killed at step {at}"
        return int(steps)

    def end(self) -> None:
        """No more of them."""
        self.process.kill()
        self.process.wait()


class Steps:
    """Counts, and kills."""

    def __init__(self) -> None:
        self.done, self.at = 0, 0

    def one(self, *_: Any) -> None:
        """A step is done: perhaps the last."""
        self.done += 1
        if self.done == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def after(self, owner: Any, name: str, before: bool = False) -> None:
        """From now on every call of the method is a step; with `before`, the wait for its answer is one too."""
        was: Callable[..., Any] = getattr(owner, name)

        def counted(*given: Any, **named: Any) -> Any:
            if before:
                self.one()
            answer = was(*given, **named)
            self.one()
            return answer

        setattr(owner, name, counted)


def main() -> None:
    """Work or fork for each line."""
    steps, answers = Steps(), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the log is nobody's
    steps.after(requests.adapters.HTTPAdapter, "send")
    steps.after(botocore.httpsession.URLLib3Session, "send")
    steps.after(smtplib.SMTP, "getreply", before=True)
    sa.event.listen(Session, "after_commit", steps.one)
    for line in sys.stdin:
        told = json.loads(line)
        os.environ["DATABASE_URL"] = told["DATABASE_URL"]
        settings.cache_clear()
        print(json.dumps(_forked(steps, told["at"]) if told["at"] else (0, _worked(steps))), file=answers, flush=True)


def _worked(steps: Steps) -> int:
    """Everything is loaded and compiled after it, and no connection is left that a fork would share."""
    steps.at = 0
    done = _drained(steps)
    engine().dispose()
    graph().web.close()
    storage().client.close()  # type: ignore[attr-defined]
    return done


def _forked(steps: Steps, at: int) -> tuple[int, int]:
    """How the child ended (minus the signal), and the step that it died at."""
    child = os.fork()
    if child == 0:
        try:
            steps.at = at
            _drained(steps)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), at


def _drained(steps: Steps) -> int:
    """One delivery at a time, so that the steps come in the same order each time."""
    deliver.AT_ONCE, deliver.WORKER, steps.done = 1, f"dies:{os.getpid()}", 0
    deliver.drain()
    return steps.done


if __name__ == "__main__":
    main()
