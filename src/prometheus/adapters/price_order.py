"""Rows of a delivery that are older knowledge than what is stored: they replace nothing.

A correction can't have become known before the version that it replaces. So where a delivery became known
before others did, a row of it that contradicts what one of those brought is set aside, and the others land.
What follows from its rows is no contradiction: an adjusted close of ours that goes on from a past that came
late, or a dividend read from one, changes with it, and is known from when both were.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import polars as pl

from prometheus.domain.market.vendor_adjustment import silent_instruments
from prometheus.kernel.violations import found_violations
from prometheus.store.copying import Connection
from prometheus.store.price_reads import ACTIONS, BAR, stored_prices
from prometheus.store.prices import known_later

KEY = ["instrument_id", "trade_date"]
OLDER = "older_than_stored"
"""The rule that such a row breaks."""
NONE_OLDER = pl.DataFrame(schema={"instrument_id": pl.String, "trade_date": pl.Date, "known_at": pl.String})


def older_than_stored(
    historical: Connection,
    corrected: pl.DataFrame,
    delivered: pl.DataFrame,
    *,
    moment: datetime,
    late: Mapping[str, datetime],
) -> pl.DataFrame:
    """Return the rows that contradict what became known after them.

    Parameters
    ----------
    historical : Connection
    corrected : polars.DataFrame
        Rows that are stored with other values, with ``is_computed``.
    delivered : polars.DataFrame
        What their vendor gives.
    moment : datetime
        When the delivery became known.
    late : mapping of str to datetime
        When batches became known that came after it.

    Returns
    -------
    polars.DataFrame
        The key, and ``known_at`` of what is stored.
    """
    if not late or corrected.is_empty():
        return NONE_OLDER
    own = corrected.join(delivered.select(KEY), on=KEY, how="semi", maintain_order="left")
    if own.is_empty():
        return NONE_OLDER
    later = known_later(historical, own, moment=moment, late=late)
    if later.is_empty():
        return later
    first, last = later.select(pl.col("trade_date").min().alias("a"), pl.col("trade_date").max()).row(0)
    stored = stored_prices(historical, later["instrument_id"].unique().to_list(), first, last)
    beside = own.join(later, on=KEY).join(stored, on=KEY, suffix="_was")
    is_read = pl.col("instrument_id").is_in(silent_instruments(delivered).implode())
    is_said = dict.fromkeys(BAR, pl.lit(True)) | dict.fromkeys(ACTIONS, ~is_read)
    is_said["adjusted_close"] = ~pl.col("is_computed")
    differs = [pl.col(name).ne_missing(pl.col(f"{name}_was")) & is_ours for name, is_ours in is_said.items()]
    return beside.filter(pl.any_horizontal(differs)).select(*KEY, "known_at")


def order_violations(rows: pl.DataFrame, older: pl.DataFrame, *, moment: datetime) -> pl.DataFrame:
    """Return the violations of rows that are older than what is stored.

    Parameters
    ----------
    rows : polars.DataFrame
        Of the delivery, with ``file``, ``row`` and ``symbol``.
    older : polars.DataFrame
        See `older_than_stored`.
    moment : datetime
        When the delivery became known.
    """
    broken = rows.join(older, on=KEY, how="inner", maintain_order="left")
    found = found_violations(
        broken, pl.repeat(True, broken.height, eager=True), field="close", rule=OLDER, remedy=""
    )
    remedy = (
        f"This became known at {moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}, what is stored at {{}}."
        " Deliver in the order in which deliveries became known, or leave --known-at out."
    )
    return found.with_columns(pl.format(remedy, broken["known_at"]).alias("remedy"))
