"""`prometheus ingest events`: texts of the FOMC from their release on, and calendars with their versions."""

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from prometheus.store.artifacts import Artifacts
from prometheus.store.connections import connect
from prometheus.store.events import read_events

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("PROMETHEUS_SHARED_DATA") or ROOT.parent / "shared" / "data")
FIRST, LAST = date(1990, 1, 1), date(2100, 1, 1)
CALENDAR = (
    "Event,Type,Timestamp,Country,Actual,Previous,Forecast,Unit\n"
    "Consumer prices,CPI,2018-02-14T08:30:00-05:00,us,2.1,2.1,1.9,percent\n"
    "Payrolls,Non-farm payrolls,2018-03-09T08:30:00-05:00,US,,200K,205K,\n"
)
pytestmark = pytest.mark.parametrize("server", ["embedded", "15"], indirect=True)


def events(databases, *, known_at=None, event_types=None, first=FIRST, last=LAST):
    with connect(databases.runtime_url) as runtime, connect(databases.historical_url) as historical:
        return read_events(
            runtime, historical, first=first, last=last, known_at=known_at, event_types=event_types
        )


def decisions(databases):
    with connect(databases.runtime_url) as connection:
        return connection.execute(
            "SELECT decision_id, context_id, input_refs, proposed_action FROM engine_decisions"
        ).fetchall()


def taken(prometheus, *words):
    outcome = prometheus("ingest", "events", "--json", *words)
    assert outcome.exit_code == 0, outcome.err
    return json.loads(outcome.out)


def moment(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def text_of(folder, name, text="The Committee decided today to keep its target."):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder


def test_a_statement_is_known_at_its_hour_and_its_text_is_an_artifact(tmp_path, at_databases, prometheus):
    folder = text_of(tmp_path / "statements", "20100127.txt")
    text_of(folder, "20130320.txt", "The Committee decided on March 20.")
    report = taken(prometheus, folder, "--kind", "FOMC_STATEMENT")
    assert (report["n_rows"], report["n_new"], report["n_rejected"]) == (2, 2, 0)
    found = events(at_databases)
    assert found["timestamp"].to_list() == [moment("2010-01-27T19:15:00Z"), moment("2013-03-20T18:00:00Z")]
    assert found["known_at"].equals(found["timestamp"], check_names=False)
    assert found["country"].to_list() == ["US", "US"]
    assert json.loads(found["metadata"][0])["meeting_date"] == "2010-01-27"
    kept = Artifacts(f"file://{tmp_path / 'home' / 'artifacts'}").get(found["text_ref"][0])
    assert kept == b"The Committee decided today to keep its target."
    again = taken(prometheus, folder, "--kind", "FOMC_STATEMENT")
    assert (again["n_new"], again["n_changed"], again["n_unchanged"]) == (0, 0, 2)
    assert (again["is_recorded"], again["decision_id"]) == (False, report["decision_id"])
    assert events(at_databases).equals(found)
    ((_, context_id, refs, action),) = decisions(at_databases)
    assert (context_id, action["n_new"], len(refs["files"])) == ("EVENTS", 2, 2)


def test_texts_as_the_board_names_them_go_in_from_their_pages(tmp_path, at_databases, prometheus):
    folder = text_of(
        tmp_path / "pages", "monetary20150318a.htm", "<html><p>The Committee decided.</p></html>"
    )
    text_of(folder, "statement_2015-04-29.txt", "The Committee decided again.")
    report = taken(prometheus, folder, "--kind", "FOMC_STATEMENT")
    assert (report["n_new"], report["n_rejected"]) == (2, 0)
    found = events(at_databases)
    assert found["timestamp"].to_list() == [moment("2015-03-18T18:00:00Z"), moment("2015-04-29T18:00:00Z")]
    kept = Artifacts(f"file://{tmp_path / 'home' / 'artifacts'}").get(found["text_ref"][0])
    assert kept == b"The Committee decided.\n"
    minutes = text_of(tmp_path / "minutes", "fomcminutes_2013-01-29-30.html", "<p>The Committee met.</p>")
    assert taken(prometheus, minutes, "--kind", "FOMC_MINUTES")["n_new"] == 1
    (at,) = events(at_databases, event_types=["FOMC_MINUTES"])["timestamp"].to_list()
    assert at == moment("2013-02-20T19:00:00Z")  # of two days the second counts


def test_minutes_are_known_three_weeks_after_their_meeting(tmp_path, at_databases, prometheus):
    folder = text_of(tmp_path / "minutes", "20130130.txt", "(SOMA) reported on markets. The meeting")
    assert taken(prometheus, folder, "--kind", "FOMC_MINUTES")["n_new"] == 1
    assert events(at_databases, known_at=moment("2013-02-20T18:59:59Z")).is_empty()
    found = events(at_databases, known_at=moment("2013-02-20T19:00:00Z"))
    assert found["timestamp"].to_list() == [moment("2013-02-20T19:00:00Z")]
    assert json.loads(found["metadata"][0])["flags"] == ["begins_in_sentence", "ends_in_sentence"]


def test_minutes_from_before_2005_wait_for_the_next_meeting_or_a_release_date(
    tmp_path, at_databases, prometheus
):
    folder = text_of(tmp_path / "minutes", "20040921.txt")
    outcome = prometheus("ingest", "events", folder, "--kind", "FOMC_MINUTES")
    assert outcome.exit_code == 3
    assert "20040921.txt row 1" in outcome.err
    assert "--release-dates" in outcome.err
    text_of(folder, "20041110.txt")
    assert taken(prometheus, folder, "--kind", "FOMC_MINUTES")["n_new"] == 1
    dates = tmp_path / "dates.csv"
    dates.write_text("meeting,released\n2004-09-21,2004-11-12\n2004-11-10,2004-12-16T14:00:00-05:00\n")
    report = taken(prometheus, folder, "--kind", "FOMC_MINUTES", "--release-dates", dates)
    assert (report["n_new"], report["n_changed"]) == (1, 1)
    found = events(at_databases)
    assert found["timestamp"].to_list() == [moment("2004-11-12T19:00:00Z"), moment("2004-12-16T19:00:00Z")]


def test_names_that_are_no_meeting_and_texts_that_are_none_are_set_aside(tmp_path, at_databases, prometheus):
    folder = text_of(tmp_path / "given", "20100127.txt")
    text_of(folder, "20070618.txt", "Named after a Monday; the meeting ended ten days later.")
    text_of(folder, "notes.txt")
    text_of(folder, "20100316.txt", " \n")
    (folder / "20100428.txt").write_bytes(b"The Committee\xff")
    (folder / "20100623.txt").write_bytes(b"")
    outcome = prometheus("ingest", "events", folder, "--kind", "FOMC_STATEMENT", "--known-at", "2012-01-01")
    assert outcome.exit_code == 0
    assert "20070618.txt row 1 (2007-06-18): not_a_meeting_day: meeting_date = 2007-06-18" in outcome.err
    assert "20100623.txt is empty" in outcome.err
    assert events(at_databases).height == 1
    (rejects,) = (tmp_path / "home" / "rejects").glob("*.csv")
    assert dict(pl.read_csv(rejects).select("file", "rule").iter_rows()) == {
        "20070618.txt": "not_a_meeting_day",
        "20100316.txt": "empty_text",
        "20100428.txt": "not_utf8",
        "notes.txt": "no_date_in_name",
    }
    early = prometheus("ingest", "events", folder, "--kind", "FOMC_STATEMENT", "--known-at", "2009-01-01")
    assert early.exit_code == 3
    assert "not_yet" in early.err


def test_an_event_gets_versions_and_the_past_reads_the_same(tmp_path, at_databases, prometheus):
    file = tmp_path / "calendar.csv"
    file.write_text(CALENDAR)
    first = taken(prometheus, file, "--known-at", "2018-03-01T00:00Z")
    assert (first["n_new"], first["n_rejected"]) == (2, 0)
    then = moment("2018-03-05T00:00:00Z")
    before = events(at_databases, known_at=then)
    assert before["event_type"].to_list() == ["CPI", "NON_FARM_PAYROLLS"]
    assert before["known_at"].to_list() == [moment("2018-03-01T00:00:00Z")] * 2
    assert events(at_databases, known_at=moment("2018-02-28T23:59:59Z")).is_empty()
    assert json.loads(before["metadata"][0])["actual"] == 2.1
    assert json.loads(before["metadata"][1])["forecast"] == "205K"
    file.write_text(CALENDAR.replace("US,,200K", "US,313K,200K"))
    second = taken(prometheus, file, "--known-at", "2018-03-10T00:00Z")
    assert (second["n_new"], second["n_changed"], second["n_unchanged"]) == (0, 1, 1)
    assert events(at_databases, known_at=then).equals(before)
    after = events(at_databases, known_at=moment("2018-03-10T00:00:00Z"), event_types=["NON_FARM_PAYROLLS"])
    assert json.loads(after["metadata"][0])["actual"] == "313K"
    assert taken(prometheus, file)["n_unchanged"] == 2
    late = prometheus("ingest", "events", file, "--known-at", "2018-03-09T20:00Z")
    assert late.exit_code == 0
    file.write_text(CALENDAR.replace("US,,200K", "US,314K,200K"))
    late = prometheus("ingest", "events", file, "--known-at", "2018-03-09T20:00Z")
    assert "before_former" in late.err


def test_a_calendar_that_was_kept_as_it_appeared_says_so(tmp_path, at_databases, prometheus):
    file = tmp_path / "calendar.csv"
    file.write_text(CALENDAR)
    now = taken(prometheus, file)
    assert events(at_databases)["known_at"].min() > moment("2026-01-01T00:00:00Z")
    assert now["n_new"] == 2
    file.write_text(CALENDAR.replace("Consumer prices,CPI", "Producer prices,PPI"))
    assert taken(prometheus, file, "--known-at", "published")["n_new"] == 1
    known = events(at_databases, known_at=moment("2018-02-14T13:30:00Z"))
    assert known["description"].to_list() == ["Producer prices"]
    assert json.loads(known["metadata"][0])["known_basis"] == "published"
    refs = {refs["known_when"] for _, _, refs, _ in decisions(at_databases)}
    assert refs == {"delivered", "published"}


def test_rows_of_a_calendar_that_break_a_rule_are_named(tmp_path, at_databases, prometheus):
    file = tmp_path / "calendar.csv"
    file.write_text(
        "event_type,timestamp,country,actual\nCPI,2018-02-14T08:30:00-05:00,US,2.1\nCPI,2018-03-14T08:30,US,2\n"
        "CPI,04/05/2018 08:30 ET,US,2\nCPI,2018-04-11T08:30-04:00,USA,2\n,2018-05-10T08:30-04:00,US,2\n"
        "CPI,,US,2\nCPI,2199-01-01T00:00Z,US,2\nCPI,2018-06-12T08:30-04:00\n"
        'CPI,"2018-06-12T08:30-04:00,US,2\n'
        "CPI,2018-07-12T08:30-04:00,US,2\nCPI,2018-07-12T08:30-04:00,US,3\n"
    )
    report = taken(prometheus, file)
    assert (report["n_rows"], report["n_new"], report["n_rejected"]) == (11, 1, 10)
    assert report["rejected_by_rule"] == {
        "actual_not_yet": 1,
        "ambiguous_date": 1,
        "contradicting_events": 2,
        "event_type_missing": 1,
        "timestamp_missing": 1,
        "unknown_country": 1,
        "wrong_number_of_fields": 2,
        "zone_missing": 1,
    }
    zoned = taken(prometheus, file, "--zone", "America/New_York", "--kind", "OTHER")
    assert zoned["n_new"] == 2
    assert prometheus("ingest", "events", file, "--zone", "Mars").exit_code == 2


def test_a_dry_run_keeps_nothing(tmp_path, at_databases, prometheus):
    folder = text_of(tmp_path / "statements", "20100127.txt")
    assert taken(prometheus, folder, "--kind", "FOMC_STATEMENT", "--dry-run")["n_new"] == 1
    assert events(at_databases).is_empty()
    assert decisions(at_databases) == []
    assert not (tmp_path / "home" / "artifacts").exists()


def test_a_decision_that_a_crash_lost_comes_back_by_running_again(tmp_path, at_databases, prometheus):
    folder = text_of(tmp_path / "statements", "20100127.txt")
    whole = taken(prometheus, folder, "--kind", "FOMC_STATEMENT")
    with connect(at_databases.runtime_url) as connection:  # what a crash between both transactions leaves
        connection.execute("ALTER TABLE engine_decisions DISABLE TRIGGER USER")
        connection.execute("DELETE FROM engine_decisions")
        connection.execute("ALTER TABLE engine_decisions ENABLE TRIGGER USER")
    healed = taken(prometheus, folder, "--kind", "FOMC_STATEMENT")
    assert (healed["decision_id"], healed["healed"]) == (whole["decision_id"], [whole["decision_id"]])
    assert (healed["is_recorded"], healed["n_new"]) == (False, 0)
    assert len(decisions(at_databases)) == 1


@pytest.mark.skipif(not (SHARED / "text").exists(), reason=f"no texts of the FOMC in {SHARED}")
@pytest.mark.parametrize(
    ("kind", "folder", "n_new", "rejected"),
    [
        # 2007-06-18 is a Monday: that statement came out on 28 June 2007.
        ("FOMC_STATEMENT", "fomc_statements", 113, {"not_a_meeting_day": 1}),
        ("FOMC_MINUTES", "fomc_minutes", 16, {}),
    ],
)
def test_the_texts_of_the_shared_data_go_in_twice(kind, folder, n_new, rejected, at_databases, prometheus):
    given = SHARED / "text" / folder
    first = taken(prometheus, given, "--kind", kind)
    assert (first["n_new"], first["rejected_by_rule"], first["faults"]) == (n_new, rejected, [])
    before = events(at_databases)
    again = taken(prometheus, given, "--kind", kind)
    assert (again["n_new"], again["n_changed"], again["n_unchanged"]) == (0, 0, n_new)
    assert events(at_databases).equals(before)
    for row in before.iter_rows(named=True):
        meeting = date.fromisoformat(json.loads(row["metadata"])["meeting_date"])
        n_days = (row["timestamp"].date() - meeting).days
        assert n_days in ((0, 1) if kind == "FOMC_STATEMENT" else (21,))
