"""What the flow asks of storage: a protocol, so that no step or runner knows a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from prometheus.flow.batch import Assets, Context
from prometheus.flow.rows import Rows
from prometheus.kernel.arrays import FloatArray
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of ``engine_decisions``."""

    decision_id: bytes
    engine_name: str
    config_id: str
    context_id: str
    as_of_date: np.datetime64
    input_refs: Mapping[str, Any]
    raw_input_summary: Mapping[str, Any]
    proposed_action: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WriteJob:
    """Decisions with their rows: all of it in one transaction, or nothing.

    Attributes
    ----------
    decisions : tuple of Decision
    rows : tuple of (Rows, list of bytes)
        Rows with, for each, the id of the decision that it belongs to, ready to be stored: nothing is left
        to derive. Rows of decisions that are on record already are left out by the storage.
    updates : tuple of (Rows, list of bytes)
        Rows of forward-only tables: the key and the columns that change.
    is_ordered : bool
        Whether it must come after all ordered jobs submitted before it.
    """

    decisions: tuple[Decision, ...]
    rows: tuple[tuple[Rows, list[bytes]], ...]
    updates: tuple[tuple[Rows, list[bytes]], ...] = ()
    is_ordered: bool = False


class Storage(Protocol):
    """Reads as of a date, bulk writes."""

    def panels(
        self,
        table: str,
        columns: Sequence[str],
        *,
        assets: Assets,
        dates: np.ndarray[Any, np.dtype[np.datetime64]],
        known_at: np.datetime64 | None,
    ) -> Mapping[str, FloatArray]:
        """Return columns as arrays of shape (n_dates, n_assets), NaN where there is no row."""
        ...

    def rows(
        self, table: str, *, context: Context, assets: Assets, sessions: Sessions, first: int, last: int
    ) -> Rows:
        """Return the rows of the sessions from first to last (places), those of the context alone."""
        ...

    def recorded(
        self,
        *,
        engine_name: str,
        config_id: str,
        context_id: str,
        first: np.datetime64,
        last: np.datetime64,
    ) -> Mapping[np.datetime64, bytes]:
        """Return the latest decision of each date from first to last, both included."""
        ...

    def record_configs(self, configs: Sequence[EngineConfig]) -> None:
        """Store settings that are not on record yet."""
        ...

    def submit(self, job: WriteJob) -> None:
        """Take a job to be written; it may be written later and beside others."""
        ...

    def drain(self) -> Mapping[str, int]:
        """Wait for all submitted jobs; return the rows that were written, by table."""
        ...
