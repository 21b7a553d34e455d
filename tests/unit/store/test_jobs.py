"""Write jobs: what is on record is left out, what advances is merged or sent, no half jobs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import psycopg
import pytest

from prometheus.flow.batch import Assets, Context
from prometheus.flow.rows import Coded, Rows
from prometheus.flow.storage import Decision, Part, WriteJob
from prometheus.kernel.errors import RuleBrokenError
from prometheus.kernel.ids import as_bytes_matrix, key_digests, row_ids
from prometheus.kernel.sessions import Sessions, sessions_of
from prometheus.store.assets import read_assets
from prometheus.store.connections import driver_errors
from prometheus.store.jobs import write_job
from prometheus.store.rows import read_rows
from tests.schema.seed import fill_runtime

SESSIONS: Sessions = sessions_of({"calendar": "XNYS"})
FIRST = SESSIONS.index(np.datetime64("2024-02-05"))
IDS = ("CASH:USD", "US_EQ:AAPL", "US_EQ:IBM")


@pytest.fixture
def connection(runtime: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    """The runtime database with a small world in it."""
    fill_runtime(runtime)
    runtime.commit()
    yield runtime
    runtime.rollback()


def decided(day: int, *, engine: str = "EXECUTION") -> Decision:
    return Decision(
        decision_id=bytes([day % 251]) * 6 + b"\x80" + bytes(9) if engine == "EXECUTION" else bytes(16),
        engine_name=engine,
        config_id="C",
        context_id="S/P",
        as_of_date=SESSIONS.dates[day],
        input_refs={"step": "orders"},
        raw_input_summary={},
        proposed_action={"n": day},
    )


def orders(days: list[int]) -> Rows:
    """Return an order of ten shares of IBM a day."""
    decisions = as_bytes_matrix([decided(day).decision_id for day in days])
    n = len(days)
    return Rows(
        "orders",
        np.array(days, dtype=np.int64),
        {
            "order_id": row_ids(decisions, np.repeat(key_digests(["IBM"], space="orders"), n, axis=0)),
            "timestamp": SESSIONS.closes[days],
            "instrument_id": Coded(np.full(n, 2), IDS),
            "side": "BUY",
            "order_type": "MARKET",
            "quantity": [Decimal(10)] * n,
            "limit_price": None,
            "stop_price": None,
            "status": "PENDING",
            "mode": "BACKTEST",
            "portfolio_id": "P",
            "decision_id": decisions,
            "metadata": ['{"why": "a test"}'] * n,
        },
    )


def part(days: list[int], *updates: Rows) -> Part:
    return Part({day: decided(day) for day in days}, (orders(days),), updates)


def expiry(of: Rows, day: int) -> Rows:
    """Return the update that lets the first of these orders expire on a day."""
    return Rows(
        "orders",
        np.array([day]),
        {
            "order_id": of.columns["order_id"][:1],  # type: ignore[index]
            "status": Coded(np.array([0]), ["EXPIRED"]),
            "metadata": ['{"reason": "no bar"}'],
        },
    )


def write(connection: psycopg.Connection[Any], *parts: Part) -> dict[str, int]:
    with driver_errors(), connection.transaction():
        found = write_job(
            connection,
            WriteJob(tuple(lambda one=one: one for one in parts), is_ordered=True),
            dates=SESSIONS.dates,
        )
    return {table: n for table, n in found.items() if n}


def standing(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    """Return day, state and reason of the test's orders."""
    return connection.execute(
        "SELECT timestamp::date::text, status, metadata ->> 'reason' FROM orders "
        "WHERE timestamp > '2024-02-01' ORDER BY timestamp"
    ).fetchall()


def test_decisions_and_their_rows_are_written_once(connection: psycopg.Connection[Any]) -> None:
    job = part([FIRST, FIRST + 1])
    assert write(connection, job) == {"engine_decisions": 2, "orders": 2}
    assert write(connection, job) == {}
    assert len(standing(connection)) == 2


def test_of_a_job_only_what_is_not_on_record_is_written(connection: psycopg.Connection[Any]) -> None:
    write(connection, part([FIRST]))
    found = write(connection, part([FIRST, FIRST + 1, FIRST + 2]))
    assert found == {"engine_decisions": 2, "orders": 2}
    assert [row[0] for row in standing(connection)] == [str(d) for d in SESSIONS.dates[FIRST : FIRST + 3]]


def test_a_job_of_nothing_writes_nothing(connection: psycopg.Connection[Any]) -> None:
    assert write(connection) == {}
    assert write(connection, Part({}, ())) == {}


def test_an_update_of_a_row_of_the_same_job_is_merged_into_it(connection: psycopg.Connection[Any]) -> None:
    days = [FIRST, FIRST + 1]
    assert write(connection, part(days, expiry(orders(days), FIRST + 1))) == {
        "engine_decisions": 2,
        "orders": 2,
    }
    assert [row[1:] for row in standing(connection)] == [("EXPIRED", "no bar"), ("PENDING", None)]


def test_an_update_of_a_row_of_an_earlier_job_is_sent(connection: psycopg.Connection[Any]) -> None:
    write(connection, part([FIRST]))
    later = part([FIRST + 1], expiry(orders([FIRST]), FIRST + 1))
    write(connection, later)
    assert [row[1:] for row in standing(connection)] == [("EXPIRED", "no bar"), ("PENDING", None)]


def test_an_update_of_a_decision_on_record_is_left_out(connection: psycopg.Connection[Any]) -> None:
    write(connection, part([FIRST, FIRST + 1]))
    update = expiry(orders([FIRST]), FIRST + 1)
    assert write(connection, part([FIRST + 1], update)) == {}
    assert [row[1] for row in standing(connection)] == ["PENDING", "PENDING"]


def test_a_broken_rule_leaves_nothing_of_the_job(connection: psycopg.Connection[Any]) -> None:
    good = part([FIRST])
    rows = orders([FIRST + 1])
    bad = replace(rows, columns={**rows.columns, "quantity": [Decimal(-1)]})
    job = Part({FIRST + 1: decided(FIRST + 1)}, (bad,))
    with pytest.raises(RuleBrokenError, match=r"orders"):
        write(connection, good, job)
    assert standing(connection) == []
    assert write(connection, good) == {"engine_decisions": 1, "orders": 1}


def test_rows_are_read_back_as_they_travelled(connection: psycopg.Connection[Any]) -> None:
    days = [FIRST, FIRST + 1, FIRST + 2]
    given = orders(days)
    write(connection, part(days))
    found = read_rows(
        connection,
        "orders",
        context=Context("US_EQ", "S", "P"),
        assets=_assets(connection),
        sessions=SESSIONS,
        first=FIRST + 1,
        last=FIRST + 2,
        decisions=[decided(day).decision_id for day in days],
    )
    assert found.day.tolist() == days[1:]
    kept = given.on(FIRST + 1, FIRST + 2)
    for name in ("order_id", "decision_id", "timestamp"):
        assert np.array_equal(found.columns[name], kept.columns[name])  # type: ignore[arg-type]
    for name in ("instrument_id", "side", "order_type", "quantity", "status", "limit_price", "portfolio_id"):
        assert found.values(name) == kept.values(name)
    assert found.codes("instrument_id").tolist() == [2, 2]
    assert [text.replace(" ", "") for text in found.values("metadata")] == ['{"why":"atest"}'] * 2


def test_rows_of_other_decisions_are_not_read(connection: psycopg.Connection[Any]) -> None:
    write(connection, part([FIRST, FIRST + 1]))
    found = read_rows(
        connection,
        "orders",
        context=Context("US_EQ", "S", "P"),
        assets=_assets(connection),
        sessions=SESSIONS,
        first=FIRST,
        last=FIRST + 1,
        decisions=[decided(FIRST + 1).decision_id],
    )
    assert found.day.tolist() == [FIRST + 1]


def test_an_update_of_an_order_that_is_not_there_is_refused(connection: psycopg.Connection[Any]) -> None:
    fresh = orders([FIRST])
    update = Rows("orders", fresh.day, {"order_id": fresh.columns["order_id"], "status": ["FILLED"]})
    with pytest.raises(RuleBrokenError, match=r"1 of 1"):
        write(connection, Part({FIRST: decided(FIRST)}, (), (update,)))
    assert standing(connection) == []


@pytest.mark.parametrize(
    "other", [{"portfolio_id": "Q"}, {"mode": "PAPER"}], ids=["another portfolio", "another mode"]
)
def test_rows_of_another_context_are_not_read(
    connection: psycopg.Connection[Any], other: dict[str, str]
) -> None:
    write(connection, part([FIRST]))
    found = read_rows(
        connection,
        "orders",
        context=replace(Context("US_EQ", "S", "P"), **other),
        assets=_assets(connection),
        sessions=SESSIONS,
        first=FIRST,
        last=FIRST,
        decisions=[decided(FIRST).decision_id],
    )
    assert len(found) == 0
    assert found.columns == {}


def _assets(connection: psycopg.Connection[Any]) -> Assets:
    return read_assets(connection, market_id="US_EQ", cash_instrument_id="CASH:USD")
