"""A delivery of daily prices: what came, and what of it can be stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

import polars as pl

from prometheus.domain.market.parsing import parsed_prices
from prometheus.domain.market.rules import (
    adjustment_violations,
    are_in_order,
    duplicate_violations,
    future_violations,
    rule_violations,
    session_violations,
    without_repetitions,
    without_rounding,
)
from prometheus.kernel.sessions import Sessions
from prometheus.kernel.violations import VIOLATIONS, without


@dataclass(frozen=True, slots=True)
class FileReference:
    """One file of a delivery: its name without folders, its digest and its rows."""

    name: str
    sha256: str
    n_rows: int


class PriceDelivery(Protocol):
    """Daily prices as they come, piece by piece, so that none needs to fit into memory."""

    @property
    def source(self) -> str:
        """Who they come from."""
        ...

    @property
    def files(self) -> Sequence[FileReference]:
        """What has been read; complete once all chunks have been taken."""
        ...

    @property
    def choice(self) -> Sequence[str]:
        """What was taken as what, in words; complete once all chunks have been taken."""
        ...

    @property
    def naming(self) -> Literal["then", "last"] | None:
        """Whether symbols are of the bar's date or the last ones, where it says so; known as `choice` is."""
        ...

    @property
    def violations(self) -> pl.DataFrame:
        """Files and rows that could not be read at all; complete once all chunks have been taken."""
        ...

    def chunks(self) -> Iterator[pl.DataFrame]:
        """Yield the rows: ``file``, ``row``, ``symbol``, ``trade_date`` and any of the numbers.

        Where some of them could not be read they have a column ``fault`` too, see `parsed_prices`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """Daily prices that are in memory.

    Attributes
    ----------
    source : str
        Who they come from.
    rows : polars.DataFrame
        ``file``, ``row``, ``symbol``, ``trade_date`` and any of the numbers; texts are not parsed yet.
    files : tuple of FileReference
    violations : polars.DataFrame
        Files and rows that could not be read at all.
    choice : tuple of str
        What was taken as what.
    naming : {"then", "last"}, optional
        Whether symbols are of the bar's date or the last ones, where that is known.
    """

    source: str
    rows: pl.DataFrame
    files: tuple[FileReference, ...]
    violations: pl.DataFrame = field(default_factory=VIOLATIONS.clone)
    choice: tuple[str, ...] = ()
    naming: Literal["then", "last"] | None = None

    def chunks(self) -> Iterator[pl.DataFrame]:
        """Yield the rows, all at once."""
        yield self.rows


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows after some of the hard rules.

    Attributes
    ----------
    prices : polars.DataFrame
        Those that keep every rule.
    violations : polars.DataFrame
        One row for each rule that a row broke.
    n_repeated : int
        Identical repetitions that were left out.
    """

    prices: pl.DataFrame
    violations: pl.DataFrame
    n_repeated: int = 0


def sound_rows(rows: pl.DataFrame, *, sessions: Sessions, known_at: datetime | None = None) -> Kept:
    """Return the rows that are sound by themselves, as dates and numbers.

    Parameters
    ----------
    rows : polars.DataFrame
        A chunk of a delivery.
    sessions : Sessions
        Of the market.
    known_at : datetime.datetime, optional
        When the delivery became known; the session of every row must have closed by then.

    Notes
    -----
    1. Texts become dates and numbers; highs and lows that fail by rounding alone are moved. 2. Each row by
    itself. 3. Its date. A row that failed is not judged again by a later stage.
    """
    prices, unread = parsed_prices(rows)
    currency = rows["currency"] if "currency" in rows.columns else pl.lit(None)
    prices = prices.with_columns(  # chunks may differ in columns and types; from here on they don't
        pl.col("file").cast(pl.String), pl.col("row").cast(pl.Int64), currency=currency
    ).with_columns(pl.col("currency").cast(pl.String))
    prices = without_rounding(without(prices, unread))
    broken = rule_violations(prices)
    prices = without(prices, broken)
    strange = [session_violations(prices, sessions)]
    if known_at is not None:
        strange.append(future_violations(prices, sessions, known_at))
    return Kept(without(prices, pl.concat(strange)), pl.concat([unread, broken, *strange]))


def settled_rows(prices: pl.DataFrame) -> Kept:
    """Return the rows that don't contradict each other, one an instrument and date, sorted by both.

    Parameters
    ----------
    prices : polars.DataFrame
        Sound rows with ``instrument_id``; all that a delivery has of these instruments.

    Notes
    -----
    1. Rows of one key against each other. 2. The closes of each symbol against its splits.
    """
    in_order = prices.sort("instrument_id", "trade_date", "file", "row")
    is_unique = are_in_order(in_order)
    doubled = VIOLATIONS if is_unique else duplicate_violations(prices)
    kept = without(prices, doubled)
    adjusted = adjustment_violations(kept)
    if is_unique and adjusted.is_empty():  # most deliveries
        return Kept(in_order, adjusted)
    kept = without(kept, adjusted)
    settled = without_repetitions(kept)
    return Kept(settled, pl.concat([doubled, adjusted]), n_repeated=kept.height - settled.height)
