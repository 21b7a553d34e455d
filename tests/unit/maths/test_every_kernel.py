"""What all kernels keep: a batch equals its dates one by one, in any memory layout; examples run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

import prometheus.maths
from prometheus.kernel.errors import InvalidRowsError, NotEnoughHistoryError
from prometheus.maths.compounding import compounded
from prometheus.maths.cross_section import standardised, winsorised
from prometheus.maths.ranks import best_n
from prometheus.maths.risk import historical_es, historical_var
from prometheus.maths.volatility import realised_volatility
from prometheus.maths.weights import inverse_volatility_weights

Kernel = Callable[..., NDArray[Any]]

WINDOW_KERNELS: dict[str, Kernel] = {
    "realised_volatility": realised_volatility,
    "realised_volatility of some": lambda w: realised_volatility(w, min_observations=3),
    "compounded": compounded,
    "historical_var": lambda w: historical_var(w, level=0.8),
    "historical_es": lambda w: historical_es(w, level=0.8),
}
DAY_KERNELS: dict[str, Kernel] = {
    "winsorised": lambda v, m: winsorised(v, m, quantile=0.1),
    "zscore": lambda v, m: standardised(v, m, method="zscore"),
    "zscore of a sample": lambda v, m: standardised(v, m, method="zscore", ddof=1),
    "rank": lambda v, m: standardised(v, m, method="rank"),
    "none": lambda v, m: standardised(v, m, method="none"),
    "best_n": lambda v, m: best_n(v, 3, m),
    "inverse_volatility_weights": lambda v, m: inverse_volatility_weights(v, m, cap=0.3),
}
numbers = st.one_of(st.just(float("nan")), st.floats(0.01, 1000.0))


def windows_of(panel: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    return np.lib.stride_tricks.sliding_window_view(panel, window, axis=0).transpose(0, 2, 1)


@pytest.mark.parametrize("name", WINDOW_KERNELS)
@settings(max_examples=25, deadline=None)
@given(panel=arrays(np.float64, (12, 4), elements=numbers))
def test_a_batch_of_windows_equals_its_dates_one_by_one(name: str, panel: NDArray[np.float64]) -> None:
    kernel = WINDOW_KERNELS[name]
    windows = windows_of(panel, 6)
    assert not windows.flags.writeable
    batch = kernel(windows)
    assert batch.shape == (7, 4)
    for i in range(7):
        assert kernel(windows[i : i + 1]).tobytes() == batch[i : i + 1].tobytes()
        for j in range(4):
            alone = kernel(panel[i : i + 6, j].copy()[None, :, None])
            assert alone.tobytes() == batch[i : i + 1, j : j + 1].tobytes()
    assert kernel(np.asfortranarray(windows)).tobytes() == batch.tobytes()


@pytest.mark.parametrize("name", DAY_KERNELS)
@settings(max_examples=25, deadline=None)
@given(
    values=arrays(np.float64, (5, 7), elements=numbers),
    mask=arrays(np.bool_, (5, 7)),
)
def test_a_batch_of_days_equals_its_days_one_by_one(
    name: str, values: NDArray[np.float64], mask: NDArray[np.bool_]
) -> None:
    kernel = DAY_KERNELS[name]
    batch = kernel(values, mask)
    for i in range(5):
        assert kernel(values[i : i + 1], mask[i : i + 1]).tobytes() == batch[i : i + 1].tobytes()
    in_columns = kernel(np.asfortranarray(values), np.asfortranarray(mask))
    assert np.ascontiguousarray(in_columns).tobytes() == np.ascontiguousarray(batch).tobytes()


@pytest.mark.parametrize("name", WINDOW_KERNELS)
def test_rows_after_a_date_change_nothing_at_that_date(name: str) -> None:
    panel = np.random.default_rng(7).uniform(1.0, 2.0, (30, 5))
    scrambled = panel.copy()
    scrambled[20:] = np.random.default_rng(8).uniform(50.0, 99.0, (10, 5))
    kernel = WINDOW_KERNELS[name]
    kept = 20 - 6 + 1
    before, after = kernel(windows_of(panel, 6))[:kept], kernel(windows_of(scrambled, 6))[:kept]
    assert before.tobytes() == after.tobytes()


@pytest.mark.parametrize("name", WINDOW_KERNELS)
def test_no_dates_and_no_assets_give_empty_results(name: str) -> None:
    assert WINDOW_KERNELS[name](np.empty((0, 6, 3))).shape == (0, 3)
    assert WINDOW_KERNELS[name](np.empty((3, 6, 0))).shape == (3, 0)


@pytest.mark.parametrize("name", DAY_KERNELS)
def test_no_days_give_an_empty_result_and_no_names_an_empty_day(name: str) -> None:
    kernel = DAY_KERNELS[name]
    assert kernel(np.empty((0, 3)), np.empty((0, 3), dtype=bool)).shape[0] == 0
    assert kernel(np.empty((3, 0)), np.empty((3, 0), dtype=bool)).shape[0] == 3


@pytest.mark.parametrize("name", WINDOW_KERNELS)
def test_a_panel_in_place_of_windows_is_refused_by_name(name: str) -> None:
    with pytest.raises(InvalidRowsError, match=r"windows: expected three axes .* found shape \(4, 5\)"):
        WINDOW_KERNELS[name](np.ones((4, 5)))


@pytest.mark.parametrize("name", WINDOW_KERNELS)
def test_an_empty_window_is_refused_by_name(name: str) -> None:
    with pytest.raises(NotEnoughHistoryError, match="window"):
        WINDOW_KERNELS[name](np.ones((4, 0, 5)))


@pytest.mark.parametrize("name", DAY_KERNELS)
def test_a_mask_of_another_shape_is_refused(name: str) -> None:
    with pytest.raises(InvalidRowsError, match=r"found \(2, 3\) and \(2, 4\)"):
        DAY_KERNELS[name](np.ones((2, 3)), np.ones((2, 4), dtype=bool))


@pytest.mark.parametrize("name", [m.name for m in pkgutil.iter_modules(prometheus.maths.__path__)])
def test_examples_in_the_docstrings_are_real(name: str) -> None:
    results = doctest.testmod(importlib.import_module(f"prometheus.maths.{name}"))
    assert results.failed == 0
    assert results.attempted > 0 or name.startswith("_")
