"""The prices of one session, as the broker and the valuation need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from prometheus.domain.execution.config import FillsConfig
from prometheus.domain.execution.exact import exact, exacts, split_ratio
from prometheus.domain.execution.ports import Bar
from prometheus.flow.batch import Batch
from prometheus.kernel.errors import MissingPriceError

PRICES = "prices_daily"


@dataclass(frozen=True, slots=True)
class DayPrices:
    """Prices of date ``i`` of a batch; what is asked for is turned into decimals, no more."""

    batch: Batch
    i: int
    config: FillsConfig

    def bars(self, assets: Sequence[int]) -> dict[int, Bar]:
        """Return a bar for each asset."""
        if not assets:
            return {}
        codes = np.array(assets)
        found_prices = self._row(self.config.price)[codes]
        prices = found_prices.tolist()
        splits = self._row("split")[codes]
        is_plain = self.config.participation is None and not _has_any(splits)
        if is_plain and not np.isnan(found_prices).any():
            return dict(zip(assets, map(Bar, exacts(prices)), strict=True))
        volumes = self._volumes(codes)
        is_split = (~np.isnan(splits)).tolist()
        is_delisted = (self.batch.assets.delisted[codes] <= self.batch.dates[self.i]).tolist()
        found = {}
        for k, asset in enumerate(assets):
            price = prices[k]
            is_known = price == price  # NaN is unlike itself
            found[asset] = Bar(
                exact(price) if is_known else None,
                volumes[k],
                is_split[k],
                is_delisted[k],
                self._last_close(asset) if is_delisted[k] and not is_known else None,
            )
        return found

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

    def _row(self, column: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        row: np.ndarray[Any, np.dtype[np.float64]] = self.batch.panel(PRICES, column).at(0)[self.i]
        return row

    def _given(self, column: str, assets: Sequence[int]) -> list[tuple[int, float]]:
        if not assets:
            return []
        values = self._row(column)[np.array(assets)]
        if not _has_any(values):
            return []
        return [(a, v) for a, v in zip(assets, values.tolist(), strict=True) if v == v]

    def _volumes(self, codes: np.ndarray[Any, np.dtype[np.int64]]) -> list[Decimal | None]:
        if self.config.participation is None:
            return [None] * len(codes)
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


def _has_any(values: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    return not bool(np.isnan(values).all())
