"""The hard rules of daily prices, each a small function: a row that breaks one is set aside.

A rule returns a boolean expression over the columns of a delivery that is true where the row breaks it;
null counts as kept. Adding a rule is writing a function and a line in `RULES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

from prometheus.domain.market.columns import NUMBERS, PRICES, VALUES
from prometheus.domain.market.corporate_actions import symbols_adjusted_for_splits
from prometheus.kernel.sessions import Sessions
from prometheus.kernel.violations import VIOLATIONS, found_violations

ROUNDING = 1e-9
"""Share of a price below which a breach of the order of prices is the arithmetic's, not the market's."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One hard rule.

    Attributes
    ----------
    name : str
        As it stands in reports.
    fields : tuple of str
        The columns it looks at, one after the other.
    is_broken : callable
        The field's name to an expression.
    remedy : str
        What to do about it.
    """

    name: str
    fields: tuple[str, ...]
    is_broken: Callable[[str], pl.Expr]
    remedy: str


def is_missing(field: str) -> pl.Expr:
    """Return where a value that every row needs is absent."""
    return pl.col(field).is_null()


def is_blank(field: str) -> pl.Expr:
    """Return where a text that every row needs is absent."""
    return pl.col(field).is_null() | (pl.col(field) == "")


def is_not_finite(field: str) -> pl.Expr:
    """Return where a number is NaN or infinite."""
    return ~pl.col(field).is_finite()


def is_not_positive(field: str) -> pl.Expr:
    """Return where a price is zero or below. NaN is another rule's."""
    return pl.col(field) <= 0.0


def is_negative(field: str) -> pl.Expr:
    """Return where an amount is below zero."""
    return pl.col(field) < 0.0


def is_not_highest(field: str) -> pl.Expr:
    """Return where the high lies below another price of the bar."""
    return pl.col(field) < pl.max_horizontal("open", "low", "close")


def is_not_lowest(field: str) -> pl.Expr:
    """Return where the low lies above another price of the bar."""
    return pl.col(field) > pl.min_horizontal("open", "high", "close")


RULES = (
    Rule("missing_symbol", ("symbol",), is_blank, "Name the instrument in a column, or in the file's name."),
    Rule("missing_date", ("trade_date",), is_missing, "Give every row its session."),
    Rule("missing_close", ("close",), is_missing, "Leave out rows without a close; it is never filled in."),
    Rule("not_finite", NUMBERS, is_not_finite, "Write nothing where there is no value."),
    Rule("not_positive", (*PRICES, "adjusted_close"), is_not_positive, "Prices are above 0."),
    Rule("negative_volume", ("volume",), is_negative, "Volume is 0 or above."),
    Rule(
        "negative_action", ("split", "dividend"), is_negative, "Splits and dividends are 0 (none) or above."
    ),
    Rule("high_not_highest", ("high",), is_not_highest, "Ask the vendor for the true bar."),
    Rule("low_not_lowest", ("low",), is_not_lowest, "Ask the vendor for the true bar."),
)


def without_rounding(prices: pl.DataFrame) -> pl.DataFrame:
    """Return prices whose highs and lows no longer miss open or close by the last bits of a number.

    Notes
    -----
    Vendors that adjust a bar by a ratio write a high of 109.42667599999999 beside a close of 109.426676. A
    high below open or close by less than `ROUNDING` of it is lifted to that price, a low above likewise
    lowered; a larger breach stays, for `RULES`.
    """
    top, bottom = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    is_short, is_long = _is_rounded(top, pl.col("high")), _is_rounded(pl.col("low"), bottom)
    if not prices.select((is_short | is_long).any()).item():
        return prices
    return prices.with_columns(
        pl.when(is_short).then(top).otherwise("high").alias("high"),
        pl.when(is_long).then(bottom).otherwise("low").alias("low"),
    )


def _is_rounded(above: pl.Expr, below: pl.Expr) -> pl.Expr:
    breach = above - below
    return (breach > 0.0) & breach.is_finite() & (breach < ROUNDING * above)


def rule_violations(prices: pl.DataFrame) -> pl.DataFrame:
    """Return the violations of all rules that need nothing but the row itself."""
    checks = {f"{i}|{field}": (rule, field) for i, rule in enumerate(RULES) for field in rule.fields}
    any_broken = prices.select(
        rule.is_broken(field).any().alias(key) for key, (rule, field) in checks.items()
    )
    broken = [key for key in checks if any_broken[key].item()]
    return pl.concat(
        [
            VIOLATIONS,
            *(
                found_violations(
                    prices,
                    prices.select(rule.is_broken(field)).to_series(),
                    field=field,
                    rule=rule.name,
                    remedy=rule.remedy,
                )
                for rule, field in (checks[key] for key in broken)
            ),
        ]
    )


def session_violations(prices: pl.DataFrame, sessions: Sessions) -> pl.DataFrame:
    """Return a violation for each row whose date is not a session of the market."""
    days = pl.Series("trade_date", sessions.dates).cast(pl.Date)
    present = prices["trade_date"].unique()
    strangers = present.filter(~present.is_in(days.implode()))
    if strangers.is_empty():
        return VIOLATIONS
    return found_violations(
        prices,
        prices["trade_date"].is_in(strangers.implode()),
        field="trade_date",
        rule="not_a_session",
        remedy=f"{sessions.calendar} had no session that day.",
    )


def future_violations(prices: pl.DataFrame, sessions: Sessions, known_at: datetime) -> pl.DataFrame:
    """Return a violation for each row whose session had not closed when the delivery became known.

    Parameters
    ----------
    prices : polars.DataFrame
    sessions : Sessions
        Of the market, with the moments at which they close.
    known_at : datetime.datetime
        With its zone.

    Notes
    -----
    ``not_yet`` for days after it, in UTC; ``not_closed`` for sessions that were under way or to come on its
    own: a bar that is delivered before the close holds a part of the day.
    """
    moment = np.datetime64(known_at.astimezone(UTC).replace(tzinfo=None), "us")
    n_closed = int(np.searchsorted(sessions.closes.astype("datetime64[us]"), moment, side="right"))
    known_on = known_at.astimezone(UTC).date()
    is_later = prices["trade_date"] > known_on
    found = [VIOLATIONS]
    if is_later.any():
        remedy = f"The delivery became known on {known_on}; deliver a session's prices once it is over."
        found.append(found_violations(prices, is_later, field="trade_date", rule="not_yet", remedy=remedy))
    for place in range(n_closed, len(sessions.dates)):
        day = sessions.dates[place].astype(object)
        if day > known_on:
            break
        is_open = prices["trade_date"] == day
        if is_open.any():
            closes, said = sessions.closes[place].astype(object), f"{moment.astype(object):%H:%M}"
            remedy = (
                f"The session closes at {closes:%Y-%m-%d %H:%M} UTC, and the delivery became known at {said} "
                "UTC: deliver the bar after the close, or give the time with --known-at."
            )
            found.append(
                found_violations(prices, is_open, field="trade_date", rule="not_closed", remedy=remedy)
            )
    return pl.concat(found)


def are_in_order(prices: pl.DataFrame) -> bool:
    """Return whether rows are sorted by instrument and date, and each key stands there once, none null."""
    name, day = pl.col("instrument_id"), pl.col("trade_date")
    is_next = (name > name.shift(1)) | ((name == name.shift(1)) & (day > day.shift(1)))
    return bool(prices.select(is_next.slice(1).fill_null(False).all()).item())


def duplicate_violations(prices: pl.DataFrame) -> pl.DataFrame:
    """Return a violation for each row of a key that stands there with different values."""
    key = ["instrument_id", "trade_date"]
    if not prices.select(pl.struct(key).is_duplicated().any()).item():
        return VIOLATIONS
    repeated = prices.filter(pl.struct(key).is_duplicated())
    is_contradicted = repeated.select(pl.struct(VALUES).n_unique().over(key) > 1).to_series()
    return found_violations(
        repeated,
        is_contradicted,
        field="close",
        rule="contradicting_duplicate",
        remedy="Leave one row for each symbol and date in.",
    )


def adjustment_violations(prices: pl.DataFrame) -> pl.DataFrame:
    """Return a violation for each row of a symbol whose closes hold its splits already, splits first."""
    adjusted = symbols_adjusted_for_splits(prices)
    if adjusted.is_empty():
        return VIOLATIONS
    rows = prices.filter(pl.col("symbol").is_in(adjusted.implode()))
    is_split = (pl.col("split") != 0.0) & (pl.col("split") != 1.0)
    rows = rows.sort(is_split.fill_null(False), descending=True, maintain_order=True)
    return found_violations(
        rows,
        pl.repeat(True, rows.height, eager=True),
        field="split",
        rule="closes_already_adjusted",
        remedy="The closes of this symbol are adjusted for its splits: leave its splits out, so that none "
        "counts twice (--preset yahoo does, and `ignore` in a mapping), or deliver closes as traded.",
    )


def without_repetitions(prices: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with identical repetitions collapsed, sorted by instrument and date."""
    sorted_prices = prices.sort("instrument_id", "trade_date", "file", "row")
    is_repeated = sorted_prices.select(
        (pl.col("instrument_id") == pl.col("instrument_id").shift(1))
        & (pl.col("trade_date") == pl.col("trade_date").shift(1))
    ).to_series()
    return sorted_prices.filter(~is_repeated.fill_null(False)) if is_repeated.any() else sorted_prices
