"""Files of series as tables of texts: headers, and lines by their number, whatever the file's layout."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import polars as pl

from prometheus.adapters.delimited_lines import delimited_lines, delimiter_of
from prometheus.adapters.delivered_files import DeliveredFile
from prometheus.kernel.errors import InputFileError

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
DATES = ("date", "observationdate", "periodstartdate", "tradedate", "time", "day", "period", "")
NAMES = ("factorid", "seriesid", "series", "factor", "id", "name", "symbol")
VINTAGES = ("realtimestart", "realtimestartdate", "vintagedate", "vintage")
"""When a value was published, as ALFRED's files say it."""
VINTAGE_ENDS = ("realtimeend", "realtimeenddate")
LONGEST_DAILY_STEP = 4.0
"""Median days between dates above which a file of French's is not a daily one; weeks have 7."""
Rows = list[tuple[int, list[str]]]


@dataclass(frozen=True, slots=True)
class SeriesTable:
    """A file as texts: headers, and lines by their number."""

    layout: str
    headers: list[str]
    rows: Rows
    broken: Rows


def series_table(file: DeliveredFile) -> SeriesTable:
    """Return a file as a table; `InputFileError` for one that is none."""
    if file.suffix == ".parquet":
        return _parquet(file)
    with file.open() as stream:
        raw = stream.read()
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in raw:
        raise InputFileError(f"{file.name} is no text in UTF-8.", remedy="Save it as CSV in UTF-8.")
    text = raw.decode("utf-8-sig", errors="replace")
    french = french_table(file.name, text)
    return french or _delimited(file.name, text)


def _parquet(file: DeliveredFile) -> SeriesTable:
    try:
        with file.open() as stream:
            frame = pl.read_parquet(io.BytesIO(stream.read()))
        texts = frame.select(pl.all().cast(pl.String).fill_null(""))
    except pl.exceptions.PolarsError as error:
        raise InputFileError(
            f"{file.name} can't be read as Parquet: {error}.", remedy="Write it again; it may be cut off."
        ) from error
    rows = [(line, list(cells)) for line, cells in enumerate(texts.iter_rows(), start=1)]
    return SeriesTable("parquet", frame.columns, rows, [])


def _delimited(name: str, text: str) -> SeriesTable:
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
    return SeriesTable("delimited", [header.strip() for header in headers], rows, broken)


def french_table(name: str, text: str) -> SeriesTable | None:
    """Return the daily section of a file of Kenneth French's library; None for any other file."""
    is_commas = any(re.match(r"\s*\d{4,8}\s*,", line) for line in text.splitlines())
    headers: list[str] | None = None
    daily: list[str] | None = None
    prose = ""
    rows: Rows = []
    broken: Rows = []
    n_other = begins = daily_at = 0
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [part.strip() for part in (line.split(",") if is_commas else re.split(r"\s+", line.rstrip()))]
        if not is_commas and cells and cells[0] == "" and re.match(r"\s*\d{4,8}\s", line):
            cells = cells[1:]
        if len(cells) > 1 and cells[0] == "" and all(cells[1:]):
            headers, begins = cells[1:], number
        elif headers is not None and re.fullmatch(r"\d{8}", cells[0]):
            if daily is None:
                daily, daily_at = headers, begins
            if headers == daily and begins != daily_at:
                raise InputFileError(
                    f"{name} row {begins}: a second daily table of {', '.join(headers[:3])} ... begins here.",
                    remedy="Portfolios stand in it by several weights. Leave one table in a file, and take "
                    "it in with a header date,<name of each> and --unit percent.",
                )
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
    return SeriesTable("french", ["", *daily], rows, broken)


def squeezed_name(header: str) -> str:
    """Return a header in lower case, its letters and digits alone."""
    return "".join(char for char in header.lower() if char.isalnum())
