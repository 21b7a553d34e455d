"""Which shares an issuer had, as far as it was known on a day.

Something tells of an instrument from a day on: its listing, the first day on which a source saw it under a
symbol, its first price, its registration. Until then it isn't known, whatever is on record today. From its
delisting on it is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Issue:
    """Shares of one class.

    Attributes
    ----------
    instrument_id : str
    since : datetime.date
        The first day on which anything tells of it.
    delisted : datetime.date or None
        The first session without trading.
    """

    instrument_id: str
    since: date
    delisted: date | None = None


def known_issues(issues: Sequence[Issue], day: date) -> list[Issue]:
    """Return the shares that were known on a day, those that were gone by then among them."""
    return [one for one in issues if one.since <= day]


def single_issue(issues: Sequence[Issue], day: date) -> str | None:
    """Return the instrument of an issuer that had shares of one class on a day, None for others.

    Shares of several classes have several prices, and no filing says them by instrument.

    Examples
    --------
    >>> classes = [Issue("A", since=date(2013, 2, 8)), Issue("B", since=date(2015, 6, 1))]
    >>> single_issue(classes, date(2015, 5, 29)), single_issue(classes, date(2015, 6, 1))
    ('A', None)
    """
    trading = [one for one in known_issues(issues, day) if one.delisted is None or day < one.delisted]
    return trading[0].instrument_id if len(trading) == 1 else None


def is_gone(issues: Sequence[Issue], day: date) -> bool:
    """Return whether all shares of an issuer that were known on a day had been delisted by then."""
    known = known_issues(issues, day)
    return bool(known) and all(one.delisted is not None and one.delisted <= day for one in known)
