from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prometheus.kernel.errors import NotEnoughHistoryError
from prometheus.maths.returns import simple_return, total_return_1d


def column(*levels: float) -> np.ndarray:
    return np.array(levels)[None, :, None]


def test_momentum_12_1_reads_the_levels_21_and_252_sessions_back() -> None:
    levels = np.arange(1.0, 301.0)
    t = 299
    window = levels[t - 252 : t + 1]
    assert simple_return(window[None, :, None], skip=21)[0, 0] == levels[t - 21] / levels[t - 252] - 1.0


def test_levels_between_the_ends_are_not_looked_at() -> None:
    assert simple_return(column(100.0, np.nan, 110.0))[0, 0] == 110.0 / 100.0 - 1.0


@pytest.mark.parametrize("first", [np.nan, 0.0, -5.0])
def test_a_first_level_that_is_missing_or_not_positive_gives_nan(first: float) -> None:
    assert np.isnan(simple_return(column(first, 1.0))[0, 0])


def test_a_missing_last_level_gives_nan() -> None:
    assert np.isnan(simple_return(column(1.0, np.nan))[0, 0])


def test_a_skip_that_leaves_no_return_is_refused() -> None:
    with pytest.raises(NotEnoughHistoryError, match="at least 4 sessions, found 3"):
        simple_return(column(1.0, 2.0, 3.0), skip=2)
    with pytest.raises(NotEnoughHistoryError, match="skip: expected 0 or more"):
        simple_return(column(1.0, 2.0, 3.0), skip=-1)


@given(
    close=st.floats(0.01, 1e5),
    previous=st.floats(0.01, 1e5),
    split=st.sampled_from([0.1, 0.5, 1.0, 2.0, 7.0]),
)
def test_a_split_alone_does_not_change_the_wealth_of_a_holder(
    close: float, previous: float, split: float
) -> None:
    after = total_return_1d(np.array([[close / split]]), np.array([[previous]]), split=split)[0, 0]
    assert after == pytest.approx(close / previous - 1.0, abs=1e-12, rel=1e-12)


def test_a_dividend_is_part_of_the_return() -> None:
    assert total_return_1d(np.array([[99.0]]), np.array([[100.0]]), dividend=1.5)[0, 0] == pytest.approx(
        0.005
    )


def test_a_missing_split_or_dividend_means_none_happened() -> None:
    none = np.array([[np.nan]])
    assert total_return_1d(np.array([[99.0]]), np.array([[100.0]]), none, none)[0, 0] == 99.0 / 100.0 - 1.0


@pytest.mark.parametrize(("close", "previous"), [(np.nan, 1.0), (1.0, np.nan), (1.0, 0.0), (1.0, -1.0)])
def test_a_missing_close_gives_nan_without_a_warning(close: float, previous: float) -> None:
    assert np.isnan(total_return_1d(np.array([[close]]), np.array([[previous]]))[0, 0])
