"""Splits and dividends, read from the gap between closes as traded and adjusted closes."""

from __future__ import annotations

import polars as pl

NO_EVENT = 1e-7
"""Relative jump of adjusted close over close below which nothing happened: rounding of the vendor."""
SMALLEST_SPLIT = 0.2
"""A jump of less than a fifth is a dividend: splits below 6 for 5 are stock dividends, and rare."""
LARGEST_TERM = 20
SAME_RATIO = 1e-3
"""Relative distance from a ratio of small whole numbers within which a jump is that split."""
DECIMALS = 4
"""Companies declare dividends in fractions of a cent at most."""


def with_corporate_actions(prices: pl.DataFrame) -> pl.DataFrame:
    """Return prices with ``split`` and ``dividend`` where the adjusted close says that they happened.

    Parameters
    ----------
    prices : polars.DataFrame
        ``symbol``, ``trade_date``, ``close`` as traded and ``adjusted_close``; one row a symbol and date.

    Returns
    -------
    polars.DataFrame
        The same rows, sorted by symbol and date. Both are null where nothing happened, and on a symbol's
        first row.

    Notes
    -----
    With f = adjusted_close / close, the vendor's adjustment follows f(t) / f(t-1) = split + dividend /
    close(t) (CRSP). A jump of a fifth or more that lies within a thousandth of a ratio of whole numbers up
    to 20 is a split; any other is a dividend of (jump - 1) * close(t). A dividend on the day of a split
    can't be told from it. Needs adjusted closes with at least six digits: two decimals, as some vendors
    deliver them, make a dividend of every rounding.

    Examples
    --------
    Microsoft, 15 November 2004, the special dividend of 3.08 dollars:

    >>> prices = pl.DataFrame({
    ...     "symbol": ["MSFT", "MSFT"], "trade_date": ["2004-11-12", "2004-11-15"],
    ...     "close": [29.97, 27.39], "adjusted_close": [29.97, 27.39 + 3.08],
    ... })
    >>> with_corporate_actions(prices)["dividend"].to_list()
    [None, 3.08]
    """
    factor = pl.col("adjusted_close") / pl.col("close")
    jumps = prices.sort("symbol", "trade_date").with_columns(
        (factor / factor.shift(1)).over("symbol").alias("jump")
    )
    jump = pl.col("jump")
    is_event = ((jump - 1.0).abs() > NO_EVENT).fill_null(False)
    ratios = _split_ratios(jumps.filter(is_event)["jump"])
    split = pl.when(is_event).then(jump.replace_strict(ratios, default=None, return_dtype=pl.Float64))
    dividend = ((jump - 1.0) * pl.col("close")).round(DECIMALS)
    return (
        jumps.with_columns(split.alias("split"))
        .with_columns(
            pl.when(is_event & pl.col("split").is_null() & (dividend > 0.0)).then(dividend).alias("dividend")
        )
        .drop("jump")
    )


def _split_ratios(jumps: pl.Series) -> dict[float, float | None]:
    return {jump: split_ratio(jump) for jump in jumps.unique().to_list()}


def split_ratio(jump: float) -> float | None:
    """Return the split that a jump of adjusted close over close stands for; None when it is none.

    Examples
    --------
    >>> split_ratio(2.0000001), split_ratio(1.5), split_ratio(0.1), split_ratio(1.1124)
    (2.0, 1.5, 0.1, None)
    """
    if abs(jump - 1.0) < SMALLEST_SPLIT and abs(1.0 / jump - 1.0) < SMALLEST_SPLIT:
        return None
    terms = range(1, LARGEST_TERM + 1)
    found = [
        (new + old, new / old) for new in terms for old in terms if abs(jump * old / new - 1.0) <= SAME_RATIO
    ]
    return min(found)[1] if found else None
