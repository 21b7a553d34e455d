"""Everything under the shared data goes in by documented commands, twice; the second time changes nothing."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import pytest

from prometheus.schema.tables import TABLES
from prometheus.store.connections import Databases, connect, open_databases
from prometheus.store.settings import settings_from_environment
from tests.deliveries import shared

MARKET = ("--market", "US_EQ")
TAKE = (*MARKET, "--create", "--no-derive")
KAGGLE = "prices/kaggle_sp500_5yr"
COLUMNS = ("read", "new", "unchanged", "corrected", "flagged", "rejected", "repeated", "blank", "seconds")


@dataclass(frozen=True, slots=True)
class Documented:
    """One command: its kind, what it takes, its options, and the rules that set rows of it aside.

    Attributes
    ----------
    kind, path : str
    options : tuple of str
    rejected : mapping of str to int
        Rows by rule, as they are in these files.
    """

    kind: str
    path: str
    options: tuple[str, ...]
    rejected: dict[str, int]


def kaggle(path: str, **rejected: int) -> Documented:
    """Return the command for a part of the panel."""
    options = (*TAKE, "--preset", "kaggle", "--source", "kaggle")
    return Documented("prices", f"{KAGGLE}/{path}", options, rejected)


# Of Lean's USO the bars before 10 April 2006 are another fund's. The panel calls Aptiv and Tapestry what the
# references of its time don't yet. Apple and Alphabet are there as traded when the panel comes, adjusted for
# their splits; when pystock's come, as traded, the panel's are there of those that split until 2018.
DELIVERIES = (
    Documented("instruments", "reference/nyse_kaggle_securities.csv", (*MARKET, "--as-of", "2016-12-31"), {}),
    Documented("instruments", "reference/sp500_constituents_2018-01-08.csv", MARKET, {}),
    Documented("instruments", "reference/sp500_constituents_financials_2018-01-08.csv", MARKET, {}),
    Documented("instruments", "reference/sp500_constituents_2026-08-08.csv", MARKET, {}),
    Documented("instruments", "reference/fja05680_sp500_ticker_start_end.csv", MARKET, {}),
    Documented("instruments", "reference/fja05680_sp500_changes_since_2019.csv", MARKET, {}),
    Documented("instruments", "prices/lean_usa_equity/map_files", MARKET, {}),
    Documented(
        "prices",
        "prices/lean_usa_equity",
        (*TAKE, "--preset", "lean", "--source", "lean"),
        {"symbol_not_valid_on_date": 140},
    ),
    Documented("prices", "prices/quandl_wiki_sample/QUANDL_ARCHIVE.zip", (*TAKE, "--source", "wiki"), {}),
    kaggle("vintage_2017-08-15", another_split_basis=1257, high_not_highest=2),
    kaggle(
        "all_stocks_5yr.parquet",
        another_split_basis=2518,
        high_not_highest=1,
        low_not_lowest=12,
        symbol_not_valid_on_date=1303,
    ),
    kaggle(
        "individual_stocks_5yr.zip",
        another_split_basis=2518,
        high_not_highest=1,
        low_not_lowest=12,
        symbol_not_valid_on_date=1303,
    ),
    kaggle("raw_individual_sample", another_split_basis=2518, low_not_lowest=4),
    kaggle("all_stocks_5yr_head12.csv", another_split_basis=1259),
    Documented(
        "prices",
        "prices/pystock_daily_raw/20150601.tar.gz",
        (*TAKE, "--preset", "pystock", "--source", "pystock"),
        {"another_split_basis": 44},
    ),
    Documented(
        "prices",
        "prices/pystock_daily_raw/20151224.tar.gz",
        (*TAKE, "--preset", "pystock", "--source", "pystock"),
        {"another_split_basis": 24},
    ),
    Documented("factors", "factors/F-F_Research_Data_5_Factors_2x3_daily_CRSP201610.CSV", (), {}),
    Documented("factors", "factors/F-F_Momentum_Factor_daily_CRSP201610.CSV", (), {}),
    *(
        Documented("macro", f"macro/{name}.csv", (), {})
        for name in ("DGS10", "VIXCLS", "INDPRO", "CPIAUCSL", "daily-treasury-rates")
    ),
    Documented("events", "text/fomc_statements", ("--kind", "FOMC_STATEMENT"), {"not_a_meeting_day": 1}),
    Documented("events", "text/fomc_minutes", ("--kind", "FOMC_MINUTES"), {}),
    Documented("filings", "text/filings", (*MARKET, "--create"), {"symbol_not_valid_on_date": 1}),
    Documented(
        "calls",
        "text/earnings_calls",
        (*MARKET, "--create", "--completeness", "partial"),
        {"symbol_not_valid_on_date": 1},
    ),
    Documented(
        "fundamentals",
        "fundamentals/pystock_reports_2015-03_2016-03.parquet",
        (*MARKET, "--create"),
        {"contradicting_reports": 140, "filed_before_period_end": 2},
    ),
    Documented(
        "fundamentals",
        "fundamentals/nyse_kaggle_fundamentals.csv",
        (*MARKET, "--create", "--lag-days", "90"),
        {},
    ),
    Documented(
        "news", "text/news/cnbc_headlines.csv", ("--source", "cnbc", "--zone", "America/New_York"), {}
    ),
    Documented("news", "text/news/finviz_2021", ("--source", "finviz", "--zone", "America/New_York"), {}),
)

# Of 650,000 returns these are beyond 45 percent. Discovery's class C, PayPal and Columbia Pipeline were
# spun off, which the panel's vendor did not adjust for: these are flagged. The others did happen.
LARGE_RETURNS = {
    ("US_EQ:AAPL", "2000-09-29"),
    ("US_EQ:AMD", "2016-04-22"),
    ("US_EQ:ANCI", "2015-06-01"),
    ("US_EQ:ATEC", "2015-12-24"),
    ("US_EQ:DISCA", "2014-08-07"),
    ("US_EQ:DISCK", "2014-08-07"),
    ("US_EQ:DRYS", "2015-12-24"),
    ("US_EQ:EBAY", "2015-07-20"),
    ("US_EQ:IMGN", "2015-06-01"),
    ("US_EQ:NI", "2015-07-02"),
    ("US_EQ:RXDX", "2015-06-01"),
    ("US_EQ:VRTX", "2013-04-19"),
}


@dataclass
class Database:
    """The command line over a fresh home, and a table of what it said."""

    call: object
    rows: list[list[object]]

    def run(self, name: str, *words: object) -> dict[str, object]:
        """Return what a command printed as JSON, and note its counts."""
        began = time.perf_counter()
        done = self.call(*words, "--json")
        seconds = time.perf_counter() - began
        assert done.exit_code == 0, f"{name}: {done.out} {done.err}"
        assert done.err == "", name
        report = json.loads(done.out)
        self.rows.append([name, *counts(report).values(), round(seconds, 1)])
        return report


def counts(report: dict) -> dict[str, int]:
    """Return the counts of any ingest's report under the same names."""
    written, new = report.get("written"), report.get("n_new", 0)
    found = {
        "read": report.get("n_rows", 0),
        "new": sum(new.values()) if isinstance(new, dict) else new,
        "unchanged": report.get("n_unchanged", 0),
        "corrected": report.get("n_corrected", report.get("n_changed", 0)),
        "flagged": report.get("n_flagged", 0),
        "rejected": report.get("n_rejected", 0),
        "repeated": report.get("n_repeated", 0),
        "blank": report.get("n_blank", report.get("n_missing", 0)),
    }
    if "market_id" in report and isinstance(new, dict):  # of instruments: written are new or say more
        found["corrected"] = sum(written.values()) - written["markets"] - found["new"]
    return found


def shown(rows: list[list[object]]) -> str:
    """Return the table."""
    lines = [f"{'delivery':<58}" + "".join(f"{name:>11}" for name in COLUMNS)]
    for name, *numbers in rows:
        lines.append(f"{name:<58}" + "".join(f"{number:>11,}" for number in numbers))
    return "\n".join(lines)


def state(databases: Databases) -> dict[str, object]:
    """Return the number of rows of each historical table, and the digest of each of the runtime database."""
    found: dict[str, object] = {}
    with connect(databases.runtime_url) as runtime, connect(databases.historical_url) as historical:
        for name, spec in TABLES.items():
            if spec.database == "historical":
                query = f"SELECT count(*) FROM {name}"
                found[name] = historical.execute(query.encode()).fetchone()
            else:
                query = f"SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {name} t"
                found[name] = runtime.execute(query.encode()).fetchone()
    return found


def digests(databases: Databases) -> dict[str, object]:
    """Return the digest of every row of the historical database."""
    found: dict[str, object] = {}
    with connect(databases.historical_url) as historical:
        for name, spec in TABLES.items():
            if spec.database == "historical":
                query = f"SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM {name} t"
                found[name] = historical.execute(query.encode()).fetchone()
    return found


def query(databases: Databases, text: str) -> list[tuple]:
    """Return rows of the historical database."""
    with connect(databases.historical_url) as historical:
        return historical.execute(text.encode()).fetchall()


@pytest.fixture
def house(home, prometheus, capsys):
    """A fresh home; the table of its deliveries is printed at the end, whatever that is."""
    found = Database(prometheus, [])
    yield found
    with capsys.disabled():
        print("\n" + shown(found.rows))


@pytest.mark.long
def test_all_deliveries_go_in_twice_and_the_second_time_changes_nothing(house, prometheus):
    for delivery in DELIVERIES:
        shared(delivery.path)
    made = prometheus("db", "init")
    assert made.exit_code == 0, made.err
    databases = open_databases(settings_from_environment())
    for delivery in DELIVERIES:
        words = ("ingest", delivery.kind, shared(delivery.path), *delivery.options)
        name = f"{delivery.kind} {delivery.path.split('/')[-1]}"
        first = house.run(name, *words)
        assert first["rejected_by_rule"] == delivery.rejected, name
        before = state(databases)
        again = house.run(f"{name}, again", *words)
        assert again["rejected_by_rule"] == delivery.rejected, name
        assert (counts(again)["new"], counts(again)["corrected"]) == (0, 0), name
        assert again.get("is_recorded", False) is False, name
        assert state(databases) == before, name
    refused = prometheus(
        "ingest",
        "prices",
        shared("prices/pystock_daily_raw/20150610.tar.gz"),
        *TAKE,
        "--preset",
        "pystock",
        "--json",
    )
    assert refused.exit_code == 3
    assert "is empty" in json.loads(refused.out)["error"]["message"]

    for verb in ("derive", "profiles"):
        house.run(verb, verb, *MARKET)
    before = state(databases) | digests(databases)
    for verb in ("derive", "profiles"):
        house.run(f"{verb}, again", verb, *MARKET)
    assert state(databases) | digests(databases) == before
    checked = prometheus("db", "check", "--json")
    assert json.loads(checked.out) == {"is_clean": True, "violations": []}
    large = query(
        databases, "SELECT instrument_id, trade_date::text FROM returns_daily WHERE abs(ret_1d) > 0.45"
    )
    assert set(large) == LARGE_RETURNS
    # Lean's splits and dividends outlive vendors that have no word for them.
    lost = query(
        databases,
        "SELECT instrument_id, trade_date FROM prices_daily, jsonb_array_elements(metadata -> 'revisions') r"
        " WHERE metadata -> 'batch' IS NOT NULL AND (r ? 'split' AND NOT metadata ? 'split'"
        " OR r ? 'dividend' AND NOT metadata ? 'dividend')",
    )
    assert lost == []
