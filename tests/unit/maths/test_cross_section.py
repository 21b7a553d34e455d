from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from prometheus.kernel.errors import ConfigError
from prometheus.maths.cross_section import standardised, winsorised

days = arrays(np.float64, (3, 9), elements=st.floats(-1e3, 1e3).map(lambda x: round(x, 3)))


def everyone(values: np.ndarray) -> np.ndarray:
    return np.ones(values.shape, dtype=bool)


@given(days, st.floats(0.0, 0.49))
def test_winsorised_clips_at_numpys_quantiles(values: np.ndarray, quantile: float) -> None:
    low, high = np.quantile(values, [quantile, 1 - quantile], axis=1, keepdims=True)
    expected = np.clip(values, low, high)
    assert winsorised(values, everyone(values), quantile=quantile) == pytest.approx(expected, abs=1e-9)


@given(days)
def test_a_quantile_of_zero_changes_nothing(values: np.ndarray) -> None:
    assert (winsorised(values, everyone(values), quantile=0.0) == values).all()


@given(days, st.sampled_from([0, 1]))
def test_zscores_have_mean_zero_and_deviation_one(values: np.ndarray, ddof: int) -> None:
    scores = standardised(values, everyone(values), method="zscore", ddof=ddof)
    for row, source in zip(scores, values, strict=True):
        if source.min() == source.max():
            assert (row == 0.0).all()
        else:
            assert row == pytest.approx(stats.zscore(source, ddof=ddof), abs=1e-6)


@given(days)
def test_ranks_are_scipys_average_ranks_spread_over_minus_one_to_one(values: np.ndarray) -> None:
    scores = standardised(values, everyone(values), method="rank")
    expected = 2.0 * (stats.rankdata(values, axis=1) - 1.0) / (values.shape[1] - 1.0) - 1.0
    assert scores == pytest.approx(expected, abs=1e-12)
    assert scores.sum(axis=1) == pytest.approx(np.zeros(3), abs=1e-12)


@pytest.mark.parametrize("method", ["zscore", "rank"])
@pytest.mark.parametrize("values", [[[5.0]], [[0.1, 0.1, 0.1]], [[np.nan, 0.7, np.nan]]])
def test_a_day_without_dispersion_gives_zero(method: Any, values: list[list[float]]) -> None:
    day = np.array(values)
    scores = standardised(day, everyone(day), method=method)
    assert (scores[np.isfinite(day)] == 0.0).all()
    assert np.isnan(scores[~np.isfinite(day)]).all()


@pytest.mark.parametrize("method", ["zscore", "rank", "none"])
def test_names_outside_the_mask_and_missing_ones_take_no_part(method: Any) -> None:
    mask = np.array([[True, True, False, True, True, True]])
    day = np.array([[1.0, 2.0, 1e9, np.nan, 4.0, np.inf]])
    scores = standardised(day, mask, method=method)
    alone = standardised(np.array([[1.0, 2.0, 4.0]]), np.ones((1, 3), dtype=bool), method=method)
    assert (scores[0, [0, 1, 4]] == alone[0]).all()
    assert np.isnan(scores[0, [2, 3, 5]]).all()
    tails = winsorised(day, mask, quantile=0.25)
    assert tails[0, [0, 1, 4]].tolist() == [1.5, 2.0, 3.0]
    assert np.isnan(tails[0, [2, 3, 5]]).all()


def test_a_day_with_nobody_is_all_nan() -> None:
    day = np.full((1, 3), np.nan)
    assert np.isnan(standardised(day, everyone(day), method="zscore")).all()
    assert np.isnan(winsorised(day, everyone(day), quantile=0.1)).all()


def test_impossible_arguments_are_refused_by_name() -> None:
    day = np.zeros((1, 3))
    with pytest.raises(ConfigError, match=r"quantile: expected a number in \[0, 0.5\), found 0.5"):
        winsorised(day, everyone(day), quantile=0.5)
    with pytest.raises(ConfigError, match="method: expected one of zscore, rank, none; found 'minmax'"):
        standardised(day, everyone(day), method="minmax")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="ddof: expected 0 or 1, found 2"):
        standardised(day, everyone(day), method="zscore", ddof=2)
