"""How long `prometheus --help` takes, beside an interpreter that does nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.clock import best_of
from benchmarks.figure import Figure, Report, seconds
from benchmarks.place import Place

MOST = 0.4
REPEATS = 5


def start_up(_place: Place, repeats: int) -> Report:
    """Measure the start of the command line; nothing of the place is needed."""
    repeats = max(repeats, REPEATS)
    program = Path(sys.executable).parent / "prometheus"
    command = [str(program)] if program.exists() else [sys.executable, "-m", "prometheus"]
    took = best_of(repeats, lambda: _silently([*command, "--help"]))
    limit = best_of(repeats, lambda: _silently([sys.executable, "-c", "pass"]))
    return Report(
        "start_up",
        "Start",
        (
            Figure(
                "`prometheus --help`",
                seconds(took),
                f"{seconds(limit)} python -c pass",
                None,
                f"under {MOST:g} s",
                took < MOST,
            ),
        ),
        (f"Best of {repeats}.",),
    )


def _silently(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60.0)
