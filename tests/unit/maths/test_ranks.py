from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from prometheus.kernel.errors import ConfigError
from prometheus.maths.ranks import best_n

# Few distinct values: ties are the rule.
days = arrays(np.float64, (4, 8), elements=st.sampled_from([np.nan, -1.0, 0.0, -0.0, 1.0, 2.0, np.inf]))


@given(days, arrays(np.bool_, (4, 8)), st.integers(1, 10))
def test_it_is_a_plain_sort_by_score_then_by_column(scores: np.ndarray, mask: np.ndarray, n: int) -> None:
    found = best_n(scores, n, mask)
    for i in range(4):
        allowed = [j for j in range(8) if mask[i, j] and not np.isnan(scores[i, j])]
        expected = sorted(allowed, key=lambda j: (-scores[i, j], j))[:n]
        assert found[i].tolist() == expected + [-1] * (n - len(expected))


def test_more_than_there_are_gives_fewer() -> None:
    assert best_n(np.array([[3.0, 1.0]]), 4, np.array([[True, True]])).tolist() == [[0, 1, -1, -1]]


def test_zero_names_are_refused() -> None:
    with pytest.raises(ConfigError, match="n: expected a number in"):
        best_n(np.zeros((1, 2)), 0, np.ones((1, 2), dtype=bool))
