"""The simulated broker trades on daily bars by arithmetic alone."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prometheus.adapters.simulated_broker import SimulatedBroker
from prometheus.domain.execution.config import FillsConfig
from prometheus.domain.execution.ports import Bar, Order, TradingDay

D = Decimal


def order(asset, side, quantity, order_type="MARKET"):
    return Order(bytes([asset] * 16), asset, f"US_EQ:N{asset:04d}", side, order_type, D(quantity))


def executed(orders, bars, cash=1_000_000, **config):
    settings = FillsConfig(**{"slippage_bps": 0, "commission_bps": 0, **config})
    day = TradingDay(trades_at=77, bars=bars, cash=D(cash))
    return SimulatedBroker().execute(orders, day, settings)


def test_slippage_is_against_the_order_and_commission_is_on_the_slipped_notional():
    bars = {1: Bar(D("100.1")), 2: Bar(D(50))}
    sell, buy = executed(
        [order(1, "BUY", 10), order(2, "SELL", 4)], bars, slippage_bps=D(5), commission_bps=D(5)
    )
    assert sell.executions[0].price == D("49.975")
    assert sell.executions[0].commission == D("0.09995")
    assert buy.executions[0].price == D("100.15005")
    assert buy.executions[0].commission == D("0.500750250")
    assert {sell.status, buy.status} == {"FILLED"}


def test_commission_adds_what_a_share_costs_and_is_never_below_its_minimum():
    bars = {1: Bar(D(10))}
    found = executed(
        [order(1, "BUY", 100)],
        bars,
        commission_bps=D(10),
        commission_per_share=D("0.01"),
        commission_minimum=D(1),
    )
    assert found[0].executions[0].commission == D(2)
    found = executed([order(1, "BUY", 1)], bars, commission_bps=D(10), commission_minimum=D(1))
    assert found[0].executions[0].commission == D(1)


def test_what_is_sold_pays_for_what_is_bought():
    bars = {1: Bar(D(10)), 2: Bar(D(10))}
    reports = executed([order(1, "BUY", 10), order(2, "SELL", 10)], bars, cash=0)
    assert [report.status for report in reports] == ["FILLED", "FILLED"]


def test_a_buy_beyond_cash_is_cut_to_whole_shares_and_says_so():
    (report,) = executed([order(1, "BUY", 100)], {1: Bar(D(30))}, cash=1000)
    assert (report.status, report.reason) == ("EXPIRED", "not enough cash")
    assert report.executions[0].quantity == 33


def test_without_any_cash_nothing_is_bought():
    (report,) = executed([order(1, "BUY", 100)], {1: Bar(D(30))}, cash=-5)
    assert (report.status, report.executions) == ("EXPIRED", ())


def test_cash_may_go_below_zero_where_the_config_allows_it():
    (report,) = executed([order(1, "BUY", 100)], {1: Bar(D(30))}, cash=0, allow_negative_cash=True)
    assert report.status == "FILLED"


money = st.decimals(min_value="0.01", max_value="5000", places=4)


@given(
    wanted=st.lists(st.tuples(st.integers(1, 10_000), money), min_size=1, max_size=8),
    cash=st.decimals(min_value=0, max_value=1_000_000, places=2),
    bps=st.integers(0, 100),
    per_share=st.decimals(min_value=0, max_value=1, places=3),
    minimum=st.integers(0, 20),
)
def test_buys_never_take_cash_below_zero_and_one_more_share_would(wanted, cash, bps, per_share, minimum):
    orders = [order(k + 1, "BUY", quantity) for k, (quantity, _) in enumerate(wanted)]
    bars = {k + 1: Bar(price) for k, (_, price) in enumerate(wanted)}
    costs = {
        "slippage_bps": bps,
        "commission_bps": bps,
        "commission_per_share": per_share,
        "commission_minimum": minimum,
    }
    left = cash
    for one, report in zip(orders, executed(orders, bars, cash, **costs), strict=True):
        before = left
        for done in report.executions:
            left -= done.quantity * done.price + done.commission
        assert left >= 0
        if report.reason:
            price = bars[one.asset].price * (1 + D(bps) / 10_000)
            more = sum((done.quantity for done in report.executions), D(0)) + 1
            commission = max(more * price * D(bps) / 10_000 + more * per_share, D(minimum))
            assert more * price + commission > before


def test_a_participation_limit_caps_the_fill_and_the_rest_expires():
    bar = Bar(D(10), volume=D(1999))
    (report,) = executed([order(1, "SELL", 500)], {1: bar}, participation=D("0.1"))
    assert report.executions[0].quantity == 199
    assert (report.status, report.reason) == ("EXPIRED", "participation limit")


def test_a_limit_by_volume_where_there_is_none_rejects_the_order():
    (report,) = executed([order(1, "SELL", 5)], {1: Bar(D(10))}, participation=D("0.1"))
    assert (report.status, report.reason) == ("REJECTED", "no volume to limit by")


def test_a_day_without_a_single_share_traded_fills_nothing():
    (report,) = executed([order(1, "SELL", 5)], {1: Bar(D(10), volume=D(0))}, participation=D("0.1"))
    assert (report.status, report.executions) == ("EXPIRED", ())


@pytest.mark.parametrize(
    ("bar", "side", "status", "reason"),
    [
        (Bar(None), "BUY", "REJECTED", "no bar"),
        (Bar(None), "SELL", "REJECTED", "no bar"),
        (Bar(None, is_delisted=True, last_close=D(3)), "BUY", "REJECTED", "delisted"),
        (Bar(None, is_delisted=True), "SELL", "REJECTED", "delisted, and no last close is known"),
        (Bar(D(10), is_split=True), "SELL", "EXPIRED", "split on the day"),
    ],
)
def test_what_cannot_trade_is_stopped_with_its_reason(bar, side, status, reason):
    (report,) = executed([order(1, side, 5)], {1: bar})
    assert (report.status, report.reason, report.executions) == (status, reason, ())


def test_a_delisted_name_is_closed_out_at_its_last_close_less_the_loss():
    bar = Bar(None, is_delisted=True, last_close=D(20))
    (report,) = executed([order(1, "SELL", 5)], {1: bar}, delisting_loss=D("0.3"), slippage_bps=D(10))
    assert report.executions[0].price == D(20) * D("0.7") * D("0.999")
    assert report.executions[0].tag == "delisted"


def test_a_worthless_name_is_closed_out_at_nothing():
    bar = Bar(None, is_delisted=True, last_close=D(20))
    (report,) = executed([order(1, "SELL", 5)], {1: bar}, delisting_loss=D(1))
    assert report.executions[0].price == 0


def test_only_market_orders_are_simulated():
    (report,) = executed([order(1, "BUY", 5, "LIMIT")], {1: Bar(D(10))})
    assert (report.status, report.reason) == ("REJECTED", "only market orders are simulated")


def test_the_order_in_which_orders_come_does_not_matter():
    orders = [order(k, side, 10) for k, side in enumerate(["BUY", "SELL", "BUY", "SELL"], start=1)]
    bars = {k: Bar(D(10 * k)) for k in range(1, 5)}
    assert executed(orders, bars, 300) == executed(orders[::-1], bars, 300)
