"""When the deepest drawdown began, bottomed and ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from prometheus.maths.risk import drawdowns


@dataclass(frozen=True, slots=True)
class DeepestFall:
    """The deepest fall of a curve from a peak.

    Attributes
    ----------
    depth : float
        Share of the peak that was lost, 0 or more.
    peak_date, trough_date : datetime.date or None
        None if the curve never fell.
    recovery_date : datetime.date or None
        First session at or above the peak; None if there is none yet.
    longest_days : int
        Calendar days of the longest time below a peak, which needn't be the deepest.
    """

    depth: float
    peak_date: date | None
    trough_date: date | None
    recovery_date: date | None
    longest_days: int


def deepest_fall(dates: NDArray[np.datetime64], levels: NDArray[np.float64]) -> DeepestFall:
    """Return the deepest fall of a curve, with its dates.

    Parameters
    ----------
    dates : ndarray of datetime64[D] of shape (n_days,)
        Ascending.
    levels : ndarray of shape (n_days,)
        Positive, none missing.

    Returns
    -------
    DeepestFall
        Of equally deep falls the first.

    Examples
    --------
    >>> import numpy as np
    >>> days = np.arange("2024-01-01", "2024-01-06", dtype="datetime64[D]")
    >>> fall = deepest_fall(days, np.array([100.0, 120.0, 90.0, 100.0, 125.0]))
    >>> fall.depth, str(fall.peak_date), str(fall.trough_date), str(fall.recovery_date), fall.longest_days
    (0.25, '2024-01-02', '2024-01-03', '2024-01-05', 3)
    """
    falls = drawdowns(levels[:, None])[:, 0]
    at_peak = np.flatnonzero(falls == 0.0)
    # From each peak to the next; the last one runs to the end of the curve.
    spells = np.diff(np.append(dates[at_peak], dates[-1])).astype(np.int64)
    # Neighbouring sessions that are both at a peak have no time under water between them.
    is_fall = np.append(np.diff(at_peak) > 1, at_peak[-1] < levels.size - 1)
    longest_days = int(spells[is_fall].max()) if is_fall.any() else 0
    trough = int(falls.argmax())
    if falls[trough] == 0.0:
        return DeepestFall(0.0, None, None, None, longest_days)
    peak = int(at_peak[at_peak < trough][-1])
    after = at_peak[at_peak > trough]
    return DeepestFall(
        depth=float(falls[trough]),
        peak_date=dates[peak].item(),
        trough_date=dates[trough].item(),
        recovery_date=dates[after[0]].item() if after.size else None,
        longest_days=longest_days,
    )
