"""The panel as it is stored: what ingestion rejected is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.place import MARKET
from prometheus.bootstrap import sessions_of_market
from prometheus.kernel.arrays import DateArray, FloatArray
from prometheus.store.assets import read_assets
from prometheus.store.connections import Databases, connect
from prometheus.store.ledger import price_span
from prometheus.store.panels import read_panels

FIELDS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class StoredPanel:
    """Prices of all names on all sessions, NaN where nothing is stored.

    Attributes
    ----------
    names : tuple of str
        Ascending.
    dates : ndarray of shape (n_sessions,), datetime64[D]
    values : mapping of str to ndarray of shape (n_sessions, n_names)
    """

    names: tuple[str, ...]
    dates: DateArray
    values: Mapping[str, FloatArray]

    def is_whole(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return which names have every session, no missing field and no session without volume."""
        complete = np.ones(len(self.names), dtype=np.bool_)
        for values in self.values.values():
            complete &= np.isfinite(values).all(axis=0)
        return complete & (self.values["volume"] > 0.0).all(axis=0)

    def whole(self) -> StoredPanel:
        """Return the panel of those names alone."""
        kept = self.is_whole()
        names = tuple(np.array(self.names)[kept].tolist())
        return StoredPanel(names, self.dates, {field: v[:, kept] for field, v in self.values.items()})


def stored_panel(databases: Databases, fields: Sequence[str] = FIELDS) -> StoredPanel:
    """Read the panel back."""
    sessions = sessions_of_market(databases, MARKET)
    with connect(databases.runtime_url) as runtime:
        assets = read_assets(runtime, market_id=MARKET)
    with connect(databases.historical_url) as historical:
        span = price_span(historical, assets.ids)
        assert span is not None
        dates = sessions.dates[sessions.between(*span)]
        values = read_panels(historical, "prices_daily", list(fields), assets=assets, dates=dates)
    return StoredPanel(assets.ids, dates, values)
