"""Splits and dividends read from closes as traded and adjusted ones, and closes that hold their splits."""

from __future__ import annotations

import polars as pl

NO_EVENT = 1e-7
"""Relative jump of adjusted close over close below which nothing happened: rounding of the vendor."""
SMALLEST_SPLIT = 0.2
"""A jump of less than a fifth is a dividend: splits below 6 for 5 are stock dividends, and rare."""
LARGEST_WHOLE = 100
"""Splits of n for 1 and 1 for n happen up to here."""
LARGEST_TERM = 5
"""Of the fractions in which companies split: 3 for 2, 5 for 4. With larger ones, any jump is near one."""
RATIOS = sorted(
    {n / old for n in range(1, LARGEST_TERM + 1) for old in range(1, LARGEST_TERM + 1)}
    | {float(n) for n in range(1, LARGEST_WHOLE + 1)}
    | {1.0 / n for n in range(1, LARGEST_WHOLE + 1)}
)
SAME_RATIO = 1e-3
"""Relative distance from such a ratio within which a jump is that split."""
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
    close(t) (CRSP). A jump of a fifth or more that lies within a thousandth of n, of 1/n (n up to 100) or of
    a fraction with terms up to 5 is a split; any other is a dividend of (jump - 1) * close(t). A dividend on
    the day of a split can't be told from it, nor a special dividend that comes to such a ratio. Needs
    adjusted closes with at least six digits: two decimals, as some vendors deliver them, make a dividend of
    every rounding.

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
    >>> split_ratio(2.0000001), split_ratio(1.5), split_ratio(0.02), split_ratio(1.1124), split_ratio(1.3076)
    (2.0, 1.5, 0.02, None, None)
    """
    if abs(jump - 1.0) < SMALLEST_SPLIT and abs(1.0 / jump - 1.0) < SMALLEST_SPLIT:
        return None
    nearest = min(RATIOS, key=lambda ratio: abs(jump / ratio - 1.0))
    return nearest if abs(jump / nearest - 1.0) <= SAME_RATIO else None


def symbols_adjusted_for_splits(prices: pl.DataFrame) -> pl.Series:
    """Return the symbols whose closes hold their splits already.

    Parameters
    ----------
    prices : polars.DataFrame
        ``symbol``, ``trade_date``, ``close`` and ``split``, null, 0 or 1 where there is none.

    Notes
    -----
    As traded, close * split lies near the former close; adjusted, close alone does. All splits of a symbol
    are judged together, by the sum of the distances of logarithms. Those below a fifth are not: a market's
    moves are as large.
    """
    size = pl.max_horizontal("split", 1.0 / pl.col("split"))
    is_split = (pl.col("split") > 0.0) & (size - 1.0 >= SMALLEST_SPLIT)
    if not prices.select(is_split.any()).item():
        return pl.Series("symbol", [], dtype=pl.String)
    growth = pl.col("close") / pl.col("close").shift(1).over("symbol")
    as_traded, as_adjusted = (growth * pl.col("split")).log().abs(), growth.log().abs()
    return (
        prices.unique(["symbol", "trade_date"])
        .sort("symbol", "trade_date")
        .with_columns((as_adjusted - as_traded).alias("nearer"))
        .filter(is_split)
        .group_by("symbol")
        .agg(pl.col("nearer").sum())
        .filter(pl.col("nearer") < 0.0)["symbol"]
        .sort()
    )
