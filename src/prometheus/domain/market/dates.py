"""Dates as vendors write them, and which of two readings a column means.

1. Texts fall into families by their shape: digits and separators.
2. Most families can be read one way. ``05/02/2018`` can be read two ways, and what says which is a date that
   can only be read one way, such as ``13/02/2018``.
3. A family all of whose dates can be read two ways is not read at all. Where some can only be read the one
   way and some only the other, those are read, and the ones between them are not.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
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
    """

    dates: pl.Series
    is_ambiguous: pl.Series


def read_dates(
    texts: pl.Series, formats: MutableMapping[str, str], *, date_format: str | None = None
) -> ReadDates:
    """Return a column of texts as dates.

    Parameters
    ----------
    texts : polars.Series
        A time of midnight, with any zone, may stand behind each.
    formats : mutable mapping of str to str
        Family to the format that earlier texts of the column settled; what these settle is added.
    date_format : str, optional
        The one format, where it is known, e.g. ``%d.%m.%Y``.

    Examples
    --------
    >>> formats = {}
    >>> read_dates(pl.Series(["12/02/2018", "13/02/2018", "2018-02-14"]), formats).dates.to_list()
    [datetime.date(2018, 2, 12), datetime.date(2018, 2, 13), datetime.date(2018, 2, 14)]
    >>> sorted(formats.values())
    ['%Y-%m-%d', '%d/%m/%Y']
    """
    stripped = texts.cast(pl.String).str.strip_chars()
    certain = pl.repeat(False, texts.len(), eager=True)
    if date_format is not None:
        formats["given"] = date_format
        dates = stripped.str.to_date(date_format, strict=False)
        if dates.null_count() > stripped.null_count():
            bare = stripped.str.replace(_MIDNIGHT, "")
            dates = dates.fill_null(bare.str.to_date(date_format, strict=False))
        return ReadDates(dates, certain)
    if (stripped.str.len_bytes() == 10).all():  # nearly all files: whole columns of one shape
        dates = stripped.str.to_date("%Y-%m-%d", strict=False)
        if dates.null_count() == 0:
            formats.setdefault(next(iter(FAMILIES)), "%Y-%m-%d")
            return ReadDates(dates, certain)
    # Few of the texts differ, so each is looked at once.
    each = stripped.unique()
    seen = _read_each(each, formats)
    known = pl.DataFrame({"text": each, "date": seen.dates, "is_ambiguous": seen.is_ambiguous})
    read = stripped.to_frame("text").join(
        known, on="text", how="left", nulls_equal=True, maintain_order="left"
    )
    return ReadDates(read["date"], read["is_ambiguous"])


def _read_each(texts: pl.Series, formats: MutableMapping[str, str]) -> ReadDates:
    bare = texts.str.replace(_MIDNIGHT, "")
    frame = pl.DataFrame({"text": bare})
    dates = pl.repeat(None, texts.len(), dtype=pl.Date, eager=True)
    ambiguous = pl.repeat(False, texts.len(), eager=True)
    for family, ways in FAMILIES.items():
        is_of = bare.str.contains(family).fill_null(False)
        if not is_of.any():
            continue
        read = frame.select(
            pl.when(is_of).then(pl.col("text")).str.to_date(way, strict=False).alias(way) for way in ways
        )
        found, is_double = _settled(read, family, ways, formats)
        dates, ambiguous = dates.fill_null(found), ambiguous | is_double
    return ReadDates(dates, ambiguous)


def _settled(
    read: pl.DataFrame, family: str, ways: tuple[str, ...], formats: MutableMapping[str, str]
) -> tuple[pl.Series, pl.Series]:
    """Return the dates of a family and where they may be two; write down the way that is settled."""
    first = read[ways[0]]
    nowhere = pl.repeat(False, read.height, eager=True)
    if len(ways) == 1 or family in formats:
        formats.setdefault(family, ways[0])
        return read[formats[family]], nowhere
    second = read[ways[1]]
    only_first, only_second = first.is_not_null() & second.is_null(), second.is_not_null() & first.is_null()
    is_double = first.is_not_null() & second.is_not_null() & (first != second).fill_null(False)
    if only_first.any() and not only_second.any():
        formats[family] = ways[0]
        return first, nowhere
    if only_second.any() and not only_first.any():
        formats[family] = ways[1]
        return second, nowhere
    return read.select(
        pl.when(~is_double).then(pl.coalesce(pl.col(ways[0]), pl.col(ways[1])))
    ).to_series(), is_double
