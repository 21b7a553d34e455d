"""`prometheus ingest factors`: files of Kenneth French's library, and tables of any vendor's factors."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from prometheus.store.connections import connect
from prometheus.store.factors import read_factors

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("PROMETHEUS_SHARED_DATA") or ROOT.parent / "shared" / "data")
FIVE = (
    "This file was created by CMPT_ME_BEME_OP_INV_RETS_DAILY using the 201610 CRSP database.\n"
    "The 1-month TBill return is from Ibbotson and Associates, Inc.\n\n"
    ",Mkt-RF,SMB,HML,RMW,CMA,RF\n"
    "19630701,   -0.67,    0.00,   -0.31,    0.01,    0.15,   0.012\n"
    "19630702,    0.79,   -0.27,  -99.99,   -0.08,   -0.19,   0.012\n"
    "19630703,    0.63,   -0.17,   -0.09,    0.19,   -0.33,   0.012\n"
    "\n Annual Factors: January-December\n,Mkt-RF,SMB,HML,RMW,CMA,RF\n1963,  1.0, 2.0, 3.0, 4.0, 5.0, 6.0\n"
    "\nCopyright 2016 Kenneth R. French\n"
)
pytestmark = pytest.mark.parametrize("server", ["embedded", "15"], indirect=True)


def values(databases, *names, known_at=None):
    with connect(databases.runtime_url) as runtime, connect(databases.historical_url) as historical:
        return read_factors(
            runtime, historical, names, first=date(1900, 1, 1), last=date(2030, 1, 1), known_at=known_at
        )


def stored(databases):
    with connect(databases.historical_url) as connection:
        return connection.execute("SELECT * FROM factors_daily ORDER BY 1, 2").fetchall()


def taken(prometheus, *words):
    outcome = prometheus("ingest", "factors", "--json", *words)
    assert outcome.exit_code == 0, outcome.err
    return json.loads(outcome.out)


def test_a_file_of_french_becomes_decimals_without_its_preamble_and_annual_section(
    tmp_path, at_databases, prometheus
):
    file = tmp_path / "five.CSV"
    file.write_text(FIVE)
    report = taken(prometheus, file)
    assert (report["n_rows"], report["n_missing"], report["n_new"], report["n_rejected"]) == (18, 1, 17, 0)
    assert list(report["series"]) == ["FF:CMA", "FF:HML", "FF:MKT_RF", "FF:RF", "FF:RMW", "FF:SMB"]
    assert values(at_databases, "FF:MKT_RF")["value"].to_list() == [-0.0067, 0.0079, 0.0063]
    assert values(at_databases, "FF:RF")["value"].to_list() == [0.00012] * 3
    again = taken(prometheus, file)
    assert (again["n_new"], again["n_unchanged"], again["is_recorded"]) == (0, 17, False)


def test_a_later_vintage_restates_and_the_past_reads_the_same(tmp_path, at_databases, prometheus):
    file = tmp_path / "five.CSV"
    file.write_text(FIVE)
    taken(prometheus, file, "--known-at", "2016-12-01", "--release-lag", "40")
    then = datetime(2017, 1, 1, tzinfo=UTC)
    before = values(at_databases, "FF:HML", "FF:SMB", known_at=then)
    early = values(at_databases, "FF:HML", known_at=datetime(1963, 8, 11, tzinfo=UTC))
    assert early["trade_date"].to_list() == [date(1963, 7, 1)]
    # One value is restated, and a gap is filled: neither was known before.
    file.write_text(FIVE.replace("-0.31", "-0.35").replace("-99.99", "0.28"))
    later = taken(prometheus, file, "--known-at", "2018-01-01", "--release-lag", "40")
    assert (later["n_new"], later["n_corrected"], later["n_unchanged"]) == (1, 1, 16)
    changed = {row[0]: row[3] for row in stored(at_databases) if "revisions" in row[3]}
    assert list(changed) == ["FF:HML"]
    assert (changed["FF:HML"]["known_at"], changed["FF:HML"]["known_basis"]) == (
        "2018-01-01T00:00:00.000000Z", "delivered"
    )  # fmt: skip
    assert values(at_databases, "FF:HML", "FF:SMB", known_at=then).equals(before)
    assert values(at_databases, "FF:HML")["value"].to_list() == [-0.0035, 0.0028, -0.0009]


def test_the_size_factor_of_three_factors_is_another_one(tmp_path, at_databases, prometheus):
    three = tmp_path / "three.txt"
    three.write_text(
        "This file was created using the 202401 CRSP database.\n\n"
        "            Mkt-RF     SMB     HML      RF\n20240102    -0.70   -1.15    1.19   0.022\n"
    )
    assert list(taken(prometheus, three)["series"]) == ["FF:HML", "FF:MKT_RF", "FF:RF", "FF:SMB_FF3"]


def test_files_that_are_not_daily_are_refused_by_name(tmp_path, at_databases, prometheus):
    monthly, weekly = tmp_path / "monthly.csv", tmp_path / "weekly.csv"
    head = "This file was created by X using the 201610 CRSP database.\n\n,Mkt-RF,SMB,HML,RF\n"
    monthly.write_text(head + "196307,  -0.39, -0.45, -0.94, 0.27\n196308,  5.07, -0.82, 1.82, 0.25\n")
    weekly.write_text(head + "".join(f"2016010{day},1,1,1,0\n" for day in (1, 8)) + "20160115,1,1,1,0\n")
    for file, said in ((monthly, "no daily factors"), (weekly, "every 7 days")):
        outcome = prometheus("ingest", "factors", file)
        assert outcome.exit_code == 3
        assert file.name in outcome.err
        assert said in outcome.err


@pytest.mark.parametrize("shape", ["wide", "long", "parquet"])
def test_tables_of_any_vendor_are_taken_as_they_are(shape, tmp_path, at_databases, prometheus):
    file = tmp_path / f"vendor.{'parquet' if shape == 'parquet' else 'csv'}"
    days, quality, carry = ["2018-01-02", "2018-01-03"], [0.001, -0.0025], [0.0004, None]
    if shape == "wide":
        file.write_text(";Q:QUAL;Q:CARRY\n2018-01-02;0.001;0.0004\n2018-01-03;-0.0025;\n")
    elif shape == "long":
        file.write_text(
            "factor_id,date,value\nQ:QUAL,2018-01-02,0.001\nQ:QUAL,2018-01-03,-0.0025\nQ:CARRY,2018-01-02,0.0004\n"
        )
    else:
        pl.DataFrame({"date": days, "Q:QUAL": quality, "Q:CARRY": carry}).with_columns(
            pl.col("date").str.to_date()
        ).write_parquet(file)
    assert taken(prometheus, file)["n_new"] == 3
    assert values(at_databases, "Q:QUAL", "Q:CARRY").rows() == [
        ("Q:CARRY", date(2018, 1, 2), 0.0004),
        ("Q:QUAL", date(2018, 1, 2), 0.001),
        ("Q:QUAL", date(2018, 1, 3), -0.0025),
    ]


def test_percents_are_divided_only_where_the_user_says_so(tmp_path, at_databases, prometheus):
    file = tmp_path / "vendor.csv"
    file.write_text("date,Q:QUAL\n2018-01-02,0.57\n")
    taken(prometheus, file, "--unit", "percent")
    assert values(at_databases, "Q:QUAL")["value"].to_list() == [0.0057]


def test_a_factor_of_a_market_is_derived_and_not_delivered(tmp_path, at_databases, prometheus):
    from prometheus.domain.reference.markets import known_market
    from prometheus.store.reference import register_markets

    with connect(at_databases.runtime_url) as connection:
        register_markets(connection, [known_market("US_EQ")])
    file = tmp_path / "vendor.csv"
    file.write_text("date,US_EQ:MKT,ours/mkt,OURS\n2018-01-02,0.1,0.2,0.3\n")
    report = taken(prometheus, file)
    assert report["rejected_by_rule"] == {"derived_factor": 1, "impossible_id": 1}
    assert [row[0] for row in stored(at_databases)] == ["OURS"]


@pytest.mark.long
def test_a_kill_leaves_all_of_a_batch_or_nothing_and_running_again_heals_it(
    tmp_path, at_databases, prometheus
):
    days = pl.date_range(date(1990, 1, 1), date(2019, 12, 31), "1d", eager=True)
    file = tmp_path / "vendor.csv"
    pl.DataFrame(
        {"date": days} | {f"Q:{n}": pl.arange(len(days), eager=True) / n for n in range(1, 6)}
    ).write_csv(file)
    call = [sys.executable, "-m", "prometheus", "ingest", "factors", str(file)]
    began = time.monotonic()
    subprocess.run([*call, "--dry-run"], check=True, capture_output=True)
    usual = time.monotonic() - began
    n_values = 5 * len(days)
    for tenth in range(3, 12):
        running = subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            running.wait(usual * tenth / 10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        assert len(stored(at_databases)) in (0, n_values)
    taken(prometheus, file)
    found = stored(at_databases)
    assert len(found) == n_values
    with connect(at_databases.runtime_url) as connection:
        ((action,),) = connection.execute("SELECT proposed_action FROM engine_decisions").fetchall()
    assert (action["n_new"], {row[3]["batch"] for row in found}) == (n_values, {action["batch"]})


@pytest.mark.skipif(not (SHARED / "factors").exists(), reason=f"no factors in {SHARED}")
def test_the_factors_of_the_shared_data_go_in_twice(at_databases, prometheus):
    first = taken(prometheus, SHARED / "factors")
    assert (first["n_rejected"], first["faults"], len(first["series"])) == (0, [], 7)
    found = values(at_databases, *first["series"])
    assert found.height == first["n_new"]
    assert str(found["trade_date"].min()) == "1926-11-03"
    # The file's own last line, in percent.
    last = found.filter(pl.col("trade_date") == date(2016, 10, 31)).sort("factor_id")
    assert dict(last.select("factor_id", "value").iter_rows()) == {
        "FF:CMA": -0.0031, "FF:HML": 0.0015, "FF:MKT_RF": 0.0002, "FF:MOM": 0.0083, "FF:RF": 0.0,
        "FF:RMW": 0.005, "FF:SMB": 0.001,
    }  # fmt: skip
    before = stored(at_databases)
    again = taken(prometheus, SHARED / "factors")
    assert (again["n_new"], again["n_corrected"], again["n_unchanged"]) == (0, 0, first["n_new"])
    assert stored(at_databases) == before
