"""The tables of docs/benchmarks.md: each benchmark has its own between two marks, written when it is run."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figure import Report
from benchmarks.panel import REPOSITORY

PAGE = REPOSITORY / "docs" / "benchmarks.md"
HEAD = ("what", "figure", "raw limit", "ratio", "wanted", "met")


def with_report(text: str, report: Report, *, setting: str) -> str:
    """Return the page with the table of a report in its place.

    Parameters
    ----------
    text : str
        The page; it has the marks of the report.
    report : Report
    setting : str
        What it was measured on.
    """
    begin, end = f"<!-- {report.name} -->", f"<!-- end of {report.name} -->"
    if begin not in text or end not in text:
        raise ValueError(f"{PAGE.name} lacks {begin} or {end}")
    rows = [HEAD, ("---",) * len(HEAD), *(figure.cells for figure in report.figures)]
    lines = [f"### {report.title}", "", *("| " + " | ".join(row) + " |" for row in rows)]
    for note in report.notes:
        lines += ["", note]
    lines += ["", f"*{setting}*"]
    block = "\n".join([begin, *lines, end])
    return re.sub(re.escape(begin) + r".*?" + re.escape(end), lambda _: block, text, flags=re.DOTALL)


def write(reports: Sequence[Report], *, setting: str, page: Path = PAGE) -> None:
    """Put the tables of reports into the page; those of other benchmarks stay."""
    text = page.read_text(encoding="utf-8")
    for report in reports:
        text = with_report(text, report, setting=setting)
    page.write_text(text, encoding="utf-8")


def machine() -> str:
    """Return what the figures were measured on, without its name."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    model = platform.machine()
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), flags=re.M)
        model = found.group(1) if found else model
    except OSError:
        pass
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = f"{platform.system()}, Python {platform.python_version()}"
    return f"{cores} cores ({model}), {gibibytes:.0f} GiB, {python}"
