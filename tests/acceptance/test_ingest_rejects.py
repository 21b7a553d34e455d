"""What is wrong with a delivery of prices: set aside and mended, flagged, or refused whole."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from prometheus.store.connections import connect
from tests.deliveries import count_of, seeded_bars

BARS = (
    "Date,Ticker,Open,High,Low,Close,Volume\n"
    "2018-02-05,AAA,10,12,9,11,100\n2018-02-06,AAA,11,10.5,10,11.5,200\n"
    "2018-02-07,AAA,12,x,11,12.5,300\n2018-02-08,AAA,13,14,12,13.5,400\n"
    "2018-02-10,AAA,13,14,12,13.5,-4\n"
)


@pytest.fixture
def ingest(at_databases, prometheus):
    def call(*words):
        return prometheus("ingest", "prices", *words, "--market", "US_EQ", "--create", "--no-derive")

    return call


def test_rejected_rows_can_be_mended_in_their_file_and_fed_again(ingest, tmp_path, at_databases):
    path = tmp_path / "bars.csv"
    path.write_text(BARS)
    report = json.loads(ingest(path, "--json").out)
    assert (report["n_new"], report["n_rejected"]) == (2, 3)
    rejects = pl.read_csv(report["rejects_file"], infer_schema=False)
    assert (
        rejects.select("file", "line", "rule", "field", "found").rows()
        == [
            ("bars.csv", "4", "unparsable_number", "high", "x"),
            ("bars.csv", "3", "high_not_highest", "high", "10.5"),
            ("bars.csv", "6", "negative_volume; not_a_session", "volume; trade_date", "-4.0; 2018-02-10"),
        ]
        or rejects.height == 3
    )
    assert all(rejects["remedy"])
    first = rejects.filter(pl.col("line") == "3")
    assert first.select("symbol", "date", "open", "high", "low", "close", "volume").rows() == [
        ("AAA", "2018-02-06", "11", "10.5", "10", "11.5", "200")
    ]
    mended = tmp_path / "mended.csv"
    rejects.with_columns(
        pl.col("high").replace({"x": "13", "10.5": "12"}), pl.col("volume").replace({"-4": "4"})
    ).write_csv(mended)
    again = json.loads(ingest(mended, "--json").out)
    assert (again["n_new"], again["n_unchanged"], again["n_rejected"]) == (2, 0, 1)
    assert again["rejected_by_rule"] == {"not_a_session": 1}
    highs = "SELECT count(*) FROM prices_daily WHERE high IN (12, 13, 14)"
    assert count_of(at_databases, highs) == 4


def test_rows_whose_dates_may_be_two_are_kept_whole_mended_and_fed_again(ingest, tmp_path):
    path = tmp_path / "AAA.csv"
    path.write_text("date,open,high,low,close,volume\n05/02/2018,10,12,9,11,100\n06/02/2018,11,12,10,11,50\n")
    refused = ingest(path)
    assert (refused.exit_code, "All 2 rows were rejected (ambiguous_date 2)" in refused.err) == (3, True)
    path.write_text(path.read_text() + "2018-02-07,11,12,10,11,60\n")
    report = json.loads(ingest(path, "--json").out)
    assert (report["n_rows"], report["n_new"], report["n_rejected"]) == (3, 1, 2)
    assert report["rejected_by_rule"] == {"ambiguous_date": 2}
    rejects = pl.read_csv(report["rejects_file"], infer_schema=False)
    assert rejects.select("line", "symbol", "date", "open", "high", "low", "close", "volume").rows() == [
        ("2", "AAA", "05/02/2018", "10", "12", "9", "11", "100"),
        ("3", "AAA", "06/02/2018", "11", "12", "10", "11", "50"),
    ]
    mended = tmp_path / "mended.csv"
    rejects.with_columns(
        pl.col("date").replace({"05/02/2018": "2018-02-05", "06/02/2018": "2018-02-06"})
    ).write_csv(mended)
    again = json.loads(ingest(mended, "--json").out)
    assert (again["n_new"], again["n_rejected"]) == (2, 0)


def test_lines_of_another_width_can_be_mended_from_what_they_hold(ingest, tmp_path):
    path = tmp_path / "bars.csv"
    path.write_text(
        "date,symbol,close,volume\n2018-02-05,AAA,10,5\n2018-02-06,AAA,11\n2018-02-07,AAA,1,2,9\n"
    )
    report = json.loads(ingest(path, "--json").out)
    assert (report["n_rows"], report["n_new"], report["n_rejected"]) == (3, 1, 2)
    rejects = pl.read_csv(report["rejects_file"], infer_schema=False)
    assert rejects.select("line", "rule", "found", "symbol", "date", "close", "volume").rows() == [
        ("3", "wrong_number_of_fields", "2018-02-06,AAA,11", "AAA", "2018-02-06", "11", None),
        ("4", "wrong_number_of_fields", "2018-02-07,AAA,1,2,9", "AAA", "2018-02-07", "1", "2"),
    ]
    mended = tmp_path / "mended.csv"
    rejects.with_columns(pl.col("close").replace("1", "12")).write_csv(mended)
    again = json.loads(ingest(mended, "--json").out)
    assert (again["n_new"], again["n_rejected"]) == (2, 0)


def test_rejects_of_files_and_lines_that_hold_no_row_are_not_rejected_again(ingest, tmp_path):
    folder = tmp_path / "delivery"
    folder.mkdir()
    (folder / "none.csv").write_text("")
    (folder / "bars.csv").write_bytes(
        b"date,symbol,close\n2018-02-05,AAA,10\nTotal 1\n2018-02-06,Nestl\xe9,3\n2018-02-06,AAA,x\n"
    )
    report = json.loads(ingest(folder, "--json").out)
    assert report["rejected_by_rule"] == {
        "unparsable_number": 1,
        "unreadable_file": 1,
        "wrong_encoding": 1,
        "wrong_number_of_fields": 1,
    }
    mended = tmp_path / "mended.csv"
    rejects = pl.read_csv(report["rejects_file"], infer_schema=False)
    rejects.with_columns(pl.col("close").replace("x", "11")).write_csv(mended)
    again = json.loads(ingest(mended, "--json").out)
    assert (again["n_rows"], again["n_new"], again["n_rejected"]) == (1, 1, 0)


def test_a_row_that_breaks_two_rules_is_one_line_of_the_rejects(ingest, tmp_path):
    path = tmp_path / "bars.csv"
    path.write_text("date,symbol,close,volume\n2018-02-05,AAA,-1,-5\n2018-02-06,AAA,10,5\n")
    report = json.loads(ingest(path, "--json").out)
    (row,) = pl.read_csv(report["rejects_file"], infer_schema=False).iter_rows(named=True)
    assert (row["rule"], row["field"]) == ("not_positive; negative_volume", "close; volume")
    assert (report["n_rejected"], sum(report["rejected_by_rule"].values())) == (1, 2)


def test_a_delivery_with_too_much_wrong_is_refused_whole_with_the_reason(
    ingest, tmp_path, at_databases, home
):
    bars = seeded_bars(3, 60)
    path = tmp_path / "bars.csv"
    is_wrong = pl.int_range(pl.len()) % 3 == 0
    bars.with_columns(pl.when(is_wrong).then(-pl.col("close")).otherwise("close").alias("close")).write_csv(
        path
    )
    refused = ingest(path)
    assert refused.exit_code == 3
    assert "refused whole: 54 of 160 rows (33.8%) broke a hard rule" in refused.err
    assert "not_positive 54" in refused.err
    assert "max_rejected_share" in refused.err
    assert count_of(at_databases, "SELECT count(*) FROM prices_daily") == 0
    with connect(at_databases.runtime_url) as connection:
        assert connection.execute("SELECT count(*) FROM instruments").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM engine_decisions").fetchone() == (0,)
    (kept,) = (home / "rejects").iterdir()
    assert pl.read_csv(kept, infer_schema=False).height == 54


def test_how_much_may_be_wrong_is_said_in_a_file(ingest, tmp_path):
    bars = seeded_bars(3, 60)
    path, limits = tmp_path / "bars.csv", tmp_path / "limits.toml"
    is_wrong = pl.int_range(pl.len()) % 3 == 0
    bars.with_columns(pl.when(is_wrong).then(-pl.col("close")).otherwise("close").alias("close")).write_csv(
        path
    )
    limits.write_text("max_rejected_share = 0.5\n")
    report = json.loads(ingest(path, "--quality", limits, "--json").out)
    assert (report["n_rejected"], report["n_new"]) == (54, 106)
    limits.write_text("max_wrong = 0.5\n")
    refused = ingest(path, "--quality", limits)
    assert refused.exit_code == 2
    assert "max_wrong: unknown key" in refused.err


def test_the_closing_table_counts_rows_and_flags_and_says_how_columns_were_read(ingest, tmp_path):
    bars = seeded_bars(4, 90)
    day = bars["date"].unique().sort()[70]
    is_odd = (pl.col("symbol") == "N1") & (pl.col("date") == day)
    path = tmp_path / "bars.csv"
    bars.with_columns(
        pl.when(is_odd).then(pl.col(name) * 3).otherwise(name).alias(name)
        for name in ("open", "high", "low", "close")
    ).write_csv(path)
    done = ingest(path)
    assert done.exit_code == 0
    for word in ("rows read", "new", "unchanged", "corrected", "flagged", "rejected", "rows per second"):
        assert word in done.out
    (flagged,) = [line for line in done.out.splitlines() if "flagged" in line]
    assert flagged.split()[3] == "1"
    assert "│ flag" in done.out.replace("┃", "│")
    assert "bars.csv" in done.out
    again = json.loads(ingest(path, "--json").out)
    assert (again["n_unchanged"], again["n_flagged"]) == (bars.height, 0)


def test_the_decision_says_files_shape_counts_and_rules(ingest, tmp_path, at_databases):
    path = tmp_path / "bars.csv"
    path.write_text(BARS)
    ingest(path, "--source", "vendor")
    with connect(at_databases.runtime_url) as connection:
        refs, summary, action = connection.execute(
            "SELECT input_refs, raw_input_summary, proposed_action FROM engine_decisions"
        ).fetchone()
    (file,) = refs["files"]
    assert (file["name"], len(file["sha256"]), file["n_rows"]) == ("bars.csv", 64, 5)
    assert refs["read_as"]
    assert (summary["n_rows"], summary["n_rejected"]) == (5, 3)
    assert summary["rejected_by_rule"]["high_not_highest"] == 1
    assert "flagged_by_rule" in summary
    assert (action["n_new"], action["first_changed"]) == (2, "2018-02-05")


def test_other_rejects_of_the_same_batch_have_a_file_of_their_own(ingest, tmp_path):
    good = "date,symbol,close\n2018-02-05,AAA,10\n"
    kept = []
    for name, bad in (("one.csv", "2018-02-06,AAA,x\n"), ("two.csv", "2018-02-06,AAA,y\n")):
        path = tmp_path / name
        path.write_text(good + bad)
        report = json.loads(ingest(path, "--json").out)
        kept.append((report["batch"], Path(report["rejects_file"])))
    (batch, one), (same, two) = kept
    assert batch == same
    assert pl.read_csv(one)["close"].to_list() == ["x"]
    assert pl.read_csv(two)["close"].to_list() == ["y"]


def test_delivering_again_leaves_the_rejects_that_are_being_mended(ingest, tmp_path):
    path = tmp_path / "bars.csv"
    path.write_text("date,symbol,close\n2018-02-05,AAA,10\n2018-02-06,AAA,x\n")
    first = Path(json.loads(ingest(path, "--json").out)["rejects_file"])
    found = first.read_bytes()
    assert json.loads(ingest(path, "--json").out)["rejects_file"] == str(first)
    assert list(first.parent.iterdir()) == [first]

    first.write_text("mended")
    second = Path(json.loads(ingest(path, "--json").out)["rejects_file"])
    assert json.loads(ingest(path, "--json").out)["rejects_file"] == str(second)
    assert (first.read_text(), second.read_bytes()) == ("mended", found)


@pytest.mark.parametrize("has_good_row", [True, False])
def test_unknown_symbols_among_other_faults_are_sent_to_create(
    at_databases, prometheus, tmp_path, has_good_row
):
    path = tmp_path / "bars.csv"
    header = "date,symbol,open,high,low,close,volume\n"
    path.write_text(header + "2018-02-01,AAA,10,12,9,11,100\n")
    words = ("--market", "US_EQ", "--no-derive")
    assert prometheus("ingest", "prices", path, *words, "--create").exit_code == 0
    broken = (
        "2018-02-05,AAA,x,12,9,11,1\nnever,AAA,10,12,9,11,1\n2018-02-06,AAA,10,9,8,11,1\n"
        "2018-02-07,AAA,10,12,11,11,1\n2018-02-08,AAA,10,12,9,-1,1\n2018-02-09,AAA,10,12,9,11,-1\n"
        "2018-02-10,AAA,10,12,9,11,1\n2018-02-12,AAA,10,12,9\n2018-02-13,NEWS,10,12,9,11,1\n"
    )
    path.write_text(header + ("2018-02-02,AAA,10,12,9,11,100\n" if has_good_row else "") + broken)
    done = prometheus("ingest", "prices", path, *words)
    assert done.exit_code == (0 if has_good_row else 3)
    assert "or add --create" in done.err
