"""Whatever is corrected, and however often: derived tables hold what a fresh database derives."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from psycopg.types.json import Jsonb

from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.bootstrap import derive_changes, derived_tables
from prometheus.domain.market.config import QualityConfig
from prometheus.store.connections import Databases, connect
from prometheus.store.derived import one_derivation
from tests import world
from tests.steps.worlds import Worlds, as_owner, stored, unlike

DATES = world.dates_of_world()
TABLES = (
    "returns_daily",
    "volatility_daily",
    "factors_daily",
    "instrument_factors_daily",
    "correlation_panels",
)
PRICES = ("open", "high", "low", "close")


def deliver(databases: Databases, folder: Path, bars: pl.DataFrame, *, number: int) -> None:
    """Take bars in, and derive what they can reach."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"delivery-{number}.csv"
    bars.write_csv(path)
    known_at = world.KNOWN_AT.replace(year=2025 + number // 12, month=1 + number % 12)
    report = ingest_prices(
        databases,
        price_delivery([path], source="tests"),
        market_id=world.MARKET,
        known_at=known_at,
        quality=QualityConfig(max_flagged_share=1.0),
    )
    if report.first_changed is not None and report.last_changed is not None:
        derive_changes(
            world.settings_at(databases, folder),
            world.MARKET,
            first=np.datetime64(report.first_changed),
            last=np.datetime64(report.last_changed),
            instruments=report.changed,
        )


def held(databases: Databases) -> dict[str, list[str]]:
    """Return what the derived tables say: of several panels of a session the one written last."""
    found = stored(databases, tables=TABLES[:-1])
    with connect(databases.historical_url) as connection:
        panels = connection.execute(
            "SELECT end_date, start_date, universe_spec, matrix_ref FROM correlation_panels"
            " ORDER BY created_at, panel_id"
        ).fetchall()
    latest = {end: (start, spec, ref) for end, start, spec, ref in panels}
    said = {end: one for end, one in latest.items() if one[1]["instruments"]}
    return {**found, "correlation_panels": sorted(map(repr, said.items()))}


def fresh(databases: Databases, folder: Path) -> dict[str, list[str]]:
    """Return what the derived tables say when they are derived from nothing but what is stored."""
    as_owner(databases, "historical", *(f"TRUNCATE {table}" for table in TABLES))
    as_owner(databases, "runtime", "DELETE FROM engine_decisions WHERE engine_name = 'DERIVE'")
    derived_tables(world.settings_at(databases, folder), world.MARKET)
    return held(databases)


def corrected(draws: np.random.Generator, stored_bars: pl.DataFrame) -> pl.DataFrame:
    """Return a random delivery: bars of some names that differ, come late, or lost their actions."""
    symbols = draws.choice(world.SYMBOLS, int(draws.integers(1, 4)), replace=False).tolist()
    first = int(draws.integers(0, len(DATES) - 1))
    last = min(first + int(draws.integers(0, 40)), len(DATES) - 1)
    span = pl.col("date").is_between(DATES[first].item(), DATES[last].item())
    rows = stored_bars.filter(pl.col("symbol").is_in(symbols) & span)
    kind = draws.choice(["scaled", "shaken", "flat", "no actions"])
    noise = pl.Series(np.exp(draws.normal(0.0, 0.03, rows.height)))
    if kind == "scaled":
        rows = rows.with_columns(pl.col(*PRICES) * float(draws.uniform(0.8, 1.2)))
    elif kind == "shaken":
        rows = rows.with_columns(pl.col(*PRICES) * noise)
    elif kind == "flat":
        rows = rows.with_columns(pl.col("close").first().over("symbol").alias(name) for name in PRICES)
    else:
        rows = rows.with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("split", "dividend"))
    return rows.sample(fraction=float(draws.uniform(0.5, 1.0)), seed=int(draws.integers(1 << 30)))


@pytest.mark.parametrize("seed", range(6))
def test_after_random_corrections_derived_tables_are_those_of_a_fresh_database(
    worlds: Worlds, home: Path, seed: int
) -> None:
    databases = worlds.clone()
    draws = np.random.default_rng([31, seed])
    for number in range(4):
        deliver(databases, home, corrected(draws, world.bars()), number=number)
    followed = held(databases)
    assert unlike(followed, fresh(databases, home)) == {}
    assert all(followed.values())


def test_bars_that_come_late_fill_their_gap_and_what_follows_from_it(worlds: Worlds, home: Path) -> None:
    databases = worlds.clone()
    filled = world.bars(("ALFA",)).filter(pl.col("date").is_in(DATES[[200, 372, 373]].tolist()))
    deliver(databases, home, filled.with_columns(pl.lit(world.GAPS).alias("symbol")), number=0)
    followed = held(databases)
    assert unlike(followed, fresh(databases, home)) == {}


def test_factors_go_with_the_profiles_that_they_rest_on(worlds: Worlds, home: Path) -> None:
    databases = worlds.clone()
    settings, at = world.settings_at(databases, home), 400
    with connect(databases.runtime_url) as connection:
        issuers = connection.execute("SELECT issuer_id FROM instruments WHERE market_id = 'US_EQ'").fetchall()

    def tell(**facts: float) -> None:
        with connect(databases.runtime_url) as connection:
            for place, (issuer,) in enumerate(issuers):
                structured = {name: {"value": value + place} for name, value in facts.items()}
                connection.execute(
                    "INSERT INTO profiles (issuer_id, as_of_date, structured) VALUES (%s, %s, %s)",
                    [issuer, str(DATES[at]), Jsonb(structured)],
                )
        derive_changes(settings, world.MARKET, first=DATES[at], last=DATES[at], table="profiles")

    def n_rows() -> dict[str, int]:
        rows = [json.loads(row)["factor_id"] for row in held(databases)["factors_daily"]]
        return {factor: rows.count(f"US_EQ:{factor}") for factor in ("VALUE", "QUALITY")}

    n_after = len(DATES) - at - 1
    tell(equity=1.0, shares_outstanding=2.0, roe=3.0)
    assert n_rows() == {"VALUE": n_after, "QUALITY": n_after}
    tell(equity=-1000.0, shares_outstanding=2.0, roe=3.0)
    assert n_rows() == {"VALUE": 0, "QUALITY": n_after}
    followed = held(databases)
    assert unlike(followed, fresh(databases, home)) == {}


def test_exposures_go_with_the_factors_of_names_that_leave(worlds: Worlds, home: Path) -> None:
    databases = worlds.clone()
    assert held(databases)["instrument_factors_daily"]
    with connect(databases.runtime_url) as connection:
        connection.execute("UPDATE instruments SET asset_class = 'ETF' WHERE symbol < 'D'")
    counts = derived_tables(world.settings_at(databases, home), world.MARKET)
    assert counts["instrument_factors_daily"].n_removed > 0
    followed = held(databases)
    assert followed["instrument_factors_daily"] == followed["factors_daily"] == []
    assert followed["returns_daily"] != []
    assert unlike(followed, fresh(databases, home)) == {}


def test_a_correlation_panel_is_withdrawn_and_comes_back(worlds: Worlds, home: Path) -> None:
    databases = worlds.clone()
    as_delivered = held(databases)
    assert as_delivered["correlation_panels"]
    still = [pl.col("close").first().over("symbol").alias(name) for name in PRICES]
    actions = [pl.lit(None, pl.Float64).alias(name) for name in ("split", "dividend")]
    for number in (0, 2):
        deliver(databases, home, world.bars().with_columns(*still, *actions), number=number)
        followed = held(databases)
        assert followed["correlation_panels"] == []
        deliver(databases, home, world.bars(), number=number + 1)
        assert held(databases)["correlation_panels"] == as_delivered["correlation_panels"]
    with connect(databases.historical_url) as connection:
        ids = [
            row[0]
            for row in connection.execute("SELECT panel_id FROM correlation_panels ORDER BY created_at")
        ]
    assert len(set(ids)) == len(ids) == 5 * len(as_delivered["correlation_panels"])


def test_derived_rows_follow_a_correction_that_is_undone_again_and_again(worlds: Worlds, home: Path) -> None:
    databases = worlds.clone()
    bar = world.bars(("ALFA",)).filter(pl.col("date") == DATES[395].item())
    moved = bar.with_columns(pl.col(*PRICES) * 1.1)
    decisions = (
        "SELECT count(*) FILTER (WHERE input_refs ? 'n_before'), count(*), count(DISTINCT timestamp)"
        " FROM engine_decisions WHERE engine_name = 'DERIVE' AND input_refs ->> 'step' = 'returns_daily'"
    )
    states = [held(databases)]
    for number in range(6):
        deliver(databases, home, (moved, bar)[number % 2], number=number)
        states.append(held(databases))
    assert states[1] != states[0]
    assert states[2:] == [states[number % 2] for number in range(2, 7)]
    assert unlike(states[-1], fresh_of_clone(worlds, home)) == {}
    with connect(databases.runtime_url) as connection:
        assert connection.execute(decisions.encode()).fetchone() == (4, 7, 7)


def fresh_of_clone(worlds: Worlds, home: Path) -> dict[str, list[str]]:
    """Return what the derived tables of the market as it was delivered first say."""
    return fresh(worlds.clone(), home)


def test_a_derivation_whose_decision_was_lost_leaves_no_rows_behind_when_prices_go_back(
    worlds: Worlds, home: Path
) -> None:
    databases = worlds.clone()
    before = held(databases)
    bar = world.bars(("ALFA",)).filter(pl.col("date") == DATES[395].item())
    deliver(databases, home, bar.with_columns(pl.col(*PRICES) * 1.1), number=0)
    assert held(databases) != before
    # A crash after the rows were stored: the decisions on record are those of the former prices.
    as_owner(
        databases,
        "runtime",
        "DELETE FROM engine_decisions WHERE engine_name = 'DERIVE' AND timestamp >"
        " (SELECT max(timestamp) FROM engine_decisions WHERE engine_name = 'INGEST')",
    )
    deliver(databases, home, bar, number=1)
    assert unlike(held(databases), before) == {}


def test_derivations_of_overlapping_sessions_do_not_hide_each_other(worlds: Worlds, home: Path) -> None:
    databases = worlds.clone()
    plain = world.bars(("ALFA",))

    def bar(at: int, factor: float) -> pl.DataFrame:
        return plain.filter(pl.col("date") == DATES[at].item()).with_columns(pl.col(*PRICES) * factor)

    deliver(databases, home, bar(300, 1.05), number=0)
    deliver(databases, home, pl.concat([bar(300, 1.2), bar(301, 1.2)]), number=1)
    deliver(databases, home, bar(301, 1.0), number=2)
    deliver(databases, home, bar(300, 1.05), number=3)  # the sessions and prices of the first one
    followed = held(databases)
    assert unlike(followed, fresh(databases, home)) == {}


def test_derivations_of_a_market_wait_for_each_other(worlds: Worlds, home: Path) -> None:
    databases = worlds.clone()
    before = held(databases)
    with ThreadPoolExecutor(3) as threads:
        with (
            connect(databases.historical_url, autocommit=True) as connection,
            one_derivation(connection, world.MARKET),
        ):
            settings = world.settings_at(databases, home)
            waiting = [threads.submit(derived_tables, settings, world.MARKET) for _ in range(2)]
            with pytest.raises(TimeoutError):
                waiting[0].result(timeout=2.0)
        counts = [future.result() for future in waiting]
    assert [sum(one.n_written for one in found.values()) for found in counts] == [0, 0]
    assert held(databases) == before
