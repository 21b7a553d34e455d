"""What winsorising pulls in keeps its order, and moves by a hair."""

from __future__ import annotations

import doctest
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prometheus.domain.selection import pulled_in
from prometheus.domain.selection.config import ScoresConfig
from prometheus.domain.selection.scores import combined
from prometheus.maths.cross_section import standardised, winsorised
from prometheus.maths.ranks import best_n

Method = Literal["zscore", "rank", "none"]
METHODS: tuple[Method, ...] = ("zscore", "rank", "none")

signals = st.lists(
    st.one_of(st.integers(-20, 20), st.integers(-(10**6), 10**6), st.just(10**9)).map(float)
    | st.just(float("nan")),
    min_size=1,
    max_size=60,
).map(lambda values: np.array([values]))


def config_of(method: Method, winsorise: float, weight: float = 1.0) -> ScoresConfig:
    return ScoresConfig(weights={"reversal_5d": weight}, winsorise=winsorise, standardise=method)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=200, deadline=None)
@given(raw=signals, winsorise=st.floats(0.0, 0.49), weight=st.sampled_from([1.0, -2.0]), n=st.integers(1, 60))
def test_the_best_names_of_one_family_are_the_best_of_its_raw_signal(
    method: Method, raw: np.ndarray, winsorise: float, weight: float, n: int
) -> None:
    mask = ~np.isnan(raw)
    scores = combined({"reversal_5d": raw}, mask, config_of(method, winsorise, weight)).scores
    assert best_n(scores, n, mask).tolist() == best_n(np.sign(weight) * raw, n, mask).tolist()


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=100, deadline=None)
@given(raw=signals, winsorise=st.floats(0.001, 0.49))
def test_pulled_in_names_move_by_a_hair_and_the_others_not_at_all(
    method: Method, raw: np.ndarray, winsorise: float
) -> None:
    mask = ~np.isnan(raw)
    tails = winsorised(raw, mask, quantile=winsorise)
    plain = standardised(tails, mask, method=method)
    scores = combined({"reversal_5d": raw}, mask, config_of(method, winsorise)).scores
    is_same = raw == tails
    assert scores[is_same].tolist() == plain[is_same].tolist()
    largest = max(np.abs(plain[mask]).max(initial=0.0), 1.0)
    assert np.abs(scores - plain)[mask].max(initial=0.0) <= 3.01e-9 * largest


def test_the_best_of_many_beyond_the_bound_are_not_taken_by_the_alphabet() -> None:
    raw = np.arange(500.0)[None, :]
    mask = np.ones(raw.shape, dtype=bool)
    scores = combined({"reversal_5d": raw}, mask, config_of("zscore", 0.01)).scores
    assert best_n(scores, 3, mask).tolist() == [[499, 498, 497]]


def test_without_winsorising_a_score_is_the_standardised_signal_bit_for_bit() -> None:
    raw = np.random.default_rng(5).normal(size=(3, 40))
    mask = np.ones(raw.shape, dtype=bool)
    scores = combined({"reversal_5d": raw}, mask, config_of("zscore", 0.0)).scores
    assert scores.tobytes() == (standardised(raw, mask, method="zscore") + 0.0).tobytes()


def test_its_example_runs() -> None:
    assert doctest.testmod(pulled_in).failed == 0
