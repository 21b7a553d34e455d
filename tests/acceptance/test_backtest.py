"""``prometheus backtest``: good and bad specifications, what is printed, written and stored."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from prometheus.store.connections import Databases
from tests.conftest import Outcome
from tests.steps.worlds import Worlds, stored
from tests.world import DELISTED, DELISTED_AT, KNOWN_AT, bars, dates_of_world

Prometheus = Callable[..., Outcome]

TOML = """
[run]
strategy = "acceptance"
name = "Acceptance"
market = "US_EQ"
rebalance = "weekly"
benchmark = "US_INDEX:MKT"
start = 2013-03-01

[scores]
horizon_days = 5
ic_sessions = 20

[scores.weights]
reversal_5d = 1.0

[universes]
history_window = 42
min_history = 35

[targets]
n_names = 4
volatility_sessions = 42
min_sessions = 21

[fills]
initial_cash = "150000"

[risk]
window = 42
min_sessions = 10
"""


@pytest.fixture
def at_world(worlds: Worlds, home: Path, monkeypatch: pytest.MonkeyPatch) -> Databases:
    """Databases with the market of the tests in them, named by the environment."""
    databases = worlds.clone()
    shutil.copytree(worlds.artifacts, home / "artifacts")
    monkeypatch.setenv("PROMETHEUS_RUNTIME_URL", databases.runtime_url)
    monkeypatch.setenv("PROMETHEUS_HISTORICAL_URL", databases.historical_url)
    return databases


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "acceptance.toml"
    path.write_text(TOML)
    return path


def test_a_run_prints_its_statistics_beside_the_benchmark_and_stores_every_step(
    at_world: Databases, config: Path, home: Path, prometheus: Prometheus
) -> None:
    outcome = prometheus("backtest", config)
    assert outcome.exit_code == 0, outcome.err
    assert "Acceptance" in outcome.out
    assert "┃ MKT" in outcome.out
    assert re.search(r"written +[\d,]+ rows", outcome.out)
    assert re.search(r"portfolio +BT-acceptance-[0-9a-f]{12}", outcome.out)
    assert "prometheus explain fill" in outcome.out
    found = stored(at_world)
    for table in (
        "engine_decisions",
        "universes",
        "orders",
        "fills",
        "executed_actions",
        "decision_outcomes",
    ):
        assert found[table]
    assert prometheus("db", "check").out == "Both databases are clean.\n"


def test_the_second_run_writes_nothing_and_prints_the_same_table(
    at_world: Databases, config: Path, prometheus: Prometheus
) -> None:
    first = prometheus("backtest", config)
    before = stored(at_world, versions=True)
    second = prometheus("backtest", config)
    assert stored(at_world, versions=True) == before
    assert "nothing: this run was on record" in second.out
    unlike = [line for line in first.out.splitlines() if line not in second.out]
    assert [line.split()[0] for line in unlike] == ["written"]


def test_the_tear_sheet_is_one_file_that_needs_no_other(
    at_world: Databases, config: Path, tmp_path: Path, prometheus: Prometheus
) -> None:
    target = tmp_path / "sheets" / "run.html"
    assert prometheus("backtest", config, "--tear-sheet", target).exit_code == 0
    html = target.read_text(encoding="utf-8")
    assert html.startswith("<!DOCTYPE html>") or html.lower().startswith("<!doctype html>")
    assert "Acceptance" in html
    assert "<svg" in html
    assert not re.search(r"<(script|link|iframe)\b|\bsrc=|@import|url\((?!#)", html)
    links = re.findall(r'href="([^"]+)"', html)
    assert [link for link in links if not link.startswith("#")] == []


def test_the_tear_sheet_goes_to_the_home_when_no_place_is_named(
    at_world: Databases, config: Path, home: Path, prometheus: Prometheus
) -> None:
    said = json.loads(prometheus("backtest", config, "--json").out)
    target = Path(said["tear_sheet"])
    assert target.parent == home / "reports"
    assert target.stem == said["portfolio_id"]
    assert target.stat().st_size > 10_000


def test_json_has_the_statistics_and_what_was_written(
    at_world: Databases, config: Path, prometheus: Prometheus
) -> None:
    first = json.loads(prometheus("backtest", config, "--json").out)
    second = json.loads(prometheus("backtest", config, "--json").out)
    assert first["written"]["fills"] > 0
    assert second["written"] == {}
    assert first["portfolio_id"] == second["portfolio_id"]
    assert first["statistics"] == second["statistics"]
    assert first["example_fill_id"] == second["example_fill_id"]


def test_set_puts_a_setting_over_the_file_and_is_another_run(
    at_world: Databases, config: Path, prometheus: Prometheus
) -> None:
    plain = json.loads(prometheus("backtest", config, "--json").out)
    other = json.loads(
        prometheus("backtest", config, "--json", "--set", "targets.n_names=2", "--set", "run.name=Two").out
    )
    assert other["portfolio_id"] != plain["portfolio_id"]
    assert other["written"]["fills"] < plain["written"]["fills"]


def test_from_and_to_limit_the_sessions(at_world: Databases, config: Path, prometheus: Prometheus) -> None:
    words = ("--from", "2013-04-01", "--to", "2013-04-30", "--json")
    said = json.loads(prometheus("backtest", config, *words).out)
    assert said["written"]["portfolio_risk_reports"] == 22


def test_a_run_as_of_a_moment_knows_nothing_of_later_corrections(
    at_world: Databases, config: Path, prometheus: Prometheus, tmp_path: Path
) -> None:
    words = ("backtest", config, "--json", "--set", "targets.weighting=inverse_volatility")
    then = (*words, "--set", f"run.known_at={KNOWN_AT.isoformat()}")
    before = json.loads(prometheus(*then).out)
    corrected = tmp_path / "corrected.csv"
    closes = pl.col("open", "high", "low", "close")
    is_late = pl.col("date").is_between(pl.date(2013, 1, 2), pl.date(2013, 4, 30))
    bars().filter(is_late, symbol="ALFA").with_columns((closes * 1.3).round(2)).write_csv(corrected)
    prometheus("ingest", "prices", corrected, "--market", "US_EQ")
    again = json.loads(prometheus(*then).out)
    assert again["written"] == {}
    assert again["portfolio_id"] == before["portfolio_id"]
    assert again["statistics"] == before["statistics"]
    assert json.loads(prometheus(*words).out)["statistics"] != before["statistics"]


def test_a_listing_that_ends_on_another_date_makes_another_run(
    at_world: Databases, config: Path, prometheus: Prometheus, tmp_path: Path
) -> None:
    words = ("backtest", config, "--to", "2013-06-28", "--json")
    before = json.loads(prometheus(*words).out)
    dates = dates_of_world()
    moved = tmp_path / "moved.csv"
    moved.write_text(f"symbol,delisted\n{DELISTED},{dates[DELISTED_AT + 1]}\n")
    prometheus("ingest", "instruments", moved, "--market", "US_EQ")
    assert json.loads(prometheus(*words).out)["portfolio_id"] != before["portfolio_id"]
    moved.write_text(f"symbol,delisted\n{DELISTED},{dates[DELISTED_AT]}\n")
    prometheus("ingest", "instruments", moved, "--market", "US_EQ")
    assert json.loads(prometheus(*words).out)["portfolio_id"] == before["portfolio_id"]


BAD_SETTINGS = [
    (("--set", "targets.n_nmaes=3"), 2, "targets.n_nmaes: unknown key"),
    (("--set", "nonsense.key=3"), 2, "nonsense: unknown key"),
    (("--set", "targets.n_names=0"), 2, "targets.n_names"),
    (("--set", "targets.n_names=many"), 2, "targets.n_names"),
    (("--set", "fills.participation=1.5"), 2, "fills.participation"),
    (("--set", "scores.weights={crystal_ball=1.0}"), 2, "crystal_ball"),
    (("--set", "run.rebalance=hourly"), 2, "run.rebalance"),
    (("--set", "run.strategy='no blanks'"), 2, "run.strategy"),
    (("--set", "n_names=3"), 2, "section.key=value"),
    (("--set", "run.strategy.deep=3"), 2, "no section"),
    (("--set", "run.market=MOON"), 2, "MOON"),
    (("--set", "run.benchmark=US_INDEX:NONE"), 2, "US_INDEX:NONE"),
    (("--from", "2010-01-04"), 2, "2010-01-04"),
    (("--to", "2019-01-04"), 2, "2019-01-04"),
    (("--from", "2013-05-03", "--to", "2013-05-03"), 2, "a run needs three"),
    (("--from", "2013-05-02", "--to", "2013-05-03"), 2, "a run needs three"),
    (("--set", "run.currency=EUR"), 2, "could hold US_EQ:ALFA in USD"),
    (("--from", "2013-05-03", "--to", "2013-04-03"), 2, "lies after end"),
    (("--from", "yesterday"), 2, "yesterday"),
]


@pytest.mark.parametrize(
    ("words", "exit_code", "said"), BAD_SETTINGS, ids=[" ".join(b[0]) for b in BAD_SETTINGS]
)
def test_a_specification_that_does_not_fit_is_refused_by_name_and_writes_no_run(
    at_world: Databases,
    config: Path,
    prometheus: Prometheus,
    words: tuple[str, ...],
    exit_code: int,
    said: str,
) -> None:
    outcome = prometheus("backtest", config, *words)
    assert outcome.exit_code == exit_code
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    found = stored(at_world, tables=["portfolios", "orders", "universes"])
    assert all("BT-acceptance" not in row for rows in found.values() for row in rows)


def test_an_error_is_json_where_json_was_asked_for(
    at_world: Databases, config: Path, prometheus: Prometheus
) -> None:
    outcome = prometheus("backtest", config, "--json", "--set", "targets.n_names=0")
    assert outcome.exit_code == 2
    said = json.loads(outcome.out)["error"]
    assert said["kind"] == "ConfigError"
    assert said["remedy"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "There is no file"),
        (b"[run\nstrategy = 1", "is not TOML"),
        (b"\xff\xfe\x00", "is not TOML"),
        (b"", "run"),
        (b"run = 3", "run"),
    ],
    ids=["missing", "malformed", "binary", "empty", "no section"],
)
def test_a_file_that_is_no_specification_is_refused_by_name(
    home: Path, tmp_path: Path, prometheus: Prometheus, content: bytes | None, said: str
) -> None:
    path = tmp_path / "spec.toml"
    if content is not None:
        path.write_bytes(content)
    outcome = prometheus("backtest", path)
    assert outcome.exit_code == 2
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert not home.exists()  # no server was started for it


def test_a_folder_in_place_of_the_file_is_refused_by_name(
    home: Path, tmp_path: Path, prometheus: Prometheus
) -> None:
    outcome = prometheus("backtest", tmp_path)
    assert outcome.exit_code == 2
    assert tmp_path.name in outcome.err


def test_a_tear_sheet_that_can_not_be_written_is_an_error_with_a_name(
    at_world: Databases, config: Path, tmp_path: Path, prometheus: Prometheus
) -> None:
    (tmp_path / "taken").write_text("a file, no folder")
    outcome = prometheus("backtest", config, "--tear-sheet", tmp_path / "taken" / "run.html")
    assert outcome.exit_code == 2
    assert "tear sheet" in outcome.err
