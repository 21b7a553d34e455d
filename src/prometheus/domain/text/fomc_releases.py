"""When statements and minutes of the FOMC became public.

===============  ======================================================================================
FOMC_STATEMENT   the day of the decision, New York time: at 14:15 since 1995, at 14:00 since 20 March 2013,
                 at 12:30 before that on days with a press conference; until 1995 and after meetings
                 that were not scheduled at no fixed hour: known at the end of the day
FOMC_MINUTES     since the meeting of 14 December 2004 three weeks after the decision, at 14:00; before
                 that after the next meeting: known at the end of the first Friday two days after it
===============  ======================================================================================

Sources: Board of Governors, press releases of 13 March 2013 (hours of statements, the former ones included)
and 24 June 2011 (minutes: "ordinarily made available three weeks after the day of the policy decision", 2
p.m.); Danker and Luecke (2005), Background on FOMC Meeting Minutes, Federal Reserve Bulletin 91, 175-179
(the decision of 14 December 2004 and the practice before it). Where minutes came out sooner than the rule
says, as before Thanksgiving, they count as known a day late; where it falls on a holiday they came after it.
A file of release dates goes before all of this.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from prometheus.domain.text.times import Unreadable, moment_of_text

STATEMENT, MINUTES = "FOMC_STATEMENT", "FOMC_MINUTES"
DOCUMENTS = (STATEMENT, MINUTES)
NEW_YORK = ZoneInfo("America/New_York")
DAY_END = time(23, 59, 59)
FIRST_STATEMENT = date(1994, 2, 4)
FIXED_HOUR_SINCE = date(1995, 1, 1)
AT_TWO_SINCE = date(2013, 3, 20)
THREE_WEEKS_SINCE = date(2004, 12, 14)
MINUTES_SINCE = date(1993, 1, 1)
"""Minutes in their present form; what preceded them came out otherwise."""
PRESS_CONFERENCES = frozenset(
    date.fromisoformat(day)
    for day in (
        "2011-04-27", "2011-06-22", "2011-11-02", "2012-01-25", "2012-04-25", "2012-06-20", "2012-09-13",
        "2012-12-12",
    )
)  # fmt: skip
"""Days with a press conference after a statement at 12:30."""
UNSCHEDULED = frozenset(
    date.fromisoformat(day)
    for day in (
        "1994-02-04", "1994-04-18", "1998-10-15", "2001-01-03", "2001-04-18", "2001-09-17", "2007-08-10",
        "2007-08-17", "2008-01-22", "2008-03-11", "2008-10-08", "2010-05-09", "2020-03-03", "2020-03-15",
        "2020-03-19", "2020-03-23", "2020-03-31",
    )
)  # fmt: skip
"""Days of statements at no usual hour, or on no usual day of the week."""
MEETING_DAYS = frozenset({1, 2, 3})
"""Tuesday to Thursday, on which scheduled meetings have ended since 1994, but for 4 February 1994."""
LATE_MINUTES = {date(2020, 3, 15): date(2020, 4, 8)}
"""Minutes that came later than the rule says: this meeting replaced the one of 17 and 18 March."""
HOLIDAYS = frozenset({(7, 4), (11, 11), (12, 25)})
"""Federal holidays of a fixed date, as month and day, on which minutes may fall due."""
NEAREST_MEETING, FARTHEST_MEETING = timedelta(days=28), timedelta(days=60)
"""Days between scheduled meetings; two of them in a row take longer than the second."""
_NAME_DATE = re.compile(r"(?<!\d)(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?!\d)(?:[-_](\d{2})(?!\d))?")


@dataclass(frozen=True, slots=True)
class Release:
    """When a text became public.

    Attributes
    ----------
    at : datetime
        In UTC.
    basis : {"given", "rule", "day"}
        A file says so; the usual hour; the end of the day, because the hour is not known.
    """

    at: datetime
    basis: str


def meeting_date_of(name: str) -> date | None:
    """Return the one date in a file's name, of two or three days the last; None without one.

    Examples
    --------
    >>> meeting_date_of("20130130.txt"), meeting_date_of("monetary20130130a.htm")
    (datetime.date(2013, 1, 30), datetime.date(2013, 1, 30))
    >>> meeting_date_of("minutes_2013-01-29-30.txt")
    datetime.date(2013, 1, 30)
    """
    found = {match.groups() for match in _NAME_DATE.finditer(name)}
    if len(found) != 1:
        return None
    *begin, end = found.pop()
    year, month, day = map(int, begin)
    if end is not None and day < int(end) <= day + 2:
        day = int(end)
    is_date = 1 <= month <= 12 and year > 0 and 1 <= day <= _days_of(year, month)
    return date(year, month, day) if is_date else None


def statement_release(meeting: date) -> Release | str:
    """Return when the statement of a meeting came out, or the rule that the date breaks.

    Examples
    --------
    >>> statement_release(date(2010, 1, 27)).at.isoformat(), statement_release(date(2007, 6, 18))
    ('2010-01-27T19:15:00+00:00', 'not_a_meeting_day')
    """
    if meeting < FIRST_STATEMENT:
        return "release_unknown"
    if meeting in UNSCHEDULED:
        return _at(meeting, DAY_END, "day")
    if meeting.weekday() not in MEETING_DAYS:
        return "not_a_meeting_day"
    if meeting < FIXED_HOUR_SINCE:
        return _at(meeting, DAY_END, "day")
    if meeting in PRESS_CONFERENCES:
        return _at(meeting, time(12, 30), "rule")
    return _at(meeting, time(14, 15) if meeting < AT_TWO_SINCE else time(14), "rule")


def minutes_release(meeting: date, meetings: Sequence[date]) -> Release | str:
    """Return when the minutes of a meeting came out, or the rule that the date breaks.

    Parameters
    ----------
    meeting : datetime.date
        Its last day.
    meetings : sequence of datetime.date
        Those that are known, ascending: before December 2004 the next one counts.

    Examples
    --------
    >>> minutes_release(date(2013, 1, 30), []).at.isoformat()
    '2013-02-20T19:00:00+00:00'
    >>> minutes_release(date(2012, 12, 12), []).at.isoformat()
    '2013-01-03T19:00:00+00:00'
    >>> minutes_release(date(2018, 6, 13), []).at.isoformat()
    '2018-07-05T18:00:00+00:00'
    >>> minutes_release(date(2004, 9, 21), [date(2004, 11, 10)]).at.isoformat()
    '2004-11-13T04:59:59+00:00'
    """
    if meeting in LATE_MINUTES:
        return _at(LATE_MINUTES[meeting], time(14), "rule")
    if meeting < MINUTES_SINCE:
        return "release_unknown"
    if meeting >= THREE_WEEKS_SINCE:
        if meeting.weekday() not in MEETING_DAYS:
            return "not_a_meeting_day"
        return _at(_open_day(meeting + timedelta(weeks=3)), time(14), "rule")
    following = [
        day for day in meetings[bisect_right(meetings, meeting) :] if day - meeting >= NEAREST_MEETING
    ]
    if not following or following[0] - meeting > FARTHEST_MEETING:
        return "release_unknown"
    settled = following[0] + timedelta(days=2)
    return _at(settled + timedelta(days=(4 - settled.weekday()) % 7), DAY_END, "day")


def _open_day(day: date) -> date:
    """Return the day, or the next one on which the Board publishes when it falls on a holiday.

    Around New Year nothing came out before the third of January: the minutes of December 2012 and 2019, due
    on the second and the first, are dated the third.
    """
    if (day.month, day.day) in ((12, 31), (1, 1), (1, 2)):
        day = date(day.year + (day.month == 12), 1, 3)
    elif (day.month, day.day) in HOLIDAYS:
        day += timedelta(days=1)
    return day + timedelta(days=(7 - day.weekday()) % 7 if day.weekday() > 4 else 0)


def release_of(
    event_type: str, meeting: date, given: Mapping[date, Release], meetings: Sequence[date]
) -> Release | str:
    """Return when the text of a meeting came out, or the rule that says why it is not known."""
    if meeting in given:
        return given[meeting]
    return statement_release(meeting) if event_type == STATEMENT else minutes_release(meeting, meetings)


def given_release(event_type: str, meeting: date, text: str) -> Release | str:
    """Return a release as a file says it, or the rule that this breaks.

    Parameters
    ----------
    event_type : {"FOMC_STATEMENT", "FOMC_MINUTES"}
    meeting : datetime.date
    text : str
        A time with its zone, or a date, which means the usual hour.
    """
    in_utc, elsewhere = moment_of_text(text, UTC), moment_of_text(text, NEW_YORK)
    if isinstance(in_utc, Unreadable) or isinstance(elsewhere, Unreadable):
        return "unparsable_time"
    if elsewhere.precision == "day":
        day = elsewhere.at.astimezone(NEW_YORK).date()
        usual = statement_release(day) if event_type == STATEMENT else _at(day, time(14), "given")
        found = Release(usual.at, "given") if isinstance(usual, Release) else _at(day, DAY_END, "given")
    elif in_utc != elsewhere:
        return "zone_missing"
    else:
        found = Release(in_utc.at, "given")
    is_before = found.at.astimezone(NEW_YORK).date() < meeting
    return "released_before_meeting" if is_before else found


def _at(day: date, hour: time, basis: str) -> Release:
    return Release(datetime.combine(day, hour, NEW_YORK).astimezone(UTC), basis)


def _days_of(year: int, month: int) -> int:
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - timedelta(days=1)).day
