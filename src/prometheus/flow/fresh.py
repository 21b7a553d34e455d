"""Panels of one batch of derivations: sources read once, and what was just computed before it is stored.

Steps of a batch read the same prices with windows of different lengths: the longest is read, the others are
cut out of it. What a step derived is shown to the steps that read it while it is still being written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from prometheus.flow.batch import Assets
from prometheus.flow.factors import FACTOR_VALUES, factor_panels, is_derived, is_series
from prometheus.flow.rows import Rows
from prometheus.flow.storage import PanelSource
from prometheus.kernel.arrays import DateArray, FloatArray, IntArray
from prometheus.kernel.sessions import Sessions


@dataclass(frozen=True, slots=True)
class _Made:
    """Rows that a step computed for all assets on days without gaps."""

    days: IntArray
    assets: Assets
    rows: Rows


@dataclass(frozen=True, slots=True)
class _Kept:
    """Panels of a table as they were read."""

    assets: Assets
    first: int
    values: Mapping[str, FloatArray]


class Fresh:
    """Panels as they are once the rows that are on their way are stored.

    Parameters
    ----------
    source : PanelSource
        What is stored.
    sessions : Sessions
    market_id : str
    reach : mapping of str to int
        How many sessions back any step reads a table, by table.
    until_stored : callable
        Waits until rows on their way are stored; called where they can't be shown otherwise.
    """

    def __init__(
        self,
        source: PanelSource,
        *,
        sessions: Sessions,
        market_id: str,
        reach: Mapping[str, int],
        until_stored: Callable[[], None],
    ) -> None:
        self._source = source
        self._sessions = sessions
        self._market_id = market_id
        self._reach = reach
        self._until_stored = until_stored
        self._made: dict[str, _Made] = {}
        self._kept: dict[str, _Kept] = {}

    def show(self, rows: Rows, *, days: IntArray, assets: Assets) -> None:
        """Show computed rows of some days to whoever reads their table from now on."""
        self._made[rows.table] = _Made(days, assets, rows)
        self._kept.pop(rows.table, None)

    def panels(
        self,
        table: str,
        columns: Sequence[str],
        *,
        assets: Assets,
        dates: np.ndarray[Any, np.dtype[np.datetime64]],
        known_at: np.datetime64 | None,
    ) -> Mapping[str, FloatArray]:
        """See `PanelSource.panels`."""
        if not len(dates):
            return self._source.panels(table, columns, assets=assets, dates=dates, known_at=known_at)
        first = self._sessions.index(dates[0])
        last = first + len(dates) - 1
        kept = self._kept.get(table)
        if not (
            kept is not None
            and kept.assets is assets
            and kept.first <= first
            and last < kept.first + len(next(iter(kept.values.values())))
        ):
            start = max(min(first, last - self._reach.get(table, 0)), 0)
            span = self._sessions.dates[start : last + 1]
            kept = _Kept(assets, start, self._read(table, columns, assets, span, start, known_at))
            self._kept[table] = kept
        missing = [name for name in columns if name not in kept.values]
        if missing:
            span = self._sessions.dates[kept.first : kept.first + len(next(iter(kept.values.values())))]
            more = self._read(table, missing, assets, span, kept.first, known_at)
            kept = _Kept(assets, kept.first, {**kept.values, **more})
            self._kept[table] = kept
        at = first - kept.first
        return {name: kept.values[name][at : at + len(dates)] for name in columns}

    def _read(
        self,
        table: str,
        columns: Sequence[str],
        assets: Assets,
        dates: DateArray,
        first: int,
        known_at: np.datetime64 | None,
    ) -> Mapping[str, FloatArray]:
        made = self._made.get(table)
        if made is None or not all(is_derived(table, name) for name in columns):
            if made is not None:
                self._until_stored()
            return self._source.panels(table, columns, assets=assets, dates=dates, known_at=known_at)
        last = first + len(dates) - 1
        is_covered = int(made.days[0]) <= last <= int(made.days[-1])
        if (made.assets is not assets and not is_series(table)) or not is_covered:
            self._until_stored()
            return self._source.panels(table, columns, assets=assets, dates=dates, known_at=known_at)
        days = np.arange(first, last + 1, dtype=np.int64)
        inside = made.rows.on(first, last)
        if table in FACTOR_VALUES:
            fresh = factor_panels(inside, columns, market_id=self._market_id, days=days, n_assets=len(assets))
        else:
            fresh = {name: inside.panel(name, days=days, n_assets=len(assets)) for name in columns}
        n_before = int(made.days[0]) - first
        if n_before > 0:
            before = self._source.panels(
                table, columns, assets=assets, dates=dates[:n_before], known_at=known_at
            )
            for name in columns:
                fresh[name][:n_before] = before[name]
        return fresh
