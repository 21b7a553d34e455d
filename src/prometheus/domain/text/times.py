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

_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?\s?(?P<half>[ap]\.?m\.?)?"
_ZONE = r"(?P<zone>[a-z]{1,4}|[+-]\d{2}:?\d{2})?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s)?"
_DAY_MONTH = r"(?P<day>\d{1,2})[\s-](?P<month>[a-z]{3,9})\.?,?[\s-](?P<year>\d{4})"
_MONTH_DAY = r"(?P<month>[a-z]{3,9})\.?\s(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s(?P<year>\d{4})"
_SLASHES = r"(?P<first>\d{1,2})[/.](?P<second_number>\d{1,2})[/.](?P<year>\d{4})"
_SHAPES = tuple(
    re.compile(shape, re.IGNORECASE)
    for dates in (_DAY_MONTH, _MONTH_DAY, _SLASHES)
    for shape in (
        rf"{_WEEKDAY}{dates}(?:,?(?:\sat)?\s{_CLOCK}\s?{_ZONE})?",
        rf"{_CLOCK}\s?{_ZONE},?\s{_WEEKDAY}{dates}",
    )
)
_ISO_WITH_NAME = re.compile(r"(\d{4}-\d{2}-\d{2}[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s?([A-Za-z]{1,4})")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?(?:\.0+)?")


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


class UnreadableTimeError(ValueError):
    """A text that is no time, or more than one; its message is the name of the rule that it breaks."""


def moment_of_text(text: str, zone: tzinfo) -> Moment:
    """Return the moment that a text says.

    Parameters
    ----------
    text : str
    zone : tzinfo
        Of texts that don't name one.

    Raises
    ------
    UnreadableTimeError
        ``unparsable_time``, ``ambiguous_date``, ``no_such_time`` or ``unknown_zone``.

    Examples
    --------
    >>> moment_of_text(" 7:51  PM ET Fri, 17 July 2020", UTC).at.isoformat()
    '2020-07-17T23:51:00+00:00'
    >>> moment_of_text("2021-04-21", ZoneInfo("America/New_York"))
    Moment(at=datetime.datetime(2021, 4, 22, 3, 59, 59, tzinfo=datetime.timezone.utc), precision='day')
    """
    said = " ".join(text.split())
    if _EPOCH.fullmatch(said):
        digits = said.partition(".")[0]
        seconds, rest = divmod(int(digits), 1000) if len(digits) == 13 else (int(digits), 0)
        return Moment(datetime.fromtimestamp(seconds, UTC) + timedelta(milliseconds=rest), "second")
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return _of_shape(said, zone)
    if found.tzinfo is not None:
        return _moment(found, "second")
    if found.time() == time():
        return _end_of(found.date(), zone)
    return _moment(_placed(found, zone), "minute" if said.count(":") == 1 else "second")


def _of_shape(said: str, zone: tzinfo) -> Moment:
    named = _ISO_WITH_NAME.fullmatch(said)
    if named:
        return _moment(_placed(datetime.fromisoformat(named[1]), _zone_of(named[2])), "second")
    for shape in _SHAPES:
        match = shape.fullmatch(said)
        if match:
            parts = match.groupdict()
            own = zone if parts["zone"] is None else _zone_of(parts["zone"])
            day = _day_of(parts)
            if parts["hour"] is None:
                return _end_of(day, own)
            clock = _clock_of(parts)
            is_bare = clock == time() and parts["half"] is None and parts["zone"] is None
            if is_bare:
                return _end_of(day, own)
            precision = "minute" if parts["second"] is None else "second"
            return _moment(_placed(datetime.combine(day, clock), own), precision)
    raise UnreadableTimeError("unparsable_time")


def _day_of(parts: dict[str, str | None]) -> date:
    year = int(parts["year"] or 0)
    if parts.get("month") is not None:
        name = str(parts["month"]).lower()
        if name[:3] not in MONTHS:
            raise UnreadableTimeError("unparsable_time")
        month, day = MONTHS.index(name[:3]) + 1, int(parts["day"] or 0)
    else:
        first, second = int(parts["first"] or 0), int(parts["second_number"] or 0)
        if first <= 12 and second <= 12 and first != second:
            raise UnreadableTimeError("ambiguous_date")
        month, day = (second, first) if first > 12 else (first, second)
    try:
        return date(year, month, day)
    except ValueError as error:
        raise UnreadableTimeError("unparsable_time") from error


def _clock_of(parts: dict[str, str | None]) -> time:
    hour = int(parts["hour"] or 0)
    half = (parts["half"] or "").lower()[:1]
    if half:
        if not 1 <= hour <= 12:
            raise UnreadableTimeError("unparsable_time")
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return time(hour, int(parts["minute"] or 0), int(parts["second"] or 0))
    except ValueError as error:
        raise UnreadableTimeError("unparsable_time") from error


def _zone_of(letters: str) -> tzinfo:
    name = letters.lower()
    if name in ZONES:
        return ZoneInfo(ZONES[name])
    if name in OFFSETS:
        return timezone(timedelta(hours=OFFSETS[name]))
    if name[0] in "+-":
        digits = name[1:].replace(":", "")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return timezone(-offset if name[0] == "-" else offset)
    raise UnreadableTimeError("unknown_zone")


def _placed(wall: datetime, zone: tzinfo) -> datetime:
    """Return a wall time in its zone, the later of two."""
    placed = wall.replace(tzinfo=zone, fold=1)
    back = placed.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0)
    if back != wall.replace(fold=0):
        raise UnreadableTimeError("no_such_time")
    return placed


def _end_of(day: date, zone: tzinfo) -> Moment:
    return _moment(datetime.combine(day, DAY_END).replace(tzinfo=zone, fold=1), "day")


def _moment(at: datetime, precision: str) -> Moment:
    try:
        return Moment(at.astimezone(UTC), precision)
    except OverflowError as error:
        raise UnreadableTimeError("unparsable_time") from error
