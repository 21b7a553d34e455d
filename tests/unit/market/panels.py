"""Batches made of arrays, for steps that read panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from prometheus.flow.batch import Assets, Batch, Context, Panel
from prometheus.kernel.arrays import DateArray
from prometheus.kernel.sessions import Sessions

Array = NDArray[np.float64]


def assets_of(ids: Sequence[str], *, classes: Sequence[str] | None = None) -> Assets:
    """Return instruments about which nothing else is known."""
    n = len(ids)
    nothing = ("",) * n
    never = np.full(n, np.datetime64("NaT", "D"))
    kinds = ("EQUITY",) * n if classes is None else tuple(classes)
    digests = np.zeros((n, 16), dtype=np.uint8)
    return Assets(tuple(ids), tuple(ids), digests, tuple(ids), nothing, kinds, nothing, never)


def batch_of(
    values: Mapping[tuple[str, str], Array],
    days: Sequence[int],
    *,
    dates: DateArray,
    assets: Assets,
    reads: Mapping[str, tuple[int, int]],
) -> Batch:
    """Return a batch over days of panels that begin at day 0; ``reads``: sessions and lag of each table."""
    at = np.asarray(days, dtype=np.int64)
    panels = {}
    for key, panel in values.items():
        sessions, lag = reads[key[0]]
        panels[key] = Panel(panel, ends=at - lag, sessions=sessions)
    return Batch(
        days=at,
        sessions=Sessions("XNYS", dates, dates, dates),
        assets=assets,
        context=Context("US_EQ"),
        decisions=np.zeros((len(at), 16), dtype=np.uint8),
        panels=panels,
        tables={},
    )
