"""Adjusted closes of a vendor's on another base go on where those that are stored end."""

import json
from datetime import UTC, date, datetime
from itertools import pairwise

import polars as pl
import pytest

from prometheus.adapters.price_door import ingest_prices
from prometheus.domain.market.delivery import Delivery
from prometheus.store.connections import connect
from tests.deliveries import shared

MAY, JUNE = (
    (date(2018, 5, 29), date(2018, 5, 30), date(2018, 5, 31)),
    (date(2018, 6, 1), date(2018, 6, 4), date(2018, 6, 5)),
)


def delivery(days, adjusted, *, dividend=None):
    n = len(days)
    frame = pl.DataFrame(
        {
            "file": ["memory"] * n,
            "row": list(range(1, n + 1)),
            "symbol": ["A"] * n,
            "trade_date": list(days),
            "close": [100.0] * n,
            "adjusted_close": adjusted,
            "dividend": dividend or [None] * n,
        },
        schema_overrides={"dividend": pl.Float64, "adjusted_close": pl.Float64},
    )
    return Delivery("vendor", frame, ())


def take(databases, given, day):
    return ingest_prices(
        databases, given, market_id="US_EQ", create=True, known_at=datetime(2018, 7, day, tzinfo=UTC)
    )


def growth(databases):
    with connect(databases.historical_url) as connection:
        found = connection.execute("SELECT adjusted_close FROM prices_daily ORDER BY trade_date").fetchall()
    levels = [row[0] for row in found]
    return [b / a for a, b in pairwise(levels)]


MONTHS = {
    "may": (MAY, [100.0] * 3),
    "june": (JUNE, [95.0, 95.0, 100.0]),
}
PAID = 100 / 95
"""The dividend of 5 June as the vendor's factor says it."""


def test_two_months_of_a_vendor_that_starts_from_a_new_base_lose_nothing_at_the_seam(databases):
    take(databases, delivery(*MONTHS["may"]), 2)
    take(databases, delivery(*MONTHS["june"]), 3)
    assert growth(databases) == pytest.approx([1.0, 1.0, 1.0, 1.0, PAID])
    for month in MONTHS.values():
        again = take(databases, delivery(*month), 4)
        assert (again.n_new, again.n_corrected, again.n_unchanged) == (0, 0, 3)


def test_rows_that_both_deliveries_have_say_the_base_and_a_dividend_behind_them_is_found(databases):
    take(databases, delivery(MAY, [100.0] * 3), 2)
    days = (*MAY[1:], *JUNE)
    late = delivery(days, [90.0, 90.0, 95.0, 95.0, 100.0])
    report = take(databases, late, 3)
    assert (report.n_new, report.n_corrected, report.n_unchanged) == (3, 0, 2)
    assert growth(databases) == pytest.approx([1.0, 1.0, 95 / 90, 1.0, PAID])
    assert not take(databases, late, 4).has_changed


def test_a_stretch_on_another_base_inside_a_history_moves_no_return_on_either_side(databases):
    days = (*MAY, *JUNE)
    bare = delivery(days, [None] * 6, dividend=[None, None, 2.0, None, 1.0, None])
    take(databases, bare, 2)
    said = growth(databases)
    inside = delivery(days[2:4], [3.0, 3.0], dividend=[2.0, None])
    assert not take(databases, inside, 3).has_changed
    other = delivery(days[2:4], [3.0, 3.03], dividend=[2.0, 1.0])
    take(databases, other, 4)
    assert growth(databases) == pytest.approx([said[0], said[1], 1.01, *said[3:]], abs=1e-9)
    assert not take(databases, other, 5).has_changed


def test_after_lean_the_wiki_sample_gives_no_return_but_those_of_bars_and_actions(at_databases, prometheus):
    lean, wiki = shared("prices/lean_usa_equity"), shared("prices/quandl_wiki_sample")
    words = ("--market", "US_EQ", "--create", "--no-derive", "--preset")
    assert prometheus("ingest", "instruments", lean / "map_files", "--market", "US_EQ").exit_code == 0
    assert prometheus("ingest", "prices", lean, *words, "lean").exit_code == 0
    done = prometheus("ingest", "prices", wiki, *words, "wiki")
    assert done.exit_code == 0, done.err
    with connect(at_databases.historical_url) as connection:
        worst = connection.execute(
            "SELECT max(abs(r / bars - 1)) FROM (SELECT"
            " adjusted_close / lag(adjusted_close) OVER w AS r, (coalesce((metadata ->> 'split')::float8, 1)"
            " + coalesce((metadata ->> 'dividend')::float8, 0) / close) * close / lag(close) OVER w AS bars"
            " FROM prices_daily WHERE instrument_id = 'US_EQ:AAPL' WINDOW w AS (ORDER BY trade_date)) g"
        ).fetchone()
    assert worst[0] < 1e-3
    again = prometheus("ingest", "prices", wiki, *words, "wiki", "--json")
    report = json.loads(again.out)
    assert (report["n_new"], report["n_corrected"]) == (0, 0)
