"""Rolling regressions against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray

from prometheus.kernel.errors import InvalidRowsError, NotEnoughHistoryError
from prometheus.maths.regression import rolling_slopes

N_DAYS, N_ASSETS, N_FACTORS, WINDOW = 180, 6, 3, 90


def world(seed: int = 4) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    draws = np.random.default_rng(seed)
    factors = draws.normal(0.0003, 0.01, (N_DAYS, N_FACTORS))
    factors[:, 2] += 0.8 * factors[:, 0]
    returns = factors @ draws.normal(0.0, 1.0, (N_FACTORS, N_ASSETS))
    returns += draws.normal(0.0, 0.02, returns.shape)
    returns[draws.random(returns.shape) < 0.05] = np.nan
    returns[:, 1] = np.where(np.isnan(returns[:, 1]), 0.0, returns[:, 1])  # one without a gap
    returns[:120, 4] = np.nan
    factors[100] = np.nan
    return returns, factors


def slopes(
    returns: NDArray[np.float64], factors: NDArray[np.float64], ends: list[int]
) -> NDArray[np.float64]:
    return rolling_slopes(returns, factors, ends=np.array(ends), window=WINDOW, min_observations=60)


def test_slopes_are_those_of_statsmodels_to_twelve_digits() -> None:
    returns, factors = world()
    ends = list(range(WINDOW - 1, N_DAYS, 7))
    found = slopes(returns, factors, ends)
    n_compared = 0
    for i, end in enumerate(ends):
        span = slice(end - WINDOW + 1, end + 1)
        for j in range(N_ASSETS):
            y, x = returns[span, j], sm.add_constant(factors[span])
            present = ~np.isnan(y) & ~np.isnan(x).any(axis=1)
            if present.sum() < 60:
                assert np.isnan(found[i, j]).all()
                continue
            expected = sm.OLS(y[present], x[present]).fit().params[1:]
            np.testing.assert_allclose(found[i, j], expected, rtol=1e-12, atol=1e-12)
            n_compared += 1
    assert n_compared > 50
    assert np.isnan(found[:, 4]).any()


def test_windows_and_assets_alone_give_the_same_bits_as_together() -> None:
    returns, factors = world()
    ends = [90, 110, 150, 179]
    whole = slopes(returns, factors, ends)
    for i, end in enumerate(ends):
        cut = slice(end - WINDOW + 1, end + 1)
        for j in range(N_ASSETS):
            alone = slopes(np.asfortranarray(returns[cut, j : j + 1]), factors[cut].copy(), [WINDOW - 1])
            assert alone.tobytes() == whole[i : i + 1, j : j + 1].tobytes()


def test_days_after_a_window_change_nothing() -> None:
    returns, factors = world()
    before = slopes(returns, factors, [100, 120])
    returns[121:], factors[121:] = 7.0, -3.0
    assert slopes(returns, factors, [100, 120]).tobytes() == before.tobytes()


def test_factors_that_cannot_be_told_apart_give_no_slopes() -> None:
    returns, factors = world()
    factors[:, 1] = 2.0 * factors[:, 0] - factors[:, 2]
    assert np.isnan(slopes(returns, factors, [120])).all()
    factors[:, 1] = 0.01  # one that never moves
    assert np.isnan(slopes(returns, factors, [120])).all()


def test_no_dates_and_no_assets_give_empty_results() -> None:
    returns, factors = world()
    assert slopes(returns, factors, []).shape == (0, N_ASSETS, N_FACTORS)
    assert slopes(returns[:, :0], factors, [100]).shape == (1, 0, N_FACTORS)


def test_impossible_arguments_are_refused_by_name() -> None:
    returns, factors = world()
    with pytest.raises(InvalidRowsError, match="of the same days"):
        slopes(returns[1:], factors, [100])
    with pytest.raises(NotEnoughHistoryError, match=r"ends: expected rows 89 to 179, found 88 to 88"):
        slopes(returns, factors, [88])
    with pytest.raises(NotEnoughHistoryError, match=r"min_observations: expected 5 to 90 .* found 4"):
        rolling_slopes(returns, factors, ends=np.array([100]), window=WINDOW, min_observations=4)
