"""Texts of a delivery to dates and numbers, and those that are neither."""

from __future__ import annotations

from datetime import time

import polars as pl

from prometheus.domain.market.columns import NUMBERS
from prometheus.kernel.violations import VIOLATIONS, found_violations

DATE_REMEDY = "Write dates as 2013-02-08, or name their date_format in a mapping file."
NUMBER_REMEDY = (
    "Write numbers as 1234.5, and nothing where there is none; "
    "a mapping file can name a decimal comma and what groups thousands."
)
FAULT = pl.Struct({"field": pl.String, "found": pl.String, "rule": pl.String, "remedy": pl.String})
"""What a reader has to say of a row that it could not read: a violation without its place."""


def parsed_prices(raw: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a delivery with dates and numbers, and the violations of those that could not be read.

    Parameters
    ----------
    raw : polars.DataFrame
        ``file``, ``row``, ``symbol`` and any of ``trade_date`` and the numbers, as text or typed. Where
        there is a column ``fault``, of type `FAULT`, it says what is wrong with the row, null for nothing.

    Returns
    -------
    prices : polars.DataFrame
        All rows and all columns; what could not be read is null.
    violations : polars.DataFrame
        Those of ``fault``; of other rows ``unparsable_date`` and ``unparsable_number``.
    """
    expressions = [
        pl.col("file"),
        pl.col("row"),
        pl.col("symbol").cast(pl.String).str.strip_chars(),
        _date(raw.schema["trade_date"]).alias("trade_date"),
    ]
    for name in NUMBERS:
        if name in raw.columns:
            expressions.append(_number(name, raw.schema[name]))
        else:
            expressions.append(pl.lit(None, dtype=pl.Float64).alias(name))
    prices = raw.select(expressions)
    violations = [VIOLATIONS]
    is_readable = pl.repeat(True, raw.height, eager=True)
    if "fault" in raw.columns:
        is_readable = raw["fault"].is_null()
        violations.append(_faults(raw.filter(~is_readable)))
    for name in ("trade_date", *NUMBERS):
        if name not in raw.columns:
            continue
        given = _text(name) if raw.schema[name] == pl.String else pl.col(name)
        is_unread = is_readable & prices[name].is_null() & raw.select(given.is_not_null()).to_series()
        if is_unread.any():
            is_date = name == "trade_date"
            rule = "unparsable_date" if is_date else "unparsable_number"
            violations.append(
                found_violations(
                    raw, is_unread, field=name, rule=rule, remedy=DATE_REMEDY if is_date else NUMBER_REMEDY
                )
            )
    return prices, pl.concat(violations)


def _faults(rows: pl.DataFrame) -> pl.DataFrame:
    place = [pl.col(name).cast(dtype) for name, dtype in list(VIOLATIONS.schema.items())[:4]]
    return rows.select(*place, *(pl.col("fault").struct.field(name) for name in VIOLATIONS.columns[4:]))


def _text(name: str) -> pl.Expr:
    stripped = pl.col(name).str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def _date(dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.String:  # a time of midnight may stand behind the date
        text = _text("trade_date").str.replace(r"[T ]00:00(:00(\.0+)?)?(Z|[+-]\d\d:?\d\d)?$", "")
        return text.str.to_date("%Y-%m-%d", strict=False)
    if isinstance(dtype, pl.Datetime):  # likewise; the date is that of its own zone, not of UTC
        moment = pl.col("trade_date")
        return pl.when(moment.dt.time() == time(0)).then(moment.dt.date())
    return pl.col("trade_date").cast(pl.Date, strict=False)


def _number(name: str, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.String:
        return _text(name).cast(pl.Float64, strict=False).alias(name)
    return pl.col(name).cast(pl.Float64, strict=False)
