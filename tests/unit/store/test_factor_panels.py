"""Factors, exposures and profiles as panels: what stands, and what was known at a moment."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import numpy as np
import psycopg
import pytest
from psycopg.types.json import Jsonb

from prometheus.flow.batch import Assets
from prometheus.kernel.ids import short_id
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


def batch_on_record(runtime: psycopg.Connection, known_at: str = "2018-02-06T15:00Z") -> str:
    """Record a delivery; return the short id that its rows carry."""
    raw_id = bytes(range(10)) + bytes.fromhex("aabbccddee01")
    runtime.execute(
        "INSERT INTO engine_configs (config_id, engine_name, version, config_body, created_by)"
        " VALUES ('c', 'INGEST', '1', '{}', 'tests')"
    )
    runtime.execute(
        "INSERT INTO engine_decisions (decision_id, engine_name, config_id, context_id, as_of_date,"
        " input_refs, raw_input_summary, proposed_action)"
        " VALUES (%s, 'INGEST', 'c', 'MACRO', '2018-02-06', %s, '{}', '{}')",
        [UUID(bytes=raw_id), Jsonb({"known_at": known_at})],
    )
    runtime.commit()
    return short_id(raw_id)


def read(storage: PostgresStorage, *names: str, dates=DATES, known_at: str | None = None):
    moment = None if known_at is None else np.datetime64(known_at, "us")
    with storage:
        found = storage.panels("factors_daily", names, assets=assets("A"), dates=dates, known_at=moment)
    return found[names[0]][:, 0] if len(names) == 1 else {name: found[name][:, 0] for name in names}


def test_a_factor_of_the_market_stands_at_its_date_and_a_delivered_one_where_it_was_known(
    storage: PostgresStorage, historical: psycopg.Connection, runtime: psycopg.Connection
) -> None:
    batch = batch_on_record(runtime)
    insert(
        historical,
        "factors_daily",
        ("US_EQ:MKT", MONDAY, -0.04, Jsonb({"n_names": 505})),
        ("US_EQ:MKT", WEDNESDAY, 0.1 + 0.2, Jsonb({})),
        ("EU_EQ:MKT", TUESDAY, 0.5, Jsonb({})),
        ("MACRO:VIX", MONDAY, 29.98, Jsonb({"batch": batch, "known_at": "2018-02-06T02:00Z"})),
        ("MACRO:VIX", TUESDAY, 37.32, Jsonb({"batch": batch, "known_at": "2018-02-07T21:00:01Z"})),
        ("MACRO:UNSAID", MONDAY, 1.5, Jsonb({"batch": batch})),  # then its delivery says it
    )
    found = read(storage, ":MKT", "MACRO:VIX", "MACRO:UNSAID")
    np.testing.assert_array_equal(found[":MKT"], [-0.04, NAN, 0.1 + 0.2])
    np.testing.assert_array_equal(found["MACRO:VIX"], [NAN, 29.98, NAN])  # the other: after the close
    np.testing.assert_array_equal(found["MACRO:UNSAID"], [NAN, 1.5, NAN])


def test_a_number_about_january_stands_in_february_and_is_carried_only_when_asked(
    storage: PostgresStorage, historical: psycopg.Connection
) -> None:
    january, february = date(2018, 1, 1), date(2017, 12, 1)
    insert(
        historical,
        "factors_daily",
        ("MACRO:CPI", february, 247.9, Jsonb({"known_at": "2018-01-12T13:30Z"})),
        ("MACRO:CPI", january, 248.9, Jsonb({"known_at": "2018-02-06T13:30Z"})),
        ("MACRO:SAT", date(2018, 2, 3), 7.0, Jsonb({"known_at": "2018-02-04T00:00Z"})),  # on a weekend
    )
    names = ("MACRO:CPI", "MACRO:CPI@last", "MACRO:SAT", "MACRO:SAT@last")
    found = read(storage, *names)
    np.testing.assert_array_equal(found["MACRO:CPI"], [NAN, 248.9, NAN])
    np.testing.assert_array_equal(found["MACRO:CPI@last"], [247.9, 248.9, 248.9])
    np.testing.assert_array_equal(found["MACRO:SAT"], [7.0, NAN, NAN])
    np.testing.assert_array_equal(found["MACRO:SAT@last"], [7.0, 7.0, 7.0])
    alone = read(storage, *names, dates=DATES[2:])  # the same, wherever the dates begin
    for name in names:
        np.testing.assert_array_equal(alone[name], found[name][2:])


def test_news_of_an_older_date_is_not_the_present_level(
    storage: PostgresStorage, historical: psycopg.Connection
) -> None:
    was = {"value": 1.0, "known_at": "2018-01-20T00:00Z", "until": "2018-02-06T12:00Z"}
    insert(
        historical,
        "factors_daily",
        ("MACRO:GDP", date(2017, 7, 1), 1.5, Jsonb({"known_at": "2018-02-06T12:00Z", "revisions": [was]})),
        ("MACRO:GDP", date(2017, 10, 1), 2.0, Jsonb({"known_at": "2018-02-05T12:00Z"})),
    )
    np.testing.assert_array_equal(read(storage, "MACRO:GDP"), [2.0, NAN, NAN])
    np.testing.assert_array_equal(read(storage, "MACRO:GDP@last"), [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(read(storage, "MACRO:GDP@last", known_at="2018-02-01"), [1.0, 1.0, 1.0])


def test_values_of_a_batch_without_a_decision_are_known_at_no_moment(
    storage: PostgresStorage, historical: psycopg.Connection, runtime: psycopg.Connection
) -> None:
    batch = batch_on_record(runtime)
    was = {"value": 1.0, "known_at": "2018-02-05T12:00Z", "batch": batch, "until": "2018-02-06T12:00Z"}
    crashed = {"batch": "000000000bad", "known_at": "2018-02-06T12:00Z"}
    insert(
        historical,
        "factors_daily",
        ("MACRO:A", MONDAY, 2.0, Jsonb(crashed | {"revisions": [was]})),
        ("MACRO:B", MONDAY, 3.0, Jsonb(crashed)),
    )
    found = read(storage, "MACRO:A@last", "MACRO:B@last")
    np.testing.assert_array_equal(found["MACRO:A@last"], [1.0, 1.0, 1.0])
    np.testing.assert_array_equal(found["MACRO:B@last"], [NAN, NAN, NAN])


def test_a_series_shows_the_version_that_was_believed_at_a_moment(
    storage: PostgresStorage, historical: psycopg.Connection
) -> None:
    version = {"value": 1.0, "known_at": "2018-02-05T00:00:00Z", "until": "2018-02-06T00:00:00Z"}
    second = {"value": 2.0, "known_at": "2018-02-06T00:00:00Z", "until": "2018-02-07T00:00:00Z"}
    metadata = {"known_at": "2018-02-07T00:00:00Z", "revisions": [version, second]}
    insert(
        historical,
        "factors_daily",
        ("MACRO:CPI", date(2018, 1, 1), 3.0, Jsonb(metadata)),
        ("US_EQ:MKT", TUESDAY, 0.01, Jsonb({})),  # derived: does not say
    )
    expected = {
        "2018-02-04": [NAN, NAN, NAN],
        "2018-02-05": [1.0, NAN, NAN],
        "2018-02-06T12:00": [1.0, 2.0, NAN],
        "2018-06-01": [1.0, 2.0, 3.0],
    }
    for moment, values in expected.items():
        found = read(storage, "MACRO:CPI", ":MKT", known_at=moment)
        np.testing.assert_array_equal(found["MACRO:CPI"], values)
        assert found[":MKT"][1] == 0.01


@pytest.mark.parametrize("seed", range(3))
def test_scrambling_all_that_became_known_later_changes_no_session_before(
    seed: int, storage: PostgresStorage, historical: psycopg.Connection
) -> None:
    """The oracle asks, session by session, which of the versions known at its close is of the latest date."""
    rng = np.random.default_rng(seed)
    sessions = sessions_of({"calendar": "XNYS"})
    days = sessions.between(np.datetime64("2018-01-02"), np.datetime64("2018-06-29"))
    dates, closes = sessions.dates[days], sessions.closes[days]
    start = np.datetime64("2017-11-01T00:00", "s")
    versions = []  # (date, moment, value), the versions of a date in the order of their moments
    for about in np.sort(rng.choice(200, size=60, replace=False)):
        at = start + np.timedelta64(int(about) * 86_400, "s")
        for _ in range(rng.integers(1, 4)):
            at = at + np.timedelta64(int(rng.integers(1, 30 * 86_400)), "s")
            versions.append((np.datetime64("2017-11-01") + int(about), at, float(rng.normal())))

    def store(told) -> None:
        historical.execute("ALTER TABLE factors_daily DISABLE TRIGGER USER")
        historical.execute("DELETE FROM factors_daily")
        historical.execute("ALTER TABLE factors_daily ENABLE TRIGGER USER")
        by_date: dict[np.datetime64, list[dict[str, object]]] = {}
        for about, at, value in told:
            by_date.setdefault(about, []).append({"value": value, "known_at": f"{at}Z"})
        rows = [
            ("MACRO:X", str(about), last["value"], Jsonb({"known_at": last["known_at"], "revisions": former}))
            for about, (*former, last) in by_date.items()
        ]
        insert(historical, "factors_daily", *rows)

    def levels(told) -> list[float]:
        out = []
        for close in closes:
            known = [(about, at, value) for about, at, value in told if at <= close]
            out.append(max(known, key=lambda one: one[:2])[2] if known else NAN)
        return out

    store(versions)
    whole = read(storage, "MACRO:X@last", "MACRO:X", dates=dates)
    np.testing.assert_array_equal(whole["MACRO:X@last"], levels(versions))
    learnt = ~np.isnan(whole["MACRO:X"])
    assert 15 < learnt.sum() < len(dates)
    np.testing.assert_array_equal(whole["MACRO:X"][learnt], whole["MACRO:X@last"][learnt])
    for t in rng.choice(len(dates) - 1, size=4, replace=False):
        store([one if one[1] <= closes[t] else (*one[:2], float(rng.normal())) for one in versions])
        scrambled = read(storage, "MACRO:X@last", "MACRO:X", dates=dates)
        store([one for one in versions if one[1] <= closes[t]])
        gone = read(storage, "MACRO:X@last", "MACRO:X", dates=dates)
        for name, values in whole.items():
            assert scrambled[name][: t + 1].tobytes() == values[: t + 1].tobytes()
            assert gone[name][: t + 1].tobytes() == values[: t + 1].tobytes()


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
