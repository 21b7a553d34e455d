"""Closes on another split basis than those stored around them: as traded among adjusted.

A vendor that adjusts for splits and one that doesn't say the same of a day, a ratio apart. Where a
delivery of the one comes to lie inside a history of the other, each of its ends would look like a split.
The stored close of the very day tells this from a market that moved.
"""

from __future__ import annotations

import polars as pl

from prometheus.domain.market.corporate_actions import RATIOS, SMALLEST_SPLIT

VENDORS_APART = 0.01
"""Closes of two vendors on one day differ by less: by cents, or a ratio of 1998 for 1000."""


def instruments_on_another_basis(ends: pl.DataFrame) -> pl.Series:
    """Return the instruments whose closes would part from those stored next to them by the ratio of a split.

    Parameters
    ----------
    ends : polars.DataFrame
        One row for each end of an instrument's rows that meets a stored bar: ``instrument_id``,
        ``delivered`` and ``stored``, both closes of that day, ``delivered_step`` and ``stored_step``, the
        growth between either and the stored bar next to it, splits taken out.

    Notes
    -----
    An end parts if the two closes are a split ratio apart, and the delivered one lies farther from its
    neighbour than the stored one, by more than half that ratio. An end that is nearer by as much mends
    what was stored, and then the other end proves nothing.
    """
    ratio = ends["delivered"] / ends["stored"]
    near = {value: _is_split(value) for value in ratio.unique().drop_nulls().to_list()}
    size = ratio.log().abs()
    worse = ends["delivered_step"].log().abs() - ends["stored_step"].log().abs()
    is_split = ratio.replace_strict(near, default=False, return_dtype=pl.Boolean)
    judged = ends.select("instrument_id").with_columns(
        (is_split & (worse > 0.5 * size)).alias("parts"), (is_split & (worse < -0.5 * size)).alias("mends")
    )
    found = judged.group_by("instrument_id").agg(pl.col("parts").any(), pl.col("mends").any())
    return found.filter(pl.col("parts") & ~pl.col("mends"))["instrument_id"].sort()


def _is_split(ratio: float) -> bool:
    if abs(ratio - 1.0) < SMALLEST_SPLIT and abs(1.0 / ratio - 1.0) < SMALLEST_SPLIT:
        return False
    return any(abs(ratio / split - 1.0) <= VENDORS_APART for split in RATIOS)
