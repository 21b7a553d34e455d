"""A vendor's rows with holes between them say nothing of what happened on the stored bars in these."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from prometheus.adapters.price_door import ingest_prices
from prometheus.domain.market.delivery import Delivery
from prometheus.kernel.sessions import sessions_of
from prometheus.store.connections import Databases, connect
from tests.deliveries import content_of

SESSIONS = sessions_of({"calendar": "XNYS"})
PAID = 40
"""The bar with the dividend."""


def bars(*, digits: int = 8) -> pl.DataFrame:
    """Return bars from 10 January to 10 May 2018, with the adjusted closes of a vendor."""
    days = SESSIONS.dates[SESSIONS.between(np.datetime64("2018-01-10"), np.datetime64("2018-05-10"))]
    n = len(days)
    close = (100.0 + 3.0 * np.sin(np.arange(n))).round(2)
    factor = np.where(np.arange(n) < PAID, 1.0 / (1.0 + 2.0 / close[PAID]), 1.0)
    return pl.DataFrame(
        {
            "file": ["memory"] * n,
            "row": range(1, n + 1),
            "symbol": ["A"] * n,
            "trade_date": days.tolist(),
            "close": close,
            "adjusted_close": (close * factor).round(digits),
            "dividend": [None] * n,
        },
        schema_overrides={"dividend": pl.Float64},
    )


def take(databases: Databases, rows: pl.DataFrame, *, day: int) -> tuple[int, int]:
    moment = datetime(2018, 7, day, tzinfo=UTC)
    given = Delivery("vendor", rows, ())
    report = ingest_prices(databases, given, market_id="US_EQ", create=True, known_at=moment)
    return report.n_new, report.n_corrected


def dividends(databases: Databases) -> dict[date, float]:
    with connect(databases.historical_url) as connection:
        found = connection.execute(
            "SELECT trade_date, (metadata ->> 'dividend')::float8 FROM prices_daily"
            " WHERE metadata ? 'dividend' ORDER BY 1"
        ).fetchall()
    return dict(found)


@pytest.mark.parametrize("digits", [2, 4, 6, 8])
def test_two_rows_with_a_dividend_stored_between_them_invent_none(databases: Databases, digits: int) -> None:
    whole = bars(digits=digits)
    take(databases, whole, day=2)
    before = dividends(databases)
    assert before == {whole["trade_date"][PAID]: pytest.approx(2.0, abs=0.02)}
    stored = content_of(databases, derived=False)
    assert take(databases, whole[[0, -1]], day=3) == (0, 0)
    assert content_of(databases, derived=False) == stored


def test_a_hole_that_is_stored_later_takes_the_dividend_back_to_its_day(databases: Databases) -> None:
    whole = bars()
    take(databases, whole[[0, -1]], day=2)
    assert list(dividends(databases)) == [whole["trade_date"][-1]]
    take(databases, whole, day=3)
    assert list(dividends(databases)) == [whole["trade_date"][PAID]]
    assert take(databases, whole[[0, -1]], day=4) == (0, 0)


def test_a_dividend_that_another_vendor_said_stays_on_its_day(databases: Databases) -> None:
    whole = bars()
    amount = [1.9 if i == PAID else None for i in range(whole.height)]
    take(databases, whole.with_columns(pl.Series("dividend", amount, dtype=pl.Float64)), day=2)
    said = {whole["trade_date"][PAID]: 1.9}
    assert dividends(databases) == said
    assert take(databases, whole[[0, 20, -1]], day=3) == (0, 0)
    assert dividends(databases) == said


def test_the_first_row_behind_a_hole_still_says_its_own_dividend(databases: Databases) -> None:
    whole = bars()
    take(databases, whole[:PAID], day=2)
    assert dividends(databases) == {}
    take(databases, pl.concat([whole[[0]], whole[PAID:]]), day=3)
    assert dividends(databases) == {whole["trade_date"][PAID]: pytest.approx(2.0, abs=1e-3)}


@pytest.mark.parametrize("digits", [2, 6])
def test_bars_with_adjusted_closes_of_ours_get_no_dividend_from_the_rounding_of_a_vendor(
    databases: Databases, digits: int
) -> None:
    whole = bars(digits=digits)
    amount = [2.0 if i == PAID else None for i in range(whole.height)]
    ours = whole.drop("adjusted_close").with_columns(pl.Series("dividend", amount, dtype=pl.Float64))
    take(databases, ours.with_columns(pl.lit(None, dtype=pl.Float64).alias("adjusted_close")), day=2)
    said = {whole["trade_date"][PAID]: 2.0}
    assert dividends(databases) == said
    take(databases, whole[[0, 20, 60, -1]], day=3)
    assert dividends(databases) == said
