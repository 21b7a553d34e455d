"""Reference files in the shapes that vendors deliver: each goes in rightly, or is refused by name."""

from __future__ import annotations

import json
import tarfile

import pytest

from prometheus.store.connections import connect

NASDAQ_LISTED = (
    "Symbol|Security Name|Market Category|Test Issue|Financial Status|Round Lot Size|ETF|NextShares\n"
    "AAPL|Apple Inc. - Common Stock|Q|N|N|100|N|N\n"
    "GOOG|Alphabet Inc. - Class C Capital Stock|Q|N|N|100|N|N\n"
    "QQQ|Invesco QQQ Trust, Series 1|G|N|N|100|Y|N\n"
    "ZJZZT|NASDAQ TEST STOCK|Q|Y|N|100|N|N\n"
    "File Creation Time: 0930202422:00|||||||\n"
)
OTHER_LISTED = (
    "ACT Symbol|Security Name|Exchange|CQS Symbol|ETF|Round Lot Size|Test Issue|NASDAQ Symbol\n"
    "A|Agilent Technologies, Inc. Common Stock|N|A|N|100|N|A\n"
    "BRK.B|Berkshire Hathaway Inc. New Common Stock|N|BRK.B|N|100|N|BRK.B\n"
    "SPY|SPDR S&P 500|P|SPY|Y|100|N|SPY\n"
    "File Creation Time: 0930202422:00\n"
)
SCREENER = (
    "Symbol,Name,Last Sale,Net Change,% Change,Market Cap,Country,IPO Year,Volume,Sector,Industry\n"
    "AAPL,Apple Inc. Common Stock,$227.79,1.00,0.441%,3463313187000.00,United States,1980,3,Technology,"
    "Computer Manufacturing\n"
    "BRK/B,Berkshire Hathaway Inc.,$460.26,-0.5,-0.1%,0.00,United States,,3000000,,\n"
)
TICKERS = (
    '{"0":{"cik_str":320193,"ticker":"AAPL","title":"Apple Inc."},'
    '"1":{"cik_str":1067983,"ticker":"BRK-B","title":"BERKSHIRE HATHAWAY INC"},'
    '"2":{"cik_str":1067983,"ticker":"BRK-A","title":"BERKSHIRE HATHAWAY INC"}}'
)
TICKERS_EXCHANGE = (
    '{"fields":["cik","name","ticker","exchange"],'
    '"data":[[320193,"Apple Inc.","AAPL","Nasdaq"],[1234,"Nowhere","NOWH",null]]}'
)
ISHARES = (
    'iShares Russell 1000 ETF\nFund Holdings as of,"Sep 30, 2024"\nInception Date,"May 15, 2000"\n'
    'Shares Outstanding,"113,000,000.00"\nStock,"-"\n\u00a0\n'
    "Ticker,Name,Sector,Asset Class,Market Value,Weight (%),Quantity,Location,Exchange,Currency\n"
    '"AAPL","APPLE INC","Information Technology","Equity","2,1","6.5","2","United States","NASDAQ","USD"\n'
    '"ACN","ACCENTURE PLC CLASS A","Information Technology","Equity","2","6","2","Ireland",'
    '"New York Stock Exchange Inc.","USD"\n'
    '"USD","USD CASH","Cash and/or Derivatives","Cash","-1","0","1","United States","-","USD"\n'
    '"ESZ4","S&P500 EMINI DEC 24","Cash and/or Derivatives","Futures","0","0","1","-","CME","USD"\n'
    '\u00a0\n"The content contained herein is owned or licensed by its owner. All rights reserved."\n'
)
ARK = (
    'date,fund,company,ticker,cusip,shares,"market value ($)","weight (%)"\n'
    '06/18/2026,ARKK,TESLA INC,TSLA,88160R101,"1,633,138","$647,343,240.44",9.50%\n'
    '"Investors should carefully consider the investment objectives and risks before investing."\n'
)
COARSE = (
    "A RPTMYV3VC57P,A,55.26,1983802,109624898,True,0.6694742,1\n"
    "AAC RVY73T1OH55X,SCOK,1.2,22879,27454,False,1,1000\n"
)


@pytest.fixture
def register(prometheus, tmp_path):
    def call(name, text, *words):
        path = tmp_path / name
        path.write_text(text)
        done = prometheus("ingest", "instruments", path, "--market", "US_EQ", *words, "--json")
        assert done.exit_code == 0, done.err
        return json.loads(done.out)

    return call


def instruments(databases):
    with connect(databases.runtime_url) as connection:
        rows = connection.execute(
            "SELECT i.symbol, i.exchange, i.asset_class, s.name, s.sector, s.country, i.metadata, s.metadata"
            " FROM instruments i JOIN issuers s USING (issuer_id) ORDER BY i.instrument_id"
        ).fetchall()
    return {row[0]: row[1:] for row in rows}


def test_listings_of_nasdaq_leave_test_issues_and_the_closing_line_out(at_databases, register):
    report = register("nasdaqlisted.txt", NASDAQ_LISTED)
    (file,) = report["files"]
    assert (file["as_of"], file["left_out"]) == ("2024-09-30", {"footnote": 1, "test issue": 1})
    assert report["n_rejected"] == 0
    register("otherlisted.txt", OTHER_LISTED)
    found = instruments(at_databases)
    assert {symbol: row[:3] for symbol, row in found.items()} == {
        "A": ("XNYS", "EQUITY", "Agilent Technologies, Inc."),
        "AAPL": ("XNAS", "EQUITY", "Apple Inc."),
        "BRK.B": ("XNYS", "EQUITY", "Berkshire Hathaway Inc. New"),
        "GOOG": ("XNAS", "EQUITY", "Alphabet Inc."),
        "QQQ": ("XNAS", "ETF", "Invesco QQQ Trust, Series 1"),
        "SPY": ("ARCX", "ETF", "SPDR S&P 500"),
    }


def test_the_files_of_the_sec_and_of_the_screener_meet_in_one_instrument(at_databases, register):
    register("company_tickers.json", TICKERS)
    register("company_tickers_exchange.json", TICKERS_EXCHANGE)
    report = register("nasdaq_screener_1727713.csv", SCREENER)
    assert report["n_rejected"] == 0
    found = instruments(at_databases)
    assert set(found) == {"AAPL", "BRK.A", "BRK.B", "NOWH"}
    exchange, _, name, sector, country, _, issuer = found["AAPL"]
    assert (exchange, name, sector, country) == ("XNAS", "Apple Inc.", "Technology", "US")
    assert issuer["identifiers"] == {"CIK": "0000320193"}
    assert found["NOWH"][0] is None


def test_holdings_of_a_fund_are_of_the_day_above_them_and_their_cash_is_no_instrument(at_databases, register):
    report = register("IWB_holdings.csv", ISHARES, "--index", "RUSSELL1000")
    (file,) = report["files"]
    assert (file["as_of"], report["n_rejected"]) == ("2024-09-30", 0)
    assert sum(file["left_out"].values()) == 3
    found = instruments(at_databases)
    assert {symbol: row[:5] for symbol, row in found.items()} == {
        "AAPL": ("XNAS", "EQUITY", "APPLE INC", "Information Technology", "US"),
        "ACN": ("XNYS", "EQUITY", "ACCENTURE PLC", "Information Technology", "IE"),
    }
    (member,) = found["ACN"][5]["memberships"]
    assert member == {"index": "RUSSELL1000", "first": "2024-09-30", "last": None}
    register("ARKK_HOLDINGS.csv", ARK)
    metadata = instruments(at_databases)["TSLA"][5]
    assert metadata["identifiers"] == {"CUSIP": "88160R101"}
    assert metadata["symbols"][0]["seen"] == "2026-06-18"


@pytest.mark.parametrize(
    "text",
    [
        (
            "Date,Added,Added,Removed,Removed,Reason\nDate,Ticker,Security,Ticker,Security,Reason\n"
            '"December 23, 2013",FB,Facebook,TER,Teradyne,Market capitalization[1]\n'
        ),
        (
            "Date,Added,Added.1,Removed,Removed.1,Reason\nDate,Ticker,Security,Ticker,Security,Reason\n"
            '"December 23, 2013",FB,Facebook,TER,Teradyne,Market capitalization\n'
        ),
        (
            ",\"('Effective Date', 'Effective Date')\",\"('Added', 'Ticker')\",\"('Added', 'Security')\","
            "\"('Removed', 'Ticker')\"\n0,\"Dec 23, 2013\",FB,Facebook,TER\n"
        ),
    ],
)
def test_the_changes_of_wikipedia_are_read_however_they_were_saved(at_databases, register, text):
    report = register("sp500_changes.csv", text)
    assert report["n_rejected"] == 0
    found = {symbol: row[5]["memberships"] for symbol, row in instruments(at_databases).items()}
    assert found == {
        "FB": [{"index": "SP500", "first": "2013-12-23", "last": None}],
        "TER": [{"index": "SP500", "first": "2013-12-22", "last": "2013-12-22"}],
    }


def test_lists_of_all_members_are_memberships_with_days(at_databases, register):
    text = (
        'date,tickers\n1996-01-02,"AAPL,CEG-201203,BF.B"\n1996-02-02,"AAPL,CEG-201203,BF.B,LU"\n'
        '2012-03-13,"AAPL,BF.B"\n2022-02-02,"AAPL,BF.B,CEG"\n2022-02-03,\nonce,"AAPL"\n'
    )
    name = "S&P 500 Historical Components & Changes(08-17-2024).csv"
    for _ in range(2):
        report = register(name, text)
        assert report["rejected_by_rule"] == {"missing_symbol": 1, "unparsable_date": 1}
    with connect(at_databases.runtime_url) as connection:
        rows = connection.execute(
            "SELECT instrument_id, status, metadata -> 'memberships' FROM instruments ORDER BY 1"
        ).fetchall()
    days = {name: (status, [(m["first"], m["last"]) for m in found]) for name, status, found in rows}
    assert days == {
        "US_EQ:AAPL": ("ACTIVE", [("1996-01-02", None)]),
        "US_EQ:BF.B": ("ACTIVE", [("1996-01-02", None)]),
        "US_EQ:CEG": ("DELISTED", [("1996-01-02", "2012-03-12")]),
        "US_EQ:CEG@2022-02-02": ("ACTIVE", [("2022-02-02", None)]),
        "US_EQ:LU": ("ACTIVE", [("1996-02-02", "2012-03-12")]),
    }
    assert sum(report["written"].values()) == 0


def test_a_list_without_an_index_is_refused_by_what_is_missing(at_databases, prometheus, tmp_path):
    path = tmp_path / "members.csv"
    path.write_text('date,tickers\n1996-01-02,"AAPL"\n')
    done = prometheus("ingest", "instruments", path, "--market", "US_EQ")
    assert done.exit_code == 3
    assert "missing_index" in done.err


def test_coarse_universes_and_symbol_lists_have_no_header(at_databases, register, prometheus, tmp_path):
    register("coarse_20140324.csv", COARSE)
    found = instruments(at_databases)
    assert found["SCOK"][5]["identifiers"] == {"LEAN_SID": "AAC RVY73T1OH55X"}
    for name, text in (
        ("symbols.txt", "XXII\t22nd Century Group\n"),
        ("prices.csv", "symbol,date,close\nX,1,1\n"),
    ):
        (tmp_path / name).write_text(text)
    with tarfile.open(tmp_path / "20150302.tar.gz", "w:gz") as archive:
        for name in ("symbols.txt", "prices.csv"):
            archive.add(tmp_path / name, name)
    done = prometheus("ingest", "instruments", tmp_path / "20150302.tar.gz", "--market", "US_EQ", "--json")
    assert done.exit_code == 0, done.err
    (file,) = json.loads(done.out)["files"]
    assert (file["name"], file["as_of"]) == ("20150302.tar.gz!symbols.txt", "2015-03-02")
    assert set(instruments(at_databases)) == {"A", "SCOK", "XXII"}


def test_a_file_of_prices_is_refused_and_says_where_it_belongs(at_databases, prometheus, tmp_path):
    path = tmp_path / "bars.csv"
    path.write_text("symbol,date,open,close,volume\nAAPL,2013-02-08,1,1,1\n")
    done = prometheus("ingest", "instruments", path, "--market", "US_EQ")
    assert done.exit_code == 3
    assert "holds prices" in done.err
    assert "ingest prices" in done.err


def test_days_that_could_be_two_are_set_aside_and_one_beyond_the_twelfth_settles_a_column(
    at_databases, register
):
    report = register("listed.csv", "symbol,listed\nAAA,01/02/2013\nBBB,2013-02-08\n")
    assert report["rejected_by_rule"] == {"unparsable_date": 1}
    report = register("listed.csv", "symbol,listed\nAAA,01/02/2013\nCCC,01/31/2013\n")
    assert report["n_rejected"] == 0
    found = instruments(at_databases)
    assert {symbol: row[5]["listed"] for symbol, row in found.items()} == {
        "AAA": "2013-01-02", "BBB": "2013-02-08", "CCC": "2013-01-31",
    }  # fmt: skip


def test_classes_of_shares_are_one_however_they_are_written(at_databases, register, prometheus, tmp_path):
    for name, symbol in (("a", "BRK-B"), ("b", "BRK.B"), ("c", "BRK/B"), ("d", "BRK_B")):
        register(f"{name}.csv", f"symbol,name\n{symbol},Berkshire Hathaway\n")
    assert set(instruments(at_databases)) == {"BRK.B"}
    days = ("2024-09-03", "2024-09-04", "2024-09-05", "2024-09-06")
    for symbol, day in zip(("BRK-B", "BRK.B", "BRK/B", "BRK_B"), days, strict=True):
        path = tmp_path / f"{day}.csv"
        path.write_text(f"symbol,date,close\n{symbol},{day},460\n")
        done = prometheus("ingest", "prices", path, "--market", "US_EQ", "--create", "--no-derive", "--json")
        assert done.exit_code == 0, done.err
    with connect(at_databases.historical_url) as connection:
        rows = connection.execute("SELECT instrument_id, count(*) FROM prices_daily GROUP BY 1").fetchall()
    assert rows == [("US_EQ:BRK.B", 4)]
    done = prometheus("prices", "BRK-B", "2024-09-03", "--market", "US_EQ")
    assert done.exit_code == 0, done.err
