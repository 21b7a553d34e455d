"""The soft rules see what is stored between the rows of a delivery, and before each instrument's own."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl

from prometheus.adapters.price_door import ingest_prices
from prometheus.domain.market.delivery import Delivery
from prometheus.kernel.sessions import sessions_of
from prometheus.store.connections import Databases

SESSIONS = sessions_of({"calendar": "XNYS"})
DATES = SESSIONS.dates[SESSIONS.between(np.datetime64("2016-01-04"), np.datetime64("2018-05-10"))]


def bars(symbols: str, dates=DATES, *, seed: int = 1) -> pl.DataFrame:
    frames = []
    for number, symbol in enumerate(symbols):
        draw = np.random.default_rng(seed + number)
        close = (50.0 * np.exp(np.cumsum(draw.normal(0.0, 0.01, len(DATES))))).round(2)
        frame = pl.DataFrame(
            {"symbol": symbol, "trade_date": DATES, "close": close, "adjusted_close": close},
            schema_overrides={"trade_date": pl.Date},
        )
        frames.append(frame.filter(pl.col("trade_date").is_in(pl.Series(dates).cast(pl.Date).implode())))
    rows = pl.concat(frames)
    lines = pl.int_range(1, pl.len() + 1).alias("row")
    return rows.with_columns(pl.lit("memory").alias("file"), lines, dividend=pl.lit(None, dtype=pl.Float64))


def take(databases: Databases, rows: pl.DataFrame, *, day: int) -> dict[str, int]:
    moment = datetime(2018, 7, day, tzinfo=UTC)
    given = Delivery("vendor", rows, ())
    report = ingest_prices(databases, given, market_id="US_EQ", create=True, known_at=moment)
    assert report.n_new + report.n_corrected > 0
    return dict(report.flagged_by_rule)


def mended(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with closes a cent higher."""
    return rows.with_columns((pl.col("close", "adjusted_close") + 0.01).round(2))


def test_rows_far_apart_have_no_gap_where_every_session_is_stored(databases: Databases) -> None:
    take(databases, bars("ABC"), day=2)
    assert take(databases, mended(bars("ABC", DATES[[100, 200, 300, 400]])), day=3) == {}


def test_rows_far_apart_have_a_gap_where_the_session_before_is_not_stored(databases: Databases) -> None:
    take(databases, bars("A", np.delete(DATES, [199, 200, 201])), day=2)
    assert take(databases, bars("A", DATES[[100, 200, 300]]), day=3) == {"gap_before": 1}


def test_an_adjusted_close_behind_a_stored_dividend_is_not_called_different(databases: Databases) -> None:
    whole = bars("A")
    paid = 250
    factor = pl.when(pl.int_range(pl.len()) < paid).then(0.96).otherwise(1.0)
    amount = pl.when(pl.int_range(pl.len()) == paid).then((pl.col("close") * (1 / 0.96 - 1)).round(4))
    whole = whole.with_columns((pl.col("close") * factor).round(6).alias("adjusted_close"), dividend=amount)
    assert take(databases, whole, day=2) == {}
    some = whole[[paid - 50, paid, paid + 50, paid + 51]]
    late = some.with_columns(
        pl.when(pl.int_range(pl.len()) == 3).then(pl.col("close") + 0.01).otherwise("close").alias("close"),
        pl.when(pl.int_range(pl.len()) == 3)
        .then(pl.col("adjusted_close") + 0.01)
        .otherwise("adjusted_close")
        .alias("adjusted_close"),
    )
    assert take(databases, late, day=3) == {}


def test_the_history_of_one_symbol_does_not_take_the_year_before_from_the_others(
    databases: Databases,
) -> None:
    take(databases, bars("AB", DATES[:-1]), day=2)
    rows = pl.concat([bars("AB", DATES[-1:]), bars("C", seed=9)])
    assert take(databases, rows, day=3) == {}
