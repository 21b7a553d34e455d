"""What was set aside of series, events and reports can be mended and delivered again; nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from prometheus.store.connections import connect

FRENCH = (
    "This file was created by CMPT_ME_BEME_OP_INV_RETS_DAILY using the 201610 CRSP database.\n\n"
    ",Mkt-RF,SMB,HML,RMW,CMA,RF\n19630701,   -0.67,    0.00,   -0.31,   -0.01,    0.15,   0.012\n"
    "19630702,    0.79,   x0.26,    0.29,   -0.07,   -0.19,   0.012\n"
)
pytestmark = pytest.mark.parametrize("server", ["embedded"], indirect=True)


@pytest.fixture
def deliver(prometheus):
    def call(kind: str, path: Path, *words: str):
        outcome = prometheus("ingest", kind, path, "--json", *words)
        assert outcome.exit_code in (0, 3), outcome.err
        return json.loads(outcome.out) if outcome.exit_code == 0 else outcome.out + outcome.err

    return call


def mended(report, folder: Path, **columns) -> Path:
    """Return the file of rejects with other texts in some of its columns."""
    rejects = pl.read_csv(report["rejects_file"], infer_schema=False)
    path = folder / "mended.csv"
    rejects.with_columns(
        pl.col(name).replace(list(words), list(words.values())) for name, words in columns.items()
    ).write_csv(path)
    return path


def series(databases):
    with connect(databases.historical_url) as connection:
        return {
            (name, str(day)): value
            for name, day, value in connection.execute(
                "SELECT factor_id, trade_date, value FROM factors_daily"
            )
        }


def test_cells_of_macro_series_are_mended_one_by_one(tmp_path, at_databases, deliver):
    file = tmp_path / "bad.csv"
    file.write_text(
        "DATE,DGS10,CPIAUCSL\n2018-01-02,2.46,248\n2018-01-03,2.4x,249\nnever,2.46,250\n2018-01-05,2.48\n"
        "2018-01-08,2.49,251\n2018-01-08,2.50,251\n"
    )
    report = deliver("macro", file)
    assert report["n_new"] == 4
    rejects = pl.read_csv(report["rejects_file"], infer_schema=False)
    assert rejects.select("row", "rule", "factor_id", "date", "value").rows() == [
        ("3", "unparsable_value", "MACRO:DGS10", "2018-01-03", "2.4x"),
        ("4", "unparsable_date", "MACRO:DGS10", "never", "2.46"),
        ("4", "unparsable_date", "MACRO:CPIAUCSL", "never", "250"),
        ("5", "wrong_number_of_fields", "MACRO:DGS10", "2018-01-05", ""),
        ("5", "wrong_number_of_fields", "MACRO:CPIAUCSL", "2018-01-05", ""),
        ("6", "contradicting_duplicate", "MACRO:DGS10", "2018-01-08", "2.49"),
        ("7", "contradicting_duplicate", "MACRO:DGS10", "2018-01-08", "2.50"),
    ]
    assert set(rejects.filter(pl.col("row") == "5")["found"]) == {"2018-01-05,2.48"}
    before = series(at_databases)
    unmended = deliver("macro", Path(report["rejects_file"]))
    assert "rejected" in unmended
    assert series(at_databases) == before  # nothing lands that nobody looked at
    words = {"2.4x": "2.44", "2.49": "2.50"}
    again = deliver("macro", mended(report, tmp_path, value=words, date={"never": "2018-01-04"}))
    assert (again["n_new"], again["n_rejected"], again["n_missing"]) == (4, 0, 2)
    assert {key: value for key, value in series(at_databases).items() if key not in before} == {
        ("MACRO:DGS10", "2018-01-03"): 0.0244,
        ("MACRO:DGS10", "2018-01-04"): 0.0246,
        ("MACRO:CPIAUCSL", "2018-01-04"): 250.0,
        ("MACRO:DGS10", "2018-01-08"): 0.025,
    }


def test_cells_of_french_stay_percents(tmp_path, at_databases, deliver):
    file = tmp_path / "five.CSV"
    file.write_text(FRENCH)
    report = deliver("factors", file)
    assert report["rejected_by_rule"] == {"unparsable_value": 1}
    again = deliver("factors", mended(report, tmp_path, value={"x0.26": "-0.26"}))
    assert again["n_new"] == 1
    assert series(at_databases)["FF:SMB", "1963-07-02"] == -0.0026


def test_rows_of_a_calendar_keep_their_own_columns(tmp_path, at_databases, deliver):
    file = tmp_path / "calendar.csv"
    file.write_text(
        "Date,Time,Event,Actual,Country\n2018-02-14,08:30 ET,Consumer prices,2.1,US\n"
        "2018-03-13,08:30,Consumer prices,2.2,US\n2018-04-11,08:30 ET,Consumer prices,2.4,USA\n"
    )
    report = deliver("events", file, "--kind", "CPI")
    assert report["rejected_by_rule"] == {"unknown_country": 1, "zone_missing": 1}
    path = mended(
        report, tmp_path, country={"USA": "US"}, timestamp={"2018-03-13 08:30": "2018-03-13 08:30 ET"}
    )
    again = deliver("events", path)  # the type of the rows stands in the file
    assert (again["n_new"], again["n_rejected"]) == (2, 0)
    with connect(at_databases.historical_url) as connection:
        found = connection.execute(
            "SELECT event_type, timestamp::date::text, metadata -> 'actual' FROM macro_events ORDER BY 2"
        ).fetchall()
    assert found == [("CPI", "2018-02-14", 2.1), ("CPI", "2018-03-13", 2.2), ("CPI", "2018-04-11", 2.4)]


def test_texts_that_wait_for_their_release_are_a_table_of_releases_to_fill_in(
    tmp_path, at_databases, deliver
):
    folder = tmp_path / "minutes"
    folder.mkdir()
    (folder / "20040921.txt").write_text("The Committee met.")
    (folder / "notes.txt").write_text("No date in the name.")
    (folder / "20130130.txt").write_text("The Committee met again.")
    report = deliver("events", folder, "--kind", "FOMC_MINUTES")
    rejects = pl.read_csv(report["rejects_file"], infer_schema=False)
    assert rejects.select("rule", "meeting", "released").rows() == [
        ("release_unknown", "2004-09-21", None), ("no_date_in_name", None, None)
    ]  # fmt: skip
    path = tmp_path / "releases.csv"
    is_unknown = pl.col("rule") == "release_unknown"
    rejects.with_columns(
        released=pl.when(is_unknown).then(pl.lit("2004-11-12")).otherwise("released")
    ).write_csv(path)
    again = deliver("events", folder, "--kind", "FOMC_MINUTES", "--release-dates", path)
    assert (again["n_new"], again["n_unchanged"], again["n_rejected"]) == (1, 1, 1)


def test_reports_keep_their_own_columns(tmp_path, at_databases, deliver):
    file = tmp_path / "reports.csv"
    file.write_text(
        "symbol,period_end,months,filing_date,revenue,assets\nACME,2014-12-31,12,2015-02-20,9,5\n"
        "BOLT,2014-12-31,12,2015-02-20,9,5m\nCORE,31.12.2014,12,2015-02-20,7,4\n"
    )
    words = ("--market", "US_EQ", "--create", "--source", "vendor")
    report = deliver("fundamentals", file, *words)
    assert (report["n_new"], report["n_rejected"]) == (1, 2)
    path = mended(report, tmp_path, assets={"5m": "5e6"}, period_end={"31.12.2014": "2014-12-31"})
    again = deliver("fundamentals", path, *words)
    assert (again["n_new"], again["n_rejected"]) == (2, 0)
    # One whose instrument is not known yet is the same kind of row.
    file.write_text("symbol,period_end,months,filing_date,revenue\nDUNE,2014-12-31,12,2015-02-20,9\n")
    refused = deliver("fundamentals", file, *words[:2])
    assert "DUNE" in refused
    (kept,) = {*(tmp_path / "home" / "rejects").glob("*.csv")} - {Path(report["rejects_file"])}
    assert deliver("fundamentals", kept, *words)["n_new"] == 1


def test_reports_of_pystock_keep_the_day_of_their_collection(tmp_path, at_databases, deliver):
    header = (
        "symbol,end_date,amend,period_focus,fiscal_year,doc_type,revenues,op_income,net_income,eps_basic,eps_diluted,"
        "dividend,assets,cur_assets,cur_liab,cash,equity,cash_flow_op,cash_flow_inv,cash_flow_fin\n"
    )
    rest = "," * 13
    file = tmp_path / "20150601.csv"
    file.write_text(
        f"{header}ACME,2015-03-31,False,Q1,2015,10-Q,9{rest}\nBOLT,2015-03-31,False,Q1,2015,10-Q,9x{rest}\n"
    )
    report = deliver("fundamentals", file, "--market", "US_EQ", "--create")
    assert (report["n_new"], report["n_rejected"]) == (1, 1)
    path = mended(report, tmp_path, revenues={"9x": "9"})
    assert deliver("fundamentals", path, "--market", "US_EQ", "--create")["n_new"] == 1
    with connect(at_databases.historical_url) as connection:
        days = connection.execute("SELECT DISTINCT filing_date::text FROM filings").fetchall()
    assert days == [("2015-06-01",)]


@pytest.mark.parametrize("kind", ["macro", "news"])
def test_a_file_that_is_being_mended_is_never_overwritten(kind, tmp_path, at_databases, deliver):
    file = tmp_path / "given.csv"
    bad = {
        "macro": "DATE,DGS10\n2018-01-02,2.46\n2018-01-03,{}\n",
        "news": "headline,time\nA plant opens,2020-07-17T10:00Z\nWhich month is it,{}/04/2020 10:00\n",
    }[kind]
    texts = {"macro": ("abc", "abd"), "news": ("03", "05")}[kind]
    file.write_text(bad.format(texts[0]))
    first = Path(deliver(kind, file)["rejects_file"])
    said = first.read_bytes()
    assert Path(deliver(kind, file)["rejects_file"]) == first
    file.write_text(bad.format(texts[1]))  # the same batch: what landed is the same
    second = Path(deliver(kind, file)["rejects_file"])
    assert second != first
    assert first.read_bytes() == said
    first.write_text("being mended")
    file.write_text(bad.format(texts[0]))
    third = Path(deliver(kind, file)["rejects_file"])
    assert third.read_bytes() == said
    assert first.read_text() == "being mended"
