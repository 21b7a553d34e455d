"""What is absent: fields, volumes, sessions."""

from __future__ import annotations

import numpy as np

from prometheus.domain.market.config import QualityConfig
from prometheus.domain.market.quality.bars import Bars
from prometheus.kernel.arrays import BoolArray

FIELDS = ("open", "high", "low", "volume")
FEW = 5
"""Rows below which an instrument has no way of its own: then the delivery's counts."""


def missing_fields(bars: Bars, config: QualityConfig) -> BoolArray:
    """Return where an open, high, low or volume is missing that the instrument's other rows have."""
    found = np.zeros(len(bars), dtype=bool)
    for name in FIELDS:
        is_missing = np.isnan(bars.values[name])
        if is_missing.any():
            found |= is_missing & (_usual_share(bars, is_missing) <= config.max_usual_share)
    return found


def zero_volume(bars: Bars, config: QualityConfig) -> BoolArray:
    """Return where nothing was traded although the instrument's other rows have a volume."""
    is_zero: BoolArray = bars.values["volume"] == 0.0
    if not is_zero.any():
        return is_zero
    found: BoolArray = is_zero & (_usual_share(bars, is_zero) <= config.max_usual_share)
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


def _usual_share(bars: Bars, found: BoolArray) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the share of the other rows of the same instrument in which something was found."""
    n_found = np.bincount(bars.instrument, weights=found)[bars.instrument]
    n_rows = (bars.last - bars.first + 1).astype(float)
    own = (n_found - found) / np.maximum(n_rows - 1.0, 1.0)
    return np.where(n_rows >= FEW, own, np.mean(found))
