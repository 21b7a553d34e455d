"""Reference files in any order, in one or several commands, with prices between: the same facts."""

from __future__ import annotations

import itertools
import json
import random

import pytest

from prometheus.store.connections import connect
from tests.deliveries import shared

OLD = (
    "Symbol,Security,GICS Sector,CIK\nFB,Facebook,Information Technology,1326801\nCOH,Coach,Retail,1116132\n"
)
LIST = "Symbol,Name,Sector\nFB,Facebook Inc.,Information Technology\nCOH,Coach Inc.,Retail\nIBM,IBM,Energy\n"
NEW = (
    "Symbol,Security,GICS Sector,CIK\nMETA,Meta Platforms,Communication Services,1326801\n"
    "TPR,Tapestry,Retail,1116132\nIBM,IBM,Information Technology,51143\n"
)
SPANS = (
    "ticker,start_date,end_date\nFB,2013-12-23,2022-06-09\nMETA,2022-06-09,\nIBM,1957-03-04,\n"
    "TPR,2004-09-01,2023-05-22\n"
)
FILES = {
    "sp500_2017-01-05.csv": OLD,
    "sp500_2018-01-08.csv": LIST,
    "sp500_2026-08-08.csv": NEW,
    "sp500_spans.csv": SPANS,
}
REAL = (
    "nyse_kaggle_securities.csv",
    "sp500_constituents_2018-01-08.csv",
    "sp500_constituents_financials_2018-01-08.csv",
    "sp500_constituents_2026-08-08.csv",
    "fja05680_sp500_ticker_start_end.csv",
    "fja05680_sp500_changes_since_2019.csv",
)
REUSED = {"DD", "DISCK", "DOW", "FOX", "FOXA", "IR", "TT", "WBD"}
"""Whose symbols went from one firm to another, and who had those: see below."""


@pytest.fixture
def ingest(prometheus):
    def call(kind, *words, market="US_EQ"):
        done = prometheus("ingest", kind, *words, "--market", market, "--json")
        assert done.exit_code == 0, done.err
        return json.loads(done.out)

    return call


@pytest.fixture
def told(at_databases):
    """Return what the tables say by symbol, without ids, batches and times of knowledge."""

    def call():
        with connect(at_databases.runtime_url) as connection:
            rows = connection.execute(
                "SELECT i.symbol, i.status, i.exchange, i.currency, i.asset_class, s.name, s.sector,"
                " s.industry, s.country, i.metadata - '{batch,revisions}'::text[],"
                " s.metadata - '{batch,revisions}'::text[]"
                " FROM instruments i JOIN issuers s USING (issuer_id) ORDER BY 1, 2, 6, 10"
            ).fetchall()
            counts = connection.execute(
                "SELECT (SELECT count(*) FROM issuers), (SELECT count(*) FROM instruments)"
            ).fetchone()
            connection.execute("DELETE FROM instruments")
            connection.execute("DELETE FROM issuers")
        return counts, rows

    return call


def test_renamed_firms_are_one_whichever_of_their_files_comes_first(ingest, told, tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    found = []
    for order in itertools.permutations(FILES):
        for name in order:
            ingest("instruments", tmp_path / name)
        found.append((order, told()))
    ingest("instruments", *(tmp_path / name for name in FILES))
    found.append(("all at once", told()))
    (counts, rows) = found[0][1]
    assert counts == (3, 3)
    assert [row[0] for row in rows] == ["IBM", "META", "TPR"]
    assert rows[1][9]["memberships"] == [{"index": "SP500", "first": "2013-12-23", "last": None}]
    for order, one in found:
        assert (order, one) == (order, found[0][1])


def test_prices_that_came_between_keep_their_instrument_and_the_facts_are_the_same(
    at_databases, ingest, tmp_path
):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "bars.csv").write_text("symbol,date,close\nFB,2018-01-08,188\nIBM,2018-01-08,163\n")
    ingest("instruments", tmp_path / "sp500_2026-08-08.csv")
    report = ingest("prices", tmp_path / "bars.csv", "--create", "--no-derive")
    assert report["created"] == ["US_EQ:FB"]
    ingest("instruments", tmp_path / "sp500_2018-01-08.csv")
    report = ingest("instruments", tmp_path / "sp500_2017-01-05.csv")
    with connect(at_databases.runtime_url) as connection:
        rows = connection.execute("SELECT instrument_id, symbol FROM instruments ORDER BY 1").fetchall()
        issuers = connection.execute("SELECT count(*) FROM issuers").fetchone()[0]
    assert rows == [("US_EQ:FB", "META"), ("US_EQ:IBM", "IBM"), ("US_EQ:TPR", "TPR")]
    assert issuers == 3
    again = ingest("prices", tmp_path / "bars.csv", "--create", "--no-derive")
    assert (again["created"], again["n_unchanged"]) == ([], 2)
    for name in FILES:
        ingest("instruments", tmp_path / name)
        assert sum(ingest("instruments", tmp_path / name)["written"].values()) == 0


def test_two_instruments_with_prices_of_their_own_stay_two_and_are_named(at_databases, ingest, tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "bars.csv").write_text("symbol,date,close\nFB,2018-01-08,188\n")
    (tmp_path / "new.csv").write_text("symbol,date,close\nMETA,2026-08-10,700\n")
    ingest("prices", tmp_path / "bars.csv", "--create", "--no-derive")
    ingest("instruments", tmp_path / "sp500_2026-08-08.csv")
    ingest("prices", tmp_path / "new.csv", "--no-derive")
    ingest("instruments", tmp_path / "sp500_2018-01-08.csv")
    report = ingest("instruments", tmp_path / "sp500_2017-01-05.csv")
    (named,) = [d for d in report["differences"] if d["field"] == "instrument"]
    assert {named["later"], named["earlier"]} == {"US_EQ:META", "US_EQ:FB"}


def test_an_identifier_finds_the_instrument_under_a_new_symbol_in_either_order(ingest, told, tmp_path):
    (tmp_path / "own_2016-01-04.csv").write_text(
        "symbol,name,figi,isin\nPCLN,Priceline,BBG000BLBVN4,US7415034039\n"
    )
    (tmp_path / "own_2019-01-04.csv").write_text(
        "symbol,name,figi,isin\nBKNG,Booking,BBG000BLBVN4,US09857L1089\n"
    )
    found = []
    for order in (("2016", "2019"), ("2019", "2016")):
        for year in order:
            ingest("instruments", tmp_path / f"own_{year}-01-04.csv")
        found.append(told())
    assert found[0] == found[1]
    (counts, ((symbol, *_, metadata, _),)) = found[0]
    assert (counts, symbol) == ((1, 1), "BKNG")
    assert [entry["symbol"] for entry in metadata["symbols"]] == ["PCLN", "BKNG"]
    assert metadata["identifiers"] == {"FIGI": "BBG000BLBVN4", "ISIN": "US09857L1089"}
    (tmp_path / "own_2023-01-04.csv").write_text("symbol,name,figi\nPCLN,Other,BBG00ZZZZZZ1\n")
    for year in ("2016", "2019", "2023"):
        ingest("instruments", tmp_path / f"own_{year}-01-04.csv")
    assert told()[0] == (2, 2)


def test_the_real_files_in_shuffled_orders_say_the_same(ingest, told):
    """All but symbols that two firms had: a list without identifiers goes to who is known to have had it.

    What a later file says of the symbol does not move a row that names nobody; given in one command, the
    files are taken in the order of their days.
    """
    paths = [shared(f"reference/{name}") for name in REAL]
    ingest("instruments", *paths)
    _, rows = told()
    expected = set(map(repr, rows))
    for seed in (1, 2):
        order = random.Random(seed).sample(paths, len(paths))
        for path in order:
            ingest("instruments", path)
        _, rows = told()
        differing = expected ^ set(map(repr, rows))
        assert {row.split("'")[1] for row in differing} <= REUSED
    ingest("instruments", *reversed(paths))
    assert set(map(repr, told()[1])) == expected


def test_a_symbol_that_goes_from_one_class_of_shares_to_another_is_followed(ingest, told, tmp_path):
    march = "Symbol,Security,CIK\nGOOG,Google Inc Class A,1288776\n"
    april = "Symbol,Security,CIK\nGOOG,Google Inc Class C,1288776\nGOOGL,Google Inc Class A,1288776\n"
    files = {"sp500_2014-03-03.csv": march, "sp500_2014-04-10.csv": april}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found = []
    for order in (list(files), list(files)[::-1]):
        for name in order * 2:
            ingest("instruments", tmp_path / name)
        found.append(told())
    assert found[0] == found[1]
    counts, rows = found[0]
    assert counts == (1, 2)
    symbols = {row[9]["security"]: [entry["symbol"] for entry in row[9]["symbols"]] for row in rows}
    assert symbols == {"Google Inc Class A": ["GOOG", "GOOGL"], "Google Inc Class C": ["GOOG"]}


def test_several_stocks_of_one_class_are_no_renames_of_each_other(ingest, told, tmp_path):
    row = "LSXMA,Liberty Media Series A,1560385\n"
    (tmp_path / "a_2023-01-03.csv").write_text("Symbol,Security,CIK\n" + row)
    more = "FWONA,Liberty Media Series A,1560385\nFWONK,Liberty Media Series C,1560385\n"
    (tmp_path / "b_2023-06-01.csv").write_text("Symbol,Security,CIK\n" + more + row)
    for name in ("a_2023-01-03.csv", "b_2023-06-01.csv"):
        ingest("instruments", tmp_path / name)
    counts, rows = told()
    assert (counts, [one[0] for one in rows]) == ((1, 3), ["FWONA", "FWONK", "LSXMA"])
