"""A run that chooses among the members of an index, as they were on each date."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from prometheus.store.connections import Databases, connect
from tests.conftest import Outcome
from tests.steps.worlds import Worlds
from tests.world import SYMBOLS

Prometheus = Callable[..., Outcome]

TOML = """
[run]
strategy = "members"
market = "US_EQ"
rebalance = "weekly"
start = 2013-03-01
end = 2013-05-31

[scores]
horizon_days = 5
ic_sessions = 20

[scores.weights]
reversal_5d = 1.0

[universes]
index = "TEN"
history_window = 42
min_history = 35

[targets]
n_names = 4
volatility_sessions = 42
min_sessions = 21

[risk]
window = 42
min_sessions = 10
"""
LEAVER, JOINER = SYMBOLS[0], SYMBOLS[1]
CHANGE = "2013-04-15"


@pytest.fixture
def at_world(worlds: Worlds, home: Path, monkeypatch: pytest.MonkeyPatch) -> Databases:
    """Databases with the market of the tests in them, named by the environment."""
    databases = worlds.clone()
    monkeypatch.setenv("PROMETHEUS_RUNTIME_URL", databases.runtime_url)
    monkeypatch.setenv("PROMETHEUS_HISTORICAL_URL", databases.historical_url)
    return databases


@pytest.fixture
def run(prometheus: Prometheus, tmp_path: Path) -> Callable[[], dict[str, object]]:
    path = tmp_path / "members.toml"
    path.write_text(TOML)

    def call() -> dict[str, object]:
        done = prometheus("backtest", path, "--json")
        assert done.exit_code == 0, done.err
        found: dict[str, object] = json.loads(done.out)
        return found

    return call


@pytest.fixture
def tell(prometheus: Prometheus, tmp_path: Path) -> Callable[[str], None]:
    def call(text: str) -> None:
        path = tmp_path / "members.csv"
        path.write_text("ticker,start_date,end_date\n" + text)
        words = ("--market", "US_EQ", "--index", "TEN", "--as-of", "2013-12-31")
        done = prometheus("ingest", "instruments", path, *words)
        assert done.exit_code == 0, done.err

    return call


def universes(databases: Databases) -> dict[str, tuple[set[str], dict[str, object]]]:
    """Return who may be held by date, and why the others may not."""
    with connect(databases.runtime_url) as connection:
        rows = connection.execute(
            "SELECT as_of_date::text, tier, instrument_ids, metadata FROM current_universes"
            " WHERE strategy_id = 'members' ORDER BY 1, 2"
        ).fetchall()
    found: dict[str, tuple[set[str], dict[str, object]]] = {}
    for day, tier, ids, metadata in rows:
        core, reasons = found.get(day, (set(), {}))
        found[day] = (set(ids), reasons) if tier == "CORE" else (core, metadata["reasons"])
    return found


STAYERS = "".join(f"{symbol},2011-01-03,\n" for symbol in SYMBOLS[2:8])


def test_a_name_is_held_while_it_is_a_member_and_is_out_by_that_reason_otherwise(
    at_world: Databases, run: Callable[[], object], tell: Callable[[str], None]
) -> None:
    tell(f"{LEAVER},2011-01-03,{CHANGE}\n{JOINER},{CHANGE},\n{STAYERS}")
    run()
    by_date = universes(at_world)
    before = {day: found for day, found in by_date.items() if day < CHANGE}
    after = {day: found for day, found in by_date.items() if day >= CHANGE}
    assert before
    assert after
    for core, reasons in before.values():
        assert f"US_EQ:{LEAVER}" in core
        assert reasons[f"US_EQ:{JOINER}"] == {"rule": "not_a_member", "found": None, "limit": "TEN"}
    for core, reasons in after.values():
        assert f"US_EQ:{JOINER}" in core
        assert reasons[f"US_EQ:{LEAVER}"] == {"rule": "not_a_member", "found": None, "limit": "TEN"}


def test_a_change_of_members_after_a_run_is_not_part_of_it_and_one_inside_is(
    at_world: Databases, run: Callable[[], dict[str, object]], tell: Callable[[str], None]
) -> None:
    tell(f"{LEAVER},2011-01-03,\n{STAYERS}")
    first = run()
    tell(f"{LEAVER},2011-01-03,2013-06-10\n{STAYERS}")
    again = run()
    assert (again["written"], again["portfolio_id"]) == ({}, first["portfolio_id"])
    tell(f"{LEAVER},2011-01-03,{CHANGE}\n{STAYERS}")
    changed = run()
    assert changed["portfolio_id"] != first["portfolio_id"]
    assert all(
        f"US_EQ:{LEAVER}" not in core for day, (core, _) in universes(at_world).items() if day >= CHANGE
    )


def test_an_index_that_nobody_was_in_is_refused_by_name(
    at_world: Databases, prometheus: Prometheus, tmp_path: Path
) -> None:
    path = tmp_path / "members.toml"
    path.write_text(TOML)
    done = prometheus("backtest", path)
    assert done.exit_code == 3
    assert "no instrument of the market is known as a member of 'TEN'" in done.err
