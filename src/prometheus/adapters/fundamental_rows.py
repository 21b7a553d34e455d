"""The rows of a file of fundamentals as they stand, and the lines that are none."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from prometheus.adapters.delivered_files import DeliveredFile
from prometheus.adapters.fundamental_layouts import PYSTOCK_HEADER
from prometheus.adapters.text_tables import text_chunks, text_layout
from prometheus.kernel.errors import InputFileError
from prometheus.kernel.violations import VIOLATIONS

Unread = Mapping[str, str] | None
"""Why a row can't be read, see `FAULT`."""


@dataclass(frozen=True, slots=True)
class GivenRows:
    """What a file holds.

    Attributes
    ----------
    rows : polars.DataFrame
        Under the names of its header; texts, unless it is Parquet.
    numbers : polars.Series
        The line of each row; in Parquet its place, from 1.
    unread : sequence
        What is wrong with the line of each row, None where nothing is.
    violations : polars.DataFrame
        Lines that hold no fields.
    """

    rows: pl.DataFrame
    numbers: pl.Series
    unread: Sequence[Unread]
    violations: pl.DataFrame

    @property
    def n_rows(self) -> int:
        """How many lines were read, whatever they hold."""
        return self.rows.height + self.violations.height

    def each(self) -> Iterator[tuple[int, Unread, Mapping[str, Any]]]:
        """Yield the number of each row, what is wrong with its line, and its cells."""
        yield from zip(self.numbers, self.unread, self.rows.iter_rows(named=True), strict=True)


def given_rows(file: DeliveredFile) -> GivenRows:
    """Return the rows of a CSV or Parquet file; a CSV of pystock needs no header.

    Raises
    ------
    InputFileError
        If it is no text, or without rows.
    PolarsError, OSError
        If it is no Parquet, or has two columns of one name.
    """
    if file.suffix == ".parquet":
        with file.open() as stream:
            table = pl.read_parquet(io.BytesIO(stream.read()))
        numbers = pl.int_range(1, table.height + 1, eager=True)
        return GivenRows(table, numbers, [None] * table.height, VIOLATIONS)
    layout = text_layout(file, n_known=len, delimiter=",")
    first = layout.names
    if len(first) == len(PYSTOCK_HEADER) and first[0] != "symbol" and first[2] in ("True", "False"):
        layout = replace(layout, names=tuple(PYSTOCK_HEADER), first_line=layout.first_line - 1)
    chunks = list(text_chunks(file, layout, range(len(layout.names))))
    if not chunks:
        raise InputFileError(f"{file.name} has no rows.", remedy="Ask for the file again, or leave it out.")
    rows = pl.concat([rows for rows, _ in chunks], how="diagonal")
    named = pl.DataFrame([rows[str(place)].alias(name) for place, name in enumerate(layout.names)])
    unread = rows["fault"].to_list() if "fault" in rows.columns else [None] * rows.height
    violations = pl.concat([violations for _, violations in chunks])
    return GivenRows(named, rows["row"].cast(pl.Int64), unread, violations)
