"""Panels of a run, each read once, with a digest for each of their days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from prometheus.flow.batch import Assets, Panel
from prometheus.flow.fingerprints import day_digests, window_digest
from prometheus.flow.step import Read
from prometheus.flow.storage import Storage
from prometheus.kernel.arrays import FloatArray, IntArray
from prometheus.kernel.errors import NotEnoughHistoryError
from prometheus.kernel.ids import digest
from prometheus.kernel.sessions import Sessions

N_READERS = 2
"""Tables that are read at once; each read keeps the server and this process busy in turn."""


class Inputs:
    """All panels that a graph reads, over the sessions from ``first`` to ``last`` (places)."""

    def __init__(
        self,
        reads: Iterable[Read],
        *,
        storage: Storage,
        assets: Assets,
        sessions: Sessions,
        first: int,
        last: int,
        known_at: np.datetime64 | None,
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
        if self._offset < 0:
            raise NotEnoughHistoryError(
                f"{sessions.dates[first]} lies {first} sessions after the calendar's first one; "
                f"{reach} are needed.",
                remedy="Begin later.",
            )
        self._assets = assets
        self._values: dict[tuple[str, str], FloatArray] = {}
        self._digests: dict[tuple[str, tuple[str, ...]], list[bytes]] = {}
        self._dates = dates = sessions.dates[self._offset : last + 1]
        self._following = sessions.after(self._offset, last)
        with ThreadPoolExecutor(N_READERS) as readers:
            found = readers.map(
                lambda table: storage.panels(
                    table, sorted(wanted[table]), assets=assets, dates=dates, known_at=known_at
                ),
                wanted,
            )
        for table, columns in zip(wanted, found, strict=True):
            for column, values in columns.items():
                values.setflags(write=False)
                self._values[table, column] = values

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
        days = self._days(read.table, read.columns)
        end = day - read.lag - self._offset
        return window_digest(days, end - read.sessions + 1, end)

    def content(self) -> bytes:
        """Return the digest of all panels over all their days."""
        parts: list[bytes | str] = []
        for table, columns in sorted(self._read):
            days = self._days(table, columns)
            parts += [table, *columns, window_digest(days, 0, len(days) - 1)]
        return digest(*parts)

    def _days(self, table: str, columns: tuple[str, ...]) -> list[bytes]:
        key = (table, columns)
        if key not in self._digests:
            values = {name: self._values[table, name] for name in columns}
            self._digests[key] = day_digests(values, self._assets, self._dates, following=self._following)
        return self._digests[key]
