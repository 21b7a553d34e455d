"""A delivery of daily prices: what came, what of it can be stored, and the digest of its content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import numpy as np
import polars as pl

from prometheus.domain.market.columns import VALUES
from prometheus.domain.market.parsing import parsed_prices
from prometheus.domain.market.rules import (
    adjustment_violations,
    delisting_violations,
    duplicate_violations,
    future_violations,
    rule_violations,
    session_violations,
    unknown_violations,
    without_repetitions,
)
from prometheus.kernel.ids import digest
from prometheus.kernel.sessions import Sessions
from prometheus.kernel.violations import VIOLATIONS, n_by_rule, without


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
    def violations(self) -> pl.DataFrame:
        """Files and rows that could not be read at all; complete once all chunks have been taken."""
        ...

    def chunks(self) -> Iterator[pl.DataFrame]:
        """Yield the rows: ``file``, ``row``, ``symbol``, ``trade_date`` and any of the numbers."""
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
    """

    source: str
    rows: pl.DataFrame
    files: tuple[FileReference, ...]
    violations: pl.DataFrame = field(default_factory=VIOLATIONS.clone)

    def chunks(self) -> Iterator[pl.DataFrame]:
        """Yield the rows, all at once."""
        yield self.rows


@dataclass(frozen=True, slots=True)
class CheckedPrices:
    """A delivery after the hard rules.

    Attributes
    ----------
    prices : polars.DataFrame
        Rows that keep every rule, one a symbol and date, sorted by both.
    violations : polars.DataFrame
        One row for each rule that a row broke.
    n_repeated : int
        Identical repetitions that were left out.
    n_rejected : int
        Rows that were set aside.
    """

    prices: pl.DataFrame
    violations: pl.DataFrame
    n_repeated: int
    n_rejected: int

    @property
    def n_by_rule(self) -> Mapping[str, int]:
        """How many rows broke each rule."""
        return n_by_rule(self.violations)


def checked_prices(
    rows: pl.DataFrame,
    *,
    sessions: Sessions,
    symbols: pl.Series | None,
    known_on: date | None = None,
    delistings: pl.DataFrame | None = None,
) -> CheckedPrices:
    """Return the rows that can be stored, and why the others can't.

    Parameters
    ----------
    rows : polars.DataFrame
        The rows of a `Delivery`.
    sessions : Sessions
        Of the market.
    symbols : polars.Series, optional
        The symbols that are known. None: all are taken.
    known_on : datetime.date, optional
        Day in UTC on which the delivery became known; no row may be of a later one.
    delistings : polars.DataFrame, optional
        ``symbol`` and ``delisted``, its first session without trading, where known.

    Notes
    -----
    1. Texts become dates and numbers. 2. Each row by itself. 3. Its date and its symbol. 4. Rows of one
    key against each other. 5. The closes of each symbol against its splits. A row that failed is not judged
    again by a later stage.
    """
    prices, unread = parsed_prices(rows)
    prices = without(prices, unread)
    broken = rule_violations(prices)
    prices = without(prices, broken)
    strange = [session_violations(prices, sessions)]
    if symbols is not None:
        strange.append(unknown_violations(prices, symbols))
    if known_on is not None:
        strange.append(future_violations(prices, known_on))
    if delistings is not None:
        strange.append(delisting_violations(prices, delistings))
    prices = without(prices, pl.concat(strange))
    doubled = duplicate_violations(prices)
    prices = without(prices, doubled)
    adjusted = adjustment_violations(prices)
    prices = without(prices, adjusted)
    n_kept = prices.height
    prices = without_repetitions(prices)
    return CheckedPrices(
        prices=prices.drop("file", "row"),
        violations=pl.concat([unread, broken, *strange, doubled, adjusted]),
        n_repeated=n_kept - prices.height,
        n_rejected=rows.height - n_kept,
    )


def content_digest(prices: pl.DataFrame) -> bytes:
    """Return the digest of what prices say, whatever file, order or header they came with.

    Parameters
    ----------
    prices : polars.DataFrame
        ``instrument_id``, ``trade_date`` and the values, sorted by the first two.
    """
    ids = prices["instrument_id"].rle().struct.unnest() if prices.height else None
    runs = [] if ids is None else zip(ids["value"].to_list(), ids["len"].to_list(), strict=True)
    parts: list[bytes | str] = [f"{name}\x1f{length}" for name, length in runs]
    parts.append(prices["trade_date"].to_physical().to_numpy().astype("<i4").tobytes())
    for name in VALUES:
        numbers = prices[name].fill_null(float("nan")).to_numpy() + 0.0
        numbers[np.isnan(numbers)] = np.nan
        parts.append(numbers.astype("<f8", copy=False).tobytes())
    return digest(*parts)
