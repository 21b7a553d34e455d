"""Runs and benchmarks side by side, for whoever renders a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prometheus.maths.performance import Performance
from prometheus.reports.formats import DASH, day
from prometheus.reports.statistics_rows import ROWS, shown


@dataclass(frozen=True, slots=True)
class ResultsTable:
    """A table of texts.

    Attributes
    ----------
    header : tuple of str
        A blank corner, then the name of each column.
    rows : tuple of tuple of str
        A label, then one text a column.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def results_table(columns: Sequence[tuple[str, Performance]], *, is_short: bool = True) -> ResultsTable:
    """Return runs and benchmarks side by side, one column each.

    Parameters
    ----------
    columns : sequence of (str, Performance)
        Name and statistics. A benchmark is a column like the others; what it doesn't have is a dash.
    is_short : bool, default True
        Whether only the headline statistics are shown.

    Returns
    -------
    ResultsTable
        Lines that would be dashes in every column are left out.

    Examples
    --------
    >>> import numpy as np
    >>> from prometheus.maths.performance import performance
    >>> days = np.arange("2024-01-02", "2024-01-06", dtype="datetime64[D]")
    >>> own = performance(days, np.array([100.0, 110.0, 99.0, 121.0]))
    >>> table = results_table([("momentum", own)])
    >>> table.header, table.rows[2]
    (('', 'momentum'), ('Total return', '21.0%'))
    """
    lines: list[tuple[str, ...]] = [
        ("From", *(day(statistics.first_date) for _, statistics in columns)),
        ("To", *(day(statistics.last_date) for _, statistics in columns)),
    ]
    for row in ROWS:
        if row.is_headline or not is_short:
            texts = [shown(row, statistics) for _, statistics in columns]
            if any(text != DASH for text in texts):
                lines.append((row.label, *texts))
    return ResultsTable(("", *(name for name, _ in columns)), tuple(lines))
