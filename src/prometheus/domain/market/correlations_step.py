"""The step that writes correlation_panels: shrunk correlations at the end of each month.

The matrix is an artifact in numpy's format: ``numpy.load(io.BytesIO(artifacts.get(matrix_ref)))`` reads it.
Its rows and columns are the instruments of the row's ``universe_spec``, in order.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

import numpy as np

from prometheus.domain.market.config import CorrelationsConfig
from prometheus.flow.batch import Batch
from prometheus.flow.rows import Rows
from prometheus.flow.step import Frequency, Output, Read, Step
from prometheus.kernel.arrays import FloatArray, IntArray
from prometheus.kernel.ids import artifact_uri, digest
from prometheus.maths.shrinkage import ledoit_wolf_correlation

ESTIMATOR = "Ledoit-Wolf (2004), target identity"


@dataclass(frozen=True, slots=True)
class CorrelationPanel:
    """Correlations of the names that have a whole window of returns.

    Attributes
    ----------
    names : ndarray of shape (n_names,), int64
        Places of the names among the assets, ascending.
    matrix : ndarray of shape (n_names, n_names)
    shrinkage : float
    n_observations : int
    """

    names: IntArray
    matrix: FloatArray
    shrinkage: float
    n_observations: int


def correlation_panel(returns: FloatArray, config: CorrelationsConfig) -> CorrelationPanel | None:
    """Return the correlations of one window of returns, or None where it holds too little.

    Parameters
    ----------
    returns : ndarray of shape (window, n_assets)
    config : CorrelationsConfig

    Notes
    -----
    A session counts where at least half of the window's names have a return: on others the vendor is missing,
    not the name. A name takes part with a return on every session that counts, and if it ever moves.
    """
    has_return = np.isfinite(returns)
    n_seen = int(has_return.any(axis=0).sum())
    counts = 2 * has_return.sum(axis=1) >= max(n_seen, 1)
    window = returns[counts]
    is_whole = has_return[counts].all(axis=0)
    is_whole[is_whole] &= (window[:, is_whole] != window[:1, is_whole]).any(axis=0)
    names = np.flatnonzero(is_whole).astype(np.int64)
    if len(names) < config.min_names or len(window) < config.min_observations:
        return None
    shrunk = ledoit_wolf_correlation(window[:, names])
    return CorrelationPanel(names, shrunk.matrix, shrunk.shrinkage, len(window))


def correlation_panels(batch: Batch, config: CorrelationsConfig) -> Output:
    """Return the rows of correlation_panels, one for each month's last session with enough names."""
    values, places = batch.panel("returns_daily", "ret_1d").history(config.window)
    market_id = batch.context.market_id
    days, ids, starts, specs, uris, artifacts = [], [], [], [], [], []
    for day, place in zip(batch.days.tolist(), places.tolist(), strict=True):
        found = correlation_panel(values[place - config.window + 1 : place + 1], config)
        if found is None:
            continue
        content = _file_of(found.matrix)
        uri = artifact_uri(content)
        spec = json.dumps(
            {
                "market_id": market_id,
                "config_id": config.config_id,
                "estimator": ESTIMATOR,
                "shrinkage": found.shrinkage,
                "window": config.window,
                "n_observations": found.n_observations,
                "instruments": [batch.assets.ids[i] for i in found.names.tolist()],
            }
        )
        date = batch.sessions.dates[day]
        days.append(day)
        ids.append(f"{market_id}:{date}:{digest(spec, uri).hex()[:12]}")
        starts.append(batch.sessions.dates[max(day - config.window + 1, 0)])
        specs.append(spec)
        uris.append(uri)
        artifacts.append(content)
    at = np.array(days, dtype=np.int64)
    rows = Rows(
        "correlation_panels",
        at,
        {
            "panel_id": ids,
            "start_date": np.array(starts, dtype="datetime64[D]"),
            "end_date": batch.sessions.dates[at],
            "universe_spec": specs,
            "matrix_ref": uris,
        },
    )
    is_there = set(days)
    n_rows = [int(day in is_there) for day in batch.days.tolist()]
    return Output((rows,), [{"n_rows": n} for n in n_rows], [{} for _ in n_rows], artifacts=tuple(artifacts))


def _file_of(matrix: FloatArray) -> bytes:
    """Return a matrix in numpy's file format, little endian."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(matrix, dtype="<f8"), allow_pickle=False)
    return buffer.getvalue()


def _reads(config: CorrelationsConfig) -> tuple[Read, ...]:
    return (Read("returns_daily", ("ret_1d",), sessions=config.window),)


def _frequency(_: CorrelationsConfig) -> Frequency:
    return "monthly"


CORRELATIONS = Step(
    name="correlation_panels",
    config_type=CorrelationsConfig,
    reads=_reads,
    writes=("correlation_panels",),
    compute=correlation_panels,
    scope="market",
    frequency=_frequency,
)
