"""What the database itself refuses to have done to decisions, orders and fills, whoever asks."""

from __future__ import annotations

import threading

import psycopg
import pytest
from psycopg import errors

from prometheus.kernel.errors import RuleBrokenError
from prometheus.schema.tables import TABLES
from prometheus.store.connections import Databases, connect, driver_errors
from tests.schema.rows import fill, insert, order
from tests.schema.seed import BOUGHT, LIVE, PARTLY, SELECTION, fill_runtime

APPEND_ONLY = sorted(spec.name for spec in TABLES.values() if spec.mutability == "append")


def test_a_second_writer_s_update_of_a_decision_is_refused(sound_databases: Databases) -> None:
    with (
        connect(sound_databases.runtime_url) as second,
        pytest.raises(RuleBrokenError, match="engine_decisions_append_only"),
        driver_errors(),
    ):
        second.execute("update engine_decisions set proposed_action = '{\"buy\": 1}'")


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_rows_of_an_append_only_table_stay(
    world: psycopg.Connection, prices: psycopg.Connection, table: str
) -> None:
    connection = {"runtime": world, "historical": prices}[TABLES[table].database]
    column = TABLES[table].insert_columns[0]
    for statement in (
        f"update {table} set {column} = {column}",
        f"delete from {table}",
        f"truncate {table} cascade",
    ):
        with pytest.raises(errors.RestrictViolation, match="refused"), connection.transaction():
            connection.execute(statement.encode())


def test_the_owner_may_delete_for_retention_but_never_update(world: psycopg.Connection) -> None:
    world.execute("set local prometheus.retention = 'on'")
    assert world.execute("delete from instrument_scores").rowcount == 1
    with pytest.raises(errors.RestrictViolation):
        world.execute("update executed_actions set price = 1")


def test_another_role_may_not_delete_even_for_retention(world: psycopg.Connection) -> None:
    world.execute("create role prometheus_test_writer")
    world.execute("grant delete, select on instrument_scores to prometheus_test_writer")
    world.execute("set local role prometheus_test_writer")
    world.execute("set local prometheus.retention = 'on'")
    with pytest.raises(errors.RestrictViolation):
        world.execute("delete from instrument_scores")


@pytest.mark.parametrize(
    "changed", [{"mode": "PAPER"}, {"side": "SELL"}, {"instrument_id": "US_EQ:AAPL"}, {"order_id": SELECTION}]
)
def test_a_fill_that_disagrees_with_its_order_is_refused(
    world: psycopg.Connection, changed: dict[str, object]
) -> None:
    with pytest.raises(errors.ForeignKeyViolation, match="fills_order_fkey"):
        insert(world, "fills", **fill(**changed))


def test_a_fill_up_to_the_order_is_taken_and_one_beyond_it_refused(world: psycopg.Connection) -> None:
    insert(world, "fills", **fill())
    with pytest.raises(errors.CheckViolation, match=r"add up to 10\.5, its quantity is 10"):
        insert(world, "fills", **fill(fill_id=SELECTION, quantity=0.5))


def test_fills_of_one_statement_are_added_up(world: psycopg.Connection) -> None:
    with pytest.raises(errors.CheckViolation, match="add up to 12"):
        world.execute(
            "insert into fills (fill_id, order_id, timestamp, instrument_id, side, quantity, price, mode) "
            "select gen_random_uuid(), %s, now(), 'US_EQ:IBM', 'BUY', 4, 50, 'BACKTEST' "
            "from generate_series(1, 2)",
            [PARTLY],
        )


def test_two_writers_at_once_can_not_overfill_an_order(databases: Databases) -> None:
    with connect(databases.runtime_url) as connection:
        fill_runtime(connection)
    refused: list[BaseException] = []
    with connect(databases.runtime_url) as first, connect(databases.runtime_url) as second:
        insert(first, "fills", **fill())

        def fill_too() -> None:
            try:
                insert(second, "fills", **fill(fill_id=SELECTION))
            except errors.CheckViolation as error:
                refused.append(error)

        waiting = threading.Thread(target=fill_too)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive(), "the second writer must wait for the first"
        first.commit()
        waiting.join(10)
        second.rollback()
    assert len(refused) == 1


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_fills_under_an_old_snapshot_are_refused(world: psycopg.Connection, level: str) -> None:
    world.execute(f"set transaction isolation level {level}".encode())
    with pytest.raises(errors.RestrictViolation, match=level.upper()):
        insert(world, "fills", **fill())


def test_the_same_fill_counts_once(world: psycopg.Connection) -> None:
    insert(world, "fills", **fill(quantity=1))
    with pytest.raises(errors.UniqueViolation, match="fills_pkey"):
        insert(world, "fills", **fill(quantity=1))


@pytest.mark.parametrize("states", [
    ("SUBMITTED", "PARTIALLY_FILLED", "FILLED"),
    ("SUBMITTED", "FILLED"),
    ("SUBMITTED", "SUBMITTED", "REJECTED"),
    ("PARTIALLY_FILLED", "CANCELLED"),
    ("EXPIRED",),
    ("REJECTED", "REJECTED"),
])  # fmt: skip
def test_a_status_may_go_forward(world: psycopg.Connection, states: tuple[str, ...]) -> None:
    for status in states:
        world.execute("update orders set status = %s where order_id = %s", [status, LIVE])


@pytest.mark.parametrize(("before", "after"), [
    ("SUBMITTED", "PENDING"),
    ("PARTIALLY_FILLED", "SUBMITTED"),
    ("PARTIALLY_FILLED", "REJECTED"),
    ("FILLED", "PARTIALLY_FILLED"),
    ("FILLED", "CANCELLED"),
    ("CANCELLED", "FILLED"),
    ("REJECTED", "PENDING"),
    ("EXPIRED", "CANCELLED"),
])  # fmt: skip
def test_a_status_going_backwards_is_refused(world: psycopg.Connection, before: str, after: str) -> None:
    world.execute("update orders set status = %s where order_id = %s", [before, LIVE])
    with pytest.raises(errors.RestrictViolation, match=f"from {before} to {after}"):
        world.execute("update orders set status = %s where order_id = %s", [after, LIVE])


@pytest.mark.parametrize(
    "change", ["quantity = 99", "side = 'BUY'", "decision_id = null", "portfolio_id = 'Q'"]
)
def test_nothing_but_status_and_metadata_of_an_order_changes(world: psycopg.Connection, change: str) -> None:
    world.execute('update orders set metadata = \'{"broker_order_id": "7"}\' where order_id = %s', [LIVE])
    with pytest.raises(errors.RestrictViolation, match="only status and metadata"):
        world.execute(f"update orders set {change} where order_id = '{LIVE}'".encode())


def test_a_final_order_keeps_its_metadata_and_its_place(world: psycopg.Connection) -> None:
    with pytest.raises(errors.RestrictViolation), world.transaction():
        world.execute("update orders set metadata = '{\"x\": 1}' where order_id = %s", [BOUGHT])
    with pytest.raises(errors.RestrictViolation):
        world.execute("delete from orders where order_id = %s", [LIVE])


@pytest.mark.parametrize("decision_id", [None, "00000000-0000-0000-0000-00000000abcd"])
def test_an_order_without_a_decision_is_refused(world: psycopg.Connection, decision_id: str | None) -> None:
    with pytest.raises((errors.NotNullViolation, errors.ForeignKeyViolation)):
        insert(world, "orders", **order(decision_id=decision_id))


@pytest.mark.parametrize("changed", [
    {"quantity": 0}, {"quantity": "NaN"}, {"quantity": "Infinity"}, {"side": "HOLD"}, {"mode": "REAL"},
    {"status": "DONE"}, {"order_type": "LIMIT"}, {"limit_price": 5}, {"stop_price": 5},
    {"order_type": "STOP_LIMIT", "limit_price": 5}, {"order_type": "LIMIT", "limit_price": -5},
    {"metadata": "[]"},
])  # fmt: skip
def test_an_impossible_order_is_refused(world: psycopg.Connection, changed: dict[str, object]) -> None:
    with pytest.raises(errors.CheckViolation):
        insert(world, "orders", **order(**changed))
