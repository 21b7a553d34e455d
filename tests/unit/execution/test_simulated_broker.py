"""The simulated broker trades on daily bars by arithmetic alone."""

from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prometheus.adapters.simulated_broker import SimulatedBroker
from prometheus.domain.execution.config import FillsConfig
from prometheus.domain.execution.ports import Orders, TradingDay
from prometheus.flow.rows import Coded
from prometheus.kernel.ids import as_bytes_matrix

D = Decimal


class One(NamedTuple):
    asset: int
    side: str
    quantity: Decimal
    order_type: str


class Bar(NamedTuple):
    price: Decimal | None
    volume: Decimal | None = None
    is_split: bool = False
    is_delisted: bool = False
    last_close: Decimal | None = None


class Execution(NamedTuple):
    quantity: Decimal
    price: Decimal
    commission: Decimal
    tag: str


class Report(NamedTuple):
    status: str
    reason: str
    executions: list[Execution]


def order(asset, side, quantity, order_type="MARKET"):
    return One(asset, side, D(quantity), order_type)


def executed(orders, bars, cash=1_000_000, **config):
    """Return a report for each order, sells first, each by asset; bars are by asset."""
    settings = FillsConfig(**{"slippage_bps": 0, "commission_bps": 0, **config})
    in_turn = sorted(orders, key=lambda one: (one.side == "BUY", one.asset))
    own = [bars[one.asset] for one in in_turn]
    day = TradingDay(
        trades_at=77,
        cash=D(cash),
        prices=[bar.price for bar in own],
        volumes=[bar.volume for bar in own] if settings.participation else [],
        splits=[k for k, bar in enumerate(own) if bar.is_split],
        last_closes={k: bar.last_close for k, bar in enumerate(own) if bar.is_delisted},
    )
    names = [f"US_EQ:N{one.asset:04d}" for one in in_turn]
    columns = Orders(
        ids=as_bytes_matrix([bytes([one.asset] * 16) for one in in_turn]),
        instrument_ids=Coded(np.arange(len(names)), names),
        sides=[one.side for one in in_turn],
        order_types=[one.order_type for one in in_turn],
        quantities=[one.quantity for one in in_turn],
    )
    found = SimulatedBroker().execute(columns, day, settings)
    done = found.executions
    assert list(done.times) == [77] * len(done)
    assert list(done.ids) == ["1"] * len(done)
    reports = [Report(status, why, []) for status, why in zip(found.statuses, found.reasons, strict=True)]
    values = zip(done.quantities, done.prices, done.commissions, done.tags, strict=True)
    for k, one in zip(done.orders, map(Execution._make, values), strict=True):
        reports[k].executions.append(one)
    return reports


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
    assert (report.status, report.executions) == ("EXPIRED", [])


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
    assert (report.status, report.executions) == ("EXPIRED", [])


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
    assert (report.status, report.reason, report.executions) == (status, reason, [])


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


@given(
    wanted=st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 10_000), money), max_size=8),
    cash=st.decimals(min_value=0, max_value=100_000, places=2),
    allow_negative_cash=st.booleans(),
    bps=st.integers(0, 100),
    per_share=st.decimals(min_value=0, max_value=1, places=3),
    minimum=st.integers(0, 20),
)
def test_a_limit_that_no_order_reaches_changes_no_digit(wanted, cash, **costs):
    """With a limit by volume orders are taken one by one, without it at once."""
    orders = [order(k + 1, side, quantity) for k, (side, quantity, _) in enumerate(wanted)]
    bars = {k + 1: Bar(price, volume=D(10_000)) for k, (_, _, price) in enumerate(wanted)}
    config = {
        "slippage_bps": costs["bps"],
        "commission_bps": costs["bps"],
        "commission_per_share": costs["per_share"],
        "commission_minimum": costs["minimum"],
        "allow_negative_cash": costs["allow_negative_cash"],
    }
    found = executed(orders, bars, cash, **config)
    assert str(found) == str(executed(orders, bars, cash, participation=1, **config))


def test_one_order_that_is_stopped_leaves_the_others_as_they_are():
    orders = [order(k, side, 10) for k, side in enumerate(["BUY", "SELL", "BUY", "SELL"], start=1)]
    bars = {k: Bar(D(10 * k)) for k in range(1, 5)}
    plain = executed(orders, bars, slippage_bps=5)
    stopped = executed(orders, {**bars, 2: Bar(None)}, slippage_bps=5)
    assert stopped[0] == ("REJECTED", "no bar", [])
    assert stopped[1:] == plain[1:]
