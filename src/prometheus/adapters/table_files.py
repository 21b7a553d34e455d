"""Tables in CSV and Parquet files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from prometheus.kernel.errors import InputFileError

SUFFIXES = (".csv", ".parquet")
REMEDY = "Give CSV (comma, UTF-8, a first line with the names) or Parquet files."


def read_table(path: Path) -> tuple[pl.DataFrame, str]:
    """Return the rows of a file and the SHA-256 of its bytes.

    Parameters
    ----------
    path : Path
        A CSV file, whose columns all come as text, or a Parquet file.

    Raises
    ------
    InputFileError
        If the file is missing, unreadable, empty, or not what its name says.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputFileError(f"{path.name}: expected a name that ends in .csv or .parquet.", remedy=REMEDY)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputFileError(
            f"{path} can't be read: {error.strerror}.", remedy="Check the path and its permissions."
        ) from error
    if not raw.strip():
        raise InputFileError(f"{path.name} is empty.", remedy=REMEDY)
    try:
        if path.suffix.lower() == ".parquet":
            table = pl.read_parquet(raw)
        else:
            table = pl.read_csv(raw, infer_schema=False, encoding="utf8")
    except (PolarsError, UnicodeDecodeError) as error:
        said = str(error).strip().splitlines()[0]
        raise InputFileError(f"{path.name} is not the table its name says: {said}.", remedy=REMEDY) from error
    if table.height == 0:
        raise InputFileError(f"{path.name} has no rows.", remedy=REMEDY)
    return table, hashlib.sha256(raw).hexdigest()
