"""Files of macro series and factors: what each cell says, and of which series.

=========================  ============================================================================
layout                     how it is seen
=========================  ============================================================================
a column a series          the first column is ``date``, ``observation_date``, ``time`` or has no name
                           (FRED, the Treasury's par yields, tables of factors)
a row a value              there is a column ``factor_id``, ``series_id``, ``series``, ``factor`` or ``id``
                           beside ``date`` and ``value``
Kenneth French's library   prose that names CRSP or French, then a header whose first cell is empty
=========================  ============================================================================
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Literal

import polars as pl

from prometheus.adapters.delimited_lines import delimited_lines, delimiter_of
from prometheus.adapters.delivered_files import DeliveredFile, FileFault, delivered_files
from prometheus.domain.market.factor_deliveries import (
    DECIMAL,
    REMEDIES,
    dates_of,
    french_id,
    macro_id,
    unit_of,
)
from prometheus.flow.progress import Progress, Silent
from prometheus.kernel.errors import InputFileError
from prometheus.kernel.violations import VIOLATIONS

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
DATES = ("date", "observationdate", "tradedate", "time", "day", "period", "")
NAMES = ("factorid", "seriesid", "series", "factor", "id", "name", "symbol")
RELEASES = ("released", "releasedate", "releasedat", "release", "knownat")
FRENCH_MISSING = ("-99.99", "-999", "-999.0", "-999.00", "-99.990")
LONGEST_DAILY_STEP = 4.0
"""Median days between dates above which a file of French's is not a daily one; weeks have 7."""

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
    }
)
"""No cell, with the columns of every cell."""

Kind = Literal["macro", "factors"]
Unit = Literal["percent", "decimal", "index"]
Rows = list[tuple[int, list[str]]]


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
    files : tuple of SeriesFile
    faults : tuple of FileFault
        Files that could not be read.
    """

    source: str
    cells: pl.DataFrame
    violations: pl.DataFrame
    files: tuple[SeriesFile, ...]
    faults: tuple[FileFault, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """A file as texts: headers, and lines by their number."""

    layout: str
    headers: list[str]
    rows: Rows
    broken: Rows


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
            table = _table_of(file)
            frames.append(_cells(file.name, table, kind, unit))
        except InputFileError as error:
            faults.append(FileFault(file.name, error))
            continue
        broken += [(file.name, row, table.layout, cells) for row, cells in table.broken]
        files.append(SeriesFile(file.name, file.sha256, table.layout, len(table.rows) + len(table.broken)))
    hook.finish()
    if not frames:
        raise faults[0].error
    fields = "wrong_number_of_fields"
    rows = [
        (name, row, None, cells[0], "date", ",".join(cells)[:80], fields, REMEDIES[fields])
        for name, row, _, cells in broken
    ]
    return SeriesDelivery(
        source=source,
        cells=pl.concat(frames),
        violations=pl.DataFrame(rows, schema=VIOLATIONS.schema, orient="row"),
        files=tuple(files),
        faults=tuple(faults),
    )


def release_calendar(path: Path) -> dict[tuple[str | None, date], datetime]:
    """Return when values became known, from a table of ``date``, ``released`` and perhaps a series.

    A release is a date, which counts until its last second in UTC, or a time with its zone.

    Raises
    ------
    InputFileError
        If the file can't be read, or a line of it says no two moments.
    """
    (file,) = delivered_files([path], suffixes=SUFFIXES)
    table = _table_of(file)
    squeezed = [_squeezed(header) for header in table.headers]
    about = next((i for i, name in enumerate(squeezed) if name in DATES and name), None)
    released = next((i for i, name in enumerate(squeezed) if name in RELEASES), None)
    named = next((i for i, name in enumerate(squeezed) if name in NAMES), None)
    if about is None or released is None:
        raise InputFileError(
            f"{file.name}: expected the columns date and released, found {', '.join(table.headers)}.",
            remedy="Write date,released, or series_id,date,released.",
        )
    found: dict[tuple[str | None, date], datetime] = {}
    for line, cells in table.rows:
        name = cells[named].strip() if named is not None else ""
        try:
            day = date.fromisoformat(cells[about].strip())
            moment = datetime.fromisoformat(cells[released].strip())
        except ValueError as error:
            raise InputFileError(
                f"{file.name} row {line}: {cells[about]!r} and {cells[released]!r} are no date and release.",
                remedy="Write dates as 2018-02-07 and times as 2018-02-07T16:15:00-05:00.",
            ) from error
        if moment.tzinfo is None and moment.time() != time():
            raise InputFileError(
                f"{file.name} row {line}: released = {cells[released]!r} is in no time zone.",
                remedy="Write it as 2018-02-07T16:15:00-05:00.",
            )
        if moment.tzinfo is None:
            moment = datetime.combine(moment.date(), time(23, 59, 59), UTC)
        key = (macro_id(name) if name else None, day)
        if found.setdefault(key, moment) != moment:
            raise InputFileError(
                f"{file.name} row {line}: {name} {day} is said to be released at two moments.",
                remedy="Leave the first publication in.",
            )
    return found


def _table_of(file: DeliveredFile) -> _Table:
    if file.suffix == ".parquet":
        return _parquet(file)
    with file.open() as stream:
        raw = stream.read()
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in raw:
        raise InputFileError(f"{file.name} is no text in UTF-8.", remedy="Save it as CSV in UTF-8.")
    text = raw.decode("utf-8-sig", errors="replace")
    french = _french(file.name, text)
    return french or _delimited(file.name, text)


def _parquet(file: DeliveredFile) -> _Table:
    try:
        with file.open() as stream:
            frame = pl.read_parquet(io.BytesIO(stream.read()))
        texts = frame.select(pl.all().cast(pl.String).fill_null(""))
    except pl.exceptions.PolarsError as error:
        raise InputFileError(
            f"{file.name} can't be read as Parquet: {error}.", remedy="Write it again; it may be cut off."
        ) from error
    rows = [(line, list(cells)) for line, cells in enumerate(texts.iter_rows(), start=1)]
    return _Table("parquet", frame.columns, rows, [])


def _delimited(name: str, text: str) -> _Table:
    delimiter = delimiter_of(text)
    if delimiter is None:
        first = next((line for line in text.splitlines() if line.strip()), "")
        raise InputFileError(
            f"{name}: the first line {first[:60]!r} has no columns.",
            remedy="Give CSV whose first line names the columns: date, and one column a series.",
        )
    lines = delimited_lines(text, delimiter)
    _, headers, _ = next(lines)
    rows: Rows = []
    broken: Rows = []
    for number, cells, is_whole in lines:
        (rows if is_whole else broken).append((number, cells))
    return _Table("delimited", [header.strip() for header in headers], rows, broken)


def _french(name: str, text: str) -> _Table | None:
    """Return the daily section of a file of Kenneth French's library; None for any other file."""
    is_commas = any(re.match(r"\s*\d{4,8}\s*,", line) for line in text.splitlines())
    headers: list[str] | None = None
    daily: list[str] | None = None
    prose = ""
    rows: Rows = []
    broken: Rows = []
    n_other = 0
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [part.strip() for part in (line.split(",") if is_commas else re.split(r"\s+", line.rstrip()))]
        if not is_commas and cells and cells[0] == "" and re.match(r"\s*\d{4,8}\s", line):
            cells = cells[1:]
        if len(cells) > 1 and cells[0] == "" and all(cells[1:]):
            headers = cells[1:]
        elif headers is not None and re.fullmatch(r"\d{8}", cells[0]):
            if daily is None:
                daily = headers
            target = rows if headers == daily and len(cells) == len(headers) + 1 else broken
            target.append((number, cells))
        elif headers is not None and re.fullmatch(r"\d{4}(\d\d)?", cells[0]):
            n_other += 1
        elif headers is not None and daily is not None and len(cells) == len(daily) + 1 and cells[0]:
            rows.append((number, cells))  # a date that is none: the rules will say so
        else:
            prose += f" {line.lower()}"
    if not ("crsp" in prose or "french" in prose) or (daily is None and not n_other):
        return None
    if daily is None:
        raise InputFileError(
            f"{name} holds no daily factors, only {n_other} months and years.",
            remedy="Take the file whose name ends in _daily.",
        )
    days = pl.Series([cells[0] for _, cells in rows]).str.to_date("%Y%m%d", strict=False).drop_nulls()
    step = days.diff().dt.total_days().median()
    if isinstance(step, int | float) and step > LONGEST_DAILY_STEP:
        raise InputFileError(
            f"{name} holds a value every {step:g} days.", remedy="Take the file whose name ends in _daily."
        )
    return _Table("french", ["", *daily], rows, broken)


def _cells(name: str, table: _Table, kind: Kind, unit: Unit | None) -> pl.DataFrame:
    """Return the cells of a file, one row each."""
    squeezed = [_squeezed(header) for header in table.headers]
    dates = sorted((i for i, header in enumerate(squeezed) if header in DATES), key=lambda i: not squeezed[i])
    named = [i for i, header in enumerate(squeezed) if header in NAMES]
    if not dates:
        raise InputFileError(
            f"{name}: no column of dates among {', '.join(map(repr, table.headers))}.",
            remedy="Call it date, and the others after their series; or give factor_id, date, value.",
        )
    if not table.rows:
        return CELLS
    at = dates[0]
    texts = pl.Series("date_text", [cells[at].strip() for _, cells in table.rows], dtype=pl.String)
    trade_dates, is_ambiguous = dates_of(texts)
    shared = pl.DataFrame(
        {
            "file": pl.repeat(name, texts.len(), dtype=pl.String, eager=True),
            "row": pl.Series([row for row, _ in table.rows], dtype=pl.Int64),
            "date_text": texts,
            "trade_date": trade_dates,
            "is_ambiguous": is_ambiguous,
        }
    )
    is_long = "value" in squeezed and bool(named)
    if is_long:
        values, names = squeezed.index("value"), [cells[named[0]].strip() for _, cells in table.rows]
        columns: Iterator[tuple[Sequence[str], int]] = iter([(names, values)])
    else:
        # The numbers of the rows, which pandas writes, stand under no name.
        others = [i for i, h in enumerate(squeezed) if i != at and h and not h.startswith("unnamed")]
        columns = (([table.headers[i]] * texts.len(), i) for i in others)
        if not others:
            raise InputFileError(f"{name} has dates and no values.", remedy="Add a column a series.")
    parts = []
    for headers, i in columns:
        part = shared.with_columns(
            pl.Series("factor_id", headers, dtype=pl.String),
            pl.Series("text", [cells[i] for _, cells in table.rows], dtype=pl.String),
        )
        parts.append(_named(part, table, kind, unit))
    return pl.concat(parts)


def _named(cells: pl.DataFrame, table: _Table, kind: Kind, unit: Unit | None) -> pl.DataFrame:
    """Return cells with the id of their series, its unit, and whether they are percents."""
    beside = frozenset(header.strip().upper() for header in table.headers)
    is_french = table.layout == "french"
    said = {
        header: (french_id(header, beside), DECIMAL, True) if is_french else _series(header, kind, unit)
        for header in cells["factor_id"].unique().to_list()
    }
    name, text = pl.col("factor_id"), pl.col("text")
    is_coded = text.str.strip_chars().is_in(FRENCH_MISSING) if is_french else pl.lit(False)
    return cells.select(
        "file",
        "row",
        name.replace_strict({header: one[0] for header, one in said.items()}, return_dtype=pl.String),
        "date_text",
        "trade_date",
        "is_ambiguous",
        pl.when(is_coded).then(pl.lit(".")).otherwise(text).alias("text"),
        name.replace_strict({header: one[1] for header, one in said.items()}, return_dtype=pl.String).alias(
            "unit"
        ),
        name.replace_strict({header: one[2] for header, one in said.items()}, return_dtype=pl.Boolean).alias(
            "is_percent"
        ),
    )


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


def _squeezed(header: str) -> str:
    return "".join(char for char in header.lower() if char.isalnum())
