"""What is absent: fields, volumes, sessions."""

from __future__ import annotations

import numpy as np

from prometheus.domain.market.config import QualityConfig
from prometheus.domain.market.quality.bars import Bars
from prometheus.kernel.arrays import BoolArray, IntArray

FIELDS = ("open", "high", "low", "volume")
FEW = 5
"""Rows below which an instrument has no way of its own: then the delivery's counts."""


def missing_fields(bars: Bars, config: QualityConfig) -> BoolArray:
    """Return where an open, high, low or volume is missing that the instrument's other rows have."""
    found = np.zeros(len(bars), dtype=bool)
    for name in FIELDS:
        rows = np.flatnonzero(np.isnan(bars.values[name]))
        found[_unusual(bars, rows, config)] = True
    return found


def zero_volume(bars: Bars, config: QualityConfig) -> BoolArray:
    """Return where nothing was traded although the instrument's other rows have a volume."""
    found = np.zeros(len(bars), dtype=bool)
    rows = np.flatnonzero(bars.values["volume"] == 0.0)
    found[_unusual(bars, rows, config)] = True
    return found


def gap_before(bars: Bars, config: QualityConfig) -> BoolArray:  # noqa: ARG001  every rule takes the settings
    """Return where sessions of the market are missing between a bar and the one before it."""
    found = np.zeros(len(bars), dtype=bool)
    found[1:] = (
        (bars.instrument[1:] == bars.instrument[:-1])
        & (bars.place[1:] > bars.place[:-1] + 1)
        & (bars.place[:-1] >= 0)
    )
    return found


def _unusual(bars: Bars, rows: IntArray, config: QualityConfig) -> IntArray:
    """Return those rows whose instrument has at most ``max_usual_share`` of its other rows among them."""
    if not len(rows):
        return rows
    n_found = np.bincount(bars.instrument[rows])[bars.instrument[rows]]
    n_rows = bars.last[rows] - bars.first[rows] + 1
    share = np.where(n_rows >= FEW, (n_found - 1) / np.maximum(n_rows - 1, 1), len(rows) / len(bars))
    unusual: IntArray = rows[share <= config.max_usual_share]
    return unusual
