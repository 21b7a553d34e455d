"""Files of macro series and factors: what each cell says, and of which series.

=========================  ============================================================================
layout                     how it is seen
=========================  ============================================================================
a column a series          the first column is ``date``, ``observation_date``, ``time`` or has no name
                           (FRED, the Treasury's par yields, tables of factors)
a row a value              there is a column ``factor_id``, ``series_id``, ``series``, ``factor`` or ``id``
                           beside ``date`` and ``value``; a column ``unit`` may say percent, decimal or index
ALFRED                     either of these with ``realtime_start``, or a column a vintage: CPIAUCSL_20180112
Kenneth French's library   prose that names CRSP or French, then a header whose first cell is empty
=========================  ============================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Literal

import polars as pl

from prometheus.adapters.delivered_files import FileFault, delivered_files
from prometheus.adapters.series_tables import (
    DATES,
    NAMES,
    SUFFIXES,
    VINTAGE_ENDS,
    VINTAGES,
    SeriesTable,
    series_table,
    squeezed_name,
)
from prometheus.domain.market.factor_deliveries import MENDABLE, REMEDIES, dates_of
from prometheus.domain.market.series_names import DECIMAL, TENOR, french_id, macro_id, unit_of
from prometheus.flow.progress import Progress, Silent
from prometheus.kernel.errors import InputFileError
from prometheus.kernel.violations import VIOLATIONS

_VINTAGE = re.compile(r"(.+)_(\d{8})")
_CLOSES = frozenset(("close", "closeprice", "closelast", "adjclose", "adjustedclose"))
_OF_BARS = frozenset(("open", "high", "low", "volume", "vol", "ticker", "symbol", "name"))
FRENCH_MISSING = ("-99.99", "-999", "-999.0", "-999.00", "-99.990")
CELLS = pl.DataFrame(
    schema={
        "file": pl.String,
        "row": pl.Int64,
        "factor_id": pl.String,
        "date_text": pl.String,
        "trade_date": pl.Date,
        "is_ambiguous": pl.Boolean,
        "text": pl.String,
        "unit": pl.String,
        "is_percent": pl.Boolean,
        "vintage": pl.Date,
    }
)
"""No cell, with the columns of every cell."""

Kind = Literal["macro", "factors"]
Unit = Literal["percent", "decimal", "index"]


@dataclass(frozen=True, slots=True)
class SeriesFile:
    """One file of a delivery: its name, its digest, its layout and the lines of values that it held."""

    name: str
    sha256: str
    layout: str
    n_rows: int


@dataclass(frozen=True, slots=True)
class SeriesDelivery:
    """Series as delivered.

    Attributes
    ----------
    source : str
        Who it comes from.
    cells : polars.DataFrame
        One row a cell, see `domain.market.factor_deliveries.checked`.
    violations : polars.DataFrame
        Lines that could not be read.
    broken : polars.DataFrame
        One line a value that these lack, as `domain.market.factor_deliveries.mendable_cells`.
    files : tuple of SeriesFile
    faults : tuple of FileFault
        Files that could not be read.
    """

    source: str
    cells: pl.DataFrame
    violations: pl.DataFrame
    broken: pl.DataFrame
    files: tuple[SeriesFile, ...]
    faults: tuple[FileFault, ...]


def series_delivery(
    paths: Iterable[Path],
    *,
    kind: Kind,
    source: str,
    unit: Unit | None = None,
    progress: Progress | None = None,
) -> SeriesDelivery:
    """Read a delivery of series.

    Parameters
    ----------
    paths : iterable of Path
        Files, folders and archives.
    kind : {"macro", "factors"}
        Names of macro series become ``MACRO:<name>``; factors are called as their columns.
    source : str
    unit : {"percent", "decimal", "index"}, optional
        Of every series, where the files don't make it known. Percents are divided by 100.
    progress : Progress, optional
        Told of files.

    Raises
    ------
    InputFileError
        If no file could be read.
    """
    faults: list[FileFault] = []
    frames, broken, files = [], [], []
    hook = progress or Silent()
    given = list(delivered_files(paths, suffixes=SUFFIXES, faults=faults))
    hook.start("files read", len(given))
    for file in given:
        hook.advance(1)
        try:
            table = series_table(file)
            frames.append(_cells(file.name, table, kind, unit))
        except InputFileError as error:
            faults.append(FileFault(file.name, error))
            continue
        series = _names_of(table, kind)
        broken += [(file.name, row, series, cells) for row, cells in table.broken]
        files.append(SeriesFile(file.name, file.sha256, table.layout, len(table.rows) + len(table.broken)))
    hook.finish()
    if not frames:
        raise faults[0].error
    fields = "wrong_number_of_fields"
    rows = [
        (name, row, None, cells[0], "date", ",".join(cells)[:80], fields, REMEDIES[fields])
        for name, row, _, cells in broken
    ]
    # Which cell is missing nobody knows, so none is taken: the line stands beside each empty value.
    empty = [
        (name, row, fields, "date", ",".join(cells), REMEDIES[fields], one, cells[0].strip(), "", unit, None)
        for name, row, series, cells in broken
        for one, unit in series
    ]
    return SeriesDelivery(
        source=source,
        cells=pl.concat(frames),
        violations=pl.DataFrame(rows, schema=VIOLATIONS.schema, orient="row"),
        broken=pl.DataFrame(empty, schema=MENDABLE, orient="row"),
        files=tuple(files),
        faults=tuple(faults),
    )


def _cells(name: str, table: SeriesTable, kind: Kind, unit: Unit | None) -> pl.DataFrame:
    """Return the cells of a file, one row each."""
    squeezed = [squeezed_name(header) for header in table.headers]
    dates = sorted((i for i, header in enumerate(squeezed) if header in DATES), key=lambda i: not squeezed[i])
    named = [i for i, header in enumerate(squeezed) if header in NAMES]
    if not dates:
        raise InputFileError(
            f"{name}: no column of dates among {', '.join(map(repr, table.headers))}.",
            remedy="Call it date, and the others after their series; or give factor_id, date, value.",
        )
    if _holds_prices(table, squeezed):
        raise InputFileError(
            f"{name} holds prices: it has {', '.join(table.headers)}.",
            remedy="`prometheus ingest prices` takes it; here give series: a date and one column a series.",
        )
    if not table.rows:
        return CELLS
    at = dates[0]
    vintage = next((i for i, header in enumerate(squeezed) if header in VINTAGES), None)
    unread = {at, vintage, *(i for i, header in enumerate(squeezed) if header in VINTAGE_ENDS)}
    texts = pl.Series("date_text", [cells[at].strip() for _, cells in table.rows], dtype=pl.String)
    others = [header for i, header in enumerate(table.headers) if i not in unread]
    trade_dates, is_ambiguous = dates_of(texts)
    if others and all(TENOR.fullmatch(header.strip()) for header in others):  # the Treasury: month first
        american = texts.str.to_date("%m/%d/%Y", strict=False)
        trade_dates, is_ambiguous = trade_dates.fill_null(american), is_ambiguous & american.is_null()
    shared = pl.DataFrame(
        {
            "file": pl.repeat(name, texts.len(), dtype=pl.String, eager=True),
            "row": pl.Series([row for row, _ in table.rows], dtype=pl.Int64),
            "date_text": texts,
            "trade_date": trade_dates,
            "is_ambiguous": is_ambiguous,
            "vintage": _vintages(name, table, vintage),
        }
    )
    is_long = "value" in squeezed and bool(named)
    if is_long and "unit" in squeezed:
        units = [cells[squeezed.index("unit")].strip().lower() for _, cells in table.rows]
        shared = shared.with_columns(pl.Series("said", units, dtype=pl.String))
    else:
        shared = shared.with_columns(said=pl.lit(None, dtype=pl.String))
    of_day: dict[int, date] = {}
    if is_long:
        values, names = squeezed.index("value"), [cells[named[0]].strip() for _, cells in table.rows]
        columns: Iterator[tuple[Sequence[str], int]] = iter([(names, values)])
    else:
        # The numbers of the rows, which pandas writes, stand under no name.
        kept = [i for i, h in enumerate(squeezed) if i not in unread and h and not h.startswith("unnamed")]
        if not kept:
            raise InputFileError(f"{name} has dates and no values.", remedy="Add a column a series.")
        own = {i: _series_of(name, table.headers[i]) for i in kept}
        columns = (([own[i]] * texts.len(), i) for i in kept)
        of_column = {i: _VINTAGE.fullmatch(table.headers[i].strip()) for i in kept}
        if kind == "macro" and all(of_column.values()):  # a column a vintage: CPIAUCSL_20180112
            columns = (([found[1]] * texts.len(), i) for i, found in of_column.items() if found)
            days = {i: _day_of(name, 1, found[2]) for i, found in of_column.items() if found}
            of_day = {i: day for i, day in days.items() if day is not None}
    parts = []
    for headers, i in columns:
        part = shared.with_columns(
            pl.Series("factor_id", headers, dtype=pl.String),
            pl.Series("text", [cells[i] for _, cells in table.rows], dtype=pl.String),
        )
        if i in of_day:
            part = part.with_columns(vintage=pl.lit(of_day[i]))
        parts.append(_named(part, table, kind, unit))
    return pl.concat(parts)


def _holds_prices(table: SeriesTable, squeezed: Sequence[str]) -> bool:
    """Return whether a table has the columns of prices: a close alone, or with anything that bars have."""
    if table.layout == "french" or "value" in squeezed or not _CLOSES.intersection(squeezed):
        return False
    return bool(_OF_BARS.intersection(squeezed)) or _CLOSES.union(DATES).issuperset(squeezed)


def _named(cells: pl.DataFrame, table: SeriesTable, kind: Kind, unit: Unit | None) -> pl.DataFrame:
    """Return cells with the id of their series, its unit, and whether they are percents."""
    beside = frozenset(header.strip().upper() for header in table.headers)
    is_french = table.layout == "french"
    said = {
        header: (french_id(header, beside), DECIMAL, True) if is_french else _series(header, kind, unit)
        for header in cells["factor_id"].unique().to_list()
    }
    name, text, unit_said = pl.col("factor_id"), pl.col("text"), pl.col("said")
    is_in_percent = name.replace_strict({h: one[2] for h, one in said.items()}, return_dtype=pl.Boolean)
    stored = name.replace_strict({h: one[1] for h, one in said.items()}, return_dtype=pl.String)
    is_coded = text.str.strip_chars().is_in(FRENCH_MISSING) if is_french else pl.lit(False)
    return cells.select(
        "file",
        "row",
        name.replace_strict({header: one[0] for header, one in said.items()}, return_dtype=pl.String),
        "date_text",
        "trade_date",
        "is_ambiguous",
        pl.when(is_coded).then(pl.lit(".")).otherwise(text).alias("text"),
        pl.when(unit_said.is_in(["percent", "decimal"]))
        .then(pl.lit(DECIMAL))
        .when(unit_said == "index")
        .then(pl.lit("index"))
        .otherwise(stored)
        .alias("unit"),
        pl.when(unit_said.is_in(["percent", "decimal", "index"]))
        .then(unit_said == "percent")
        .otherwise(is_in_percent)
        .alias("is_percent"),
        "vintage",
    )


def _vintages(name: str, table: SeriesTable, at: int | None) -> pl.Series:
    """Return the day on which each row was published, null where the file doesn't say it."""
    days = [None if at is None else _day_of(name, row, cells[at]) for row, cells in table.rows]
    return pl.Series("vintage", days, dtype=pl.Date)


def _day_of(name: str, row: int, text: str) -> date | None:
    said = text.strip()
    try:
        return date.fromisoformat(said) if said else None
    except ValueError as error:
        raise InputFileError(
            f"{name} row {row}: {said!r} is no day of publication.", remedy="Write it as 2018-02-14."
        ) from error


def _series_of(name: str, header: str) -> str:
    """Return what a column's series is called: by its header, or where that says nothing by its file."""
    if squeezed_name(header) != "value":
        return header
    stem = PurePosixPath(name.rpartition("!")[2]).stem
    if not re.fullmatch(r"[A-Z][A-Z0-9]+", stem):
        raise InputFileError(
            f"{name} doesn't say which series its values are of.",
            remedy="Add a column series_id, or name the file after the series as FRED does: DGS10.csv.",
        )
    return stem


def _series(header: str, kind: Kind, unit: Unit | None) -> tuple[str, str, bool]:
    """Return the id of a series, the unit in which it is stored, and whether it comes in percent."""
    is_macro = header != "" and (kind == "macro" or header.startswith("MACRO:"))
    factor_id = macro_id(header) if is_macro else header
    if unit is not None:
        return factor_id, "index" if unit == "index" else DECIMAL, unit == "percent"
    if not is_macro:
        return factor_id, DECIMAL, False
    stored = unit_of(factor_id)
    return factor_id, stored, stored == DECIMAL


def _names_of(table: SeriesTable, kind: Kind) -> list[tuple[str, str]]:
    """Return the series of a table and the units that their cells say, where they can be named at all."""
    squeezed = [squeezed_name(header) for header in table.headers]
    if "value" in squeezed and any(header in NAMES for header in squeezed):
        return [("", "")]
    kept = [h for h, s in zip(table.headers, squeezed, strict=True) if s not in DATES]
    if table.layout == "french":
        beside = frozenset(header.strip().upper() for header in table.headers)
        return [(french_id(header, beside), "percent") for header in kept]
    kept = [header for header in kept if not squeezed_name(header).startswith("unnamed")]
    return [(_series(header, kind, None)[0], "") for header in kept]
