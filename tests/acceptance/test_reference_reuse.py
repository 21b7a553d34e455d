"""A symbol that a renamed firm has got was another's before: its old bars never land on the renamed one."""

from __future__ import annotations

import json

import pytest

from prometheus.store.connections import connect
from tests.deliveries import shared

CONSTITUENTS = {
    "sp500_2018-01-08.csv": "Symbol,Security,CIK\nABC,AmerisourceBergen,1140859\nIBM,IBM,51143\n",
    "sp500_2026-08-08.csv": "Symbol,Security,CIK\nCOR,Cencora,1140859\nIBM,IBM,51143\n",
}
BARS = "symbol,date,close\nCOR,2015-04-01,50\nCOR,2015-04-02,51\nABC,2015-04-01,110\nABC,2015-04-02,111\n"
REAL = (
    "nyse_kaggle_securities.csv",
    "sp500_constituents_2018-01-08.csv",
    "sp500_constituents_2026-08-08.csv",
    "fja05680_sp500_ticker_start_end.csv",
    "fja05680_sp500_changes_since_2019.csv",
)


@pytest.fixture
def ingest(prometheus):
    def call(kind, *words):
        done = prometheus("ingest", kind, *words, "--market", "US_EQ", "--json")
        assert done.exit_code == 0, done.err
        return json.loads(done.out)

    return call


@pytest.fixture
def renamed(at_databases, ingest, tmp_path):
    for name, text in CONSTITUENTS.items():
        (tmp_path / name).write_text(text)
        ingest("instruments", tmp_path / name)
    return at_databases


def bars_of(databases):
    with connect(databases.historical_url) as connection:
        query = "SELECT instrument_id, count(*) FROM prices_daily GROUP BY 1"
        return dict(connection.execute(query).fetchall())


def bars_at(folder, text):
    path = folder / "bars.csv"
    path.write_text(text)
    return path


def test_bars_of_the_former_owner_are_rejected_and_those_of_the_renamed_firm_land(renamed, ingest, tmp_path):
    report = ingest("prices", bars_at(tmp_path, BARS), "--no-derive")
    assert report["rejected_by_rule"] == {"symbol_not_valid_on_date": 2}
    assert bars_of(renamed) == {"US_EQ:ABC": 2}


def test_create_makes_the_former_owner_an_instrument_of_its_own_once(renamed, ingest, tmp_path):
    path = bars_at(tmp_path, BARS)
    report = ingest("prices", path, "--no-derive", "--create")
    assert (report["created"], report["n_rejected"]) == (["US_EQ:COR@2015-04-01"], 0)
    assert bars_of(renamed) == {"US_EQ:ABC": 2, "US_EQ:COR@2015-04-01": 2}
    again = ingest("prices", path, "--no-derive", "--create")
    assert (again["created"], again["n_new"], again["n_unchanged"]) == ([], 0, 4)
    later = bars_at(tmp_path, "symbol,date,close\nCOR,2014-01-02,40\nCOR,2016-01-04,60\nCOR,2026-08-10,300\n")
    report = ingest("prices", later, "--no-derive", "--create")
    assert (report["created"], report["n_rejected"]) == ([], 0)
    assert bars_of(renamed) == {"US_EQ:ABC": 3, "US_EQ:COR@2015-04-01": 4}
    for name in CONSTITUENTS:
        assert sum(ingest("instruments", tmp_path / name)["written"].values()) == 0


def test_days_between_two_symbols_are_nobodys_whether_or_not_new_ones_are_made(renamed, ingest, tmp_path):
    between = bars_at(
        tmp_path, "symbol,date,close\nIBM,2022-06-01,1\nCOR,2015-04-01,50\nCOR,2022-06-01,150\n"
    )
    report = ingest("prices", between, "--no-derive", "--create")
    assert (report["created"], report["rejected_by_rule"]) == ([], {"symbol_not_valid_on_date": 2})
    assert bars_of(renamed) == {"US_EQ:IBM": 1}


def test_the_real_files_leave_no_old_symbol_to_a_firm_that_got_it_later(at_databases, ingest, tmp_path):
    for name in REAL:
        ingest("instruments", shared(f"reference/{name}"))
    pairs = (("ABC", "COR"), ("BK", "BNY"), ("HCP", "DOC"))
    lines = [f"{symbol},2015-04-0{day},{day}0" for pair in pairs for symbol in pair for day in (1, 2)]
    path = bars_at(tmp_path, "\n".join(["symbol,date,close", *lines, ""]))
    report = ingest("prices", path, "--no-derive", "--create")
    assert report["n_rejected"] == 0
    assert bars_of(at_databases) == dict.fromkeys(
        (
            "US_EQ:ABC", "US_EQ:BK", "US_EQ:HCP", "US_EQ:COR@2015-04-01", "US_EQ:BNY@2015-04-01",
            "US_EQ:DOC@2015-04-01",
        ),
        2,
    )  # fmt: skip
