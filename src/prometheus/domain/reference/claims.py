"""When a symbol was whose: the claims of several instruments on one symbol, cut so that days have one owner.

An instrument claims a symbol from `first` to `last`, either of which may be unknown. Where one instrument
alone ever had the symbol, what is unknown is open; but one under which it was seen after it had been seen
under another is its own from the first day on which it was seen under it. Who had that before then, and
when between the two it changed, is not known. Where several had a symbol, in the order in which they began:

1. Of two that follow each other, the later begins on the day after the earlier one's known last day.
2. If that is unknown, the earlier one keeps the symbol until the day before the later is known to have it,
   as every fact holds until a later one ends it. Known is its first day under the symbol, else its listing,
   else the first day on which a source saw it there. If it had another symbol before, the earlier one keeps
   the symbol only as long as it is known to have had that other one.
3. Days that two claim after that are ambiguous, and days that none claims are nobody's. Neither is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

DAY = timedelta(days=1)
SPANS = {
    "symbol": pl.String,
    "instrument_id": pl.String,
    "currency": pl.String,
    "first": pl.Date,
    "last": pl.Date,
    "listed": pl.Date,
    "delisted": pl.Date,
    "seen": pl.Date,
    "former": pl.Date,
}
"""Columns of the claims as they are on record."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One instrument's claim on a symbol, both days included; None where unknown.

    ``listed`` is its first session, ``delisted`` the first session without trading, ``seen`` the first day
    on which a source saw it under the symbol, ``former`` the last day before that on which it is known to
    have had another one.
    """

    instrument_id: str
    first: date | None = None
    last: date | None = None
    listed: date | None = None
    delisted: date | None = None
    seen: date | None = None
    former: date | None = None

    @property
    def is_later(self) -> bool:
        """Whether nothing says since when it has the symbol but that it had another one before."""
        return self.first is None and self.seen is not None and self.former is not None

    @property
    def start(self) -> date | None:
        """The first day on which it is known to have the symbol."""
        return self.first or self.listed or self.seen

    @property
    def end(self) -> date | None:
        """The last day on which it can have the symbol, where that is known."""
        return self.last or (self.delisted - DAY if self.delisted else None)


def settled_claims(claims: list[Claim]) -> list[Claim]:
    """Return the claims of several instruments on one symbol with their days cut against each other.

    Parameters
    ----------
    claims : list of Claim

    Returns
    -------
    list of Claim
        In the order in which they began.

    Examples
    --------
    >>> old = Claim("FB@1999", date(1999, 9, 29), date(2003, 3, 28))
    >>> new = Claim("FB", seen=date(2016, 12, 1))
    >>> [(c.instrument_id, str(c.first), str(c.last)) for c in settled_claims([new, old])]
    [('FB@1999', '1999-09-29', '2003-03-28'), ('FB', '2003-03-29', 'None')]
    """
    ordered = sorted(claims, key=lambda c: (c.start or c.end or date.max, c.end or date.max, c.instrument_id))
    for place in range(len(ordered) - 1):
        earlier, later = ordered[place], ordered[place + 1]
        if later.first is None and earlier.end is not None and (later.start or date.max) > earlier.end:
            later = replace(later, first=earlier.end + DAY)
        elif later.first is None:
            later = replace(later, first=later.start)
        if earlier.last is None and later.first is not None and later.first > (earlier.start or date.min):
            last = later.first - DAY
            if later.former is not None and later.first == later.seen:
                last = min(last, max(later.former, earlier.start or date.min))
            earlier = replace(earlier, last=last)
        ordered[place : place + 2] = earlier, later
    return ordered


def settled_spans(spans: pl.DataFrame) -> pl.DataFrame:
    """Return claims as they are on record, with those of contested and of later symbols settled.

    Parameters
    ----------
    spans : polars.DataFrame
        With the columns of `SPANS`.

    Returns
    -------
    polars.DataFrame
        The same columns, and ``is_contested``: whether several instruments had the symbol.
    """
    is_later = pl.col("first").is_null() & pl.col("former").is_not_null()
    counted = spans.with_columns(
        pl.when(is_later).then("seen").otherwise("first").alias("first"),
        (pl.col("instrument_id").n_unique().over("symbol") > 1).alias("is_contested"),
    )
    contested = counted.filter("is_contested")
    if contested.is_empty():
        return counted
    settled = []
    for (symbol,), rows in contested.group_by("symbol"):
        currencies = dict(zip(rows["instrument_id"].to_list(), rows["currency"].to_list(), strict=True))
        claims = [
            Claim(
                r["instrument_id"], r["first"], r["last"], r["listed"], r["delisted"], r["seen"], r["former"]
            )
            for r in rows.iter_rows(named=True)
        ]
        settled += [
            (
                symbol,
                c.instrument_id,
                currencies[c.instrument_id],
                c.first,
                c.last,
                c.listed,
                c.delisted,
                c.seen,
                c.former,
            )
            for c in settled_claims(claims)
        ]
    frame = pl.DataFrame(settled, schema=SPANS, orient="row").with_columns(pl.lit(True).alias("is_contested"))
    return pl.concat([counted.filter(~pl.col("is_contested")), frame.select(counted.columns)])
