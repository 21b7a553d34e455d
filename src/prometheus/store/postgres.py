"""The flow's storage protocol on the two PostgreSQL databases."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from threading import get_ident
from typing import Any

import numpy as np
import psycopg

from prometheus.flow.batch import Assets, Context
from prometheus.flow.factors import FACTOR_VALUES, factor_id_of, is_carried, is_derived, is_series
from prometheus.flow.rows import Rows
from prometheus.flow.storage import About, WriteJob, Written
from prometheus.kernel.arrays import FloatArray
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.errors import ConfigError
from prometheus.kernel.sessions import Sessions
from prometheus.schema.tables import TABLES
from prometheus.store.artifacts import Artifacts
from prometheus.store.believed import batches_unknown, one_view
from prometheus.store.connections import Databases, connect, driver_errors
from prometheus.store.correlation_panels import NO_MATRIX, append_panels
from prometheus.store.decisions import is_current
from prometheus.store.derived import upsert_derived
from prometheus.store.factor_panels import read_exposures, read_series
from prometheus.store.frames import frame_of
from prometheus.store.jobs import write_job
from prometheus.store.panels import read_panels
from prometheus.store.profile_panels import read_profiles
from prometheus.store.rows import read_rows
from prometheus.store.splits_told import SPLITS_TOLD, deliveries_with_splits, read_splits_told
from prometheus.store.unrecorded import recorded_batches
from prometheus.store.writers import Writers

CREATED_BY = "prometheus"


class PostgresStorage:
    """Reads and writes of one run. Use as a context manager: it closes its connections.

    Parameters
    ----------
    databases : Databases
    sessions : Sessions
        The axis that days point into.
    market_id : str
        The market whose deliveries its prices come from, and whose factors ":MKT" and the like are.
    artifacts : Artifacts, optional
        Where steps' artifacts go; needed only if a step makes some.
    """

    def __init__(
        self,
        databases: Databases,
        sessions: Sessions,
        *,
        market_id: str,
        artifacts: Artifacts | None = None,
    ) -> None:
        self._databases = databases
        self._market_id = market_id
        self._artifacts = artifacts
        self._sessions = sessions
        self._readers: dict[tuple[str, int], psycopg.Connection[Any]] = {}
        self._writers = Writers(lambda: connect(databases.runtime_url), self._write)

    def __enter__(self) -> PostgresStorage:
        return self

    def __exit__(self, *_: object) -> None:
        self._writers.close()
        for connection in self._readers.values():
            connection.close()
        self._readers.clear()

    @contextmanager
    def _reader(self, database: str) -> Iterator[psycopg.Connection[Any]]:
        key = (database, get_ident())  # a thread has a connection of its own: reads run side by side
        if key not in self._readers:
            self._readers[key] = connect(self._databases.url(database), autocommit=True)
        with driver_errors():
            yield self._readers[key]

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
        with self._reader(TABLES[table].database) as connection:
            if table in FACTOR_VALUES:
                return self._factors(connection, table, columns, assets, dates, known_at)
            if table == "profiles":
                return read_profiles(connection, columns, assets=assets, dates=dates, known_at=known_at)
            if SPLITS_TOLD in columns and table == "prices_daily":
                others = [name for name in columns if name != SPLITS_TOLD]
                found = self.panels(table, others, assets=assets, dates=dates, known_at=known_at)
                return {**found, SPLITS_TOLD: self._splits_told(connection, assets, dates, known_at)}
            if table != "prices_daily" or known_at is None or not len(dates):
                return read_panels(connection, table, columns, assets=assets, dates=dates)
            with one_view(connection):
                return read_panels(
                    connection,
                    table,
                    columns,
                    assets=assets,
                    dates=dates,
                    unknown_batches=self._unknown_batches(known_at, dates),
                    known_at=known_at,
                )

    def _splits_told(
        self,
        connection: psycopg.Connection[Any],
        assets: Assets,
        dates: np.ndarray[Any, np.dtype[np.datetime64]],
        known_at: np.datetime64 | None,
    ) -> FloatArray:
        with self._reader("runtime") as runtime:
            batches, is_all = deliveries_with_splits(runtime, market_id=self._market_id, known_at=known_at)
        return read_splits_told(
            connection, batches=batches, is_all=is_all, assets=assets, dates=dates, known_at=known_at
        )

    def _factors(
        self,
        connection: psycopg.Connection[Any],
        table: str,
        columns: Sequence[str],
        assets: Assets,
        dates: np.ndarray[Any, np.dtype[np.datetime64]],
        known_at: np.datetime64 | None,
    ) -> Mapping[str, FloatArray]:
        ids = {name: factor_id_of(name, market_id=self._market_id) for name in columns}
        if not is_series(table):
            exposures = read_exposures(connection, list(ids.values()), assets=assets, dates=dates)
            return {name: exposures[factor] for name, factor in ids.items()}
        with self._reader("runtime") as runtime:
            is_delivered = any(not is_derived(table, name) for name in columns)
            recorded = recorded_batches(runtime) if is_delivered else {}
        found = {
            carried: read_series(
                connection,
                [factor for name, factor in ids.items() if is_carried(name) == carried],
                dates=dates,
                sessions=self._sessions,
                recorded=recorded,
                known_at=known_at,
                is_carried=carried,
            )
            for carried in (False, True)
        }
        return {name: found[is_carried(name)][factor] for name, factor in ids.items()}

    def _unknown_batches(
        self, known_at: np.datetime64, dates: np.ndarray[Any, np.dtype[np.datetime64]]
    ) -> Collection[str]:
        moment = known_at.astype("datetime64[us]").item().replace(tzinfo=UTC)
        first, last = dates[0].item(), dates[-1].item()
        with self._reader("runtime") as connection:
            return batches_unknown(connection, moment, market_id=self._market_id, first=first, last=last)

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
        with self._reader(TABLES[table].database) as connection:
            return read_rows(
                connection,
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
        with self._reader("runtime") as connection:
            found = connection.execute(
                "SELECT DISTINCT ON (as_of_date) as_of_date, decision_id FROM engine_decisions "
                "WHERE engine_name = %s AND config_id = %s AND context_id = %s "
                "AND as_of_date BETWEEN %s AND %s ORDER BY as_of_date, timestamp DESC, decision_id DESC",
                [engine_name, config_id, context_id, str(first), str(last)],
            )
            return {np.datetime64(date, "D"): decision.bytes for date, decision in found}

    def record_configs(self, configs: Sequence[EngineConfig]) -> None:
        """See `Storage.record_configs`."""
        with self._reader("runtime") as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO engine_configs (config_id, engine_name, version, config_body, created_by) "
                "VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [
                    (c.config_id, c.engine_name, c.version, json.dumps(c.canonical_body()), CREATED_BY)
                    for c in configs
                ],
            )

    def submit(self, job: WriteJob) -> None:
        """See `Storage.submit`."""
        self._writers.submit(job)

    def drain(self) -> Mapping[str, int]:
        """See `Storage.drain`."""
        return self._writers.drain()

    def is_current(self, decision_id: bytes, *, deliveries: Mapping[str, str] | None) -> bool | None:
        """See `Storage.is_current`."""
        with self._reader("runtime") as connection:
            return is_current(connection, decision_id, deliveries=deliveries)

    def write_derived(self, rows: Rows, about: About) -> Written:
        """See `Storage.write_derived`."""
        frame = frame_of(rows, self._sessions.dates)
        with driver_errors(), connect(self._databases.historical_url) as connection:
            if rows.table == "correlation_panels":
                return append_panels(connection, frame, about, no_matrix=lambda: self.put_artifact(NO_MATRIX))
            return upsert_derived(connection, rows.table, frame, about)

    def put_artifact(self, content: bytes) -> str:
        """See `Storage.put_artifact`."""
        if self._artifacts is None:
            raise ConfigError(
                "Artifacts are to be stored, but nothing says where.",
                remedy="Set PROMETHEUS_ARTIFACTS_URL, or give PostgresStorage its artifacts.",
            )
        return self._artifacts.put(content)

    def _write(self, connection: psycopg.Connection[Any], job: WriteJob) -> Mapping[str, int]:
        with driver_errors(), connection.transaction():
            return write_job(connection, job, dates=self._sessions.dates)
