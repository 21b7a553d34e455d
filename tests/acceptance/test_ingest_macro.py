"""`prometheus ingest macro`: series in the shapes of FRED and the Treasury, known when delivered."""

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from prometheus.store.connections import connect
from prometheus.store.factors import read_factors

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("PROMETHEUS_SHARED_DATA") or ROOT.parent / "shared" / "data")
FRED = "DATE,DGS10,CPIAUCSL\n2018-01-01,.,248.859\n2018-01-02,2.46,\n2018-01-03,2.44,\n"
TREASURY = (
    "Date,1 Mo,2 Mo,10 Yr\n12/13/2022,3.8,4.2,3.75\n12-12-2022,3.86,,3.61\n12-09-2022,3.81,,3.57\n"
    "11/30/2022,4.07,,3.68\n"
)
FIRST, LAST = date(1900, 1, 1), date(2030, 1, 1)
pytestmark = pytest.mark.parametrize("server", ["embedded"], indirect=True)


def values(databases, *names, known_at=None, first=FIRST, last=LAST):
    with connect(databases.runtime_url) as runtime, connect(databases.historical_url) as historical:
        return read_factors(runtime, historical, names, first=first, last=last, known_at=known_at)


def stored(databases):
    with connect(databases.historical_url) as connection:
        return connection.execute("SELECT * FROM factors_daily ORDER BY 1, 2").fetchall()


def decisions(databases):
    with connect(databases.runtime_url) as connection:
        return connection.execute(
            "SELECT context_id, input_refs, proposed_action FROM engine_decisions ORDER BY timestamp"
        ).fetchall()


def taken(prometheus, *words):
    outcome = prometheus("ingest", "macro", "--json", *words)
    assert outcome.exit_code == 0, outcome.err
    return json.loads(outcome.out)


def test_a_file_of_fred_becomes_series_and_its_dots_become_nothing(tmp_path, at_databases, prometheus):
    file = tmp_path / "fred.csv"
    file.write_text(FRED)
    report = taken(prometheus, file)
    assert (report["n_rows"], report["n_missing"], report["n_new"], report["n_rejected"]) == (6, 3, 3, 0)
    assert values(at_databases, "MACRO:DGS10")["value"].to_list() == [0.0246, 0.0244]
    assert values(at_databases, "MACRO:CPIAUCSL")["value"].to_list() == [248.859]
    metadata = stored(at_databases)[0][3]
    assert (metadata["unit"], metadata["known_basis"]) == ("index, 1982-1984 = 100", "delivered")
    before = stored(at_databases)
    again = taken(prometheus, file)
    assert (again["n_new"], again["n_corrected"], again["n_unchanged"]) == (0, 0, 3)
    assert (again["is_recorded"], again["decision_id"]) == (False, report["decision_id"])
    assert stored(at_databases) == before
    (decision,) = decisions(at_databases)
    assert decision[0] == "MACRO"
    assert decision[1]["files"][0]["name"] == "fred.csv"


def test_the_order_of_the_rows_says_what_the_dates_of_the_treasury_mean(tmp_path, at_databases, prometheus):
    file = tmp_path / "rates.csv"
    file.write_text(TREASURY)
    assert taken(prometheus, file)["n_new"] == 9
    found = values(at_databases, "MACRO:UST_10Y")
    assert found["trade_date"].to_list() == [
        date(2022, 11, 30), date(2022, 12, 9), date(2022, 12, 12), date(2022, 12, 13)
    ]  # fmt: skip
    assert found["value"].to_list() == [0.0368, 0.0357, 0.0361, 0.0375]
    assert values(at_databases, "MACRO:UST_2M").height == 1


def test_a_restated_value_keeps_the_former_one_and_the_past_reads_the_same(
    tmp_path, at_databases, prometheus
):
    file = tmp_path / "fred.csv"
    file.write_text(FRED)
    first = taken(prometheus, file, "--known-at", "2018-02-01T00:00Z")
    february = datetime(2018, 2, 15, tzinfo=UTC)
    before = values(at_databases, "MACRO:DGS10", "MACRO:CPIAUCSL", known_at=february)
    file.write_text(FRED.replace("248.859", "248.743"))
    second = taken(prometheus, file, "--known-at", "2018-03-01T00:00Z")
    assert (second["n_new"], second["n_corrected"], second["n_unchanged"]) == (0, 1, 2)
    assert values(at_databases, "MACRO:DGS10", "MACRO:CPIAUCSL", known_at=february).equals(before)
    march = datetime(2018, 3, 1, tzinfo=UTC)
    assert values(at_databases, "MACRO:CPIAUCSL", known_at=march)["value"].to_list() == [248.743]
    metadata = stored(at_databases)[0][3]
    (former,) = metadata["revisions"]
    assert (former["value"], former["batch"], former["replaced_by"], former["until"]) == (
        248.859, first["batch"], second["batch"], "2018-03-01T00:00:00.000000Z"
    )  # fmt: skip
    file.write_text(FRED)
    back = taken(prometheus, file, "--known-at", "2018-04-01T00:00Z")
    assert (back["n_corrected"], back["is_recorded"]) == (1, True)
    assert len(stored(at_databases)[0][3]["revisions"]) == 2
    assert taken(prometheus, file)["decision_id"] == back["decision_id"]
    file.write_text(FRED.replace("2.44", "2.45"))
    outcome = prometheus("ingest", "macro", file, "--known-at", "2018-01-15T00:00Z")
    assert outcome.exit_code == 0
    assert "(MACRO:DGS10 2018-01-03): older_than_stored: value = 2.45" in outcome.err
    file.write_text("DATE,DGS10\n2018-01-03,2.45\n")
    outcome = prometheus("ingest", "macro", file, "--known-at", "2018-01-15T00:00Z")
    assert outcome.exit_code == 3
    assert "older_than_stored" in outcome.err


def test_values_that_came_too_late_are_set_aside_and_those_beside_them_land(
    tmp_path, at_databases, prometheus
):
    file = tmp_path / "fred.csv"
    file.write_text(FRED)
    taken(prometheus, file, "--known-at", "2018-03-01T00:00Z")
    file.write_text(FRED.replace("2.44", "2.45") + "2018-01-04,2.46,\n2018-01-04,2.46,\n")
    report = taken(prometheus, file, "--known-at", "2018-02-01T00:00Z")
    assert report["rejected_by_rule"] == {"older_than_stored": 1}
    assert (report["n_new"], report["n_corrected"], report["n_unchanged"], report["n_rejected"]) == (
        1, 0, 2, 1
    )  # fmt: skip
    found = values(at_databases, "MACRO:DGS10")
    assert found["value"].to_list() == [0.0246, 0.0244, 0.0246]
    rejects = pl.read_csv(report["rejects_file"], infer_schema=False)
    assert rejects.select("factor_id", "date", "value").rows() == [("MACRO:DGS10", "2018-01-03", "2.45")]
    again = taken(prometheus, file, "--known-at", "2018-02-01T00:00Z")
    assert (again["decision_id"], again["is_recorded"]) == (report["decision_id"], False)


def test_a_value_is_known_by_its_release_where_that_is_said(tmp_path, at_databases, prometheus):
    file = tmp_path / "fred.csv"
    file.write_text(FRED)
    taken(prometheus, file, "--release-lag", "1", "--known-at", "2018-02-01T00:00Z")
    at = datetime(2018, 1, 4, 0, tzinfo=UTC)
    assert values(at_databases, "MACRO:DGS10", known_at=at)["trade_date"].to_list() == [date(2018, 1, 2)]
    assert stored(at_databases)[1][3]["known_at"] == "2018-01-03T23:59:59.000000Z"
    assert stored(at_databases)[1][3]["known_basis"] == "release_lag"


def test_a_lag_that_ends_before_the_month_does_is_refused(tmp_path, at_databases, prometheus):
    file = tmp_path / "CPIAUCSL.csv"
    file.write_text("DATE,CPIAUCSL\n2018-01-01,248.743\n2018-02-01,249.439\n2018-03-01,249.581\n")
    done = prometheus("ingest", "macro", file, "--release-lag", "1")
    assert done.exit_code == 2
    assert "MACRO:CPIAUCSL is dated on the first of periods of about" in done.err
    assert stored(at_databases) == []
    assert taken(prometheus, file, "--release-lag", "45")["n_new"] == 3


def test_a_calendar_of_releases_says_when_each_value_was_published(tmp_path, at_databases, prometheus):
    file, calendar = tmp_path / "fred.csv", tmp_path / "calendar.csv"
    file.write_text(FRED)
    calendar.write_text(
        "series_id,date,released\nCPIAUCSL,2018-01-01,2018-02-14T08:30:00-05:00\nDGS10,2018-01-02,2018-01-03\n"
    )
    taken(prometheus, file, "--release-calendar", calendar, "--known-at", "2018-03-01T00:00Z")
    told = {
        (row[0], str(row[1])): (row[3]["known_at"], row[3]["known_basis"]) for row in stored(at_databases)
    }
    assert told == {
        ("MACRO:CPIAUCSL", "2018-01-01"): ("2018-02-14T13:30:00.000000Z", "release_calendar"),
        ("MACRO:DGS10", "2018-01-02"): ("2018-01-03T23:59:59.000000Z", "release_calendar"),
        ("MACRO:DGS10", "2018-01-03"): ("2018-03-01T00:00:00.000000Z", "delivered"),
    }
    both = prometheus("ingest", "macro", file, "--release-calendar", calendar, "--release-lag", "2")
    assert both.exit_code == 2


def test_bad_cells_are_named_and_the_good_ones_beside_them_land(tmp_path, at_databases, prometheus):
    file = tmp_path / "bad.csv"
    file.write_text(
        "DATE,DGS10,DGS2\n2018-01-02,2.46,1.92\n2018-01-03,abc,1.94\nnever,2.46,1.96\n2999-01-01,1,1\n"
        '2018-01-04,inf\n2018-01-04,"2.46,1.93\n2018-01-05,2.47,1.96\n2018-01-05,2.48,1.96\n'
    )
    outcome = prometheus("ingest", "macro", file, tmp_path / "missing.csv")
    assert outcome.exit_code == 0
    assert "missing.csv" in outcome.err
    assert "bad.csv row 3 (MACRO:DGS10 2018-01-03): unparsable_value: value = abc" in outcome.err
    found = values(at_databases, "MACRO:DGS2", "MACRO:DGS10")
    assert found.rows() == [
        ("MACRO:DGS10", date(2018, 1, 2), 0.0246),
        ("MACRO:DGS2", date(2018, 1, 2), 0.0192),
        ("MACRO:DGS2", date(2018, 1, 3), 0.0194),
        ("MACRO:DGS2", date(2018, 1, 5), 0.0196),
    ]
    (rejects,) = (tmp_path / "home" / "rejects").glob("*.csv")
    rules = set(pl.read_csv(rejects, infer_schema=False)["rule"])
    assert rules == {
        "unparsable_value", "unparsable_date", "not_yet", "wrong_number_of_fields", "contradicting_duplicate"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\x00\x01\x02", "no text in UTF-8"),
        (b"DATE\n2018-01-01\n", "has no columns"),
        (b"DATE,DGS10\n", "no cell holds a value"),
        (b"a,b\n1,2\n", "no column of dates"),
        (b"DATE,DGS10\n2018-01-01,.\n", "no cell holds a value"),
        (b"DATE,DGS10\n01/02/2018,2.46\n", "Day or month first"),
        (b"PAR1" + bytes(40), "can't be read as Parquet"),
        (b'DATE,DGS10\n2018-01-02,"2.46\n', "wrong_number_of_fields"),
    ],
)
def test_a_file_of_which_nothing_is_left_is_refused_by_name(
    content, said, tmp_path, at_databases, prometheus
):
    file = tmp_path / ("given.csv.parquet" if content[:4] == b"PAR1" else "given.csv")
    file.write_bytes(content)
    outcome = prometheus("ingest", "macro", file)
    assert outcome.exit_code == 3
    assert "given.csv" in outcome.err
    assert said in outcome.err
    assert stored(at_databases) == []


def test_a_dry_run_keeps_nothing(tmp_path, at_databases, prometheus):
    file = tmp_path / "fred.csv"
    file.write_text(FRED)
    assert taken(prometheus, file, "--dry-run")["n_new"] == 3
    assert stored(at_databases) == []
    assert decisions(at_databases) == []


def test_a_decision_that_a_crash_lost_comes_back_by_running_again(tmp_path, at_databases, prometheus):
    file = tmp_path / "fred.csv"
    file.write_text(FRED)
    whole = taken(prometheus, file)
    (recorded,) = decisions(at_databases)
    with connect(at_databases.runtime_url) as connection:  # what a crash between both transactions leaves
        connection.execute("ALTER TABLE engine_decisions DISABLE TRIGGER USER")
        connection.execute("DELETE FROM engine_decisions")
        connection.execute("ALTER TABLE engine_decisions ENABLE TRIGGER USER")
    healed = taken(prometheus, file)
    assert (healed["decision_id"], healed["healed"]) == (whole["decision_id"], [whole["decision_id"]])
    assert (healed["is_recorded"], healed["n_new"], healed["n_unchanged"]) == (False, 0, 3)
    assert decisions(at_databases) == [recorded]


@pytest.mark.skipif(not (SHARED / "macro").exists(), reason=f"no macro series in {SHARED}")
def test_the_macro_series_of_the_shared_data_go_in_twice(at_databases, prometheus):
    first = taken(prometheus, SHARED / "macro")
    assert (first["n_rejected"], first["n_corrected"], first["faults"]) == (0, 0, [])
    assert {name: facts[2] for name, facts in first["series"].items() if "UST" not in name} == {
        "MACRO:CPIAUCSL": 911, "MACRO:DGS10": 2502, "MACRO:INDPRO": 1200, "MACRO:VIXCLS": 1259
    }  # fmt: skip
    found = values(at_databases, "MACRO:UST_10Y", "MACRO:DGS10")
    wide = found.pivot("factor_id", index="trade_date", values="value").drop_nulls()
    # Two publications of one number: dates that were read wrong would show at once.
    differing = wide.filter((wide["MACRO:UST_10Y"] - wide["MACRO:DGS10"]).abs() > 1e-12)
    assert wide.height > 2_400
    assert differing.height <= 5, differing
    before = stored(at_databases)
    again = taken(prometheus, SHARED / "macro")
    assert (again["n_new"], again["n_corrected"], again["n_unchanged"]) == (0, 0, first["n_new"])
    assert stored(at_databases) == before
