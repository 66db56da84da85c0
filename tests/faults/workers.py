"""The product's own workers, as processes: killed, started anew, and cut off from a disk that is full."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from integrations.local.parts import ROOT
from models.settings import settings

#: What makes a fault short: in production a lease lasts two minutes, and a call is given up after twenty seconds.
HURRIED = {
    "DELIVERY_LEASE_SECONDS": "8", "SWEEP_SECONDS": "1", "CALL_TIMEOUT_SECONDS": "3", "LOG_LEVEL": "ERROR", "SHAREPOINT_POLL_MINUTES": "1",
    "PYTHONUNBUFFERED": "1",
}  # fmt: skip


class Workers:
    """So many, and what they said of errors that nobody expected."""

    def __init__(self, environment: dict[str, str], many: int = 2) -> None:
        self.environment = {**os.environ, **environment, **HURRIED, "DATABASE_URL": settings().database_url}
        self.running: list[subprocess.Popen[str]] = []
        self.said: Counter[str] = Counter()
        self.told: list[str] = []
        for _ in range(many):
            self.start()

    def start(self) -> None:
        """One more."""
        command = [sys.executable, "-m", "worker"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}  # no file: on a full disk it could not be written
        made = subprocess.Popen(command, cwd=ROOT, env=self.environment, text=True, **pipes)  # type: ignore[call-overload]
        threading.Thread(target=self._listen, args=(made.stdout,), daemon=True).start()
        self.running.append(made)

    def kill(self, number: int) -> None:
        """SIGKILL to one, and another starts in its place."""
        one = self.running.pop(number % len(self.running))
        one.kill()
        one.wait()
        self.start()

    def full_disk(self, seconds: float) -> None:
        """No worker can write a byte to any file for a while: SQLite's commits fail as on a full disk."""
        for size in (0, resource.RLIM_INFINITY):
            for one in self.running:
                _, most = resource.prlimit(one.pid, resource.RLIMIT_FSIZE)
                resource.prlimit(one.pid, resource.RLIMIT_FSIZE, (size, most))
            time.sleep(seconds if size == 0 else 0)

    def end(self) -> None:
        """All of them."""
        for one in self.running:
            one.kill()
            one.wait()

    def _listen(self, lines: Iterable[str]) -> None:
        for line in lines:
            try:
                told = json.loads(line)
                self.said[f"{told.get('event')} ({told.get('error', '')})"] += 1
                self.told.append(line)
            except ValueError:
                self.told.append(line)


def emptied(folder: Path) -> None:
    """What a Redis has kept is thrown away."""
    for file in sorted(folder.rglob("*"), reverse=True):
        if file.is_file() and not file.name.endswith(".conf"):
            file.unlink(missing_ok=True)
