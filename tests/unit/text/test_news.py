"""Rows of news become articles, or say what is wrong with them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from prometheus.domain.text.news import REMEDIES, Article, Fault, Reading, article_of, cells, news_columns
from prometheus.kernel.errors import InputFileError

NEW_YORK = ZoneInfo("America/New_York")
KNOWN_AT = datetime(2024, 1, 2, 15, tzinfo=UTC)


def reading(**said):
    return Reading(**({"zone": NEW_YORK, "language": "en", "source": None, "known_at": KNOWN_AT} | said))


def article(said=None, **row):
    return article_of({"headline": "Words", "time": "2020-07-17 10:00"} | row, reading(**(said or {})))


@pytest.mark.parametrize(
    ("headers", "chosen"),
    [
        (
            ["Headlines", "Time", "Description"],
            {"headline": "Headlines", "time": "Time", "body": "Description"},
        ),
        (["", "datetime", "headline"], {"headline": "headline", "time": "datetime"}),
        (
            ["SYMBOL", "Published At", "TITLE", "url", "publisher"],
            {
                "headline": "TITLE",
                "time": "Published At",
                "url": "url",
                "tickers": "SYMBOL",
                "source": "publisher",
            },
        ),
        (["summary", "text", "title", "pub_date"], {"headline": "title", "time": "pub_date", "body": "text"}),
        (["date", "title", "time"], {"headline": "title", "time": "date time"}),
    ],
)
def test_columns_are_found_whatever_their_order_and_case(headers, chosen):
    found = news_columns(headers, file="a.csv")
    assert {name: " ".join(given) for name, given in found.chosen.items()} == chosen


def test_what_is_not_read_is_said():
    assert news_columns(["", "title", "date", "shares", "sentiment"], file="a.csv").unread == (
        "shares",
        "sentiment",
    )


def test_a_file_without_headlines_or_times_is_named_with_its_columns():
    with pytest.raises(
        InputFileError, match=r"a\.csv: no column for headline and time among 'open', 'close'"
    ):
        news_columns(["open", "close"], file="a.csv")


def test_a_date_and_a_time_in_two_columns_are_one_time():
    columns = news_columns(["date", "time", "title"], file="a.csv")
    row = cells(columns, {"date": "2020-07-17", "time": "19:51", "title": " Words "})
    assert article_of(row, reading()).timestamp == datetime(2020, 7, 17, 23, 51, tzinfo=UTC)
    assert row["headline"] == "Words"


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"headline": None}, "headline_missing"),
        ({"time": None}, "time_missing"),
        ({"time": "yesterday"}, "unparsable_time"),
        ({"time": "03/04/2020"}, "ambiguous_date"),
        ({"time": "2020-03-08 02:30"}, "no_such_time"),
        ({"time": "10:00 AM XYZ Fri, 17 July 2020"}, "unknown_zone"),
        ({"time": "2024-01-02T15:00:01Z"}, "not_yet"),
        ({"language": "English please"}, "unknown_language"),
        ({"body": "a\x00b"}, "control_character"),
        ({"headline": "caf\udce9"}, "not_utf8"),
    ],
)
def test_every_broken_row_says_its_rule_and_what_to_do(row, rule):
    fault = article(**row)
    assert isinstance(fault, Fault)
    assert fault.rule == rule
    assert fault.remedy == REMEDIES[rule]


def test_a_date_of_today_is_taken_though_its_day_is_not_over():
    assert article(time="2024-01-02").timestamp == datetime(2024, 1, 3, 4, 59, 59, tzinfo=UTC)
    assert article(time="2024-01-03").rule == "not_yet"


def test_nothing_is_too_new_where_each_article_was_known_when_published():
    assert isinstance(article({"known_at": None}, time="2024-01-02T15:00:01Z"), Article)


def test_the_source_is_who_delivers_and_the_files_own_is_its_publisher():
    assert (article(source="CNBC").source, article(source="CNBC").publisher) == ("CNBC", None)
    named = article({"source": "vendor"}, source="CNBC")
    assert (named.source, named.publisher) == ("vendor", "CNBC")
    assert article().source == "files"


def test_an_article_is_known_by_its_id_then_its_url_then_its_words_and_time():
    by_id = article(external_id="7", url="u")
    assert by_id.key == article(external_id="7", headline="Others").key
    assert by_id.key != article(url="u").key
    assert article(url="u").key == article(url="u", time="2020-07-18 10:00").key
    assert article().key == article(body="more").key
    assert article().key != article(time="2020-07-17 10:01").key
    assert by_id.key != article({"source": "other"}, external_id="7").key


def test_cells_that_stand_for_nothing_hold_nothing():
    columns = news_columns(["title", "date", "summary"], file="a.csv")
    for said in ("", "  ", "nan", "NULL", "\\N"):
        assert cells(columns, {"title": said, "date": "2020-07-17", "summary": said})["headline"] is None
