"""Calendar months of a level series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def monthly_returns(
    dates: NDArray[np.datetime64], levels: NDArray[np.float64]
) -> tuple[NDArray[np.datetime64], NDArray[np.float64]]:
    """Return the calendar months of a level series and what each returned.

    Parameters
    ----------
    dates : ndarray of datetime64[D] of shape (n_days,)
        Ascending.
    levels : ndarray of shape (n_days,)

    Returns
    -------
    months : ndarray of datetime64[M] of shape (n_months,)
    returns : ndarray of shape (n_months,)
        Last level of the month over the last level of the month before. The first month starts at the
        first level, so it and the last month may be partial; a first month of one single day is left out.
        The returns compound to the return of the whole series.

    Examples
    --------
    >>> import numpy as np
    >>> days = np.array(["2024-01-30", "2024-01-31", "2024-02-29", "2024-03-01"], dtype="datetime64[D]")
    >>> months, returns = monthly_returns(days, np.array([100.0, 110.0, 99.0, 198.0]))
    >>> months.astype(str).tolist(), returns.round(4).tolist()
    (['2024-01', '2024-02', '2024-03'], [0.1, -0.1, 1.0])
    """
    months = dates.astype("datetime64[M]")
    is_last = np.append(months[1:] != months[:-1], True)
    is_last[0] = False
    ends = np.flatnonzero(is_last)
    starts = np.insert(ends[:-1], 0, 0)
    return months[ends], levels[ends] / levels[starts] - 1.0
