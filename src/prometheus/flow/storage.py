"""What the flow asks of storage: a protocol, so that no step or runner knows a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
class Part:
    """What one step decided over some days.

    Attributes
    ----------
    decisions : mapping of int to Decision
        By day (place of the session).
    rows : tuple of Rows
        New rows, nothing left to derive; each belongs to the decision of its day.
    updates : tuple of Rows
        Rows of forward-only tables: the key and the columns that change.
    """

    decisions: Mapping[int, Decision]
    rows: tuple[Rows, ...]
    updates: tuple[Rows, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What became of recomputed rows of a table."""

    n_new: int = 0
    n_changed: int = 0
    n_same: int = 0
    n_removed: int = 0

    @property
    def n_written(self) -> int:
        """Rows in which the table differs from before."""
        return self.n_new + self.n_changed + self.n_removed

    def __add__(self, other: Written) -> Written:
        return Written(
            self.n_new + other.n_new,
            self.n_changed + other.n_changed,
            self.n_same + other.n_same,
            self.n_removed + other.n_removed,
        )


@dataclass(frozen=True, slots=True)
class About:
    """All that recomputed rows speak of: what a table holds of it besides them follows from nothing any more.

    Attributes
    ----------
    first, last : datetime64[D]
        The sessions, both included.
    column : str
        The part of the key that says what a row is about: an instrument, a factor, a market.
    values : sequence of str
        What they are about; those without a row among them.
    """

    first: np.datetime64
    last: np.datetime64
    column: str
    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class WriteJob:
    """Decisions with their rows: all of it in one transaction, or nothing.

    Attributes
    ----------
    parts : tuple of callable
        Each makes a `Part`, in the order in which they must be written: rows are completed by whoever writes
        them, while the next dates are computed. Rows of decisions that are on record already are left
        out by the storage, which looks under a lock on the contexts.
    is_ordered : bool
        Whether it must come after all ordered jobs submitted before it.
    """

    parts: tuple[Callable[[], Part], ...]
    is_ordered: bool = False


class PanelSource(Protocol):
    """Where panels are read."""

    def panels(
        self,
        table: str,
        columns: Sequence[str],
        *,
        assets: Assets,
        dates: np.ndarray[Any, np.dtype[np.datetime64]],
        known_at: np.datetime64 | None,
    ) -> Mapping[str, FloatArray]:
        """Return columns as arrays of shape (n_dates, n_assets), NaN where there is no row.

        Of tables that hold factors the columns are named as in `flow.factors`; a series has shape
        (n_dates, 1). A profile counts from its date until the issuer has another one.
        """
        ...


class Storage(PanelSource, Protocol):
    """Reads as of a date, bulk writes."""

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
        """Return the rows of the sessions from first to last (places), those of the context alone.

        Of a table whose rows name their decision, only those of ``decisions``.
        """
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

    def is_current(self, decision_id: bytes, *, deliveries: Mapping[str, str] | None) -> bool | None:
        """Return whether a decision took these deliveries in; None if it is not on record.

        Of nothing said (None) any decision is.
        """
        ...

    def write_derived(self, rows: Rows, about: About) -> Written:
        """Let the historical database hold these rows of all that they are about, and no others.

        What is the same stays untouched.
        """
        ...

    def put_artifact(self, content: bytes) -> str:
        """Store a content, unless it is there already, and return its URI."""
        ...
