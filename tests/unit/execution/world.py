"""A small market in memory and a run of the two steps over it, date by date."""

import json
from dataclasses import replace
from decimal import Decimal

import numpy as np

from prometheus.adapters.simulated_broker import SimulatedBroker
from prometheus.domain.execution.config import FillsConfig, OrdersConfig
from prometheus.domain.execution.steps import ORDERS, fills_step
from prometheus.flow.batch import Assets, Batch, Context, Panel
from prometheus.flow.finish import completed
from prometheus.flow.rows import Rows
from prometheus.kernel.ids import as_bytes_matrix, digest, key_digests
from prometheus.kernel.sessions import Sessions

FIRST = 300  # the first date of a market among the sessions, so that windows reach back into nothing
FREE = {"slippage_bps": 0, "commission_bps": 0}
NONE = Rows("orders", np.zeros(0, dtype=np.int64), {})


def sessions(n):
    dates = np.datetime64("2012-01-02") + np.arange(n)
    seconds = dates.astype("datetime64[s]")
    return Sessions("TEST", dates, seconds + 52_200, seconds + 75_600)


def assets(n, delisted=None):
    names = [f"US_EQ:N{i:04d}" for i in range(n)]
    ids = ("CASH:USD", *names)
    ends = np.full(n + 1, np.datetime64("NaT"), dtype="datetime64[D]")
    for place, date in (delisted or {}).items():
        ends[place] = date
    return Assets(
        ids=ids,
        symbols=tuple(one.split(":")[1] for one in ids),
        digests=key_digests(ids, space="instrument"),
        issuers=("",) * (n + 1),
        sectors=("",) * (n + 1),
        asset_classes=("CASH",) + ("EQUITY",) * n,
        currencies=("USD",) * (n + 1),
        delisted=ends,
    )


class World:
    """Prices by column, each (n_days, n_names); place 0 among the assets is cash, names begin at 1."""

    def __init__(
        self, closes, *, opens=None, volumes=None, splits=None, dividends=None, delisted=None, **fills
    ):
        closes = np.asarray(closes, dtype=float)
        self.n_days, self.n_names = closes.shape
        self.sessions = sessions(FIRST + self.n_days + 2)
        ends = {place: self.sessions.dates[FIRST + day] for place, day in (delisted or {}).items()}
        self.assets = assets(self.n_names, ends)
        self.context = Context("US_EQ", "S", "P")
        given = {
            "close": closes,
            "open": closes if opens is None else opens,
            "volume": volumes,
            "split": splits,
            "dividend": dividends,
        }
        self.columns = {name: self._column(values) for name, values in given.items()}
        self.fills_config = FillsConfig(**{"initial_cash": 1_000_000, **FREE, **fills})
        self.orders_config = OrdersConfig()
        self.fills = fills_step(SimulatedBroker())
        self.outputs = []

    def _column(self, values):
        full = np.full((FIRST + self.n_days, self.n_names + 1), np.nan)
        if values is not None:
            full[FIRST:, 1:] = values
        full.setflags(write=False)
        return full

    def batch(self, step, config, days, tables):
        panels = {}
        days = np.asarray(days, dtype=np.int64)
        for read in step.reads(config):
            for column in read.columns:
                panels[read.table, column] = Panel(
                    self.columns[column], ends=days - read.lag, sessions=read.sessions
                )
        return Batch(
            days=days,
            sessions=self.sessions,
            assets=self.assets,
            context=self.context,
            decisions=as_bytes_matrix([digest(step.name, config.config_id, str(day)) for day in days]),
            panels=panels,
            tables=tables,
        )

    def settle(self, day, orders, positions):
        """Return the output of ``fills`` on day (from 0)."""
        tables = {"orders": orders, "positions_snapshots": positions}
        return self.settled([FIRST + day], tables)

    def settled(self, days, tables):
        """Return the output of ``fills`` over some days of the calendar, its rows completed."""
        output = self.fills.compute(
            self.batch(self.fills, self.fills_config, days, tables), self.fills_config
        )
        rows = completed(output.rows, self.fills, self.context)
        return replace(output, rows=rows)

    def plan(self, day, positions, target):
        """Return the output of ``orders`` on day; ``target`` maps places to shares, or is None."""
        tables = {"positions_snapshots": positions, "target_portfolios": self.target_rows(day, target)}
        return ORDERS.compute(
            self.batch(ORDERS, self.orders_config, [FIRST + day], tables), self.orders_config
        )

    def target_rows(self, day, target):
        if target is None:
            return Rows("target_portfolios", np.zeros(0, dtype=np.int64), {})
        body = {
            self.assets.ids[place]: {"quantity": shares, "weight": 0.1} for place, shares in target.items()
        }
        return Rows(
            "target_portfolios",
            np.array([FIRST + day]),
            {"target_positions": [json.dumps(body)], "metadata": "{}"},
        )

    def run(self, policy):
        """Run all days; ``policy(day, positions, cash) -> target or None``."""
        orders, positions = NONE, NONE
        for day in range(self.n_days):
            settled = self.settle(day, orders, positions)
            positions = table(settled, "positions_snapshots")
            held = holdings(positions)
            cash = held.pop(0)
            planned = self.plan(day, positions, policy(day, held, cash))
            orders = table(planned, "orders")
            self.outputs.append((settled, planned))
        return self

    def held(self, day):
        return holdings(table(self.outputs[day][0], "positions_snapshots"))

    def value(self, day):
        return sum(table(self.outputs[day][0], "positions_snapshots").values("market_value"))

    def rows(self, name, day):
        place = 1 if name == "orders" else 0
        return table(self.outputs[day][place], name)

    def order_updates(self, day):
        return updates(self.outputs[day][0])


def table(output, name):
    found = [rows for rows in output.rows if rows.table == name]
    return found[0] if found else Rows(name, np.zeros(0, dtype=np.int64), {})


def updates(output):
    """Return (status, metadata) of each order that was advanced."""
    if not output.updates:
        return []
    rows = output.updates[0]
    return list(zip(rows.values("status"), map(json.loads, rows.values("metadata")), strict=True))


def holdings(positions):
    return dict(zip(positions.codes("instrument_id").tolist(), positions.values("quantity"), strict=True))


def once(target, day=0):
    """Return the policy that wants a target on one day and nothing on any other."""
    return lambda today, held, cash: target if today == day else None


def decimals(values):
    return [Decimal(str(value)) for value in values]
