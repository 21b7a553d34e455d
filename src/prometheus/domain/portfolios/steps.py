"""The steps of this room."""

from __future__ import annotations

from prometheus.domain.portfolios.risk_step import RISK
from prometheus.domain.portfolios.targets_step import TARGETS

__all__ = ["RISK", "TARGETS"]
