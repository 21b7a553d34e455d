"""Rejected rows in a file that can be mended and delivered again, and that no later one overwrites.

A line is a rejected row: where it stood, every rule that it broke with the field, what was found there and
what to do, and then the row's own columns as they came. Mend these and deliver the file as any other: the
columns before them are not read.
"""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import IO

import polars as pl

from prometheus.kernel.errors import InputFileError

SAID = ("rule", "field", "found", "remedy")
WHERE_AND_WHY = ("file", "row", *SAID)
"""The columns before the row's own."""
N_DIGITS = 8


def mendable_rows(violations: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return one line for each row that violations point at.

    Parameters
    ----------
    violations : polars.DataFrame
    rows : polars.DataFrame
        ``file``, ``row`` and the row's own columns as texts. What violations point at and isn't among them
        stands by itself, with empty columns.
    """
    said = violations.group_by("file", "row", maintain_order=True).agg(
        pl.col(name).fill_null("").unique(maintain_order=True).str.join("; ") for name in SAID
    )
    own = [name for name in rows.columns if name not in WHERE_AND_WHY]
    texts = rows.select(
        pl.col("file").cast(pl.String),
        pl.col("row").cast(pl.Int64),
        *(pl.col(name).cast(pl.String) for name in own),
    ).unique(["file", "row"], keep="first", maintain_order=True)
    joined = said.join(texts, on=["file", "row"], how="left", maintain_order="left")
    return joined.select(*WHERE_AND_WHY, *own)


def kept_table(rejected: pl.DataFrame, folder: Path, name: str) -> Path:
    """Write a table to a CSV file of the folder, see `kept_file`."""
    content = io.BytesIO()
    rejected.write_csv(content)
    return kept_file(content, folder, name)


def kept_file(content: IO[bytes], folder: Path, name: str) -> Path:
    """Write a CSV file to the folder and return it.

    Its name ends with a digest of its bytes: other rejects of one batch have another file. One of that name
    with other bytes is being mended, and stays; a number is then added to the name.

    Raises
    ------
    InputFileError
        If it can't be written.
    """
    said = _digest_of(content)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in _names(folder, f"{name}-{said[:N_DIGITS]}"):
            if not path.exists():
                content.seek(0)
                with path.open("xb") as kept:
                    shutil.copyfileobj(content, kept)
                return path
            with path.open("rb") as there:
                if _digest_of(there) == said:
                    return path
    except OSError as error:
        raise InputFileError(
            f"{error.filename or folder} can't be written: {error.strerror}.",
            remedy="Rejected rows are kept there; make room.",
        ) from error
    raise AssertionError("numbers never end")


def _digest_of(file: IO[bytes]) -> str:
    found = hashlib.sha256()
    file.seek(0)
    while piece := file.read(1 << 20):
        found.update(piece)
    return found.hexdigest()


def _names(folder: Path, stem: str) -> Iterator[Path]:
    yield folder / f"{stem}.csv"
    for number in count(2):
        yield folder / f"{stem}-{number}.csv"
