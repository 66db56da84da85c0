"""Schemathesis against the whole API: `python3 dev.py bench api-fuzz [examples] [seed]`, 10,000 if nothing is said.

On a fresh SQLite, with the object store and Redis, and with all limits on; tests/test_api_fuzz.py is the same in small.
"""

from __future__ import annotations

import time

from tests.api import serving
from tests.fuzz import Told, fuzz
from tests.parts import environment_of, local_parts
from tests.performance.queue import database
from tests.test_api_fuzz import doors


def main(examples: str = "10000", at: str = "20261122") -> None:
    """Print how many requests were sent, what was answered, and everything that the description does not allow."""
    with local_parts() as local, environment_of({**local.environment, "TRUSTED_PROXIES": "1"}), database(local, "sqlite"):
        _ = local.part("redis"), local.s3, local.part("store")
        with serving() as client:
            began = time.perf_counter()
            told = fuzz(str(client.base_url).rstrip("/"), doors(), int(examples), int(at))
            _print(told, time.perf_counter() - began)


def _print(told: Told, seconds: float) -> None:
    answers = ", ".join(f"{status}: {count:,}" for status, count in sorted(told.statuses.items()))
    print(f"api-fuzz: {told.sent.total():,} requests to {len(told.sent)} operations in {seconds:.0f} s; answers {answers}", flush=True)
    print(f"findings: {len(told.failures)}", flush=True)
    for what, words in told.failures.items():
        print(f"\n{what}\n{words}", flush=True)
