"""What a step sees: a batch of dates, and for each date a window that ends there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from prometheus.flow.memberships import IndexMembers
from prometheus.flow.rows import Rows
from prometheus.kernel.arrays import ByteArray, FloatArray, IntArray
from prometheus.kernel.errors import LookAheadError, UndeclaredTableError
from prometheus.kernel.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Assets:
    """The instruments of a run in their fixed order, bytewise by id.

    Attributes
    ----------
    ids, symbols : tuple of str
    digests : ndarray of shape (n_assets, 16), uint8
        Natural keys of rows that hold one instrument.
    issuers, sectors, asset_classes, currencies : tuple of str
        Empty text where the reference tables have none.
    delisted : ndarray of shape (n_assets,), datetime64[D]
        NaT while listed.
    members : mapping of str to IndexMembers
        By index. A step may ask for the days of its dates and before.
    told_since : ndarray of shape (n_assets,), datetime64[D], or None
        The first day on which reference data tell of each; None where nobody asked.
    """

    ids: tuple[str, ...]
    symbols: tuple[str, ...]
    digests: ByteArray
    issuers: tuple[str, ...]
    sectors: tuple[str, ...]
    asset_classes: tuple[str, ...]
    currencies: tuple[str, ...]
    delisted: np.ndarray[Any, np.dtype[np.datetime64]]
    members: Mapping[str, IndexMembers] = field(default_factory=dict)
    told_since: np.ndarray[Any, np.dtype[np.datetime64]] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def chosen(self, ids: Collection[str]) -> Assets:
        """Return those of the instruments that are among the ids."""
        at = [i for i, instrument in enumerate(self.ids) if instrument in ids]
        ids_, symbols, issuers, sectors, classes, currencies = (
            tuple(values[i] for i in at)
            for values in (
                self.ids,
                self.symbols,
                self.issuers,
                self.sectors,
                self.asset_classes,
                self.currencies,
            )
        )
        kept = np.array(at, dtype=np.int64)
        members = {index: spans.chosen(kept) for index, spans in self.members.items()}
        return Assets(
            ids_,
            symbols,
            self.digests[at],
            issuers,
            sectors,
            classes,
            currencies,
            self.delisted[at],
            members,
            None if self.told_since is None else self.told_since[at],
        )


@dataclass(frozen=True, slots=True)
class Context:
    """What a run is about. Reads of a table are limited to those of these columns that it has."""

    market_id: str
    strategy_id: str = ""
    portfolio_id: str = ""
    mode: str = "BACKTEST"
    currency: str = "USD"
    cash_instrument_id: str = "CASH:USD"
    seed: int = 0

    def context_id(self, scope: str) -> str:
        """Return the ``context_id`` of a decision of this scope."""
        return {
            "market": self.market_id,
            "strategy": f"{self.strategy_id}/{self.market_id}",
            "portfolio": f"{self.strategy_id}/{self.portfolio_id}",
        }[scope]

    def reference(self, scope: str) -> bytes:
        """Return what else of the context a decision depends on: a portfolio's mode, currency and seed."""
        return f"{self.mode} {self.currency} {self.seed}".encode() if scope == "portfolio" else b""


class Panel:
    """One column of a table as windows that end at the dates of a batch.

    Nothing after a date can be asked for: `at` and `windows` reach back only, and no further than the
    read declares.
    """

    __slots__ = ("_ends", "_sessions", "_values")

    def __init__(self, values: FloatArray, *, ends: IntArray, sessions: int) -> None:
        self._values = values
        self._ends = ends
        self._sessions = sessions

    @property
    def sessions(self) -> int:
        """How far back the declared window reaches, its last day included."""
        return self._sessions

    def at(self, back: int = 0) -> FloatArray:
        """Return the values ``back`` sessions before each window's end, shape (n_dates, n_assets)."""
        self._check(back, back + 1)
        rows = self._ends - back
        if _is_run(rows):
            return self._values[rows[0] : rows[-1] + 1]
        return self._values[rows]

    def windows(self, sessions: int | None = None, *, back: int = 0) -> FloatArray:
        """Return windows of shape (n_dates, sessions, n_assets), oldest first, read-only.

        Parameters
        ----------
        sessions : int, optional
            Their length; the declared one by default.
        back : int
            How many sessions before the declared end they end.
        """
        length = self._sessions - back if sessions is None else sessions
        self._check(back, back + length)
        ends = self._ends - back
        view: FloatArray = np.lib.stride_tricks.sliding_window_view(self._values, length, axis=0)
        starts = ends - length + 1
        chosen = view[starts[0] : starts[-1] + 1] if _is_run(starts) else view[starts]
        return chosen.transpose(0, 2, 1)

    def history(self, sessions: int) -> tuple[FloatArray, IntArray]:
        """Return every day from ``sessions`` - 1 before the first date to the last date.

        For statistics of statistics (an average of past cross-sections): each day is computed once and
        dates share it. Row ``places[i]`` is date i; date i may use rows up to ``places[i]`` only.

        Returns
        -------
        values : ndarray of shape (n_days, n_assets)
        places : ndarray of shape (n_dates,), int64
        """
        self._check(0, sessions)
        first = int(self._ends[0]) - sessions + 1
        return self._values[first : int(self._ends[-1]) + 1], self._ends - first

    def _check(self, back: int, reach: int) -> None:
        if back < 0:
            raise LookAheadError(
                f"A window ends at its date; {-back} sessions after it were asked for.",
                remedy="Use back >= 0.",
            )
        if reach > self._sessions:
            raise LookAheadError(
                f"The read declares {self._sessions} sessions; {reach} were asked for.",
                remedy="Declare a longer window in the step's reads.",
            )


def _is_run(rows: IntArray) -> bool:
    return len(rows) > 0 and int(rows[-1] - rows[0]) == len(rows) - 1


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of dates with all that a step may see.

    Attributes
    ----------
    days : ndarray of shape (n_dates,), int64
        Places of the dates among ``sessions``, ascending.
    sessions : Sessions
        The market's calendar, which is known in advance.
    assets : Assets
    context : Context
    decisions : ndarray of shape (n_dates, 16), uint8
        Ids of the decisions that are being made.
    panels : mapping of (table, column) to Panel
    tables : mapping of str to Rows
        Reads without columns; all days that any date of the batch may see, in the order of days.
    """

    days: IntArray
    sessions: Sessions
    assets: Assets
    context: Context
    decisions: ByteArray
    panels: Mapping[tuple[str, str], Panel]
    tables: Mapping[str, Rows]

    @property
    def dates(self) -> np.ndarray[Any, np.dtype[np.datetime64]]:
        """The dates of the batch, datetime64[D]."""
        return self.sessions.dates[self.days]

    def panel(self, table: str, column: str) -> Panel:
        """Return a declared panel; `UndeclaredTableError` for any other."""
        try:
            return self.panels[table, column]
        except KeyError:
            raise UndeclaredTableError(
                f"{table}.{column} is not among the reads.", remedy="Declare it in the step's reads."
            ) from None

    def rows(self, table: str) -> Rows:
        """Return declared rows; `UndeclaredTableError` for any other."""
        try:
            return self.tables[table]
        except KeyError:
            raise UndeclaredTableError(
                f"{table} is not among the reads.", remedy="Declare it in the step's reads."
            ) from None
