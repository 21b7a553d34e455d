"""The orders that a session finds working, in the turn in which they trade."""

from __future__ import annotations

import numpy as np

from prometheus.domain.execution.ports import Orders
from prometheus.flow.batch import Batch
from prometheus.flow.rows import Coded, Rows
from prometheus.kernel.arrays import ByteArray


def working_orders(batch: Batch, i: int) -> Rows:
    """Return the orders that date ``i`` of a batch finds; what was cancelled by hand stays so."""
    rows = batch.rows("orders")
    if len(rows):
        rows = rows.on(int(batch.days[i]) - 1)
    if len(rows) and "CANCELLED" in (states := rows.values("status")):
        rows = rows.taken([k for k, status in enumerate(states) if status != "CANCELLED"])
    return _in_turn(rows, len(batch.assets)) if len(rows) else rows


def _in_turn(rows: Rows, n_assets: int) -> Rows:
    """Return orders with sells first, each by instrument and id; the step ``orders`` leaves them so."""
    sides = rows.columns["side"]
    is_sell = (
        np.array([side == "SELL" for side in sides.values])[sides.codes]
        if isinstance(sides, Coded)
        else np.array([side == "SELL" for side in rows.values("side")])
    )
    in_turn = np.where(is_sell, 0, n_assets) + rows.codes("instrument_id")
    if (in_turn[1:] > in_turn[:-1]).all():
        return rows
    ranks = in_turn.tolist()
    ids = [one.tobytes() for one in rows.columns["order_id"]]  # type: ignore[union-attr]
    return rows.taken(sorted(range(len(rows)), key=lambda k: (ranks[k], ids[k])))


def order_ids(rows: Rows) -> ByteArray:
    """Return the ids of orders, shape (n_orders, 16)."""
    ids: ByteArray = rows.columns["order_id"]  # type: ignore[assignment]
    return ids


def as_orders(rows: Rows, batch: Batch) -> Orders:
    """Return orders as a broker takes them."""
    return Orders(
        ids=order_ids(rows),
        instrument_ids=Coded(rows.codes("instrument_id"), batch.assets.ids),
        sides=rows.values("side"),
        order_types=rows.values("order_type"),
        quantities=rows.values("quantity"),
    )
