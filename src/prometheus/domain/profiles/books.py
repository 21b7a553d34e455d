"""What is known of an issuer's accounts at a moment: of several reports on a period the latest one counts.

A level stands at a day. A flow belongs to a period, and analysts want the year that ends with a report,
which a report seldom has. The year to a day is, whichever is there first:

1. the twelve months as reported (10-K);
2. the last fiscal year, plus this year to date, minus the same months a year before (10-Q with comparatives);
3. four quarters, where a quarter that was not reported is the year to date minus the year to date before
   it, and the fourth also the fiscal year minus its three quarters.

Where none of them can be made, that is said, with what is missing. Days match within `TOLERANCE_DAYS`:
fiscal years of 52 or 53 weeks move by a few days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

TOLERANCE_DAYS = 10
DAYS_A_MONTH = 365.25 / 12
COUNT_DAYS = 120
"""How long after a period's end its cover may count the shares."""


@dataclass(frozen=True, slots=True)
class Found:
    """A number, the day it stands at or its year ends with, and the filings it was known from.

    ``filings`` are numbers of `KnownFiling`, the latest known last. ``is_year`` says whether it is a flow
    over the year to ``end``.
    """

    value: float
    end: date
    filings: tuple[int, ...]
    is_year: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Absent:
    """Why a number can't be said."""

    reason: str


class Books:
    """The accounts of one issuer, as they are known so far.

    A fact replaces what was known of its name, period and length; `learn` must be called in the order in
    which filings became known.
    """

    def __init__(self) -> None:
        self._values: dict[tuple[str, int], dict[date, tuple[float, int]]] = {}
        self._years: dict[tuple[str, date], Found | Absent] = {}
        self._currency: str | None = None

    def learn(self, number: int, facts: Iterable[Mapping[str, Any]]) -> None:
        """Take the facts of the filing of this number in."""
        self._years.clear()
        facts = list(facts)
        currencies = [fact["unit"] for fact in facts if fact["name"] == "assets"]
        if currencies:
            self._currency = currencies[0]
        for fact in facts:
            months = fact["months"]
            money = str(fact["unit"]).partition("/")[0]
            if months is None or (money != "shares" and self._currency not in (None, money)):
                continue
            known = self._values.setdefault((fact["name"], int(months)), {})
            known[date.fromisoformat(fact["end"])] = (float(fact["value"]), number)

    def ends(self) -> list[date]:
        """Return the days at which there is a balance sheet, the latest first."""
        return sorted(self._values.get(("assets", 0), {}), reverse=True)

    def level(self, name: str, end: date) -> Found | Absent:
        """Return what a level was at a day."""
        return self._reported(name, 0, end) or Absent(f"no {name} at {end}")

    def count(self, name: str, end: date) -> Found | Absent:
        """Return the first number of something that was counted at a day or on the cover of its report."""
        known = self._values.get((name, 0), {})
        lo, hi = end - timedelta(days=TOLERANCE_DAYS), end + timedelta(days=COUNT_DAYS)
        days = sorted(day for day in known if lo <= day <= hi)
        if not days:
            return Absent(f"no {name} for {end}")
        value, filing = known[days[0]]
        return Found(value, days[0], (filing,))

    def year(self, name: str, end: date) -> Found | Absent:
        """Return the flow of the year that ends with a day."""
        known = self._years.get((name, end))
        if known is None:
            known = self._years[name, end] = self._year(name, end)
        return known

    def _year(self, name: str, end: date) -> Found | Absent:
        if not any((name, months) in self._values for months in (3, 6, 9, 12)):
            return Absent(f"no {name} is reported")
        whole = self._reported(name, 12, end)
        if whole is not None:
            return whole
        rolled = self._rolled(name, end)
        if rolled is not None:
            return rolled
        quarters = [self._quarter(name, before(end, months=3 * k)) for k in range(4)]
        missing = [str(before(end, months=3 * k)) for k in range(4) if quarters[k] is None]
        if missing:
            which = f": no quarter to {', '.join(missing)}" if len(missing) < len(quarters) else ""
            return Absent(f"no {name} of the year to {end}{which}")
        return self._sum([(1.0, quarter) for quarter in quarters if quarter is not None], end)

    def _rolled(self, name: str, end: date) -> Found | None:
        for months in (9, 6, 3):
            now = self._reported(name, months, end)
            then = self._reported(name, months, before(end, months=12))
            fiscal = self._reported(name, 12, before(end, months=months))
            if now is not None and then is not None and fiscal is not None:
                return self._sum([(1.0, fiscal), (1.0, now), (-1.0, then)], end)
        return None

    def _quarter(self, name: str, end: date) -> Found | None:
        reported = self._reported(name, 3, end)
        if reported is not None:
            return reported
        for months in (6, 9, 12):
            now = self._reported(name, months, end)
            then = self._reported(name, months - 3, before(end, months=3))
            if now is not None and then is not None:
                return self._sum([(1.0, now), (-1.0, then)], end)
        fiscal = self._reported(name, 12, end)
        others = [self._reported(name, 3, before(end, months=3 * k)) for k in (1, 2, 3)]
        if fiscal is None or any(one is None for one in others):
            return None
        return self._sum([(1.0, fiscal), *((-1.0, one) for one in others if one is not None)], end)

    def _reported(self, name: str, months: int, end: date) -> Found | None:
        known = self._values.get((name, months))
        if not known:
            return None
        day = end if end in known else min(known, key=lambda one: (abs((one - end).days), one))
        if abs((day - end).days) > TOLERANCE_DAYS:
            return None
        value, filing = known[day]
        return Found(value, day, (filing,), is_year=months > 0)

    def _sum(self, terms: Sequence[tuple[float, Found]], end: date) -> Found:
        value = sum(sign * term.value for sign, term in terms)
        return Found(value, end, filings_of([term for _, term in terms]), is_year=True)


@lru_cache(maxsize=1 << 14)
def before(day: date, *, months: int) -> date:
    """Return the day so many months before, to within a few days.

    Examples
    --------
    >>> before(date(2015, 12, 31), months=12)
    datetime.date(2014, 12, 31)
    """
    return day - timedelta(days=round(months * DAYS_A_MONTH))


def filings_of(found: Iterable[Found]) -> tuple[int, ...]:
    """Return the filings behind several numbers, each once, the latest known last."""
    return tuple(sorted({filing for one in found for filing in one.filings}))
