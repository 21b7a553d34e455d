"""The panels that the benchmark makes, and the names that its jobs use."""

import numpy as np
import polars as pl

from benchmarks.panel import new_york, synthetic_bars, with_past, with_twins
from benchmarks.stored import FIELDS, StoredPanel
from prometheus.domain.market.rules import rule_violations

BARS = synthetic_bars(20, 30)


def test_a_synthetic_panel_is_the_same_at_every_call():
    assert BARS.equals(synthetic_bars(20, 30))


def test_a_synthetic_panel_keeps_the_rules_of_prices():
    delivery = BARS.with_row_index("row").select(
        pl.lit("file").alias("file"),
        "row",
        "symbol",
        pl.col("date").alias("trade_date"),
        "open",
        "high",
        "low",
        "close",
        pl.lit(None, dtype=pl.Float64).alias("adjusted_close"),
        "volume",
        pl.lit(None, dtype=pl.Float64).alias("split"),
        pl.lit(None, dtype=pl.Float64).alias("dividend"),
    )
    assert rule_violations(delivery).is_empty()
    assert new_york().is_session(BARS["date"].to_numpy().astype("datetime64[D]")).all()


def test_some_names_begin_late():
    counts = BARS.group_by("symbol").len()["len"]
    assert counts.max() == 30
    assert (counts < 30).sum() == 2


def test_a_twin_is_its_name_under_another_symbol():
    both = with_twins(BARS)
    assert both.height == 2 * BARS.height
    assert both["symbol"].n_unique() == 2 * BARS["symbol"].n_unique()


def test_a_past_is_as_long_as_what_follows_and_ends_before_it():
    longer = with_past(BARS)
    dates = longer["date"].unique().sort()
    assert len(dates) == 60
    sessions = new_york()
    first, last = (sessions.index(np.datetime64(day, "D")) for day in (dates[0], dates[-1]))
    assert last - first == 59
    assert (
        longer.filter(pl.col("date") >= BARS["date"].min())
        .sort("symbol", "date")
        .equals(BARS.sort("symbol", "date"))
    )


def test_a_name_is_whole_with_every_session_field_and_volume():
    values = {field: np.ones((3, 4)) for field in FIELDS}
    values["close"][1, 0] = np.nan
    values["volume"][2, 2] = 0.0
    values["open"][0, 3] = np.nan
    dates = np.arange("2020-01-06", "2020-01-09", dtype="datetime64[D]")
    whole = StoredPanel(("A", "B", "C", "D"), dates, values).whole()
    assert whole.names == ("B",)
    assert {v.shape for v in whole.values.values()} == {(3, 1)}
