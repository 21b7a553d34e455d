"""The step that writes instrument_factors_daily: exposures by rolling regression."""

from __future__ import annotations

import numpy as np

from prometheus.domain.market.config import ExposuresConfig
from prometheus.flow.batch import Batch
from prometheus.flow.rows import Coded, Rows
from prometheus.flow.step import Frequency, Output, Read, Step
from prometheus.maths.regression import rolling_slopes


def _reads(config: ExposuresConfig) -> tuple[Read, ...]:
    return (
        Read("returns_daily", ("ret_1d",), sessions=config.window),
        Read("factors_daily", _columns(config), sessions=config.window),
    )


def _columns(config: ExposuresConfig) -> tuple[str, ...]:
    return tuple(f":{name}" for name in config.factors)


def _frequency(config: ExposuresConfig) -> Frequency:
    return config.every


def instrument_factors_daily(batch: Batch, config: ExposuresConfig) -> Output:
    """Return the rows of instrument_factors_daily: one for each factor of a name with enough returns.

    Ordinary least squares of the name's returns on all factors together, with an intercept: unbiased whatever
    the returns' variance does, and nothing to tune. Standard errors, for which Newey and West or others would
    be asked, are not stored.
    """
    returns, places = batch.panel("returns_daily", "ret_1d").history(config.window)
    series = [batch.panel("factors_daily", name).history(config.window)[0] for name in _columns(config)]
    slopes = rolling_slopes(
        returns,
        np.concatenate(series, axis=1),
        ends=places,
        window=config.window,
        min_observations=config.min_observations,
    )
    date, asset, factor = np.nonzero(~np.isnan(slopes))
    market_id = batch.context.market_id
    rows = Rows(
        "instrument_factors_daily",
        batch.days[date],
        {
            "instrument_id": Coded(asset.astype(np.int64), batch.assets.ids),
            "factor_id": Coded(factor.astype(np.int64), [f"{market_id}:{name}" for name in config.factors]),
            "exposure": slopes[date, asset, factor],
        },
    )
    n_rows = np.bincount(date, minlength=len(batch.days)).tolist()
    return Output((rows,), [{"n_rows": n} for n in n_rows], [{} for _ in n_rows])


EXPOSURES = Step(
    name="instrument_factors_daily",
    config_type=ExposuresConfig,
    reads=_reads,
    writes=("instrument_factors_daily",),
    compute=instrument_factors_daily,
    scope="market",
    is_by_instrument=True,
    frequency=_frequency,
)
