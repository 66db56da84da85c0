"""How figures are told: the median and the 99th percentile, never a mean."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence


def told(taken: Sequence[float]) -> str:
    """Median and 99th percentile of sorted milliseconds, in words."""
    if not taken:
        return "nothing"
    return f"p50 {taken[len(taken) // 2]:.1f} ms, p99 {taken[int(len(taken) * 0.99)]:.1f} ms"


def taken(act: Callable[[], object], times: int) -> list[float]:
    """Sorted milliseconds of doing something so many times."""
    each = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        each.append((time.perf_counter() - began) * 1000)
    return sorted(each)
