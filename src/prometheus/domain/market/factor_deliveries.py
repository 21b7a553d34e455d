"""Series of factors and macro numbers as delivered: their ids, their units, and when each value became known.

1. A file gives texts: a series, a date, a value. Empty cells and ``.`` are values that were not given.
2. Dates are read as in `dates`; what can be read two ways is settled by the order of the file's own rows.
3. Percents become decimals where the unit of the series is known; nothing else is converted.
4. A date is the one that the value is about, not the one on which it was published: a value counts as known
   when its delivery was, unless a lag or a calendar of releases says when it was published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import ClassVar

import polars as pl

from prometheus.domain.market.dates import FAMILIES, read_dates
from prometheus.domain.market.series_names import DECIMAL, ID
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.violations import VIOLATIONS

MISSING = frozenset({"", ".", "ND", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "#N/A"})
"""Cells without a value, as FRED, the Treasury, the H.15 release and tables write them."""
OLDER = "older_than_stored"
REMEDIES = {
    "unparsable_date": "Write dates as 2018-02-07.",
    "ambiguous_date": "Day or month first? Write dates as 2018-02-07, or put the rows in order.",
    "not_yet": "It lies after the day on which the delivery became known: is --known-at right?",
    "unparsable_value": "Give a finite number, or leave the cell empty.",
    "wrong_number_of_fields": "A row needs one cell a column, and quotations their end; is the file whole?",
    "factor_missing": "Say which series the value belongs to.",
    "impossible_id": "Name series by letters, digits and _ . : ^ -, at most 64 of them.",
    "derived_factor": "Factors of a market are computed by `prometheus derive`; give yours another name.",
    "contradicting_duplicate": "One date has several values; leave the true one in.",
    "before_release": "The calendar says that it was published after the delivery; correct one of both.",
    OLDER: "What is stored became known later. Deliver the oldest vintage first, or leave this value out; "
    "without --known-at and vintage it counts as a correction of now.",
}
"""The rules that a value may break, and what to do."""


class IngestMacroConfig(EngineConfig):
    """Taking macro series in. Nothing is to be set; raise the version when units or rules change."""

    engine_name: ClassVar[str] = "INGEST"


class IngestFactorsConfig(EngineConfig):
    """Taking a vendor's factors in. Nothing is to be set; raise the version when units or rules change."""

    engine_name: ClassVar[str] = "INGEST"


@dataclass(frozen=True, slots=True)
class Releases:
    """When values became known, where that is not the moment of their delivery.

    Attributes
    ----------
    lag_days : int or None
        Days from the date that a value is about to the end of the day (UTC) of its publication.
    calendar : mapping of (str or None, date) to datetime
        Moments of publication by series and date; None stands for every series.
    """

    lag_days: int | None = None
    calendar: Mapping[tuple[str | None, date], datetime] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """The rule in words, the same for the same rule."""
        if self.calendar:
            entries = sorted((name or "", str(day), str(at)) for (name, day), at in self.calendar.items())
            return f"calendar {entries}"
        return "delivered" if self.lag_days is None else f"lag {self.lag_days}"


@dataclass(frozen=True, slots=True)
class Checked:
    """A delivery after the rules.

    Attributes
    ----------
    rows : polars.DataFrame
        ``factor_id``, ``trade_date``, ``value``, ``unit``, ``known_at`` (UTC) and ``known_basis``, one row a
        key, sorted by it.
    violations : polars.DataFrame
    n_missing, n_repeated, n_rejected : int
        Cells without a value, values that came twice, and values that broke a rule.
    rejected : polars.DataFrame
        The cells of the last, with ``rule``.
    """

    rows: pl.DataFrame
    violations: pl.DataFrame
    n_missing: int
    n_repeated: int
    n_rejected: int
    rejected: pl.DataFrame


def dates_of(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the dates of a file's rows, and where a text is two dates.

    Parameters
    ----------
    texts : polars.Series
        In the order of the file.

    Notes
    -----
    What `read_dates` leaves open is settled by the dates around it: a file is in order, newest or oldest
    first, and a text is the one date that lies between the nearest certain ones. Where the texts of a
    shape that are settled so all read the same way, the others of that shape do too.

    Examples
    --------
    >>> dates_of(pl.Series(["12/13/2022", "12-12-2022", "12-09-2022", "11/30/2022"]))[0].to_list()[2]
    datetime.date(2022, 12, 9)
    """
    read = read_dates(texts)
    if not read.is_ambiguous.any():
        return read.dates, read.is_ambiguous
    certain = read.dates.to_frame("at").with_columns(
        before=pl.col("at").forward_fill(), after=pl.col("at").backward_fill()
    )
    steps = certain["at"].drop_nulls().diff().dt.total_days().drop_nulls().sign()
    if not steps.len() or steps.sum() == 0:
        return read.dates, read.is_ambiguous
    first, last = ("before", "after") if float(steps.sum()) > 0 else ("after", "before")
    bare = texts.cast(pl.String).str.strip_chars()
    dates, ambiguous = read.dates, read.is_ambiguous
    for family, ways in FAMILIES.items():
        is_of = ambiguous & bare.str.contains(family).fill_null(False)
        if len(ways) == 1 or not is_of.any():
            continue
        both = certain.with_columns(bare.str.to_date(way, strict=False).alias(way) for way in ways)
        fits = [
            (pl.col(way) >= pl.col(first)).fill_null(True) & (pl.col(way) <= pl.col(last)).fill_null(True)
            for way in ways
        ]
        held = both.select(one=fits[0] & ~fits[1], other=fits[1] & ~fits[0])
        one, other = held["one"] & is_of, held["other"] & is_of
        if one.any() and not other.any():
            one = is_of
        elif other.any() and not one.any():
            other = is_of
        chosen = both.select(pl.when(one).then(pl.col(ways[0])).when(other).then(pl.col(ways[1]))).to_series()
        dates, ambiguous = dates.fill_null(chosen), ambiguous & ~(one | other)
    return dates, ambiguous


def checked(
    cells: pl.DataFrame, *, moment: datetime, releases: Releases, markets: frozenset[str] = frozenset()
) -> Checked:
    """Return the values of a delivery, and what is wrong with the others.

    Parameters
    ----------
    cells : polars.DataFrame
        ``file``, ``row``, ``factor_id``, ``date_text``, ``trade_date``, ``is_ambiguous``, ``text``, ``unit``,
        ``is_percent`` and ``vintage``; one row a cell.
    moment : datetime
        When the delivery became known, UTC.
    releases : Releases
    markets : frozenset of str
        Ids of markets, whose factors are derived.
    """
    text = pl.col("text").str.strip_chars()
    is_missing = pl.col("text").is_null() | text.is_in(list(MISSING))
    shifted = pl.when(text.str.contains("[eE]")).then(None).otherwise(pl.concat_str(text, pl.lit("e-2")))
    number = text.cast(pl.Float64, strict=False)
    value = (
        pl.when(~pl.col("is_percent"))
        .then(number)
        .otherwise(pl.coalesce(shifted.cast(pl.Float64, strict=False), number / 100))
    )
    namespace = pl.col("factor_id").str.split(":").list.first()
    found = cells.filter(~is_missing).with_columns(value=value)
    rules = {
        "factor_missing": pl.col("factor_id").fill_null("") == "",
        "impossible_id": ~pl.col("factor_id").str.contains(f"^(?:{ID.pattern})$"),
        "derived_factor": pl.col("factor_id").str.contains(":", literal=True)
        & namespace.is_in(sorted(markets)),
        "ambiguous_date": pl.col("is_ambiguous"),
        "unparsable_date": pl.col("trade_date").is_null(),
        "not_yet": pl.col("trade_date") > moment.astimezone(UTC).date(),
        "unparsable_value": ~pl.col("value").is_finite().fill_null(False),
    }
    broken = pl.coalesce(pl.when(is_broken).then(pl.lit(rule)) for rule, is_broken in rules.items())
    found = found.with_columns(rule=broken)
    values = pl.col("value").n_unique().over("factor_id", "trade_date")
    whole = found.filter(pl.col("rule").is_null()).with_columns(
        rule=pl.when(values > 1).then(pl.lit("contradicting_duplicate"))
    )
    kept = whole.filter(pl.col("rule").is_null())
    rows = kept.unique(["factor_id", "trade_date"], keep="first").sort("factor_id", "trade_date")
    known = with_times(rows, moment=moment, releases=releases)
    wrong = pl.concat(
        [
            found.filter(pl.col("rule").is_not_null()),
            whole.filter(pl.col("rule").is_not_null()),
            known.filter(pl.col("known_at") > moment).select(rows.columns).with_columns(
                rule=pl.lit("before_release")
            ),
        ]
    )  # fmt: skip
    return Checked(
        rows=known.filter(pl.col("known_at") <= moment).select(
            "factor_id", "trade_date", "value", "unit", "known_at", "known_basis"
        ),
        violations=_violations(wrong),
        n_missing=cells.height - found.height,
        n_repeated=kept.height - rows.height,
        n_rejected=wrong.height,
        rejected=wrong,
    )


def without_older(found: Checked, cells: pl.DataFrame, older: pl.DataFrame) -> Checked:
    """Return a delivery without values that contradict what became known after them.

    Parameters
    ----------
    found : Checked
    cells : polars.DataFrame
        The cells that it was made from.
    older : polars.DataFrame
        ``factor_id``, ``trade_date`` and ``value`` of these values.
    """
    if older.is_empty():
        return found
    key = ["factor_id", "trade_date"]
    wrong = (
        cells.join(found.rejected, on=["file", "row", "factor_id"], how="anti", maintain_order="left")
        .filter(~pl.col("text").str.strip_chars().is_in(list(MISSING)))
        .join(older.select(*key, "value"), on=key, how="inner", maintain_order="left")
        .unique(key, keep="first", maintain_order=True)
        .with_columns(rule=pl.lit(OLDER))
    )
    return Checked(
        rows=found.rows.join(older, on=key, how="anti", maintain_order="left"),
        violations=pl.concat([found.violations, _violations(wrong)]).sort("file", "row"),
        n_missing=found.n_missing,
        n_repeated=found.n_repeated,
        n_rejected=found.n_rejected + wrong.height,
        rejected=pl.concat([found.rejected, wrong.select(found.rejected.columns)]),
    )


def with_times(rows: pl.DataFrame, *, moment: datetime, releases: Releases) -> pl.DataFrame:
    """Return the rows with ``known_at`` and ``known_basis``.

    The basis is ``delivered``, ``release_lag`` or ``release_calendar``. A lag that ends after the delivery
    became known is longer than the truth: the value was known with its delivery.
    """
    utc = pl.Datetime("us", "UTC")
    delivered = pl.lit(moment.astimezone(UTC)).cast(utc)
    if releases.calendar:
        said = pl.DataFrame(
            [(name, day, at.astimezone(UTC)) for (name, day), at in releases.calendar.items()],
            schema={"factor_id": pl.String, "trade_date": pl.Date, "released": utc},
            orient="row",
        )
        own = said.filter(pl.col("factor_id").is_not_null())
        all_series = said.filter(pl.col("factor_id").is_null()).select(
            "trade_date", pl.col("released").alias("released_all")
        )
        joined = rows.join(own, on=["factor_id", "trade_date"], how="left", maintain_order="left").join(
            all_series, on="trade_date", how="left", maintain_order="left"
        )
        released = pl.coalesce("released", "released_all")
        return joined.with_columns(
            known_at=pl.coalesce(released, delivered),
            known_basis=pl.when(released.is_null())
            .then(pl.lit("delivered"))
            .otherwise(pl.lit("release_calendar")),
        ).drop("released", "released_all")
    if releases.lag_days is None:
        return rows.with_columns(known_at=delivered, known_basis=pl.lit("delivered"))
    end = pl.col("trade_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC") + pl.duration(
        days=releases.lag_days + 1, seconds=-1
    )
    return rows.with_columns(
        known_at=pl.min_horizontal(end, delivered),
        known_basis=pl.when(end <= delivered).then(pl.lit("release_lag")).otherwise(pl.lit("delivered")),
    )


MENDABLE = {
    "file": pl.String,
    "row": pl.Int64,
    "rule": pl.String,
    "field": pl.String,
    "found": pl.String,
    "remedy": pl.String,
    "factor_id": pl.String,
    "date": pl.String,
    "value": pl.String,
    "unit": pl.String,
    "realtime_start": pl.String,
}
"""The columns of `mendable_cells`."""


def mendable_cells(rejected: pl.DataFrame) -> pl.DataFrame:
    """Return rejected cells as a table of one value a row, which can be mended and delivered again.

    Parameters
    ----------
    rejected : polars.DataFrame
        See `Checked`.

    Returns
    -------
    polars.DataFrame
        ``file``, ``row``, ``rule``, ``field``, ``found`` and ``remedy``; then ``factor_id``, ``date``,
        ``value`` as it came, the ``unit`` that this is in, empty where the series says it, and
        ``realtime_start``, the day of its vintage.
    """
    return (
        _said(rejected)
        .rename({"symbol": "factor_id", "text": "value"})
        .drop("trade_date")
        .rename({"date_text": "date"})
        .with_columns(
            unit=pl.when("is_percent")
            .then(pl.lit("percent"))
            .when(pl.col("unit").is_in([DECIMAL, "index"]))
            .then("unit")
            .otherwise(pl.lit("")),
            realtime_start=pl.col("vintage").cast(pl.String),
        )
        .select(*MENDABLE)
        .sort("file", "row")
    )


def _violations(wrong: pl.DataFrame) -> pl.DataFrame:
    """Return one violation for each value; one for each row where its date is at fault."""
    said = _said(wrong).select(VIOLATIONS.columns)
    by_line = said.filter(pl.col("field") == "date").unique(["file", "row"], keep="first")
    return pl.concat([VIOLATIONS, by_line, said.filter(pl.col("field") != "date")]).sort("file", "row")


def _said(wrong: pl.DataFrame) -> pl.DataFrame:
    rule = pl.col("rule")
    is_date = rule.is_in(["ambiguous_date", "unparsable_date", "not_yet", "before_release"])
    is_name = rule.is_in(["factor_missing", "impossible_id", "derived_factor"])
    return wrong.select(
        "date_text",
        "text",
        "unit",
        "is_percent",
        "vintage",
        "file",
        pl.col("row").cast(pl.Int64),
        pl.col("factor_id").alias("symbol"),
        pl.coalesce(pl.col("trade_date").cast(pl.String), pl.col("date_text")).alias("trade_date"),
        pl.when(is_date)
        .then(pl.lit("date"))
        .when(is_name)
        .then(pl.lit("factor_id"))
        .otherwise(pl.lit("value"))
        .alias("field"),
        pl.when(is_date)
        .then(pl.col("date_text"))
        .when(is_name)
        .then(pl.col("factor_id"))
        .otherwise(pl.col("text"))
        .alias("found"),
        rule,
        rule.replace_strict(REMEDIES, return_dtype=pl.String, default="").alias("remedy"),
    )
