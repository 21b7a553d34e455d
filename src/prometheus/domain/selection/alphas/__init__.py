"""The alpha families, one file each. To add one: its file here, and its name in ``MODULES``."""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module

from prometheus.domain.selection.alpha_family import AlphaFamily
from prometheus.kernel.ids import digest

MODULES: tuple[str, ...] = (
    "low_volatility",
    "momentum_12_1",
    "reversal_5d",
)

FAMILIES: dict[str, AlphaFamily] = {
    name: import_module(f"prometheus.domain.selection.alphas.{name}").FAMILY for name in MODULES
}


@cache
def source_digest(name: str) -> str:
    """Return a short digest of a family's file."""
    return digest(inspect.getsource(import_module(f"{__name__}.{name}"))).hex()[:12]
