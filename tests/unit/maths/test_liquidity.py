from __future__ import annotations

import numpy as np
import pytest

from prometheus.kernel.errors import InvalidRowsError
from prometheus.maths.liquidity import mean_dollar_volume

RNG = np.random.default_rng(11)
CLOSES = np.where(RNG.random((30, 6)) < 0.2, np.nan, RNG.uniform(1.0, 90.0, (30, 6)))
VOLUMES = np.where(RNG.random((30, 6)) < 0.2, np.nan, RNG.uniform(0.0, 1e6, (30, 6)))
VOLUMES[:, 4] = np.nan


def windows_of(panel: np.ndarray) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(panel, 10, axis=0).transpose(0, 2, 1)


def test_it_is_the_plain_mean_over_the_bars_that_have_both() -> None:
    found = mean_dollar_volume(windows_of(CLOSES), windows_of(VOLUMES), np.arange(6))
    for i in range(len(found)):
        for j in range(6):
            products = CLOSES[i : i + 10, j] * VOLUMES[i : i + 10, j]
            known = products[~np.isnan(products)]
            assert found[i, j] == pytest.approx(known.mean() if known.size else np.nan, nan_ok=True)
    assert np.isnan(found[:, 4]).all()


def test_a_batch_equals_its_dates_and_its_names_one_by_one_bit_for_bit() -> None:
    found = mean_dollar_volume(windows_of(CLOSES), windows_of(VOLUMES), np.arange(6))
    some = np.array([5, 1, 3])
    for i in range(len(found)):
        one, other = CLOSES[i : i + 10].copy()[None], np.asfortranarray(VOLUMES[i : i + 10])[None]
        assert mean_dollar_volume(one, other, some).tobytes() == found[i : i + 1, some].tobytes()


def test_no_names_have_no_means() -> None:
    assert mean_dollar_volume(windows_of(CLOSES), windows_of(VOLUMES), np.arange(0)).shape == (21, 0)


def test_closes_and_volumes_of_other_shapes_are_refused() -> None:
    with pytest.raises(InvalidRowsError):
        mean_dollar_volume(windows_of(CLOSES), windows_of(VOLUMES)[1:], np.arange(6))
