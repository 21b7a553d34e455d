"""Days as vendors write them, read where only one reading is possible."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from prometheus.domain.reference.rules import iso_date

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NOTE = re.compile(r"\s*(\[[^\]]*\]|\([^)]*\))+$")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.? +(\d{1,2}),? +(\d{4})")
_DAY_FIRST = re.compile(r"(\d{1,2})[ /-]([A-Za-z]{3,9})[ /-](\d{4})")
_NUMBERS = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


def day_in(text: str) -> date | None:
    """Return the day that a text is, None where it is none or could be two.

    Footnotes behind it don't count.

    Examples
    --------
    >>> [str(day_in(t)) for t in ("Dec 23, 2013", "31/Dec/2013", "20131223", "1999-03-22[3]", "01/02/2013")]
    ['2013-12-23', '2013-12-31', '2013-12-23', '1999-03-22', 'None']
    """
    bare = _NOTE.sub("", text.strip())
    found = iso_date(bare)
    if found is not None:
        return found
    if (match := _COMPACT.fullmatch(bare)) is not None:
        return iso_date("-".join(match.groups()))
    if (match := _MONTH_FIRST.fullmatch(bare)) is not None:
        return _named(match.group(3), match.group(1), match.group(2))
    if (match := _DAY_FIRST.fullmatch(bare)) is not None:
        return _named(match.group(3), match.group(2), match.group(1))
    return None


def iso_days(texts: Sequence[str]) -> list[str]:
    """Return a column with its days as ISO writes them, and what is none as it stands.

    Days in numbers alone are read as the whole column allows: as month/day where some day is beyond 12 in
    the second place and none in the first, and the other way round. Where both readings are possible, they
    stay as they are.

    Examples
    --------
    >>> iso_days(["06/01/2013", "06/18/2013", ""]), iso_days(["06/01/2013"])
    (['2013-06-01', '2013-06-18', ''], ['06/01/2013'])
    """
    numbers = [match.groups() for text in texts if (match := _NUMBERS.fullmatch(text.strip())) is not None]
    is_month_first = any(int(b) > 12 for _, b, _ in numbers) and all(int(a) <= 12 for a, _, _ in numbers)
    is_day_first = any(int(a) > 12 for a, _, _ in numbers) and all(int(b) <= 12 for _, b, _ in numbers)
    out = []
    for text in texts:
        match = _NUMBERS.fullmatch(text.strip())
        if match is not None and (is_month_first or is_day_first):
            one, other, year = match.groups()
            month, day = (one, other) if is_month_first else (other, one)
            found = iso_date(f"{year}-{int(month):02}-{int(day):02}")
        else:
            found = day_in(text)
        out.append(text if found is None else str(found))
    return out


def _named(year: str, month: str, day: str) -> date | None:
    name = month.lower()[:3]
    return iso_date(f"{year}-{MONTHS.index(name) + 1:02}-{int(day):02}") if name in MONTHS else None
