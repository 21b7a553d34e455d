"""Memory of job D: the process that runs it, and the server with all its processes.

Of the process, the most it ever held (resident set). Of the server, the largest sum over its processes at one
moment, pages that they share counted once (proportional set size). Their sum is an upper bound, because
the two peaks need not come together.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from benchmarks.figure import Figure, Report, seconds
from benchmarks.jobs import spec_body
from benchmarks.panel import REPOSITORY
from benchmarks.place import Place
from benchmarks.stored import stored_panel

MOST = 2.0
GIB = 2.0**30
EVERY_SECONDS = 0.2
PATIENCE_SECONDS = 300.0


def memory(place: Place, _repeats: int) -> Report:
    """Measure the memory of job D; once, whatever the repeats."""
    databases, _ = place.filled()
    body = spec_body("D", stored_panel(databases).whole())
    with place.for_a_run() as settings:
        environment = dict(os.environ)
        environment["PROMETHEUS_HOME"] = str(settings.home)
        environment["PROMETHEUS_RUNTIME_URL"] = settings.runtime_url or ""
        environment["PROMETHEUS_HISTORICAL_URL"] = settings.historical_url or ""
        folders = [str(REPOSITORY), str(REPOSITORY / "src"), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
        server = _ServerMemory(place.server.pid)
        with server:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.one_run"],
                input=json.dumps(body),
                capture_output=True,
                text=True,
                env=environment,
                timeout=PATIENCE_SECONDS,
            )
    if done.returncode != 0:
        raise RuntimeError(f"The run of job D failed:\n{done.stderr}")
    said = json.loads(done.stdout)
    process = said["peak_bytes"] / GIB
    figures = [Figure("the process that runs job D, at its peak", f"{process:.2f} GiB")]
    if server.peak:
        both = process + server.peak / GIB
        figures += [
            Figure("the server, at its peak", f"{server.peak / GIB:.2f} GiB"),
            Figure("both", f"{both:.2f} GiB", target=f"under {MOST:g} GiB", is_met=both < MOST),
        ]
    return Report(
        "memory",
        "Memory",
        tuple(figures),
        (
            (
                f"A process of its own, started cold: {seconds(said['seconds'])} from its first import to "
                f"the stored statistics; {said['n_rows']:,} rows."
            ),
        ),
    )


class _ServerMemory:
    """Watches the proportional set size of a postmaster and its children; 0 where /proc is missing."""

    def __init__(self, postmaster: int) -> None:
        self.peak = 0
        self._postmaster = postmaster
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.peak = max(self.peak, sum(map(_pss, self._processes())))
            if self._is_over.wait(EVERY_SECONDS):
                return

    def _processes(self) -> list[int]:
        if not Path("/proc").exists():
            return []
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [pid for pid in pids if pid == self._postmaster or _parent(pid) == self._postmaster]


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
