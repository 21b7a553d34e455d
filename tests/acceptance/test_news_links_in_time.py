"""Links of news follow who had a symbol and a name when, and say when they change."""

import json
from datetime import date

import pytest

from prometheus.adapters.instrument_files import ingest_instruments
from prometheus.store.connections import connect

INSTRUMENTS = "symbol,name,listed\nNFLX,Netflix Inc.,2002-05-23\n"


@pytest.fixture
def files(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def market(at_databases, files):
    ingest_instruments(at_databases, [files("instruments.csv", INSTRUMENTS)], market_id="US_EQ")
    return at_databases


@pytest.fixture
def ingest(market, prometheus):
    def call(*words):
        said = prometheus("ingest", "news", "--zone", "America/New_York", "--json", *words)
        assert said.exit_code == 0, said.err
        return json.loads(said.out)

    return call


def everything(databases):
    with connect(databases.historical_url) as historical, connect(databases.runtime_url) as runtime:
        return (
            historical.execute("SELECT * FROM news_articles ORDER BY article_id").fetchall(),
            historical.execute("SELECT * FROM news_links ORDER BY 1, 2, 3").fetchall(),
            runtime.execute(
                "SELECT decision_id, proposed_action FROM engine_decisions ORDER BY 1"
            ).fetchall(),
        )


def reference(databases, files, text, *, as_of):
    path = files(f"reference-{as_of}.csv", text)
    ingest_instruments(databases, [path], market_id="US_EQ", as_of=date.fromisoformat(as_of))


COR = (
    "headline,time\n"
    "$COR leases more racks,2019-04-22T10:00Z\n"
    "Coresite adds a data center,2019-04-23T10:00Z\n"
    "Cencora is a good word,2019-04-24T10:00Z\n"
    "$COR raises its guidance,2026-09-02T10:00Z\n"
    "Cencora sells a unit,2026-09-03T10:00Z\n"
    "AmerisourceBergen as was,2026-09-04T10:00Z\n"
)


def listed_for(prometheus, *words):
    said = prometheus("news", *words, "--json")
    assert said.exit_code == 0, said.err
    return [(one["headline"].split()[0], one["instrument_ids"]) for one in json.loads(said.out)]


def test_a_reused_ticker_and_a_later_name_are_those_of_the_holder_at_the_articles_date(
    ingest, files, market, prometheus
):
    first = "symbol,name,cik\nABC,AmerisourceBergen Corp,1140859\n"
    reference(market, files, first, as_of="2018-01-08")
    reference(market, files, "symbol,name,cik\nCOR,Cencora Inc,1140859\n", as_of="2026-08-08")
    path = files("cor.csv", COR)
    ingest(path, "--known-at", "2026-09-10T00:00Z")
    late = ["US_EQ:ABC"]
    # In 2019 nobody is known to have had COR, and ABC's firm was not called Cencora yet.
    later = [("$COR", late), ("Cencora", late), ("AmerisourceBergen", late)]
    assert [one for one in listed_for(prometheus) if one[1]] == later
    assert listed_for(prometheus, "COR") == later
    reference(market, files, first + "COR,CoreSite Realty Corp,1490892\n", as_of="2019-05-01")
    again = ingest(path, "--known-at", "2026-09-20T00:00Z")
    assert (again["n_new"], again["n_links_new"], again["n_links_withdrawn"]) == (0, 2, 0)
    [core] = {one["instrument_id"] for one in again["link_changes"]}
    assert core != "US_EQ:ABC"
    early = [("$COR", [core]), ("Coresite", [core])]
    assert listed_for(prometheus, "COR") == early + later
    assert listed_for(prometheus, "COR", "--date", "2019-04-22") == early
    assert listed_for(prometheus, "COR", "--date", "2026-09-01") == later
    assert listed_for(prometheus, "ABC", "--date", "2018-06-01") == later
    assert listed_for(prometheus, core) == early
    assert listed_for(prometheus, "COR", "--known-at", "2026-09-15T00:00Z") == later
    assert listed_for(prometheus, "COR", "--known-at", "2026-09-21T00:00Z") == early + later
    before = everything(market)
    third = ingest(path)
    assert (third["n_links_new"], third["n_links_withdrawn"], third["is_recorded"]) == (0, 0, False)
    assert everything(market) == before
    assert prometheus("news", "COR", "--date", "2022-05-02").exit_code == 3


def test_a_link_that_better_reference_data_contradict_is_withdrawn_and_stays_readable_as_it_was(
    ingest, files, market, prometheus
):
    path = files(
        "news.csv", "headline,time,ticker\n$QVN jumps,2015-03-02T10:00Z,\nA plain one,2015-03-02T11:00Z,QVN\n"
    )
    reference(market, files, "symbol,name,cik\nQVN,Quovan Inc,77\n", as_of="2018-01-08")
    ingest(path, "--known-at", "2026-01-01T00:00Z")
    assert [ids for _, ids in listed_for(prometheus)] == [["US_EQ:QVN"]] * 2
    known = "symbol,name,cik,listed\nQVN,Quovan Inc,77,2017-02-01\n"
    reference(market, files, known, as_of="2019-01-08")
    changed = ingest(path, "--known-at", "2026-02-01T00:00Z")
    assert (changed["n_links_new"], changed["n_links_withdrawn"], changed["is_recorded"]) == (0, 2, True)
    assert {(one["instrument_id"], one["is_added"]) for one in changed["link_changes"]} == {
        ("US_EQ:QVN", False)
    }
    assert [ids for _, ids in listed_for(prometheus)] == [[], []]
    assert [ids for _, ids in listed_for(prometheus, "--known-at", "2026-01-15T00:00Z")] == [
        ["US_EQ:QVN"]
    ] * 2
    again = ingest(path)
    assert (again["is_recorded"], again["decision_id"]) == (False, changed["decision_id"])
    reference(market, files, "symbol,name,cik,listed\nQVN,Quovan Inc,77,2014-02-03\n", as_of="2020-01-08")
    back = ingest(path, "--known-at", "2026-03-01T00:00Z")
    assert (back["n_links_new"], back["n_links_withdrawn"]) == (2, 0)
    assert [ids for _, ids in listed_for(prometheus)] == [["US_EQ:QVN"]] * 2
    assert [ids for _, ids in listed_for(prometheus, "--known-at", "2026-02-15T00:00Z")] == [[], []]
    shown = prometheus("ingest", "news", "--zone", "UTC", path)
    assert shown.exit_code == 0, shown.err


def test_a_delivery_that_says_less_withdraws_nothing(ingest, files, market):
    first = files("first.csv", "headline,time,ticker\nA plain one,2020-03-02T11:00Z,NFLX\n")
    second = files("second.csv", "headline,time\nA plain one,2020-03-02T11:00Z\n")
    ingest(first, "--source", "wire")
    found = ingest(second, "--source", "wire")
    assert (found["n_unchanged"], found["n_links_withdrawn"], found["is_recorded"]) == (1, 0, False)
    assert [link[2] for link in everything(market)[1]] == ["US_EQ:NFLX"]
