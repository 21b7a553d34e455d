"""The digests of what is stored are the same whether one connection answers or two."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from prometheus.store.connections import Databases, connect
from prometheus.store.price_reads import IDS_FOR_TWO, stored_digests

Connection = psycopg.Connection[tuple[Any, ...]]
FIRST, LAST = date(2024, 1, 2), date(2024, 1, 31)
IDS = [f"T:{place:03}" for place in range(2 * IDS_FOR_TWO + 1)]


@pytest.fixture
def url(databases: Databases) -> str:
    """Two or three bars of each instrument."""
    rows = [
        (name, FIRST + timedelta(days=k), 10.0 + k) for n, name in enumerate(IDS) for k in range(2 + n % 2)
    ]
    with connect(databases.historical_url) as historical, historical.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO prices_daily (instrument_id, trade_date, close, adjusted_close, currency, metadata)"
            " VALUES (%s, %s, %s, 1, 'USD', '{\"batch\": \"b\"}')",
            rows,
        )
    return databases.historical_url


def one_by_one(connection: Connection) -> dict[str, tuple[int, bytes, bytes]]:
    """Return the digests as one connection finds them."""
    found: dict[str, tuple[int, bytes, bytes]] = {}
    for name in IDS:
        found |= stored_digests(connection, [name], first=FIRST, last=LAST)
    return found


def test_two_connections_say_what_one_says(url: str) -> None:
    with connect(url) as connection:
        expected = one_by_one(connection)
        assert [expected[name][0] for name in IDS] == [2 + n % 2 for n in range(len(IDS))]
        assert stored_digests(connection, IDS, first=FIRST, last=LAST) == expected
        assert stored_digests(connection, IDS, first=date(2023, 1, 2), last=date(2023, 1, 3)) == {}


def lock(connection: Connection) -> None:
    connection.execute("LOCK TABLE prices_daily IN ACCESS EXCLUSIVE MODE")
    connection.rollback()


@pytest.fixture
def reader(url: str) -> Iterator[Connection]:
    """A connection that has read prices, and another that waits for its end to change the table."""
    with connect(url) as reader, connect(url) as writer, connect(url, autocommit=True) as third:
        reader.execute("SELECT count(*) FROM prices_daily")
        waiting = threading.Thread(target=lock, args=(writer,))
        waiting.start()
        query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = %s"
        deadline = time.monotonic() + 20
        while third.execute(query, [writer.info.backend_pid]).fetchone() == (0,):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield reader
        reader.rollback()
        waiting.join(20)


def test_whoever_waits_for_the_table_is_not_waited_for(reader: Connection) -> None:
    expected = one_by_one(reader)
    assert stored_digests(reader, IDS, first=FIRST, last=LAST) == expected


def test_where_no_second_connection_is_to_be_had_the_first_answers_for_both(url: str) -> None:
    with connect(url, autocommit=True) as owner:
        expected = one_by_one(owner)
        owner.execute("CREATE ROLE single LOGIN CONNECTION LIMIT 1 PASSWORD 'single'")
        owner.execute("GRANT SELECT ON prices_daily TO single")
        try:
            info = owner.info
            with psycopg.connect(
                host=info.host, port=info.port, dbname=info.dbname, user="single", password="single"
            ) as connection:
                assert stored_digests(connection, IDS, first=FIRST, last=LAST) == expected
        finally:
            owner.execute("DROP OWNED BY single")
            owner.execute("DROP ROLE single")
