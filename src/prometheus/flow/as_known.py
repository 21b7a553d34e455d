"""Derived tables as they would have been at a moment.

Tables of the historical database that follow from others are recomputed in place when prices are corrected:
they hold what follows from all that is known now. A run as of an earlier moment must not read them. It
computes them again from the prices that were known then, with the steps that write them; nothing is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from prometheus.flow.batch import Assets, Batch, Context
from prometheus.flow.factors import FACTOR_VALUES, factor_panels, is_derived, is_series
from prometheus.flow.graph import Graph
from prometheus.flow.inputs import Inputs
from prometheus.flow.rows import Rows
from prometheus.flow.step import Step
from prometheus.flow.storage import About, Storage, WriteJob, Written
from prometheus.kernel.arrays import FloatArray
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.sessions import Sessions


class AsKnown:
    """A storage whose derived tables are computed from what was known; the rest is the storage behind it.

    Parameters
    ----------
    storage : Storage
    derivations : Graph
        The steps that write derived tables.
    configs : mapping of str to EngineConfig
        Of these steps, by name.
    context : Context
    sessions : Sessions
        Of the panels' dates, which have no gaps.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        derivations: Graph,
        configs: Mapping[str, EngineConfig],
        context: Context,
        sessions: Sessions,
    ) -> None:
        self._storage = storage
        self._derivations = derivations
        self._configs = configs
        self._context = context
        self._sessions = sessions

    def panels(
        self,
        table: str,
        columns: Sequence[str],
        *,
        assets: Assets,
        dates: np.ndarray[Any, np.dtype[np.datetime64]],
        known_at: np.datetime64 | None,
    ) -> Mapping[str, FloatArray]:
        """See `Storage.panels`."""
        step = self._derivations.writers.get(table)
        given = [name for name in columns if step is None or not is_derived(table, name)]
        if step is None or not len(dates) or len(given) == len(columns):
            return self._storage.panels(table, columns, assets=assets, dates=dates, known_at=known_at)
        wanted = [name for name in columns if name not in given]
        out = dict(self._computed(step, table, wanted, assets, dates, known_at))
        if given:
            out |= self._storage.panels(table, given, assets=assets, dates=dates, known_at=known_at)
        return out

    def _computed(
        self,
        step: Step,
        table: str,
        columns: Sequence[str],
        assets: Assets,
        dates: np.ndarray[Any, np.dtype[np.datetime64]],
        known_at: np.datetime64 | None,
    ) -> Mapping[str, FloatArray]:
        first = self._sessions.index(dates[0])
        days = np.arange(first, first + len(dates), dtype=np.int64)
        config = self._configs[step.name]
        decided = self._sessions.rebalances(days, frequency=step.frequency(config))
        if not len(decided):
            width = 1 if is_series(table) else len(assets)
            return {name: np.full((len(days), width), np.nan) for name in columns}
        reads = self._derivations.reads[step.name]
        inputs = Inputs(
            reads,
            storage=self,
            assets=assets,
            sessions=self._sessions,
            first=int(decided[0]),
            last=int(decided[-1]),
            known_at=known_at,
            may_begin_short=True,
        )
        batch = Batch(
            days=decided,
            sessions=self._sessions,
            assets=assets,
            context=self._context,
            decisions=np.zeros((len(decided), 16), dtype=np.uint8),
            panels=inputs.panels(reads, decided),
            tables={},
        )
        (rows,) = [rows for rows in step.compute(batch, config).rows if rows.table == table]
        if table in FACTOR_VALUES:
            market_id = self._context.market_id
            return factor_panels(rows, columns, market_id=market_id, days=days, n_assets=len(assets))
        return {name: rows.panel(name, days=days, n_assets=len(assets)) for name in columns}

    def rows(
        self,
        table: str,
        *,
        context: Context,
        assets: Assets,
        sessions: Sessions,
        first: int,
        last: int,
        decisions: Sequence[bytes],
    ) -> Rows:
        """See `Storage.rows`."""
        return self._storage.rows(
            table,
            context=context,
            assets=assets,
            sessions=sessions,
            first=first,
            last=last,
            decisions=decisions,
        )

    def recorded(
        self,
        *,
        engine_name: str,
        config_id: str,
        context_id: str,
        first: np.datetime64,
        last: np.datetime64,
    ) -> Mapping[np.datetime64, bytes]:
        """See `Storage.recorded`."""
        return self._storage.recorded(
            engine_name=engine_name, config_id=config_id, context_id=context_id, first=first, last=last
        )

    def record_configs(self, configs: Sequence[EngineConfig]) -> None:
        """See `Storage.record_configs`."""
        self._storage.record_configs(configs)

    def submit(self, job: WriteJob) -> None:
        """See `Storage.submit`."""
        self._storage.submit(job)

    def drain(self) -> Mapping[str, int]:
        """See `Storage.drain`."""
        return self._storage.drain()

    def is_current(self, decision_id: bytes, *, deliveries: Mapping[str, str] | None) -> bool | None:
        """See `Storage.is_current`."""
        return self._storage.is_current(decision_id, deliveries=deliveries)

    def write_derived(self, rows: Rows, about: About) -> Written:
        """See `Storage.write_derived`."""
        return self._storage.write_derived(rows, about)

    def put_artifact(self, content: bytes) -> str:
        """See `Storage.put_artifact`."""
        return self._storage.put_artifact(content)
