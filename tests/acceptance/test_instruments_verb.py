"""The list of instruments: who is who, on which days under which symbol, and what is stored of whom."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from prometheus.store.connections import Databases
from tests.conftest import Outcome

Prometheus = Callable[..., Outcome]

FIRMS = """symbol,name,sector,listed,delisted
GOOGL,Alphabet,Communication Services,2004-08-19,
OLD,Old Firm,Energy,2000-01-03,2014-07-01
NEW,New Firm,Energy,2015-02-02,
"""
SYMBOLS = (
    "instrument_id,symbol,first,last\nUS_EQ:GOOGL,GOOG,2004-08-19,2014-04-02\nUS_EQ:GOOGL,GOOGL,2014-04-03,\n"
)
MEMBERS = "ticker,start_date,end_date\nGOOGL,2014-04-03,\nOLD,2001-01-02,2014-06-30\n"
BARS = "symbol,date,close\nGOOGL,2014-04-03,571.5\nGOOGL,2014-04-04,545.25\n"


@pytest.fixture
def listed(
    at_databases: Databases, prometheus: Prometheus, tmp_path: Path
) -> Callable[..., list[dict[str, object]]]:
    def take(name: str, text: str, kind: str, *words: str) -> None:
        (tmp_path / name).write_text(text)
        done = prometheus("ingest", kind, tmp_path / name, "--market", "US_EQ", *words)
        assert done.exit_code == 0, done.err

    take("firms.csv", FIRMS, "instruments")
    take("symbols.csv", SYMBOLS, "instruments")
    take("members.csv", MEMBERS, "instruments", "--index", "TEN", "--as-of", "2015-12-31")
    take("bars.csv", BARS, "prices", "--no-derive")

    def call(*words: str) -> list[dict[str, object]]:
        done = prometheus("instruments", *words, "--json")
        assert done.exit_code == 0, done.err
        found: list[dict[str, object]] = json.loads(done.out)
        return found

    return call


def test_a_renamed_instrument_stands_once_with_its_symbols_and_its_bars(
    listed: Callable[..., list[dict]],
) -> None:
    assert [one["instrument_id"] for one in listed()] == ["US_EQ:GOOGL", "US_EQ:NEW", "US_EQ:OLD"]
    (one,) = listed("GOOG")
    assert one == listed("US_EQ:GOOGL")[0]
    assert (one["name"], one["sector"]) == ("Alphabet", "Communication Services")
    assert one["symbols"] == [
        {"symbol": "GOOG", "first": "2004-08-19", "last": "2014-04-02"},
        {"symbol": "GOOGL", "first": "2014-04-03", "last": None},
    ]
    assert one["indices"] == [{"index": "TEN", "first": "2014-04-03", "last": None}]
    assert one["bars"] == {"n": 2, "first": "2014-04-03", "last": "2014-04-04"}


@pytest.mark.parametrize(
    ("words", "symbols"),
    [
        (("--date", "2014-03-31"), ["GOOG", "OLD"]),
        (("--date", "2014-07-01"), ["GOOGL"]),
        (("--date", "2015-02-02"), ["GOOGL", "NEW"]),
        (("--index", "TEN"), ["GOOGL", "OLD"]),
        (("--index", "TEN", "--date", "2014-04-02"), ["OLD"]),
        (("--index", "TEN", "--date", "2014-04-03"), ["GOOGL", "OLD"]),
        (("GOOG", "--date", "2015-02-02"), []),
    ],
)
def test_a_day_and_an_index_choose_who_was_there(
    listed: Callable[..., list[dict]], words: tuple[str, ...], symbols: list[str]
) -> None:
    assert [one["symbol"] for one in listed(*words)] == symbols


def test_people_get_a_table_and_strangers_a_named_error(
    listed: Callable[..., list[dict]], prometheus: Prometheus
) -> None:
    page = prometheus("instruments", "--index", "TEN").out
    assert "2 of 3 instruments of US_EQ." in page
    assert "No instrument." in prometheus("instruments", "NEW", "--date", str(date(2014, 1, 2))).out
    for words, exit_code, said in (
        (("GHOST",), 3, "has or had the symbol GHOST"),
        (("--index", "NONE"), 3, "indices that are known: TEN"),
        (("--market", "MARS"), 2, "MARS"),
        (("--date", "someday"), 2, "--date: 'someday' is no date"),
    ):
        refused = prometheus("instruments", *words)
        assert (refused.exit_code, said in refused.err) == (exit_code, True), refused.err
