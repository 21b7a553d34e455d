"""The prices of one session, as the broker and the valuation need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from prometheus.domain.execution.config import FillsConfig
from prometheus.domain.execution.exact import exact, exacts, split_ratio
from prometheus.domain.execution.ports import TradingDay
from prometheus.flow.batch import Batch
from prometheus.kernel.arrays import FloatArray, IntArray
from prometheus.kernel.errors import MissingPriceError

PRICES = "prices_daily"


@dataclass(frozen=True, slots=True)
class DayPrices:
    """Prices of date ``i`` of a batch; what is asked for is turned into decimals, no more."""

    batch: Batch
    i: int
    config: FillsConfig

    def trading_day(self, codes: IntArray, cash: Decimal) -> TradingDay:
        """Return the session as a broker sees it, for orders in these assets."""
        date = self.batch.dates[self.i]
        clock = self.batch.sessions.opens if self.config.price == "open" else self.batch.sessions.closes
        row = self._row(self.config.price)[codes]
        is_known = ~np.isnan(row)
        values = row.tolist()
        prices: list[Decimal | None]
        last_closes: dict[int, Decimal | None] = {}
        if is_known.all():
            prices = [*exacts(values)]
        else:
            prices = [exact(value) if value == value else None for value in values]
            is_out = ~is_known & (self.batch.assets.delisted[codes] <= date)
            last_closes = {k: self._last_close(int(codes[k])) for k in np.flatnonzero(is_out).tolist()}
        return TradingDay(
            trades_at=int(clock[self.batch.days[self.i]].astype(np.int64)),
            cash=cash,
            prices=prices,
            volumes=self._volumes(codes),
            splits=np.flatnonzero(~np.isnan(self._row("split")[codes])).tolist(),
            last_closes=last_closes,
        )

    def splits(self, assets: Sequence[int]) -> Mapping[int, Fraction]:
        """Return the ratio, new over old shares, of those that split on this date."""
        return {asset: split_ratio(ratio) for asset, ratio in self._given("split", assets)}

    def dividends(self, assets: Sequence[int]) -> Mapping[int, Decimal]:
        """Return the cash a share of those that go ex dividend on this date."""
        return {asset: exact(cash) for asset, cash in self._given("dividend", assets)}

    def close_before(self, asset: int) -> Decimal | None:
        """Return the last close before this date within the window."""
        found = self._close(asset, first=1)
        return None if found is None else exact(found[0])

    def closes(self, assets: Sequence[int]) -> tuple[list[Decimal], dict[int, int]]:
        """Return the last close of each asset within the window.

        Returns
        -------
        closes : list of Decimal
        ages : mapping of int to int
            How many sessions old it is, for assets that have none today.

        Raises
        ------
        MissingPriceError
            For an asset that has none within the window.
        """
        if not assets:
            return [], {}
        values = self._row("close")[np.array(assets)].tolist()
        ages: dict[int, int] = {}
        for k, value in enumerate(values):
            if value != value:
                found = self._close(assets[k], first=1)
                if found is None:
                    raise MissingPriceError(
                        f"{self.batch.assets.ids[assets[k]]} is held on {self.batch.dates[self.i]} and has "
                        f"had no close for {self.config.stale_sessions} sessions.",
                        remedy="Give the instrument its delisted date, bring its prices in, or raise "
                        "stale_sessions.",
                    )
                values[k], ages[assets[k]] = found
        return exacts(values), ages

    def _row(self, column: str) -> FloatArray:
        row: FloatArray = self.batch.panel(PRICES, column).at(0)[self.i]
        return row

    def _given(self, column: str, assets: Sequence[int]) -> list[tuple[int, float]]:
        if not assets:
            return []
        values = self._row(column)[np.array(assets)]
        if not _has_any(values):
            return []
        return [(a, v) for a, v in zip(assets, values.tolist(), strict=True) if v == v]

    def _volumes(self, codes: IntArray) -> list[Decimal | None]:
        if self.config.participation is None:
            return []
        return [exact(v) if v == v else None for v in self._row("volume")[codes].tolist()]

    def _last_close(self, asset: int) -> Decimal | None:
        found = self._close(asset, first=0)
        return None if found is None else exact(found[0])

    def _close(self, asset: int, *, first: int) -> tuple[float, int] | None:
        closes = self.batch.panel(PRICES, "close")
        for age in range(first, self.config.stale_sessions):
            value = float(closes.at(age)[self.i, asset])
            if value == value:
                return value, age
        return None


def _has_any(values: FloatArray) -> bool:
    return not bool(np.isnan(values).all())
