"""Whether a lag of releases can be true: a number about a month is not known before the month has ended.

FRED and others date a number by the first day of the month, quarter or year that it is about. A lag counts
from that day, so one that is shorter than the period makes the past know what had not happened.
"""

from __future__ import annotations

import polars as pl

LEAST_PERIOD = 28
"""Days of the shortest month: what comes as seldom, always on the first of a month, is about a period."""


def lags_that_look_ahead(rows: pl.DataFrame, lag_days: int) -> dict[str, int]:
    """Return the series of periods for which a lag is too short, each with the days that its periods have.

    Parameters
    ----------
    rows : DataFrame
        ``factor_id`` and ``trade_date``.
    lag_days : int
        Days from the date of a value to the end of the day on which it was published.

    Examples
    --------
    >>> from datetime import date
    >>> days = [date(2018, month, 1) for month in (1, 2, 3, 4)]
    >>> months = pl.DataFrame({"factor_id": "MACRO:CPI", "trade_date": days})
    >>> lags_that_look_ahead(months, 1), lags_that_look_ahead(months, 45)
    ({'MACRO:CPI': 31}, {})
    """
    gaps = (
        rows.select("factor_id", "trade_date")
        .unique()
        .sort("factor_id", "trade_date")
        .group_by("factor_id", maintain_order=True)
        .agg(
            are_firsts=(pl.col("trade_date").dt.day() == 1).all(),
            days=pl.col("trade_date").diff().dt.total_days().median(),
            least=pl.col("trade_date").diff().dt.total_days().min(),
        )
        .filter(pl.col("are_firsts") & (pl.col("least") >= LEAST_PERIOD) & (pl.col("days") > lag_days + 1))
    )
    return {name: int(days) for name, days in gaps.select("factor_id", "days").iter_rows()}
