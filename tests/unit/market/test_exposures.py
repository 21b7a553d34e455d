"""Exposures against statsmodels, and correlation panels against scikit-learn, through their steps."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from prometheus.domain.market.config import CorrelationsConfig, ExposuresConfig
from prometheus.domain.market.correlations_step import CORRELATIONS, correlation_panel
from prometheus.domain.market.exposures_step import EXPOSURES
from prometheus.flow.factors import factor_panels
from prometheus.flow.rows import Rows
from prometheus.flow.step import Output
from prometheus.kernel.ids import artifact_uri
from tests.unit.market.panels import assets_of, batch_of

N_DAYS, N_ASSETS = 320, 7
DATES = np.busday_offset("2020-01-01", np.arange(N_DAYS), roll="forward").astype("datetime64[D]")
IDS = [f"N{i}" for i in range(N_ASSETS)]
EXPOSED = ExposuresConfig()
WHOLE = CorrelationsConfig()
Array = NDArray[np.float64]


def world(seed: int = 2) -> tuple[Array, Array]:
    draws = np.random.default_rng(seed)
    factors = draws.normal(0.0, 0.01, (N_DAYS, 4))
    factors[:40, 1] = np.nan  # momentum needs a year of prices first
    known = np.nan_to_num(factors)
    returns = known @ draws.normal(0.0, 1.0, (4, N_ASSETS)) + draws.normal(0.0, 0.02, (N_DAYS, N_ASSETS))
    returns[300, 1] = np.nan
    returns[:250, 2] = np.nan
    returns[:, 3] = 0.0  # a name that never moves
    return returns, factors


def exposures(returns: Array, factors: Array, days: list[int]) -> Rows:
    values = {("returns_daily", "ret_1d"): returns}
    for k, name in enumerate(EXPOSED.factors):
        values["factors_daily", f":{name}"] = factors[:, k : k + 1]
    window = (EXPOSED.window, 0)
    batch = batch_of(
        values,
        days,
        dates=DATES,
        assets=assets_of(IDS),
        reads={"returns_daily": window, "factors_daily": window},
    )
    (rows,) = EXPOSURES.compute(batch, EXPOSED).rows
    return rows


def correlations(returns: Array, days: list[int]) -> Output:
    batch = batch_of(
        {("returns_daily", "ret_1d"): returns},
        days,
        dates=DATES,
        assets=assets_of(IDS),
        reads={"returns_daily": (WHOLE.window, 0)},
    )
    return CORRELATIONS.compute(batch, WHOLE)


def test_exposures_are_those_of_statsmodels_to_twelve_digits() -> None:
    returns, factors = world()
    days = [260, 275, 299, 305, 319]
    columns = [f":{name}" for name in EXPOSED.factors]
    found = factor_panels(
        exposures(returns, factors, days), columns, market_id="US_EQ", days=np.array(days), n_assets=N_ASSETS
    )
    for i, day in enumerate(days):
        span = slice(day - EXPOSED.window + 1, day + 1)
        for j in range(N_ASSETS):
            got = np.array([found[name][i, j] for name in columns])
            y, x = returns[span, j], sm.add_constant(factors[span])
            present = ~np.isnan(y) & ~np.isnan(x).any(axis=1)
            if present.sum() < EXPOSED.min_observations:
                assert np.isnan(got).all()
            else:
                expected = sm.OLS(y[present], x[present]).fit().params[1:]
                np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
    assert np.isnan(found[":MKT"][:, 2]).all()


def test_exposures_of_a_day_alone_have_the_same_bits_as_in_a_batch() -> None:
    returns, factors = world()
    whole = exposures(returns, factors, [260, 300, 319])
    for day in (260, 300, 319):
        alone = exposures(returns, factors, [day])
        assert alone.floats("exposure").tobytes() == whole.on(day).floats("exposure").tobytes()


def test_where_a_factor_is_missing_nobody_has_an_exposure() -> None:
    returns, factors = world()
    factors[:, 1] = np.nan
    assert len(exposures(returns, factors, [300])) == 0


def test_a_panel_is_sklearns_ledoit_wolf_of_the_names_that_are_whole() -> None:
    returns, _ = world()
    output = correlations(returns, [280, 299])
    (rows,) = output.rows
    assert rows.day.tolist() == [280, 299]
    kept = [0, 1, 4, 5, 6]  # listed too late; never moves
    for i, day in enumerate((280, 299)):
        spec = json.loads(rows.values("universe_spec")[i])
        assert spec["instruments"] == [IDS[j] for j in kept]
        assert (spec["market_id"], spec["window"], spec["n_observations"]) == ("US_EQ", 252, 252)
        matrix = np.load(io.BytesIO(output.artifacts[i]))
        window = returns[day - 251 : day + 1, kept]
        expected = LedoitWolf().fit((window - window.mean(axis=0)) / window.std(axis=0))
        np.testing.assert_allclose(matrix, expected.covariance_, rtol=0, atol=1e-12)
        assert spec["shrinkage"] == pytest.approx(expected.shrinkage_, abs=1e-12)
        assert rows.values("matrix_ref")[i] == artifact_uri(output.artifacts[i])
        assert rows.values("start_date")[i] == DATES[day - 251].astype(object)
        assert rows.values("end_date")[i] == DATES[day].astype(object)


def test_a_panel_is_named_after_what_is_in_it() -> None:
    returns, _ = world()
    (one,) = correlations(returns, [280, 299]).rows
    (again,) = correlations(returns, [299]).rows
    assert again.values("panel_id") == one.values("panel_id")[1:]
    returns[290, 0] += 0.001
    (other,) = correlations(returns, [280, 299]).rows
    assert other.values("panel_id")[0] == one.values("panel_id")[0]
    assert other.values("panel_id")[1] != one.values("panel_id")[1]


def test_a_session_on_which_the_vendor_is_missing_costs_no_name() -> None:
    returns, _ = world()
    returns[200] = np.nan
    returns[210, [0, 1, 4, 5]] = np.nan
    found = correlation_panel(returns[29:281], WHOLE)
    assert found is not None
    assert (found.names.tolist(), found.n_observations) == ([0, 1, 4, 5, 6], 250)


def test_too_little_history_or_too_few_names_give_no_panel() -> None:
    returns, _ = world()
    assert correlation_panel(np.full((252, N_ASSETS), np.nan), WHOLE) is None
    short = returns[29:281].copy()
    short[: 252 - WHOLE.min_observations + 1] = np.nan
    assert correlation_panel(short, WHOLE) is None
    assert correlation_panel(returns[29:281, :1], WHOLE) is None
    assert correlation_panel(np.empty((252, 0)), WHOLE) is None
