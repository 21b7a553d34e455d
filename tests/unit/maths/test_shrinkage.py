"""Shrunk correlations against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import LedoitWolf

from prometheus.kernel.errors import InvalidRowsError, NotEnoughHistoryError
from prometheus.maths.shrinkage import ledoit_wolf_correlation


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 120), st.integers(1, 40), st.floats(0.0, 2.0), st.integers(0, 10_000))
def test_it_is_sklearns_ledoit_wolf_of_standardised_returns(n: int, p: int, common: float, seed: int) -> None:
    draws = np.random.default_rng(seed)
    returns = draws.normal(size=(n, p)) * draws.uniform(0.005, 0.05, p) + common * 0.01 * draws.normal(
        size=(n, 1)
    )
    found = ledoit_wolf_correlation(returns)
    expected = LedoitWolf().fit((returns - returns.mean(axis=0)) / returns.std(axis=0))
    np.testing.assert_allclose(found.matrix, expected.covariance_, rtol=0, atol=1e-12)
    if p > 1:
        assert found.shrinkage == pytest.approx(expected.shrinkage_, abs=1e-12)


def test_the_matrix_is_a_correlation_matrix_that_can_be_inverted_with_more_names_than_days() -> None:
    returns = np.random.default_rng(3).normal(0.0, 0.02, (60, 200))
    found = ledoit_wolf_correlation(returns)
    assert found.matrix.tobytes() == found.matrix.T.copy().tobytes()
    assert (found.matrix.diagonal() == 1.0).all()
    assert np.linalg.eigvalsh(found.matrix).min() > 0.0
    assert 0.0 < found.shrinkage < 1.0


def test_the_scale_of_a_name_changes_nothing_but_rounding() -> None:
    returns = np.random.default_rng(5).normal(0.0, 0.02, (100, 8))
    scaled = returns * np.array([1, 4, 0.25, 1, 16, 1, 1, 0.5])
    np.testing.assert_allclose(
        ledoit_wolf_correlation(scaled).matrix, ledoit_wolf_correlation(returns).matrix, atol=1e-13
    )


def test_what_can_not_be_correlated_is_refused_by_name() -> None:
    returns = np.random.default_rng(6).normal(size=(30, 3))
    with pytest.raises(NotEnoughHistoryError, match="at least 2 observations"):
        ledoit_wolf_correlation(returns[:1])
    returns[:, 1] = 0.01
    with pytest.raises(InvalidRowsError, match="differ within each asset"):
        ledoit_wolf_correlation(returns)
    returns[4, 1] = np.nan
    with pytest.raises(InvalidRowsError, match="finite"):
        ledoit_wolf_correlation(returns)
