"""A corrected value of a delivered factor keeps every earlier version; derived values keep none."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

REVISION = (
    '{"value": 0.0246, "batch": "aaaaaaaaaaaa", "known_at": "2018-02-01T00:00:00Z", '
    '"until": "2018-03-01T00:00:00Z", "replaced_by": "bbbbbbbbbbbb"}'
)


@pytest.fixture
def factors(historical: psycopg.Connection) -> psycopg.Connection:
    historical.execute(
        "insert into factors_daily values ('MACRO:DGS10', '2018-01-02', 0.0246, "
        '\'{"batch": "aaaaaaaaaaaa", "known_at": "2018-02-01T00:00:00Z"}\'), '
        "('US_EQ:MKT', '2018-01-02', 0.01, '{}')"
    )
    return historical


def correct(connection: psycopg.Connection, value: float, revisions: str) -> None:
    connection.execute(
        "update factors_daily set value = %s, metadata = jsonb_build_object('batch', 'bbbbbbbbbbbb', "
        "'known_at', '2018-03-01T00:00:00Z', 'revisions', %s::jsonb) where factor_id = 'MACRO:DGS10'",
        [value, revisions],
    )


def test_a_corrected_value_keeps_what_it_was(factors: psycopg.Connection) -> None:
    correct(factors, 0.0247, f"[{REVISION}]")
    again = (
        REVISION.replace("0.0246", "0.0247")
        .replace("aaaaaaaaaaaa", "bbbbbbbbbbbb")
        .replace('"known_at": "2018-02', '"known_at": "2018-03')
    )
    correct(factors, 0.0248, f"[{REVISION}, {again}]")


@pytest.mark.parametrize(
    "revisions",
    [
        "[]",
        "{}",
        "null",
        f"[{REVISION.replace('0.0246', '0.0245')}]",
        f"[{REVISION.replace('until', 'since')}]",
        f"[{REVISION.replace('2018-02', '2018-01')}]",
        f"[{REVISION.replace('aaaaaaaaaaaa', 'cccccccccccc')}]",
    ],
)
def test_a_value_that_would_lose_what_it_was_is_refused(factors: psycopg.Connection, revisions: str) -> None:
    with pytest.raises(errors.RestrictViolation, match="must keep the version it replaces"):
        correct(factors, 0.0247, revisions)


def test_a_delivered_value_is_never_deleted_but_by_retention(factors: psycopg.Connection) -> None:
    with factors.transaction(force_rollback=True):
        factors.execute("set local prometheus.retention = 'on'")
        assert factors.execute("delete from factors_daily where factor_id = 'MACRO:DGS10'").rowcount == 1
    with pytest.raises(errors.RestrictViolation, match="never deleted"):
        factors.execute("delete from factors_daily where factor_id = 'MACRO:DGS10'")


def test_a_derived_value_may_be_replaced_and_deleted(factors: psycopg.Connection) -> None:
    assert factors.execute("update factors_daily set value = 2 where factor_id = 'US_EQ:MKT'").rowcount == 1
    assert factors.execute("delete from factors_daily where factor_id = 'US_EQ:MKT'").rowcount == 1
