"""The plain loop of the benchmark, against sums done by hand."""

import numpy as np
import pytest

from benchmarks.plain_loop import Rules, momentum, month_ends, reversal, simulated

FREE = Rules(n_names=1, invested=1.0, start=1000.0, slippage=0.0, commission=0.0)


def test_a_choice_is_traded_at_the_next_open():
    close = np.array([[10.0, 10.0], [12.0, 10.0], [13.0, 10.0]])
    opens = np.array([[10.0, 10.0], [11.0, 10.0], [12.0, 10.0]])
    signal = np.array([[1.0, 0.0], [np.nan, np.nan], [np.nan, np.nan]])
    found = simulated(close, opens, signal, [0], FREE)
    # 100 shares wanted at a close of 10, bought at 11: 100 of debt, and 100 shares.
    np.testing.assert_allclose(found.equity, [1000.0, -100.0 + 1200.0, -100.0 + 1300.0])
    assert (found.n_trades, found.least_cash) == (1, -100.0)


def test_shares_are_whole():
    close = np.full((2, 1), 300.0)
    found = simulated(close, close, np.ones((2, 1)), [0], FREE)
    np.testing.assert_allclose(found.equity, [1000.0, 1000.0])
    assert found.least_cash == pytest.approx(100.0)


def test_slippage_comes_before_commission():
    rules = Rules(n_names=1, invested=0.5, start=1000.0, slippage=0.01, commission=0.1)
    close = np.full((3, 2), 10.0)
    signal = np.array([[1.0, 0.0], [0.0, 1.0], [np.nan, np.nan]])
    found = simulated(close, close, signal, [0, 1], rules)
    after_buy = 1000.0 - 50 * 10.1 * 1.1
    worth = after_buy + 500.0
    n_next = np.floor(0.5 * worth / 10.0)
    after_both = after_buy + 50 * 9.9 * 0.9 - n_next * 10.1 * 1.1
    np.testing.assert_allclose(found.equity, [1000.0, worth, after_both + n_next * 10.0])
    assert found.n_trades == 3


def test_ties_go_to_the_first_name():
    close = np.array([[10.0, 10.0, 10.0], [10.0, 20.0, 30.0]])
    opens = np.full((2, 3), 10.0)
    signal = np.array([[0.0, 1.0, 1.0], [np.nan] * 3])
    assert simulated(close, opens, signal, [0], FREE).equity[-1] == pytest.approx(2000.0)


def test_nothing_is_decided_on_the_last_session():
    close = np.full((2, 1), 10.0)
    assert simulated(close, close, np.ones((2, 1)), [1], FREE).n_trades == 0


def test_what_is_held_and_wanted_again_is_not_traded():
    close = np.full((4, 1), 10.0)
    assert simulated(close, close, np.ones((4, 1)), [0, 1, 2], FREE).n_trades == 1


def test_momentum_leaves_out_the_last_month():
    close = np.arange(1.0, 255.0)[:, None]
    found = momentum(close)
    assert np.isnan(found[:252]).all()
    np.testing.assert_allclose(found[252:, 0], [232.0 / 1.0 - 1.0, 233.0 / 2.0 - 1.0])


def test_reversal_is_the_loss_of_five_sessions():
    close = np.array([10.0, 1.0, 1.0, 1.0, 1.0, 8.0])[:, None]
    found = reversal(close)
    assert np.isnan(found[:5]).all()
    assert found[5, 0] == pytest.approx(0.2)


def test_a_month_that_is_not_over_has_no_last_session():
    dates = np.array(
        ["2020-01-30", "2020-01-31", "2020-02-03", "2020-02-28", "2020-03-02"], dtype="datetime64[D]"
    )
    assert month_ends(dates, first=0) == [1, 3]
    assert month_ends(dates, first=2) == [3]
