"""Positions, splits and dividends as arithmetic."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from prometheus.domain.execution.corporate_actions import after_split, dividend_cash
from prometheus.domain.execution.exact import split_ratio
from prometheus.domain.execution.planned_orders import planned_orders
from prometheus.domain.execution.positions import FLAT, folded

D = Decimal
shares = st.integers(-5000, 5000).map(D)
price = st.decimals(min_value="0.01", max_value="5000", places=4)


def listed(trades):
    """Return trades as (asset, side, quantity, reason)."""
    sides = ["SELL"] * trades.n_sells + ["BUY"] * (len(trades) - trades.n_sells)
    return list(zip(trades.assets, sides, trades.quantities, trades.reasons, strict=True))


def test_selling_leaves_the_average_cost():
    assert folded((D(10), D(7)), D(-4), D(99)) == (D(6), D(7))


def test_a_trade_through_zero_starts_again_at_its_price():
    assert folded((D(10), D(7)), D(-15), D(9)) == (D(-5), D(9))


def test_selling_all_leaves_nothing():
    assert folded((D(10), D(7)), D(-10), D(9)) == FLAT


@given(st.lists(st.tuples(st.integers(1, 1000).map(D), price), min_size=1, max_size=20))
def test_the_average_cost_of_buys_is_what_was_paid_over_what_is_held(buys):
    position = FLAT
    for quantity, at in buys:
        position = folded(position, quantity, at)
    paid = sum(quantity * at for quantity, at in buys)
    held, cost = position
    assert held == sum(quantity for quantity, _ in buys)
    assert abs(cost * held - paid) <= D("1e-8") * len(buys)


@given(st.integers(-5000, 5000).filter(bool).map(D), price, st.sampled_from([2, 7, 1.5, 0.1, 1 / 3, 1.0217]))
def test_a_split_leaves_value_unchanged(quantity, close, ratio):
    fraction = split_ratio(ratio)
    (held, _), cash = after_split((quantity, close), fraction, close)
    assert held == int(held)
    after = held * close * fraction.denominator / fraction.numerator + cash
    assert abs(after - quantity * close) <= D("1e-11")


def test_a_vendors_rounded_third_is_a_third():
    position, cash = after_split((D(300), D(9)), split_ratio(1 / 3), D(10))
    assert position == (D(100), D(27))
    assert cash == 0


def test_a_position_smaller_than_one_new_share_is_paid_out():
    position, cash = after_split((D(3), D(9)), Fraction(1, 10), D(10))
    assert position == FLAT
    assert cash == 30


def test_who_is_short_pays_the_dividend():
    assert dividend_cash((D(-100), D(5)), D("0.47")) == D("-47.00")


@given(
    st.dictionaries(st.integers(1, 30), st.integers(-90, 90).filter(bool).map(D), max_size=20),
    st.dictionaries(st.integers(1, 30), st.integers(-90, 90).map(D), max_size=20),
)
def test_orders_turn_positions_into_targets(positions, targets):
    trades = listed(planned_orders(positions, targets))
    held = dict(positions)
    for asset, side, quantity, _ in trades:
        assert quantity > 0
        held[asset] = held.get(asset, D(0)) + quantity * (1 if side == "BUY" else -1)
    assert {k: q for k, q in held.items() if q} == {k: q for k, q in targets.items() if q}
    keys = [(side == "BUY", asset) for asset, side, _, _ in trades]
    assert keys == sorted(set(keys))


def test_without_targets_only_what_is_leaving_is_sold():
    positions = {1: D(5), 2: D(7), 3: D(-2)}
    assert listed(planned_orders(positions, None)) == []
    trades = planned_orders(positions, None, leaving=[2, 9])
    assert listed(trades) == [(2, "SELL", D(7), "delisting")]


def test_what_is_leaving_is_sold_whole_whatever_the_target_and_never_bought():
    trades = planned_orders({1: D(5)}, {1: D(50), 2: D(9)}, leaving=[1, 2])
    assert listed(trades) == [(1, "SELL", D(5), "delisting")]


def test_small_changes_are_left_but_whole_sales_are_made():
    trades = planned_orders({1: D(5), 2: D(1), 3: D(1)}, {1: D(6), 2: D(0)}, is_worth_it=lambda *_: False)
    assert trades.assets == [2, 3]
