"""Tables in Parquet files, row group by row group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from prometheus.adapters.delivered_files import DeliveredFile
from prometheus.kernel.errors import InputFileError

_DAMAGED = (pa.ArrowException, OSError, UnicodeDecodeError, pl.exceptions.PanicException)
"""What the libraries raise on files that are broken; polars panics where bytes contradict their type."""


def parquet_schema(file: DeliveredFile) -> Mapping[str, pl.DataType]:
    """Return the columns of a Parquet file and their types.

    Raises
    ------
    InputFileError
        If it is none.
    """
    try:
        with file.open() as stream:
            schema = pq.read_schema(stream).remove_metadata()
            return pl.DataFrame(schema.empty_table().select(schema.names)).schema  # names must decode
    except _DAMAGED as error:
        raise _not_parquet(file.name, error) from error


def parquet_chunks(file: DeliveredFile, columns: Sequence[str], *, chunk_rows: int) -> Iterator[pl.DataFrame]:
    """Yield ``row``, counted from 1, and these columns of a Parquet file.

    Raises
    ------
    InputFileError
        If it breaks off.
    """
    n_read = 0
    try:
        with file.open() as stream, pq.ParquetFile(stream) as table:
            for batch in table.iter_batches(batch_size=chunk_rows, columns=list(columns)):
                batch.validate(full=True)
                rows = pl.DataFrame(batch)
                first, n_read = n_read + 1, n_read + rows.height
                yield rows.select(pl.int_range(first, n_read + 1, dtype=pl.UInt32).alias("row"), *columns)
    except _DAMAGED as error:
        raise _not_parquet(file.name, error) from error


def _not_parquet(name: str, error: BaseException) -> InputFileError:
    said = str(error).strip().split("\n")[0].rstrip(".")
    return InputFileError(
        f"{name} is not the Parquet file its name says: {said}.",
        remedy="Fetch it again; its transfer may have broken off.",
    )
