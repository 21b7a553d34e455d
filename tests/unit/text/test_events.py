"""When texts of the FOMC became public, and what a row of a calendar says."""

from datetime import UTC, date, datetime

import pytest

from prometheus.domain.text.events import Event, EventFault, calendar_event, document_event, event_columns
from prometheus.domain.text.fomc_releases import (
    MEETING_DAYS,
    PRESS_CONFERENCES,
    UNSCHEDULED,
    given_release,
    meeting_date_of,
    minutes_release,
    statement_release,
)
from prometheus.domain.text.times import Moment
from prometheus.kernel.errors import InputFileError

NOON = Moment(datetime(2018, 3, 1, 12, tzinfo=UTC), "second")


def day(text):
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("meeting", "released", "basis"),
    [
        ("1994-03-22", "1994-03-23T04:59:59", "day"),
        ("1999-06-30", "1999-06-30T18:15:00", "rule"),
        ("2001-01-03", "2001-01-04T04:59:59", "day"),
        ("2010-01-27", "2010-01-27T19:15:00", "rule"),
        ("2011-06-22", "2011-06-22T16:30:00", "rule"),
        ("2013-01-30", "2013-01-30T19:15:00", "rule"),
        ("2013-03-20", "2013-03-20T18:00:00", "rule"),
        ("2020-03-15", "2020-03-16T03:59:59", "day"),
    ],
)
def test_statements_come_out_at_the_hour_of_their_era(meeting, released, basis):
    found = statement_release(day(meeting))
    assert (found.at.isoformat(), found.basis) == (f"{released}+00:00", basis)


# Released on these days by the calendars of the Board of Governors.
@pytest.mark.parametrize(
    ("meeting", "released"),
    [
        ("2004-12-14", "2005-01-04"),
        ("2008-12-16", "2009-01-06"),
        ("2013-01-30", "2013-02-20"),
        ("2013-03-20", "2013-04-10"),
        ("2014-12-17", "2015-01-07"),
        ("2020-03-15", "2020-04-08"),
        ("2024-01-31", "2024-02-21"),
        ("2024-06-12", "2024-07-03"),
    ],
)
def test_minutes_come_out_three_weeks_after_the_decision(meeting, released):
    found = minutes_release(day(meeting), [])
    assert found.at.date() == day(released)


def test_minutes_were_never_known_before_the_next_meeting_until_2004():
    meetings = [day(text) for text in ("2001-03-20", "2001-04-11", "2001-05-15", "2001-06-27")]
    found = minutes_release(day("2001-03-20"), meetings)
    assert found.at == datetime(2001, 5, 19, 3, 59, 59, tzinfo=UTC)  # the end of Friday 18 May
    assert minutes_release(day("2001-06-27"), meetings) == "release_unknown"
    assert minutes_release(day("2001-03-20"), [day("2001-06-27")]) == "release_unknown"


@pytest.mark.parametrize("text", ["2007-06-18", "2013-03-23", "2015-06-19"])
def test_no_text_is_taken_on_a_day_on_which_no_meeting_ends(text):
    assert statement_release(day(text)) == "not_a_meeting_day"
    assert minutes_release(day(text), []) == "not_a_meeting_day"


def test_the_lists_of_days_do_not_contradict_the_rules():
    assert {one.weekday() for one in PRESS_CONFERENCES} <= MEETING_DAYS
    assert not PRESS_CONFERENCES & UNSCHEDULED


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2013-02-20T14:00:00-05:00", "2013-02-20T19:00:00+00:00"),
        ("2013-02-20", "2013-02-20T19:00:00+00:00"),
        ("2013-02-20 14:00", "zone_missing"),
        ("2013-01-29T14:00-05:00", "released_before_meeting"),
        ("later", "unparsable_time"),
    ],
)
def test_a_release_is_given_as_a_time_or_a_day(text, found):
    release = given_release("FOMC_MINUTES", day("2013-01-30"), text)
    assert (release if isinstance(release, str) else release.at.isoformat()) == found


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("20130130.txt", "2013-01-30"),
        ("monetary20130130a1.txt", "2013-01-30"),
        ("2013-01-30_minutes.txt", "2013-01-30"),
        ("20130229.txt", None),
        ("20130130_20130320.txt", None),
        ("120130130.txt", None),
        ("notes.txt", None),
    ],
)
def test_a_meeting_is_named_by_the_one_date_in_a_name(name, found):
    assert meeting_date_of(name) == (None if found is None else day(found))


def test_a_text_is_one_event_whatever_its_file_is_called():
    def given(name):
        found = document_event(
            name, name, "We decided today.", event_type="FOMC_STATEMENT", given={}, meetings=[]
        )
        assert isinstance(found, Event)
        return found

    one, other = given("20100127.txt"), given("statement_2010-01-27.txt")
    assert (one.key, one.content) == (other.key, other.content)


def test_the_actual_value_of_an_event_is_another_version_of_it():
    def row(**cells):
        return calendar_event("a.csv", 2, {"event_type": "CPI", "timestamp": "x", **cells}, kind=None,
                              moment=NOON, known_at=datetime(2018, 4, 1, tzinfo=UTC))  # fmt: skip

    scheduled, released = row(forecast="2.1"), row(forecast="2.1", actual="2.2")
    assert scheduled.key == released.key
    assert scheduled.content != released.content
    assert released.facts == {"forecast": 2.1, "actual": 2.2, "time_precision": "second"}
    assert row(actual="225K").facts["actual"] == "225K"


def test_an_event_that_is_to_come_has_no_actual_value():
    found = calendar_event(
        "a.csv", 2, {"event_type": "CPI", "timestamp": "x", "actual": "2"}, kind=None, moment=NOON,
        known_at=datetime(2018, 2, 1, tzinfo=UTC),
    )  # fmt: skip
    assert isinstance(found, EventFault)
    assert found.rule == "actual_not_yet"


def test_columns_are_found_by_their_names():
    found = event_columns(["Date", "Time", "Country", "Event", "Consensus"], file="a.csv", kind="MACRO")
    assert found == {
        "timestamp": ("Date", "Time"), "country": ("Country",), "description": ("Event",),
        "forecast": ("Consensus",),
    }  # fmt: skip
    with pytest.raises(InputFileError, match="types of events"):
        event_columns(["Date", "Event"], file="a.csv", kind=None)
    with pytest.raises(InputFileError, match="holds times"):
        event_columns(["event_type"], file="a.csv", kind=None)
