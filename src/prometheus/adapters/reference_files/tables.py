"""Small tables as texts: CSV of any delimiter and Parquet, with the line of each row."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

import polars as pl
from polars.exceptions import PolarsError

from prometheus.adapters.delivered_files import DeliveredFile
from prometheus.kernel.errors import InputFileError
from prometheus.kernel.violations import VIOLATIONS

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
REMEDY = "Give CSV (UTF-8, a first line with the names) or Parquet files."
DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Table:
    """A file as it stands: its headers, its rows by line, the lines that are no rows.

    Attributes
    ----------
    headers : tuple of str
        As the file writes them.
    rows : list of (int, tuple of str)
        Line and texts without outer blanks, one a header.
    violations : polars.DataFrame
    """

    headers: tuple[str, ...]
    rows: list[tuple[int, tuple[str, ...]]]
    violations: pl.DataFrame

    @property
    def names(self) -> tuple[str, ...]:
        """The headers in lower case, with ``_`` for everything that is no letter or digit."""
        parted = (re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", header) for header in self.headers)
        return tuple(re.sub(r"[^0-9a-z]+", "_", header.lower()).strip("_") for header in parted)


def table_of(file: DeliveredFile) -> Table:
    """Return the rows of a file.

    Raises
    ------
    InputFileError
        If it is empty, has no rows, is not in UTF-8 or is not what its name says.
    """
    with file.open() as stream:
        raw = stream.read()
    table = _parquet(file, raw) if file.suffix == ".parquet" else _text(file, raw)
    if not table.rows and table.violations.is_empty():
        raise InputFileError(f"{file.name} has no rows.", remedy=REMEDY)
    return table


def text_of(name: str, raw: bytes) -> str:
    """Return bytes as text.

    Raises
    ------
    InputFileError
        If they are empty, binary or not in UTF-8.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputFileError(
            f"{name} line {line} is not in UTF-8: byte {raw[error.start]:#04x}.", remedy="Save it as UTF-8."
        ) from error
    if "\0" in text:
        raise InputFileError(f"{name} is binary, not text.", remedy=REMEDY)
    if not text.strip():
        raise InputFileError(f"{name} is empty.", remedy=REMEDY)
    return text


def _text(file: DeliveredFile, raw: bytes) -> Table:
    lines = text_of(file.name, raw)
    head = next(line for line in lines.splitlines() if line.strip())
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter, strict=True)
    headers: tuple[str, ...] = ()
    rows: list[tuple[int, tuple[str, ...]]] = []
    broken: list[tuple[object, ...]] = []
    try:
        for cells in reader:
            texts = tuple(cell.strip() for cell in cells)
            if not any(texts) and (len(texts) <= 1 or not headers):
                continue
            if not headers:
                headers = texts
            elif len(texts) != len(headers):
                found, remedy = f"{len(texts)} fields", f"The header has {len(headers)}."
                fault = (None, None, "row", found, "wrong_number_of_fields", remedy)
                broken.append((file.name, reader.line_num, *fault))
            else:
                rows.append((reader.line_num, texts))
    except csv.Error as error:
        raise InputFileError(f"{file.name} line {reader.line_num}: {error}.", remedy=REMEDY) from error
    return Table(headers, rows, pl.DataFrame(broken, schema=VIOLATIONS.schema, orient="row"))


def _parquet(file: DeliveredFile, raw: bytes) -> Table:
    try:
        table = pl.read_parquet(raw)
        texts = table.select(pl.all().cast(pl.String).str.strip_chars().fill_null(""))
    except PolarsError as error:
        said = str(error).strip().splitlines()[0]
        raise InputFileError(f"{file.name} is not the table its name says: {said}.", remedy=REMEDY) from error
    return Table(tuple(table.columns), list(enumerate(texts.iter_rows(), start=1)), VIOLATIONS)
