"""Symbols resolved at the bar's date: which instrument a vendor's row is about, and why it is about none."""

from __future__ import annotations

from typing import Literal

import polars as pl

from prometheus.domain.reference.claims import settled_spans
from prometheus.kernel.violations import VIOLATIONS, found_violations, without

Naming = Literal["then", "last"]
"""A vendor names an instrument by the symbol it had on the day of the bar, or by the one it had last."""

NEW_ID = "another instrument with the symbol needs an instrument_id of its own."


def resolved(
    prices: pl.DataFrame, spans: pl.DataFrame, *, naming: Naming = "then"
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return rows with the instruments that they are about, and the rows that are about none.

    Parameters
    ----------
    prices : polars.DataFrame
        ``file``, ``row``, ``symbol``, ``trade_date`` (date) and whatever else, ``currency`` included.
    spans : polars.DataFrame
        Which instrument had which symbol when: ``store.reference.symbol_spans``.
    naming : {"then", "last"}
        "then": a symbol is the instrument's that had it on the bar's date. "last": it is the instrument's
        that had it on the symbol's last date in these rows, for vendors that write an instrument's whole
        history under the symbol it had last.

    Returns
    -------
    prices : polars.DataFrame
        The rows that keep every rule, in their order, with ``instrument_id`` and ``currency``.
    violations : polars.DataFrame
        One row for each that breaks one: ``unknown_instrument``, ``symbol_not_valid_on_date``,
        ``ambiguous_symbol``, ``before_listing``, ``after_delisting``, ``currency_contradicted``,
        ``two_symbols_of_one``.
    """
    known = settled_spans(spans)
    if naming == "last":
        known = _owners_at_the_end(prices, known)
    unknown = _unknown(prices, known)
    prices = without(prices, unknown)
    found, strange = _matched(prices, known)
    broken = [unknown, *strange]
    for rule in (_outside_listing, _other_currency, _two_symbols):
        violations = rule(found)
        found = without(found, violations)
        broken.append(violations)
    kept = found.with_columns(pl.coalesce("currency", "own_currency").alias("currency"))
    return kept.drop("own_currency", "listed", "delisted"), pl.concat(broken)


def _matched(prices: pl.DataFrame, known: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Return each row with the one instrument that had its symbol on its date."""
    if "currency" not in prices.columns:
        prices = prices.with_columns(pl.lit(None, dtype=pl.String).alias("currency"))
    claims = known.select(
        "symbol",
        "instrument_id",
        pl.col("currency").alias("own_currency"),
        "listed",
        "delisted",
        "first",
        "last",
        "former",
    )
    day = pl.col("trade_date")
    is_valid = (pl.col("first").is_null() | (day >= pl.col("first"))) & (
        pl.col("last").is_null() | (day <= pl.col("last"))
    )
    # Nearly every symbol has one claim: only rows of the others need to be told apart one by one.
    is_single = pl.col("symbol").is_unique()
    numbered = prices.with_row_index("place")
    found = numbered.join(claims.filter(is_single), on="symbol", maintain_order="left").filter(is_valid)
    shared = claims.filter(~is_single)
    among = numbered.join(shared, on="symbol", maintain_order="left").filter(is_valid)
    if found.height == prices.height:
        return found.drop("place", "first", "last", "former"), []
    key = ["place"]
    among = among.unique([*key, "instrument_id"], keep="first", maintain_order=True)
    is_shared = pl.col("place").is_duplicated()
    ambiguous = among.filter(is_shared).unique(key, keep="first", maintain_order=True)
    found = pl.concat([found, among.filter(~is_shared)]).sort("place")
    nobodys = numbered.join(
        pl.concat([found.select(key), ambiguous.select(key)]), on=key, how="anti", maintain_order="left"
    )
    violations = [
        found_violations(
            nobodys,
            pl.repeat(True, nobodys.height, eager=True),
            field="symbol",
            rule="symbol_not_valid_on_date",
            remedy="No instrument is known to have had this symbol that day. Give its dates to `prometheus "
            "ingest instruments` in a file with the columns symbol, first, last; a vendor of prices that "
            "names instruments by their last symbol goes with --symbols last.",
        ),
        found_violations(
            ambiguous,
            pl.repeat(True, ambiguous.height, eager=True),
            field="symbol",
            rule="ambiguous_symbol",
            remedy="Several instruments claim this symbol that day. Give the dates on which each had it with "
            "`prometheus ingest instruments`.",
        ),
    ]
    clashes = found.join(
        _named_otherwise(nobodys, found, claims), on=["instrument_id", "trade_date"], how="semi"
    )
    violations.append(
        found_violations(
            clashes,
            pl.repeat(True, clashes.height, eager=True),
            field="symbol",
            rule="two_symbols_of_one",
            remedy="The instrument that had this symbol that day stands here that day under its later one: "
            "the vendor seems to name instruments by their last symbol; say so.",
        )
    )
    found = found.join(clashes.select(key), on=key, how="anti", maintain_order="left")
    return found.drop("place", "first", "last", "former"), violations


def _named_otherwise(nobodys: pl.DataFrame, found: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """Return on which dates instruments stand in the rows under a symbol that they had on other days.

    A symbol that an instrument got at an unknown day was another's before, unless the rows go on until it is
    this one's.
    """
    key = ["symbol", "instrument_id"]
    rivals = pl.concat(
        [
            claims.filter(pl.col("former").is_null()).select(key),
            claims.select(key).join(found, on=key, how="semi"),
        ]
    )
    later = nobodys.join(rivals.unique(), on="symbol")
    return later.select("instrument_id", "trade_date").unique()


def _owners_at_the_end(prices: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return each symbol as wholly that instrument's that had it on its last date in the rows."""
    ends = prices.group_by("symbol").agg(pl.col("trade_date").max().alias("end"))
    day = pl.col("end")
    owners = known.join(ends, on="symbol").filter(
        (pl.col("first").is_null() | (day >= pl.col("first")))
        & (pl.col("last").is_null() | (day <= pl.col("last")))
    )
    is_one = pl.col("instrument_id").n_unique().over("symbol") == 1
    owners = owners.filter(is_one).unique("symbol", keep="first").drop("end")
    others = known.join(owners, on="symbol", how="anti")
    opened = owners.with_columns(
        pl.lit(None, dtype=pl.Date).alias("first"), pl.lit(None, dtype=pl.Date).alias("last")
    )
    return pl.concat([opened.select(known.columns), others])


def left_to_others(prices: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Return the symbols whose rows are of a firm that nobody has told of, before they went to another.

    All rows of such a symbol lie in the time in which the one that is known to have it later had another one.
    Where they go on after that, they may be one firm's under its last symbol: that is not guessed.

    Parameters
    ----------
    prices : polars.DataFrame
        ``symbol``, ``trade_date`` (date).
    spans : polars.DataFrame
        As in `resolved`.

    Returns
    -------
    polars.DataFrame
        ``symbol``, ``first``, ``last``: the days of its rows.
    """
    claimed = (
        settled_spans(spans)
        .group_by("symbol")
        .agg(
            (pl.col("first").is_null() | pl.col("former").is_null()).any().alias("is_open"),
            pl.col("former").min(),
        )
    )
    days = prices.group_by("symbol").agg(
        pl.col("trade_date").min().alias("first"), pl.col("trade_date").max().alias("last")
    )
    others = days.join(claimed.filter(~pl.col("is_open")), on="symbol")
    return others.filter(pl.col("last") <= pl.col("former")).select("symbol", "first", "last").sort("symbol")


def _unknown(prices: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    present = prices["symbol"].unique()
    strangers = present.filter(~present.is_in(known["symbol"].unique().implode()))
    if strangers.is_empty():
        return VIOLATIONS
    return found_violations(
        prices,
        prices["symbol"].is_in(strangers.implode()),
        field="symbol",
        rule="unknown_instrument",
        remedy="Register it with `prometheus ingest instruments`, or add --create.",
    )


def _outside_listing(found: pl.DataFrame) -> pl.DataFrame:
    is_before = found["trade_date"] < found["listed"]
    is_after = found["trade_date"] >= found["delisted"]
    if not (is_before.any() or is_after.any()):
        return VIOLATIONS
    return pl.concat(
        [
            found_violations(
                found,
                is_before,
                field="trade_date",
                rule="before_listing",
                remedy="Leave the row out, or mend the instrument's listed date, its first session; "
                + NEW_ID,
            ),
            found_violations(
                found,
                is_after,
                field="trade_date",
                rule="after_delisting",
                remedy="Leave the row out, or mend the instrument's delisted date, its first session without "
                f"trading; {NEW_ID}",
            ),
        ]
    )


def _other_currency(found: pl.DataFrame) -> pl.DataFrame:
    is_other = found["currency"] != found["own_currency"]
    if not is_other.any():
        return VIOLATIONS
    return found_violations(
        found,
        is_other,
        field="currency",
        rule="currency_contradicted",
        remedy="The instrument is quoted in another currency; mend the row, or register the instrument anew.",
    )


def _two_symbols(found: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of instruments that are named by two symbols on one date."""
    named = found.select("instrument_id", "symbol").unique()
    renamed = named.filter(pl.col("instrument_id").is_duplicated())["instrument_id"].unique()
    if renamed.is_empty():
        return VIOLATIONS
    rows = found.filter(pl.col("instrument_id").is_in(renamed.implode()))
    return found_violations(
        rows,
        rows.select(pl.col("symbol").n_unique().over("instrument_id", "trade_date") > 1).to_series(),
        field="symbol",
        rule="two_symbols_of_one",
        remedy="Two rows of one date are of one instrument under two symbols; leave one in, or say how the "
        "vendor names instruments that were renamed.",
    )
