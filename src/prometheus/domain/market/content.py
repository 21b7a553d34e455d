"""What prices say, as digests: one an instrument, the same whatever file, order or piece they came in.

The digest of an instrument's bars is that of the very bytes into which PostgreSQL packs them, dates as
int32 and numbers as float64, big endian: the server can say the same of what it has stored, and nothing of
an instrument that is unchanged has to cross the wire.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from prometheus.kernel.arrays import FloatArray
from prometheus.kernel.ids import digest

BAR = ("open", "high", "low", "close", "volume")
ACTIONS = ("split", "dividend")
_POSTGRES_EPOCH = np.datetime64("2000-01-01", "D")
_BARS = np.dtype([("date", ">i4"), *((name, ">f8") for name in BAR)])


@dataclass(frozen=True, slots=True)
class InstrumentDigests:
    """What one instrument's rows say.

    Attributes
    ----------
    n_rows : int
    bars : bytes
        SHA-256 of dates, prices and volumes, in the order of the dates.
    adjusted : bytes
        SHA-256 of the adjusted closes in that order.
    actions : bytes
        Digest of the dates that have a split or a dividend, and of these; empty without any.
    """

    n_rows: int
    bars: bytes
    adjusted: bytes
    actions: bytes


def instrument_digests(prices: pl.DataFrame) -> Mapping[str, InstrumentDigests]:
    """Return the digests of each instrument.

    Parameters
    ----------
    prices : polars.DataFrame
        ``instrument_id``, ``trade_date`` and the values, sorted by the first two.
    """
    packed = np.empty(prices.height, dtype=_BARS)
    packed["date"] = (prices["trade_date"].to_numpy().astype("datetime64[D]") - _POSTGRES_EPOCH).astype("i4")
    for name in BAR:
        packed[name] = _numbers(prices[name])
    bars = packed.view(np.uint8).data
    adjusted = _numbers(prices["adjusted_close"]).astype(">f8").view(np.uint8).data
    actions = action_digests(prices)
    return {
        instrument: InstrumentDigests(
            stop - start,
            hashlib.sha256(bars[start * _BARS.itemsize : stop * _BARS.itemsize]).digest(),
            hashlib.sha256(adjusted[8 * start : 8 * stop]).digest(),
            actions.get(instrument, b""),
        )
        for instrument, start, stop in runs(prices["instrument_id"])
    }


def adjusted_digests(prices: pl.DataFrame) -> Mapping[str, bytes]:
    """Return the digest of each instrument's adjusted closes, as in `instrument_digests`."""
    adjusted = _numbers(prices["adjusted_close"]).astype(">f8").view(np.uint8).data
    return {
        instrument: hashlib.sha256(adjusted[8 * start : 8 * stop]).digest()
        for instrument, start, stop in runs(prices["instrument_id"])
    }


def content_digest(found: Iterable[tuple[str, InstrumentDigests]]) -> bytes:
    """Return the digest of what a whole delivery says, from those of its instruments, each once."""
    parts: list[bytes | str] = []
    for instrument, said in sorted(found):
        parts += [instrument, str(said.n_rows), said.bars, said.adjusted, said.actions]
    return digest(*parts)


def runs(values: pl.Series) -> Iterator[tuple[str, int, int]]:
    """Yield each value of a sorted column with its first place and the place after its last."""
    if values.is_empty():
        return
    found = values.rle().struct.unnest()
    stops = found["len"].cum_sum()
    starts = stops - found["len"]
    yield from zip(found["value"].to_list(), starts.to_list(), stops.to_list(), strict=True)


def action_digests(prices: pl.DataFrame) -> Mapping[str, bytes]:
    """Return the digest of each instrument's splits and dividends, as in `instrument_digests`."""
    acted = prices.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in ACTIONS))
    days = acted["trade_date"].to_physical().to_numpy().astype("<i4")
    numbers = [_numbers(acted[name]) for name in ACTIONS]
    return {
        instrument: digest(days[start:stop].tobytes(), *(values[start:stop].tobytes() for values in numbers))
        for instrument, start, stop in runs(acted["instrument_id"])
    }


def _numbers(values: pl.Series) -> FloatArray:
    """Return numbers with one kind of NaN, for null, and one kind of zero."""
    numbers: FloatArray = values.fill_null(float("nan")).to_numpy() + 0.0
    if values.null_count():
        numbers[np.isnan(numbers)] = np.nan
    return numbers
