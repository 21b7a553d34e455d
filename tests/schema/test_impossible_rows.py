"""Rows with impossible values are refused by the database itself, whoever writes them."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from prometheus.store.connections import Databases, connect
from tests.schema.rows import insert, instrument, price, score
from tests.schema.seed import BOUGHT, LIVE, SELECTION, fill_runtime


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
