"""Trading sessions of a market, from `exchange_calendars`.

Nothing here asks the wall clock: a calendar is built from a fixed first date to a fixed last date, so
that the same dates come out on any day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from prometheus.kernel.arrays import DateArray, IntArray
from prometheus.kernel.errors import ConfigError, DateOutsideDataError

FIRST_DATE = "1962-01-02"
"""First session of the longest daily histories of US equities that vendors sell (CRSP daily)."""
LAST_DATE = "2035-12-31"


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of one market.

    Attributes
    ----------
    calendar : str
        Code of `exchange_calendars`, e.g. XNYS.
    dates : ndarray of shape (n_sessions,), datetime64[D]
        Ascending.
    opens, closes : ndarray of shape (n_sessions,), datetime64[s]
        UTC, early closes included.
    """

    calendar: str
    dates: DateArray
    opens: DateArray
    closes: DateArray

    def index(self, date: np.datetime64) -> int:
        """Return the place of a session; `DateOutsideDataError` when the date is none."""
        i = int(np.searchsorted(self.dates, date))
        if i == len(self.dates) or self.dates[i] != date:
            raise DateOutsideDataError(
                f"{date} is not a session of {self.calendar}.",
                remedy=f"The next one is {self.dates[min(i, len(self.dates) - 1)]}.",
            )
        return i

    def between(self, first: np.datetime64, last: np.datetime64) -> IntArray:
        """Return the places of the sessions from first to last, both included."""
        lo = int(np.searchsorted(self.dates, first, side="left"))
        hi = int(np.searchsorted(self.dates, last, side="right"))
        return np.arange(lo, hi, dtype=np.int64)

    def after(self, first: int, last: int) -> DateArray:
        """Return the session after each from first to last (places); the calendar's last one is its own."""
        following = np.minimum(np.arange(first, last + 1) + 1, len(self.dates) - 1)
        dates: DateArray = self.dates[following]
        return dates

    def is_session(self, dates: DateArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return for each date whether it is a session."""
        place = np.minimum(np.searchsorted(self.dates, dates), len(self.dates) - 1)
        found: np.ndarray[Any, np.dtype[np.bool_]] = self.dates[place] == dates
        return found

    def rebalances(self, days: IntArray, *, frequency: str) -> IntArray:
        """Return those of ``days`` (places of sessions) that close a period of the calendar.

        Parameters
        ----------
        days : ndarray of int
            Places in `dates`, ascending and without gaps.
        frequency : str
            ``daily``, ``weekly`` (last session of an ISO week) or ``monthly`` (last session of a month).
        """
        if frequency == "daily":
            return days
        if frequency not in ("weekly", "monthly"):
            raise ConfigError(
                f"Rebalancing must be daily, weekly or monthly; found {frequency!r}.",
                remedy="Set [run] rebalance.",
            )
        if frequency == "monthly":
            period = self.dates.astype("datetime64[M]").astype(np.int64)
        else:  # 1970-01-01 was a Thursday: shift so that a period runs from Monday to Sunday
            period = (self.dates.astype(np.int64) + 3) // 7
        following = np.minimum(days + 1, len(period) - 1)
        kept: IntArray = days[period[days] != period[following]]
        return kept


@lru_cache(maxsize=16)
def _calendar(code: str) -> Sessions:
    import exchange_calendars as xcals
    from exchange_calendars.errors import InvalidCalendarName

    try:
        kind = type(xcals.get_calendar(code))
    except InvalidCalendarName as error:
        raise ConfigError(
            f"No exchange calendar is called {code!r}.",
            remedy="Take a code of exchange_calendars, e.g. XNYS, XLON or XTKS.",
        ) from error
    earliest, latest = kind.bound_min(), kind.bound_max()
    first = FIRST_DATE if earliest is None else max(FIRST_DATE, f"{earliest:%Y-%m-%d}")
    last = LAST_DATE if latest is None else min(LAST_DATE, f"{latest:%Y-%m-%d}")
    found = xcals.get_calendar(code, start=first, end=last)
    schedule = found.schedule
    return Sessions(
        calendar=code,
        dates=found.sessions.to_numpy().astype("datetime64[D]"),
        opens=schedule["open"].dt.tz_localize(None).to_numpy().astype("datetime64[s]"),
        closes=schedule["close"].dt.tz_localize(None).to_numpy().astype("datetime64[s]"),
    )


def sessions_of(calendar_spec: Mapping[str, Any]) -> Sessions:
    """Return the sessions that a market's ``calendar_spec`` describes.

    Parameters
    ----------
    calendar_spec : mapping
        ``calendar`` is a code of `exchange_calendars`; ``closures`` are further dates without a session;
        ``early_closes`` map a date to the UTC time ("18:00") at which it closed.

    Raises
    ------
    ConfigError
        For a calendar that is not known.
    """
    base = _calendar(str(calendar_spec.get("calendar", "")))
    closures = np.array(sorted(calendar_spec.get("closures", ())), dtype="datetime64[D]")
    keep = ~np.isin(base.dates, closures)
    closes = base.closes[keep].copy()
    dates = base.dates[keep]
    for date, at in calendar_spec.get("early_closes", {}).items():
        closes[dates == np.datetime64(date, "D")] = np.datetime64(f"{date}T{at}", "s")
    return Sessions(base.calendar, dates, base.opens[keep], closes)
