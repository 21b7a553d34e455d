"""Positions, splits and dividends as arithmetic."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from prometheus.domain.execution.corporate_actions import after_split, dividend_cash
from prometheus.domain.execution.exact import split_ratio
from prometheus.domain.execution.planned_orders import planned_orders
from prometheus.domain.execution.positions import FLAT, Position, folded

D = Decimal
shares = st.integers(-5000, 5000).map(D)
price = st.decimals(min_value="0.01", max_value="5000", places=4)


def test_selling_leaves_the_average_cost():
    assert folded(Position(D(10), D(7)), D(-4), D(99)) == Position(D(6), D(7))


def test_a_trade_through_zero_starts_again_at_its_price():
    assert folded(Position(D(10), D(7)), D(-15), D(9)) == Position(D(-5), D(9))


def test_selling_all_leaves_nothing():
    assert folded(Position(D(10), D(7)), D(-10), D(9)) == FLAT


@given(st.lists(st.tuples(st.integers(1, 1000).map(D), price), min_size=1, max_size=20))
def test_the_average_cost_of_buys_is_what_was_paid_over_what_is_held(buys):
    position = FLAT
    for quantity, at in buys:
        position = folded(position, quantity, at)
    paid = sum(quantity * at for quantity, at in buys)
    assert position.quantity == sum(quantity for quantity, _ in buys)
    assert abs(position.avg_cost * position.quantity - paid) <= D("1e-8") * len(buys)


@given(st.integers(-5000, 5000).filter(bool).map(D), price, st.sampled_from([2, 7, 1.5, 0.1, 1 / 3, 1.0217]))
def test_a_split_leaves_value_unchanged(quantity, close, ratio):
    fraction = split_ratio(ratio)
    position, cash = after_split(Position(quantity, close), fraction, close)
    assert position.quantity == int(position.quantity)
    after = position.quantity * close * fraction.denominator / fraction.numerator + cash
    assert abs(after - quantity * close) <= D("1e-11")


def test_a_vendors_rounded_third_is_a_third():
    position, cash = after_split(Position(D(300), D(9)), split_ratio(1 / 3), D(10))
    assert position == Position(D(100), D(27))
    assert cash == 0


def test_a_position_smaller_than_one_new_share_is_paid_out():
    position, cash = after_split(Position(D(3), D(9)), Fraction(1, 10), D(10))
    assert position == FLAT
    assert cash == 30


def test_who_is_short_pays_the_dividend():
    assert dividend_cash(Position(D(-100), D(5)), D("0.47")) == D("-47.00")


@given(
    st.dictionaries(st.integers(1, 30), st.integers(-90, 90).filter(bool).map(D), max_size=20),
    st.dictionaries(st.integers(1, 30), st.integers(-90, 90).map(D), max_size=20),
)
def test_orders_turn_positions_into_targets(positions, targets):
    trades = planned_orders(positions, targets)
    held = dict(positions)
    for trade in trades:
        assert trade.quantity > 0
        held[trade.asset] = held.get(trade.asset, D(0)) + trade.quantity * (1 if trade.side == "BUY" else -1)
    assert {k: q for k, q in held.items() if q} == {k: q for k, q in targets.items() if q}
    keys = [(trade.side == "BUY", trade.asset) for trade in trades]
    assert keys == sorted(set(keys))


def test_without_targets_only_what_is_leaving_is_sold():
    positions = {1: D(5), 2: D(7), 3: D(-2)}
    assert planned_orders(positions, None) == []
    trades = planned_orders(positions, None, leaving=[2, 9])
    assert [tuple(trade) for trade in trades] == [(2, "SELL", D(7), "delisting")]


def test_what_is_leaving_is_sold_whole_whatever_the_target_and_never_bought():
    trades = planned_orders({1: D(5)}, {1: D(50), 2: D(9)}, leaving=[1, 2])
    assert [tuple(trade) for trade in trades] == [(1, "SELL", D(5), "delisting")]


def test_small_changes_are_left_but_whole_sales_are_made():
    trades = planned_orders({1: D(5), 2: D(1), 3: D(1)}, {1: D(6), 2: D(0)}, is_worth_it=lambda *_: False)
    assert [trade.asset for trade in trades] == [2, 3]
