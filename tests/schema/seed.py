"""A small, sound world: two instruments, cash, one session's fills, targets, positions and prices."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

INGEST = UUID(int=0xAAAAAAAAAAAA)
EXECUTION = UUID(int=2)
SECOND = UUID(int=0xDDDDDDDDDDDD)
DERIVED = UUID(int=4)
PROFILED = UUID(int=5)
SELECTION = UUID(int=3)
BOUGHT, PARTLY, LIVE = UUID(int=11), UUID(int=12), UUID(int=13)

_RUNTIME = f"""
insert into markets (market_id, name, region, timezone, calendar_spec)
values ('US_EQ', 'US equities', 'US', 'America/New_York', '{{"calendar": "XNYS"}}'),
       ('FX_GLOB', 'Currencies', 'GLOBAL', 'UTC', '{{"calendar": "24/7"}}');
insert into issuers (issuer_id, issuer_type, name, country) values ('AAPL', 'COMPANY', 'Apple', 'US');
insert into instruments (instrument_id, issuer_id, market_id, asset_class, symbol, exchange, currency, status)
values ('US_EQ:AAPL', 'AAPL', 'US_EQ', 'EQUITY', 'AAPL', 'XNAS', 'USD', 'ACTIVE'),
       ('US_EQ:IBM', null, 'US_EQ', 'EQUITY', 'IBM', 'XNYS', 'USD', 'ACTIVE'),
       ('CASH:USD', null, 'FX_GLOB', 'CASH', 'USD', null, 'USD', 'ACTIVE');
insert into portfolios (portfolio_id, name, base_currency) values ('P', 'Test', 'USD');
insert into strategies (strategy_id, name) values ('S', 'Test');
insert into engine_configs (config_id, engine_name, version, created_by)
values ('C', 'EXECUTION', '1', 'test');
insert into engine_decisions (decision_id, engine_name, config_id, context_id, as_of_date)
values ('{INGEST}', 'INGEST', 'C', 'US_EQ', '2024-01-03'),
       ('{SECOND}', 'INGEST', 'C', 'US_EQ', '2024-01-03'),
       ('{EXECUTION}', 'EXECUTION', 'C', 'P', '2024-01-02'),
       ('{SELECTION}', 'ASSESSMENT', 'C', 'US_EQ', '2024-01-03');
insert into engine_decisions (decision_id, engine_name, config_id, context_id, as_of_date, input_refs,
                              raw_input_summary, proposed_action)
values ('{DERIVED}', 'DERIVE', 'C', 'US_EQ', '2024-01-04', '{{"instruments": ["US_EQ:AAPL"]}}',
        '{{"first": "2024-01-03", "last": "2024-01-04"}}', '{{"returns_daily": 1, "correlation_panels": 0}}'),
       ('{PROFILED}', 'PROFILE', 'C', 'US_EQ', '2024-01-03', '{{}}', '{{}}', '{{"profiles": 1}}');
insert into profiles (issuer_id, as_of_date, structured)
values ('AAPL', '2024-01-03', '{{"assets": {{"value": 1, "period": "2023-09-30", "filing": 0}},
        "filings": [{{"accepted_at": "2023-11-02T22:08:27Z", "content": "c0ffee"}}],
        "absent": {{}}, "decision_id": "{PROFILED}"}}');
insert into orders (order_id, timestamp, instrument_id, side, order_type, quantity, status, mode,
                    portfolio_id, decision_id)
values ('{BOUGHT}', '2024-01-02 21:00Z', 'US_EQ:AAPL', 'BUY', 'MARKET', 10, 'FILLED', 'BACKTEST', 'P',
        '{EXECUTION}'),
       ('{PARTLY}', '2024-01-02 21:00Z', 'US_EQ:IBM', 'BUY', 'MARKET', 10, 'PARTIALLY_FILLED', 'BACKTEST',
        'P', '{EXECUTION}'),
       ('{LIVE}', '2024-01-03 21:00Z', 'US_EQ:IBM', 'SELL', 'MARKET', 4, 'PENDING', 'BACKTEST', 'P',
        '{EXECUTION}');
insert into fills (fill_id, order_id, timestamp, instrument_id, side, quantity, price, mode)
values (gen_random_uuid(), '{BOUGHT}', '2024-01-03 14:30Z', 'US_EQ:AAPL', 'BUY', 6, 100, 'BACKTEST'),
       (gen_random_uuid(), '{BOUGHT}', '2024-01-03 14:31Z', 'US_EQ:AAPL', 'BUY', 4, 101, 'BACKTEST'),
       (gen_random_uuid(), '{PARTLY}', '2024-01-03 14:30Z', 'US_EQ:IBM', 'BUY', 4, 50, 'BACKTEST');
insert into executed_actions (action_id, decision_id, timestamp, portfolio_id, instrument_id, side, quantity,
                              price)
values (gen_random_uuid(), '{EXECUTION}', '2024-01-03 14:31Z', 'P', 'US_EQ:AAPL', 'BUY', 10, 100.4),
       (gen_random_uuid(), '{EXECUTION}', '2024-01-03 14:30Z', 'P', 'US_EQ:IBM', 'BUY', 4, 50);
insert into positions_snapshots (portfolio_id, timestamp, as_of_date, instrument_id, quantity, avg_cost,
                                 market_value, unrealized_pnl, mode)
values ('P', '2024-01-02 21:00Z', '2024-01-02', 'CASH:USD', 10000, 1, 10000, 0, 'BACKTEST'),
       ('P', '2024-01-03 21:00Z', '2024-01-03', 'CASH:USD', 8796, 1, 8796, 0, 'BACKTEST'),
       ('P', '2024-01-03 21:00Z', '2024-01-03', 'US_EQ:AAPL', 10, 100.4, 1010, 6, 'BACKTEST'),
       ('P', '2024-01-03 21:00Z', '2024-01-03', 'US_EQ:IBM', 4, 50, 200, 0, 'BACKTEST'),
       ('P', '2024-01-04 21:00Z', '2024-01-04', 'CASH:USD', 8796, 1, 8796, 0, 'BACKTEST'),
       ('P', '2024-01-04 21:00Z', '2024-01-04', 'US_EQ:AAPL', 70, 14.342857, 1015, 11, 'BACKTEST'),
       ('P', '2024-01-04 21:00Z', '2024-01-04', 'US_EQ:IBM', 4, 50, 200, 0, 'BACKTEST');
insert into instrument_scores (score_id, strategy_id, market_id, instrument_id, as_of_date, horizon_days,
                               expected_return, score, confidence, signal_label, alpha_components, metadata)
values (gen_random_uuid(), 'S', 'US_EQ', 'US_EQ:AAPL', '2024-01-03', 21, 0.01, 0.3, 0.5, 'BUY',
        '{{"momentum": 0.1, "reversal": 0.2}}', '{{"decision_id": "{SELECTION}"}}');
insert into universes (universe_id, strategy_id, market_id, as_of_date, tier, instrument_ids, metadata)
values (gen_random_uuid(), 'S', 'US_EQ', '2024-01-03', 'CORE', '{{US_EQ:AAPL,US_EQ:IBM}}',
        '{{"decision_id": "{SELECTION}"}}');
insert into target_portfolios (target_id, strategy_id, portfolio_id, as_of_date, target_positions, metadata)
values (gen_random_uuid(), 'S', 'P', '2024-01-03', '{{"US_EQ:AAPL": {{"weight": 0.1, "quantity": "10"}}}}',
        '{{"decision_id": "{SELECTION}"}}');
insert into portfolio_risk_reports (report_id, portfolio_id, as_of_date, portfolio_value, cash, net_exposure,
                                    gross_exposure, leverage, metadata)
values (gen_random_uuid(), 'P', '2024-01-03', 10006, 8796, 0.12, 0.12, 0.12,
        '{{"decision_id": "{SELECTION}"}}');
"""

_HISTORICAL = """
insert into prices_daily (instrument_id, trade_date, open, high, low, close, adjusted_close, volume, currency,
                          metadata)
values ('US_EQ:AAPL', '2024-01-03', 100, 102, 99, 101, 14.5, 1000, 'USD', '{"batch": "aaaaaaaaaaaa"}'),
       ('US_EQ:AAPL', '2024-01-04', 14.4, 14.6, 14.3, 14.5, 14.5, 7000, 'USD',
        '{"batch": "aaaaaaaaaaaa", "split": 7.0}'),
       ('US_EQ:IBM', '2024-01-03', null, null, null, 50, 50, null, 'USD', '{"batch": "aaaaaaaaaaaa"}');
insert into returns_daily (instrument_id, trade_date, ret_1d) values ('US_EQ:AAPL', '2024-01-04', 0.01);
insert into filings (issuer_id, filing_type, filing_date, metadata)
values ('AAPL', '10-K', '2023-11-03',
        '{"batch": "aaaaaaaaaaaa", "accepted_at": "2023-11-02T22:08:27Z", "content": "c0ffee"}');
"""


def fill_runtime(connection: psycopg.Connection[Any]) -> None:
    """Write the runtime half of the world."""
    connection.execute(_RUNTIME.encode())


def fill_historical(connection: psycopg.Connection[Any]) -> None:
    """Write the historical half of the world."""
    connection.execute(_HISTORICAL.encode())
