"""Histories that give little or nothing to derive: rows where something can be said, errors with a name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.bootstrap import derived_tables
from prometheus.domain.market.config import QualityConfig
from prometheus.domain.reference.markets import known_market
from prometheus.kernel.arrays import BoolArray, FloatArray
from prometheus.kernel.errors import ConfigError, UnknownInstrumentError
from prometheus.store.connections import Databases, connect
from prometheus.store.reference import register_markets
from tests import world
from tests.deliveries import count_of

N_SESSIONS = 430
DATES = world.dates_of_world(N_SESSIONS)
NUMBERS = {
    "returns_daily": ("ret_1d", "ret_5d", "ret_21d"),
    "volatility_daily": ("vol_21d", "vol_63d"),
    "factors_daily": ("value",),
    "instrument_factors_daily": ("exposure",),
}


def derived(
    databases: Databases, home: Path, close: FloatArray, is_there: BoolArray | None = None
) -> dict[str, int]:
    """Take closes of shape (n_sessions, n_names) in; return how many rows were derived, by table."""
    n_sessions, n_names = close.shape
    day, name = np.nonzero(np.ones_like(close, dtype=bool) if is_there is None else is_there)
    frame = pl.DataFrame(
        {
            "date": pl.Series(DATES[:n_sessions][day]).cast(pl.Date),
            "symbol": [f"N{at:02}" for at in name.tolist()],
            "close": close[day, name],
        }
    )
    home.mkdir(parents=True, exist_ok=True)
    path = home / "prices.csv"
    frame.write_csv(path)
    ingest_prices(
        databases,
        price_delivery([path], source="tests"),
        market_id=world.MARKET,
        create=True,
        known_at=datetime(2024, 1, 2, tzinfo=UTC),
        quality=QualityConfig(max_flagged_share=1.0),
    )
    counts = derived_tables(world.settings_at(databases, home), world.MARKET)
    assert n_names == len(set(frame["symbol"]))
    for table, columns in NUMBERS.items():
        for column in columns:
            wrong = f"{column} = 'NaN' OR abs({column}) = 'Infinity'"
            assert count_of(databases, f"SELECT count(*) FROM {table} WHERE {wrong}") == 0
    return {table: found.n_new for table, found in counts.items() if found.n_new}


def walks(n_sessions: int, n_names: int, *, seed: int = 5) -> FloatArray:
    """Return closes that move together in part."""
    draws = np.random.default_rng(seed)
    together = draws.normal(0.0, 0.01, (n_sessions, 1))
    steps = 0.8 * together + draws.normal(0.0, 0.012, (n_sessions, n_names))
    out: FloatArray = np.round(draws.uniform(20.0, 200.0, n_names) * np.exp(np.cumsum(steps, axis=0)), 2)
    return out


def test_a_market_that_nobody_registered_and_one_without_instruments_are_refused_by_name(
    databases: Databases, home: Path
) -> None:
    settings = world.settings_at(databases, home)
    with pytest.raises(ConfigError, match="US_EQ is not in this database"):
        derived_tables(settings, world.MARKET)
    with connect(databases.runtime_url) as connection:
        register_markets(connection, [known_market(world.MARKET)])
    with pytest.raises(UnknownInstrumentError, match="US_EQ has no instruments"):
        derived_tables(settings, world.MARKET)


def test_one_session_of_one_name_gives_nothing(databases: Databases, home: Path) -> None:
    assert derived(databases, home, np.array([[10.0]])) == {}


def test_one_name_has_returns_and_volatilities_and_no_market(databases: Databases, home: Path) -> None:
    assert derived(databases, home, walks(300, 1)) == {"returns_daily": 299, "volatility_daily": 286}


def test_prices_that_are_all_equal_give_zeros_and_neither_exposures_nor_correlations(
    databases: Databases, home: Path
) -> None:
    n = N_SESSIONS
    found = derived(databases, home, np.full((n, 12), 25.0))
    assert found["returns_daily"] == 12 * (n - 1)
    assert found["volatility_daily"] == 12 * (n - 14)
    assert set(found) == {"returns_daily", "volatility_daily", "factors_daily"}
    for table, columns in (
        ("returns_daily", "ret_1d"),
        ("volatility_daily", "vol_21d"),
        ("factors_daily", "value"),
    ):
        assert count_of(databases, f"SELECT count(*) FROM {table} WHERE {columns} <> 0") == 0


def test_a_name_that_never_moves_is_in_no_matrix_and_has_no_exposure_but_zero(
    databases: Databases, home: Path
) -> None:
    close = walks(N_SESSIONS, 12)
    close[:, 3] = 40.0
    found = derived(databases, home, close)
    assert found["correlation_panels"] > 0
    named = "SELECT count(*) FROM correlation_panels WHERE universe_spec -> 'instruments' ? 'US_EQ:N{}'"
    assert count_of(databases, named.format("03")) == 0
    assert count_of(databases, named.format("04")) == found["correlation_panels"]
    still = "SELECT count(*) FROM instrument_factors_daily WHERE instrument_id = 'US_EQ:N03'"
    assert count_of(databases, still) > 0
    assert count_of(databases, f"{still} AND exposure <> 0") == 0


def test_gaps_endings_and_short_lives_take_away_their_own_rows_alone(
    databases: Databases, home: Path
) -> None:
    is_there = np.ones((N_SESSIONS, 14), dtype=bool)
    is_there[100:320, 0] = False  # a long gap
    is_there[300:, 1] = False  # delisted
    is_there[:-10, 2] = False  # ten sessions, fewer than any window
    is_there[::2, 3] = False  # never two sessions in a row
    found = derived(databases, home, walks(N_SESSIONS, 14), is_there)
    of = "SELECT count(*) FROM {} WHERE instrument_id = 'US_EQ:N{:02}'"
    n_returns = [count_of(databases, of.format("returns_daily", at)) for at in range(5)]
    assert n_returns == [99 + N_SESSIONS - 321, 299, 9, 0, N_SESSIONS - 1]
    over_gap = f"{of.format('returns_daily', 0)} AND trade_date = '{DATES[321]}' AND ret_5d IS NULL"
    assert count_of(databases, over_gap) == 1
    n_volatilities = [count_of(databases, of.format("volatility_daily", at)) for at in range(5)]
    # 14 returns of 21 or 42 of 63; the latter stand until 21 sessions after the last bar.
    assert n_volatilities[1:] == [299 - 13 + 21, 0, 0, N_SESSIONS - 14]
    assert count_of(databases, of.format("instrument_factors_daily", 2)) == 0
    assert count_of(databases, of.format("instrument_factors_daily", 4)) > 0
    named = "SELECT count(*) FROM correlation_panels WHERE universe_spec -> 'instruments' ?|"
    assert count_of(databases, f"{named} '{{US_EQ:N02,US_EQ:N03}}'") == 0
    assert found["correlation_panels"] > 0
