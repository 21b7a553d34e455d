"""Twice the names, and twice the sessions: what they cost beside once.

The run is job D decided once a week. Twice the names: every name has a twin under another symbol. Twice the
sessions: the same bars once more, on as many earlier sessions.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.clock import timed
from benchmarks.figure import Report, beside
from benchmarks.jobs import spec, spec_body
from benchmarks.panel import bars_of, with_past, with_twins, written
from benchmarks.place import Place
from benchmarks.stored import stored_panel
from prometheus.bootstrap import run_backtest

MOST = 2.2
REPEATS = 3


def scale(place: Place, repeats: int) -> Report:
    """Measure three sizes."""
    repeats = max(repeats, REPEATS)
    bars = bars_of(place.panel.path)
    sizes = {
        "once": place.panel.path,
        "twice the names": written(with_twins(bars), place.folder / "names.parquet"),
        "twice the sessions": written(with_past(bars), place.folder / "sessions.parquet"),
    }
    shapes: dict[str, str] = {}
    bodies = {}
    for size, path in sizes.items():
        panel = stored_panel(place.filled(path)[0]).whole()
        shapes[size] = f"{len(panel.names):,} names x {len(panel.dates):,} sessions"
        bodies[size] = spec_body("D", panel, rebalance="weekly")
    took: dict[str, list[float]] = {size: [] for size in sizes}
    for _ in range(repeats):  # in turns, so that a disturbance meets all of them
        for size, path in sizes.items():
            took[size].append(_once(place, path, bodies[size]))
    once = min(took["once"])
    return Report(
        "scale",
        "Scale",
        tuple(
            beside(f"{size}: {shapes[size]}", min(took[size]), f"once: {shapes['once']}", once, most=MOST)
            for size in ("twice the names", "twice the sessions")
        ),
        (f"Whole runs, everything stored, one decision a week. Best of {repeats}, in turns.",),
    )


def _once(place: Place, path: Path, body: dict[str, object]) -> float:
    with place.for_a_run(path) as settings:
        return timed(lambda: run_backtest(settings, spec(body)))[0]
