"""Reported facts in CSV and Parquet files, as filings without a text.

1. The layout of a table is seen by its columns (`fundamental_layouts`); the prices in a vendor's archive are
   left out.
2. A row is a report: its facts, its period, and when it became known. A layout that has no such moment is
   refused, unless the user says how many days after the period's end reports count as known.
3. A row that can't be read is a violation that names file, row and field; the others follow.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from prometheus.adapters.delivered_files import DeliveredFile, FileFault, delivered_files
from prometheus.adapters.documents import Documents, FileReference
from prometheus.adapters.fundamental_edgar import EDGAR_SUFFIXES, edgar_reports
from prometheus.adapters.fundamental_layouts import (
    GENERIC,
    GENERIC_COLUMNS,
    KAGGLE_NYSE,
    PYSTOCK,
    Layout,
    layout_of,
    months_of,
)
from prometheus.adapters.fundamental_rows import GivenRows, given_rows
from prometheus.adapters.mendable import WHERE_AND_WHY
from prometheus.domain.text.facts import NAMES, Fact, unit_of
from prometheus.domain.text.filings import AcceptedBasis, Filing, end_of_day
from prometheus.flow.progress import Progress, Silent
from prometheus.kernel.errors import ConfigError, InputFileError
from prometheus.kernel.violations import VIOLATIONS

SUFFIXES = (".csv", ".parquet", *EDGAR_SUFFIXES)
ISO_DATE = "Write dates as 2015-03-31."
_DAY_IN_NAME = re.compile(r"(?<!\d)(\d{8})(?!\d)")
_QUARTERS = frozenset({"3", "6", "9", "12"})


class _Broken(Exception):  # noqa: N818  it never leaves this module: a row's fault on its way to the list
    """A row that can't be taken: field, what was found, rule and remedy."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A table that holds reports."""

    file: DeliveredFile
    layout: Layout
    given: GivenRows


def fundamental_delivery(
    paths: Sequence[Path],
    *,
    zone: str,
    currency: str,
    lag_days: int | None = None,
    progress: Progress | None = None,
) -> Documents:
    """Return the reports that files hold.

    Parameters
    ----------
    paths : sequence of Path
        Files, folders and archives.
    zone : str
        Time zone of the market: a day ends there.
    currency : str
        Of amounts in layouts without a currency of their own.
    lag_days : int, optional
        Days after its period's end on which a report counts as known, where the layout has no date.
    progress : Progress, optional

    Raises
    ------
    InputFileError
        If there is nothing that can be taken.
    ConfigError
        If a layout says no moment and ``lag_days`` is None.
    """
    hook = progress or Silent()
    faults: list[FileFault] = []
    filings: list[Filing] = []
    broken: list[tuple[Any, ...]] = []
    files: list[FileReference] = []
    mendable: dict[str, list[pl.DataFrame]] = {}
    n_rows = 0
    edgar: list[DeliveredFile] = []
    for file in delivered_files(paths, suffixes=SUFFIXES, faults=faults):
        if file.suffix in EDGAR_SUFFIXES:
            edgar += [] if _is_of_prices(file.name) else [file]
            continue
        table = _table(file, faults)
        if table is None:
            continue
        if not table.layout.has_dates and lag_days is None:
            raise ConfigError(
                f"{file.name} says when periods ended, not when its reports became known.",
                remedy="Nothing that looks back may use it so. --lag-days 90 takes each report as known "
                "90 days after the end of its period, and marks it so.",
            )
        given = table.given
        files.append(FileReference(file.name, file.sha256, given.n_rows))
        n_rows += given.n_rows
        broken += given.violations.rows()
        mendable.setdefault(table.layout.name, []).append(_mendable(table))
        hook.start("reports", given.rows.height)
        for number, unread, row in given.each():
            try:
                if unread is not None:
                    raise _Broken(*(unread[name] for name in ("field", "found", "rule", "remedy")))
                filings.append(_filing(table, row, number, zone, currency, lag_days))
            except _Broken as fault:
                field, found, rule, remedy = fault.args
                symbol = _text(row.get(table.layout.symbol))
                when = _text(row.get(table.layout.period_end))
                broken.append((file.name, number, symbol, when, field, found, rule, remedy))
            hook.advance(1)
        hook.finish()
    for read, found, unread_lines in edgar_reports(edgar, faults):
        filings += found
        broken += unread_lines
        n_rows += len(found) + len(unread_lines)
        files += [FileReference(file.name, file.sha256, len(found)) for file in read]
    broken += [
        (f.name, 0, None, None, "file", f.error.message, "unreadable_file", f.error.remedy)
        for f in faults
        if not _is_of_prices(f.name)
    ]
    if not files:
        raise (
            faults[0].error
            if faults
            else InputFileError(
                "No table of fundamentals is among these files.",
                remedy="Expected are symbol, period_end, accepted_at or filing_date, and facts such as "
                "revenue; docs/how-to/bring-your-own-fundamentals.md names them all.",
            )
        )
    violations = pl.DataFrame(broken, schema=VIOLATIONS.schema, orient="row")
    rows = tuple(pl.concat(frames, how="diagonal") for frames in mendable.values())
    return Documents(filings, violations, tuple(files), n_rows, rows)


def _mendable(table: _Table) -> pl.DataFrame:
    """Return the rows of a table as texts, with their places; pystock's with the day of their collection."""
    numbers = table.given.numbers
    own = [name for name in table.given.rows.columns if name not in WHERE_AND_WHY]
    rows = table.given.rows.select(
        pl.lit(table.file.name).alias("file"), numbers.alias("row"), pl.col(own).cast(pl.String)
    )
    day = None if "collected" in own else _collected(table)
    return rows.with_columns(collected=pl.lit(day)) if day and table.layout is PYSTOCK else rows


def _collected(table: _Table) -> str | None:
    """Return the day on which reports were collected, by the name of their file or archive."""
    found = _DAY_IN_NAME.search(table.file.name) or _DAY_IN_NAME.search(table.file.origin.name)
    return None if found is None else found[1]


def _is_of_prices(name: str) -> bool:
    """Return whether a member of a pystock archive is none of its reports."""
    return "!" in name and Path(name.rpartition("!")[2]).name in ("prices.csv", "symbols.txt")


def _table(file: DeliveredFile, faults: list[FileFault]) -> _Table | None:
    if _is_of_prices(file.name):
        return None
    try:
        given = given_rows(file)
    except InputFileError as error:
        faults.append(FileFault(file.name, error))
        return None
    except (PolarsError, OSError) as error:
        said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        faults.append(
            FileFault(
                file.name,
                InputFileError(
                    f"{file.name} is not the table its name says: {said}.",
                    remedy="Give CSV (comma, UTF-8, a first line with the names) or Parquet.",
                ),
            )
        )
        return None
    rows = given.rows
    layout = layout_of(frozenset(rows.columns))
    if layout is None:
        faults.append(
            FileFault(
                file.name,
                InputFileError(
                    f"{file.name} holds no fundamentals: its columns are {', '.join(rows.columns[:8])}.",
                    remedy="It needs symbol, period_end and facts such as revenue.",
                ),
            )
        )
        return None
    if layout is GENERIC and (
        unknown := [name for name in rows.columns if name not in GENERIC_COLUMNS.union(WHERE_AND_WHY)]
    ):
        faults.append(FileFault(file.name, _unknown_columns(file.name, unknown)))
        return None
    return _Table(file, layout, given)


def _unknown_columns(name: str, unknown: Sequence[str]) -> InputFileError:
    return InputFileError(
        f"{name}: unknown column {', '.join(map(repr, unknown))}.",
        remedy=f"Known are {', '.join(sorted(GENERIC_COLUMNS - NAMES))} and the facts "
        f"{', '.join(sorted(NAMES))}.",
    )


def _filing(
    table: _Table, row: Mapping[str, Any], number: int, zone: str, currency: str, lag_days: int | None
) -> Filing:
    layout = table.layout
    symbol = _text(row.get(layout.symbol))
    cik = _text(row.get("cik")) if layout is GENERIC else None
    if symbol is None and cik is None:
        raise _Broken(layout.symbol, None, "no_symbol", "Say whose report it is.")
    end = _date(row, layout.period_end)
    form, quarter = _form(layout, row)
    accepted_at, basis, filing_date, notes = _known(table, row, end, zone, lag_days)
    if filing_date < end:
        raise _Broken(
            layout.period_end, str(end), "filed_before_period_end",
            f"It is said to be known on {filing_date}, before its period ended; mend either date.",
        )  # fmt: skip
    money = _text(row.get("currency")) if layout is GENERIC else None
    facts = []
    for column, name in layout.facts.items():
        value = _number(row, column)
        if value is None or (value == 0.0 and name in layout.zero_is_missing):
            continue
        months = months_of(layout, name, form, quarter)
        if layout is GENERIC and months:
            months = int(quarter)
        facts.append(Fact(name, value, unit_of(name, money or currency), end, months))
    if not facts:
        raise _Broken("facts", None, "no_facts", "A report needs at least one fact.")
    return Filing(
        file=table.file.name,
        row=number,
        symbol=symbol,
        cik=cik,
        filing_type=form,
        filing_date=filing_date,
        accepted_at=accepted_at,
        accepted_basis=basis,
        period_of_report=end,
        accession=_text(row.get("accession")) if layout is GENERIC else None,
        facts=tuple(facts),
        notes=notes,
    )


def _form(layout: Layout, row: Mapping[str, Any]) -> tuple[str, str]:
    """Return a report's form, and its quarter (pystock) or months (generic)."""
    if layout is KAGGLE_NYSE:
        return "10-K", "FY"
    if layout is PYSTOCK:
        amended = "/A" if str(row.get("amend")) == "True" else ""
        form = _text(row.get("doc_type"))
        if form is None:
            raise _Broken("doc_type", None, "no_form", "Say 10-K or 10-Q.")
        return form.removesuffix("/A") + amended, _text(row.get("period_focus")) or ""
    form = _text(row.get("filing_type"))
    months = (_text(row.get("months")) or "").removesuffix(".0") or (
        "12" if form and form.startswith("10-K") else None
    )
    if months not in _QUARTERS:
        raise _Broken(
            "months", months, "no_period", "Say 3, 6, 9 or 12: how long the period of the flows is."
        )
    return form or ("10-K" if months == "12" else "10-Q"), months


def _known(
    table: _Table, row: Mapping[str, Any], end: date, zone: str, lag_days: int | None
) -> tuple[datetime, AcceptedBasis, date, dict[str, Any]]:
    """Return when a report became known, how that is known, its date, and what to note of it."""
    if table.layout is KAGGLE_NYSE:
        assert lag_days is not None
        day = end + timedelta(days=lag_days)
        return end_of_day(day, zone), "lagged", day, {"lag_days": lag_days}
    if table.layout is PYSTOCK:
        if row.get("collected") is not None:
            day = _date(row, "collected")
        else:
            named = _collected(table)
            if named is None:
                raise _Broken(
                    "collected",
                    None,
                    "no_date",
                    "Name the file or its archive after the day: 20150601.tar.gz.",
                )
            day = _iso(named, "collected")
        return end_of_day(day, zone), "collected", day, {}
    moment = _text(row.get("accepted_at"))
    if moment is not None and len(moment) > len("2015-03-31"):
        at = _moment(moment)
        return at, "exact", at.date() if row.get("filing_date") is None else _date(row, "filing_date"), {}
    field = "accepted_at" if moment is not None else "filing_date"
    if _text(row.get(field)) is not None:
        day = _date(row, field)
        return end_of_day(day, zone), "date", day, {}
    if lag_days is None:
        raise _Broken("accepted_at", None, "no_date", "Say accepted_at or filing_date, or give --lag-days.")
    day = end + timedelta(days=lag_days)
    return end_of_day(day, zone), "lagged", day, {"lag_days": lag_days}


def _text(value: Any) -> str | None:
    text = "" if value is None else str(value).strip().removesuffix(" 00:00:00")
    return text or None


def _date(row: Mapping[str, Any], field: str) -> date:
    value = row.get(field)
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = _text(value)
    if text is None:
        raise _Broken(field, None, "no_date", ISO_DATE)
    return _iso(text, field)


def _iso(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text[:10] if text[10:11] in (" ", "T") else text)
    except ValueError:
        raise _Broken(field, text, "unparsable_date", ISO_DATE) from None


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = datetime.min  # noqa: DTZ901  without a zone, so it is refused below
    if at.tzinfo is None:
        raise _Broken(
            "accepted_at", text, "unparsable_time", "Write times with their zone: 2023-08-03T18:04:43-04:00."
        )
    return at.astimezone(UTC)


def _number(row: Mapping[str, Any], field: str) -> float | None:
    value = row.get(field)
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    text = _text(value)
    if text is None or text.lower() in ("nan", "null", "none", "n/a"):
        return None
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _Broken(field, text, "unparsable_number", "Write plain numbers: 1234.5.")
    return number
