from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from prometheus.kernel.errors import ConfigError
from prometheus.maths.weights import inverse_volatility_weights

volatilities = arrays(np.float64, (2, 8), elements=st.one_of(st.floats(0.01, 2.0), st.just(np.nan)))
masks = arrays(np.bool_, (2, 8))
shares = st.floats(0.01, 1.0)


@given(volatilities, masks, shares, shares)
def test_inverse_volatility_weights_keep_the_cap_and_spend_what_it_allows(
    volatility: np.ndarray, selected: np.ndarray, cap: float, invested: float
) -> None:
    weights = inverse_volatility_weights(volatility, selected, cap=cap, invested=invested)
    usable = selected & np.isfinite(volatility)
    assert (weights[~usable] == 0.0).all()
    assert (weights[usable] > 0.0).all()
    assert (weights <= cap).all()
    expected = np.minimum(invested, usable.sum(axis=1) * cap)
    assert weights.sum(axis=1) == pytest.approx(expected, abs=1e-12)


@given(volatilities, masks, shares)
def test_names_below_the_cap_keep_their_proportions(
    volatility: np.ndarray, selected: np.ndarray, cap: float
) -> None:
    weights = inverse_volatility_weights(volatility, selected, cap=cap)
    for row, risk in zip(weights, volatility, strict=True):
        free = (row > 0.0) & (row < cap)
        if free.sum() > 1:
            budget = row[free] * risk[free]
            assert budget == pytest.approx(np.full(free.sum(), budget[0]))


@given(volatilities, masks, shares)
def test_a_riskier_name_never_weighs_more(volatility: np.ndarray, selected: np.ndarray, cap: float) -> None:
    weights = inverse_volatility_weights(volatility, selected, cap=cap)
    for row, risk in zip(weights, volatility, strict=True):
        held = np.flatnonzero(row > 0.0)
        ordered = row[held[np.argsort(risk[held])]]
        assert (np.diff(ordered) <= 1e-12).all()


def test_what_the_cap_cuts_off_is_spread_again_until_nobody_is_above() -> None:
    # 1/s: 10, 5, 2.5, 2.5 -> .5, .25, .125, .125; cap .3: rest .7 over 5, 2.5, 2.5 -> .35, .175, .175;
    # again: rest .4 over two equal ones.
    volatility = np.array([[0.1, 0.2, 0.4, 0.4]])
    weights = inverse_volatility_weights(volatility, np.ones((1, 4), dtype=bool), cap=0.3)
    assert weights[0] == pytest.approx([0.3, 0.3, 0.2, 0.2])


def test_a_cap_that_cannot_hold_everything_leaves_cash() -> None:
    volatility = np.array([[0.1, 0.2, 0.4]])
    weights = inverse_volatility_weights(volatility, np.ones((1, 3), dtype=bool), cap=0.2)
    assert weights.tolist() == [[0.2, 0.2, 0.2]]


@pytest.mark.parametrize("risk", [np.nan, 0.0, -0.1, np.inf])
def test_a_name_without_a_risk_estimate_gets_nothing(risk: float) -> None:
    weights = inverse_volatility_weights(np.array([[0.2, risk]]), np.ones((1, 2), dtype=bool))
    assert weights.tolist() == [[1.0, 0.0]]


def test_a_tiny_volatility_does_not_overflow() -> None:
    weights = inverse_volatility_weights(np.array([[1e-320, 0.2]]), np.ones((1, 2), dtype=bool), cap=0.6)
    assert weights[0] == pytest.approx([0.6, 0.4])


@pytest.mark.parametrize("name", ["cap", "invested"])
@pytest.mark.parametrize("value", [0.0, 1.01, float("nan")])
def test_a_share_outside_its_range_is_refused(name: str, value: float) -> None:
    mask = np.ones((1, 2), dtype=bool)
    with pytest.raises(ConfigError, match=f"{name}: expected a number in"):
        inverse_volatility_weights(np.ones((1, 2)), mask, **{name: value})
