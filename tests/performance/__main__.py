"""`python3 dev.py bench [start|visits|typing|queue|desk|invited|deliveries|api|faults|publishing …]`: what is measured, each beside something else in the same run.

The machines are shared and noisy: read the ratios. REPORT.md has the figures so far.
"""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime

from tests.faults import bench as faults
from tests.performance import api, deliveries, desk, fuzz, invited, publishing, queue, start, typing, visits

MEASURES = {"start": start.main, "visits": visits.main, "typing": typing.main, "queue": queue.main, "desk": desk.main, "invited": invited.main,
            "api-fuzz": fuzz.main, "deliveries": deliveries.main, "api": api.main,
            "faults": faults.main, "publishing": publishing.main}  # fmt: skip


def main(names: list[str]) -> None:
    """Run the named measure with its arguments, or all."""
    print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
          f"load average {os.getloadavg()[0]:.1f}")  # fmt: skip
    if names:
        MEASURES[names[0]](*names[1:])
    for measure in MEASURES.values() if not names else ():
        measure()


if __name__ == "__main__":
    main(sys.argv[1:])
