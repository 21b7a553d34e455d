"""Real bars under symbols that were renamed and reused resolve to who had them on the day."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from prometheus.store.connections import connect

SHARED = Path(
    os.environ.get("PROMETHEUS_SHARED_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data"
)
LEAN = SHARED / "prices" / "lean_usa_equity"

pytestmark = pytest.mark.skipif(
    not LEAN.exists(), reason="../shared/data is not here; PROMETHEUS_SHARED_DATA says where it is"
)


def bars_of(databases):
    with connect(databases.historical_url) as connection:
        return {
            instrument_id: (n, str(first), str(last))
            for instrument_id, n, first, last in connection.execute(
                "SELECT instrument_id, count(*), min(trade_date), max(trade_date) FROM prices_daily"
                " GROUP BY 1"
            )
        }


@pytest.fixture
def register(prometheus):
    def call(*words):
        done = prometheus("ingest", "instruments", *words, "--market", "US_EQ", "--json")
        assert done.exit_code == 0, done.err
        return json.loads(done.out)

    return call


@pytest.fixture
def ingest(prometheus):
    def call(*words):
        done = prometheus("ingest", "prices", *words, "--market", "US_EQ", "--no-derive", "--json")
        assert done.exit_code == 0, done.err
        return json.loads(done.out)

    return call


def test_lean_bars_follow_renames_and_tell_a_reused_symbol_apart(at_databases, register, ingest):
    register(LEAN / "map_files")
    zips = [LEAN / "daily" / f"{name}.zip" for name in ("fb", "goog", "googl", "goocv", "gooav")]
    report = ingest(*zips, "--preset", "lean")
    assert report["rejected_by_rule"] == {}
    found = bars_of(at_databases)
    # Facebook began on 2012-05-18; the other FB is gone since 2003.
    assert found["US_EQ:FB@1999-09-29"][1:] == ("1999-09-29", "2003-03-28")
    assert found["US_EQ:FB"][1] == "2012-05-18"
    # Class A was GOOG until 2014-04-02, GOOGL since; class C was GOOCV while when-issued.
    assert found["US_EQ:GOOGL"][1] == "2004-08-19"
    assert found["US_EQ:GOOG"][1] == "2014-03-27"
    assert found["US_EQ:GOOAV"] == (5, "2014-03-27", "2014-04-02")
    assert set(found) == {"US_EQ:FB", "US_EQ:FB@1999-09-29", "US_EQ:GOOG", "US_EQ:GOOGL", "US_EQ:GOOAV"}
    with connect(at_databases.historical_url) as connection:
        switch = connection.execute(
            "SELECT instrument_id, trade_date::text FROM prices_daily WHERE instrument_id IN"
            " ('US_EQ:GOOG', 'US_EQ:GOOGL') AND trade_date BETWEEN '2014-04-02' AND '2014-04-03'"
            " ORDER BY 1, 2"
        ).fetchall()
    assert switch == [
        (instrument, day)
        for instrument in ("US_EQ:GOOG", "US_EQ:GOOGL")
        for day in ("2014-04-02", "2014-04-03")
    ]
    assert ingest(*zips, "--preset", "lean")["n_new"] == 0


def test_bars_that_came_before_their_map_file_stay_with_one_instrument(at_databases, register, ingest):
    ingest(LEAN / "daily" / "ibm.zip", "--preset", "lean", "--create")
    before = bars_of(at_databases)
    register(LEAN / "map_files")
    again = ingest(LEAN / "daily" / "ibm.zip", "--preset", "lean", "--create")
    assert (again["n_new"], again["created"]) == (0, [])
    assert bars_of(at_databases) == before
