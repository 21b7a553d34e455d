"""Daily prices in CSV and Parquet files.

A vendor with a layout of its own gets a module beside this one that returns the same frame.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from prometheus.adapters.table_files import SUFFIXES, read_table
from prometheus.domain.market.columns import canonical_columns
from prometheus.domain.market.delivery import Delivery, FileReference
from prometheus.kernel.errors import InputFileError

_TAILS = re.compile(r"[_-](data|daily|prices?|1d|us_d)$", re.IGNORECASE)


def symbol_in(name: str) -> str:
    """Return the symbol that the name of a file of one instrument says.

    Examples
    --------
    >>> symbol_in("BRK.B_data.csv"), symbol_in("AAPL.csv")
    ('BRK.B', 'AAPL')
    """
    return _TAILS.sub("", Path(name).stem)


def price_file(path: Path) -> tuple[pl.DataFrame, FileReference]:
    """Return the rows of one file under their canonical names, texts as they stand there.

    Raises
    ------
    InputFileError
        If the file is missing, unreadable or empty, or has columns that are not known.
    """
    table, sha256 = read_table(path)
    names = canonical_columns(table.columns, file=path.name)
    odd = [given for given, name in names.items() if not _is_taken(table.schema[given], name)]
    if odd:
        kinds = ", ".join(f"{name!r} of type {table.schema[name]}" for name in odd)
        raise InputFileError(f"{path.name}: column {kinds}.", remedy="Expected texts, dates and numbers.")
    is_text = path.suffix.lower() == ".csv"
    columns = [pl.col(given).alias(name) for given, name in names.items()]
    if "symbol" not in names.values():
        columns.append(pl.lit(symbol_in(path.name)).alias("symbol"))
    numbered = table.select(
        pl.lit(path.name).alias("file"),
        pl.int_range(2 if is_text else 1, table.height + (2 if is_text else 1), dtype=pl.UInt32).alias("row"),
        *columns,
    )
    return numbered, FileReference(path.name, sha256, table.height)


def price_delivery(paths: Sequence[Path], *, source: str) -> Delivery:
    """Return the rows of files as one delivery.

    Parameters
    ----------
    paths : sequence of Path
        Files, or folders whose CSV and Parquet files are taken in the order of their names.
    source : str
        Who the prices come from.

    Raises
    ------
    InputFileError
        For the first file that can't be taken, or if there is none.
    """
    read = [price_file(path) for path in _files(paths)]
    frames = [rows for rows, _ in read]
    if len({tuple(sorted(frame.schema.items(), key=lambda item: item[0])) for frame in frames}) > 1:
        frames = [_as_text(frame) for frame in frames]  # text and typed files beside each other
    rows = pl.concat(frames, how="diagonal") if len(frames) > 1 else frames[0]
    return Delivery(source, rows, tuple(reference for _, reference in read))


def _is_taken(dtype: pl.DataType, name: str) -> bool:
    if dtype in (pl.String, pl.Null):
        return True
    if name == "trade_date":
        return dtype in (pl.Date, pl.Datetime)
    return dtype.is_numeric() or (name == "symbol" and dtype in (pl.Categorical, pl.Enum))


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
        else:
            found.append(path)
    if not found:
        raise InputFileError(
            f"No CSV or Parquet file in {', '.join(str(path) for path in paths)}.", remedy="Name the files."
        )
    return found


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.all().exclude("file", "row").cast(pl.String))
