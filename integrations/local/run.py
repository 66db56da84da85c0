"""The whole product on one machine: the parts, then migrations, then portal and worker, until Ctrl-C.

`python -m integrations.local --port 8080 --data var [--postgres] [--demo N] [--parts-only]`
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import IO, Any

import requests

from integrations.local.outside import Outside, is_free
from integrations.local.parts import ROOT, Part, PartFailed
from integrations.local.staff import STAFF
from models.settings import settings

STEPS = 7
RESTARTS, WITHIN = 5, 60.0  # a part that ends by itself is started again, as a host would, but not more often than this in so many seconds
COLOURS = {"portal": "\033[36m", "worker": "\033[35m"}
GUEST = {"Title": "Ms", "CompanyName": "Brightfield Solar Ltd", "ContactName": "Helen Marsh", "Notes": "Made by the local run"}


class Run:
    """One run in one folder."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.outside = Outside(asked.data, asked.port, asked.postgres)
        self.folder = self.outside.folder
        self.environment = {**os.environ, **self.outside.environment, "PYTHONUNBUFFERED": "1"}
        self.ours: dict[str, Part] = {}
        self.ended: dict[str, list[float]] = {}
        self.began = time.monotonic()

    def start(self) -> None:
        """All of it, in the order in which each needs the other; what does not wait for another starts at once."""
        outside = self.outside.parts
        for part in outside.values():
            part.start()
        self._bring_up_ours()
        self._step(1, "Redis", outside["redis"])
        self._step(2, "object store", outside["store"])
        self._prepare_store()
        self._step(3, "sign-in provider", outside["sign_in"])
        self._step(4, "mailbox", outside["mailbox"])
        self._step(5, "database", *([outside["postgres"]] if "postgres" in outside else []))
        self._step(6, "SharePoint lists", outside["graph"])
        if self.ours:  # while these still load
            self._call(["-m", "worker", "sharepoint", "provision"], "The lists' columns")
        self._step(7, "portal and worker" if self.ours else "no portal and no worker, as asked", *self.ours.values())

    def announce(self) -> None:
        """The demonstration's data if asked for, a fresh invitation, the addresses, and `ready`."""
        if self.asked.demo and self.ours:
            self._call(["-m", "worker", "demo", str(self.asked.demo)], "The demonstration's applications")
        addresses = self._addresses()
        _write(self.folder / "local.json", addresses | {"invitation_code": self._invitation() if self.ours else ""})
        self._say_addresses(json.loads((self.folder / "local.json").read_text()))

    def watch(self) -> None:
        """Start a part again that ends by itself; `PartFailed` when it does so again and again."""
        while True:
            for name, part in {**self.outside.parts, **self.ours}.items():
                if not part.running:
                    self._ended(name, part)
            time.sleep(0.25)

    def stop(self) -> None:
        """Portal and worker first, so that they can finish, then the rest. Nothing is left running."""
        for part in self.ours.values():
            part.ask_to_stop()
        for part in self.ours.values():
            part.stop()
        self.outside.stop()

    def _step(self, number: int, what: str, *needed: Part) -> None:
        for part in needed:
            part.wait()
        print(f"[{number}/{STEPS}] {what} … {time.monotonic() - self.began:.1f} s", flush=True)

    def _prepare_store(self) -> None:
        store = self.outside.store()
        _patiently(store.ensure_bucket)
        store.allow_origin(self.outside.portal)

    def _bring_up_ours(self) -> None:
        """Migrate, then start portal and worker: they load while the parts do, and wait for none of them but the database."""
        if self.asked.parts_only:
            return
        if "postgres" in self.outside.parts:
            self.outside.parts["postgres"].wait()
            _create_database(self.outside.postgres_url("postgres"), "portal")
        self._call(["-m", "alembic", "upgrade", "head"], "The database's newest schema")
        self._start_ours()

    def _python(self, arguments: list[str]) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=self.environment, text=True,  # noqa: S603
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def _call(self, arguments: list[str], what: str) -> None:
        running = self._python(arguments)
        said, _ = running.communicate()
        if running.returncode:
            raise PartFailed(f"{what} could not be made:\n{said}")

    def _start_ours(self) -> None:
        answers = {"portal": self._portal_answers, "worker": lambda: True}
        for name in ("portal", "worker"):
            log = self.folder / "logs" / f"{name}.log"
            options = {"stdout": subprocess.PIPE}
            self.ours[name] = Part(f"The {name}", [sys.executable, "-m", name], log, answers[name], self.environment, options)
            self._start_one(name)

    def _start_one(self, name: str) -> None:
        part = self.ours[name].start()
        assert part.process and part.process.stdout
        threading.Thread(target=_echo, args=(name, part.process.stdout, part.log), daemon=True).start()

    def _portal_answers(self) -> bool:
        try:
            return requests.get(f"{self.outside.portal}/healthz", timeout=2, allow_redirects=False).status_code < 500
        except requests.RequestException:
            return False

    def _ended(self, name: str, part: Part) -> None:
        sentence = f"{part.name} ended by itself. What it said is in {part.log}."
        recent = [moment for moment in self.ended.get(name, []) if moment > time.monotonic() - WITHIN]
        if len(recent) >= RESTARTS:
            raise PartFailed(sentence)
        print(f"{sentence} It is started again.", flush=True)
        self.ended[name] = [*recent, time.monotonic()]
        part.kill()
        self._start_one(name) if name in self.ours else part.start()
        part.wait()
        _write(self.folder / "local.json", {**json.loads((self.folder / "local.json").read_text()), "pids": self._pids()})

    def _invitation(self) -> str:
        """The code of last time if it is still good, else of a new invitation."""
        known = self.folder / "local.json"
        code = json.loads(known.read_text()).get("invitation_code", "") if known.exists() else ""
        if code and self._post("/api/validate-invitation", {"invitationCode": code}).get("valid"):
            return str(code)
        guest = {**GUEST, "ContactEmail": f"helen.marsh+{int(time.time())}@brightfield.example"}
        return str(self._post("/api/sync-invitation", guest)["invitation"]["code"])

    def _post(self, path: str, body: dict[str, str]) -> dict[str, Any]:
        key = {"X-Api-Key": self.outside.secrets["sync_api_key"]}
        response = requests.post(self.outside.portal + path, json=body, headers=key, timeout=20)
        if not response.ok:
            raise PartFailed(f"The portal did not answer {path} as it should: {response.status_code} {response.text[:300]}")
        found: dict[str, Any] = response.json()
        return found

    def _addresses(self) -> dict[str, Any]:
        environment, outside = self.outside.environment, self.outside
        same = ("database_url", "redis_url", "s3_endpoint", "s3_bucket", "s3_access_key", "s3_secret_key", "graph_url")
        return {
            "portal": outside.portal, **{name: environment[name.upper()] for name in same}, "lists_url": f"{outside.at('graph')}/",
            "mailbox_url": f"{outside.at('mailbox')}/", "mailbox_dir": str(outside.maildir),
            "sync_api_key": outside.secrets["sync_api_key"], "sync_hmac_secret": outside.secrets["sync_hmac_secret"],
            "sign_in_url": outside.at("pages"),
            "staff": [{"name": account.name, "email": account.email, "roles": account.roles} for account in STAFF],
            "pids": self._pids(), "environment": environment,
        }

    def _pids(self) -> dict[str, int]:
        return {"run": os.getpid(), **{name: part.pid for name, part in {**self.outside.parts, **self.ours}.items()}}

    def _say_addresses(self, found: dict[str, Any]) -> None:
        print(f"ready {found['portal']}")
        if self.ours:
            print(f"  a fresh invitation  {found['portal']}/apply?code={found['invitation_code']}")
            print(f"  the review desk     {found['portal']}/review")
        print(f"  the mailbox         {found['mailbox_url']}")
        print(f"  the lists           {found['lists_url']}")
        print(f"  all addresses       {self.folder / 'local.json'}\nCtrl-C stops all of it.", flush=True)


def main(arguments: Sequence[str]) -> int:
    """The command. Answers the exit status: 0 after Ctrl-C or SIGTERM, 1 when a part failed."""
    asked = _options(arguments)
    in_use = f"{asked.data} belongs to a run that is still alive. Stop that one, or choose another folder with --data."
    if asked.data.exists() and not _lock(asked.data):
        return _say(in_use)
    if not is_free(asked.port):
        return _say(f"Port {asked.port} is taken by another program. Stop it, or choose another with --port.")
    asked.data.mkdir(parents=True, exist_ok=True)
    lock = _lock(asked.data)  # held until the end of this process, however it ends
    return _run(asked) if lock else _say(in_use)


def _run(asked: argparse.Namespace) -> int:
    os.environ["ENVIRONMENT"] = "local"  # the one place that says so: every stand-in asks for it
    settings.cache_clear()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # SIGINT too: what a script starts in the background inherits "ignore"
        signal.signal(number, _interrupt)
    run = Run(asked)
    try:
        run.start()
        run.announce()
        run.watch()
    except KeyboardInterrupt:
        print("\nStopping …", flush=True)
    except (PartFailed, requests.RequestException) as failed:
        return _say(str(failed))
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C does not leave half of it running
        run.stop()
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py run", description="Start the whole product on this machine.")
    parser.add_argument("--port", type=int, default=8080, help="the portal's port (8080)")
    parser.add_argument("--data", type=_folder, default=_folder("var"), help="where everything is kept (var)")
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL instead of SQLite")
    parser.add_argument("--demo", type=int, default=0, metavar="N", help="make N realistic applications in every status")
    parser.add_argument("--parts-only", action="store_true", help="start all but portal and worker")
    return parser.parse_args(arguments)


def _lock(folder: Path) -> IO[str] | None:
    """The folder's lock, or None if a run holds it."""
    file = (folder / "run.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _folder(given: str) -> Path:
    return Path(given).resolve()


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return 1


def _echo(name: str, lines: IO[bytes], log: Path) -> None:
    """Each line with its process's name, on the screen and in its log."""
    colour, plain = (COLOURS[name], "\033[0m") if sys.stdout.isatty() else ("", "")
    with log.open("ab") as file:
        for line in lines:
            file.write(line)
            file.flush()
            print(f"{colour}{name} |{plain} {line.decode('utf-8', 'replace').rstrip()}", flush=True)


def _patiently(call: Any, seconds: float = 20) -> None:
    """The store answers before it can store; try until it can."""
    from integrations.failures import Failure

    until = time.monotonic() + seconds
    while True:
        try:
            return call()  # type: ignore[no-any-return]
        except Failure as failure:
            if time.monotonic() > until:
                raise PartFailed(f"The object store did not become ready: {failure.reason}") from failure
            time.sleep(0.1)


def _create_database(address: str, name: str) -> None:
    import psycopg.sql

    with psycopg.connect(address, autocommit=True) as connection:
        if not connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
            connection.execute(psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(name)))


def _write(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_name(f".{path.name}.part")
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(content, indent=2) + "\n")
    partial.replace(path)
