"""``prometheus ingest news``: files in, articles, links, rejects and one decision out."""

import gzip
import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from prometheus.adapters.instrument_files import ingest_instruments
from prometheus.adapters.news_door import ingest_news
from prometheus.store.connections import connect
from prometheus.store.news import read_news
from prometheus.store.unrecorded import recorded_batches
from tests.steps.worlds import as_owner

INSTRUMENTS = (
    "symbol,name,listed,delisted\n"
    "AAPL,Apple Inc.,1980-12-12,\n"
    "GPS,Gap (The),,\n"
    "NFLX,Netflix Inc.,2002-05-23,\n"
    "OLD,Quorvane Corp,2000-01-03,2020-07-01\n"
)
NEWS = (
    "Headlines,Time,Description\n"
    'Apple unveils a phone," 7:51  PM ET Fri, 17 July 2020",It is new.\n'
    ",,\n"
    'Netflix adds subscribers," 7:33  PM ET Fri, 17 July 2020",\n'
    "Gap between rich and poor widens,2020-07-16,A long read.\n"
    'Netflix adds subscribers," 7:33  PM ET Fri, 17 July 2020",\n'
    "Quorvane is gone by now,2020-07-15 09:00:00,\n"
    "Quorvane was still there,2020-06-15 09:00:00,$NFLX rises too\n"
)
BROKEN = (
    "headline,time\n"
    "A good one,2020-07-17 10:00\n"
    ",2020-07-17 10:00\n"
    "No time,\n"
    "Which month,03/04/2020 10:00\n"
    "Never on a clock,2020-03-08 02:30\n"
    "Not yet,2199-01-01 10:00\n"
    "Too,many,fields\n"
)


@pytest.fixture
def files(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text) if isinstance(text, str) else path.write_bytes(text)
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


def rows(databases, statement, parameters=()):
    with connect(databases.historical_url) as connection:
        return connection.execute(statement, parameters).fetchall()


def decisions(databases):
    with connect(databases.runtime_url) as connection:
        return connection.execute(
            "SELECT decision_id::text, as_of_date::text, input_refs, raw_input_summary, proposed_action"
            " FROM engine_decisions WHERE engine_name = 'INGEST' AND context_id = 'NEWS' ORDER BY timestamp"
        ).fetchall()


def links(databases):
    return rows(
        databases,
        "SELECT a.headline, l.issuer_id, l.instrument_id FROM news_links l JOIN news_articles a"
        " USING (article_id) ORDER BY 1, 3",
    )


def everything(databases):
    return (
        rows(databases, "SELECT * FROM news_articles ORDER BY article_id"),
        rows(databases, "SELECT * FROM news_links ORDER BY 1, 2, 3"),
        decisions(databases),
    )


@pytest.mark.parametrize("server", ["embedded", "15"], indirect=True)
def test_news_lands_in_utc_with_links_and_a_decision_and_a_second_delivery_adds_nothing(
    ingest, files, market
):
    path = files("news.csv", NEWS)
    report = ingest(path)
    assert (report["n_rows"], report["n_blank"], report["n_repeated"], report["n_new"]) == (7, 1, 1, 5)
    assert rows(market, "SELECT timestamp, headline, metadata ->> 'time_precision' FROM news_articles") == [
        (datetime(2020, 6, 15, 13, 0, tzinfo=UTC), "Quorvane was still there", "second"),
        (datetime(2020, 7, 15, 13, 0, tzinfo=UTC), "Quorvane is gone by now", "second"),
        (datetime(2020, 7, 17, 3, 59, 59, tzinfo=UTC), "Gap between rich and poor widens", "day"),
        (datetime(2020, 7, 17, 23, 33, tzinfo=UTC), "Netflix adds subscribers", "minute"),
        (datetime(2020, 7, 17, 23, 51, tzinfo=UTC), "Apple unveils a phone", "minute"),
    ]
    assert [(headline, instrument) for headline, _, instrument in links(market)] == [
        ("Apple unveils a phone", "US_EQ:AAPL"),
        ("Netflix adds subscribers", "US_EQ:NFLX"),
        ("Quorvane was still there", "US_EQ:NFLX"),
        ("Quorvane was still there", "US_EQ:OLD"),
    ]
    [(decision_id, as_of_date, refs, summary, action)] = decisions(market)
    assert (decision_id, as_of_date) == (report["decision_id"], "2020-07-17")
    assert refs["files"][0]["columns"] == {"headline": "Headlines", "time": "Time", "body": "Description"}
    assert len(refs["files"][0]["sha256"]) == 64
    assert summary["n_blank"] == 1
    assert (action["n_new"], action["n_links_new"]) == (5, 4)
    assert action["links_by_how"] == {"cashtag": 1, "name": 3}
    before = everything(market)
    again = ingest(path)
    assert (again["n_new"], again["n_unchanged"], again["n_links_new"], again["is_recorded"]) == (
        0,
        5,
        0,
        False,
    )
    assert again["decision_id"] == decision_id
    assert everything(market) == before


def test_an_article_says_how_each_of_its_links_was_found(ingest, files, market):
    ingest(files("news.csv", NEWS))
    [(found,)] = rows(
        market, "SELECT metadata -> 'links' FROM news_articles WHERE headline = 'Quorvane was still there'"
    )
    assert [(link["how"], link["found"]) for link in found] == [("cashtag", "NFLX"), ("name", "Quorvane")]


def test_the_same_news_in_another_file_order_and_format_is_the_same_delivery(ingest, files, market):
    first = ingest(files("news.csv", "title,datetime\nA,2020-07-17T10:00Z\nB,2020-07-18T10:00Z\n"))
    lines = [
        {"published": "2020-07-18T10:00:00Z", "headline": "B"},
        {"published": 1594980000, "headline": "A"},
    ]
    packed = gzip.compress("\n".join(map(json.dumps, lines)).encode())
    second = ingest(files("other.jsonl.gz", packed))
    assert second["n_unchanged"] == 2
    assert second["decision_id"] == first["decision_id"]
    assert len(decisions(market)) == 1


def test_rows_that_break_a_rule_are_set_aside_with_their_line_and_the_mended_file_goes_in(
    ingest, files, market, home
):
    report = ingest(files("broken.csv", BROKEN))
    assert report["n_new"] == 1
    assert report["rejected_by_rule"] == {
        "ambiguous_date": 1,
        "headline_missing": 1,
        "no_such_time": 1,
        "not_yet": 1,
        "time_missing": 1,
        "wrong_number_of_fields": 1,
    }
    assert "broken.csv line 5: ambiguous_date: time = 03/04/2020 10:00" in report["examples"]
    rejects = Path(report["rejects_file"]).read_text()
    mended = ingest(files("mended.csv", rejects.replace(",03/04/2020 10:00,,", ",2020-03-04 10:00,,")))
    assert mended["n_new"] == 1
    assert ("Which month",) in rows(market, "SELECT headline FROM news_articles")


def test_instruments_that_come_later_are_linked_by_the_same_files_and_nothing_else_changes(
    ingest, files, market
):
    path = files("news.csv", "headline,time\nZylotech soars,2020-07-17 10:00\nApple too,2020-07-17 11:00\n")
    first = ingest(path)
    assert first["n_links_new"] == 1
    articles = rows(market, "SELECT * FROM news_articles ORDER BY 1")
    ingest_instruments(
        market, [files("more.csv", "symbol,name\nZYL,Zylotech Holdings Inc\n")], market_id="US_EQ"
    )
    second = ingest(path)
    assert (second["n_new"], second["n_links_new"], second["is_recorded"]) == (0, 1, True)
    assert rows(market, "SELECT * FROM news_articles ORDER BY 1") == articles
    assert [instrument for _, _, instrument in links(market)] == ["US_EQ:AAPL", "US_EQ:ZYL"]
    assert second["decision_id"] != first["decision_id"]
    third = ingest(path)
    assert (third["n_links_new"], third["is_recorded"]) == (0, False)
    assert third["decision_id"] == second["decision_id"]


@pytest.mark.parametrize("again", [NEWS, "headline,time\nApple again,2020-07-16 10:00\n"])
def test_news_whose_decision_a_crash_lost_is_known_once_any_delivery_has_recorded_it(
    ingest, files, market, again
):
    report = ingest(files("news.csv", NEWS))
    lost = decisions(market)
    as_owner(market, "runtime", "DELETE FROM engine_decisions WHERE context_id = 'NEWS'")

    def n_known():
        with connect(market.runtime_url) as runtime, connect(market.historical_url) as historical:
            day, recorded = date(2020, 7, 17), recorded_batches(runtime)
            return read_news(historical, first=day, last=day, recorded=recorded).height

    assert n_known() == 0
    then = files("again.csv", again)
    assert ingest(then, "--dry-run")["healed"] == []
    next_one = ingest(then)
    assert next_one["healed"] == [report["decision_id"]]
    assert next_one["is_recorded"] == (again != NEWS)
    assert decisions(market)[0] == lost[0]  # to the last word
    assert n_known() == 3
    assert ingest(then)["healed"] == []


def test_a_lost_decision_on_links_alone_is_recorded_when_the_files_come_again(ingest, files, market):
    path = files("news.csv", "headline,time\nZylotech soars,2020-07-17 10:00\n")
    first = ingest(path)
    ingest_instruments(market, [files("more.csv", "symbol,name\nZYL,Zylotech Inc\n")], market_id="US_EQ")
    second = ingest(path)
    with connect(market.runtime_url) as connection:
        connection.execute("SET LOCAL prometheus.retention = 'on'")
        connection.execute("DELETE FROM engine_decisions WHERE decision_id = %s", [second["decision_id"]])
    third = ingest(path)
    assert (third["n_links_new"], third["is_recorded"]) == (1, True)
    assert [decision[0] for decision in decisions(market)] == [first["decision_id"], second["decision_id"]]
    assert decisions(market)[1][4]["n_links_new"] == 1


def test_another_version_under_the_same_id_is_set_aside_and_the_first_stays(ingest, files, market):
    ingest(files("first.csv", "id,headline,time\n7,First words,2020-07-17 10:00\n"))
    report = ingest(
        files("second.csv", "id,headline,time\n7,Other words,2020-07-17 12:00\n8,More,2020-07-17 12:00\n")
    )
    assert report["rejected_by_rule"] == {"changed_article": 1}
    assert "Other words" in report["examples"][0]
    assert rows(market, "SELECT headline FROM news_articles ORDER BY 1") == [("First words",), ("More",)]


def test_another_body_of_the_same_headline_is_set_aside_with_all_it_says(ingest, files, market, home):
    ingest(files("first.csv", "headline,time,body\nWords,2020-07-17 10:00,One.\n"))
    less = ingest(files("less.csv", "headline,time\nWords,2020-07-17 10:00\n"))
    assert (less["n_unchanged"], less["n_rejected"]) == (1, 0)
    other = ingest(files("other.csv", "headline,time,body\nWords,2020-07-17 10:00,Two.\nMore,2020-07-17,\n"))
    assert other["rejected_by_rule"] == {"changed_article": 1}
    rejects = Path(other["rejects_file"]).read_text()
    assert "Words,2020-07-17 14:00:00Z,Two." in rejects
    assert rows(market, "SELECT headline, body FROM news_articles ORDER BY 1") == [
        ("More", None),
        ("Words", "One."),
    ]


def test_an_article_with_a_row_for_each_ticker_stands_once_and_links_to_all(ingest, files, market):
    lines = [f"u/1,Two rise,2020-07-17 10:00,{ticker}" for ticker in ("AAPL", "NFLX")]
    report = ingest(files("tickers.csv", "\n".join(["url,headline,published,ticker", *lines])))
    assert (report["n_new"], report["n_repeated"], report["n_links"]) == (1, 1, 2)


def test_a_reader_sees_what_was_published_and_first_seen_by_then(ingest, files, market):
    ingest(
        files("live.csv", "headline,time\nApple now,2020-07-17T10:00Z\n"), "--known-at", "2020-07-17T12:00Z"
    )
    ingest(files("history.csv", "headline,time\nNetflix then,2020-07-17T11:00Z\n"), "--known-at", "published")

    def seen(moment):
        with connect(market.historical_url) as connection:
            day = date(2020, 7, 17)
            return read_news(connection, first=day, last=day, known_at=moment)["headline"].to_list()

    assert seen(datetime(2020, 7, 17, 10, 30, tzinfo=UTC)) == []
    assert seen(datetime(2020, 7, 17, 11, 30, tzinfo=UTC)) == ["Netflix then"]
    assert seen(datetime(2020, 7, 17, 12, 0, tzinfo=UTC)) == ["Apple now", "Netflix then"]
    assert seen(None) == ["Apple now", "Netflix then"]
    with connect(market.historical_url) as connection:
        day = date(2020, 7, 17)
        found = read_news(connection, first=day, last=day, instrument_ids=["US_EQ:NFLX"])
        assert found.select("headline", "instrument_ids").rows() == [("Netflix then", ["US_EQ:NFLX"])]
        assert read_news(connection, first=day, last=day, issuer_ids=["nobody"]).is_empty()
        assert found.schema["timestamp"].time_zone == "UTC"


def test_links_of_a_later_delivery_are_not_read_as_if_they_had_been_known(ingest, files, market):
    path = files("news.csv", "headline,time\nZylotech soars,2020-07-17T10:00Z\n")
    ingest(path, "--known-at", "2020-07-17T12:00Z")
    ingest_instruments(market, [files("more.csv", "symbol,name\nZYL,Zylotech Inc\n")], market_id="US_EQ")
    moment, day = datetime(2020, 7, 18, tzinfo=UTC), date(2020, 7, 17)
    with connect(market.historical_url) as connection:
        before = read_news(connection, first=day, last=day, known_at=moment)
    ingest(path)
    with connect(market.historical_url) as connection:
        assert read_news(connection, first=day, last=day, known_at=moment).equals(before)
        assert read_news(connection, first=day, last=day)["instrument_ids"].to_list() == [["US_EQ:ZYL"]]


def test_a_dry_run_says_what_would_happen_and_keeps_nothing(ingest, files, market):
    report = ingest(files("news.csv", NEWS), "--dry-run")
    assert (report["n_new"], report["n_links_new"], report["is_dry_run"]) == (5, 4, True)
    assert everything(market) == ([], [], [])


def test_folders_and_archives_are_taken_and_a_file_of_no_known_shape_is_named(market, tmp_path):
    folder = tmp_path / "delivery"
    folder.mkdir()
    (folder / "a.csv").write_text("headline;date\nA;2020-07-17\n")
    (folder / "odd.csv").write_text("open,close\n1,2\n")
    with zipfile.ZipFile(folder / "b.zip", "w") as archive:
        archive.writestr("b.tsv", "headline\tdate\nB\t2020-07-17\n")
    report = ingest_news(market, [folder], zone=ZoneInfo("UTC"))
    assert report.n_new == 2
    assert len(report.unread_files) == 1
    assert "odd.csv: no column for headline and time" in report.unread_files[0]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "empty"),
        ("binary.csv", bytes(range(256)) * 8, "no text"),
        ("utf16.csv", "headline,time\nA,2020-07-17\n".encode("utf-16"), "UTF-16"),
        ("prices.csv", b"date,close\n2020-07-17,1\n", "no column for headline"),
        ("torn.zip", b"PK\x03\x04torn", "torn.zip"),
        ("blank.csv", b"headline,time\n,\n", "blank"),
        ("bad.csv", b"headline,time\nA,yesterday\n", "unparsable_time"),
        ("latin.csv", "headline,time\nCafé,2020-07-17\n".encode("latin-1"), "not_utf8"),
        ("quote.csv", b'headline,time\n"A,2020-07-17\n', "broken_quotes"),
        ("array.json", b"[1, 2]\n", "JSON object"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_a_remedy(market, prometheus, files, name, content, said):
    outcome = prometheus("ingest", "news", files(name, content))
    assert outcome.exit_code == 3
    assert said in outcome.err
    assert name in outcome.err or "blank" in said
    assert everything(market) == ([], [], [])


def test_a_quote_that_never_ends_costs_its_own_line(ingest, files, market):
    lines = ["headline,time", *(f"News {i},2020-07-17 10:00:{i % 60:02}" for i in range(1_000))]
    lines[101] = '"News 100,2020-07-17 10:00:40'
    lines[501] = '"News, over\ntwo lines",2020-07-17 10:00:20'
    report = ingest(files("news.csv", "\n".join(lines)))
    assert (report["n_new"], report["rejected_by_rule"]) == (999, {"broken_quotes": 1})


def test_good_rows_beside_bad_bytes_land(ingest, files, market):
    lines = [b"headline,time", b"Good,2020-07-17 10:00", b"Caf\xe9,2020-07-17 10:00", b"Zero\x00,2020-07-17"]
    report = ingest(files("mixed.csv", b"\n".join([*lines, b"Also good,2020-07-17", b"  ", b""])))
    assert (report["n_new"], report["n_blank"]) == (2, 1)
    assert report["rejected_by_rule"] == {"control_character": 1, "not_utf8": 1}


def test_people_see_the_choice_of_columns_and_a_closing_table(market, prometheus, files):
    outcome = prometheus("ingest", "news", files("news.csv", NEWS), "--zone", "America/New_York")
    assert outcome.exit_code == 0
    assert "headline from 'Headlines', time from 'Time', body from 'Description'" in outcome.out
    assert "links by cashtag 1, name 3" in outcome.out
    assert prometheus("ingest", "news", files("n.csv", NEWS), "--zone", "Mars/Olympus").exit_code == 2
    assert prometheus("ingest", "news", files("n.csv", NEWS), "--market", "MARS_EQ").exit_code == 2


def test_news_without_any_instrument_says_why_nothing_is_linked(at_databases, prometheus, files):
    outcome = prometheus("ingest", "news", files("news.csv", NEWS))
    assert outcome.exit_code == 0
    assert "no instrument is registered" in outcome.err


def test_articles_of_a_symbol_are_shown_with_how_they_were_found(ingest, files, market, prometheus):
    ingest(files("news.csv", NEWS), "--known-at", "2020-07-20T12:00Z")
    outcome = prometheus("news", "NFLX", "--from", "2020-06-01", "--to", "2020-06-30")
    assert outcome.exit_code == 0
    assert "Quorvane was still there" in outcome.out
    assert "cashtag: NFLX, name: Quorvane" in outcome.out
    found = json.loads(prometheus("news", "--latest", "2", "--json").out)
    assert [article["headline"] for article in found] == ["Netflix adds subscribers", "Apple unveils a phone"]
    assert found[1]["evidence"] == [
        {"issuer_id": "US_EQ:AAPL", "instrument_id": "US_EQ:AAPL", "how": "name", "found": "Apple"}
    ]
    assert "No article" in prometheus("news", "AAPL", "--known-at", "2020-07-19T00:00Z").out
    assert prometheus("news", "NOBODY").exit_code == 3
    assert prometheus("news", "--from", "soon").exit_code == 2
