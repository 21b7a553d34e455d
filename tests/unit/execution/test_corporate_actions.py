"""Splits and dividends in the step ``fills``: what is held becomes, and what it pays."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.execution.world import World, once

D = Decimal
NAN = float("nan")


def test_a_split_changes_shares_and_cost_but_not_value():
    splits = [[NAN], [NAN], [1.5], [NAN]]
    closes = [[30.0], [30.0], [20.0], [20.0]]
    world = World(closes, splits=splits).run(once({1: 5}))
    assert world.held(2) == {0: D(1_000_000 - 150 + 10), 1: D(7)}
    assert world.value(2) == world.value(1)
    assert world.outputs[2][0].input_summaries[0]["splits"] == {
        "US_EQ:N0000": {"ratio": "3/2", "cash_in_lieu": "10.000000000000"}
    }


def test_an_order_meant_in_old_shares_expires_on_the_day_of_the_split():
    world = World([[30.0], [30.0], [15.0], [15.0]], splits=[[NAN], [NAN], [2.0], [NAN]])
    world.run(lambda day, held, cash: {0: {1: 5}, 1: {1: 3}}.get(day))
    assert world.order_updates(2)[0][0] == "EXPIRED"
    assert world.held(2)[1] == 10


def test_a_dividend_is_paid_on_what_was_held_at_the_close_before():
    dividends = [[NAN], [0.5], [0.25], [NAN]]
    world = World([[10.0]] * 4, dividends=dividends)
    world.run(lambda day, held, cash: {0: {1: 100}, 1: {}}.get(day))
    assert world.held(2) == {0: D(1_000_000) + D("25.00")}
    assert world.outputs[2][0].input_summaries[0]["dividends"] == {"US_EQ:N0000": "25.00"}


def test_a_dividend_on_the_day_of_a_split_is_cash_for_each_old_share():
    world = World([[30.0], [30.0], [14.0]], splits=[[NAN], [NAN], [2.0]], dividends=[[NAN], [NAN], [3.0]])
    world.run(once({1: 100}))
    assert world.held(2) == {0: D(1_000_000 - 3000 + 300), 1: D(200)}
    assert world.outputs[2][0].input_summaries[0]["dividends"] == {"US_EQ:N0000": "300.0"}
    assert world.outputs[2][0].input_summaries[0]["splits"] == {"US_EQ:N0000": {"ratio": "2"}}


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 1000),
    st.sampled_from([2.0, 7.0, 1.5, 0.5]),
    st.decimals("0.01", "4.99", places=2).map(float),
    st.decimals("5", "900", places=2).map(float),
    st.decimals("1", "900", places=2).map(float),
)
def test_a_position_earns_the_total_return_of_a_split_and_a_dividend_on_one_day(
    pairs, split, dividend, former, close
):
    shares = 2 * pairs
    world = World(
        [[former], [former], [close]],
        splits=[[NAN], [NAN], [split]],
        dividends=[[NAN], [NAN], [dividend]],
        initial_cash=2_000_000,
    ).run(once({1: shares}))
    earned = float(world.value(2) - world.value(1)) / (shares * former)
    assert earned == pytest.approx((close * split + dividend) / former - 1.0, abs=1e-9)


def test_a_fraction_of_a_share_is_paid_at_the_close_less_the_dividend_of_the_day():
    splits, dividends = [[NAN], [NAN], [1.5]], [[NAN], [NAN], [3.0]]
    world = World([[33.0], [33.0], [20.0]], splits=splits, dividends=dividends).run(once({1: 5}))
    assert world.held(2) == {0: D(1_000_000 - 165 + 15 + 10), 1: D(7)}
    assert world.value(2) == world.value(1)
