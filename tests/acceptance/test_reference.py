"""Reference files of any shape: who is who, from whichever source, in whichever order."""

from __future__ import annotations

import json
import threading

import polars as pl
import pytest

from prometheus.adapters.instrument_files import ingest_instruments
from prometheus.store.connections import connect
from prometheus.store.reference import hold_reference, symbol_spans

EARLY = (
    "Ticker symbol,Security,GICS Sector,GICS Sub Industry,Address of Headquarters,CIK\n"
    'FB,"Facebook, Inc.",Information Technology,Internet Software,"Menlo Park, California",0001326801\n'
    'IR,Ingersoll-Rand PLC,Industrials,Machinery,"Dublin, Ireland",0001466258\n'
    'FOXA,Twenty-First Century Fox,Consumer Discretionary,Publishing,"New York, New York",0001308161\n'
    'XOM,Exxon Mobil Corp.,Energy,Oil,"Irving, Texas",0000034088\n'
)
LATE = (
    "Symbol,Security,GICS Sector,GICS Sub-Industry,Headquarters Location,Date added,CIK,Founded\n"
    'META,Meta Platforms,Communication Services,Media,"Menlo Park, California",2013-12-23,1326801,2004\n'
    'TT,Trane Technologies,Industrials,Machinery,"Dublin, Ireland",2010-11-17,1466258,1871\n'
    'IR,Ingersoll Rand,Industrials,Machinery,"Davidson, North Carolina",2020-03-03,1699150,1859\n'
    'FOXA,Fox Corporation,Communication Services,TV,"New York, New York",2019-03-19,1754301,2019\n'
    'XOM,ExxonMobil,Energy,Oil,"Spring, Texas",1957-03-04,2115436,1999\n'
)
SPANS = (
    "ticker,start_date,end_date\nFB,2013-12-23,2022-06-09\nMETA,2022-06-09,\nFOXA,2004-12-20,\n"
    "XOM,1996-01-02,\nGONE,1996-01-02,2001-05-01\n"
)


@pytest.fixture
def register(prometheus, tmp_path):
    def call(name, text, *words, market="US_EQ"):
        path = tmp_path / name
        path.write_text(text)
        done = prometheus("ingest", "instruments", path, "--market", market, *words, "--json")
        assert done.exit_code == 0, done.err
        return json.loads(done.out)

    return call


def instruments(databases):
    with connect(databases.runtime_url) as connection:
        rows = connection.execute(
            "SELECT instrument_id, symbol, status, issuer_id, metadata FROM instruments ORDER BY 1"
        ).fetchall()
    return {row[0]: row[1:] for row in rows}


def issuer(databases, issuer_id):
    with connect(databases.runtime_url) as connection:
        return connection.execute(
            "SELECT name, sector, industry, country, metadata FROM issuers WHERE issuer_id = %s", [issuer_id]
        ).fetchone()


def everything(databases):
    """Return all rows with the times at which they were written."""
    with connect(databases.runtime_url) as connection:
        return [
            connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
            for table in ("markets", "issuers", "instruments", "engine_configs", "engine_decisions")
        ]


def told(databases, market):
    """Return what the tables say of the instruments of a market, without ids, times and batches."""
    with connect(databases.runtime_url) as connection:
        return connection.execute(
            "SELECT i.symbol, i.status, s.name, s.sector, s.metadata - '{batch,revisions}'::text[],"
            " i.metadata - '{batch,revisions}'::text[]"
            " FROM instruments i JOIN issuers s USING (issuer_id) WHERE i.market_id = %s ORDER BY 1, 2, 3",
            [market],
        ).fetchall()


def test_a_renamed_firm_keeps_its_instrument_and_a_reused_symbol_is_two(at_databases, register):
    register("early_2016-12-31.csv", EARLY)
    register("sp500_2026-08-08.csv", LATE)
    found = instruments(at_databases)
    assert found["US_EQ:FB"][:2] == ("META", "ACTIVE")
    assert found["US_EQ:IR"][:2] == ("TT", "ACTIVE")
    assert found["US_EQ:IR@2020-03-03"][:2] == ("IR", "ACTIVE")
    assert found["US_EQ:FOXA"][:2] == ("FOXA", "DELISTED")
    assert found["US_EQ:FOXA@2019-03-19"][:2] == ("FOXA", "ACTIVE")
    # Another CIK alone is no other firm: it reorganised and kept trading.
    assert found["US_EQ:XOM"][:2] == ("XOM", "ACTIVE")
    assert len(found) == 6
    with connect(at_databases.runtime_url) as connection:
        spans = symbol_spans(connection, "US_EQ")
    assert set(spans.filter(pl.col("instrument_id") == "US_EQ:FB")["symbol"]) == {"FB", "META"}


def test_sources_that_differ_are_named_and_the_later_holds_in_either_order(at_databases, register):
    register("late_2026-08-08.csv", LATE)
    report = register("early_2016-12-31.csv", EARLY)
    name, sector, industry, country, metadata = issuer(at_databases, "US_EQ:XOM")
    assert (name, sector, industry, country) == ("ExxonMobil", "Energy", "Oil", "US")
    assert metadata["identifiers"] == {"CIK": "0002115436"}
    assert [(s["value"], s["as_of"]) for s in metadata["stated"]["identifiers.CIK"]] == [
        ("0000034088", "2016-12-31"),
        ("0002115436", "2026-08-08"),
    ]
    assert {
        "symbol": "XOM", "field": "name", "later": "ExxonMobil", "later_source": "late of 2026-08-08",
        "earlier": "Exxon Mobil Corp.", "earlier_source": "early of 2016-12-31",
    } in report["differences"]  # fmt: skip
    assert report["n_differences"]["identifiers.CIK"] == 1
    found = instruments(at_databases)
    assert found["US_EQ:META"][0] == "META"
    assert found["US_EQ:TT"][0] == "TT"
    assert found["US_EQ:FOXA@2016-12-31"][:2] == ("FOXA", "DELISTED")
    assert len(found) == 6


def test_classes_of_shares_have_one_issuer_and_names_of_their_own(at_databases, register):
    text = (
        "symbol,name,cik\nGOOGL,Alphabet Inc Class A,1652044\nGOOG,Alphabet Inc Class C,1652044\n"
        "DISCA,Discovery Communications-A,1437107\nFOX,Fox Corporation (Class B),1754301\n"
        "BF.B,Brown-Forman Corp.,14693\n"
    )
    assert register("shares_2018-01-08.csv", text)["differences"] == []
    found = instruments(at_databases)
    assert found["US_EQ:GOOG"][2] == found["US_EQ:GOOGL"][2] == "US_EQ:GOOGL"
    assert found["US_EQ:GOOG"][3]["security"] == "Alphabet Inc Class C"
    names = [issuer(at_databases, f"US_EQ:{symbol}")[0] for symbol in ("GOOGL", "DISCA", "FOX", "BF.B")]
    assert names == ["Alphabet Inc", "Discovery Communications", "Fox Corporation", "Brown-Forman Corp."]


def test_the_same_files_again_write_nothing(at_databases, register):
    files = [
        ("sp500_early_2016-12-31.csv", EARLY),
        ("sp500_2026-08-08.csv", LATE),
        ("sp500_spans.csv", SPANS),
    ]
    for name, text in files:
        assert register(name, text)["decision_id"]
    before = everything(at_databases)
    for name, text in files * 2:
        report = register(name, text)
        assert (sum(report["written"].values()), report["decision_id"], report["differences"]) == (
            0,
            None,
            [],
        )
    assert everything(at_databases) == before


def test_memberships_are_of_the_instrument_and_keep_their_dates(at_databases, register):
    register("sp500_early_2016-12-31.csv", EARLY)
    register("sp500_2026-08-08.csv", LATE)
    register("sp500_spans.csv", SPANS)
    found = {name: row[3].get("memberships") for name, row in instruments(at_databases).items()}
    whole = {"index": "SP500", "first": "2013-12-23", "last": None}
    assert found["US_EQ:FB"] == [whole]
    # The file goes on under one symbol; on the days before 2019-03-19 another firm had it.
    assert found["US_EQ:FOXA"] == [{"index": "SP500", "first": "2004-12-20", "last": "2019-03-18"}]
    assert found["US_EQ:FOXA@2019-03-19"] == [{"index": "SP500", "first": "2019-03-19", "last": None}]
    assert found["US_EQ:GONE"] == [{"index": "SP500", "first": "1996-01-02", "last": "2001-04-30"}]
    assert found["US_EQ:XOM"] == [{"index": "SP500", "first": "1957-03-04", "last": None}]


def test_changes_of_an_index_are_memberships_too(at_databases, register):
    text = 'date,add,remove\n2019-01-18,"TFX","PCG"\n2020-06-22,"TDY,BIO","TFX"\n'
    register("changes_since_2019.csv", text, "--index", "SP500")
    found = {name: row[3]["memberships"] for name, row in instruments(at_databases).items()}
    assert found == {
        "US_EQ:BIO": [{"index": "SP500", "first": "2020-06-22", "last": None}],
        "US_EQ:PCG": [{"index": "SP500", "first": "2019-01-17", "last": "2019-01-17"}],
        "US_EQ:TDY": [{"index": "SP500", "first": "2020-06-22", "last": None}],
        "US_EQ:TFX": [{"index": "SP500", "first": "2019-01-18", "last": "2020-06-21"}],
    }


def test_who_a_later_list_leaves_out_is_no_member_any_more(at_databases, register):
    register("sp500_2018-01-08.csv", "symbol\nAAA\nBBB\nCCC\n")
    register("sp500_2026-08-08.csv", "symbol\nAAA\nBBB\n")
    found = {name: row[3]["memberships"] for name, row in instruments(at_databases).items()}
    assert found["US_EQ:AAA"] == [{"index": "SP500", "first": "2018-01-08", "last": None}]
    assert found["US_EQ:CCC"] == [{"index": "SP500", "first": "2018-01-08", "last": "2026-08-07"}]


def test_listings_tell_instruments_of_one_symbol_apart(at_databases, register):
    text = (
        "symbol,name,exchange,assetType,ipoDate,delistingDate,status\n"
        "FB,FB Bancorp,NYSE,Stock,1999-09-29,2003-03-31,Delisted\n"
        "FB,Facebook,NASDAQ,Stock,2012-05-18,null,Active\n"
    )
    report = register("listing_status.csv", text)
    assert report["files"][0]["ignored"] == ["status"]
    found = instruments(at_databases)
    assert found["US_EQ:FB"][1] == "ACTIVE"
    assert found["US_EQ:FB"][3]["listed"] == "2012-05-18"
    assert found["US_EQ:FB@1999-09-29"][1] == "DELISTED"
    assert found["US_EQ:FB@1999-09-29"][3]["delisted"] == "2003-03-31"


def test_the_end_of_a_listing_can_be_mended(at_databases, register):
    for delisted in ("2018-02-06", "2018-02-07", "2018-02-05", "2018-02-06"):
        register("ended.csv", f"symbol,delisted\nAAA,{delisted}\n")
        found = instruments(at_databases)
        assert (list(found), found["US_EQ:AAA"][3]["delisted"]) == (["US_EQ:AAA"], delisted)


def test_a_history_of_symbols_of_ones_own_makes_one_instrument(at_databases, register):
    text = "instrument_id,symbol,first,last\nG,GOOG,2004-08-19,2014-04-02\nG,GOOGL,2014-04-03,\n"
    register("symbols.csv", text)
    found = instruments(at_databases)
    assert set(found) == {"G"}
    assert found["G"][0] == "GOOGL"
    with connect(at_databases.runtime_url) as connection:
        spans = symbol_spans(connection, "US_EQ").select("symbol", "first", "last").rows()
    assert [(s, str(first), str(last)) for s, first, last in spans] == [
        ("GOOG", "2004-08-19", "2014-04-02"),
        ("GOOGL", "2014-04-03", "None"),
    ]


def test_a_dry_run_reports_and_keeps_nothing(at_databases, register):
    before = everything(at_databases)
    report = register("sp500_2026-08-08.csv", LATE, "--dry-run")
    assert (report["written"]["instruments"], report["decision_id"]) == (5, None)
    assert everything(at_databases) == before


def test_a_delivery_is_a_decision_that_names_its_files(at_databases, register):
    report = register("sp500_2026-08-08.csv", LATE, "--source", "wiki")
    with connect(at_databases.runtime_url) as connection:
        context, day, refs, action = connection.execute(
            "SELECT context_id, as_of_date::text, input_refs, proposed_action FROM engine_decisions"
        ).fetchone()
    assert (context, day) == ("US_EQ/instruments", "2026-08-08")
    (file,) = refs["files"]
    assert (file["name"], file["source"], file["index"], file["kind"]) == (
        "sp500_2026-08-08.csv", "wiki", "SP500", "table",
    )  # fmt: skip
    assert len(file["sha256"]) == 64
    assert report["decision_id"].endswith(action["batch"])
    assert instruments(at_databases)["US_EQ:META"][3]["batch"] == action["batch"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n\n", "is empty"),
        ("header.csv", b"symbol,name\n", "has no rows"),
        ("nothing.csv", b"colour,size\nred,1\n", "no column 'symbol'; it has colour, size"),
        ("latin.csv", b"symbol,name\nAAA,Soci\xe9t\xe9\n", "line 2 is not in UTF-8"),
        ("binary.csv", b"sym\0bol,name\nAAA,B\n", "is binary"),
        ("broken.zip", b"PK\x03\x04 nothing", "broken.zip"),
        ("table.parquet", b"no parquet", "is not the table its name says"),
        ("quote.csv", b'"symbol,name\nAAA,B\n', "line 1, which names the columns"),
        ("map.csv", b"20040819,goog,Q\nand so on\n", "line 2"),
        ("of_2999-01-01.csv", b"symbol\nAAA\n", "after the day of its delivery"),
    ],
)
def test_a_file_that_is_none_is_a_named_error_and_registers_nothing(
    at_databases, prometheus, tmp_path, name, content, words
):
    good, bad = tmp_path / "good.csv", tmp_path / name
    good.write_text("symbol\nGOOD\n")
    bad.write_bytes(content)
    done = prometheus("ingest", "instruments", good, bad, "--market", "US_EQ")
    assert done.exit_code == 3
    assert name in done.err
    assert words in done.err
    assert instruments(at_databases) == {}


def test_bad_rows_are_set_aside_with_their_line_and_good_ones_land(at_databases, prometheus, tmp_path, home):
    path = tmp_path / "sp500_spans.csv"
    path.write_text(
        "ticker;start_date;end_date\nAAA;2010-01-04;\nBBB;once;\n;2010-01-04;\nCCC;2010-01-04;2009-01-02\n"
        "DDD;2010-01-04\n"
    )
    done = prometheus("ingest", "instruments", path, "--market", "US_EQ")
    assert done.exit_code == 0
    (rejects,) = (home / "rejects").iterdir()
    found = pl.read_csv(rejects, infer_schema=False).sort("row")
    assert found.select("file", "row", "rule").rows() == [
        (path.name, "3", "unparsable_date"),
        (path.name, "4", "missing_symbol"),
        (path.name, "5", "end_before_start"),
        (path.name, "6", "wrong_number_of_fields"),
    ]
    assert list(instruments(at_databases)) == ["US_EQ:AAA"]


def test_an_open_quote_and_a_zero_cost_their_lines_and_no_other(at_databases, prometheus, tmp_path, home):
    path = tmp_path / "sp500_2018-01-08.csv"
    lines = [
        "symbol,name,sector",
        'AAA,"Alpha, Inc.",Energy',
        'BBB,"Beta,Energy',
        "CCC,Gamma,Energy",
        "DD\0D,Delta,Energy",
        'EEE,"Epsilon" Corp,Energy',
        'FFF,"Zeta\nHoldings",Energy',
        'GGG,Eta,"Energy',
        "HHH,Theta,Energy",
    ]
    path.write_text("\n".join(lines) + "\n")
    for n_written in (True, False):
        done = prometheus("ingest", "instruments", path, "--market", "US_EQ", "--json")
        assert done.exit_code == 0, done.err
        report = json.loads(done.out)
        assert (report["n_rows"], report["n_rejected"]) == (8, 4)
        assert (sum(report["written"].values()) > 0) is n_written
    (rejects,) = (home / "rejects").iterdir()
    found = pl.read_csv(rejects, infer_schema=False)
    assert found.select("file", "row", "field", "rule").rows() == [
        (path.name, "3", "name", "broken_quotes"),
        (path.name, "5", "symbol", "wrong_encoding"),
        (path.name, "6", "name", "broken_quotes"),
        (path.name, "9", "sector", "broken_quotes"),
    ]
    assert found["remedy"].null_count() == 0
    assert list(instruments(at_databases)) == ["US_EQ:AAA", "US_EQ:CCC", "US_EQ:FFF", "US_EQ:HHH"]


def test_the_order_of_deliveries_changes_nothing_that_is_told(at_databases, register):
    constituents = [
        ("sp500_2016-12-31.csv", "symbol,name,sector\nAAA,Alpha,Energy\nBBB,Beta,Energy\n"),
        (
            "sp500_2018-01-08.csv",
            "symbol,name,sector\nAAA,Alpha Inc.,Materials\nBBB,Beta,Energy\nCCC,C,Energy\n",
        ),
        ("sp500_spans.csv", "ticker,start_date,end_date\nAAA,2001-01-02,\nBBB,1996-01-02,2018-06-01\n"),
    ]
    for name, text in constituents:
        register(name, text)
    for name, text in reversed(constituents):
        register(name, text, market="UK_EQ")
    assert told(at_databases, "US_EQ") == told(at_databases, "UK_EQ")
    assert len(told(at_databases, "UK_EQ")) == 3


def test_two_deliveries_at_once_wait_for_each_other(databases, tmp_path):
    path = tmp_path / "sp500_2026-08-08.csv"
    path.write_text(LATE)
    written = []

    def deliver():
        report = ingest_instruments(databases, [path], market_id="US_EQ")
        written.append(report.written["instruments"])

    with connect(databases.runtime_url) as connection:
        ingest_instruments(databases, [path], market_id="US_EQ", dry_run=True)
        hold_reference(connection, "US_EQ")
        threads = [threading.Thread(target=deliver) for _ in range(2)]
        for thread in threads:
            thread.start()
        connection.rollback()
    for thread in threads:
        thread.join()
    assert sorted(written) == [0, 5]
