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

import polars as pl

_MIDNIGHT = r"[T ]00:?00(:?00(\.0+)?)?\s?(Z|UTC|[+-]\d\d:?\d\d)?$"
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
}
"""Shapes of dates, each with the ways to read it. Years of two digits need a mapping."""


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


def _bare(texts: pl.Series) -> pl.Series:
    return texts.str.replace(_MIDNIGHT, "")


def _read_each(texts: pl.Series, certain: Collection[str]) -> ReadDates:
    bare = _bare(texts)
    frame = pl.DataFrame({"text": bare})
    dates = pl.repeat(None, texts.len(), dtype=pl.Date, eager=True)
    ambiguous = pl.repeat(False, texts.len(), eager=True)
    formats = set()
    has_two_ways = False
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
