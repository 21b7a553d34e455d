"""Wall time."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def timed(call: Callable[[], T]) -> tuple[float, T]:
    """Return how long a call took, and what it returned; garbage of earlier work is not on its bill."""
    gc.collect()
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def best_of(repeats: int, call: Callable[[], object]) -> float:
    """Return the shortest time of several calls: the one that was disturbed least."""
    return min(timed(call)[0] for _ in range(repeats))
