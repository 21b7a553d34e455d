"""``python -m benchmarks [NAME ...]``: measure, print a table, and with ``--write`` put it into the docs."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks import page
from benchmarks.backtests import job_d, job_m
from benchmarks.close_matrix import close_matrix
from benchmarks.derived import derived
from benchmarks.figure import Report
from benchmarks.ingest import ingest
from benchmarks.memory import memory
from benchmarks.place import Place, open_place
from benchmarks.scale import scale
from benchmarks.start_up import start_up
from prometheus.store.connections import connect

BENCHMARKS: dict[str, Callable[[Place, int], Report]] = {
    "ingest": ingest,
    "derived": derived,
    "close_matrix": close_matrix,
    "job_m": job_m,
    "job_d": job_d,
    "scale": scale,
    "memory": memory,
    "start_up": start_up,
}
REPEATS = 2
BOUND_SECONDS = 600
"""No benchmark may take longer than this, whatever hangs."""
WIDTH_OF_A_PIPE = 160


def main() -> int:
    """Run the benchmarks that are named; return 1 when one of them missed what is wanted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHMARKS)}; all by default"
    )
    parser.add_argument(
        "--repeats", type=int, default=REPEATS, help="runs of each, at least; the best counts"
    )
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - set(BENCHMARKS))
    if unknown or asked.repeats < 1:
        parser.error(f"no benchmark is called {', '.join(unknown)}" if unknown else "--repeats is at least 1")
    signal.signal(signal.SIGALRM, _too_long)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped
    console = Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_PIPE, highlight=False)
    reports = []
    with open_place() as place:
        setting = f"{page.machine()}, PostgreSQL {_version(place)}; {place.panel.origin}"
        console.print(setting)
        for name in asked.names or BENCHMARKS:
            signal.alarm(BOUND_SECONDS)
            report = BENCHMARKS[name](place, asked.repeats)
            signal.alarm(0)
            _show(console, report)
            reports.append(report)
    if asked.write:
        page.write(reports, setting=setting)
    return int(any(figure.is_met is False for report in reports for figure in report.figures))


def _show(console: Console, report: Report) -> None:
    table = Table(title=report.title, title_justify="left", title_style="bold", header_style="bold")
    for heading in page.HEAD:
        table.add_column(heading, justify="right" if heading == "ratio" else "left", overflow="fold")
    for figure in report.figures:
        style = "red" if figure.is_met is False else ""
        table.add_row(*(Text(cell) for cell in figure.cells), style=style)
    console.print(table)
    for note in report.notes:
        console.print(Text(note), style="dim")


def _version(place: Place) -> str:
    with connect(place.server.url("postgres")) as connection:
        found = connection.info.server_version
    return f"{found // 10_000}.{found % 10_000}"


def _too_long(*_: object) -> None:
    raise TimeoutError(f"This benchmark took longer than {BOUND_SECONDS} seconds.")


if __name__ == "__main__":
    sys.exit(main())
