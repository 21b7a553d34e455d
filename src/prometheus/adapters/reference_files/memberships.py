"""Memberships of an index: spans of each symbol, and changes with what was added and removed."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from prometheus.adapters.reference_files.shapes import FileSummary
from prometheus.adapters.reference_files.tables import Table
from prometheus.adapters.reference_files.words import NO_VALUE
from prometheus.domain.reference.observations import IndexSpan, Origin
from prometheus.domain.reference.rules import iso_date
from prometheus.domain.reference.spelling import spelled
from prometheus.kernel.violations import VIOLATIONS

DAY = timedelta(days=1)
Broken = tuple[object, ...]
_GONE = re.compile(r"(.+)-((?:19|20)\d\d)(0[1-9]|1[0-2])")
"""A symbol with the month in which its firm left, as some lists of fja05680 have it."""


def index_spans(
    table: Table, places: Mapping[str, int], summary: FileSummary
) -> tuple[list[IndexSpan], pl.DataFrame]:
    """Return the memberships in a file of spans, and its rows that break a rule.

    A span that begins on the first day of the file may have begun before: nothing is known of earlier days.
    """
    spans: list[tuple[int, str, str, date, date | None]] = []
    broken: list[Broken] = []
    for line, texts in table.rows:
        row = {column: texts[place] for column, place in places.items()}
        first, end = iso_date(row["first"]), iso_date(row.get("end", ""))
        is_ended = row.get("end", "").lower() not in NO_VALUE
        symbol, index = spelled(row["symbol"]), row.get("index") or summary.index
        if not symbol:
            broken.append(
                _fault(summary, line, None, "symbol", "", "missing_symbol", "Give every row its symbol.")
            )
        elif first is None or (is_ended and end is None):
            field = "first" if first is None else "end"
            remedy = "Write dates as 2013-02-08."
            broken.append(_fault(summary, line, symbol, field, row[field], "unparsable_date", remedy))
        elif end is not None and end <= first:
            remedy = "A membership ends after it begins."
            broken.append(_fault(summary, line, symbol, "end", row["end"], "end_before_start", remedy))
        elif index is None:
            broken.append(_no_index(summary, line, symbol))
        else:
            spans.append((line, symbol, index, first, end - DAY if end is not None else None))
    earliest = min((first for *_, first, _ in spans), default=date.min)
    found = [
        IndexSpan(_origin(summary, line), index, symbol, first, last, is_censored=first == earliest)
        for line, symbol, index, first, last in spans
    ]
    return found, pl.DataFrame(broken, schema=VIOLATIONS.schema, orient="row")


def index_changes(
    table: Table, places: Mapping[str, int], summary: FileSummary
) -> tuple[list[IndexSpan], pl.DataFrame]:
    """Return the memberships in a file of changes, and its rows that break a rule.

    Who is removed without having been added was a member when the file begins.
    """
    events: list[tuple[date, str, str, bool, int]] = []
    broken: list[Broken] = []
    for line, texts in table.rows:
        row = {column: texts[place] for column, place in places.items()}
        day, index = iso_date(row["date"]), row.get("index") or summary.index
        if day is None:
            remedy = "Write dates as 2013-02-08."
            broken.append(_fault(summary, line, None, "date", row["date"], "unparsable_date", remedy))
            continue
        if index is None:
            broken.append(_no_index(summary, line, None))
            continue
        for column, is_addition in (("remove", False), ("add", True)):
            symbols = symbols_in(row[column])
            events += [(day, index, symbol, is_addition, line) for symbol in symbols]
    begins = min((event[0] for event in events), default=date.min)
    spans: list[IndexSpan] = []
    inside: dict[tuple[str, str], tuple[date, int]] = {}
    for day, index, symbol, is_addition, line in sorted(events, key=lambda e: (e[0], e[3])):
        since = inside.pop((index, symbol), None)
        if is_addition:
            inside[index, symbol] = since or (day, line)
            continue
        first, is_censored = (since[0], False) if since else (begins - DAY, True)
        spans.append(IndexSpan(_origin(summary, line), index, symbol, first, day - DAY, is_censored))
    spans += [
        IndexSpan(_origin(summary, line), index, symbol, first, None)
        for (index, symbol), (first, line) in inside.items()
    ]
    return spans, pl.DataFrame(broken, schema=VIOLATIONS.schema, orient="row")


def index_lists(
    table: Table, places: Mapping[str, int], summary: FileSummary
) -> tuple[list[IndexSpan], pl.DataFrame]:
    """Return the memberships in a file with all members on each day of a change, and its broken rows.

    A list holds until the next one. Who stands in the last one is a member still, who stands in the first
    may have been one before. A symbol that left in a month and has that behind it, as in ``CEG-201203``, is
    of a firm that is gone: one that has the symbol without a month is another.
    """
    lists: dict[str, dict[date, tuple[int, frozenset[str]]]] = {}
    broken: list[Broken] = []
    for line, texts in table.rows:
        row = {column: texts[place] for column, place in places.items()}
        day, index = iso_date(row["date"]), row.get("index") or summary.index
        members = frozenset(symbols_in(row["symbols"]))
        if day is None:
            remedy = "Write dates as 2013-02-08."
            broken.append(_fault(summary, line, None, "date", row["date"], "unparsable_date", remedy))
        elif index is None:
            broken.append(_no_index(summary, line, None))
        elif not members:
            remedy = "Give the members of the day, or leave the row out."
            broken.append(_fault(summary, line, None, "symbols", "", "missing_symbol", remedy))
        elif lists.setdefault(index, {}).setdefault(day, (line, members))[1] != members:
            remedy = "Leave one list of the day in."
            broken.append(_fault(summary, line, None, "date", row["date"], "contradicting_duplicate", remedy))
    spans: list[IndexSpan] = []
    for index, by_day in lists.items():
        spans += _spans_of_lists(index, by_day, summary)
    return spans, pl.DataFrame(broken, schema=VIOLATIONS.schema, orient="row")


def symbols_in(cell: str) -> list[str]:
    """Return the symbols in a cell that names several.

    Examples
    --------
    >>> symbols_in("AAPL, BRK/B;['MSFT']")
    ['AAPL', 'BRK.B', 'MSFT']
    """
    return [spelled(text) for text in re.split(r"[,;\s'\"\[\]]+", cell) if text]


def _spans_of_lists(
    index: str, by_day: Mapping[date, tuple[int, frozenset[str]]], summary: FileSummary
) -> list[IndexSpan]:
    days = sorted(by_day)
    since: dict[str, date] = {}
    spans: list[IndexSpan] = []

    def ended(symbol: str, line: int, last: date | None) -> IndexSpan:
        gone = _GONE.fullmatch(symbol)
        first = since.pop(symbol)
        return IndexSpan(
            _origin(summary, line),
            index,
            symbol if gone is None else gone.group(1),
            first,
            last,
            is_censored=first == days[0],
            gone=None if gone is None else _end_of_month(int(gone.group(2)), int(gone.group(3))),
        )

    for day in days:
        line, members = by_day[day]
        spans += [ended(symbol, line, day - DAY) for symbol in sorted(since.keys() - members)]
        for symbol in members - since.keys():
            since[symbol] = day
    return spans + [ended(symbol, by_day[days[-1]][0], None) for symbol in sorted(since)]


def _end_of_month(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _origin(summary: FileSummary, line: int) -> Origin:
    return Origin(summary.name, line, summary.source, summary.as_of, summary.is_dated)


def _fault(
    summary: FileSummary, line: int, symbol: str | None, field: str, found: str, rule: str, remedy: str
) -> Broken:
    return (summary.name, line, symbol, None, field, found, rule, remedy)


def _no_index(summary: FileSummary, line: int, symbol: str | None) -> Broken:
    return _fault(summary, line, symbol, "index", "", "missing_index", "Name the index: --index SP500.")
