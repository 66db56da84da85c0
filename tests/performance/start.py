"""How long the product takes to start. `python3 dev.py bench start`. What a change costs, `typing` says, with one partner and more."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from e2e.product import running


def main() -> None:
    """Print how long a start takes, the environment being there: in a new folder, and again in the same."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        first, again = (seconds(Path(folder) / "var") for _ in range(2))
    print(f"start, environment there, first time in a folder: {first:.1f} s; again: {again:.1f} s", flush=True)


def seconds(folder: Path) -> float:
    """Seconds until the product is ready."""
    began = time.perf_counter()
    with running(folder):
        return time.perf_counter() - began
