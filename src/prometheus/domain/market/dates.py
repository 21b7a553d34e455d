"""Dates as vendors write them, and which of two readings a column means.

1. Texts fall into families by their shape: digits and separators.
2. Most families can be read one way. ``05/02/2018`` can be read two ways, and what says which is a date that
   can only be read one way, such as ``13/02/2018``.
3. A family all of whose dates can be read two ways is not read at all. Where some can only be read the one
   way and some only the other, those are read, and the ones between them are not.
4. A column in pieces is judged as a whole: `certain_ways` of all of them, then `read_dates` of each.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

_MIDNIGHT = r"[T ]00:?00(:?00(\.0+)?)?\s?(Z|UTC|[+-]\d\d:?\d\d)?$"
_WEEKDAY = r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? "
FAMILIES: Mapping[str, tuple[str, ...]] = {
    r"^\d{4}-\d\d?-\d\d?$": ("%Y-%m-%d",),
    r"^\d{8}$": ("%Y%m%d",),
    r"^\d{4}/\d\d?/\d\d?$": ("%Y/%m/%d",),
    r"^\d{4}\.\d\d?\.\d\d?$": ("%Y.%m.%d",),
    r"^\d\d?/\d\d?/\d{4}$": ("%m/%d/%Y", "%d/%m/%Y"),
    r"^\d\d?-\d\d?-\d{4}$": ("%m-%d-%Y", "%d-%m-%Y"),
    r"^\d\d?\.\d\d?\.\d{4}$": ("%d.%m.%Y", "%m.%d.%Y"),
    r"^\d\d?-[A-Za-z]{3}-\d{4}$": ("%d-%b-%Y",),
    r"^\d\d? [A-Za-z]{3} \d{4}$": ("%d %b %Y",),
    r"^[A-Za-z]{3} \d\d?, \d{4}$": ("%b %d, %Y",),
    r"^[A-Za-z]{4,9} \d\d?, \d{4}$": ("%B %d, %Y",),
}
"""Shapes of dates, each with the ways to read it. Years of two digits need a mapping."""
SECONDS = {10: 1, 13: 1_000, 16: 1_000_000, 19: 1_000_000_000}
"""Digits of times since 1970 that lie between 2001 and 2286, and how many of them make a second."""
EXCEL = "excel"
"""What stands for days counted from 30 December 1899, as workbooks count them, instead of a format."""
_MOMENT = r"^\d{10}$|^\d{13}$|^\d{16}$|^\d{19}$"
_TIME = r"[T ]\d\d?:\d\d(:\d\d(\.\d+)?)?( ?[AaPp][Mm])?"
_LOCAL_TIME = _TIME + r"( ?([+-](0[1-9]|1\d):?\d\d|[+-]00:?[1-9]\d))?$"
"""A time of day without a zone, or with an offset that is not UTC's: the date before it is the market's."""
REMEDIES = {
    _MOMENT: "A time since 1970 that is no midnight in UTC: write the date of its session, or name the "
    'market\'s time_zone in a mapping file, e.g. time_zone = "America/New_York".',
    r"^\d{5}(\.0+)?$": "If it counts days as workbooks do, say so in a mapping file: "
    'date_format = "excel"; or write dates as 2013-02-08.',
    _TIME: "Bars of a day have a date without a time, or one a day. Leave bars of minutes out; of a time in "
    "UTC, name the market's time_zone in a mapping file.",
    r"^\d\d?[-/. ](\d\d?|[A-Za-z]{3})[-/. ]\d\d$": "Years of two digits need a date_format in a mapping "
    "file, e.g. %m/%d/%y.",
}
"""Shapes of texts that are no dates by themselves, each with what to do about it."""


@dataclass(frozen=True, slots=True)
class ReadDates:
    """A column of texts as dates.

    Attributes
    ----------
    dates : polars.Series
        Null where a text is no date, or may be two.
    is_ambiguous : polars.Series
        Where it may be two.
    formats : frozenset of str
        How they were read.
    has_two_ways : bool
        Whether any text is of a family that can be read in two ways.
    """

    dates: pl.Series
    is_ambiguous: pl.Series
    formats: frozenset[str] = frozenset()
    has_two_ways: bool = False


def certain_ways(texts: pl.Series) -> frozenset[str]:
    """Return the formats that are the only ones to read some of the texts by, in families of two ways.

    Parameters
    ----------
    texts : polars.Series
        A column of dates or a piece of one; what holds for all is the union.

    Examples
    --------
    >>> certain_ways(pl.Series(["05/02/2018", "13/02/2018", "2018-02-30"]))
    frozenset({'%d/%m/%Y'})
    """
    bare = _bare(texts.cast(pl.String).str.strip_chars().unique())
    found = set()
    for family, ways in FAMILIES.items():
        if len(ways) == 2 and (is_of := bare.str.contains(family).fill_null(False)).any():
            first, second = (bare.filter(is_of).str.to_date(way, strict=False) for way in ways)
            if (first.is_not_null() & second.is_null()).any():
                found.add(ways[0])
            if (second.is_not_null() & first.is_null()).any():
                found.add(ways[1])
    return frozenset(found)


def read_dates(
    texts: pl.Series, certain: Collection[str] | None = None, *, date_format: str | None = None
) -> ReadDates:
    """Return a column of texts as dates.

    Parameters
    ----------
    texts : polars.Series
        A time of midnight, with any zone, may stand behind each.
    certain : collection of str, optional
        The `certain_ways` of the whole column, where these texts are a piece of it.
    date_format : str, optional
        The one format, where it is known, e.g. ``%d.%m.%Y``.

    Examples
    --------
    >>> read = read_dates(pl.Series(["12/02/2018", "13/02/2018", "2018-02-14"]))
    >>> read.dates.to_list()
    [datetime.date(2018, 2, 12), datetime.date(2018, 2, 13), datetime.date(2018, 2, 14)]
    >>> sorted(read.formats)
    ['%Y-%m-%d', '%d/%m/%Y']
    """
    stripped = texts.cast(pl.String).str.strip_chars()
    nowhere = pl.repeat(False, texts.len(), eager=True)
    if date_format == EXCEL:
        days = stripped.cast(pl.Float64, strict=False)
        days = days.set(days != days.floor(), None).cast(pl.Int32, strict=False)
        since = pl.Series([date(1899, 12, 30)]).cast(pl.Int32).item()
        return ReadDates((days + since).cast(pl.Date), nowhere, frozenset({EXCEL}))
    if date_format is not None:
        dates = stripped.str.to_date(date_format, strict=False)
        if dates.null_count() > stripped.null_count():
            dates = dates.fill_null(_bare(stripped).str.to_date(date_format, strict=False))
        return ReadDates(dates, nowhere, frozenset({date_format}))
    if (stripped.str.len_bytes() == 10).all():  # nearly all files: whole columns of one shape
        dates = stripped.str.to_date("%Y-%m-%d", strict=False)
        if dates.null_count() == 0:
            return ReadDates(dates, nowhere, frozenset({"%Y-%m-%d"}))
    # Few of the texts differ, so each is looked at once.
    each = stripped.unique()
    seen = _read_each(each, certain_ways(each) if certain is None else certain)
    known = pl.DataFrame({"text": each, "date": seen.dates, "is_ambiguous": seen.is_ambiguous})
    read = stripped.to_frame("text").join(
        known, on="text", how="left", nulls_equal=True, maintain_order="left"
    )
    return ReadDates(read["date"], read["is_ambiguous"], seen.formats, seen.has_two_ways)


def dates_in(texts: pl.Series, time_zone: str) -> pl.Series:
    """Return the dates in a zone of texts that are moments; null for others.

    Parameters
    ----------
    texts : polars.Series
        Seconds since 1970, or their parts; dates with a time and an offset, or Z.
    time_zone : str
        E.g. ``America/New_York``.

    Examples
    --------
    >>> dates_in(pl.Series(["1517841000", "2018-02-06T05:00:00Z", "2018"]), "America/New_York").to_list()
    [datetime.date(2018, 2, 5), datetime.date(2018, 2, 6), None]
    """
    stripped = texts.cast(pl.String).str.strip_chars()
    moments = _moments(stripped)
    iso = stripped.str.replace(" ", "T", literal=True).str.replace(r"(Z|UTC)$", "+00:00")
    iso = iso.str.replace(r"T(\d\d:\d\d)([+-])", "T${1}:00${2}")
    written = iso.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", time_zone="UTC", strict=False)
    return moments.fill_null(written).dt.convert_time_zone(time_zone).dt.date()


def without_local_times(texts: pl.Series) -> pl.Series:
    """Return texts without a time of day that is not in UTC; null where there is none.

    Examples
    --------
    >>> given = pl.Series(["2018-02-05 16:00:00", "2018-02-05T16:00-05:00", "2018-02-05T05:00Z"])
    >>> without_local_times(given).to_list()
    ['2018-02-05', '2018-02-05', None]
    """
    stripped = texts.cast(pl.String).str.strip_chars()
    bare = stripped.str.replace(_LOCAL_TIME, "")
    return bare.set(bare == stripped, None)


def unread_remedies(texts: pl.Series) -> pl.Series:
    """Return what to do about texts that are no dates, as far as their shape says more than any would."""
    remedy = pl.lit(None, dtype=pl.String)
    for shape, said in reversed(REMEDIES.items()):
        remedy = pl.when(pl.col("text").str.contains(shape)).then(pl.lit(said)).otherwise(remedy)
    stripped = texts.cast(pl.String).str.strip_chars()
    return pl.DataFrame({"text": stripped}).select(remedy.alias("remedy")).to_series()


def _moments(texts: pl.Series) -> pl.Series:
    """Return times since 1970 by how many digits they have; null for other texts."""
    number = texts.str.extract(f"({_MOMENT})").cast(pl.Int64, strict=False)
    per_second = texts.str.len_bytes().replace_strict(SECONDS, default=None, return_dtype=pl.Int64)
    microseconds = pl.DataFrame({"n": number, "per": per_second}).select(
        pl.when(pl.col("per") > 1_000_000)
        .then(pl.col("n") // 1_000)
        .otherwise(pl.col("n") * (1_000_000 // pl.col("per")))
    )
    return microseconds.to_series().cast(pl.Datetime("us", "UTC"))


def _bare(texts: pl.Series) -> pl.Series:
    return texts.str.replace(_MIDNIGHT, "").str.replace(_WEEKDAY, "")


def _read_each(texts: pl.Series, certain: Collection[str]) -> ReadDates:
    bare = _bare(texts)
    frame = pl.DataFrame({"text": bare})
    dates = pl.repeat(None, texts.len(), dtype=pl.Date, eager=True)
    ambiguous = pl.repeat(False, texts.len(), eager=True)
    formats = set()
    has_two_ways = False
    if bare.str.contains(_MOMENT).any():
        moments = _moments(bare)
        is_midnight = (moments.dt.epoch("us") % 86_400_000_000 == 0).fill_null(False)
        dates = moments.dt.date().set(~is_midnight, None)
        formats |= {"seconds since 1970"} if is_midnight.any() else set()
    for family, ways in FAMILIES.items():
        is_of = bare.str.contains(family).fill_null(False)
        if not is_of.any():
            continue
        has_two_ways = has_two_ways or len(ways) == 2
        settled = ways if len(ways) == 1 else [way for way in ways if way in certain]
        read = frame.select(
            pl.when(is_of).then(pl.col("text")).str.to_date(way, strict=False).alias(way) for way in ways
        )
        if len(settled) == 1:
            formats.add(settled[0])
            dates = dates.fill_null(read[settled[0]])
            continue
        first, second = read[ways[0]], read[ways[1]]
        is_double = first.is_not_null() & second.is_not_null() & (first != second).fill_null(False)
        dates = dates.fill_null(
            first.fill_null(second).to_frame("at").select(pl.when(~is_double).then(pl.col("at"))).to_series()
        )
        ambiguous = ambiguous | is_double
    return ReadDates(dates, ambiguous, frozenset(formats), has_two_ways)
