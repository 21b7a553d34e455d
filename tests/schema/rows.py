"""Rows that the databases take, each with what a test wants changed, and one way to insert them."""

from __future__ import annotations

import psycopg

from tests.schema.seed import EXECUTION, PARTLY, SELECTION


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
