"""Dates as vendors write them."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prometheus.domain.market.dates import (
    FAMILIES,
    certain_ways,
    dates_in,
    read_dates,
    unread_remedies,
    without_local_times,
)

FIFTH = date(2018, 2, 5)


def read(*texts, date_format=None):
    found = read_dates(pl.Series(texts, dtype=pl.String), date_format=date_format)
    return found.dates.to_list(), found.is_ambiguous.to_list()


@pytest.mark.parametrize(
    "text",
    [
        "2018-02-05", "2018-2-5", "20180205", "2018/02/05", "2018.02.05", "05-Feb-2018", "5 Feb 2018",
        "Feb 5, 2018", " 2018-02-05 ", "2018-02-05 00:00:00-05:00", "2018-02-05T00:00:00.000Z",
        "20180205 00:00", "February 5, 2018", "Mon 05 Feb 2018", "Monday, Feb 5, 2018", "1517788800",
        "1517788800000", "1517788800000000", "1517788800000000000",
    ],
)  # fmt: skip
def test_a_date_that_can_be_read_one_way_is_read(text):
    assert read(text) == ([FIFTH], [False])


@pytest.mark.parametrize("text", ["yesterday", "2018-13-01", "2018-02-30", "05/02/18", "2018-02-05 16:00"])
def test_what_is_no_date_is_null_and_not_ambiguous(text):
    assert read(text, "2018-02-05") == ([None, FIFTH], [False, False])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1517841000", "time_zone"),
        ("43136", 'date_format = "excel"'),
        ("43136.0", 'date_format = "excel"'),
        ("2018-02-05T05:00:00Z", "time_zone"),
        ("02/05/18", "Years of two digits"),
        ("05-Feb-18", "Years of two digits"),
    ],
)
def test_a_text_that_needs_a_word_from_the_user_says_which(text, said):
    assert read(text)[0] == [None]
    assert said in unread_remedies(pl.Series([text]))[0]


def test_days_of_a_workbook_are_dates_where_the_user_says_so():
    assert read("43136", "43137.0", "43136.5", "x", date_format="excel")[0] == [
        FIFTH, date(2018, 2, 6), None, None,
    ]  # fmt: skip
    assert read("1", "60", "61", date_format="excel")[0][2] == date(1900, 3, 1)


def test_a_moment_is_of_the_day_in_the_markets_zone():
    given = ["1517841000", "1517841000000", "2018-02-05T05:00:00.000Z", "2018-02-05 23:00:00-05:00"]
    assert dates_in(pl.Series([*given, "2018-02-06T04:59Z"]), "America/New_York").to_list() == [FIFTH] * 5
    assert dates_in(pl.Series(["2018-02-04T15:00:00Z"]), "Asia/Tokyo").to_list() == [FIFTH]


def test_the_time_behind_a_date_is_taken_off_unless_it_is_in_utc():
    given = ["2018-02-05 16:00:00", "2/5/2018 4:00:00 PM", "2018-02-05T16:00:00-05:00", "2018-02-05"]
    assert without_local_times(pl.Series(given)).to_list() == ["2018-02-05", "2/5/2018", "2018-02-05", None]
    assert without_local_times(pl.Series(["2018-02-05T16:00:00+00:00", "2018-02-05T16:00Z"])).to_list() == [
        None, None,
    ]  # fmt: skip


@pytest.mark.parametrize("separator", ["/", "-", "."])
def test_one_certain_date_says_how_all_of_its_family_are_read(separator):
    day_first, _ = read(*(text.replace("/", separator) for text in ("05/02/2018", "13/02/2018")))
    assert day_first == [FIFTH, date(2018, 2, 13)]
    month_first, _ = read(*(text.replace("/", separator) for text in ("2/5/2018", "2/13/2018")))
    assert month_first == [FIFTH, date(2018, 2, 13)]


def test_dates_that_can_all_be_read_two_ways_are_not_read():
    assert read("05/02/2018", "06/02/2018") == ([None, None], [True, True])
    assert read("05/05/2018") == ([date(2018, 5, 5)], [False])  # the same either way


def test_where_both_orders_are_certain_only_certain_dates_are_read():
    dates, ambiguous = read("13/02/2018", "02/14/2018", "05/02/2018")
    assert dates == [date(2018, 2, 13), date(2018, 2, 14), None]
    assert ambiguous == [False, False, True]


def test_two_formats_in_one_column_are_each_judged_by_their_own_dates():
    dates, ambiguous = read("12/23/2022", "12/02/2022", "01-02-1990", "2018-02-05")
    assert dates == [date(2022, 12, 23), date(2022, 12, 2), None, FIFTH]
    assert ambiguous == [False, False, True, False]


def test_a_piece_is_read_the_way_that_its_whole_column_settles():
    pieces = [pl.Series(["05/02/2018", "06/02/2018"]), pl.Series(["13/02/2018", "02/14/2018 "])]
    day_first = read_dates(pieces[0], certain_ways(pieces[1][:1]))
    assert day_first.dates.to_list() == [FIFTH, date(2018, 2, 6)]
    assert (day_first.formats, day_first.has_two_ways) == ({"%d/%m/%Y"}, True)
    both = certain_ways(pl.concat(pieces))
    assert both == certain_ways(pieces[0]) | certain_ways(pieces[1]) == {"%d/%m/%Y", "%m/%d/%Y"}
    assert read_dates(pieces[0], both).is_ambiguous.all()
    assert read_dates(pieces[1][1:], both).dates.to_list() == [date(2018, 2, 14)]


def test_a_column_that_can_be_read_one_way_alone_says_so():
    found = read_dates(pl.Series(["2018-02-05", "20180206"]))
    assert (sorted(found.formats), found.has_two_ways) == (["%Y%m%d", "%Y-%m-%d"], False)


def test_a_format_that_is_given_is_the_only_one():
    assert read("05.02.2018", "2018-02-05", date_format="%d.%m.%Y")[0] == [FIFTH, None]
    assert read("20180205 00:00", date_format="%Y%m%d %H:%M")[0] == [FIFTH]
    assert read("2018-02-05 00:00:00", date_format="%Y-%m-%d")[0] == [FIFTH]


@given(
    st.sampled_from([way for ways in FAMILIES.values() for way in ways]),
    st.lists(st.dates(date(1900, 1, 1), date(2100, 12, 31)), min_size=1, max_size=20),
)
def test_a_column_that_is_long_enough_is_read_as_it_was_written(way, days):
    days = [*days, *(date(2018, 2, 1) + timedelta(n) for n in range(28))]  # no month has 28 as its number
    texts = [day.strftime(way) for day in days]
    assert read(*texts) == (days, [False] * len(days))


def test_no_text_at_all_is_no_date():
    assert read(None, "") == ([None, None], [False, False])
    assert read() == ([], [])
