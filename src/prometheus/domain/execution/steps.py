"""The steps of this room."""

from __future__ import annotations

from prometheus.domain.execution.fills_step import fills_step
from prometheus.domain.execution.orders_step import ORDERS

__all__ = ["ORDERS", "fills_step"]
