"""A corrected price keeps every earlier version; the database sees to it."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

REVISION = (
    '{"open": 100, "high": 102, "low": 99, "close": 101, "adjusted_close": 14.5, "volume": 1000, '
    '"batch": "aaaaaaaaaaaa", "until": "2024-01-05T00:00:00Z", "replaced_by": "bbbbbbbb"}'
)


def correct(connection: psycopg.Connection, close: float, revisions: str) -> None:
    connection.execute(
        "update prices_daily set close = %s, metadata = jsonb_build_object('batch', 'bbbbbbbb', 'revisions', "
        "%s::jsonb) where instrument_id = 'US_EQ:AAPL' and trade_date = '2024-01-03'",
        [close, revisions],
    )


def test_a_corrected_price_keeps_what_it_was(prices: psycopg.Connection) -> None:
    correct(prices, 100.5, f"[{REVISION}]")
    again = REVISION.replace('"close": 101', '"close": 100.5').replace("aaaaaaaaaaaa", "bbbbbbbb")
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
    second = REVISION.replace('"close": 101', '"close": 100.5').replace("aaaaaaaaaaaa", "bbbbbbbb")
    with pytest.raises(errors.RestrictViolation, match="must keep"):
        correct(prices, 100.7, f"[{forged}, {second}]")


def test_a_price_is_never_deleted(prices: psycopg.Connection) -> None:
    with pytest.raises(errors.RestrictViolation):
        prices.execute("delete from prices_daily where instrument_id = 'US_EQ:IBM'")
