"""Which rows an alpha family looked at, and what it made of them, by asking the family itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from prometheus.domain.selection.alpha_family import PRICE, AlphaFamily
from prometheus.flow.batch import Panel
from prometheus.kernel.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class RowUsed:
    """A value that a family looked at, ``back`` sessions before the date."""

    table: str
    column: str
    back: int
    value: float | None


@dataclass(frozen=True, slots=True)
class Signal:
    """What a family said of one instrument.

    Attributes
    ----------
    family : str
    raw : float or None
        Its value from the very rows, before winsorising and standardising.
    rows : tuple of RowUsed
        The oldest first.
    """

    family: str
    raw: float | None
    rows: tuple[RowUsed, ...]


class TracedPanel(Panel):
    """A panel that remembers how far back it was asked."""

    __slots__ = ("backs",)

    def __init__(self, values: FloatArray, *, ends: IntArray, sessions: int) -> None:
        super().__init__(values, ends=ends, sessions=sessions)
        self.backs: set[int] = set()

    def at(self, back: int = 0) -> FloatArray:
        """See `Panel.at`."""
        self.backs.add(back)
        return super().at(back)

    def windows(self, sessions: int | None = None, *, back: int = 0) -> FloatArray:
        """See `Panel.windows`."""
        length = self.sessions - back if sessions is None else sessions
        self.backs |= {back, back + length - 1}
        return super().windows(sessions, back=back)

    def history(self, sessions: int) -> tuple[FloatArray, IntArray]:
        """See `Panel.history`."""
        self.backs |= {0, sessions - 1}
        return super().history(sessions)


def signal_of(family: AlphaFamily, values: Mapping[tuple[str, str], FloatArray], *, price: str) -> Signal:
    """Return what a family makes of one instrument's values.

    Parameters
    ----------
    family : AlphaFamily
    values : mapping of (table, column) to ndarray of shape (n_sessions,)
        As they were read, the last one of the date; shorter than the family needs is filled with NaN.
    price : str
        The column that stands for the family's price.
    """
    panels: dict[tuple[str, str], Panel] = {}
    traced: list[tuple[str, str, TracedPanel, FloatArray]] = []
    for read in family.reads:
        for name in read.columns:
            column = price if name == PRICE else name
            window = np.full(read.sessions, np.nan)
            known = values.get((read.table, column), np.zeros(0))[-read.sessions :]
            if len(known):
                window[-len(known) :] = known
            panel = TracedPanel(
                window[:, None], ends=np.array([read.sessions - 1], dtype=np.int64), sessions=read.sessions
            )
            panels[read.table, name] = panel
            traced.append((read.table, column, panel, window))
    raw = float(family.signal(panels)[0, 0])
    rows = [
        RowUsed(table, column, back, number_or_none(float(window[-1 - back])))
        for table, column, panel, window in traced
        for back in sorted(panel.backs, reverse=True)
    ]
    return Signal(family.name, number_or_none(raw), tuple(rows))


def number_or_none(value: float) -> float | None:
    """Return a finite number as it is, None otherwise: JSON has no NaN."""
    return value if math.isfinite(value) else None
