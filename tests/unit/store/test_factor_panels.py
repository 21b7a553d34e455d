"""Factors, exposures and profiles as panels: what stands, and what was known at a moment."""

from __future__ import annotations

from datetime import date

import numpy as np
import psycopg
import pytest
from psycopg.types.json import Jsonb

from prometheus.flow.batch import Assets
from prometheus.kernel.sessions import sessions_of
from prometheus.store.connections import Databases
from prometheus.store.postgres import PostgresStorage
from prometheus.store.profile_panels import read_profiles

DATES = np.array(["2018-02-05", "2018-02-06", "2018-02-07"], dtype="datetime64[D]")
MONDAY, TUESDAY, WEDNESDAY = (day.astype(object) for day in DATES)
NAN = float("nan")


def assets(*ids: str) -> Assets:
    n = len(ids)
    nothing = ("",) * n
    never = np.full(n, np.datetime64("NaT", "D"))
    digests = np.zeros((n, 16), dtype=np.uint8)
    return Assets(ids, ids, digests, tuple(f"I-{i}" for i in ids), nothing, nothing, nothing, never)


def insert(connection: psycopg.Connection, table: str, *rows: tuple[object, ...]) -> None:
    marks = ", ".join(["%s"] * len(rows[0]))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} VALUES ({marks})".encode(), rows)
    connection.commit()


@pytest.fixture
def storage(databases: Databases) -> PostgresStorage:
    return PostgresStorage(databases, sessions_of({"calendar": "XNYS"}), market_id="US_EQ")


def test_a_factor_of_the_market_and_a_series_that_was_delivered_are_read_by_their_names(
    storage: PostgresStorage, historical: psycopg.Connection
) -> None:
    insert(
        historical,
        "factors_daily",
        ("US_EQ:MKT", MONDAY, -0.04, Jsonb({"n_names": 505})),
        ("US_EQ:MKT", WEDNESDAY, 0.1 + 0.2, Jsonb({})),
        ("EU_EQ:MKT", TUESDAY, 0.5, Jsonb({})),
        ("MACRO:VIX", TUESDAY, 29.98, Jsonb({"batch": "b"})),
        ("MACRO:VIX", date(2018, 2, 10), 25.0, Jsonb({"batch": "b"})),
    )
    with storage:
        found = storage.panels(
            "factors_daily", [":MKT", "MACRO:VIX"], assets=assets("A", "B"), dates=DATES, known_at=None
        )
    np.testing.assert_array_equal(found[":MKT"], [[-0.04], [NAN], [0.1 + 0.2]])
    np.testing.assert_array_equal(found["MACRO:VIX"], [[NAN], [29.98], [NAN]])


def test_a_series_shows_the_version_that_was_believed_at_a_moment(
    storage: PostgresStorage, historical: psycopg.Connection
) -> None:
    version = {"value": 1.0, "known_at": "2018-03-01T00:00:00Z", "until": "2018-04-01T00:00:00Z"}
    second = {"value": 2.0, "known_at": "2018-04-01T00:00:00Z", "until": "2018-05-01T00:00:00Z"}
    metadata = {"known_at": "2018-05-01T00:00:00Z", "revisions": [version, second]}
    insert(
        historical,
        "factors_daily",
        ("MACRO:CPI", MONDAY, 3.0, Jsonb(metadata)),
        ("MACRO:CPI", TUESDAY, 4.0, Jsonb({"known_at": "2018-04-15T00:00:00Z"})),
        ("US_EQ:MKT", TUESDAY, 0.01, Jsonb({})),  # derived: does not say
    )
    expected = {
        "2018-02-28": [NAN, NAN, NAN],
        "2018-03-01": [1.0, NAN, NAN],
        "2018-04-20": [2.0, 4.0, NAN],
        "2018-06-01": [3.0, 4.0, NAN],
    }
    with storage:
        for moment, values in expected.items():
            found = storage.panels(
                "factors_daily",
                ["MACRO:CPI", ":MKT"],
                assets=assets("A"),
                dates=DATES,
                known_at=np.datetime64(moment, "us"),
            )
            np.testing.assert_array_equal(found["MACRO:CPI"][:, 0], values)
            assert found[":MKT"][1, 0] == 0.01


def test_exposures_stand_under_their_instruments(
    storage: PostgresStorage, historical: psycopg.Connection
) -> None:
    insert(
        historical,
        "instrument_factors_daily",
        ("B", TUESDAY, "US_EQ:MKT", 1.25),
        ("A", TUESDAY, "US_EQ:MOM", -0.5),
        ("C", TUESDAY, "US_EQ:MKT", 9.0),
    )
    with storage:
        found = storage.panels(
            "instrument_factors_daily", [":MKT", ":MOM"], assets=assets("A", "B"), dates=DATES, known_at=None
        )
    np.testing.assert_array_equal(found[":MKT"], [[NAN, NAN], [NAN, 1.25], [NAN, NAN]])
    np.testing.assert_array_equal(found[":MOM"], [[NAN, NAN], [-0.5, NAN], [NAN, NAN]])


def test_a_profile_counts_until_the_next_one_and_the_one_written_last_wins(
    runtime: psycopg.Connection,
) -> None:
    for issuer in ("I-A", "I-B"):
        runtime.execute(
            "INSERT INTO issuers (issuer_id, issuer_type, name) VALUES (%s, 'COMPANY', %s)", [issuer, issuer]
        )
    rows = [
        ("I-A", date(2017, 11, 1), {"roe": {"value": 0.1, "filing_id": 7}, "equity": 5}, "2018-01-01"),
        ("I-A", TUESDAY, {"roe": {"value": 0.3}}, "2018-02-06T22:00Z"),
        ("I-A", TUESDAY, {"roe": {"value": 0.2}}, "2018-03-01"),
        ("I-B", WEDNESDAY, {"roe": None, "deep": {"er": True}}, "2018-02-07T22:00Z"),
    ]
    for issuer, about, structured, created in rows:
        runtime.execute(
            "INSERT INTO profiles (issuer_id, as_of_date, structured, created_at) VALUES (%s, %s, %s, %s)",
            [issuer, about, Jsonb(structured), created],
        )
    found = read_profiles(runtime, ["roe", "equity", "deep.er"], assets=assets("A", "B"), dates=DATES)
    np.testing.assert_array_equal(found["roe"], [[0.1, NAN], [0.2, NAN], [0.2, NAN]])
    np.testing.assert_array_equal(found["equity"], [[5.0, NAN], [NAN, NAN], [NAN, NAN]])
    assert np.isnan(found["deep.er"]).all()
    days = read_profiles(runtime, ["as_of_date"], assets=assets("A", "B"), dates=DATES)["as_of_date"]
    told = [date(2017, 11, 1), TUESDAY, TUESDAY, WEDNESDAY]
    since_1970 = [float((day - date(1970, 1, 1)).days) for day in told]
    np.testing.assert_array_equal(days[:, 0], since_1970[:3])
    np.testing.assert_array_equal(days[:, 1], [NAN, NAN, since_1970[3]])
    then = read_profiles(
        runtime, ["roe"], assets=assets("A", "B"), dates=DATES, known_at=np.datetime64("2018-02-20", "us")
    )
    np.testing.assert_array_equal(then["roe"][:, 0], [0.1, 0.3, 0.3])


def test_nothing_asked_for_is_nothing_read(storage: PostgresStorage) -> None:
    with storage:
        for table in ("factors_daily", "instrument_factors_daily", "profiles"):
            assert storage.panels(table, [], assets=assets("A"), dates=DATES, known_at=None) == {}
            (values,) = storage.panels(
                table, ["MACRO:X"], assets=assets(), dates=DATES[:0], known_at=None
            ).values()
            assert values.size == 0
