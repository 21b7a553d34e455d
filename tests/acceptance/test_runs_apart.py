"""What one run decides does not depend on which other runs are on record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prometheus.backtest import spec_of
from prometheus.bootstrap import run_backtest
from prometheus.store.connections import Databases, connect
from prometheus.store.settings import Settings
from tests import world
from tests.steps.worlds import Worlds


def run_from(databases: Databases, home: Path, start: str) -> set[Any]:
    """Run the specification of the tests from a date; return the ids of its portfolio's decisions."""
    body = world.specification()
    spec = spec_of({**body, "run": {**body["run"], "start": start}}, where="tests/world.py")
    settings = Settings(home, home.as_uri(), databases.runtime_url, databases.historical_url)
    context_id = f"{spec.run.strategy}/{run_backtest(settings, spec).portfolio_id}"
    with connect(databases.runtime_url) as connection:
        found = connection.execute(
            "SELECT decision_id FROM engine_decisions WHERE context_id = %s", [context_id]
        ).fetchall()
    return {row[0] for row in found}


def test_an_earlier_run_of_the_same_strategy_changes_no_decision(worlds: Worlds, home: Path) -> None:
    alone, beside = worlds.clone(), worlds.clone()
    expected = run_from(alone, home, "2013-04-02")
    run_from(beside, home, "2013-03-01")
    assert run_from(beside, home, "2013-04-02") == expected
