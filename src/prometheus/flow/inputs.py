"""Panels of a run, each read once, with a digest for each of their days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np

from prometheus.flow.batch import Assets, Panel
from prometheus.flow.factors import is_series
from prometheus.flow.fingerprints import day_digests, series_digests, window_digest
from prometheus.flow.step import Read
from prometheus.flow.storage import PanelSource
from prometheus.kernel.arrays import FloatArray, IntArray
from prometheus.kernel.errors import NotEnoughHistoryError
from prometheus.kernel.ids import digest
from prometheus.kernel.sessions import Sessions

N_READERS = 2
"""Tables that are read at once; each read keeps the server and this process busy in turn."""


class Inputs:
    """All panels that a graph reads, over the sessions from ``first`` to ``last`` (places).

    A window that begins before the calendar's first session is an error, unless it ``may_begin_short``: then
    its days before the calendar are NaN.
    """

    def __init__(
        self,
        reads: Iterable[Read],
        *,
        storage: PanelSource,
        assets: Assets,
        sessions: Sessions,
        first: int,
        last: int,
        known_at: np.datetime64 | None,
        may_begin_short: bool = False,
    ) -> None:
        wanted: dict[str, set[str]] = {}
        self._read: set[tuple[str, tuple[str, ...]]] = set()
        reach = 0
        for read in reads:
            if read.columns:
                wanted.setdefault(read.table, set()).update(read.columns)
                self._read.add((read.table, read.columns))
                reach = max(reach, read.reach)
        self._offset = first - reach
        if self._offset < 0 and not may_begin_short:
            raise NotEnoughHistoryError(
                f"{sessions.dates[first]} lies {first} sessions after the calendar's first one; "
                f"{reach} are needed.",
                remedy="Begin later.",
            )
        self._values: dict[tuple[str, str], FloatArray] = {}
        self._start = max(self._offset, 0)
        n_before = self._start - self._offset
        dates = sessions.dates[self._start : last + 1]
        following = sessions.after(self._start, last)

        def read_table(table: str) -> Mapping[str, FloatArray]:
            return storage.panels(table, sorted(wanted[table]), assets=assets, dates=dates, known_at=known_at)

        def digests(table: str, columns: tuple[str, ...]) -> list[bytes]:
            chosen = {name: self._values[table, name][n_before:] for name in columns}
            if is_series(table):
                return series_digests(chosen)
            return day_digests(chosen, assets, dates, following=following)

        with ThreadPoolExecutor(N_READERS) as readers:
            largest_first = sorted(wanted, key=lambda table: -len(wanted[table]))
            tables = {readers.submit(read_table, table): table for table in largest_first}
            made = {}
            for found in as_completed(tables):
                table = tables[found]
                for column, values in found.result().items():
                    if n_before:
                        values = np.concatenate([np.full((n_before, values.shape[1]), np.nan), values])
                    values.setflags(write=False)
                    self._values[table, column] = values
                for key in sorted(self._read):
                    if key[0] == table:
                        made[key] = readers.submit(digests, *key)
            self._digests = {key: future.result() for key, future in made.items()}

    def panels(self, reads: Iterable[Read], days: IntArray) -> Mapping[tuple[str, str], Panel]:
        """Return the panels that a step declared, with windows that end at these days."""
        out = {}
        for read in reads:
            ends = days - (read.lag + self._offset) if read.columns else days
            for column in read.columns:
                out[read.table, column] = Panel(
                    self._values[read.table, column], ends=ends, sessions=read.sessions
                )
        return out

    def digest(self, read: Read, day: int) -> bytes:
        """Return the digest of what a read of a panel shows on a day."""
        days = self._digests[read.table, read.columns]
        end = day - read.lag - self._start
        return window_digest(days, end - read.sessions + 1, end)

    def content(self) -> bytes:
        """Return the digest of all panels over all their days."""
        parts: list[bytes | str] = []
        for table, columns in sorted(self._read):
            days = self._digests[table, columns]
            parts += [table, *columns, window_digest(days, 0, len(days) - 1)]
        return digest(*parts)
