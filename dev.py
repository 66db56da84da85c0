#!/usr/bin/env python3
"""Everything a developer does, with python3 (3.11 or later) alone:

    python3 dev.py run [--port 8080] [--data var] [--postgres] [--demo N]   start the whole product on this machine
    python3 dev.py test [pytest's arguments]                                check everything, the browser's tests included
    python3 dev.py check                                                    lint, types, layers and known weaknesses only
    python3 dev.py texts                                                    gather all texts for their translators
    python3 dev.py bench [arguments]                                        measure
    python3 dev.py lock                                                     choose newer releases of what we build on
    python3 dev.py sbom [FILE]                                              write what production is built of, as CycloneDX
"""

# ruff: noqa: S603, S606, UP036 — it starts programs with arguments of its own, and is the one file that older Pythons read

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
PRODUCTION = ROOT / "requirements.txt"
STAMP = VENV / ".lock-sha256"
UV = "uv>=0.9,<1"
AUDIT_SECONDS = 60
AWAY = ("connect", "timed out", "timeout", "proxy", "resolve", "http", "ssl", "service")  # what pip-audit says where nobody answers
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_BROWSERS = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium")


def main(arguments: list[str]) -> int:
    """Do what the first argument says; answers the exit status."""
    commands = {"run": run, "test": test, "check": check, "texts": texts, "bench": bench, "lock": lock, "sbom": sbom}
    if not arguments or arguments[0] not in commands:
        print(__doc__)
        return 0 if arguments and arguments[0] in ("-h", "--help", "help") else 2
    os.chdir(ROOT)
    return commands[arguments[0]](arguments[1:])


def run(arguments: list[str]) -> int:
    """Start the whole product; never returns, the run takes this process's place."""
    prepare()
    become([PYTHON, "-m", "integrations.local", *arguments])


def test(arguments: list[str]) -> int:
    """Checks first, since they are quick, then every test. The browser's begin, as their files take longest: nobody waits at the end."""
    prepare()
    find_browser()
    if status := check_all():
        return status
    become([PYTHON, "-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", *arguments])


def check(_: list[str]) -> int:
    """Lint, types, layers and known weaknesses."""
    prepare()
    return check_all()


def texts(_: list[str]) -> int:
    """Bring models/languages/*.po up to date with the product's texts."""
    prepare()
    become([PYTHON, "-m", "tests.texts"])


def bench(arguments: list[str]) -> int:
    """Measure what the README says about speed."""
    prepare()
    become([PYTHON, "-m", "tests.performance", *arguments])


def lock(arguments: list[str]) -> int:
    """Resolve anew, and write versions and hashes without any index's address (FACTS 73)."""
    export = ["export", "--no-emit-project", "--format", "requirements-txt", "--quiet"]
    call([uv(), "lock", *arguments])
    call([uv(), *export, "--all-groups", "-o", LOCK.name])
    call([uv(), *export, "--no-default-groups", "-o", PRODUCTION.name])
    for path in (LOCK, PRODUCTION):
        if re.search(r"https?://|--(extra-)?index-url|--find-links", path.read_text()):
            path.unlink()
            return say(f"{path.name} would name an index's address, so it was not kept. Take the index out of pyproject.toml.")
    return 0


def sbom(arguments: list[str]) -> int:
    """The software bill of materials of what production installs: names, versions and hashes of the lock file."""
    prepare()
    to = arguments[0] if arguments else "sbom.json"
    made = VENV / "bin" / "cyclonedx-py"
    call([made, "requirements", PRODUCTION.name, "--pyproject", "pyproject.toml", "--output-reproducible", "--output-file", to])
    return 0


def prepare() -> None:
    """The locked environment in .venv; does nothing when it is as the lock says."""
    if sys.version_info < (3, 11):
        sys.exit(f"This needs Python 3.11 or later, and this is {sys.version.split()[0]}. Run it with a newer one: python3.12 dev.py …")
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == wanted:
        return
    print("Setting up the environment in .venv …", flush=True)
    if not PYTHON.exists():
        call([uv(), "venv", "--quiet", "--python", sys.executable, VENV])
    # Compiled at once: where PYTHONDONTWRITEBYTECODE is set, as on many CI machines, every process would else compile everything anew.
    call([uv(), "pip", "sync", "--quiet", "--compile-bytecode", "--python", PYTHON, "--require-hashes", LOCK])
    STAMP.write_text(wanted)


def uv() -> Path:
    """uv, in an environment of its own."""
    found = TOOLS / "bin" / "uv"
    if not found.exists():
        make_tools()
        call([TOOLS / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV])
    return found


def make_tools() -> None:
    """An empty environment in .tools, or a sentence that says why there can be none."""
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        sys.exit("This Python has no venv. On Debian and Ubuntu: apt-get install python3-venv, then run this again.")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", TOOLS], capture_output=True, text=True, check=False)
    if made.returncode:
        shutil.rmtree(TOOLS, ignore_errors=True)
        sys.exit(f"This Python cannot make a venv. On Debian and Ubuntu: apt-get install python3-venv. It said: {made.stdout.strip()}")


def check_all() -> int:
    """The first of the checks that fails ends it, with its status."""
    bin_ = VENV / "bin"
    checks: list[list[str | Path]] = [[bin_ / "ruff", "check", "."], [bin_ / "mypy"], [bin_ / "lint-imports", "--no-cache"]]
    return next((status for command in checks if (status := subprocess.call(command, env=environment()))), 0) or known_weaknesses()


def known_weaknesses() -> int:
    """What the advisories know of the locked packages fails the check; a service that cannot be asked is only a warning."""
    asked = [VENV / "bin" / "pip-audit", "--requirement", PRODUCTION, "--require-hashes", "--disable-pip", "--timeout", "5",
             "--progress-spinner", "off", "--format", "json"]  # fmt: skip
    try:
        done = subprocess.run(asked, capture_output=True, text=True, env=environment(), timeout=AUDIT_SECONDS, check=False)
        if not done.stdout and not any(word in done.stderr.lower() for word in AWAY):
            return say(f"The locked packages could not be checked for known weaknesses: {done.stderr.strip()}")
        found = json.loads(done.stdout)["dependencies"]
    except (OSError, ValueError, subprocess.TimeoutExpired):  # it is not there, was refused a connection, or waits in vain
        found = []
    for weak in (one for one in found if one.get("vulns")):
        say(f"{weak['name']} {weak['version']} is weak: {', '.join(known['id'] for known in weak['vulns'])}. Run python3 dev.py lock.")
    # A mirror that has the packages but not what is known of them answers "not found" for each, which pip-audit takes for well.
    if not found or any("skip_reason" in one for one in found):
        say("Not all was checked for known weaknesses: the advisory service could not be reached. Run this again where it can be.")
    return int(any(one.get("vulns") for one in found))


def find_browser() -> None:
    """A browser for the tests: Debian's without a window, which needs a quarter less time, else the machine's own, else Playwright's."""
    if os.environ.get("PORTAL_CHROMIUM") or shutil.which(BROWSERS[0]):
        return
    print("Getting a browser for the tests …", flush=True)
    if os.geteuid() == 0 and shutil.which("apt-get") and debian_browser():
        return
    if any(map(shutil.which, BROWSERS)) or any(Path(path).exists() for path in MAC_BROWSERS):
        return
    if quietly([PYTHON, "-m", "playwright", "install", "chromium"]):
        return
    sys.exit("The browser's tests need Chromium or Chrome. Install one (on Debian: apt-get install chromium), then run this again.")


def debian_browser() -> bool:
    """Whether Debian's chromium could be installed."""
    return quietly(["apt-get", "update", "-q"]) and quietly(["apt-get", "install", "-q", "-y", "--no-install-recommends", BROWSERS[0]])


def quietly(command: list[str | Path]) -> bool:
    """Whether the command succeeded; its words are shown only if not."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, check=False,
                          env={**environment(), "DEBIAN_FRONTEND": "noninteractive"})
    if done.returncode:
        print(done.stdout[-2000:], file=sys.stderr)
    return done.returncode == 0


def call(command: list[str | Path]) -> None:
    """Run it to its end; ends us if it fails."""
    if status := subprocess.call([str(part) for part in command], env=environment()):
        sys.exit(f"{Path(command[0]).name} {command[1]} failed ({status}); what it said stands above.")


def become(command: list[str | Path]) -> NoReturn:
    """Take the command's place: its signals and its status are ours."""
    sys.stdout.flush()
    os.execve(command[0], [str(part) for part in command], environment())


def environment() -> dict[str, str]:
    """Ours, without another environment that happens to be active."""
    return {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONHOME", "CONDA_PREFIX")}


def say(sentence: str) -> int:
    """Tell what went wrong."""
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
