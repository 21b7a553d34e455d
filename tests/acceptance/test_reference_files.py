"""The real reference files: constituents of three days, securities, memberships since 1996, map files."""

from __future__ import annotations

import json

import pytest

from prometheus.store.connections import connect
from tests.deliveries import shared

FILES = {
    "prices/lean_usa_equity/map_files": (20, []),
    "reference/nyse_kaggle_securities.csv": (505, ["SEC filings"]),
    "reference/sp500_constituents_2018-01-08.csv": (505, []),
    "reference/sp500_constituents_financials_2018-01-08.csv": (505, None),
    "reference/sp500_constituents_2026-08-08.csv": (503, []),
    "reference/fja05680_sp500_ticker_start_end.csv": (1230, []),
    "reference/fja05680_sp500_changes_since_2019.csv": (106, []),
}


def query(databases, text, parameters=()):
    with connect(databases.runtime_url) as connection:
        return connection.execute(text, parameters).fetchall()


def members_on(databases, day):
    rows = query(
        databases,
        "SELECT DISTINCT instrument_id FROM instruments, jsonb_array_elements(metadata -> 'memberships') m"
        " WHERE m ->> 'index' = 'SP500' AND m ->> 'first' <= %(day)s"
        " AND coalesce(m ->> 'last', '9999') >= %(day)s",
        {"day": day},
    )
    return {row[0] for row in rows}


@pytest.fixture
def deliver(prometheus):
    def call():
        reports = {}
        for name in FILES:
            done = prometheus("ingest", "instruments", shared(name), "--market", "US_EQ", "--json")
            assert done.exit_code == 0, done.err
            reports[name] = json.loads(done.out)
        return reports

    return call


def test_every_file_goes_in_whole_and_a_second_time_writes_nothing(at_databases, deliver):
    first = deliver()
    for name, (n_rows, ignored) in FILES.items():
        report = first[name]
        assert (name, report["n_rows"], report["n_rejected"]) == (name, n_rows, 0)
        if ignored is not None:
            assert [header for file in report["files"] for header in file["ignored"]] == ignored
    count = "SELECT count(*), max(updated_at) FROM instruments"
    before = query(at_databases, count)
    for report in deliver().values():
        assert (sum(report["written"].values()), report["differences"]) == (0, [])
    assert query(at_databases, count) == before


def test_what_the_files_say_together(at_databases, deliver):
    reports = deliver()
    # One firm by its CIK, whatever it was called: 25 were renamed between 2017 and 2026.
    renamed = dict(
        query(
            at_databases,
            "SELECT instrument_id, symbol FROM instruments WHERE split_part(instrument_id, ':', 2) <> symbol"
            " AND instrument_id NOT LIKE '%%@%%'",
        )
    )
    assert renamed["US_EQ:FB"] == "META"
    assert renamed["US_EQ:PCLN"] == "BKNG"
    assert renamed["US_EQ:IR"] == "TT"
    assert len(renamed) == 24
    # Symbols that went to another firm: two instruments each.
    reused = query(
        at_databases, "SELECT instrument_id FROM instruments WHERE instrument_id LIKE '%%@%%' ORDER BY 1"
    )
    assert [row[0] for row in reused] == [
        "US_EQ:DD@2019-06-03", "US_EQ:DOW@2019-04-01", "US_EQ:FB@1999-09-29", "US_EQ:FOX@2019-03-19",
        "US_EQ:FOXA@2019-03-19", "US_EQ:IR@2020-03-03",
    ]  # fmt: skip
    # Classes of shares have one issuer.
    ((n_issuers,),) = query(
        at_databases,
        "SELECT count(DISTINCT issuer_id) FROM instruments WHERE symbol IN ('GOOG', 'GOOGL')",
    )
    assert n_issuers == 1
    ((name, sector, industry, country, cik),) = query(
        at_databases,
        "SELECT name, sector, industry, country, metadata #>> '{identifiers,CIK}' FROM issuers"
        " WHERE issuer_id = 'US_EQ:ABT'",
    )
    assert (name, sector, industry, country, cik) == (
        "Abbott Laboratories", "Health Care", "Health Care Equipment", "US", "0000001800",
    )  # fmt: skip
    late = reports["reference/sp500_constituents_2026-08-08.csv"]["n_differences"]
    assert late["identifiers.CIK"] > 0
    assert late["sector"] > 0


def test_the_members_of_2013_are_those_of_2013(at_databases, deliver):
    """Compare with the file itself, read here a second time.

    Firms that the file calls by a symbol which no other file has can't be told to be the same: those are
    members twice, under both.
    """
    deliver()
    lines = shared("reference/fja05680_sp500_ticker_start_end.csv").read_text().split()[1:]
    spans = [line.split(",") for line in lines]
    for day, most in (("2000-06-01", 2), ("2013-02-08", 3), ("2018-02-07", 5), ("2024-01-02", 4)):
        told = {symbol for symbol, first, end in spans if first <= day and (not end or day < end)}
        found = members_on(at_databases, day)
        known = dict(query(at_databases, "SELECT instrument_id, symbol FROM instruments"))
        names = {known[i] for i in found} | {i.split(":")[1].split("@")[0] for i in found}
        assert told - names == set()
        assert len(found) - len(told) <= most
    # Left between 2018 and 2026; joined in between.
    assert "US_EQ:TSLA" not in members_on(at_databases, "2020-12-18")
    assert "US_EQ:TSLA" in members_on(at_databases, "2020-12-21")
    assert "US_EQ:FB" in members_on(at_databases, "2013-12-23")
    assert "US_EQ:FB" not in members_on(at_databases, "2013-12-20")
    assert len(members_on(at_databases, "2026-08-08")) == 503
