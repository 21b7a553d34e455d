"""Ratios of a year's accounts: flows are of the year to a day, levels stand at that day; in decimals.

Each function returns a reason instead of a number where the ratio has no meaning.
"""

from __future__ import annotations


def share(part: float, whole: float) -> float | str:
    """Return part over whole, where the whole is positive.

    Examples
    --------
    >>> share(1.0, 4.0), share(1.0, 0.0)
    (0.25, 'the denominator is not positive')
    """
    return part / whole if whole > 0.0 else "the denominator is not positive"


def interest_coverage(ebit: float, interest_expense: float) -> float | str:
    """Return EBIT over interest expense: how often the year's earnings pay its interest.

    Examples
    --------
    >>> interest_coverage(30.0, 10.0), interest_coverage(30.0, 0.0)
    (3.0, 'no interest was paid')
    """
    return ebit / interest_expense if interest_expense > 0.0 else "no interest was paid"


def growth(now: float, then: float) -> float | str:
    """Return the change over a year as a share of what was before, where that was positive.

    Examples
    --------
    >>> growth(11.0, 10.0), growth(11.0, -10.0)
    (0.10000000000000009, 'a year before it was not positive')
    """
    return now / then - 1.0 if then > 0.0 else "a year before it was not positive"


def net_over_average(now: float, less: float, level_now: float, level_then: float) -> float | str:
    """Return a flow less another one, over the average of a level at the year's two ends."""
    return share(now - less, (level_now + level_then) / 2.0)
