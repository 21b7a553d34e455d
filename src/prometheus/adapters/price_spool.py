"""Where the rows of a delivery wait until the whole of it has been read.

A few million rows wait in memory. A larger delivery is split by symbol into nameless temporary files, which
are gone with the process however it ends; symbols that may be one instrument go into one of them, and so do
its spellings, BRK-B and BRK.B. Each part that comes back holds whole instruments, and takes as much memory as
the rows that may wait in it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import polars as pl
import pyarrow as pa

from prometheus.domain.reference.spelling import spelled, spelled_rows

ROWS_IN_MEMORY = 2_000_000
"""With all that is computed of them less than a gigabyte: 6 million rows of a Parquet file take 0.75."""
N_BUCKETS = 64
SEED = 17

Waiting = Callable[[], pl.DataFrame]
"""A frame that waits, in memory or on disk."""


class PriceSpool:
    """Takes rows in chunks and gives them back in parts. Use as a context manager.

    Parameters
    ----------
    kin : mapping of str to str
        Of symbols that may be one instrument, as they are spelled here, the one that stands for all.
    rows_in_memory : int
        How many may wait in memory, and how many a part holds if its symbols allow it.
    folder : Path, optional
        Where the temporary files lie; the system's folder by default.
    """

    def __init__(
        self,
        kin: Mapping[str, str],
        *,
        rows_in_memory: int = ROWS_IN_MEMORY,
        folder: Path | None = None,
    ) -> None:
        self._kin = kin
        self._most = rows_in_memory
        self._folder = folder
        self._waiting: list[pl.DataFrame] = []
        self._n_waiting = 0
        self._buckets: list[_Bucket] = []
        self._files: list[IO[bytes]] = []
        self.n_rows = 0

    def __enter__(self) -> PriceSpool:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    @property
    def is_on_disk(self) -> bool:
        """Whether the delivery was too large to wait in memory."""
        return bool(self._buckets)

    def add(self, rows: pl.DataFrame) -> None:
        """Take a chunk; all chunks have the same columns."""
        if rows.is_empty():
            return
        self.n_rows += rows.height
        self._waiting.append(rows)
        self._n_waiting += rows.height
        if self._n_waiting > self._most or (self._buckets and self._n_waiting > self._most // 8):
            self._spill()

    def parts(self) -> Iterator[pl.DataFrame]:
        """Yield all rows in parts that hold whole instruments, once."""
        if not self._buckets:
            if self._waiting:
                yield pl.concat(self._waiting)
            self._waiting = []
            return
        self._spill()
        held: list[pl.DataFrame] = []
        n_held = 0
        for bucket in self._buckets:
            if held and n_held + bucket.n_rows > self._most // 4:
                yield pl.concat(held)
                held, n_held = [], 0
            if bucket.n_rows:
                held.append(bucket.taken())
                n_held += bucket.n_rows
        if held:
            yield pl.concat(held)

    def put(self, rows: pl.DataFrame) -> Waiting:
        """Let a part wait again, on disk if the delivery is there; return the way to it."""
        if not self.is_on_disk:
            return lambda: rows
        bucket = _Bucket(self._file())
        bucket.add(rows)
        return bucket.taken

    def _spill(self) -> None:
        if not self._buckets:
            self._buckets = [_Bucket(self._file()) for _ in range(N_BUCKETS)]
        if not self._waiting:
            return
        rows = pl.concat(self._waiting)
        self._waiting, self._n_waiting = [], 0
        stands_for = pl.col("symbol").replace(self._kin) if self._kin else pl.col("symbol")
        bucket = spelled_rows(rows.select("symbol")).select(stands_for.hash(SEED) % N_BUCKETS).to_series()
        for (place,), part in rows.group_by(bucket.alias("bucket"), maintain_order=True):
            assert isinstance(place, int)
            self._buckets[place].add(part)

    def _file(self) -> IO[bytes]:
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
        file = tempfile.TemporaryFile(prefix="prometheus-", dir=self._folder)  # noqa: SIM115  see __exit__
        self._files.append(file)
        return file


class _Bucket:
    """A temporary file of rows: Arrow's stream format."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._writer: pa.RecordBatchStreamWriter | None = None
        self.n_rows = 0

    def add(self, rows: pl.DataFrame) -> None:
        table = rows.to_arrow()
        if self._writer is None:
            self._writer = pa.ipc.new_stream(self._file, table.schema)
        self._writer.write_table(table)
        self.n_rows += rows.height

    def taken(self) -> pl.DataFrame:
        """Return the rows; the file is empty afterwards."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._file.seek(0)
        found = pl.from_arrow(pa.ipc.open_stream(self._file).read_all())
        assert isinstance(found, pl.DataFrame)
        self._file.seek(0)
        self._file.truncate()
        return found


def kin_of(pairs: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    """Return, of symbols that may be one instrument, the one that stands for all of them, as spelled here.

    Parameters
    ----------
    pairs : sequence of (str, str)
        Symbol and instrument. Two symbols of an instrument are kin, and so are those of two instruments
        that share a symbol.

    Examples
    --------
    >>> kin_of([("FB", "US:META"), ("META", "US:META"), ("IBM", "US:IBM")])
    {'META': 'FB'}
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    named: dict[str, str] = {}
    for symbol, instrument in sorted((spelled(symbol), instrument) for symbol, instrument in pairs):
        first = named.setdefault(instrument, symbol)
        ours, theirs = sorted((root(first), root(symbol)))
        parent[theirs] = ours
    return {symbol: root(symbol) for symbol in sorted(parent) if root(symbol) != symbol}
