"""Times of publication, as sources write them, to moments in UTC.

1. Blanks are squeezed; what is known by its shape is read: ISO 8601, "7:51 PM ET Fri, 17 July 2020", the
   dates of e-mail and RSS, "Jul 17, 2020 7:51 PM", seconds or milliseconds since 1970.
2. A zone in the text goes before the zone of the delivery. ET, CT, MT and PT keep daylight saving time; EST,
   EDT and their like are offsets, as in RFC 2822.
3. A date alone, or midnight sharp without a zone, is known at the last second of its day: who writes a frame
   with dates writes them so, and earlier would be a look ahead.
4. A time that the clocks showed twice is the later of the two; one that they never showed is refused, and so
   is 03/04/2020, which is two dates.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

DAY_END = time(23, 59, 59)
ZONES = {
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
    "utc": "UTC",
    "gmt": "UTC",
    "ut": "UTC",
    "z": "UTC",
    "jst": "Asia/Tokyo",
    "hkt": "Asia/Hong_Kong",
}
"""Zones by the letters that news gives them."""
OFFSETS = {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "bst": 1}
OFFSETS |= {"cet": 1, "cest": 2}
"""Letters that are hours from UTC, whatever the season."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

YEARS = range(1800, 2200)
"""A year outside of these is a slip."""

_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?"
    r"\s?(?P<half>[ap]\.?m\.?)?"
)
_ISO_CLOCK = r"(?P<hour>\d{2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?"
_ZONE = r"(?P<zone>[a-z]{1,4}|[+-]\d{2}(?::?\d{2})?)?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s)?"
_ISO_DATE = r"(?P<year>\d{4})(?P<dash>-?)(?P<month>\d{2})(?P=dash)(?P<day>\d{2})"
_DAY_MONTH = r"(?P<day>\d{1,2})[\s-](?P<month>[a-z]{3,9})\.?,?[\s-](?P<year>\d{4})"
_MONTH_DAY = r"(?P<month>[a-z]{3,9})\.?\s(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s(?P<year>\d{4})"
_TWO_NUMBERS = r"(?P<one>\d{1,2})[/.](?P<other>\d{1,2})[/.](?P<year>\d{4})"
_SHAPES = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"{_ISO_DATE}(?:[t\s]{_ISO_CLOCK}\s?{_ZONE})?",
        rf"{_ISO_DATE}(?:[t\s]{_CLOCK}\s?{_ZONE})",
        *(
            shape
            for dates in (_DAY_MONTH, _MONTH_DAY, _TWO_NUMBERS)
            for shape in (
                rf"{_WEEKDAY}{dates}(?:,?(?:\sat)?\s{_CLOCK}\s?{_ZONE})?",
                rf"{_CLOCK}\s?{_ZONE},?\s{_WEEKDAY}{dates}",
            )
        ),
    )
)
_EPOCH = re.compile(r"(\d{10})(\d{3})?(?:\.0+)?")

Parts = Mapping[str, str | None]
"""What a shape found, by the names of its groups."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was published.

    Attributes
    ----------
    at : datetime
        In UTC.
    precision : {"second", "minute", "day"}
        How exactly the source said so.
    """

    at: datetime
    precision: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """That a text is no time, or more than one.

    Attributes
    ----------
    rule : {"unparsable_time", "ambiguous_date", "no_such_time", "unknown_zone", "zone_missing"}
        What it breaks.
    """

    rule: str


def moment_of_text(text: str, zone: tzinfo | None) -> Moment | Unreadable:
    """Return the moment that a text says, or why it says none.

    Parameters
    ----------
    text : str
    zone : tzinfo or None
        Of texts that don't name one; without it they say no moment.

    Examples
    --------
    >>> moment_of_text(" 7:51  PM ET Fri, 17 July 2020", UTC).at.isoformat()
    '2020-07-17T23:51:00+00:00'
    >>> moment_of_text("2021-04-21", ZoneInfo("America/New_York"))
    Moment(at=datetime.datetime(2021, 4, 22, 3, 59, 59, tzinfo=datetime.timezone.utc), precision='day')
    >>> moment_of_text("03/04/2020", UTC)
    Unreadable(rule='ambiguous_date')
    >>> moment_of_text("2021-04-21 09:30", None)
    Unreadable(rule='zone_missing')
    """
    said = " ".join(text.split())
    epoch = _EPOCH.fullmatch(said)
    if epoch:
        at = datetime.fromtimestamp(int(epoch[1]), UTC) + timedelta(milliseconds=int(epoch[2] or 0))
        return Moment(at, "second")
    found = next((match for match in (shape.fullmatch(said) for shape in _SHAPES) if match), None)
    if found is None:
        return Unreadable("unparsable_time")
    parts = found.groupdict()
    if parts.get("one") and _is_ambiguous(parts):
        return Unreadable("ambiguous_date")
    day, clock = _day_of(parts), _clock_of(parts)
    own = zone if parts["zone"] is None else _zone_of(parts["zone"].lower())
    if day is None or clock is None:
        return Unreadable("unparsable_time")
    if own is None:
        return Unreadable("zone_missing" if parts["zone"] is None else "unknown_zone")
    if parts["hour"] is None or (clock == time() and parts["zone"] is None and not parts.get("half")):
        end = datetime.combine(day, DAY_END).replace(tzinfo=own, fold=1)
        return Moment(end.astimezone(UTC), "day")
    at = datetime.combine(day, clock).replace(tzinfo=own, fold=1).astimezone(UTC)
    if at.astimezone(own).replace(tzinfo=None, fold=0) != datetime.combine(day, clock):
        return Unreadable("no_such_time")
    return Moment(at, "minute" if parts["second"] is None else "second")


def _is_ambiguous(parts: Parts) -> bool:
    one, other = int(parts["one"] or 0), int(parts["other"] or 0)
    return one <= 12 and other <= 12 and one != other


def _day_of(parts: Parts) -> date | None:
    year = int(parts["year"] or 0)
    if parts.get("one") is not None:
        one, other = int(parts["one"] or 0), int(parts["other"] or 0)
        month, day = (other, one) if one > 12 else (one, other)
    else:
        name, day = str(parts["month"]).lower(), int(parts["day"] or 0)
        if not name.isdigit() and name[:3] not in MONTHS:
            return None
        month = int(name) if name.isdigit() else MONTHS.index(name[:3]) + 1
    if year not in YEARS or not 1 <= month <= 12 or not 1 <= day <= monthrange(year, month)[1]:
        return None
    return date(year, month, day)


def _clock_of(parts: Parts) -> time | None:
    """Return the time of day, midnight where there is none; None for one that no clock shows."""
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    half = (parts.get("half") or "").lower()[:1]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    return time(hour, minute, second, int(((parts["fraction"] or "0") + "000000")[:6]))


def _zone_of(letters: str) -> tzinfo | None:
    if letters in ZONES:
        return ZoneInfo(ZONES[letters])
    if letters in OFFSETS:
        return timezone(timedelta(hours=OFFSETS[letters]))
    if letters[0] not in "+-":
        return None
    digits = letters[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if offset >= timedelta(days=1):
        return None
    return timezone(-offset if letters[0] == "-" else offset)
