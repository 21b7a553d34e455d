from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from prometheus.kernel.errors import ConfigError, NotEnoughHistoryError
from prometheus.maths.volatility import realised_volatility

daily = arrays(np.float64, 20, elements=st.floats(-0.5, 0.5))


def volatility(returns: np.ndarray, **arguments: float) -> float:
    return float(realised_volatility(returns[None, :, None], **arguments)[0, 0])  # type: ignore[arg-type]


@given(daily)
def test_it_is_numpys_sample_deviation_annualised(returns: np.ndarray) -> None:
    assert volatility(returns) == pytest.approx(np.std(returns, ddof=1) * np.sqrt(252), abs=1e-12)


@given(daily, st.floats(0.1, 10.0))
def test_it_scales_with_the_returns(returns: np.ndarray, factor: float) -> None:
    assert volatility(returns * factor) == pytest.approx(factor * volatility(returns), rel=1e-9, abs=1e-12)


def test_a_reference_value_by_hand() -> None:
    # 2, 4, 4, 4, 5, 5, 7, 9: mean 5, squares 32, over 7.
    returns = np.array([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]) / 100
    assert volatility(returns, sessions_per_year=1.0) == pytest.approx(np.sqrt(32 / 7) / 100)


def test_equal_returns_give_exactly_zero() -> None:
    assert volatility(np.full(63, 0.1)) == 0.0


def test_one_missing_return_gives_nan_unless_fewer_are_asked_for() -> None:
    returns = np.array([0.01, np.nan, -0.01, 0.03])
    assert np.isnan(volatility(returns))
    present = np.std([0.01, -0.01, 0.03], ddof=1) * np.sqrt(252)
    assert volatility(returns, min_observations=3) == pytest.approx(present)
    assert np.isnan(volatility(np.array([0.01, np.nan, np.nan, 0.03]), min_observations=3))


def test_impossible_arguments_are_refused_by_name() -> None:
    with pytest.raises(NotEnoughHistoryError, match=r"min_observations: expected 2 to 3 .* found 4"):
        volatility(np.zeros(3), min_observations=4)
    with pytest.raises(NotEnoughHistoryError, match="at least 2 sessions, found 1"):
        volatility(np.zeros(1))
    with pytest.raises(ConfigError, match="sessions_per_year"):
        volatility(np.zeros(3), sessions_per_year=0.0)
