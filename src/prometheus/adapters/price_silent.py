"""Splits and dividends that stay: a vendor that has no word for them doesn't take them back.

A file without columns for splits, dividends or adjusted closes says nothing of them. Its closes may correct
those that are stored; what another vendor said was paid or split on these days still holds.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from prometheus.domain.market.corporate_actions import SMALLEST_SPLIT
from prometheus.store.copying import Connection
from prometheus.store.price_reads import stored_actions, stored_prices

KEY = ["instrument_id", "trade_date"]


def with_stored_actions(historical: Connection, prices: pl.DataFrame, silent: pl.DataFrame) -> pl.DataFrame:
    """Return prices with the stored splits and dividends in rows that say nothing of these.

    Parameters
    ----------
    historical : Connection
    prices : polars.DataFrame
        A part of the delivery, sorted by ``instrument_id`` and ``trade_date``.
    silent : polars.DataFrame
        The keys of the rows that come from such files.

    Notes
    -----
    They stay where the delivered closes are on the basis on which they were said: dividends where both
    closes of the day are less than a fifth apart, splits where the delivered closes also move as traded.
    """
    first, last = silent["trade_date"].min(), silent["trade_date"].max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    ids = silent["instrument_id"].unique().to_list()
    actions = stored_actions(historical, ids, first=first, last=last)
    if actions.is_empty():
        return prices
    actions = actions.join(silent, on=KEY, how="semi")
    if actions.is_empty():
        return prices
    acting = actions["instrument_id"].unique().to_list()
    stored = stored_prices(historical, acting, first, last).select(*KEY, was="close")
    said = actions.join(stored, on=KEY).rename({"split": "split_said", "dividend": "dividend_said"})
    close, split = pl.col("close"), pl.col("split_said")
    growth = close / close.shift(1).over("instrument_id")
    is_near = (close / pl.col("was")).log().abs() < SMALLEST_SPLIT
    is_traded = (growth * split).log().abs() < growth.log().abs()
    is_said = pl.col("was").is_not_null()
    return (
        prices.join(said, on=KEY, how="left", maintain_order="left")
        .with_columns(
            pl.when(~is_said)
            .then("split")
            .when(is_near & is_traded.fill_null(True))
            .then(split)
            .alias("split"),
            pl.when(~is_said).then("dividend").when(is_near).then("dividend_said").alias("dividend"),
        )
        .select(prices.columns)
    )
