"""Splits and dividends that stay: a vendor that has no word for them doesn't take them back.

A delivery without columns for splits, dividends or adjusted closes says nothing of them. Its closes may
correct those that are stored; what another vendor said was paid or split on these days still holds.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from prometheus.domain.market.corporate_actions import SMALLEST_SPLIT
from prometheus.store.copying import Connection
from prometheus.store.price_reads import stored_actions, stored_prices

KEY = ["instrument_id", "trade_date"]


def with_stored_actions(historical: Connection, prices: pl.DataFrame) -> pl.DataFrame:
    """Return prices of a delivery that says nothing of splits and dividends with those that are stored.

    Parameters
    ----------
    historical : Connection
    prices : polars.DataFrame
        A part of the delivery, sorted by ``instrument_id`` and ``trade_date``.

    Notes
    -----
    They stay where the delivered closes are on the basis on which they were said: dividends where both
    closes of the day are less than a fifth apart, splits where the delivered closes also move as traded.
    """
    first, last = prices["trade_date"].min(), prices["trade_date"].max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    ids = prices["instrument_id"].unique().to_list()
    actions = stored_actions(historical, ids, first=first, last=last)
    if actions.is_empty():
        return prices
    acting = actions["instrument_id"].unique().to_list()
    stored = stored_prices(historical, acting, first, last).select(*KEY, was="close")
    said = actions.join(stored, on=KEY).rename({"split": "split_said", "dividend": "dividend_said"})
    close, split = pl.col("close"), pl.col("split_said")
    growth = close / close.shift(1).over("instrument_id")
    is_near = (close / pl.col("was")).log().abs() < SMALLEST_SPLIT
    is_traded = (growth * split).log().abs() < growth.log().abs()
    return (
        prices.join(said, on=KEY, how="left", maintain_order="left")
        .with_columns(
            pl.when(is_near & is_traded.fill_null(True)).then(split).alias("split"),
            pl.when(is_near).then("dividend_said").alias("dividend"),
        )
        .select(prices.columns)
    )
