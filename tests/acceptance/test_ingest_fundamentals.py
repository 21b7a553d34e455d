"""``prometheus ingest fundamentals``: reported facts, known when they were published."""

import json
import tarfile

import polars as pl
import pytest

from prometheus.adapters.fundamental_layouts import PYSTOCK_HEADER
from prometheus.store.connections import connect
from tests.deliveries import shared

HEADER = "symbol,period_end,months,filing_type,accepted_at,revenue,net_income,assets,equity\n"
REPORTS = (
    HEADER
    + "ACME,2014-12-31,12,10-K,2015-02-25T16:05:00-05:00,100,10,200,80\n"
    + "ACME,2015-03-31,3,10-Q,2015-05-01,26,3,205,82\n"
    + "BETA,2014-12-31,12,10-K,2015-03-02T12:00:00Z,50,-5,90,\n"
)
PYSTOCK = (
    "ACME,2015-03-31,False,Q1,2015,10-Q,10,2,1,0.1,0.1,0,100,40,20,5,60,7,-3,-2\n"
    "BETA,2015-06-30,True,Q2,2015,10-Q,20,,2,0.2,0.2,0,50,,,9,30,14,-1,-1\n"
)


@pytest.fixture
def ingest(at_databases, prometheus):
    def call(*words):
        return prometheus("ingest", "fundamentals", *words, "--market", "US_EQ")

    return call


@pytest.fixture
def file(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def filings(databases):
    with connect(databases.historical_url) as connection:
        return connection.execute(
            "SELECT issuer_id, filing_type, filing_date::text, text_ref, metadata FROM filings"
            " ORDER BY filing_id"
        ).fetchall()


def decisions(databases):
    with connect(databases.runtime_url) as connection:
        return connection.execute(
            "SELECT engine_name, context_id, input_refs, raw_input_summary, proposed_action"
            " FROM engine_decisions ORDER BY timestamp"
        ).fetchall()


@pytest.mark.parametrize("server", ["embedded", "15"], indirect=True)
def test_reports_land_with_their_facts_and_a_second_delivery_adds_nothing(ingest, file, at_databases):
    path = file("reports.csv", REPORTS)
    first = ingest(path, "--create", "--json")
    assert first.exit_code == 0, first.err
    said = json.loads(first.out)
    assert (said["n_rows"], said["n_new"], said["is_recorded"]) == (3, 3, True)
    rows = filings(at_databases)
    issuer, form, filed, text_ref, metadata = rows[0]
    assert (issuer, form, filed, text_ref) == ("US_EQ:ACME", "10-K", "2015-02-25", None)
    assert metadata["accepted_at"] == "2015-02-25T21:05:00Z"
    assert metadata["accepted_basis"] == "exact"
    assert metadata["period_of_report"] == "2014-12-31"
    assert metadata["facts"][0] == {
        "name": "revenue", "value": 100.0, "unit": "USD", "end": "2014-12-31", "months": 12,
    }  # fmt: skip
    # A day counts from its end in New York; a value that is not there is no fact.
    assert rows[1][4]["accepted_at"] == "2015-05-02T03:59:59Z"
    assert rows[1][4]["accepted_basis"] == "date"
    assert "equity" not in {fact["name"] for fact in rows[2][4]["facts"]}
    ((engine, context, refs, summary, action),) = decisions(at_databases)
    assert (engine, context) == ("INGEST", "US_EQ:filings")
    assert [one["name"] for one in refs["files"]] == ["reports.csv"]
    assert summary["n_rows"] == action["n_new"] == 3
    assert action["batch"] == metadata["batch"]
    again = json.loads(ingest(path, "--json").out)
    assert (again["n_new"], again["n_unchanged"], again["is_recorded"]) == (0, 3, False)
    assert filings(at_databases) == rows
    assert len(decisions(at_databases)) == 1


def test_a_restatement_stands_beside_what_it_restates(ingest, file, at_databases):
    ingest(file("a.csv", REPORTS), "--create")
    restated = HEADER + "ACME,2014-12-31,12,10-K,2015-06-10,95,8,200,80\n"
    assert json.loads(ingest(file("b.csv", restated), "--json").out)["n_new"] == 1
    of_year = [
        m for i, _, _, _, m in filings(at_databases) if i.endswith("ACME") and m["facts"][0]["months"] == 12
    ]
    assert [m["facts"][0]["value"] for m in of_year] == [100.0, 95.0]


def test_two_symbols_of_one_issuer_have_a_report_each(ingest, file, at_databases, prometheus, tmp_path):
    listings = tmp_path / "listings.csv"
    listings.write_text("symbol,name,issuer_id\nACMA,Acme,ACME\nACMB,Acme,ACME\n")
    assert prometheus("ingest", "instruments", listings, "--market", "US_EQ").exit_code == 0
    text = HEADER + "ACMA,2014-12-31,12,10-K,2015-02-25,100,10,200,80\n"
    text += "ACMB,2014-12-31,12,10-K,2015-02-25,100,10,200,\n"
    path = file("a.csv", text)
    assert json.loads(ingest(path, "--json").out)["n_new"] == 2
    assert [(row[0], row[4]["symbol"]) for row in filings(at_databases)] == [
        ("ACME", "ACMA"),
        ("ACME", "ACMB"),
    ]
    assert json.loads(ingest(path, "--json").out)["n_new"] == 0


def test_unknown_symbols_are_refused_by_name(ingest, file, at_databases):
    refused = ingest(file("a.csv", REPORTS))
    assert refused.exit_code == 3
    assert "ACME, BETA" in refused.err
    assert filings(at_databases) == []


def test_good_reports_beside_bad_ones_land(ingest, file, at_databases):
    text = (
        REPORTS
        + "ACME,2015-06-30,3,10-Q,2015-05-30,30,3,210,85\n"  # before its period ended
        + "ACME,2015-13-30,3,10-Q,2015-08-01,30,3,210,85\n"
        + "ACME,2015-09-30,3,10-Q,2015-11-01,3o,3,210,85\n"
        + "ACME,2015-09-30,5,10-Q,2015-11-01,30,3,210,85\n"
        + "ACME,2015-12-31,12,10-K,,30,3,210,85\n"
        + ",2015-12-31,12,10-K,2016-03-01,30,3,210,85\n"
        + "ACME,2015-12-31,12,10-K,2016-03-01,,,,\n"
        + "BETA,2015-12-31,12,10-K,2016-03-01,1,2,3,4\nBETA,2015-12-31,12,10-K,2016-03-01,1,2,3,5\n"
        + "BETA,2098-12-31,12,10-K,2099-03-01,1,2,3,4\n"
    )
    found = json.loads(ingest(file("mixed.csv", text), "--create", "--json").out)
    assert found["n_new"] == 3
    assert found["rejected_by_rule"] == {
        "contradicting_reports": 2, "filed_before_period_end": 1, "no_date": 1, "no_facts": 1, "no_period": 1,
        "no_symbol": 1, "not_yet": 1, "unparsable_date": 1, "unparsable_number": 1,
    }  # fmt: skip
    rejects = pl.read_csv(found["rejects_file"])
    wrong = rejects.filter(pl.col("rule") == "unparsable_number").row(0, named=True)
    assert (wrong["file"], wrong["row"], wrong["symbol"], wrong["field"], wrong["found"]) == (
        "mixed.csv", 7, "ACME", "revenue", "3o",
    )  # fmt: skip


def test_a_delivery_of_contradictions_alone_leaves_no_instrument_behind(ingest, file, at_databases):
    text = HEADER + "GONE,2015-12-31,12,10-K,2016-03-01,1,2,3,4\nGONE,2015-12-31,12,10-K,2016-03-01,1,2,3,5\n"
    refused = ingest(file("both.csv", text), "--create")
    assert refused.exit_code == 3
    assert "contradicting_reports" in refused.err
    with connect(at_databases.runtime_url) as connection:
        for table in ("instruments", "issuers"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    mended = json.loads(ingest(file("one.csv", "\n".join(text.splitlines()[:2])), "--create", "--json").out)
    assert (mended["n_new"], mended["created"]) == (1, ["US_EQ:GONE"])


def test_a_file_without_dates_needs_a_lag_that_the_user_gives(ingest, file, at_databases):
    text = (
        "Ticker Symbol,Period Ending,Total Revenue,Total Assets,Interest Expense\n"
        "KO,2014-12-31,45998000000,92023000000,0\n"
    )
    path = file("panel.csv", text)
    refused = ingest(path, "--create")
    assert refused.exit_code == 2
    assert "--lag-days" in refused.err
    assert ingest(path, "--create", "--lag-days", "90").exit_code == 0
    ((_, form, filed, _, metadata),) = filings(at_databases)
    assert (form, filed, metadata["accepted_basis"], metadata["lag_days"]) == (
        "10-K",
        "2015-03-31",
        "lagged",
        90,
    )
    # This vendor writes 0 where the filing has no such line.
    assert [fact["name"] for fact in metadata["facts"]] == ["revenue", "assets"]


def test_an_archive_of_pystock_is_known_on_its_day_with_or_without_header(ingest, tmp_path, at_databases):
    (tmp_path / "symbols.txt").write_text("ACME\tAcme\n")
    (tmp_path / "prices.csv").write_text("symbol,date,open\nACME,2015-06-01,1\n")
    for name, header in (("20150601.tar.gz", ",".join(PYSTOCK_HEADER) + "\n"), ("20150602.tar.gz", "")):
        (tmp_path / "reports.csv").write_text(header + PYSTOCK)
        with tarfile.open(tmp_path / name, "w:gz") as archive:
            for member in ("symbols.txt", "prices.csv", "reports.csv"):
                archive.add(tmp_path / member, member)
    paths = (tmp_path / "20150601.tar.gz", tmp_path / "20150602.tar.gz")
    found = json.loads(ingest(*paths, "--create", "--json").out)
    # BETA's report is said to be known before its period ended; ACME's second one repeats the first.
    assert (found["n_new"], found["n_repeated"], found["n_rejected"]) == (1, 1, 2)
    ((_, form, filed, _, metadata),) = filings(at_databases)
    assert (form, filed, metadata["accepted_basis"]) == ("10-Q", "2015-06-01", "collected")
    months = {fact["name"]: fact["months"] for fact in metadata["facts"]}
    assert (months["revenue"], months["assets"], months["cash_flow_op"]) == (3, 0, 3)


def test_an_amended_report_has_a_form_of_its_own_and_untimed_flows_say_so(ingest, file, at_databases):
    text = ",".join(PYSTOCK_HEADER) + ",collected\n" + PYSTOCK.replace("-2\n", "-2,2015-05-01\n")
    text = text.replace("-1,-1\n", "-1,-1,2015-08-14\n")
    assert ingest(file("reports.csv", text), "--create").exit_code == 0
    _, form, filed, _, metadata = filings(at_databases)[1]
    assert (form, filed) == ("10-Q/A", "2015-08-14")
    months = {fact["name"]: fact["months"] for fact in metadata["facts"]}
    assert (months["revenue"], months["cash_flow_op"]) == (3, None)


def test_a_dry_run_keeps_nothing(ingest, file, at_databases):
    found = json.loads(ingest(file("a.csv", REPORTS), "--create", "--dry-run", "--json").out)
    assert found["n_new"] == 3
    assert filings(at_databases) == []
    assert decisions(at_databases) == []
    with connect(at_databases.runtime_url) as connection:
        assert connection.execute("SELECT count(*) FROM issuers").fetchone() == (0,)


def test_a_lost_decision_is_written_by_running_again(ingest, file, at_databases):
    path = file("a.csv", REPORTS)
    first = json.loads(ingest(path, "--create", "--json").out)
    with connect(at_databases.runtime_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")  # the crash came before it
        connection.execute("DELETE FROM engine_decisions")
    again = json.loads(ingest(path, "--json").out)
    assert (again["decision_id"], again["healed"]) == (first["decision_id"], [first["decision_id"]])
    assert (again["is_recorded"], again["n_new"]) == (False, 0)
    assert len(filings(at_databases)) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("symbol,period_end,revenue,profit\nACME,2014-12-31,9,5\n", "'profit'"),
        ("date,close\n2014-12-31,5\n", "holds no fundamentals"),
        ("", "is empty"),
    ],
)
def test_a_table_of_something_else_is_refused_with_its_columns(ingest, file, text, said):
    refused = ingest(file("odd.csv", text), "--create")
    assert refused.exit_code == 3
    assert said in refused.err


def test_a_good_file_beside_bad_ones_lands(ingest, tmp_path, at_databases):
    folder = tmp_path / "delivery"
    folder.mkdir()
    (folder / "good.csv").write_text(REPORTS)
    (folder / "binary.csv").write_bytes(bytes(range(256)))
    (folder / "empty.csv").write_text("")
    (folder / "latin.csv").write_bytes(REPORTS.replace("symbol", "sÿmbol").encode("latin-1"))
    (folder / "semicolons.csv").write_text(REPORTS.replace(",", ";"))
    (folder / "columns.csv").write_text("symbol,period_end,revenue,profit\nACME,2014-12-31,9,5\n")
    (folder / "not.parquet").write_text(REPORTS)
    (folder / "cut.tar.gz").write_bytes(b"\x1f\x8b\x08\x00cut")
    found = json.loads(ingest(folder, "--create", "--json").out)
    assert found["n_new"] == 3
    assert found["rejected_by_rule"] == {"unreadable_file": 7}
    rejects = pl.read_csv(found["rejects_file"])
    assert sorted(rejects["file"]) == [
        "binary.csv", "columns.csv", "cut.tar.gz", "empty.csv", "latin.csv", "not.parquet", "semicolons.csv",
    ]  # fmt: skip
    assert rejects["remedy"].null_count() == 0


def test_lines_that_are_none_cost_themselves_and_no_other(ingest, tmp_path, home):
    lines = REPORTS.splitlines()
    lines[2:2] = [
        '"ACME,2015-06-30,3,10-Q,2015-08-01,30,3,210,85',
        "ACME,2015-09-30,3,10-Q,2015-11-01,30",
        "",
        "ACM\xc9,2015-09-30,3,10-Q,2015-11-01,30,3,210,85",
        "AC\0ME,2015-09-30,3,10-Q,2015-11-01,30,3,210,85",
    ]
    (tmp_path / "mixed.csv").write_bytes("\n".join(lines).encode("latin-1"))
    found = json.loads(ingest(tmp_path / "mixed.csv", "--create", "--json").out)
    assert (found["n_rows"], found["n_new"]) == (7, 3)
    assert found["rejected_by_rule"] == {"wrong_encoding": 2, "wrong_number_of_fields": 2}
    kept = [pl.read_csv(path).select("row", "field") for path in (home / "rejects").iterdir()]
    assert sorted(pl.concat(kept).rows()) == [(3, "symbol"), (4, "net_income"), (6, "symbol"), (7, "symbol")]


SUB = (
    "adsh\tcik\tname\tform\tperiod\tfiled\taccepted\n"
    "0000000001-23-000001\t1\tACME\t10-Q\t20230630\t20230804\t2023-08-03 18:04:00.0\n"
    "0000000002-23-000001\t2\tBETA\t10-Q\t20230630\t20230805\t2023-08-04 16:04:00.0\n"
)
NUM = "adsh\ttag\tversion\tddate\tqtrs\tuom\tvalue\n" + "".join(
    f"000000000{cik}-23-000001\t{tag}\tus-gaap/2023\t20230630\t{quarters}\tUSD\t{cik}{value}.0000\n"
    for cik in (1, 2)
    for tag, quarters, value in (("Assets", 0, 500), ("Revenues", 1, 100))
)


def test_a_bad_line_of_a_data_set_of_the_sec_is_set_aside_and_lands_once_it_is_mended(
    ingest, prometheus, tmp_path, at_databases
):
    (tmp_path / "issuers.csv").write_text("symbol,name,cik\nACME,Acme,1\nBETA,Beta,2\n")
    assert prometheus("ingest", "instruments", tmp_path / "issuers.csv", "--market", "US_EQ").exit_code == 0
    folder = tmp_path / "2023q3"
    folder.mkdir()

    def deliver(sub, num):
        (folder / "sub.txt").write_text(sub)
        (folder / "num.txt").write_text(num)
        done = ingest(folder, "--source", "sec", "--json")
        assert done.exit_code == 0, done.err
        found = json.loads(done.out)
        n_of = [found[name] for name in ("n_rows", "n_new", "n_unchanged", "n_repeated", "n_rejected")]
        assert n_of[0] == sum(n_of[1:])
        return n_of, found

    broken = (SUB.replace("\t20230805", "\tsoon"), NUM.replace("\t1500.0000", "\t1,5oo"))
    n_of, found = deliver(*broken)
    assert n_of == [3, 1, 0, 0, 2]
    assert found["rejected_by_rule"] == {"unparsable_date": 1, "unparsable_number": 1}
    assert pl.read_csv(found["rejects_file"]).select("file", "row", "field", "found").rows() == [
        ("sub.txt", 3, "filed", "soon"),
        ("num.txt", 2, "value", "1,5oo"),
    ]
    assert deliver(*broken)[0] == [3, 0, 1, 0, 2]
    assert deliver(SUB, NUM)[0] == [2, 2, 0, 0, 0]
    assert deliver(SUB, NUM)[0] == [2, 0, 2, 0, 0]
    said = sorted(
        (i, sorted((f["name"], f["value"]) for f in m["facts"])) for i, *_, m in filings(at_databases)
    )
    assert said == [
        ("US_EQ:ACME", [("assets", 1500.0), ("revenue", 1100.0)]),
        ("US_EQ:ACME", [("revenue", 1100.0)]),
        ("US_EQ:BETA", [("assets", 2500.0), ("revenue", 2100.0)]),
    ]


def test_a_parquet_file_with_real_dates_and_numbers_is_read_like_a_text(ingest, file, tmp_path, at_databases):
    pl.read_csv(file("a.csv", REPORTS), try_parse_dates=True).with_columns(
        pl.col("months").cast(pl.Float64)
    ).write_parquet(tmp_path / "a.parquet")
    assert ingest(tmp_path / "a.parquet", "--create").exit_code == 0
    typed = [(row[0], row[2], row[4]["content"]) for row in filings(at_databases)]
    assert json.loads(ingest(file("b.csv", REPORTS), "--json").out)["n_new"] == 0
    assert len(typed) == 3


def test_the_real_reports_go_in_twice(ingest, at_databases):
    reports = shared("fundamentals/pystock_reports_2015-03_2016-03.parquet")
    panel = shared("fundamentals/nyse_kaggle_fundamentals.csv")
    for words, n_rows, n_new in (
        ((reports, "--source", "pystock"), 33_811, 16_410),
        ((panel, "--source", "kaggle", "--lag-days", "90"), 1_781, 1_781),
    ):
        first = json.loads(ingest(*words, "--create", "--json").out)
        assert (first["n_rows"], first["n_new"]) == (n_rows, n_new)
        again = json.loads(ingest(*words, "--json").out)
        assert (again["n_new"], again["is_recorded"]) == (0, False)
    archives = shared("prices/pystock_daily_raw")
    # Its reports are in the file above: the archive of a day adds nothing to what is known of it.
    assert json.loads(ingest(archives, "--source", "pystock", "--json").out)["n_new"] == 0
