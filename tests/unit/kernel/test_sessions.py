"""Sessions against published facts.

Closures and early closes are those of the New York Stock Exchange's list of holidays and special closings
(https://www.nyse.com/markets/hours-calendars; NYSE, "Special closings since 1885").
"""

from __future__ import annotations

import numpy as np
import pytest

from prometheus.kernel.errors import ConfigError, DateOutsideDataError
from prometheus.kernel.sessions import Sessions, sessions_of

CLOSED = [
    "2001-09-11",  # attacks of 11 September: closed from Tuesday to Friday
    "2001-09-12",
    "2001-09-13",
    "2001-09-14",
    "2012-10-29",  # hurricane Sandy
    "2012-10-30",
    "2004-06-11",  # funeral of President Reagan
    "2007-01-02",  # funeral of President Ford
    "2018-12-05",  # funeral of President G. H. W. Bush
    "1994-04-27",  # funeral of President Nixon
    "2022-06-20",  # Juneteenth, a holiday since 2022
    "2021-04-02",  # Good Friday
    "2016-03-25",
    "2020-12-25",
    "2015-07-03",  # Independence Day, observed on the Friday
]
OPEN = [
    "2001-09-10",
    "2001-09-17",
    "2012-10-26",
    "2012-10-31",
    "2021-06-18",  # the first Juneteenth was no holiday of the exchange yet
    "2011-10-10",  # Columbus Day
    "2016-11-11",  # Veterans Day
    "2020-03-18",  # the floor closed in the pandemic, trading went on
]
EARLY = ["2012-07-03", "2012-11-23", "2013-12-24", "2019-11-29"]


@pytest.fixture(scope="module")
def nyse() -> Sessions:
    return sessions_of({"calendar": "XNYS"})


@pytest.mark.parametrize("date", CLOSED)
def test_the_exchange_was_closed(nyse: Sessions, date: str) -> None:
    assert not nyse.is_session(np.array([date], dtype="datetime64[D]"))[0]
    with pytest.raises(DateOutsideDataError, match=date):
        nyse.index(np.datetime64(date))


@pytest.mark.parametrize("date", OPEN)
def test_the_exchange_was_open(nyse: Sessions, date: str) -> None:
    assert nyse.dates[nyse.index(np.datetime64(date))] == np.datetime64(date)


@pytest.mark.parametrize("date", EARLY)
def test_early_closes_are_at_one_in_new_york(nyse: Sessions, date: str) -> None:
    close = nyse.closes[nyse.index(np.datetime64(date))]
    assert str(close)[11:16] in ("17:00", "18:00")  # 13:00 in summer and in winter


def test_closes_follow_the_clocks_of_new_york(nyse: Sessions) -> None:
    for date, close in (("2013-03-08", "21:00"), ("2013-03-11", "20:00"), ("2013-11-04", "21:00")):
        assert str(nyse.closes[nyse.index(np.datetime64(date))])[11:16] == close


@pytest.mark.parametrize(
    ("year", "n_sessions"), [(2001, 248), (2012, 250), (2013, 252), (2019, 252), (2020, 253), (2021, 252)]
)
def test_years_have_as_many_sessions_as_the_exchange_counted(
    nyse: Sessions, year: int, n_sessions: int
) -> None:
    days = nyse.between(np.datetime64(f"{year}-01-01"), np.datetime64(f"{year}-12-31"))
    assert len(days) == n_sessions


def test_months_end_on_their_last_session(nyse: Sessions) -> None:
    days = nyse.between(np.datetime64("2012-01-01"), np.datetime64("2012-12-31"))
    ends = [str(date) for date in nyse.dates[nyse.rebalances(days, frequency="monthly")]]
    assert ends == [
        "2012-01-31", "2012-02-29", "2012-03-30", "2012-04-30", "2012-05-31", "2012-06-29",
        "2012-07-31", "2012-08-31", "2012-09-28", "2012-10-31", "2012-11-30", "2012-12-31",
    ]  # fmt: skip


def test_weeks_end_on_their_last_session_holidays_or_not(nyse: Sessions) -> None:
    days = nyse.between(np.datetime64("2012-03-26"), np.datetime64("2012-04-20"))
    ends = [str(date) for date in nyse.dates[nyse.rebalances(days, frequency="weekly")]]
    assert ends == ["2012-03-30", "2012-04-05", "2012-04-13", "2012-04-20"]  # Good Friday was the 6th


def test_a_period_that_is_not_over_at_the_last_day_has_no_end(nyse: Sessions) -> None:
    days = nyse.between(np.datetime64("2012-10-01"), np.datetime64("2012-10-26"))
    assert len(nyse.rebalances(days, frequency="monthly")) == 0
    assert nyse.rebalances(days, frequency="daily").tolist() == days.tolist()


def test_an_unknown_frequency_and_an_unknown_calendar_are_refused_by_name(nyse: Sessions) -> None:
    with pytest.raises(ConfigError, match=r"hourly"):
        nyse.rebalances(np.arange(3), frequency="hourly")
    with pytest.raises(ConfigError, match=r"XXXX"):
        sessions_of({"calendar": "XXXX"})


def test_further_closures_and_early_closes_of_a_market_are_kept() -> None:
    spec = {"calendar": "XNYS", "closures": ["2013-02-08"], "early_closes": {"2013-02-11": "18:00"}}
    found = sessions_of(spec)
    assert not found.is_session(np.array(["2013-02-08"], dtype="datetime64[D]"))[0]
    assert str(found.closes[found.index(np.datetime64("2013-02-11"))]) == "2013-02-11T18:00:00"
    assert len(found.dates) == len(found.opens) == len(found.closes)


def test_dates_before_and_after_the_calendar_are_no_sessions(nyse: Sessions) -> None:
    for date in (nyse.dates[0] - 5, nyse.dates[-1] + 5):
        assert not nyse.is_session(np.array([date]))[0]
        with pytest.raises(DateOutsideDataError):
            nyse.index(date)
