"""Sorted portfolios against numpy's quantiles and means, name by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from prometheus.kernel.errors import ConfigError, InvalidRowsError
from prometheus.maths.portfolio_sorts import equally_weighted, high_minus_low

panel = arrays(np.float64, (4, 12), elements=st.one_of(st.just(float("nan")), st.floats(-1.0, 1.0)))


@given(panel, panel, st.sampled_from([0.1, 0.3, 0.5]))
def test_the_spread_is_that_of_numpys_quantiles_and_means(
    values: NDArray[np.float64], returns: NDArray[np.float64], tail: float
) -> None:
    found = high_minus_low(values, returns, tail=tail)
    for i in range(len(values)):
        present = ~np.isnan(values[i])
        assert found.n_sorted[i] == present.sum()
        if not present.any():
            assert np.isnan(found.value[i])
            continue
        # The quantiles meet values exactly where they hit one, so ties are told apart with a hair's breadth.
        low, high = np.quantile(values[i][present], [tail, 1.0 - tail])
        has_return = present & ~np.isnan(returns[i])
        if np.abs(values[i][present, None] - [low, high]).min() < 1e-12 and low != high:
            continue
        upper, lower = has_return & (values[i] > high), has_return & (values[i] <= low)
        assert (found.n_high[i], found.n_low[i]) == (upper.sum(), lower.sum())
        if upper.any() and lower.any():
            expected = returns[i][upper].mean() - returns[i][lower].mean()
            assert found.value[i] == pytest.approx(expected, abs=1e-12)
        else:
            assert np.isnan(found.value[i])


def test_ten_names_give_legs_of_three() -> None:
    values = np.arange(10.0)[None, :]
    returns = np.arange(10.0)[None, :] / 100
    found = high_minus_low(values, returns)
    assert (found.n_high.tolist(), found.n_low.tolist()) == ([3.0], [3.0])
    assert found.value[0] == pytest.approx(0.08 - 0.01)


def test_names_without_values_change_no_bit_wherever_they_stand() -> None:
    draws = np.random.default_rng(1)
    values, returns = draws.normal(size=(50, 37)), draws.normal(size=(50, 37))
    wide_values, wide_returns = np.full((50, 101), np.nan), np.full((50, 101), np.nan)
    at = np.sort(draws.permutation(101)[:37])
    wide_values[:, at], wide_returns[:, at] = values, returns
    one, other = high_minus_low(values, returns), high_minus_low(wide_values, wide_returns)
    assert one.value.tobytes() == other.value.tobytes()
    assert equally_weighted(returns).tobytes() == equally_weighted(wide_returns).tobytes()


def test_the_mean_of_a_day_is_pandas_mean_and_nan_without_names() -> None:
    returns = np.random.default_rng(2).normal(size=(20, 9))
    returns[3], returns[4, :5] = np.nan, np.nan
    found = equally_weighted(returns)
    assert np.isnan(found[3])
    np.testing.assert_allclose(np.delete(found, 3), np.nanmean(np.delete(returns, 3, 0), axis=1), atol=1e-15)


def test_impossible_arguments_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="tail"):
        high_minus_low(np.zeros((1, 2)), np.zeros((1, 2)), tail=0.6)
    with pytest.raises(InvalidRowsError, match=r"found \(1, 2\) and \(1, 3\)"):
        high_minus_low(np.zeros((1, 2)), np.zeros((1, 3)))
