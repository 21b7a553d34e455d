"""``prometheus ingest``: files in, rows, rejects and one decision out."""

import json

import polars as pl
import pytest

from prometheus.kernel.sessions import sessions_of
from prometheus.store.connections import connect

HEADER = "date,open,high,low,close,volume,Name\n"
BARS = (
    HEADER
    + "2018-02-05,10,12,9,11,100,AAA\n2018-02-06,11,12,10,11.5,200,AAA\n"
    + "2018-02-05,20,22,19,21,300,BBB\n2018-02-06,,,,21.25,,BBB\n"
)


@pytest.fixture
def files(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def ingest(at_databases, prometheus):
    def call(*words):
        return prometheus("ingest", "prices", *words, "--market", "US_EQ", "--no-derive")

    return call


def counts(databases):
    found = {}
    for url, tables in (
        (databases.runtime_url, ("markets", "issuers", "instruments", "engine_configs", "engine_decisions")),
        (databases.historical_url, ("prices_daily",)),
    ):
        with connect(url) as connection:
            for table in tables:
                row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
                found[table] = row[0]
    return found


def stored(databases):
    with connect(databases.historical_url) as connection:
        return connection.execute(
            "SELECT instrument_id, trade_date::text, open, close, adjusted_close, volume, currency, metadata"
            " FROM prices_daily ORDER BY 1, 2"
        ).fetchall()


@pytest.mark.parametrize("server", ["embedded", "15"], indirect=True)
def test_prices_land_with_their_decision_and_a_second_delivery_adds_nothing(ingest, files, at_databases):
    path = files("bars.csv", BARS)
    first = ingest(path, "--create", "--source", "vendor", "--json")
    assert (first.exit_code, first.err) == (0, "")
    report = json.loads(first.out)
    assert (report["n_new"], report["n_unchanged"], report["is_recorded"]) == (4, 0, True)
    assert report["created"] == ["US_EQ:AAA", "US_EQ:BBB"]
    rows = stored(at_databases)
    assert rows[0][:7] == ("US_EQ:AAA", "2018-02-05", 10.0, 11.0, 11.0, 100.0, "USD")
    assert rows[3][:7] == ("US_EQ:BBB", "2018-02-06", None, 21.25, 21.25, None, "USD")
    assert {row[7]["batch"] for row in rows} == {report["batch"]}
    assert report["decision_id"].endswith(report["batch"])
    with connect(at_databases.runtime_url) as connection:
        engine, context, as_of, refs, action = connection.execute(
            "SELECT engine_name, context_id, as_of_date::text, input_refs, proposed_action"
            " FROM engine_decisions"
        ).fetchone()
    assert (engine, context, as_of) == ("INGEST", "US_EQ", "2018-02-06")
    assert (refs["source"], refs["files"][0]["name"]) == ("vendor", "bars.csv")
    assert "known_at" in refs
    assert action["n_new"] == 4
    before = counts(at_databases)
    again = json.loads(ingest(path, "--create", "--json").out)
    assert (again["n_new"], again["n_unchanged"], again["is_recorded"]) == (0, 4, False)
    assert again["decision_id"] == report["decision_id"]
    assert counts(at_databases) == before
    assert stored(at_databases) == rows


def test_part_of_what_is_stored_adds_nothing_either(ingest, files, at_databases):
    ingest(files("bars.csv", BARS), "--create")
    before = counts(at_databases)
    part = ingest(files("part.csv", "".join(BARS.splitlines(keepends=True)[:3])), "--json")
    assert json.loads(part.out)["n_unchanged"] == 2
    assert counts(at_databases) == before


def test_parquet_and_csv_of_the_same_prices_are_the_same_delivery(ingest, files, tmp_path):
    csv = json.loads(ingest(files("bars.csv", BARS), "--create", "--json").out)
    parquet = tmp_path / "bars.parquet"
    pl.read_csv(BARS.encode(), try_parse_dates=True).write_parquet(parquet)
    again = json.loads(ingest(parquet, "--json").out)
    assert (again["decision_id"], again["n_unchanged"]) == (csv["decision_id"], 4)


def test_files_of_one_symbol_take_it_from_their_name(ingest, files, at_databases, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "BRK.B_data.csv").write_text("Date,Adj Close,Close\n2018-02-05,9.5,10\n")
    (folder / "AAA.csv").write_text("Date,Close,Dividends,Stock Splits\n2018-02-05,10,0,0\n")
    assert ingest(folder, "--create").exit_code == 0
    assert [row[:5] for row in stored(at_databases)] == [
        ("US_EQ:AAA", "2018-02-05", None, 10.0, 10.0),
        ("US_EQ:BRK.B", "2018-02-05", None, 10.0, 9.5),
    ]
    assert set(stored(at_databases)[0][7]) == {"batch"}


def test_bad_rows_are_set_aside_and_good_ones_land(ingest, files, at_databases, home):
    bad = "2018-02-07,10,9,8,9.5,1,AAA\nyesterday,1,1,1,1,1,AAA\n2018-02-10,1,1,1,1,1,AAA\n"
    done = ingest(files("bars.csv", BARS + bad + "2018-02-07,1,1,1,1,1,ZZZ\n"), "--create")
    assert done.exit_code == 0
    assert "Warning: 3 rows were rejected" in done.err
    assert "bars.csv row 6 (AAA 2018-02-07): high_not_highest: high = 9.0" in done.err
    (rejects,) = (home / "rejects").iterdir()
    found = pl.read_csv(rejects, infer_schema=False)
    assert sorted(found["rule"].to_list()) == ["high_not_highest", "not_a_session", "unparsable_date"]
    assert len(stored(at_databases)) == 5


def test_a_file_of_closes_that_hold_their_splits_is_refused_and_lands_without_the_splits(ingest, files):
    text = "Date,Close,Adj Close,Dividends,Stock Splits\n2018-02-05,50,49,0,0\n2018-02-06,51,50,0,2\n"
    refused = ingest(files("AAA.csv", text), "--create")
    assert refused.exit_code == 3
    assert "AAA.csv row 3 (AAA 2018-02-06): closes_already_adjusted: split = 2.0" in refused.err
    assert "leave its splits out" in refused.err
    without = "\n".join(line.rpartition(",")[0] for line in text.splitlines())
    assert ingest(files("AAA.csv", without), "--create").exit_code == 0
    raw = text.replace("05,50,", "05,100,")
    assert ingest(files("BBB.csv", raw), "--create").exit_code == 0


def test_rows_of_tomorrow_and_of_delisted_names_are_set_aside(ingest, prometheus, files, at_databases):
    ended = files("ended.csv", "symbol,delisted\nAAA,\nBBB,2018-02-06\n")
    assert prometheus("ingest", "instruments", ended, "--market", "US_EQ").exit_code == 0
    done = ingest(files("bars.csv", BARS), "--known-at", "2018-02-05T23:00")
    assert done.exit_code == 0
    assert "not_yet: 2" in done.err
    assert [row[:2] for row in stored(at_databases)] == [
        ("US_EQ:AAA", "2018-02-05"),
        ("US_EQ:BBB", "2018-02-05"),
    ]
    assert "after_delisting: 1" in ingest(files("bars.csv", BARS)).err
    assert len(stored(at_databases)) == 3


def test_unknown_symbols_are_refused_by_name_and_known_ones_land(ingest, files, at_databases):
    refused = ingest(files("bars.csv", BARS))
    assert refused.exit_code == 3
    assert "AAA, BBB" in refused.err
    assert "--create" in refused.err
    assert counts(at_databases) | {"markets": 0} == dict.fromkeys(counts(at_databases), 0)
    ingest(files("a.csv", HEADER + "2018-02-05,10,12,9,11,100,AAA\n"), "--create")
    some = ingest(files("bars.csv", BARS))
    assert some.exit_code == 0
    assert "unknown_instrument: 2" in some.err
    assert {row[0] for row in stored(at_databases)} == {"US_EQ:AAA"}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("missing.csv", None, "can't be read"),
        ("empty.csv", "", "is empty"),
        ("headers.csv", HEADER, "has no rows"),
        ("prices.xlsx", "x", "prices.xlsx"),
        ("broken.parquet", "not parquet", "broken.parquet"),
        ("ragged.csv", HEADER + "1,2,3,4,5,6,7,8,9\n", "The table has 7 columns, this line 9"),
        ("short.csv", "date,open\n2018-02-05,1\n", "no column for close"),
        ("bad.csv", "date,close\nsome day,1\n", "All 1 rows were rejected (unparsable_date 1)"),
    ],
)
def test_a_file_that_can_not_be_taken_is_a_named_error(
    ingest, files, tmp_path, at_databases, name, text, words
):
    path = tmp_path / name if text is None else files(name, text)
    refused = ingest(path, "--create")
    assert refused.exit_code == 3
    assert words in refused.err
    assert refused.err.count("\n") >= 2  # the remedy has its line
    assert stored(at_databases) == []


def test_a_market_that_nobody_knows_and_a_time_that_is_none_are_refused(at_databases, prometheus, files):
    path = files("bars.csv", BARS)
    assert prometheus("ingest", "prices", path, "--market", "MOON").exit_code == 2
    assert prometheus("ingest", "prices", path, "--market", "US_EQ", "--known-at", "soon").exit_code == 2


def test_a_dry_run_reports_everything_and_keeps_nothing(ingest, files, at_databases, home):
    before = counts(at_databases)
    report = json.loads(ingest(files("bars.csv", BARS), "--create", "--dry-run", "--json").out)
    assert (report["n_new"], len(report["created"]), report["is_recorded"]) == (4, 2, False)
    assert counts(at_databases) == before
    assert not (home / "rejects").exists()


def test_instruments_are_registered_once_and_known_facts_are_not_erased(at_databases, prometheus, files):
    full = files(
        "full.csv",
        "symbol,name,sector,exchange,delisted,asset_class,currency,issuer_id\n"
        "AAA,Alpha,Energy,XNYS,,ETF,CAD,ALPHA\nBBB,Beta,,,2018-02-06,,,\n",
    )
    less = files("less.csv", "symbol,listed\nAAA,2001-01-02\nBBB,1999-01-04\n")

    def register(path):
        return json.loads(prometheus("ingest", "instruments", path, "--market", "US_EQ", "--json").out)[
            "written"
        ]

    assert register(full) == {"markets": 1, "issuers": 2, "instruments": 2}
    assert register(full) == {"markets": 0, "issuers": 0, "instruments": 0}
    assert register(less) == {"markets": 0, "issuers": 0, "instruments": 2}
    with connect(at_databases.runtime_url) as connection:
        rows = connection.execute(
            "SELECT symbol, exchange, status, i.metadata - 'stated' - 'batch', asset_class, currency,"
            " s.issuer_id, s.name, s.issuer_type, s.sector"
            " FROM instruments i JOIN issuers s USING (issuer_id)"
            " ORDER BY symbol"
        ).fetchall()
    assert rows == [
        ("AAA", "XNYS", "ACTIVE", {"listed": "2001-01-02"}, "ETF", "CAD", "ALPHA", "Alpha", "FUND", "Energy"),
        (
            "BBB", None, "DELISTED", {"delisted": "2018-02-06", "listed": "1999-01-04"},
            "EQUITY", "USD", "US_EQ:BBB", "Beta", "COMPANY", None,
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name\nAlpha\n", "no column 'symbol'"),
        ("symbol,listed\nAAA,once\n", "row 2 (AAA): unparsable_date: listed = once"),
        ("symbol,name\nAAA,A\nAAA,B\n", "All 2 rows were rejected (contradicting_duplicate 2)"),
        ("symbol,name\n,Alpha\n", "row 2: missing_symbol"),
    ],
)
def test_a_bad_file_of_instruments_registers_nothing(at_databases, prometheus, files, text, words):
    refused = prometheus("ingest", "instruments", files("i.csv", text), "--market", "US_EQ")
    assert (refused.exit_code, words in refused.err) == (3, True)
    assert counts(at_databases)["instruments"] == 0


def test_bad_rows_of_instruments_are_set_aside_and_good_ones_register(at_databases, prometheus, files, home):
    text = (
        "symbol,name,listed,delisted,currency,country,exchange,asset_class\n"
        "AAA,Alpha,2001-01-02,,USD,US,XNYS,EQUITY\nAAA,Alpha,2001-01-02,,USD,US,XNYS,EQUITY\n"
        ",Nobody,,,,,,\nBBB,Beta,once,,,,,\nCCC,Gamma,,,dollar,Atlantis,NYSE2,SHARE\n"
        "DDD,Delta,2001-01-02,2000-01-03,,,,\nEEE,Eps,,,,,,\nEEE,Epsilon,,,,,,\n"
    )
    words = ("ingest", "instruments", files("i.csv", text), "--market", "US_EQ")
    done = prometheus(*words)
    assert done.exit_code == 0
    assert "Warning: 6 rows were rejected" in done.err
    assert "i.csv row 5 (BBB): unparsable_date: listed = once" in done.err
    assert counts(at_databases)["instruments"] == 1
    (rejects,) = (home / "rejects").iterdir()
    found = pl.read_csv(rejects, infer_schema=False)
    assert [(r["row"], r["rule"]) for r in found.iter_rows(named=True)] == [
        ("4", "missing_symbol"),
        ("5", "unparsable_date"),
        ("6", "unknown_asset_class"),
        ("6", "not_a_currency"),
        ("6", "not_a_country"),
        ("6", "not_an_exchange"),
        ("7", "delisted_before_listed"),
        ("8", "contradicting_duplicate"),
        ("9", "contradicting_duplicate"),
    ]
    assert all(found["remedy"])
    report = json.loads(prometheus(*words, "--json").out)
    assert (report["n_rows"], report["n_rejected"], sum(report["written"].values())) == (8, 6, 0)


def test_a_symbol_goes_from_one_that_left_to_another_in_one_file(at_databases, prometheus, files):
    def register(text):
        return prometheus("ingest", "instruments", files("i.csv", text), "--market", "US_EQ")

    assert register("symbol\nAAA\n").exit_code == 0
    text = "symbol,instrument_id,delisted\nAAA,US_EQ:AAA-2,\nAAA,US_EQ:AAA,2018-02-06\n"
    assert register(text).exit_code == 0
    assert counts(at_databases)["instruments"] == 2


def test_returns_and_volatilities_follow_the_prices_by_themselves(at_databases, prometheus, files):
    dates = [str(d)[:10] for d in sessions_of({"calendar": "XNYS"}).dates[9000:9030]]
    lines = [f"{day},{100 + i % 3}" for i, day in enumerate(dates)]
    words = ("--market", "US_EQ", "--json")
    path = files("AAA.csv", "\ufeffDate,Close\n" + "\n".join(lines) + "\n")
    report = json.loads(prometheus("ingest", "prices", path, "--create", *words).out)
    assert report["derived"] == {"returns_daily": 29, "volatility_daily": 16}
    assert json.loads(prometheus("ingest", "prices", path, *words).out)["derived"] == {}
    assert "nothing was written" in prometheus("derive", "--market", "US_EQ").out
    lines[-2] = f"{dates[-2]},107"
    path = files("AAA.csv", "Date,Close\n" + "\n".join(lines) + "\n")
    corrected = json.loads(prometheus("ingest", "prices", path, *words).out)
    assert (corrected["n_corrected"], corrected["derived"]) == (
        1,
        {"returns_daily": 2, "volatility_daily": 2},
    )
    assert prometheus("derive", "--market", "US_EQ", "--from", "some day").exit_code == 2
    with connect(at_databases.runtime_url) as connection:
        engines = connection.execute(
            "SELECT engine_name, count(*) FROM engine_decisions GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert engines[1] == ("INGEST", 2)
