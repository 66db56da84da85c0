"""How figures are told: the median and the 99th percentile, never a mean."""

from __future__ import annotations

from collections.abc import Sequence


def told(taken: Sequence[float]) -> str:
    """Median and 99th percentile of sorted milliseconds, in words."""
    if not taken:
        return "nothing"
    return f"p50 {taken[len(taken) // 2]:.1f} ms, p99 {taken[int(len(taken) * 0.99)]:.1f} ms"
