"""Headers in the midst of a file of prices: files were put together, and kept them.

A header that says what the first one says is one line that is no row. One that says something else makes
columns of what follows that nobody knows: none of it is taken.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from prometheus.domain.market.columns import is_known, squeezed
from prometheus.domain.market.parsing import FAULT

REPEATED = "Files were put together here, each with its header. Nothing is lost with this line."
OTHER = "From this header on the columns are others than the first line names: split the file here."


class Headings:
    """Finds the headers in the pieces of one file, one piece after the other.

    Parameters
    ----------
    headers : mapping of str to str
        The columns that are taken: canonical name to the file's header.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self._is_other = False

    def marked(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows with a ``fault`` in those that are headers, or stand below another header."""
        names = [name for name in self._headers if name in rows.columns and rows.schema[name] == pl.String]
        if "trade_date" not in names or rows.is_empty():
            return rows
        texts = rows["trade_date"].unique().drop_nulls()
        known = [text for text in texts.filter(texts.str.contains("[A-Za-z]{3}")).to_list() if is_known(text)]
        if not known and not self._is_other:
            return rows
        is_heading = rows["trade_date"].is_in(known).fill_null(False)
        is_same = is_heading.clone()
        for place in is_heading.arg_true().to_list():
            row = rows.row(place, named=True)
            is_same[place] = all(squeezed(row[n] or "") == squeezed(self._headers[n]) for n in names)
        others = (is_heading & ~is_same).arg_true()
        first_other = 0 if self._is_other else (others[0] if len(others) else rows.height)
        self._is_other = self._is_other or len(others) > 0
        is_below = pl.int_range(rows.height, eager=True) >= first_other
        rule = pl.when(pl.lit(is_below)).then(pl.lit("another_header"))
        rule_or_none = rule.when(pl.lit(is_same)).then(pl.lit("repeated_header"))
        remedy = pl.when(pl.lit(is_below)).then(pl.lit(OTHER)).otherwise(pl.lit(REPEATED))
        found = pl.col("trade_date")
        said = pl.struct(field=pl.lit("trade_date"), found=found, rule=rule_or_none, remedy=remedy)
        fault = said.cast(FAULT)
        before = pl.col("fault") if "fault" in rows.columns else pl.lit(None, dtype=FAULT)
        is_marked = pl.lit(is_below | is_same) & before.is_null()
        return rows.with_columns(pl.when(is_marked).then(fault).otherwise(before).alias("fault"))
