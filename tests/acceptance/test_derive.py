"""What follows from prices: recomputed where a change can reach, and nowhere else."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from psycopg.types.json import Jsonb

from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.bootstrap import derive_changes, derived_tables
from prometheus.flow.as_known import AsKnown
from prometheus.flow.batch import Context
from prometheus.flow.graph import graph_of
from prometheus.flow.storage import Written
from prometheus.pipeline import default_configs, derivation_steps
from prometheus.store.artifacts import Artifacts
from prometheus.store.assets import read_assets
from prometheus.store.connections import Databases, connect
from prometheus.store.postgres import PostgresStorage
from tests import world
from tests.conftest import Outcome
from tests.steps.worlds import SESSIONS, Worlds, as_owner, stored, unlike

DATES = world.dates_of_world()
TABLES = (
    "returns_daily",
    "volatility_daily",
    "factors_daily",
    "instrument_factors_daily",
    "correlation_panels",
)
NAME = "US_EQ:ALFA"
LATER = world.KNOWN_AT.replace(year=2025)
Prometheus = Callable[..., Outcome]


@pytest.fixture
def market(worlds: Worlds, home: Path, monkeypatch: pytest.MonkeyPatch) -> Databases:
    """The market of `tests.world`, derived from its prices, named by the environment."""
    databases = worlds.clone()
    monkeypatch.setenv("PROMETHEUS_RUNTIME_URL", databases.runtime_url)
    monkeypatch.setenv("PROMETHEUS_HISTORICAL_URL", databases.historical_url)
    return databases


def correct(
    databases: Databases,
    folder: Path,
    at: int,
    *,
    factor: float,
    known_at: object = LATER,
    symbols: tuple[str, ...] = ("ALFA",),
) -> None:
    """Deliver one bar of each of these names again, its prices times a factor."""
    bar = world.bars(symbols).filter(pl.col("date") == DATES[at].astype(object))
    bar = bar.with_columns(pl.col("open", "high", "low", "close") * factor)
    path = folder / f"corrected-{at}-{factor}.csv"
    folder.mkdir(parents=True, exist_ok=True)
    bar.write_csv(path)
    delivery = price_delivery([path], source="tests")
    report = ingest_prices(databases, delivery, market_id=world.MARKET, known_at=known_at)  # type: ignore[arg-type]
    assert report.n_corrected == len(symbols)


def touched(databases: Databases, since: dict[str, list[str]]) -> dict[str, list[dict[str, object]]]:
    """Return the rows that are new or were written again, by table."""
    now = stored(databases, versions=True, tables=TABLES)
    return {table: [json.loads(row) for row in set(now[table]) - set(since[table])] for table in TABLES}


def within(rows: list[dict[str, object]], first: int, last: int) -> bool:
    dates = [np.datetime64(str(row["trade_date"])) for row in rows]
    return all(DATES[first] <= date <= DATES[min(last, len(DATES) - 1)] for date in dates)


def test_a_correction_recomputes_what_it_reaches_and_nothing_else(
    market: Databases, worlds: Worlds, home: Path
) -> None:
    before = stored(market, versions=True, tables=TABLES)
    at = 330
    correct(market, home, at, factor=1.04)
    written = derive_changes(
        world.settings_at(market, home), world.MARKET, first=DATES[at], last=DATES[at], instruments=[NAME]
    )
    rows = touched(market, before)
    assert {table: len(found) for table, found in rows.items() if found} == written
    for table in ("returns_daily", "volatility_daily"):
        assert {row["instrument_id"] for row in rows[table]} == {NAME}
    # Returns over one, five and 21 sessions that begin or end with the bar; between them, at most a rounding.
    assert {str(row["trade_date"]) for row in rows["returns_daily"]} >= {
        str(DATES[at + k]) for k in (0, 1, 5, 21)
    }
    assert within(rows["returns_daily"], at, at + 21)
    assert within(rows["volatility_daily"], at, at + 63)
    assert len(rows["volatility_daily"]) == 64
    assert within(rows["factors_daily"], at, len(DATES))
    assert within(rows["instrument_factors_daily"], at, len(DATES))
    assert all(np.datetime64(str(row["end_date"])) >= DATES[at] for row in rows["correlation_panels"])
    whole = worlds.clone()
    correct(whole, home / "whole", at, factor=1.04)
    derived_tables(world.settings_at(whole, home), world.MARKET)
    assert unlike(stored(market, tables=TABLES), stored(whole, tables=TABLES)) == {}


def test_one_more_session_writes_its_own_rows_alone(market: Databases, home: Path) -> None:
    last = len(DATES) - 1
    for table in TABLES:
        column = "end_date" if table == "correlation_panels" else "trade_date"
        as_owner(market, "historical", f"DELETE FROM {table} WHERE {column} >= '{DATES[last]}'")
    before = stored(market, versions=True, tables=TABLES)
    settings = world.settings_at(market, home)
    written = derive_changes(settings, world.MARKET, first=DATES[last], last=DATES[last])
    rows = touched(market, before)
    assert {table: len(found) for table, found in rows.items() if found} == written
    assert set(written) >= {"returns_daily", "volatility_daily", "factors_daily"}
    assert all(within(found, last, last) for table, found in rows.items() if table != "correlation_panels")


def test_where_an_earlier_delivery_was_never_derived_a_change_derives_everything(
    market: Databases, home: Path
) -> None:
    settings = world.settings_at(market, home)
    correct(market, home, 300, factor=1.03)  # left alone, as with --no-derive
    correct(market, home, 340, factor=1.02)
    derive_changes(settings, world.MARKET, first=DATES[340], last=DATES[340], instruments=[NAME])
    assert {table: one.n_written for table, one in derived_tables(settings, world.MARKET).items()} in (
        {},
        dict.fromkeys(TABLES, 0),
    )


def test_a_panel_is_read_with_numpy_and_one_that_comes_back_is_a_new_version(
    market: Databases, home: Path
) -> None:
    settings = world.settings_at(market, home)
    at = 400
    last = (
        f"SELECT panel_id, universe_spec, matrix_ref FROM correlation_panels WHERE end_date >= '{DATES[at]}'"
    )
    # The names of this market move independently, so that shrinkage takes everything; a common shock tells.
    symbols = ("ALFA", "CHAR", "ECHO", "FOXT", "HOTL", "KILO")
    for month, factor in ((1, 1.6), (2, 1.0), (3, 1.6), (4, 1.0)):
        known_at = LATER.replace(month=month)
        correct(market, home, at, factor=factor, known_at=known_at, symbols=symbols)
        derive_changes(settings, world.MARKET, first=DATES[at], last=DATES[at])
    with connect(market.historical_url) as connection:
        found = connection.execute(f"{last} ORDER BY created_at".encode()).fetchall()
    plain, *others = [panel_id for panel_id, _, _ in found]
    other = others[0]
    assert others == [other, f"{plain}/2", f"{other}/2", f"{plain}/3"]
    assert plain.startswith("US_EQ:2013-07-31:")
    assert [ref for *_, ref in found[::2]] == [found[0][2]] * 3
    matrix = np.load(io.BytesIO(Artifacts(settings.artifacts_url).get(found[1][2])))
    assert matrix.shape == (len(found[1][1]["instruments"]),) * 2
    assert (matrix.diagonal() == 1.0).all()
    assert matrix[0, 2] > 0.1


def test_value_and_quality_follow_the_profiles_that_were_known_the_session_before(
    market: Databases, home: Path
) -> None:
    settings, at = world.settings_at(market, home), 400
    draws = np.random.default_rng(1)
    with connect(market.runtime_url) as connection:
        issuers = connection.execute(
            "SELECT issuer_id FROM instruments WHERE market_id = 'US_EQ' ORDER BY instrument_id"
        ).fetchall()
        for (issuer,) in issuers:
            numbers = zip(("equity", "shares_outstanding", "roe"), draws.uniform(1.0, 2.0, 3), strict=True)
            structured = {name: {"value": value, "period": "2013-06-30"} for name, value in numbers}
            connection.execute(
                "INSERT INTO profiles (issuer_id, as_of_date, structured) VALUES (%s, %s, %s)",
                [issuer, str(DATES[at]), Jsonb(structured)],
            )
    derive_changes(settings, world.MARKET, first=DATES[at], last=DATES[at], table="profiles")
    with connect(market.historical_url) as connection:
        found = connection.execute(
            "SELECT factor_id, min(trade_date), count(*) FROM factors_daily "
            "WHERE factor_id IN ('US_EQ:VALUE', 'US_EQ:QUALITY') GROUP BY 1 ORDER BY 1"
        ).fetchall()
    first, n_sessions = DATES[at + 1].astype(object), len(DATES) - at - 1
    assert found == [("US_EQ:QUALITY", first, n_sessions), ("US_EQ:VALUE", first, n_sessions)]


def test_factors_and_exposures_of_a_moment_are_those_that_were_derived_then(
    market: Databases, home: Path
) -> None:
    reads = {
        "factors_daily": (":MKT", ":MOM", ":STREV", ":LOWVOL"),
        "instrument_factors_daily": (":MKT", ":LOWVOL"),
    }
    with connect(market.runtime_url) as connection:
        assets = read_assets(connection, market_id=world.MARKET)
    steps = derivation_steps()
    configs = default_configs(steps)
    context = Context(market_id=world.MARKET)

    def panels(moment: np.datetime64 | None) -> dict[tuple[str, str], bytes]:
        with PostgresStorage(market, SESSIONS, market_id=world.MARKET) as storage:
            known = AsKnown(
                storage,
                derivations=graph_of(steps, configs),
                configs=configs,
                context=context,
                sessions=SESSIONS,
            )
            source = storage if moment is None else known
            return {
                (table, name): values.tobytes()
                for table, columns in reads.items()
                for name, values in source.panels(
                    table, columns, assets=assets, dates=DATES[390:], known_at=moment
                ).items()
            }

    then = panels(None)
    correct(market, home, 395, factor=1.1)
    settings = world.settings_at(market, home)
    derive_changes(settings, world.MARKET, first=DATES[395], last=DATES[395], instruments=[NAME])
    assert panels(None) != then
    assert panels(np.datetime64("2024-06-01T00:00:00", "us")) == then


def test_rows_whose_decisions_were_lost_in_a_crash_get_them_by_running_again(
    market: Databases, home: Path
) -> None:
    settings = world.settings_at(market, home)
    before = stored(market, versions=True, tables=TABLES)
    decided = "SELECT decision_id FROM engine_decisions WHERE engine_name = 'DERIVE' ORDER BY 1"
    with connect(market.runtime_url) as connection:
        ids = connection.execute(decided.encode()).fetchall()
    as_owner(market, "runtime", "DELETE FROM engine_decisions WHERE engine_name = 'DERIVE'")
    counts = derived_tables(settings, world.MARKET)
    assert [one.n_written for one in counts.values()] == [0] * len(TABLES)
    assert stored(market, versions=True, tables=TABLES) == before
    with connect(market.runtime_url) as connection:
        assert connection.execute(decided.encode()).fetchall() == ids


def test_a_history_that_begins_with_the_calendar_is_derived(
    at_databases: Databases, home: Path, prometheus: Prometheus
) -> None:
    dates = SESSIONS.dates[:80]
    close = 50.0 * np.exp(np.cumsum(np.random.default_rng(8).normal(0.0, 0.01, len(dates))))
    home.mkdir(parents=True, exist_ok=True)
    bars = pl.DataFrame({"date": pl.Series(dates).cast(pl.Date), "close": np.round(close, 2)})
    bars.write_csv(home / "GE.csv")
    outcome = prometheus("ingest", "prices", home / "GE.csv", "--market", "US_EQ", "--create", "--json")
    assert outcome.exit_code == 0, outcome.err
    assert json.loads(outcome.out)["derived"] == {"returns_daily": 79, "volatility_daily": 66}
    query = "SELECT decision_id::text FROM engine_decisions WHERE input_refs ->> 'step' = 'volatility_daily'"
    with connect(at_databases.runtime_url) as connection:
        ((decision_id,),) = connection.execute(query.encode()).fetchall()
    (story,) = json.loads(prometheus("explain", "decision", decision_id, "--json").out)["decisions"]
    assert [check["verdict"] for check in story["inputs"]] == ["same"]


def test_every_derivation_is_explained_and_its_inputs_checked(
    market: Databases, home: Path, prometheus: Prometheus
) -> None:
    def verdicts() -> dict[str, set[tuple[str, ...]]]:
        query = "SELECT decision_id::text FROM engine_decisions WHERE engine_name = 'DERIVE'"
        with connect(market.runtime_url) as connection:
            ids = [row[0] for row in connection.execute(query.encode())]
        found: dict[str, set[tuple[str, ...]]] = {}
        for decision_id in ids:
            outcome = prometheus("explain", "decision", decision_id, "--json")
            assert outcome.exit_code == 0, outcome.err
            (story,) = json.loads(outcome.out)["decisions"]
            assert story["is_id_consistent"]
            checks = tuple(check["verdict"] for check in story["inputs"])
            found.setdefault(story["step"], set()).add(checks)
        return found

    assert verdicts() == {table: {("same",)} for table in TABLES}
    correct(market, home, 395, factor=1.1)
    settings = world.settings_at(market, home)
    derive_changes(settings, world.MARKET, first=DATES[395], last=DATES[395], instruments=[NAME])
    assert verdicts() == {table: {("same",), ("changed",)} for table in TABLES}  # before, after


def test_derive_tells_what_became_of_each_table(market: Databases, prometheus: Prometheus) -> None:
    assert "Nothing has changed; nothing was written." in prometheus("derive").out
    as_owner(market, "historical", f"DELETE FROM factors_daily WHERE trade_date >= '{DATES[-2]}'")
    as_owner(market, "runtime", "DELETE FROM engine_decisions WHERE engine_name = 'DERIVE'")
    outcome = prometheus("derive", "--table", "factors_daily", "--from", str(DATES[-4]), "--json")
    assert outcome.exit_code == 0, outcome.err
    body = json.loads(outcome.out)
    assert body["written"] == {"factors_daily": 8}
    assert Written(**body["tables"]["factors_daily"]) == Written(n_new=8, n_same=8)
    as_owner(market, "historical", f"DELETE FROM factors_daily WHERE trade_date >= '{DATES[-2]}'")
    as_owner(market, "runtime", "DELETE FROM engine_decisions WHERE engine_name = 'DERIVE'")
    said = prometheus("derive").out
    assert [table for table in TABLES if table not in said] == []
    assert "the same" in said


def test_a_table_that_is_not_derived_is_refused_with_those_that_are(
    market: Databases, prometheus: Prometheus
) -> None:
    outcome = prometheus("derive", "--table", "orders")
    assert outcome.exit_code == 2
    assert "orders is not derived" in outcome.err
    assert "correlation_panels" in outcome.err
    assert prometheus("derive", "--from", "some day").exit_code == 2
