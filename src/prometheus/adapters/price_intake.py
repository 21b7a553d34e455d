"""The first half of the price door: what of a delivery can be stored, checked, named and counted.

Nothing here reads or writes prices that are stored; a delivery that is refused here has touched none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from prometheus.adapters.price_naming import SymbolResolver
from prometheus.adapters.price_rejects import PriceRejects
from prometheus.adapters.price_spool import PriceSpool, Waiting
from prometheus.domain.market.adjusted import with_normal_actions
from prometheus.domain.market.content import InstrumentDigests, content_digest, instrument_digests
from prometheus.domain.market.delivery import PriceDelivery, settled_rows, sound_rows
from prometheus.flow.progress import Progress
from prometheus.kernel.sessions import Sessions
from prometheus.kernel.violations import VIOLATIONS, WHOLE_FILE

WORDS_FOR_ACTIONS = frozenset({"split", "dividend", "adjusted_close"})
IS_SILENT = "is_silent"
"""Whether where a row stands there is no word for splits, dividends or adjusted closes."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What has been taken of a delivery, ready to be written.

    Attributes
    ----------
    parts : tuple
        Rows that wait, with ``is_silent``, and the digests of their instruments.
    n_rows, n_repeated, n_kept : int
        All rows that came, identical repetitions, and what is left.
    first, last : datetime.date
        Of the rows that are left.
    tells_splits : bool
        Whether every file had one for splits.
    """

    parts: tuple[tuple[Waiting, Mapping[str, InstrumentDigests]], ...]
    n_rows: int
    n_repeated: int
    n_kept: int
    first: date
    last: date
    tells_splits: bool = False

    @property
    def instrument_ids(self) -> list[str]:
        """The instruments that it is about."""
        return [instrument for _, digests in self.parts for instrument in digests]

    @property
    def content(self) -> bytes:
        """Digest of what all of it says."""
        return content_digest((name, said) for _, digests in self.parts for name, said in digests.items())


def take(
    delivery: PriceDelivery,
    *,
    spool: PriceSpool,
    names: SymbolResolver,
    rejects: PriceRejects,
    sessions: Sessions,
    known_at: datetime,
    progress: Progress,
) -> Taken:
    """Read a delivery to its end, and return what of it can be stored.

    Parameters
    ----------
    delivery : PriceDelivery
    spool : PriceSpool
        Where rows wait.
    names : SymbolResolver
    rejects : PriceRejects
        Takes the rows that break a rule.
    sessions : Sessions
        Of the market.
    known_at : datetime.datetime
        When the delivery became known.
    progress : Progress
        Told of rows.
    """
    n_rows = n_repeated = n_kept = 0
    first, last, tells_splits = date.max, date.min, True
    progress.start("rows read", 0)  # how many will come is not known
    for chunk in delivery.chunks():
        n_rows += chunk.height
        tells_splits = tells_splits and "split" in chunk.columns
        sound = sound_rows(chunk, sessions=sessions, known_at=known_at)
        rejects.add(chunk, sound.violations)
        is_silent = not WORDS_FOR_ACTIONS.intersection(chunk.columns)
        spool.add(sound.prices.with_columns(pl.lit(is_silent).alias(IS_SILENT)))
        progress.advance(chunk.height)
    progress.finish()
    unread = delivery.violations
    n_rows += unread.filter(pl.col("field") != WHOLE_FILE).select("file", "row").n_unique()
    rejects.add(_no_rows(), unread)
    names.follow(delivery.naming)
    rejects.follow(names.naming)
    parts = []
    for rows in spool.parts():
        found = names.identified(rows)
        rejects.add(rows, found.violations)
        settled = settled_rows(found.prices)
        rejects.add(found.prices, settled.violations)
        n_repeated += settled.n_repeated
        if settled.prices.is_empty():
            continue
        prices = with_normal_actions(settled.prices)
        begins, ends = prices["trade_date"].min(), prices["trade_date"].max()
        assert isinstance(begins, date)
        assert isinstance(ends, date)
        first, last, n_kept = min(first, begins), max(last, ends), n_kept + prices.height
        parts.append((spool.put(prices), instrument_digests(prices)))
    return Taken(tuple(parts), n_rows, n_repeated, n_kept, first, last, tells_splits)


def _no_rows() -> pl.DataFrame:
    return VIOLATIONS.select("file", "row", "symbol", "trade_date")
