"""From a run's record to what its tear sheet shows: contributions, and what the benchmark is called."""

import numpy as np
import pytest

from prometheus.backtest import BacktestSpec, RunRecord, spec_of
from prometheus.domain.execution.config import FillsConfig
from prometheus.flow.storage import Decision
from prometheus.kernel.ids import decision_id
from prometheus.reports.run_report import run_report
from prometheus.store.connections import Databases, connect
from prometheus.store.decisions import record_decision
from prometheus.store.ledger import Curve, Holding, Trades, read_dividends, read_name

SPEC: BacktestSpec = spec_of({"run": {"strategy": "two", "benchmark": "US_INDEX:SPX"}}, where="here")
DATES = np.array(["2018-02-05", "2018-02-06", "2018-02-07"], dtype="datetime64[D]")


def record(**changes: object) -> RunRecord:
    value, nothing = np.array([1000.0, 990.0, 1060.5]), np.zeros(3)
    given = {
        "portfolio_id": "BT-two",
        "metadata": {},
        "curve": Curve(DATES, value, value, nothing, nothing),
        "trades": Trades(np.array([], dtype="datetime64[s]"), np.empty(0), np.empty(0), np.empty(0)),
        "holdings": [
            Holding("US_EQ:A", "Alpha", -500.0, 2, 7.0, 520.0),
            Holding("US_EQ:B", "B", 30.0, 1, 0.0, 0.0),
        ],
        "dividends": {"US_EQ:A": 10.5},
        "benchmark": np.array([1.0, 2.0, 3.0]),
        "example_fill_id": None,
        "written": {},
    }
    return RunRecord(**{**given, **changes})  # type: ignore[arg-type]


def test_contributions_add_up_to_what_the_value_grew_by() -> None:
    report = run_report(record(), SPEC)
    assert {c.instrument_id: c.pnl for c in report.contributions} == {"US_EQ:A": 30.5, "US_EQ:B": 30.0}
    assert sum(c.pnl for c in report.contributions) == pytest.approx(report.equity[-1] - 1000.0, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("S&P 500, price index", "US_INDEX:SPX · S&P 500, price index"),
        ("SPX", "US_INDEX:SPX"),
        ("", "US_INDEX:SPX"),
    ],
)
def test_the_benchmark_is_called_by_its_id_and_its_name(name: str, expected: str) -> None:
    assert run_report(record(benchmark_name=name), SPEC).benchmark_name == expected


def test_cash_in_lieu_of_fractions_is_paid_beside_dividends(databases: Databases) -> None:
    summaries = (
        {"n_orders": 0, "dividends": {"US_EQ:A": "1.25", "US_EQ:B": "-3"}},
        {"splits": {"US_EQ:A": {"ratio": "3/2", "cash_in_lieu": "11.5"}, "US_EQ:C": {"ratio": "2"}}},
        {"n_orders": 0},
    )
    config = FillsConfig()
    with connect(databases.runtime_url) as connection:
        for date, summary in zip(DATES, summaries, strict=True):
            raw_id = decision_id(
                engine_name=config.engine_name,
                config_id=config.config_id,
                context_id="two/BT-two",
                as_of_date=date,
                fingerprint=b"",
            )
            record_decision(
                connection,
                Decision(
                    decision_id=raw_id,
                    engine_name=config.engine_name,
                    config_id=config.config_id,
                    context_id="two/BT-two",
                    as_of_date=date,
                    input_refs={},
                    raw_input_summary=summary,
                    proposed_action={},
                ),
                config,
                created_by="test",
            )
        assert read_dividends(connection, "two/BT-two") == {"US_EQ:A": 12.75, "US_EQ:B": -3.0}
        assert read_name(connection, "US_EQ:NONE") == ""
