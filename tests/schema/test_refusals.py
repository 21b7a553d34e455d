"""What the database itself refuses, whoever asks; the rules of acceptance point 4 among them."""

from __future__ import annotations

import threading

import psycopg
import pytest
from psycopg import errors

from prometheus.kernel.errors import RuleBrokenError
from prometheus.schema.tables import TABLES
from prometheus.store.connections import Databases, connect, driver_errors
from tests.schema.seed import BOUGHT, EXECUTION, LIVE, PARTLY, SELECTION, fill_runtime

APPEND_ONLY = sorted(spec.name for spec in TABLES.values() if spec.mutability == "append")


def insert(connection: psycopg.Connection, table: str, **values: object) -> None:
    columns, marks = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    connection.execute(f"insert into {table} ({columns}) values ({marks})".encode(), values)


def order(**changed: object) -> dict[str, object]:
    return {
        "order_id": "00000000-0000-0000-0000-0000000000ff",
        "timestamp": "2024-01-04 21:00Z",
        "instrument_id": "US_EQ:IBM",
        "side": "BUY",
        "order_type": "MARKET",
        "quantity": 5,
        "status": "PENDING",
        "mode": "BACKTEST",
        "portfolio_id": "P",
        "decision_id": EXECUTION,
    } | changed


def fill(**changed: object) -> dict[str, object]:
    return {
        "fill_id": "00000000-0000-0000-0000-0000000000ee",
        "order_id": PARTLY,
        "timestamp": "2024-01-04 14:30Z",
        "instrument_id": "US_EQ:IBM",
        "side": "BUY",
        "quantity": 6,
        "price": 50,
        "mode": "BACKTEST",
    } | changed


def score(**changed: object) -> dict[str, object]:
    return {
        "score_id": "00000000-0000-0000-0000-0000000000dd",
        "strategy_id": "S",
        "market_id": "US_EQ",
        "instrument_id": "US_EQ:IBM",
        "as_of_date": "2024-01-03",
        "horizon_days": 21,
        "expected_return": 0.01,
        "score": 0.1,
        "confidence": 0.5,
        "signal_label": "HOLD",
        "metadata": f'{{"decision_id": "{SELECTION}"}}',
    } | changed


def price(**changed: object) -> dict[str, object]:
    return {
        "instrument_id": "US_EQ:IBM",
        "trade_date": "2024-01-05",
        "open": 50.0,
        "high": 52.0,
        "low": 49.0,
        "close": 51.0,
        "adjusted_close": 51.0,
        "volume": 10.0,
        "currency": "USD",
    } | changed


def instrument(**changed: object) -> dict[str, object]:
    return {
        "instrument_id": "US_EQ:MSFT",
        "market_id": "US_EQ",
        "asset_class": "EQUITY",
        "symbol": "MSFT",
        "exchange": "XNAS",
        "currency": "USD",
        "status": "ACTIVE",
    } | changed


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


@pytest.mark.parametrize("changed", [
    {"confidence": 1.2}, {"confidence": -0.1}, {"confidence": float("nan")}, {"score": float("nan")},
    {"score": float("inf")}, {"expected_return": float("-inf")}, {"horizon_days": 0},
    {"signal_label": "MAYBE"}, {"metadata": "{}"}, {"alpha_components": "[1]"},
    {"metadata": '{"decision_id": "00000000000000000000000000000003"}'},
])  # fmt: skip
def test_an_impossible_score_is_refused(world: psycopg.Connection, changed: dict[str, object]) -> None:
    with pytest.raises(errors.CheckViolation):
        insert(world, "instrument_scores", **score(**changed))


def test_an_output_whose_decision_is_no_uuid_is_refused(world: psycopg.Connection) -> None:
    with pytest.raises(errors.DataError):
        insert(world, "instrument_scores", **score(metadata='{"decision_id": "yesterday"}'))


@pytest.mark.parametrize("changed", [
    {"high": 50.5}, {"low": 50.5}, {"high": 48.0}, {"close": 0.0}, {"open": -1.0}, {"close": float("nan")},
    {"high": float("inf")}, {"adjusted_close": float("inf")}, {"volume": -1.0}, {"currency": "usd"},
    {"open": None, "high": None, "low": 52.0}, {"open": None, "low": None, "high": 50.0},
])  # fmt: skip
def test_an_impossible_price_is_refused(prices: psycopg.Connection, changed: dict[str, object]) -> None:
    with pytest.raises(errors.CheckViolation):
        insert(prices, "prices_daily", **price(**changed))


def test_a_price_may_lack_all_but_the_close(prices: psycopg.Connection) -> None:
    insert(prices, "prices_daily", **price(open=None, high=None, low=None, volume=None))


@pytest.mark.parametrize("changed", [
    {"asset_class": "FUTURE"}, {"asset_class": "OPTION", "maturity_date": "2025-01-01"}, {"multiplier": 0},
    {"currency": "dollar"}, {"exchange": "nasdaq"}, {"status": "GONE"}, {"instrument_id": ""},
])  # fmt: skip
def test_an_impossible_instrument_is_refused(world: psycopg.Connection, changed: dict[str, object]) -> None:
    with pytest.raises(errors.CheckViolation):
        insert(world, "instruments", **instrument(**changed))


def test_an_active_symbol_stands_once_and_a_delisted_one_frees_it(world: psycopg.Connection) -> None:
    world.execute("update instruments set status = 'DELISTED' where symbol = 'AAPL'")
    insert(world, "instruments", **instrument(symbol="AAPL"))
    insert(world, "instruments", **instrument(instrument_id="a", exchange=None, symbol="X"))
    with pytest.raises(errors.UniqueViolation, match="instruments_active_key"):
        insert(world, "instruments", **instrument(instrument_id="b", exchange=None, symbol="X"))


def test_an_entity_knows_when_it_changed(databases: Databases) -> None:
    with connect(databases.runtime_url) as connection:
        fill_runtime(connection)
    with connect(databases.runtime_url) as connection:
        connection.execute("update portfolios set name = 'New', created_at = now() - interval '1 day'")
        row = connection.execute(
            "select updated_at > created_at, updated_at = now() from portfolios"
        ).fetchone()
    assert row == (True, True)


@pytest.mark.parametrize("components", ['{"a": 1.1}', '{"a": -0.1}', '{"a": "high"}', "[0.5]"])
def test_a_component_of_stability_is_between_0_and_1(world: psycopg.Connection, components: str) -> None:
    row = {
        "stability_id": LIVE, "entity_type": "ISSUER", "entity_id": "AAPL", "as_of_date": "2024-01-03",
        "overall_score": 0.5, "metadata": f'{{"decision_id": "{SELECTION}"}}',
    }  # fmt: skip
    insert(world, "stability_vectors", **row, vector_components='{"a": 0, "b": 1}')
    row["stability_id"] = BOUGHT
    with pytest.raises(errors.CheckViolation, match="vector_components"):
        insert(world, "stability_vectors", **row, vector_components=components)


@pytest.mark.parametrize("series", ["{0.1,null}", "{NaN}", "{0.1,Infinity}", "{-Infinity}"])
def test_a_scenario_path_is_finite(world: psycopg.Connection, series: str) -> None:
    insert(
        world, "scenario_sets", scenario_set_id=LIVE, set_type="CUSTOM", generated_date="2024-01-03",
        num_scenarios=1,
    )  # fmt: skip
    path = {
        "scenario_set_id": LIVE, "scenario_index": 0, "instrument_id": "US_EQ:IBM",
        "start_date": "2024-01-04", "end_date": "2024-01-05",
    }  # fmt: skip
    insert(world, "scenario_paths", **path, returns_series="{0.1,-0.2}")
    with pytest.raises(errors.CheckViolation, match="returns_series"):
        insert(world, "scenario_paths", **path | {"scenario_index": 1}, returns_series=series)


def test_a_vector_stands_in_one_place(prices: psycopg.Connection) -> None:
    row = {"source_type": "NEWS", "source_id": "1", "model_id": "m"}
    insert(prices, "text_embeddings", **row, vector=b"\0\0\0\0")
    both = row | {"source_id": "2", "vector": b"\0\0\0\0", "vector_ref": "artifact"}
    for wrong in (both, row | {"source_id": "3"}, row | {"source_id": "4", "vector": b"\0"}):
        with pytest.raises(errors.CheckViolation), prices.transaction():
            insert(prices, "text_embeddings", **wrong)


def test_an_article_stands_once_by_its_id_or_by_its_headline(prices: psycopg.Connection) -> None:
    row = {"timestamp": "2024-01-03 12:00Z", "source": "wire", "language": "en", "headline": "Up"}
    insert(prices, "news_articles", **row)
    insert(prices, "news_articles", **row, metadata='{"external_id": "7"}')
    for again in (row, row | {"headline": "Down", "metadata": '{"external_id": "7"}'}):
        with pytest.raises(errors.UniqueViolation), prices.transaction():
            insert(prices, "news_articles", **again)


REVISION = (
    '{"open": 100, "high": 102, "low": 99, "close": 101, "adjusted_close": 14.5, "volume": 1000, '
    '"batch": "aaaaaaaa", "until": "2024-01-05T00:00:00Z", "replaced_by": "bbbbbbbb"}'
)


def correct(connection: psycopg.Connection, close: float, revisions: str) -> None:
    connection.execute(
        "update prices_daily set close = %s, metadata = jsonb_build_object('batch', 'bbbbbbbb', 'revisions', "
        "%s::jsonb) where instrument_id = 'US_EQ:AAPL' and trade_date = '2024-01-03'",
        [close, revisions],
    )


def test_a_corrected_price_keeps_what_it_was(prices: psycopg.Connection) -> None:
    correct(prices, 100.5, f"[{REVISION}]")
    again = REVISION.replace('"close": 101', '"close": 100.5').replace("aaaaaaaa", "bbbbbbbb")
    correct(prices, 100.7, f"[{REVISION}, {again}]")


@pytest.mark.parametrize(
    "revisions",
    ["[]", "{}", f"[{REVISION.replace('101', '100')}]", f"[{REVISION.replace('until', 'since')}]", "null"],
)
def test_a_price_that_would_lose_what_it_was_is_refused(prices: psycopg.Connection, revisions: str) -> None:
    with pytest.raises(errors.RestrictViolation, match="must keep the version it replaces"):
        correct(prices, 100.5, revisions)


def test_earlier_versions_of_a_price_can_not_be_rewritten(prices: psycopg.Connection) -> None:
    correct(prices, 100.5, f"[{REVISION}]")
    forged = REVISION.replace('"close": 101', '"close": 90')
    second = REVISION.replace('"close": 101', '"close": 100.5').replace("aaaaaaaa", "bbbbbbbb")
    with pytest.raises(errors.RestrictViolation, match="must keep"):
        correct(prices, 100.7, f"[{forged}, {second}]")


def test_a_price_is_never_deleted(prices: psycopg.Connection) -> None:
    with pytest.raises(errors.RestrictViolation):
        prices.execute("delete from prices_daily where instrument_id = 'US_EQ:IBM'")


def test_the_current_row_is_the_one_of_the_latest_decision(world: psycopg.Connection) -> None:
    newer = "00000000-0000-0000-0000-00000000000a"
    world.execute(
        "insert into engine_decisions (decision_id, timestamp, engine_name, config_id, context_id, "
        "as_of_date) values (%s, now() + interval '1 hour', 'ASSESSMENT', 'C', 'US_EQ', '2024-01-03')",
        [newer],
    )
    changed = score(instrument_id="US_EQ:AAPL", score=0.9, metadata=f'{{"decision_id": "{newer}"}}')
    insert(world, "instrument_scores", **changed)
    rows = world.execute("select score from current_instrument_scores").fetchall()
    assert rows == [(0.9,)]
    assert world.execute("select count(*) from instrument_scores").fetchone() == (2,)
