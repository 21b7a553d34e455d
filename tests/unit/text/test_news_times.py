"""Times as sources write them become moments in UTC; nothing is guessed."""

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prometheus.domain.text.times import Unreadable, moment_of_text

NEW_YORK = ZoneInfo("America/New_York")


def at(text, zone=NEW_YORK):
    found = moment_of_text(text, zone)
    return found.at.isoformat(), found.precision


@pytest.mark.parametrize(
    ("text", "moment", "precision"),
    [
        (" 7:51  PM ET Fri, 17 July 2020", "2020-07-17T23:51:00+00:00", "minute"),
        (" 7:51  PM ET Fri, 17 Jan 2020", "2020-01-18T00:51:00+00:00", "minute"),
        (" 1:50  AM ET Tue,  7 July 2020", "2020-07-07T05:50:00+00:00", "minute"),
        ("12:05 AM ET Thu, 3 Sept 2020", "2020-09-03T04:05:00+00:00", "minute"),
        ("2021-04-21 09:31:00", "2021-04-21T13:31:00+00:00", "second"),
        ("2021-04-21T09:31:00Z", "2021-04-21T09:31:00+00:00", "second"),
        ("2021-04-21T09:31:00+0900", "2021-04-21T00:31:00+00:00", "second"),
        ("2021-04-21 09:31 EST", "2021-04-21T14:31:00+00:00", "minute"),
        ("Fri, 17 Jul 2020 19:51:00 GMT", "2020-07-17T19:51:00+00:00", "second"),
        ("Fri, 17 Jul 2020 19:51:00 -0400", "2020-07-17T23:51:00+00:00", "second"),
        ("July 17, 2020 at 7:51 p.m. ET", "2020-07-17T23:51:00+00:00", "minute"),
        ("07/17/2020 7:51 PM", "2020-07-17T23:51:00+00:00", "minute"),
        ("17/07/2020 19:51", "2020-07-17T23:51:00+00:00", "minute"),
        ("20200717T195100", "2020-07-17T23:51:00+00:00", "second"),
        ("1594999999", "2020-07-17T15:33:19+00:00", "second"),
        ("2020-07-17 7:51:03.25 PM", "2020-07-17T23:51:03.250000+00:00", "second"),
        ("2020-07-17T19:51:03.123456789Z", "2020-07-17T19:51:03.123456+00:00", "second"),
        ("1594999999000", "2020-07-17T15:33:19+00:00", "second"),
        ("2020-07-17", "2020-07-18T03:59:59+00:00", "day"),
        ("17 July 2020", "2020-07-18T03:59:59+00:00", "day"),
        ("2020-07-17 00:00:00", "2020-07-18T03:59:59+00:00", "day"),
        ("2020-07-17T00:00:00Z", "2020-07-17T00:00:00+00:00", "second"),
    ],
)
def test_times_become_utc(text, moment, precision):
    assert at(text) == (moment, precision)


def test_a_time_that_the_clocks_showed_twice_is_the_later_one():
    assert at("2020-11-01 01:30:00")[0] == "2020-11-01T06:30:00+00:00"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("2020-03-08 02:30:00", "no_such_time"),
        ("03/04/2020", "ambiguous_date"),
        ("31 Feb 2020", "unparsable_time"),
        ("17 Quintember 2020", "unparsable_time"),
        ("25:00 ET Fri, 17 July 2020", "unparsable_time"),
        ("13:51 PM ET Fri, 17 July 2020", "unparsable_time"),
        ("9999-12-31T23:59:59-05:00", "unparsable_time"),
        ("2020-07-17 10:00 QQ", "unknown_zone"),
        ("42", "unparsable_time"),
        ("2020-07-17T10:00+99:00", "unknown_zone"),
        ("2020-0717", "unparsable_time"),
        ("0017-07-17", "unparsable_time"),
    ],
)
def test_what_is_no_time_or_more_than_one_is_refused_by_rule(text, rule):
    assert moment_of_text(text, NEW_YORK) == Unreadable(rule)


@given(st.datetimes(min_value=pd.Timestamp(1990, 1, 1), max_value=pd.Timestamp(2035, 1, 1)))
def test_wall_times_agree_with_pandas_through_every_change_of_the_clocks(wall):
    wall = wall.replace(microsecond=0) + timedelta(
        seconds=1 if wall.time().isoformat()[:8] == "00:00:00" else 0
    )
    theirs = pd.Timestamp(wall).tz_localize("America/New_York", ambiguous=False, nonexistent="NaT")
    if pd.isna(theirs):
        assert moment_of_text(wall.isoformat(), NEW_YORK) == Unreadable("no_such_time")
    else:
        assert moment_of_text(wall.isoformat(" "), NEW_YORK).at == theirs.to_pydatetime().astimezone(UTC)


@pytest.mark.parametrize("text", ["2021-04-21 09:30", "2021-04-21", "9:30 AM 21 April 2021"])
def test_a_time_without_a_zone_says_no_moment_where_none_is_given(text):
    assert moment_of_text(text, None) == Unreadable("zone_missing")
    assert moment_of_text("9:30 AM ET 21 April 2021", None) == moment_of_text("2021-04-21T13:30Z", None)
