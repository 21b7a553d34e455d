from __future__ import annotations

import numpy as np
import pytest
import skfolio.measures as reference
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from prometheus.kernel.errors import ConfigError
from prometheus.maths.risk import drawdowns, historical_es, historical_var

samples = st.integers(1, 60).flatmap(lambda n: arrays(np.float64, n, elements=st.floats(-0.5, 0.5)))
levels = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.975, 0.99])
curves = arrays(np.float64, 30, elements=st.floats(1.0, 100.0))


def var(returns: np.ndarray, level: float = 0.95) -> float:
    return float(historical_var(returns[None, :, None], level=level)[0, 0])


def shortfall(returns: np.ndarray, level: float = 0.95) -> float:
    return float(historical_es(returns[None, :, None], level=level)[0, 0])


@given(samples, st.sampled_from([0.5, 0.75, 0.875, 0.9375]))
def test_var_is_the_inverse_of_the_empirical_distribution_of_losses(
    returns: np.ndarray, level: float
) -> None:
    # Levels that a float holds exactly, so that numpy's own product n * level is exact as well.
    assert var(returns, level) == np.quantile(-returns, level, method="inverted_cdf")


@given(samples, levels)
def test_expected_shortfall_is_skfolios_cvar(returns: np.ndarray, level: float) -> None:
    assert shortfall(returns, level) == pytest.approx(reference.cvar(returns, beta=level), abs=1e-9)


def test_var_agrees_with_skfolio_where_the_definitions_do() -> None:
    # n * (1 - level) = 5.05 is no whole number: upper and lower quantile are one.
    returns = np.random.default_rng(3).normal(0.0, 0.01, 101)
    assert var(returns) == reference.value_at_risk(returns, beta=0.95)


def test_var_of_a_hundred_losses_at_95_is_the_sixth_largest() -> None:
    returns = -np.arange(1.0, 101.0) / 100.0
    assert var(returns) == 0.95
    assert shortfall(returns) == pytest.approx(np.mean([1.0, 0.99, 0.98, 0.97, 0.96]))


@given(samples, levels)
def test_shortfall_is_at_least_var(returns: np.ndarray, level: float) -> None:
    assert shortfall(returns, level) >= var(returns, level) - 1e-12


@given(
    arrays(np.float64, (40, 2), elements=st.floats(-0.5, 0.5)),
    levels,
)
def test_shortfall_of_a_sum_is_at_most_the_sum_of_shortfalls(pair: np.ndarray, level: float) -> None:
    both = shortfall(pair.sum(axis=1), level)
    assert both <= shortfall(pair[:, 0], level) + shortfall(pair[:, 1], level) + 1e-9


def test_a_missing_return_gives_nan() -> None:
    returns = np.array([0.01, np.nan, -0.02])
    assert np.isnan(var(returns))
    assert np.isnan(shortfall(returns))


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_that_is_no_probability_is_refused(level: float) -> None:
    with pytest.raises(ConfigError, match=r"level: expected a number in \(0, 1\)"):
        var(np.zeros(3), level)
    with pytest.raises(ConfigError, match=r"level: expected a number in \(0, 1\)"):
        shortfall(np.zeros(3), level)


@given(curves)
def test_drawdowns_are_skfolios_with_the_sign_turned(curve: np.ndarray) -> None:
    returns = curve[1:] / curve[:-1] - 1.0
    expected = -np.asarray(reference.get_drawdowns(returns, compounded=True))
    ours = drawdowns(curve[:, None])[1:, 0]
    assert ours == pytest.approx(expected, abs=1e-9)
    assert ((ours >= 0.0) & (ours < 1.0)).all()


def test_the_peak_is_carried_over_a_missing_level() -> None:
    curve = np.array([np.nan, 100.0, np.nan, 80.0])
    assert drawdowns(curve[:, None])[:, 0] == pytest.approx([np.nan, 0.0, np.nan, 0.2], nan_ok=True)
