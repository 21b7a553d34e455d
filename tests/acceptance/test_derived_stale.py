"""What was derived only in part, or before a delivery came, is known to be stale, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.bootstrap import derive_changes, derive_if_stale, derived_tables, tables_are_derived
from prometheus.flow.batch import Context
from prometheus.flow.derivation import derive
from prometheus.flow.graph import graph_of
from prometheus.flow.progress import Silent
from prometheus.flow.world import World
from prometheus.pipeline import default_configs, derivation_steps
from prometheus.store.artifacts import Artifacts
from prometheus.store.assets import read_assets
from prometheus.store.connections import Databases, connect
from prometheus.store.postgres import PostgresStorage
from tests import world
from tests.conftest import Outcome
from tests.deliveries import count_of
from tests.steps.worlds import SESSIONS, Worlds, as_owner, stored

DATES = world.dates_of_world()
NAME = "US_EQ:ALFA"
TABLES = ("returns_daily", "volatility_daily", "factors_daily", "instrument_factors_daily")
DERIVED = "SELECT count(*) FROM engine_decisions WHERE engine_name = 'DERIVE'"
Prometheus = Callable[..., Outcome]


@pytest.fixture
def market(worlds: Worlds, home: Path, monkeypatch: pytest.MonkeyPatch) -> Databases:
    """The market of `tests.world`, derived from its prices, named by the environment."""
    databases = worlds.clone()
    monkeypatch.setenv("PROMETHEUS_RUNTIME_URL", databases.runtime_url)
    monkeypatch.setenv("PROMETHEUS_HISTORICAL_URL", databases.historical_url)
    return databases


class AtSession(Silent):
    """Does something once, when some sessions are done; Ctrl-C by default."""

    def __init__(self, then: Callable[[], None] | None = None) -> None:
        self.n_tasks = 0
        self.then = then

    def advance(self, n: int) -> None:
        """Count the steps that are done."""
        self.n_tasks += 1
        if self.then is None and self.n_tasks == len(derivation_steps()) + 1:
            raise KeyboardInterrupt
        if self.then is not None and self.n_tasks == 1:
            self.then()


def correct(databases: Databases, folder: Path, at: int, factor: float) -> None:
    """Deliver one bar again, its prices times a factor."""
    bar = world.bars(("ALFA",)).filter(pl.col("date") == DATES[at].item())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"corrected-{at}-{factor}.csv"
    bar.with_columns(pl.col("open", "high", "low", "close") * factor).write_csv(path)
    delivery = price_delivery([path], source="tests")
    report = ingest_prices(databases, delivery, market_id=world.MARKET)
    assert report.n_corrected == 1


def held(databases: Databases) -> dict[str, list[str]]:
    return stored(databases, tables=TABLES)


def fresh(databases: Databases, home: Path) -> dict[str, list[str]]:
    as_owner(databases, "historical", *(f"TRUNCATE {table}" for table in TABLES))
    derived_tables(world.settings_at(databases, home), world.MARKET)
    return held(databases)


def test_a_derivation_that_is_killed_after_a_batch_records_none_and_is_done_again(
    market: Databases, home: Path
) -> None:
    settings = world.settings_at(market, home)
    as_owner(market, "runtime", "DELETE FROM engine_decisions WHERE engine_name = 'DERIVE'")
    with connect(market.runtime_url) as connection:
        assets = read_assets(connection, market_id=world.MARKET)
    steps = derivation_steps()
    configs = default_configs(steps)
    artifacts = Artifacts(settings.artifacts_url)
    days = SESSIONS.between(DATES[0], DATES[-1])

    def derive_in_batches(progress: Silent) -> None:
        with PostgresStorage(market, SESSIONS, market_id=world.MARKET, artifacts=artifacts) as storage:
            everything = World(Context(market_id=world.MARKET), SESSIONS, assets, storage)
            graph = graph_of(steps, configs)
            derive(graph, configs, everything, days=days, deliveries=None, progress=progress, cells=1)

    with pytest.raises(KeyboardInterrupt):
        derive_in_batches(AtSession())
    assert count_of_runtime(market, DERIVED) == 0
    assert not tables_are_derived(settings, world.MARKET)
    derive_in_batches(Silent())
    assert count_of_runtime(market, DERIVED) == len(steps) * -(-len(days) // 64)


def count_of_runtime(databases: Databases, query: str) -> int:
    with connect(databases.runtime_url) as connection:
        found = connection.execute(query.encode()).fetchone()
    assert found is not None
    return int(found[0])


def test_days_that_a_derivation_left_out_are_derived_by_the_next_one(market: Databases, home: Path) -> None:
    settings = world.settings_at(market, home)
    correct(market, home, 300, 1.05)  # left alone, as with --no-derive
    derived_tables(settings, world.MARKET, first=DATES[380])
    assert not tables_are_derived(settings, world.MARKET)
    assert derive_if_stale(settings, world.MARKET)["returns_daily"] > 0
    assert tables_are_derived(settings, world.MARKET)
    followed = held(market)
    assert followed == fresh(market, home)


def test_days_that_hold_all_that_was_changed_leave_nothing_stale(market: Databases, home: Path) -> None:
    settings = world.settings_at(market, home)
    correct(market, home, 300, 1.05)
    derived_tables(settings, world.MARKET, first=DATES[300])
    assert tables_are_derived(settings, world.MARKET)
    followed = held(market)
    assert followed == fresh(market, home)


def test_tables_that_were_derived_alone_do_not_speak_for_the_others(market: Databases, home: Path) -> None:
    settings = world.settings_at(market, home)
    correct(market, home, 300, 1.05)
    for table in (*reversed(TABLES), "correlation_panels"):
        derived_tables(settings, world.MARKET, tables=[table])
        assert not tables_are_derived(settings, world.MARKET), table
    derive_if_stale(settings, world.MARKET)
    assert tables_are_derived(settings, world.MARKET)
    followed = held(market)
    assert followed == fresh(market, home)


def test_a_delivery_that_comes_while_prices_are_read_is_derived_from_afterwards(
    market: Databases, home: Path
) -> None:
    settings = world.settings_at(market, home)
    correct(market, home, 300, 1.05)
    derived_tables(settings, world.MARKET, progress=AtSession(lambda: correct(market, home, 310, 1.05)))
    assert not tables_are_derived(settings, world.MARKET)
    derive_changes(settings, world.MARKET, first=DATES[310], last=DATES[310], instruments=[NAME])
    assert tables_are_derived(settings, world.MARKET)
    followed = held(market)
    assert followed == fresh(market, home)


def test_a_change_that_is_not_all_of_the_latest_delivery_derives_everything(
    market: Databases, home: Path
) -> None:
    settings = world.settings_at(market, home)
    correct(market, home, 300, 1.05)
    derived_tables(settings, world.MARKET)
    correct(market, home, 310, 1.05)  # left alone
    derive_changes(settings, world.MARKET, first=DATES[300], last=DATES[300], instruments=[NAME])
    assert tables_are_derived(settings, world.MARKET)
    followed = held(market)
    assert followed == fresh(market, home)


def test_derive_computes_nothing_where_nothing_came_unless_it_is_asked_to(
    market: Databases, prometheus: Prometheus
) -> None:
    n_rows = count_of(market, "SELECT count(*) FROM returns_daily")
    as_owner(market, "historical", f"DELETE FROM returns_daily WHERE trade_date >= '{DATES[-2]}'")
    said = prometheus("derive").out
    assert said.strip().splitlines()[-1] == "Nothing has changed; nothing was written."
    assert "returns_daily" not in said
    assert count_of(market, "SELECT count(*) FROM returns_daily") < n_rows
    assert "returns_daily" in prometheus("derive", "--force").out
    assert count_of(market, "SELECT count(*) FROM returns_daily") == n_rows
    decisions = count_of_runtime(market, DERIVED)
    assert "returns_daily" in prometheus("derive", "--from", str(DATES[-3])).out
    prometheus("derive", "--from", str(DATES[-3]))
    assert count_of_runtime(market, DERIVED) == decisions + len(derivation_steps())
    assert count_of(market, "SELECT count(*) FROM returns_daily") == n_rows


def test_another_asset_class_of_an_instrument_has_the_factors_computed_again(
    market: Databases, prometheus: Prometheus, home: Path
) -> None:
    settings = world.settings_at(market, home)
    home.mkdir(parents=True, exist_ok=True)

    def ingest(asset_class: str, *words: str, day: str = "2024-02-01") -> dict[str, object]:
        path = home / f"classes_{day}.csv"
        path.write_text(f"symbol,asset class\nALFA,{asset_class}\n")
        outcome = prometheus("ingest", "instruments", path, "--market", "US_EQ", "--json", *words)
        assert outcome.exit_code == 0, outcome.err
        found: dict[str, object] = json.loads(outcome.out)
        return found

    before = held(market)
    report = ingest("ETF")
    assert report["n_reclassified"] == 1
    assert set(report["derived"]) >= {"factors_daily"}  # type: ignore[call-overload]
    assert held(market)["factors_daily"] != before["factors_daily"]
    assert tables_are_derived(settings, world.MARKET)
    again = ingest("ETF")
    assert (again["n_reclassified"], again["derived"]) == (0, {})
    ingest("Equity", "--no-derive", day="2024-03-01")
    assert not tables_are_derived(settings, world.MARKET)
    derive_if_stale(settings, world.MARKET)
    assert held(market) == before


def test_facts_of_instruments_that_nothing_rests_on_derive_nothing(
    market: Databases, prometheus: Prometheus, home: Path
) -> None:
    home.mkdir(parents=True, exist_ok=True)
    path = home / "sectors_2024-02-01.csv"
    path.write_text("symbol,sector,listed\nALFA,Energy,2001-03-05\n")
    outcome = prometheus("ingest", "instruments", path, "--market", "US_EQ", "--json")
    report = json.loads(outcome.out)
    assert report["written"]["instruments"] == 1
    assert (report["n_reclassified"], report["derived"]) == (0, {})
    assert tables_are_derived(world.settings_at(market, home), world.MARKET)


def test_derive_takes_up_profiles_that_came_since(market: Databases, prometheus: Prometheus) -> None:
    with connect(market.runtime_url) as connection:
        connection.execute(
            "INSERT INTO engine_decisions (decision_id, engine_name, config_id, context_id, as_of_date,"
            " input_refs, raw_input_summary, proposed_action) SELECT gen_random_uuid(), 'PROFILE', config_id,"
            " 'US_EQ', '2013-01-02', '{}', '{}', '{}' FROM engine_configs LIMIT 1"
        )
    assert "returns_daily" in prometheus("derive").out
