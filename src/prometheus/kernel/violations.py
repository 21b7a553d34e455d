"""What is wrong with a delivery, as data that points at the row."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

VIOLATIONS = pl.DataFrame(
    schema={
        "file": pl.String,
        "row": pl.Int64,
        "symbol": pl.String,
        "trade_date": pl.String,
        "field": pl.String,
        "found": pl.String,
        "rule": pl.String,
        "remedy": pl.String,
    }
)
"""No violation, with the columns of every violation. ``row`` counts a file's lines, header included."""
WHOLE_FILE = "(file)"
"""The field of a violation that is no row's: a file that can't be read."""


def found_violations(
    rows: pl.DataFrame, is_broken: pl.Series, *, field: str, rule: str, remedy: str
) -> pl.DataFrame:
    """Return one violation for each broken row.

    Parameters
    ----------
    rows : polars.DataFrame
        With ``file``, ``row``, ``symbol``, ``trade_date`` and the field.
    is_broken : polars.Series
        Booleans, one a row; null counts as whole.
    field : str
        The column to point at.
    rule, remedy : str
        Name of the rule, and what to do.
    """
    return rows.filter(is_broken.fill_null(False)).select(
        pl.col("file").cast(pl.String),
        pl.col("row").cast(pl.Int64),
        pl.col("symbol").cast(pl.String),
        pl.col("trade_date").cast(pl.String),
        pl.lit(field).alias("field"),
        pl.col(field).cast(pl.String).alias("found"),
        pl.lit(rule).alias("rule"),
        pl.lit(remedy).alias("remedy"),
    )


def without(rows: pl.DataFrame, violations: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that no violation points at."""
    if violations.height == 0:
        return rows
    broken = violations.select(
        pl.col("file").cast(rows.schema["file"]), pl.col("row").cast(rows.schema["row"])
    )
    return rows.join(broken, on=["file", "row"], how="anti", maintain_order="left")


def n_by_rule(violations: pl.DataFrame) -> Mapping[str, int]:
    """Return how many rows broke each rule, by its name."""
    distinct = violations.select("file", "row", "rule").unique()
    counts = distinct.group_by("rule").len().sort("rule")
    return dict(zip(counts["rule"].to_list(), counts["len"].to_list(), strict=True))
