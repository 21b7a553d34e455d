"""From a fill back to the price rows, on a small backtest that the command line ran."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from prometheus.cli.app import run
from prometheus.store.connections import Databases, connect

NAMES = ("AAA", "BBB", "CCC", "DDD")
CONFIG = """
[run]
strategy = "mix"
[targets]
n_names = 2
"""


def prices() -> list[list[object]]:
    rng = np.random.default_rng(11)
    dates = np.arange("2015-01-02", "2016-06-01", dtype="datetime64[D]")
    holidays = np.array(
        ["2015-01-19", "2015-02-16", "2015-04-03", "2015-05-25", "2015-07-03", "2015-09-07", "2015-11-26",
         "2015-12-25", "2016-01-01", "2016-01-18", "2016-02-15", "2016-03-25", "2016-05-30"],
        dtype="datetime64[D]",
    )  # fmt: skip
    dates = dates[np.is_busday(dates, holidays=holidays)]
    rows: list[list[object]] = []
    for name in NAMES:
        close = np.round(50 * np.exp(np.cumsum(rng.normal(0, 0.015, len(dates)))), 2)
        opens = np.round(close * np.exp(rng.normal(0, 0.005, len(dates))), 2)
        high = np.round(np.maximum(opens, close) + rng.uniform(0.01, 0.5, len(dates)), 2)
        low = np.round(np.minimum(opens, close) - rng.uniform(0.01, 0.5, len(dates)), 2)
        volume = rng.integers(80_000, 120_000, len(dates))
        bars = (dates.astype(str), opens, high, low, close, volume)
        rows += [[*bar, name] for bar in zip(*(values.tolist() for values in bars), strict=True)]
    return rows


def write_prices(path, rows) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["date", "open", "high", "low", "close", "volume", "symbol"])
        writer.writerows(rows)


def called(*words: object) -> None:
    assert run([str(word) for word in words]) == 0, words


@pytest.fixture(scope="module")
def backtest(templates, tmp_path_factory) -> Iterator[Databases]:
    """Databases that hold a backtest of four names over seventeen months."""
    folder = tmp_path_factory.mktemp("explained")
    clones = {name: f"explained_{name}_{os.getpid()}" for name in ("runtime", "historical")}
    templates.execute(*(f"CREATE DATABASE {c} TEMPLATE template_{n}" for n, c in clones.items()))
    databases = Databases(templates.url(clones["runtime"]), templates.url(clones["historical"]))
    write_prices(folder / "prices.csv", prices())
    (folder / "names.csv").write_text("symbol,name\n" + "".join(f"{n},{n} Inc\n" for n in NAMES))
    (folder / "run.toml").write_text(CONFIG)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PROMETHEUS_HOME", str(folder / "home"))
        environment.setenv("PROMETHEUS_RUNTIME_URL", databases.runtime_url)
        environment.setenv("PROMETHEUS_HISTORICAL_URL", databases.historical_url)
        called("ingest", "instruments", folder / "names.csv", "--market", "US_EQ")
        called("ingest", "prices", folder / "prices.csv", "--market", "US_EQ")
        called("derive")
        called("backtest", folder / "run.toml", "--tear-sheet", folder / "sheet.html")
        yield databases
    templates.execute(*(f"DROP DATABASE IF EXISTS {c} WITH (FORCE)" for c in clones.values()))


def one(databases: Databases, query: str) -> str:
    with connect(databases.runtime_url) as connection:
        found = connection.execute(query.encode()).fetchone()
    assert found is not None, query
    return str(found[0])


LAST_BUY = "SELECT fill_id FROM fills WHERE side = 'BUY' ORDER BY timestamp DESC, fill_id LIMIT 1"
LAST_ORDER = "SELECT order_id FROM orders ORDER BY timestamp DESC, order_id LIMIT 1"


def explained(prometheus: Callable[..., object], *words: str) -> dict:
    outcome = prometheus("explain", *words, "--json")
    assert outcome.exit_code == 0, outcome.err
    return json.loads(outcome.out)


def test_a_fill_is_explained_on_one_page(backtest, prometheus):
    fill_id = one(backtest, LAST_BUY)
    outcome = prometheus("explain", "fill", fill_id)
    assert outcome.exit_code == 0, outcome.err
    order_id = one(backtest, f"SELECT order_id FROM fills WHERE fill_id = '{fill_id}'")
    for said in (
        fill_id,
        order_id,
        "target portfolio of",
        "rank",
        "universe: CORE, one of 4",
        "risk report of",
        "momentum_12_1 t-252",
        "momentum_12_1 t-21",
        "reversal_5d t-5",
        "prices.csv sha256",
        "volatility_sessions",
        "Every input that has a digest still matches it, and every id follows from its record.",
    ):
        assert said in outcome.out, said
    assert len(outcome.out.splitlines()) < 100


def test_the_components_add_up_to_the_score_and_the_raw_values_follow_from_the_rows(backtest, prometheus):
    found = explained(prometheus, "fill", one(backtest, LAST_BUY))
    components = found["score"]["alpha_components"]
    assert sum(components.values()) == pytest.approx(found["score"]["score"], abs=1e-12)
    signals = {signal["family"]: signal for signal in found["signals"]}
    assert set(signals) == set(components)
    old, recent = (row["value"] for row in signals["momentum_12_1"]["rows"])
    assert signals["momentum_12_1"]["raw"] == pytest.approx(recent / old - 1, rel=1e-12)
    (read,) = (r for r in found["rows"] if r["step"] == "instrument_scores" and r["table"] == "prices_daily")
    by_date = {row["trade_date"]: row["values"]["adjusted_close"] for row in read["rows"]}
    used = {mark: by_date[date] for date, mark in read["used"].items()}
    assert used["momentum_12_1 t-252"] == old
    assert used["momentum_12_1 t-21"] == recent


def test_every_decision_behind_a_fill_could_be_made_again(backtest, prometheus):
    found = explained(prometheus, "fill", one(backtest, LAST_BUY))
    engines = [story["decision"]["engine_name"] for story in found["decisions"]]
    assert sorted(engines) == ["ASSESSMENT", "EXECUTION", "EXECUTION", "PORTFOLIO", "RISK", "UNIVERSE"]
    assert all(story["is_id_consistent"] for story in found["decisions"])
    checks = [check for story in found["decisions"] for check in story["inputs"]]
    assert {check["verdict"] for check in checks if check["columns"]} == {"same"}
    (delivery,) = found["deliveries"]
    assert delivery["engine_name"] == "INGEST"
    assert {row["batch"] for read in found["rows"] for row in read["rows"]} - {None} == {
        delivery["decision_id"].replace("-", "")[-12:]
    }
    assert {row["input_refs"]["step"] for row in found["derivations"]} == {
        "returns_daily",
        "volatility_daily",
    }


def test_an_order_is_explained_like_its_fills(backtest, prometheus):
    found = explained(prometheus, "order", one(backtest, LAST_ORDER))
    assert found["order"]["order_id"] == found["id"]
    assert found["fills"]
    assert found["target"]["target_positions"]


@pytest.mark.parametrize(
    "engine", ["INGEST", "DERIVE", "ASSESSMENT", "UNIVERSE", "PORTFOLIO", "RISK", "EXECUTION", "OUTCOME"]
)
def test_a_decision_of_any_engine_is_explained(backtest, prometheus, engine):
    query = (
        f"SELECT decision_id FROM engine_decisions WHERE engine_name = '{engine}' ORDER BY as_of_date DESC"
    )
    decision_id = one(backtest, query)
    outcome = prometheus("explain", "decision", decision_id)
    assert outcome.exit_code == 0, outcome.err
    assert f"Decision {decision_id}: {engine} about" in outcome.out
    assert explained(prometheus, "decision", decision_id)["decisions"][0]["is_id_consistent"]


def test_a_derivation_is_checked_by_its_one_digest(backtest, prometheus):
    query = "SELECT decision_id FROM engine_decisions WHERE engine_name = 'DERIVE' ORDER BY decision_id"
    (check,) = explained(prometheus, "decision", one(backtest, query))["decisions"][0]["inputs"]
    assert check["verdict"] == "same"


def test_the_first_digits_are_enough_when_no_other_id_has_them(backtest, prometheus):
    fill_id = one(backtest, LAST_BUY)
    assert explained(prometheus, "fill", fill_id[:18])["id"] == fill_id


def test_the_batch_of_a_price_row_names_its_delivery(backtest, prometheus):
    delivery = one(backtest, "SELECT decision_id FROM engine_decisions WHERE engine_name = 'INGEST'")
    assert explained(prometheus, "decision", delivery[-12:])["id"] == delivery


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fill", "abc"], "is no id of a fill"),
        (["fill", "not-a-uuid-at-all"], "is no id of a fill"),
        (["order", "00000000-0000-0000-0000-000000000000"], "No order has the id"),
        (["decision", "8000419f"], "is the beginning of several decisions"),
    ],
)
def test_an_id_that_means_nothing_or_too_much_is_a_usage_error(backtest, prometheus, words, said):
    outcome = prometheus("explain", *words)
    assert outcome.exit_code == 2
    assert said in outcome.err


def test_the_number_of_rows_is_a_choice(backtest, prometheus):
    fill_id = one(backtest, LAST_BUY)
    few = prometheus("explain", "fill", fill_id).out
    more = prometheus("explain", "fill", fill_id, "--rows", "30").out
    every = prometheus("explain", "fill", fill_id, "--rows", "all").out
    assert len(few) < len(more) < len(every)
    assert "universes (253 of 253 rows)" in every
    wrong = prometheus("explain", "fill", fill_id, "--rows", "some")
    assert wrong.exit_code == 2
    assert "--rows some" in wrong.err


def test_a_correction_is_seen_beside_what_was_believed(
    backtest, templates, prometheus, tmp_path, monkeypatch
):
    fill_id = one(backtest, LAST_BUY)
    before = explained(prometheus, "fill", fill_id)
    name = before["order"]["instrument_id"].split(":")[1]
    (read,) = (r for r in before["rows"] if r["step"] == "universes")
    date, close = read["rows"][-1]["trade_date"], read["rows"][-1]["values"]["close"]
    corrected = {n: f"corrected_{n}_{os.getpid()}" for n in ("runtime", "historical")}
    for n, clone in corrected.items():
        templates.execute(f"CREATE DATABASE {clone} TEMPLATE explained_{n}_{os.getpid()}")
        monkeypatch.setenv(f"PROMETHEUS_{n.upper()}_URL", templates.url(clone))
    bars = [bar for bar in prices() if (bar[0], bar[-1]) == (date, name)]
    rows = [[d, o, h + 0.5, low, c + 0.5, v, s] for d, o, h, low, c, v, s in bars]
    write_prices(tmp_path / "late.csv", rows)
    called("ingest", "prices", tmp_path / "late.csv", "--market", "US_EQ")
    after = explained(prometheus, "fill", fill_id)
    (read,) = (r for r in after["rows"] if r["step"] == "universes")
    last = read["rows"][-1]
    assert last["is_corrected"]
    assert last["values"]["close"] == close
    assert last["now"]["close"] == pytest.approx(close + 0.5)
    verdicts = {c["verdict"] for s in after["decisions"] if s["step"] == "universes" for c in s["inputs"]}
    assert verdicts == {"same"}, "what was known then can still be read, whatever was corrected since"
    assert "corrected later" in prometheus("explain", "fill", fill_id).out
    templates.execute(*(f"DROP DATABASE IF EXISTS {c} WITH (FORCE)" for c in corrected.values()))
